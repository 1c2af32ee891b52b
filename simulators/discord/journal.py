"""What the bots did: every call with its fate, every message they sent, every login; and waiting for the next one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from simulators.discord.mentions import Pings
from simulators.discord.wire import Json
from simulators.journal import AnyCall, AnyJournal


@dataclass(slots=True, kw_only=True)
class Call(AnyCall):
    """One request of a bot. `route` is the address with its names ("/channels/{channel_id}/messages").

    It is open until `ended_at`; `applied` says whether it took effect; `status` is None where the connection was cut.
    """

    bot_id: str
    method: str
    route: str
    path: str
    query: Mapping[str, str]
    body: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMessage:
    """One message a bot sent, as it was when people first saw it.

    `kind` is "message", "response" or "followup" (both to an interaction). `only_for`: the one person who sees it, or
    "". `flags` are Discord's (1 << 2: no previews; 1 << 12: quietly). `buttons` holds rows of (label, custom id or
    address).
    """

    number: int
    bot_id: str
    kind: str
    channel_id: str
    message_id: str
    text: str
    reply_to: str
    nonce: str
    only_for: str
    flags: int
    pings: Pings
    buttons: tuple[tuple[tuple[str, str], ...], ...]
    attachments: tuple[str, ...]
    date: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One change a bot made to a message."""

    bot_id: str
    channel_id: str
    message_id: str
    text: str
    date: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """One IDENTIFY or RESUME that reached the gateway; `outcome` is "ready", "resumed", or why not."""

    kind: str
    bot_id: str
    intents: int
    address: str
    outcome: str
    date: datetime


class Journal(AnyJournal[Call, SentMessage]):
    """The log of one simulator, in memory, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.edits: list[Edit] = []
        self.logins: list[Login] = []

    def open(self, *, bot_id: str, method: str, route: str, path: str, query: Mapping[str, str]) -> Call:
        """Note that a call has come in; numbers start at 1."""
        number = len(self.calls) + 1
        return self.begun(Call(number=number, bot_id=bot_id, method=method, route=route, path=path, query=query))

    def add_sent(self, bot_id: str, kind: str, message: Json, *, only_for: str = "") -> None:
        """Note a message that now exists, whatever becomes of the answer."""
        pings = Pings(
            users=tuple(user["id"] for user in message["mentions"]),
            roles=tuple(message["mention_roles"]),
            everyone=message["mention_everyone"],
        )
        self.sent.append(
            SentMessage(
                number=len(self.sent) + 1,
                bot_id=bot_id,
                kind=kind,
                channel_id=message["channel_id"],
                message_id=message["id"],
                text=message["content"],
                reply_to=message.get("message_reference", {}).get("message_id", ""),
                nonce=str(message.get("nonce", "")),
                only_for=only_for,
                flags=message["flags"],
                pings=pings,
                buttons=buttons_of(message),
                attachments=tuple(file["filename"] for file in message["attachments"]),
                date=datetime.now(UTC),
            )
        )
        self.grow()

    def add_edit(self, bot_id: str, message: Json) -> None:
        """Note a change of a message that people had seen before."""
        channel_id, message_id, text = message["channel_id"], message["id"], message["content"]
        now = datetime.now(UTC)
        self.edits.append(Edit(bot_id=bot_id, channel_id=channel_id, message_id=message_id, text=text, date=now))
        self.grow()


def buttons_of(message: Json) -> tuple[tuple[tuple[str, str], ...], ...]:
    """Return the rows of buttons (or menus) under a message, as (label, custom id or address)."""
    return tuple(
        tuple(
            (item.get("label") or item.get("placeholder") or "", item.get("custom_id") or item.get("url") or "")
            for item in row.get("components", ())
        )
        for row in message["components"]
    )
