"""What goes wrong in a drill: a schedule of faults made of a seed, and making them happen.

* ``kill`` a process of the bot (``bot0``) with SIGKILL; it is started again after so long;
* ``freeze`` it with SIGSTOP and let it go on with SIGCONT, as a machine does that swaps or is moved;
* ``clock``: its clock jumps, and back after so long;
* ``full``: its disk takes nothing more (files may not grow: RLIMIT_FSIZE);
* ``cut``: a network's or the desk's connections are cut, and new ones refused; ``silent``: they stay, and nothing
  passes (half-open); ``busy``: everything that is written there is answered 429; ``broken``: 5xx; ``repeat``: a network
  tells again and again, in another order, what it told before.
"""

from __future__ import annotations

import asyncio
import os
import random
import resource
import signal
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from bots.drill.schedule import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bots.drill.proxy import State
    from bots.drill.stage import Stage

PROCESS: Final = ("kill", "freeze", "full", "clock")
PLACE: Final = ("cut", "silent", "busy", "broken", "repeat")
WIRE: Final = ("cut", "silent")  # the ledger's, too, where it is a server
NAMES: Final = (*PROCESS, *PLACE)
_LASTS_S: Final = {
    "kill": (0.0, 2.0),
    "freeze": (1.0, 4.0),
    "full": (2.0, 5.0),
    "cut": (2.0, 8.0),
    "silent": (3.0, 10.0),
    "busy": (2.0, 8.0),
    "broken": (2.0, 8.0),
    "repeat": (1.0, 3.0),
    "clock": (2.0, 6.0),
}
_FIRST_S, _BETWEEN_S, _DESK_AWAY_S = 3.0, (1.5, 5.0), 60.0
_CLOCK_JUMPS_S: Final = (-60.0, 60.0)
_REPEATS_EVERY_S: Final = 0.5
_SCENE = {"busy": "rate_limit", "broken": "server_error"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A fault that happened. `cut` are the replies that the ledger held as being sent when a process was killed."""

    fault: Fault
    began: datetime
    ended: datetime
    cut: frozenset[int] = frozenset()


@dataclass(slots=True)
class Happened:
    """What happened so far."""

    windows: list[Window] = field(default_factory=list)

    def number(self, name: str) -> int:
        """How often a fault of that name happened."""
        return sum(window.fault.name == name for window in self.windows)


def generate(  # noqa: PLR0913 - what they depend on
    seed: int,
    names: Sequence[str],
    *,
    networks: Sequence[str],
    desk: str,
    processes: int,
    is_shared: bool,
    seconds: float,
) -> list[Fault]:
    """Faults over a time, of which no two meet at one target; the same for the same arguments."""
    chance = random.Random(f"faults {seed}")  # noqa: S311 - repeatable, no secret
    bots = [f"bot{number}" for number in range(processes)]
    places = [*networks, *(["desk"] if desk != "local" else [])]
    wires = [*places, *(["ledger"] if is_shared else [])]
    free_at: dict[str, float] = {}
    faults: list[Fault] = []
    at_s = _FIRST_S
    order = list(names)
    chance.shuffle(order)
    while names and at_s < seconds:
        # Each once, then by chance; a kill is what everything else must hold against.
        name = order.pop() if order else chance.choice((*names, *("kill",) * ("kill" in names)))
        fitting = bots if name in PROCESS else networks if name == "repeat" else wires if name in WIRE else places
        free = [target for target in fitting if free_at.get(target, 0.0) <= at_s]
        target = chance.choice(free or fitting)
        lasts_s = round(chance.uniform(*_LASTS_S[name]), 2)
        by_s = round(chance.uniform(*_CLOCK_JUMPS_S), 1) if name == "clock" else 0.0
        if target == "desk" and name == "cut" and seconds > 2 * _DESK_AWAY_S:
            lasts_s = _DESK_AWAY_S
        if target in free:
            faults.append(Fault(at_s=round(at_s, 2), name=name, target=target, seconds=lasts_s, by_s=by_s))
            free_at[target] = at_s + lasts_s + 1.0
        at_s += chance.uniform(*_BETWEEN_S)
    return faults


async def happen(stage: Stage, fault: Fault, happened: Happened, sending: Callable[[], frozenset[int]]) -> None:
    """Make one fault happen and end. `sending` tells which replies the ledger holds as being sent."""
    began = datetime.now(UTC)
    cut: frozenset[int] = frozenset()
    if fault.name in PROCESS:
        cut = await _to_process(stage, fault, sending)
    elif fault.name == "repeat":
        for _ in range(max(1, round(fault.seconds / _REPEATS_EVERY_S))):
            await stage.networks.act(fault.target, "repeat", {})
            await asyncio.sleep(_REPEATS_EVERY_S)
    elif fault.target != "desk" and fault.name in _SCENE:
        await stage.fault(fault.target, _SCENE[fault.name], on=True)
        try:
            await asyncio.sleep(fault.seconds)
        finally:
            await stage.fault(fault.target, _SCENE[fault.name], on=False)
    else:
        state: State = fault.name  # type: ignore[assignment]  # the names that are left are states of a wire
        try:
            for wire in stage.wires.get(fault.target, ()):
                await wire.turn(state)
            await asyncio.sleep(fault.seconds)
        finally:
            for wire in stage.wires.get(fault.target, ()):
                await wire.turn("whole")
    happened.windows.append(Window(fault=fault, began=began, ended=datetime.now(UTC), cut=cut))


async def _to_process(stage: Stage, fault: Fault, sending: Callable[[], frozenset[int]]) -> frozenset[int]:
    bot = stage.bots[int(fault.target.removeprefix("bot"))]
    cut: frozenset[int] = frozenset()
    if fault.name == "kill":
        await bot.killed()
        cut = await asyncio.to_thread(sending)
        await asyncio.sleep(fault.seconds)
        bot.start()
    elif (pid := bot.pid) and fault.name == "freeze":
        os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(fault.seconds)
        finally:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
    elif pid and fault.name == "clock":
        bot.tell(f"clock {fault.by_s}")
        await asyncio.sleep(fault.seconds)
        bot.tell("clock 0")
    elif pid:
        before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, before[1]))
        try:
            await asyncio.sleep(fault.seconds)
        finally:
            with suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
    return cut
