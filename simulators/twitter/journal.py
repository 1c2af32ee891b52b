"""What the bots did: every call with its fate and cost, everything they sent, and waiting for the next of it."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any


@dataclass(slots=True, kw_only=True)
class Call:
    """One request. It is open until `ended_at`; `applied` says whether it took effect, `cost` what X charged for it.

    `delivered` is None while open; afterwards it says whether the whole answer was handed to a living connection.
    `cost` is in thousandths of a dollar; `username` is "" for app-only calls.
    """

    number: int
    username: str
    endpoint: str
    params: Mapping[str, Any]
    started_at: datetime
    ended_at: datetime | None = None
    status: int | None = None
    applied: bool = False
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


class Journal:
    """The log of one simulator, in memory, in order."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.sent: list[Sent] = []
        self._grown = asyncio.Event()

    def open(self, username: str, endpoint: str, params: Mapping[str, Any]) -> Call:
        """Note that a call has come in; numbers start at 1."""
        number = len(self.calls) + 1
        started_at = datetime.now(UTC)
        call = Call(number=number, username=username, endpoint=endpoint, params=params, started_at=started_at)
        self.calls.append(call)
        return call

    def close(self, call: Call, *, status: int | None, delivered: bool) -> None:
        """Note how a call ended; `status` is None where the connection was cut."""
        call.ended_at, call.status, call.delivered = datetime.now(UTC), status, delivered

    def add_sent(self, call: Call, **fields: str) -> None:
        """Note what now exists, whatever becomes of the answer; `fields` are those of `Sent`."""
        number, now = len(self.sent) + 1, datetime.now(UTC)
        whole = {"reply_to": "", "quotes": "", "to": ""} | fields
        self.sent.append(Sent(number=number, call=call.number, username=call.username, date=now, **whole))
        self._grown.set()
        self._grown = asyncio.Event()

    def open_calls(self, endpoint: str, at: datetime, margin_s: float) -> list[Call]:
        """Return the calls that were open at a moment, or ended at most `margin_s` before it or undelivered."""
        since = at - timedelta(seconds=margin_s)
        return [
            call
            for call in self.calls
            if call.started_at <= at
            and endpoint in ("", call.endpoint)
            and (call.ended_at is None or call.ended_at >= since)
        ]

    async def wait_for_sent(self, fits: Callable[[Sent], bool], count: int, timeout_s: float) -> list[Sent]:
        """Wait until `count` things sent fit, and return those that do. Raises `TimeoutError`."""
        matches: list[Sent] = []
        read = 0
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    matches += filter(fits, self.sent[read:])
                    read = len(self.sent)
                    if len(matches) >= count:
                        return matches
                    await self._grown.wait()
        except TimeoutError:
            raise TimeoutError(f"{len(matches)} of {count} posts or messages within {timeout_s} s") from None
