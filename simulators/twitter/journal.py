"""What the bots did: every call with its fate and cost, everything they sent, and waiting for the next of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from simulators.journal import AnyCall, AnyJournal


@dataclass(slots=True, kw_only=True)
class Call(AnyCall):
    """One request. It is open until `ended_at`; `applied` says whether it took effect, `cost` what X charged for it.

    `delivered` is None while open; afterwards it says whether the whole answer was handed to a living connection.
    `cost` is in thousandths of a dollar; `username` is "" for app-only calls.
    """

    username: str
    endpoint: str
    params: Mapping[str, Any]
    delivered: bool | None = None
    cost: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A post or a direct message of a bot, as it was when sent; `text` is what the bot wrote.

    `reply_to` and `quotes` are posts, `conversation_id` that of the thread or of the direct messages, and `to` the
    account answered or written to.
    """

    number: int
    call: int
    kind: str  # "post" or "dm"
    username: str
    id: str
    text: str
    reply_to: str
    quotes: str
    to: str
    conversation_id: str
    date: datetime


class Journal(AnyJournal[Call, Sent]):
    """The log of one simulator, in memory, in order."""

    def open(self, username: str, endpoint: str, params: Mapping[str, Any]) -> Call:
        """Note that a call has come in; numbers start at 1."""
        number = len(self.calls) + 1
        return self.begun(Call(number=number, username=username, endpoint=endpoint, params=params))

    def close(self, call: Call, *, status: int | None, delivered: bool) -> None:
        """Note how a call ended; `status` is None where the connection was cut."""
        call.ended_at, call.status, call.delivered = datetime.now(UTC), status, delivered

    def add_sent(self, call: Call, **fields: str) -> None:
        """Note what now exists, whatever becomes of the answer; `fields` are those of `Sent`."""
        number, now = len(self.sent) + 1, datetime.now(UTC)
        whole = {"reply_to": "", "quotes": "", "to": ""} | fields
        self.sent.append(Sent(number=number, call=call.number, username=call.username, date=now, **whole))
        self.grow()
