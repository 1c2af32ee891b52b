"""A Telegram message's text, commands, mentions and files; offsets count UTF-16 units."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telegram import MessageEntity

from adapters.base import Attachment

if TYPE_CHECKING:
    from telegram import Message

    from adapters.telegram.places import Account


def _entities(message: Message) -> tuple[MessageEntity, ...]:
    return tuple(message.entities if message.text is not None else message.caption_entities)


def whole_text(message: Message) -> str:
    """The text, or the caption of a file."""
    return clean(message.text if message.text is not None else message.caption or "")


def _units(message: Message) -> bytes:
    """The text as Telegram counts it: two bytes a unit."""
    text = message.text if message.text is not None else message.caption or ""
    return text.encode("utf-16-le", "surrogatepass")


def _covered(message: Message, entity: MessageEntity) -> str:
    units = _units(message)[2 * entity.offset : 2 * (entity.offset + entity.length)]
    return units.decode("utf-16-le", "replace")


def mentions(message: Message, account: Account) -> list[MessageEntity]:
    """Where the message names this bot."""
    name = f"@{account.username}".lower()
    return [
        entity
        for entity in _entities(message)
        if (entity.type == MessageEntity.MENTION and _covered(message, entity).lower() == name)
        or (entity.type == MessageEntity.TEXT_MENTION and entity.user and str(entity.user.id) == account.bot_id)
    ]


def leading_command(message: Message) -> tuple[str, str, int] | None:
    """(command, addressed bot or "", UTF-16 units used) where the message begins with a command."""
    for entity in _entities(message):
        if entity.type == MessageEntity.BOT_COMMAND and entity.offset == 0:
            command, _, bot = _covered(message, entity).removeprefix("/").partition("@")
            return command.lower(), bot.lower(), entity.length
    return None


def text_without(message: Message, cut: list[MessageEntity], *, start: int) -> str:
    """The text from the UTF-16 unit `start` on, without the given entities."""
    units, kept, at = _units(message), b"", 2 * start
    for entity in sorted(cut, key=lambda entity: entity.offset):
        kept += units[at : max(at, 2 * entity.offset)]
        at = max(at, 2 * (entity.offset + entity.length))
    return clean((kept + units[at:]).decode("utf-16-le", "replace"))


def clean(text: str) -> str:
    """Text that every database takes: no NUL, no half of a surrogate pair."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\0", "").strip()


def attachments(message: Message) -> tuple[Attachment, ...]:
    """The file, place, contact … that the message carries; described, never fetched."""
    found = message.effective_attachment
    if not found:
        return ()
    part: object = found[-1] if isinstance(found, tuple | list) else found  # photos come in sizes, the largest last
    kind = "photo" if message.photo else type(part).__name__.lower()
    return (
        Attachment(
            name=clean(getattr(part, "file_name", None) or kind),
            media_type=clean(getattr(part, "mime_type", None) or ("image/jpeg" if message.photo else "")),
            size_bytes=getattr(part, "file_size", None),
            reference=getattr(part, "file_id", ""),
        ),
    )
