"""Measures one contestant in this process: ``python -m bench.peers.driver MODULE ROW WORK``; a line of JSON at the end.

A contestant is a module with ``started(row, work)``, which gives a `Contestant` while the bot runs. It is asked one
message after another, then many at a time, then so many a second; each message is a new person's. When all is
measured, each reply is held against the one that is due. This file runs in the peers' environment too: nothing of the
bot is imported here.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import psutil

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence
    from contextlib import AbstractAsyncContextManager

IN_FLIGHT = 64


@dataclass(frozen=True, slots=True)
class Work:
    """What all are given: the FAQ's questions and answers, and the messages of each part of the measurement.

    Attributes:
        paced_per_s: Messages a second in the last part; 0 leaves it out.
        idle_s: How long the idle bot is watched; 0 leaves it out.
        folder: Where a contestant may keep what it makes.
        place: The ledger's address, where it is not a file in `folder`.
        replies: The file with the reply that is due for each message.
    """

    questions: list[str]
    answers: list[str]
    warm: list[str]
    alone: list[str]
    many: list[str]
    paced: list[str]
    paced_per_s: float
    idle_s: float
    folder: str
    place: str
    replies: str


@dataclass(frozen=True, slots=True)
class Contestant:
    """A running bot: `ask` says a person's message and gives the reply; `settle` waits until nothing is left to do."""

    ask: Callable[[int, str], Awaitable[str]]
    settle: Callable[[], Awaitable[None]] | None = None


class Started(Protocol):
    """What a contestant's module has."""

    def started(self, row: str, work: Work) -> AbstractAsyncContextManager[Contestant]:
        """Start the bot with this row's matcher."""


def answering(row: str, work: Work) -> Callable[[str], str]:
    """A peer's handler: the best of the FAQ by WRatio, or for "noop" the first answer."""
    if row == "noop":
        return lambda _: work.answers[0]
    from rapidfuzz import fuzz, process  # noqa: PLC0415 - not counted as start-up where it is not used

    return lambda text: work.answers[process.extractOne(text, work.questions, scorer=fuzz.WRatio)[2]]


async def measure(module: Started, row: str, work: Work, begun_s: float) -> dict[str, float]:
    """Every figure of one contestant; `begun_s` is when its process was started, on the machine's monotonic clock."""
    process, latencies_s, said = psutil.Process(), list[float](), list[tuple[str, str]]()

    people = count(1)

    async def say(text: str) -> None:
        asked_s = time.perf_counter()
        reply = await bot.ask(next(people), text)
        latencies_s.append(time.perf_counter() - asked_s)
        said.append((text, reply))

    async def timed(texts: Sequence[str], in_flight: int) -> tuple[float, float, float, float]:
        latencies_s.clear()
        cpu_s, wall_s, waiting = time.process_time(), time.perf_counter(), iter(texts)

        async def one_after_another() -> None:
            for text in waiting:
                await say(text)

        await asyncio.gather(*(one_after_another() for _ in range(in_flight)))
        if bot.settle is not None:
            await bot.settle()
        wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
        return len(texts) / wall_s, cpu_s / len(texts) * 1e6, *quantiles_ms(latencies_s)

    async with module.started(row, work) as bot:
        found = {"start_s": time.monotonic() - begun_s}
        await timed(work.warm, IN_FLIGHT)
        found["alone"], _, found["p50_ms"], found["p99_ms"] = await timed(work.alone, 1)
        found["many"], found["cpu_us"], _, found["many_p99_ms"] = await timed(work.many, IN_FLIGHT)
        if work.paced_per_s:
            latencies_s.clear()
            await paced(say, work.paced, work.paced_per_s)
            found["paced_p50_ms"], found["paced_p99_ms"] = quantiles_ms(latencies_s)
        found["rss_mb"] = process.memory_info().rss / 1e6
        if work.idle_s:
            cpu_s = time.process_time()
            await asyncio.sleep(work.idle_s)
            found["idle_percent"] = (time.process_time() - cpu_s) / work.idle_s * 100
    due = _read(work.replies)
    wrong = [(text, reply) for text, reply in said if reply != due[text]]
    for text, reply in wrong[:3]:
        print(f"{text!r} was answered {reply!r} instead of {due[text]!r}", file=sys.stderr)
    return found | {"asked": len(said), "wrong": len(wrong)}


async def paced(say: Callable[[str], Coroutine[Any, Any, None]], texts: Sequence[str], per_s: float) -> None:
    """Say so many a second, whether the earlier ones are answered or not."""
    begun_s, saying = time.perf_counter(), list[asyncio.Task[None]]()
    for number, text in enumerate(texts):
        await asyncio.sleep(max(0.0, begun_s + number / per_s - time.perf_counter()))
        saying.append(asyncio.create_task(say(text)))
    await asyncio.gather(*saying)


def quantiles_ms(times_s: Sequence[float]) -> tuple[float, float]:
    """The 50th and the 99th percentile, in milliseconds."""
    cuts = statistics.quantiles(times_s, n=100, method="inclusive")
    return cuts[49] * 1e3, cuts[98] * 1e3


def _read(file: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(file).read_text(encoding="utf-8"))
    return found


def main() -> None:
    """Measure and print."""
    name, row, file, begun = sys.argv[1:]
    work = Work(**_read(file))
    module: Any = importlib.import_module(name)
    print(json.dumps(asyncio.run(measure(module, row, work, float(begun)))), flush=True)


if __name__ == "__main__":
    main()
