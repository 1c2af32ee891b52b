"""Claim codes: how somebody takes their tickets along to another network, and agrees that the two are one person.

A code is 128 random bits in Crockford's base 32 (https://www.crockford.com/base32.html): no I, L, O or U to mistype,
in groups. Only its hash rests: `sealed` replaces a code in somebody's words before they reach the disk, and the reply
that hands one out is forgotten once it is posted (`adapters.base.Reply.secret`).
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adapters.base import IncomingMessage

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_GROUPS = (5, 5, 5, 5, 6)
_READ_AS = str.maketrans("OILoil", "011011")
_SHAPE = r"[-\s]?".join(f"[0-9A-Za-z]{{{size}}}" for size in _GROUPS)
_CODE = re.compile(rf"\s*(?P<code>{_SHAPE})\s*")
_CLAIM = re.compile(rf"(?<!\w)claim[\s:]{{1,3}}(?P<code>{_SHAPE})(?!\w)", re.IGNORECASE)
_DIGITS = re.compile(r"\d.*\d", re.DOTALL)
_SEAL = re.compile(r"\[claim ([0-9a-f]{64})\]")


def new_code() -> str:
    """A code as it is shown: ``K7QZM-4T9WX-8YHN2-P3RVC-D6FGJ1``."""
    while True:
        digits = "".join(_ALPHABET[byte % 32] for byte in secrets.token_bytes(sum(_GROUPS)))
        if _DIGITS.search(digits):  # nearly always; prose that happens to have the groups' lengths has none
            break
    starts = [sum(_GROUPS[:i]) for i in range(len(_GROUPS))]
    return "-".join(digits[start : start + size] for start, size in zip(starts, _GROUPS, strict=True))


def code_hash(code: str) -> str:
    """SHA-256 of a code, however it was typed."""
    plain = re.sub(r"[-\s]", "", code).translate(_READ_AS).upper()
    return hashlib.sha256(plain.encode()).hexdigest()


def sealed(message: IncomingMessage) -> IncomingMessage:
    """The message with the hash of a code in the code's place, in its own words and in those it answers."""
    parent = message.parent
    if parent is not None and parent.text:
        parent = replace(parent, text=_sealed(parent.text, is_claim=False))
    return replace(message, text=_sealed(message.text, is_claim=message.command == "claim"), parent=parent)


def _sealed(text: str, *, is_claim: bool) -> str:
    text = _SEAL.sub("[claim]", text)  # whoever read a hash somewhere does not have the code
    whole = _CODE.fullmatch(text)
    if whole is not None and (is_claim or ("-" in text and _DIGITS.search(text))):
        return f"[claim {code_hash(whole['code'])}]"
    return _CLAIM.sub(
        lambda found: f"[claim {code_hash(found['code'])}]" if _DIGITS.search(found["code"]) else found[0], text
    )


def hash_in(text: str) -> str | None:
    """The hash of the code that a sealed text held."""
    found = _SEAL.search(text)
    return found[1] if found else None
