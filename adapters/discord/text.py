"""Discord's markdown: a message's words without it, commands typed as words, and replies written in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from adapters.base import Attachment
from adapters.markup import render
from adapters.splitting import length

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

MAX_UNITS: Final = 2000
COMMANDS: Final = ("ask", "claim", "faq", "help", "language", "start", "status", "stop", "ticket")
QUESTIONS: Final = frozenset({"ask", "faq"})  # what follows them is a question like any other
_TYPED = re.compile(rf"[!/]({'|'.join(COMMANDS)})(?![^\W_])(.*)", re.DOTALL | re.IGNORECASE)
_NAMED_TICKET = re.compile(r"[!/]?ticket(?![^\W_])[:,]?(.*)", re.DOTALL | re.IGNORECASE)
_USER = re.compile(r"<@!?([0-9]{1,20})>")
_EMOJI = re.compile(r"<a?(:\w{2,32}:)[0-9]{1,20}>", re.ASCII)

_URL = re.compile(r"https?://[^\s<>]+")
_NOT_OF_A_LINK: Final = ".,:;\"')]"  # at its end
_TICK: Final = "\N{MODIFIER LETTER GRAVE ACCENT}"  # in code nothing can be escaped
# What means something anywhere; at the beginning of a line; as an emoji's name.
_MARK = re.compile(
    r"[\\*_~|`<\[@]"
    r"|^[^\S\n]*[>#+-]"
    r"|:(?=[\w+-]{1,40}:)",
    re.MULTILINE,
)
# The same length and looks the same: for a text that would grow too long with backslashes in it.
_LOOKALIKE = str.maketrans("\\*_~|`<>[]@#", "＼＊＿～｜｀＜＞［］＠＃")  # noqa: RUF001 - they are to look alike


def clean(text: str) -> str:
    """Text that every database takes: no NUL, no half of a surrogate pair."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\0", "").strip()


def mentions(content: str, *, bot_id: str, role_id: str) -> bool:
    """Whether the words name the bot, or the role that stands for it in a server."""
    return bool(_of_bot(bot_id, role_id).search(content))


def words(content: str, people: Iterable[Mapping[str, Any]], *, bot_id: str, role_id: str) -> str:
    """What was said, without the bot's name and with other people's and emoji's names in place of their ids."""
    names = {str(person.get("id")): str(person.get("global_name") or person.get("username") or "") for person in people}

    def named(match: re.Match[str]) -> str:
        return f"@{names[match[1]]}" if names.get(match[1]) else match[0]

    text = _of_bot(bot_id, role_id).sub("", content)
    return clean(_EMOJI.sub(r"\1", _USER.sub(named, text)))


def typed_command(text: str) -> tuple[str, str] | None:
    """(command, what follows it) where words begin with one, as in "!ticket my card is stuck"."""
    match = _TYPED.match(text)
    return (match[1].lower(), match[2].strip()) if match else None


def named_ticket(text: str) -> str | None:
    """What follows "ticket" where the words to the bot begin with it."""
    match = _NAMED_TICKET.match(text)
    return match[1].strip() if match else None


def files_of(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Discord's descriptions of the files, those of a forwarded message among them."""
    forwarded = [one.get("message") or {} for one in message.get("message_snapshots") or ()]
    return [file for each in (message, *forwarded) for file in each.get("attachments") or ()]


def attachments(message: Mapping[str, Any]) -> tuple[Attachment, ...]:
    """The files and stickers that the message carries; described, never fetched.

    A file's reference is its address, which expires, and behind the # where to ask for a fresh one: the ids of channel,
    message and file.
    """
    place = f"{message.get('channel_id', '')}/{message.get('id', '')}"
    files = tuple(
        Attachment(
            name=clean(str(file.get("filename") or "file")),
            media_type=clean(str(file.get("content_type") or "")),
            size_bytes=file["size"] if isinstance(file.get("size"), int) else None,
            reference=clean(f"{file['url']}#{place}/{file.get('id', '')}") if file.get("url") else "",
        )
        for file in files_of(message)
    )
    stickers = tuple(
        Attachment(name=clean(str(sticker.get("name") or "sticker")), media_type="sticker")
        for sticker in message.get("sticker_items") or ()
    )
    return files + stickers


def rendered(markup: str) -> str:
    """The neutral markup as Discord's markdown of at most as many units as it may have, nobody's words marking it up.

    Backslashes make a text longer. One that no longer fits is written with characters that look alike instead.
    """
    plain = render(markup)
    pieces: list[str] = []
    at = 0
    for span in plain.spans:
        inner = plain.text[span.start : span.end]
        pieces.append(_literal(plain.text[at : span.start]))
        pieces.append(f"**{_literal(inner)}**" if span.kind == "bold" else f"`{inner.replace('`', _TICK)}`")
        at = span.end
    text = "".join([*pieces, _literal(plain.text[at:])])
    return text if length(text, "utf16") <= MAX_UNITS else _outside_links(plain.text, _flattened)


def _literal(text: str) -> str:
    return _outside_links(text, lambda part: _MARK.sub(lambda mark: f"{mark[0][:-1]}\\{mark[0][-1]}", part))


def _flattened(text: str) -> str:
    return text.translate(_LOOKALIKE)


def _outside_links(text: str, change: Callable[[str], str]) -> str:
    """The text changed but for its links, which Discord reads before any mark in them."""
    pieces: list[str] = []
    at = 0
    for match in _URL.finditer(text):
        end = match.start() + len(match[0].rstrip(_NOT_OF_A_LINK))
        pieces += [change(text[at : match.start()]), text[match.start() : end]]
        at = end
    return "".join([*pieces, change(text[at:])])


def _of_bot(bot_id: str, role_id: str) -> re.Pattern[str]:
    return re.compile(rf"<@!?{bot_id}>" + (rf"|<@&{role_id}>" if role_id else ""))
