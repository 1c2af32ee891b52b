"""Whether the bot is well: what each of its parts last said of itself, and how long ago.

A part is ``loop``, ``ledger``, ``desk``, ``start`` (the bot itself), ``channel:NAME`` or ``lease:NAME``. Its reason is
a sentence of ours: never what a platform said, which may hold a secret or somebody's words.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from bots import metrics

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

_CONNECTED_WITHIN_S: Final = 30.0
_FORGIVEN_S: Final = 30.0  # of a desk or a ledger that is away: what comes back by itself is no alarm
_STALL_SHOWN_S: Final = 15.0  # a loop that stands still again and again answers in between
PROBE_S: float = 10.0  # between two writes, and the longest that one may take
_TRIED_AGAIN_WITHIN_S: Final = 25.0  # what could not be written is, longer than it waits between two attempts
_log = logging.getLogger(__name__)


class State(StrEnum):
    """How a part is."""

    ON = "on"
    ELSEWHERE = "elsewhere"  # another process of this bot does it
    STARTING = "starting"
    STOPPING = "stopping"
    WAITING = "waiting"  # does not take what it is sent, and is asked again
    SILENT = "silent"  # nothing was heard of it for too long
    REFUSED = "refused"  # as it is set up: a person has to mend that
    UNWRITABLE = "unwritable"
    STALLED = "stalled"
    LOST = "lost"

    @property
    def is_well(self) -> bool:
        """Whether nothing is to be done."""
        return self in {State.ON, State.ELSEWHERE}

    @property
    def is_passing(self) -> bool:
        """Whether it goes by with the bot's own start or stop."""
        return self in {State.STARTING, State.STOPPING}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part as it is now; `for_s` is how long it has been so."""

    name: str
    state: State
    reason: str = ""
    for_s: float = 0.0

    @property
    def stops_the_bot(self) -> bool:
        """Whether the bot is not ready because of it."""
        if self.state is State.WAITING:
            return self.for_s > _FORGIVEN_S
        return not self.state.is_well


@dataclass(slots=True)
class _Known:
    state: State
    reason: str
    since: float
    streams: dict[str, tuple[float, float]] = field(default_factory=dict)  # when a sign came, when the next is due


class Health:
    """What the parts said. `clock` gives seconds that only go up."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._parts: dict[str, _Known] = {}
        self._told: dict[str, State] = {}
        self.part("start", State.STARTING, "the bot takes up what the last run left")

    # --- what the parts say -----------------------------------------------------------------------------------------

    def part(self, name: str, state: State, reason: str = "") -> None:
        """A part says how it is. `reason` goes out to whoever may ask: no secret, nobody's words."""
        known = self._parts.get(name)
        since = known.since if known is not None and known.state is state else self._clock()
        self._parts[name] = _Known(state, reason, since)

    def forget(self, name: str) -> None:
        """The part is none of this process any more."""
        self._parts.pop(name, None)

    def alive(self, channel: str, within_s: float, stream: str = "") -> None:
        """A channel was in touch with its platform (an `adapters.base.SignsOfLife`)."""
        name, now = f"channel:{channel}", self._clock()
        known = self._parts.get(name)
        if known is None or known.state is not State.ON:
            known = self._parts[name] = _Known(State.ON, "", now)
        known.streams[stream] = now, now + within_s

    def stalled(self, stands_still: bool) -> None:  # noqa: FBT001 - a callback's form
        """The event loop stands still, or goes on again (a `bots.watchdog.Watchdog` says so)."""
        reason = "the event loop stands still" if stands_still else "the event loop stood still a moment ago"
        self._parts["loop"] = _Known(State.STALLED if stands_still else State.ON, reason, self._clock())

    # --- what is so -------------------------------------------------------------------------------------------------

    def parts(self) -> list[Part]:
        """All parts as they are now, by name."""
        return [self._now(name, self._parts[name]) for name in sorted(self._parts)]

    def of(self, name: str) -> State:
        """How a part is; `ON` where it has said nothing yet."""
        known = self._parts.get(name)
        return self._now(name, known).state if known else State.ON

    def _now(self, name: str, known: _Known) -> Part:
        now = self._clock()
        part = Part(name=name, state=known.state, reason=known.reason, for_s=now - known.since)
        if known.state is State.STARTING and name.startswith("channel:") and part.for_s > _CONNECTED_WITHIN_S:
            return replace(part, state=State.SILENT, reason=f"it is not connected, {part.for_s:.0f} s after its start")
        if name == "loop" and known.reason and part.for_s < _STALL_SHOWN_S:
            return replace(part, state=State.STALLED)
        overdue = [(heard, stream) for stream, (heard, due) in known.streams.items() if now > due]
        if known.state is State.ON and overdue:
            heard, stream = min(overdue)
            what = f"its {stream}" if stream else "its platform"
            return replace(
                part,
                state=State.SILENT,
                reason=f"nothing was heard of {what} for {now - heard:.0f} s",
                for_s=now - heard,
            )
        return part

    def why_not_ready(self, channels: Collection[str] | None = None) -> list[Part]:
        """The parts because of which the bot is not ready; nothing where it is.

        Args:
            channels: only these channels count, and what every message needs; by default everything.
        """
        return [
            part
            for part in self.parts()
            if part.stops_the_bot
            and (
                channels is None or part.name in {"start", "loop", "ledger", *(f"channel:{name}" for name in channels)}
            )
        ]

    @property
    def leases(self) -> list[str]:
        """The leases that this process holds."""
        return [part.name.removeprefix("lease:") for part in self.parts() if _is_held(part)]

    # --- looking after it -------------------------------------------------------------------------------------------

    async def watch(self, probe: Callable[[], Awaitable[None]]) -> None:
        """Write to the ledger every few seconds, and say in the log when a part turns, until cancelled.

        Args:
            probe: writes something durably.
        """
        failures, failed_at = metrics.LEDGER_FAILURES.total, -math.inf
        while True:
            why = ""
            try:
                async with asyncio.timeout(PROBE_S):
                    await probe()
            except TimeoutError:
                why = f"it takes longer than {PROBE_S:g} s to write"
            except Exception as error:
                why = f"it cannot be written ({type(error).__name__})"
            if metrics.LEDGER_FAILURES.total != failures:
                failures, failed_at = metrics.LEDGER_FAILURES.total, self._clock()
            if not why and self._clock() - failed_at < _TRIED_AGAIN_WITHIN_S:
                why = "what is larger than a probe cannot be written"
            self.part("ledger", State.UNWRITABLE if why else State.ON, why)
            self._tell()
            await asyncio.sleep(PROBE_S)

    def _tell(self) -> None:
        stopping = {part.name: part for part in self.why_not_ready() if not part.state.is_passing}
        for name, part in stopping.items():
            if self._told.get(name) is not part.state:
                _log.warning(
                    "Not ready: %s is %s: %s.",
                    name,
                    part.state,
                    part.reason,
                    extra={"action": "part_unwell", "part": name},
                )
        for name in self._told.keys() - stopping.keys():
            _log.info("%s is well again.", name.capitalize(), extra={"action": "part_well", "part": name})
        self._told = {name: part.state for name, part in stopping.items()}


def _is_held(part: Part) -> bool:
    return part.name.startswith("lease:") and part.state is State.ON
