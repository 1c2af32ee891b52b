"""What programs did: every call with its fate, every comment and modmail reply they sent, every act of moderation."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

_T = TypeVar("_T")


@dataclass(slots=True, kw_only=True)
class Call:
    """One request. It is open until `ended_at`; `applied` says whether it took effect.

    `delivered` is None while open; afterwards it says whether the whole answer was handed to a living connection.
    """

    number: int
    http_method: str
    path: str
    host: str
    params: Mapping[str, str]
    started_at: datetime
    user: str = ""
    ended_at: datetime | None = None
    status: int | None = None
    applied: bool = False
    delivered: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One text a program sent, as it was when sent: a comment, or a message to the modmail conversation `parent`."""

    number: int
    call: int
    author: str
    name: str
    parent: str
    subreddit: str
    text: str
    is_modmail: bool
    is_internal: bool
    is_author_hidden: bool
    date: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One thing a program did to something: remove, approve, distinguish, lock, edit, delete, read and their like."""

    call: int
    user: str
    name: str
    target: str


class Journal:
    """The log of one simulator, in memory, in order."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.sent: list[Sent] = []
        self.acts: list[Act] = []
        self._grown = asyncio.Event()

    def open(self, http_method: str, path: str, params: Mapping[str, str], *, host: str) -> Call:
        """Note that a call has come in; numbers start at 1. Passwords and secrets are not kept."""
        shown = {name: "***" if name in {"password", "refresh_token"} else value for name, value in params.items()}
        at = datetime.now(UTC)
        number = len(self.calls) + 1
        call = Call(number=number, http_method=http_method, path=path, host=host, params=shown, started_at=at)
        self.calls.append(call)
        return call

    def close(self, call: Call, *, status: int | None, delivered: bool) -> None:
        """Note how a call ended; `status` is None where the connection was cut."""
        call.ended_at, call.status, call.delivered = datetime.now(UTC), status, delivered

    def add_sent(  # noqa: PLR0913  the fields of what was sent, all by name
        self,
        call: Call,
        *,
        name: str,
        parent: str,
        subreddit: str,
        text: str,
        is_modmail: bool = False,
        is_internal: bool = False,
        is_author_hidden: bool = False,
    ) -> None:
        """Note a text that now exists, whatever becomes of the answer."""
        self.sent.append(
            Sent(
                number=len(self.sent) + 1,
                call=call.number,
                author=call.user,
                name=name,
                parent=parent,
                subreddit=subreddit,
                text=text,
                is_modmail=is_modmail,
                is_internal=is_internal,
                is_author_hidden=is_author_hidden,
                date=datetime.now(UTC),
            )
        )
        self._wake()

    def add_act(self, call: Call, name: str, target: str) -> None:
        """Note what was done to something."""
        self.acts.append(Act(call=call.number, user=call.user, name=name, target=target))
        self._wake()

    def open_calls(self, path: str | None, at: datetime, margin_s: float) -> list[Call]:
        """Return the calls that were open at a moment, or ended at most `margin_s` before it."""
        since = at - timedelta(seconds=margin_s)
        return [
            call
            for call in self.calls
            if call.started_at <= at
            and (path is None or call.path == path)
            and (call.ended_at is None or call.ended_at >= since)
        ]

    async def wait_until(self, found: Callable[[], list[_T]], count: int, timeout_s: float) -> list[_T]:
        """Wait until so many are found, and return them. Raises `TimeoutError`."""
        matches: list[_T] = []
        try:
            async with asyncio.timeout(timeout_s):
                while len(matches := found()) < count:
                    await self._grown.wait()
        except TimeoutError:
            raise TimeoutError(f"{len(matches)} of {count} within {timeout_s} s") from None
        return matches

    def _wake(self) -> None:
        self._grown.set()
        self._grown = asyncio.Event()
