"""Takes seed phrases, private keys and card numbers out of a message before it is stored, logged or matched.

`shield` is the pure function between a channel's `normalise()` and `ledger.accept()`. It knows a secret by its own
checksum wherever it has one: hashes, addresses, ticket numbers, order ids, phone numbers and prose stay as they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from .card_numbers import find_card_numbers
from .private_keys import find_private_keys
from .seed_phrases import find_seed_phrases

if TYPE_CHECKING:
    from adapters.base import Author, IncomingMessage, Parent


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
_MAX_COMMAND_CHARS = 32
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
    return Shielded(text=text, kinds=tuple(kind for kind in SecretKind if kind in found) if found else ())


def shield(message: IncomingMessage) -> IncomingMessage:
    """The message without secrets in its words, its parent's text, the names of its attachments and of its people.

    `secrets` gains the kinds found in the message's own words and attachments, the parent's `secrets` those found in
    the parent's text: they were said by somebody else, in another message.
    The same object where there is nothing to do.
    """
    own: set[str] = set(message.secrets)

    def clean(text: str) -> str:
        shielded = shield_text(text)
        own.update(shielded.kinds)
        return shielded.text

    shielded: dict[str, Any] = {
        "text": clean(message.text),
        # The bot's own commands and actions are short; a longer one is what somebody typed.
        "command": clean(message.command) if len(message.command) > _MAX_COMMAND_CHARS else message.command,
        "action": clean(message.action) if len(message.action) > _MAX_COMMAND_CHARS else message.action,
        "attachments": tuple(replace(attachment, name=clean(attachment.name)) for attachment in message.attachments),
        "author": _shield_name(message.author),
        "on_behalf_of": _shield_name(message.on_behalf_of) if message.on_behalf_of else None,
        "parent": _shield_parent(message.parent) if message.parent else None,
    }
    shielded["secrets"] = _in_order(own)  # of all of the above
    # Most messages hold no secret, and a new message is made of two dozen fields.
    changed = {name: value for name, value in shielded.items() if value != getattr(message, name)}
    return replace(message, **changed) if changed else message


def _shield_parent(parent: Parent) -> Parent:
    shielded = shield_text(parent.text or "")
    return replace(
        parent,
        author=_shield_name(parent.author) if parent.author else None,
        text=parent.text and shielded.text,
        secrets=_in_order({*parent.secrets, *shielded.kinds}),
    )


def _shield_name(author: Author) -> Author:
    """A name is no message: what it holds is not kept, and nobody is warned each time that its bearer writes."""
    shielded = shield_text(author.display_name).text
    return author if shielded is author.display_name else replace(author, display_name=shielded)


def _in_order(kinds: set[str]) -> tuple[str, ...]:
    return tuple(kind.value for kind in SecretKind if kind in kinds) if kinds else ()


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
