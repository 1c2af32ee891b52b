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
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adapters.base import IncomingMessage

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_GROUPS = (5, 5, 5, 5, 6)
_DIGIT_OF_BYTE = (_ALPHABET * 8).encode()  # 256 bytes, each digit as often as any other
_READ_AS = str.maketrans("OILoil", "011011")
_ENDS = tuple(accumulate(_GROUPS))
_SHAPE = r"[-\s]?".join(f"[0-9A-Za-z]{{{size}}}" for size in _GROUPS)
_DASHED = "-".join(f"[0-9A-Za-z]{{{size}}}" for size in _GROUPS)
_NEARLY = r"[0-9A-Za-z]{2,8}(?:-[0-9A-Za-z]{2,8}){3,6}"  # mistyped, and close enough to the code to be as secret
_NEAR_CHARS = range(sum(_GROUPS) - 6, sum(_GROUPS) + 7)
_CODE = re.compile(rf"\s*(?P<code>{_SHAPE}|{_NEARLY})\s*")
_IN_WORDS = re.compile(
    rf"(?<![0-9A-Za-z])(?:claim[\s:]{{1,3}}(?P<claimed>{_SHAPE}|{_NEARLY})|(?P<bare>{_DASHED}))(?!-?[0-9A-Za-z])",
    re.IGNORECASE,
)
_SEPARATORS = re.compile(r"[-\s]")
_DIGITS = re.compile(r"\d.*\d", re.DOTALL)
_SEAL = re.compile(r"\[claim ([0-9a-f]{64})\]")


def new_code() -> str:
    """A code as it is shown: ``K7QZM-4T9WX-8YHN2-P3RVC-D6FGJ1``."""
    while True:
        digits = secrets.token_bytes(sum(_GROUPS)).translate(_DIGIT_OF_BYTE).decode()
        if _DIGITS.search(digits):  # nearly always; prose that happens to have the groups' lengths has none
            break
    return "-".join([digits[end - size : end] for size, end in zip(_GROUPS, _ENDS, strict=True)])


def code_hash(code: str) -> str:
    """SHA-256 of a code, however it was typed."""
    plain = _SEPARATORS.sub("", code).translate(_READ_AS).upper()
    return hashlib.sha256(plain.encode()).hexdigest()


def sealed(message: IncomingMessage) -> IncomingMessage:
    """The message with the hash of a code in the code's place; in what it answers and in files' names nothing is left.

    To be called after `shield`, to which a hash beside the word "key" is somebody's private key.
    """
    parent = message.parent
    if parent is not None and parent.text:
        parent = replace(parent, text=_unreadable(parent.text))
    files = tuple(replace(file, name=_unreadable(file.name)) for file in message.attachments)
    text = _sealed(message.text, is_claim=message.command == "claim")
    if (text, parent, files) == (message.text, message.parent, message.attachments):
        return message
    return replace(message, text=text, parent=parent, attachments=files)


def _sealed(text: str, *, is_claim: bool = False) -> str:
    text = _SEAL.sub("[claim]", text)  # whoever read a hash somewhere does not have the code
    whole = _CODE.fullmatch(text)
    if whole is not None and (is_claim or "-" in text) and _may_be_code(whole["code"]):
        return _seal(whole["code"])
    return _IN_WORDS.sub(_seal_found, text)


def _seal_found(found: re.Match[str]) -> str:
    code: str = found["claimed"] or found["bare"]
    return _seal(code) if _may_be_code(code) else found[0]


def _seal(code: str) -> str:
    return f"[claim {code_hash(code)}]"


def _may_be_code(typed: str) -> bool:
    """Whether it is about as long as a code and has two digits, as every code has."""
    return len(_SEPARATORS.sub("", typed)) in _NEAR_CHARS and _DIGITS.search(typed) is not None


def _unreadable(text: str) -> str:
    return _SEAL.sub("[claim]", _sealed(text))


def hash_in(text: str) -> str | None:
    """The hash of the code that a sealed text held."""
    found = _SEAL.search(text)
    return found[1] if found else None
