"""One drill: the stage is set, the schedule happens, all settles, and the books are compared."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bots.drill import faults
from bots.drill.audit import Answer, Audit, Seen, audit
from bots.drill.books import Ledger
from bots.drill.schedule import Line, Schedule
from bots.drill.stage import DrillError, Stage
from bots.drill.traffic import generate
from bots.playground.folder import PlaygroundError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_SETTLES_WITHIN_S = 180.0
_QUIET_LOOKS, _LOOK_EVERY_S = 6, 0.5
_AGENT_LOOKS_EVERY_S = 1.0


@dataclass(slots=True, kw_only=True)
class Result:
    """What a drill came to. `starts` of the bot's processes, of which `kills` + one each were ours."""

    schedule: Schedule
    seen: Seen
    stored: list[dict[str, Any]]
    audit: Audit
    happened: faults.Happened
    seconds: float
    starts: int
    refused: list[str] = field(default_factory=list)  # what a simulated network did not let a person do


def plan(  # noqa: PLR0913 - a command's options
    seed: int,
    *,
    multiple: float,
    minutes: float,
    networks: Sequence[str],
    desk: str,
    names: Sequence[str],
    processes: int = 1,
    is_shared: bool = False,
) -> Schedule:
    """A schedule made of a seed; the same for the same arguments."""
    people, lines = generate(seed, tuple(networks), multiple, minutes)
    return Schedule(
        seed=seed,
        networks=tuple(networks),
        desk=desk,
        people=people,
        lines=tuple(lines),
        faults=tuple(
            faults.generate(
                seed,
                names,
                networks=networks,
                desk=desk,
                processes=processes,
                is_shared=is_shared,
                seconds=minutes * 60,
            )
        ),
    )


async def drill(
    schedule: Schedule,
    folder: Path,
    *,
    processes: int = 1,
    ledger: str = "",
    tell: Callable[[str], object] = lambda _: None,
) -> Result:
    """Carry a schedule out in an empty folder. Raises `DrillError` where it cannot be done at all."""
    loop = asyncio.get_running_loop()
    if ledger and not await asyncio.to_thread(Ledger(ledger).is_new):
        raise DrillError("There is a ledger in that database already; a drill wants an empty one of its own.")
    tell("Starting the simulated networks, the desk and the bot …")
    async with Stage(folder, schedule, processes=processes, ledger=ledger) as stage:
        running = _Running(stage, Ledger(stage.ledger))
        tell(f"{len(schedule.lines)} messages and {len(schedule.faults)} faults in {schedule.seconds:.0f} s …")
        began = loop.time()
        async with asyncio.TaskGroup() as group:
            agent = group.create_task(running.agent())
            group.create_task(running.faults())
            await running.talk()
            tell("Everything was said; waiting until all is settled …")
            await running.settled(began)
            agent.cancel()
        seen = await running.seen()
        books = await asyncio.to_thread(running.ledger.books)
        stored = await asyncio.to_thread(running.ledger.stored)
        return Result(
            schedule=schedule,
            seen=seen,
            stored=stored,
            audit=audit(seen, books),
            happened=running.happened,
            seconds=loop.time() - began,
            starts=sum(bot.starts for bot in stage.bots),
            refused=running.refused,
        )


class _Running:
    """A drill under way."""

    def __init__(self, stage: Stage, ledger: Ledger) -> None:
        self.ledger = ledger
        self.happened = faults.Happened()
        self.refused: list[str] = []
        self._stage = stage
        self._answers: list[Answer] = []
        self._waiting = {line.matter: line for line in stage.schedule.lines if line.matter and line.agent}
        self._latest: dict[tuple[str, int], asyncio.Task[None]] = {}

    async def talk(self) -> None:
        """Everybody says what the schedule wants, each in their own order."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        for line in self._stage.schedule.lines:
            await asyncio.sleep(max(0.0, began + line.at_s - loop.time()))
            whose = self._stage.posted.get(line.about)
            key = (line.network, whose.line.person if whose else line.person)
            self._latest[key] = asyncio.create_task(self._do(line, self._latest.get(key)))
        await asyncio.gather(*self._latest.values())

    async def _do(self, line: Line, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await before
        try:
            await self._stage.perform(line)
        except PlaygroundError as error:
            self.refused.append(f"{line.network}, line {line.id} ({line.act}): {error}")

    async def faults(self) -> None:
        """Everything goes wrong at its time."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.TaskGroup() as group:
            for fault in self._stage.schedule.faults:
                await asyncio.sleep(max(0.0, began + fault.at_s - loop.time()))
                group.create_task(faults.happen(self._stage, fault, self.happened, self.ledger.sending))

    async def agent(self) -> None:
        """The agent works on the tickets that the schedule gives them, until cancelled."""
        while True:
            for ticket in await self._tickets():
                words = " ".join(word["text"] for word in ticket["words"])
                for matter in [matter for matter in self._waiting if matter in words]:
                    await self._work(ticket, self._waiting.pop(matter))
            await asyncio.sleep(_AGENT_LOOKS_EVERY_S)

    async def _tickets(self) -> list[dict[str, Any]]:
        if self._stage.schedule.desk == "local":
            return await asyncio.to_thread(self.ledger.tickets)
        return await self._stage.tickets()

    async def _act(self, act: str, ticket: dict[str, Any], text: str = "") -> None:
        if self._stage.schedule.desk == "local":
            await asyncio.to_thread(self.ledger.act, act, ticket["number"], text)
        else:
            await self._stage.agent(act, ticket["id"], text)

    async def _work(self, ticket: dict[str, Any], line: Line) -> None:
        for number in range(1, line.agent + 1):
            words = f"zq{line.id}x{number}q"
            text = f"We looked into it, reference {words}."
            await self._act("answer", ticket, text)
            self._answers.append(Answer(ticket=ticket["id"], number=number, text=text, words=words))
        await self._act("solve", ticket)

    async def settled(self, began: float) -> None:
        """Wait until nothing is under way, or too long for that; the audit then says what is missing."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, began + self._stage.schedule.seconds - loop.time()))
        until, quiet = loop.time() + _SETTLES_WITHIN_S, 0
        last = (-1, -1)
        while quiet < _QUIET_LOOKS and loop.time() < until:
            await asyncio.sleep(_LOOK_EVERY_S)
            sent = [await self._stage.networks.sent(network) for network in self._stage.schedule.networks]
            now = (sum(map(len, sent)), len(self._answers))
            is_busy = await asyncio.to_thread(self.ledger.busy) or self._waiting or self._unheard(sent)
            quiet = 0 if is_busy or now != last else quiet + 1
            last = now

    def _unheard(self, sent: list[list[dict[str, Any]]]) -> bool:
        """Whether something that an agent said is nowhere yet; perhaps it is ambiguous, and will not be."""
        texts = "\n".join(one["text"] for each in sent for one in each)
        missing = [answer for answer in self._answers if answer.words not in texts]
        return bool(missing) and not self.ledger.holds([answer.words for answer in missing])

    async def seen(self) -> Seen:
        """What the simulators saw."""
        stage = self._stage
        networks = stage.schedule.networks
        return Seen(
            posted=stage.posted,
            sent={network: await stage.networks.sent(network) for network in networks},
            tickets=await self._tickets(),
            answers=self._answers,
            windows=self.happened.windows,
            ours=frozenset(itertools.chain(stage.greetings, stage.before)),
            people=frozenset((network, one) for network in networks for one in stage.cast[network].everybody),
            bots={network: stage.cast[network].bot for network in networks},
        )


__all__ = ["DrillError", "Result", "drill", "plan"]
