"""The live chat's frames and their neutral form: pure functions, no socket.

Frames are JSON objects with a ``type``. From the client: hello (first), message, action, ping. From the server:
welcome, line, ack, chosen, removed, refused, pong.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, Field, TypeAdapter

from adapters.base import Addressed, Author, Idempotency, IncomingMessage, Kind, ReplyTarget, TranscriptLine, Visibility
from adapters.markup import render

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

ACCOUNT: Final = "web"
MAX_REPLY_CHARS: Final = 4000
_COMMAND: Final = re.compile(r"/([A-Za-z][A-Za-z0-9_]{0,31})(?:\s+(.*))?", re.DOTALL)
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,4}")
_UNPRINTABLE: Final = {code: None for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}


class Hello(BaseModel):
    """The first frame of every connection; `token` is the session's, where the browser has one."""

    type: Literal["hello"]
    token: str | None = Field(default=None, max_length=512)
    language: str = Field(default="", max_length=64)


class Said(BaseModel):
    """A line that somebody typed; `id` is made by the client and stays the same when it is sent again."""

    type: Literal["message"]
    id: str = Field(pattern=r"^[0-9a-f-]{32,36}$")
    text: str


class Tapped(BaseModel):
    """A tap on the button `action` under the reply `line`."""

    type: Literal["action"]
    id: str = Field(pattern=r"^[0-9a-f-]{32,36}$")
    line: str = Field(max_length=300)
    action: str = Field(max_length=64)


class Ping(BaseModel):
    """Asks whether the server is still there: a browser does not show WebSocket pings to a page."""

    type: Literal["ping"]


Frame: TypeAlias = Hello | Said | Tapped | Ping

FRAME: Final[TypeAdapter[Frame]] = TypeAdapter(Annotated[Frame, Field(discriminator="type")])


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Whose connection it is: `session` is the author's id; `address` only counts against limits and is not stored."""

    session: str
    language: str | None
    address: str


def language_hint(tag: str) -> str | None:
    """The browser's language tag ("nl-BE"), if it is one."""
    return tag if _LANGUAGE.fullmatch(tag) else None


def clean(text: str) -> str:
    """Somebody's words without control characters (no database stores them all) and without space around them."""
    return text.replace("\r\n", "\n").translate(_UNPRINTABLE).strip()


def normalise(frame: Said | Tapped, visitor: Visitor, *, name: str, label: str = "", now: datetime) -> IncomingMessage:
    """The neutral message. A tap on the same reply counts once, whatever the tab; `label` is what the button said."""
    command = _COMMAND.fullmatch(text) if isinstance(frame, Said) and (text := clean(frame.text)) else None
    if isinstance(frame, Tapped):
        kind, native_id, message_id, text = Kind.ACTION, frame.line, frame.line, label
    else:
        kind, native_id, message_id, text = Kind.CREATED, frame.id, frame.id, clean(frame.text)
    if command:
        kind, text = Kind.COMMAND, command[2] or ""
    conversation_key = f"{name}:{visitor.session}"
    return IncomingMessage(
        dedupe_key=f"webchat:{ACCOUNT}:{kind}:{visitor.session}:{native_id}",
        kind=kind,
        channel=name,
        account=ACCOUNT,
        conversation_key=conversation_key,
        message_id=message_id,
        author=Author(id=visitor.session),
        text=text,
        command=command[1].lower() if command else "",
        action=frame.action if isinstance(frame, Tapped) else "",
        visibility=Visibility.PRIVATE,
        addressed=Addressed.DIRECT,
        language_hint=visitor.language,
        sent_at=now,
        reply_to=ReplyTarget(
            channel=name,
            place=conversation_key,
            address={"session": visitor.session},
            visibility=Visibility.PRIVATE,
            can_private=True,
            buttons=True,
            max_len=MAX_REPLY_CHARS,
            idempotency=Idempotency.NONCE,
        ),
    )


def shown(line: TranscriptLine) -> dict[str, Any]:
    """A line for the client: runs of plain text, each with its kind; never HTML. A user's own words are no markup."""
    runs: list[dict[str, str]] = []
    if line.author == "user":
        runs.append({"kind": "plain", "text": line.text})
    else:
        rendered, end = render(line.text), 0
        for span in rendered.spans:
            runs.append({"kind": "plain", "text": rendered.text[end : span.start]})
            runs.append({"kind": span.kind, "text": rendered.text[span.start : span.end]})
            end = span.end
        runs.append({"kind": "plain", "text": rendered.text[end:]})
    return {
        "id": line.id,
        "author": line.author,
        "runs": [run for run in runs if run["text"]],
        "buttons": [{"label": button.label, "action": button.action} for button in line.buttons],
        "at": line.at.isoformat(),
    }


def history(lines: Sequence[TranscriptLine]) -> list[dict[str, Any]]:
    """Every line once. A user's line with the id of a reply is the tap on it (see `normalise`): shown as its choice."""
    replies = {line.id for line in lines if line.author != "user"}
    taps = {line.id: line.text for line in lines if line.author == "user" and line.id in replies}
    by_id: dict[str, dict[str, Any]] = {}
    for line in lines:
        if line.id in by_id or (line.author == "user" and line.id in taps):
            continue
        frame = by_id[line.id] = shown(line)
        for button in line.buttons:
            if taps.get(line.id) in (button.label, button.action):
                frame["chosen"] = button.action
    return list(by_id.values())
