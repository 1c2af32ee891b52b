"""Message entities: lengths in UTF-16 units, what Telegram finds in a text by itself, and its checks of given ones."""

import re
from collections.abc import Iterable
from typing import Any

from simulators.telegram.wire import Json, bad_request

MAX_TEXT_UNITS = 4096

# Bounded and without overlapping repetition, so that no text can make them slow.
_FOUND = re.compile(
    r"(?P<bot_command>(?<![\w/])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/]))"
    r"|(?P<mention>(?<![\w@.])@[A-Za-z0-9_]{3,32}(?!\w))"
    r"|(?P<url>(?<!\w)https?://[^\s<>\"]{1,2000})"
    r"|(?P<hashtag>(?<![\w#])\#\w{1,256})"
)
_ALLOWED_TYPES = frozenset(
    {"mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number", "bold", "italic", "underline"}
    | {"strikethrough", "spoiler", "blockquote", "expandable_blockquote", "code", "pre", "text_link", "text_mention"}
    | {"custom_emoji", "date_time"}
)


def units(text: str) -> int:
    """Return the length in UTF-16 code units, which is how Telegram counts."""
    return len(text) + sum(character > "\uffff" for character in text)


def found(text: str) -> list[Json]:
    """Return the entities that Telegram finds in a text by itself."""
    entities: list[Json] = []
    seen, offset = 0, 0
    for match in _FOUND.finditer(text):
        offset += units(text[seen : match.start()])
        length = units(match.group())
        entities.append({"type": match.lastgroup, "offset": offset, "length": length})
        seen, offset = match.end(), offset + length
    return entities


def sliced(text: str, entity: Json) -> str:
    """Return the part of the text that an entity covers."""
    data = text.encode("utf-16-le")
    return data[2 * entity["offset"] : 2 * (entity["offset"] + entity["length"])].decode("utf-16-le")


def merged(text: str, given: Iterable[Json]) -> list[Json]:
    """Return the given entities and those found where none is given, in the order of the text."""
    entities = list(given)
    taken = [(entity["offset"], entity["offset"] + entity["length"]) for entity in entities]
    for entity in found(text):
        start, end = entity["offset"], entity["offset"] + entity["length"]
        if all(end <= other_start or start >= other_end for other_start, other_end in taken):
            entities.append(entity)
    return sorted(entities, key=lambda entity: (entity["offset"], -entity["length"]))


def checked(text: str, given: list[Any]) -> list[Json]:
    """Return the entities a bot gave, after the real server's checks. Raises `ApiError`."""
    boundaries = _boundaries(text)
    total = units(text)
    for entity in given:
        if not isinstance(entity, dict) or entity.get("type") not in _ALLOWED_TYPES:
            raise bad_request("can't parse MessageEntity: unsupported type specified")
        offset, length = entity.get("offset"), entity.get("length")
        if not isinstance(offset, int) or not isinstance(length, int) or offset < 0 or length <= 0:
            raise bad_request("can't parse MessageEntity: offset and length must be numbers of UTF-16 units")
        if offset + length > total:
            where = f"entity beginning at UTF-16 offset {offset}"
            raise bad_request(f"{where} ends after the end of the text at UTF-16 offset {offset + length}")
        if offset not in boundaries:
            raise bad_request(f"entity begins in a middle of a UTF-16 symbol at UTF-16 offset {offset}")
        if offset + length not in boundaries:
            where = f"entity beginning at UTF-16 offset {offset}"
            raise bad_request(f"{where} ends in a middle of a UTF-16 symbol at UTF-16 offset {offset + length}")
    return given


def trimmed(text: str, entities: list[Json]) -> tuple[str, list[Json]]:
    """Strip white space at both ends as the server does, moving and shortening the entities with it."""
    left = units(text) - units(text.lstrip())
    text = text.strip()
    total = units(text)
    kept: list[Json] = []
    for entity in entities:
        start = max(entity["offset"] - left, 0)
        end = min(entity["offset"] + entity["length"] - left, total)
        if end > start:
            kept.append(entity | {"offset": start, "length": end - start})
    return text, kept


def _boundaries(text: str) -> set[int]:
    position, boundaries = 0, {0}
    for character in text:
        position += 2 if character > "\uffff" else 1
        boundaries.add(position)
    return boundaries
