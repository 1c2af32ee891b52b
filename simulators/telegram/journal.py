"""What the bots did: every call with its fate, every message they sent, and waiting for the next one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from simulators.journal import AnyCall, AnyJournal
from simulators.telegram.wire import Json


@dataclass(slots=True, kw_only=True)
class Call(AnyCall):
    """One request of a bot. It is open until `ended_at`; `applied` says whether it took effect.

    `delivered` is None while open; afterwards it says whether the whole answer was handed to a living connection.
    """

    bot_id: int
    method: str
    params: Mapping[str, Any]
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


class Journal(AnyJournal[Call, SentMessage]):
    """The log of one simulator, in memory, in order."""

    def open(self, bot_id: int, method: str, params: Mapping[str, Any]) -> Call:
        """Note that a call has come in; numbers start at 1."""
        number = len(self.calls) + 1
        return self.begun(Call(number=number, bot_id=bot_id, method=method, params=params))

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
        self.grow()


def _button(button: Json) -> tuple[str, str]:
    return button["text"], button.get("callback_data") or button.get("url") or ""
