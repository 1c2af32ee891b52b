"""Takes seed phrases, private keys and card numbers out of a message before it is stored, logged or matched.

`shield` is the pure function between a channel's `normalise()` and `ledger.accept()`. It knows a secret by its own
checksum wherever it has one: hashes, addresses, ticket numbers, order ids, phone numbers and prose stay as they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from .card_numbers import find_card_numbers
from .private_keys import find_private_keys
from .seed_phrases import find_seed_phrases

if TYPE_CHECKING:
    from adapters.base import IncomingMessage


class SecretKind(StrEnum):
    """What was taken out."""

    SEED_PHRASE = "seed_phrase"
    PRIVATE_KEY = "private_key"
    CARD_NUMBER = "card_number"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shielded:
    """`text` with a placeholder for each secret; `kinds` names each kind found once, in the order of `SecretKind`."""

    text: str
    kinds: tuple[SecretKind, ...]


_PLACEHOLDERS = {
    SecretKind.SEED_PHRASE: "[seed phrase removed]",
    SecretKind.PRIVATE_KEY: "[private key removed]",
    SecretKind.CARD_NUMBER: "[card number removed]",
}
_PLACEHOLDER = re.compile("|".join(map(re.escape, _PLACEHOLDERS.values())))
_FINDERS = (
    (SecretKind.PRIVATE_KEY, find_private_keys),
    (SecretKind.CARD_NUMBER, find_card_numbers),
    (SecretKind.SEED_PHRASE, find_seed_phrases),
)


def shield_text(text: str) -> Shielded:
    """Replace every secret in `text`; idempotent, and the very same text object where there is none."""
    found: set[SecretKind] = set()
    # A removal can uncover what its surroundings hid (two cards in one run of digits): again, until nothing is left.
    while (once := _replace_secrets(text, found)) is not text:
        text = once
    return Shielded(text=text, kinds=tuple(kind for kind in SecretKind if kind in found))


def shield(message: IncomingMessage) -> IncomingMessage:
    """The message without secrets in its text, its parent's text and the names of its attachments.

    `secrets` gains the kinds found. The same object where there is nothing to do.
    """
    kinds: set[str] = set()

    def clean(text: str) -> str:
        shielded = shield_text(text)
        kinds.update(shielded.kinds)
        return shielded.text

    text = clean(message.text)
    parent = message.parent
    if parent is not None and parent.text:
        parent = replace(parent, text=clean(parent.text))
    attachments = tuple(replace(attachment, name=clean(attachment.name)) for attachment in message.attachments)
    if not kinds:
        return message
    secrets = tuple(kind.value for kind in SecretKind if kind in kinds or kind in message.secrets)
    return replace(message, text=text, parent=parent, attachments=attachments, secrets=secrets)


def _replace_secrets(text: str, found: set[SecretKind]) -> str:
    """`text` with the secrets that one look finds replaced; the kinds are added to `found`."""
    if "removed]" not in text:
        return _replace_in_piece(text, found)
    # No rule may look across a placeholder, and none may take its words for context.
    pieces, end, changed = [], 0, False
    for match in [*_PLACEHOLDER.finditer(text), None]:
        piece = text[end : match.start() if match else len(text)]
        cleaned = _replace_in_piece(piece, found)
        changed = changed or cleaned is not piece
        pieces += [cleaned, match[0] if match else ""]
        end = match.end() if match else end
    return "".join(pieces) if changed else text


def _replace_in_piece(text: str, found: set[SecretKind]) -> str:
    for kind, finder in _FINDERS:
        spans = finder(text)
        if spans:
            found.add(kind)
            pieces, end = [], 0
            for start, stop in spans:
                pieces += [text[end:start], _PLACEHOLDERS[kind]]
                end = stop
            return "".join([*pieces, text[end:]])
    return text
