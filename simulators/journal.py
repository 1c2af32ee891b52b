"""What the journals of all networks share: calls with their fate, what was sent, and waiting for the next of it."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar


@dataclass(slots=True, kw_only=True)
class AnyCall:
    """One request of a bot. It is open until `ended_at`; `applied` says whether it took effect.

    `number` counts from 1; `status` is None where the connection was cut.
    """

    number: int
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended_at: datetime | None = None
    status: int | None = None
    applied: bool = False


CallT = TypeVar("CallT", bound=AnyCall)
SentT = TypeVar("SentT")


class AnyJournal(Generic[CallT, SentT]):
    """The log of one simulator, in memory, in order."""

    def __init__(self) -> None:
        self.calls: list[CallT] = []
        self.sent: list[SentT] = []
        self._grown = asyncio.Event()

    def begun(self, call: CallT) -> CallT:
        """Note that a call has come in, and return it."""
        self.calls.append(call)
        return call

    def grow(self) -> None:
        """Wake whoever waits for something to happen."""
        self._grown.set()
        self._grown = asyncio.Event()

    async def until(self, is_true: Callable[[], bool], timeout_s: float, missed: Callable[[], str]) -> None:
        """Wait until something holds, looking whenever the journal has grown. Raises `TimeoutError`, with `missed`."""
        try:
            async with asyncio.timeout(timeout_s):
                while not is_true():
                    await self._grown.wait()
        except TimeoutError:
            raise TimeoutError(missed()) from None

    async def wait_for_sent(
        self, wanted: int | Callable[[SentT], bool], counts: Callable[[SentT], bool], timeout_s: float, missed: str
    ) -> list[SentT]:
        """Wait until so many of what `counts` were sent, or one that fits, and return them.

        Raises `TimeoutError`, with `missed`, where ``{found}``, ``{count}`` and ``{timeout_s}`` are filled in.
        """
        matches: list[SentT] = []
        count = wanted if isinstance(wanted, int) else 1
        read = 0

        def are_there() -> bool:
            nonlocal read
            new = [one for one in self.sent[read:] if counts(one) and (isinstance(wanted, int) or wanted(one))]
            read = len(self.sent)
            matches.extend(new)
            return len(matches) >= count

        def told() -> str:
            return missed.format(found=len(matches), count=count, timeout_s=timeout_s)

        await self.until(are_there, timeout_s, told)
        return matches


def open_at(calls: Iterable[CallT], at: datetime, margin_s: float) -> list[CallT]:
    """Return the calls that were open at a moment, or ended at most `margin_s` before it."""
    since = at - timedelta(seconds=margin_s)
    return [call for call in calls if call.started_at <= at and (call.ended_at is None or call.ended_at >= since)]
