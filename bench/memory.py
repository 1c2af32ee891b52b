"""``python -m bench.memory``: memory under an hour's traffic, with a backlog of 100,000, and a start with that backlog.

Each part is a process of its own on an own ledger, so that none inherits what another one grew. Figures are resident
memory; a growth is told against what the same process held when it was idle, or warm.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import multiprocessing
import tempfile
import time
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from bench.load import Taking, house, matcher, message
from bench.made_up import faq_and_messages
from bots.delivery import Delivery
from bots.ledger.ledger import Ledger
from bots.matching import MatchBatches
from bots.pipeline.decision import Policy
from bots.worker import Worker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence

    from adapters.base import IncomingMessage, Reply

_ROOT = Path(__file__).parents[1]
_ROWS = ("noop", "lexical")
_ENTRIES = 100
_PER_MINUTE, _MULTIPLE = 100, 7
_PEOPLE = 5_000
_SAMPLES = 10
_BACKLOG, _CONVERSATIONS = 100_000, 20_000
_WARM = 1_000
_PAGE = 500
_NEW_PERSON = _CONVERSATIONS + 1


class _Shut(Taking):
    """A channel on which nothing can be posted for now: replies wait."""

    async def send(self, reply: Reply) -> str:
        """Wait."""
        await asyncio.Event().wait()
        return reply.key


@dataclass(frozen=True, slots=True)
class _Inside:
    """A bot without its command line, on one ledger."""

    ledger: Ledger
    worker: Worker
    delivery: Delivery


@asynccontextmanager
async def _inside(folder: Path, row: str, channel: Taking) -> AsyncIterator[_Inside]:
    faq = faq_and_messages(_ENTRIES, 2, 0)[0]
    asked, words = matcher(row, faq, None), house(faq)
    with Ledger(folder / "bench.db") as ledger:
        delivery = Delivery(ledger.outbox, [channel])
        worker = Worker(
            ledger,
            MatchBatches(lambda: asked),
            lambda: words,
            policy=Policy(),
            on_commit=lambda committed: delivery.add(committed.outgoing),
        )
        yield _Inside(ledger, worker, delivery)
        await worker.stop()
        await delivery.stop()


def _messages(number: int, people: int, start: int = 1) -> Iterator[IncomingMessage]:
    """Messages of so many people in turn, the same at each call, numbered from `start` on."""
    texts = faq_and_messages(_ENTRIES, 2, 1000)[1]
    return (message(start + at, texts[at % len(texts)].text, at % people) for at in range(number))


def _resident_mb() -> float:
    gc.collect()
    return psutil.Process().memory_info().rss / 1e6


def _pages(messages: Iterator[IncomingMessage]) -> Iterator[list[IncomingMessage]]:
    while page := list(islice(messages, _PAGE)):
        yield page


async def _work_off(bot: _Inside, messages: Iterator[IncomingMessage]) -> None:
    for page in _pages(messages):
        await bot.worker.deliver(page)
    await bot.worker.idle()


async def soak(folder: Path, number: int, row: str) -> dict[str, float]:
    """An hour's messages, decided and their replies posted; memory after each tenth, the first being the warm-up."""
    step = number // _SAMPLES
    async with _inside(folder, row, Taking()) as bot:
        held, started = [], time.perf_counter()
        for at in range(_SAMPLES):
            await _work_off(bot, _messages(step, _PEOPLE, 1 + at * step))
            await bot.delivery.idle()
            held.append(_resident_mb())
        elapsed_s = time.perf_counter() - started
    warm, *later = held
    halfway = len(held) // 2
    return {
        "warm_mb": warm,
        "last_mb": later[-1],
        "most_percent": 100 * (max(later) / warm - 1),
        "kb_per_1000": (held[-1] - held[halfway]) / (len(held) - 1 - halfway) / step * 1e6,
        "per_s": number / elapsed_s,
    }


async def blocked(folder: Path, number: int, people: int) -> dict[str, float]:
    """So many messages are decided while nothing can be posted: all replies wait."""
    async with _inside(folder, "noop", _Shut()) as bot:
        await _work_off(bot, _messages(_WARM, _WARM))
        idle, started = _resident_mb(), time.perf_counter()
        await _work_off(bot, _messages(number, people, _WARM + 1))
        return {"growth_mb": _resident_mb() - idle, "per_s": number / (time.perf_counter() - started)}


async def leave(folder: Path, number: int, people: int) -> dict[str, float]:
    """Accept so many messages and decide none of them, as when the bot is killed."""
    with Ledger(folder / "bench.db") as ledger:
        for page in _pages(_messages(number, people)):
            await ledger.accept(page)
    return {}


async def restart(folder: Path, number: int, row: str) -> dict[str, float]:
    """Start with that: when a message of somebody else has its outcome, and what is held until all have."""
    new = message(number + 1, "is anybody there", _NEW_PERSON)
    outcome = "SELECT 1 FROM outcomes o JOIN inbound i ON i.id = o.inbound_id WHERE i.dedupe_key = ?"
    async with _inside(folder, row, _Shut()) as bot:  # the matcher is there already: that is a row of the start-up
        idle, started = _resident_mb(), time.perf_counter()
        bot.delivery.resume()
        resuming = asyncio.create_task(bot.worker.resume())
        await asyncio.sleep(0)
        await bot.worker.deliver([new])
        while bot.ledger.reader.execute(outcome, (new.dedupe_key,)).fetchone() is None:
            await asyncio.wait({resuming}, timeout=0.005)
        serving_s, most = time.perf_counter() - started, _resident_mb()
        while not resuming.done():
            await asyncio.wait({resuming}, timeout=1.0)
            most = max(most, _resident_mb())
        await bot.worker.idle()
        return {"serving_s": serving_s, "growth_mb": most - idle, "all_s": time.perf_counter() - started}


def _apart(part: Callable[..., Any], *arguments: object) -> dict[str, float]:
    """Run a part in a fresh process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        measured: dict[str, float] = pool.apply(_run, (part, arguments))
    return measured


def _run(part: Callable[..., Any], arguments: tuple[object, ...]) -> dict[str, float]:
    measured: dict[str, float] = asyncio.run(part(*arguments))
    return measured


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.memory", description=__doc__)
    parser.add_argument("--messages", type=int, default=_PER_MINUTE * _MULTIPLE * 60, help="of the soak")
    parser.add_argument("--backlog", type=int, default=_BACKLOG, help="messages that wait")
    chosen = parser.parse_args(arguments)
    people = max(chosen.backlog * _CONVERSATIONS // _BACKLOG, 1)
    print(f"Soak: {chosen.messages} messages of {_PEOPLE} people, an hour of {_MULTIPLE} x {_PER_MINUTE} a minute")
    for row in _ROWS:
        with _folder() as folder:
            found = _apart(soak, folder, chosen.messages, row)
        print(
            "  {0:<10} {warm_mb:.1f} MB warm, {last_mb:.1f} MB at the end, at most {most_percent:+.1f} %; second half"
            " {kb_per_1000:+.1f} kB per 1,000 messages; {per_s:.0f} messages/s".format(row, **found),
            flush=True,
        )
    print(f"Backlog: {chosen.backlog} messages in {people} conversations; growth above the idle bot")
    with _folder() as folder:
        found = _apart(blocked, folder, chosen.backlog, people)
    print("  nothing can be posted: {growth_mb:+.1f} MB; {per_s:.0f} messages/s".format(**found), flush=True)
    for row in _ROWS:
        with _folder() as folder:
            _apart(leave, folder, chosen.backlog, people)
            found = _apart(restart, folder, chosen.backlog, row)
        print(
            "  restart, {0}: a new message is decided after {serving_s:.2f} s; {growth_mb:+.1f} MB until all are,"
            " after {all_s:.0f} s".format(row, **found),
            flush=True,
        )


@contextmanager
def _folder() -> Iterator[Path]:
    """On the disk of the checkout: /tmp may be memory, where nothing is durable."""
    with tempfile.TemporaryDirectory(dir=_ROOT, prefix=".bench-") as folder:
        yield Path(folder)


if __name__ == "__main__":
    main()
