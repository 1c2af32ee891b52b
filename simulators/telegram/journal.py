"""What the bots did: every call with its fate, every message they sent, and waiting for the next one."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from simulators.telegram.wire import Json


@dataclass(slots=True, kw_only=True)
class Call:
    """One request of a bot. It is open until `ended_at`; `applied` says whether it took effect.

    `delivered` is None while open; afterwards it says whether the whole answer was handed to a living connection.
    """

    number: int
    bot_id: int
    method: str
    params: Mapping[str, Any]
    started_at: datetime
    ended_at: datetime | None = None
    status: int | None = None
    applied: bool = False
    delivered: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMessage:
    """One message a bot sent, as it was when sent. `buttons` holds rows of (text, callback data or address)."""

    number: int
    call: int
    bot_id: int
    chat_id: int
    message_id: int
    text: str
    reply_to: int | None
    thread_id: int | None
    buttons: tuple[tuple[tuple[str, str], ...], ...]
    date: datetime


class Journal:
    """The log of one simulator, in memory, in order."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.sent: list[SentMessage] = []
        self._grown = asyncio.Event()

    def open(self, bot_id: int, method: str, params: Mapping[str, Any]) -> Call:
        """Note that a call has come in; numbers start at 1."""
        number = len(self.calls) + 1
        call = Call(number=number, bot_id=bot_id, method=method, params=params, started_at=datetime.now(UTC))
        self.calls.append(call)
        return call

    def close(self, call: Call, *, status: int | None, delivered: bool) -> None:
        """Note how a call ended; `status` is None where the connection was cut."""
        call.ended_at, call.status, call.delivered = datetime.now(UTC), status, delivered

    def add_sent(self, call: Call, message: Json) -> None:
        """Note a message that now exists, whatever becomes of the answer."""
        keyboard = message.get("reply_markup", {}).get("inline_keyboard", [])
        self.sent.append(
            SentMessage(
                number=len(self.sent) + 1,
                call=call.number,
                bot_id=call.bot_id,
                chat_id=message["chat"]["id"],
                message_id=message["message_id"],
                text=message["text"],
                reply_to=message.get("reply_to_message", {}).get("message_id"),
                thread_id=message.get("message_thread_id"),
                buttons=tuple(tuple(_button(button) for button in row) for row in keyboard),
                date=datetime.now(UTC),
            )
        )
        self._grown.set()
        self._grown = asyncio.Event()

    def open_calls(self, method: str | None, at: datetime, margin_s: float) -> list[Call]:
        """Return the calls that were open at a moment, or ended at most `margin_s` before it or undelivered."""
        since = at - timedelta(seconds=margin_s)
        return [
            call
            for call in self.calls
            if call.started_at <= at
            and (method is None or call.method == method)
            and (call.ended_at is None or call.ended_at >= since)
        ]

    async def wait_for_sent(
        self, fits: Callable[[SentMessage], bool], count: int, timeout_s: float
    ) -> list[SentMessage]:
        """Wait until `count` messages fit, and return those that do. Raises `TimeoutError`."""
        matches: list[SentMessage] = []
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
            raise TimeoutError(f"{len(matches)} of {count} messages sent within {timeout_s} s") from None


def _button(button: Json) -> tuple[str, str]:
    return button["text"], button.get("callback_data") or button.get("url") or ""
