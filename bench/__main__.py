"""``make bench``: speed, memory and start-up of the bot, a plain loop beside it; desks, networks, matchers after it.

Wall-clock figures depend on the machine and its other work: compare the ratios, and the medians of the rounds.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from rapidfuzz import fuzz, process

from bench import desks, matching, networks
from bench.load import Bench, bench, faq_of, questions, run_bot, run_plain
from faq.matching import Candidate, FaqMatcher, Matches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from faq.entries import Faq

_ROUNDS = 3
_ENTRIES = 500
_MESSAGES = 1000
_IN_FLIGHT = 64
_MEMORY_MESSAGES, _MEMORY_PEOPLE, _WARM = 100_000, 5_000, 10_000
_ROOT = Path(__file__).parents[1]
_START = (str(Path(sys.executable).with_name("firstline")), "run", "--config")


class Known(FaqMatcher):
    """Answers everything with the first entry: what is measured is the bot without the matcher."""

    def __init__(self, faq: Faq) -> None:  # the calibration of a real one takes seconds
        self.faq = faq
        self._first = Matches(decision="answer", candidates=(Candidate(entry=faq.entries[0].id, score=0.99),))

    def match(self, texts: Sequence[str], languages: Sequence[str | None] | None = None) -> list[Matches]:
        """The first entry for each."""
        assert languages is not None
        return [self._first] * len(texts)


class Plain(Known):
    """Answers with what rapidfuzz's extractOne with WRatio finds, as the plain loop does."""

    def __init__(self, faq: Faq) -> None:
        super().__init__(faq)
        self._choices = [entry.question for entry in faq.entries]

    def match(self, texts: Sequence[str], languages: Sequence[str | None] | None = None) -> list[Matches]:
        """The best entry for each."""
        for text in texts:
            process.extractOne(text, self._choices, scorer=fuzz.WRatio)
        return super().match(texts, languages)


def main() -> None:
    """Measure and print."""
    faq = faq_of(_ENTRIES)
    asked = questions(faq, _MESSAGES)
    own = FaqMatcher(faq)
    print(f"Speed: {_MESSAGES} messages, {_ENTRIES} entries, median of {_ROUNDS} rounds; SQLite, WAL, synchronous=FULL")
    plain: list[float] = []
    rows: dict[str, list[tuple[float, float, float, float]]] = {}
    for _ in range(_ROUNDS):
        plain.append(asyncio.run(run_plain(faq, asked)))
        for name, matcher in (("no matcher", Known(faq)), ("WRatio", Plain(faq)), ("our matcher", own)):
            for in_flight in (1, _IN_FLIGHT):
                key = f"durable, {name}, {in_flight} in flight"
                some = asked if in_flight > 1 else asked[: _MESSAGES // 3]
                rows.setdefault(key, []).append(asyncio.run(_speed(matcher, some, in_flight)))
    baseline = statistics.median(plain)
    print(f"  {'':<38} {'msg/s':>8} {'of plain':>9} {'p50 ms':>8} {'p99 ms':>8} {'CPU us':>8}")
    print(f"  {'plain loop, WRatio, nothing stored':<38} {baseline:>8.0f} {1:>8.2f}x")
    for name, rounds in rows.items():
        rate, p50, p99, cpu = (statistics.median(column) for column in zip(*rounds, strict=True))
        print(f"  {name:<38} {rate:>8.0f} {rate / baseline:>8.2f}x {p50:>8.2f} {p99:>8.2f} {cpu:>8.0f}")
    asyncio.run(_memory())
    _start_up()
    desks.main()
    networks.main([])
    matching.main([])


async def _speed(matcher: FaqMatcher, asked: Sequence[str], in_flight: int) -> tuple[float, float, float, float]:
    with _folder() as folder:
        async with bench(Path(folder), matcher) as bot:
            await run_bot(bot, asked[:100], in_flight)
            bot.latencies_s.clear()
            cpu_s = time.process_time()
            rate = await run_bot(bot, asked, in_flight)
            cpu_s = time.process_time() - cpu_s
            cuts = statistics.quantiles(bot.latencies_s, n=100)
            return rate, cuts[49] * 1e3, cuts[98] * 1e3, cpu_s / len(asked) * 1e6


async def _memory() -> None:
    """Messages of many people, decided and posted: what the process holds before and after."""
    faq = faq_of(20)
    asked = questions(faq, 1000)
    process_ = psutil.Process()
    with _folder() as folder:
        async with bench(Path(folder), Known(faq), post=True) as bot:
            await _many(bot, asked, _WARM)
            before = process_.memory_info().rss
            started = time.perf_counter()
            await _many(bot, asked, _MEMORY_MESSAGES // 2)
            halfway = process_.memory_info().rss
            await _many(bot, asked, _MEMORY_MESSAGES // 2)
            elapsed_s = time.perf_counter() - started
            after = process_.memory_info().rss
            ledger = _size(Path(folder))
    print(f"Memory: {_MEMORY_MESSAGES} messages of {_MEMORY_PEOPLE} people, decided and their replies posted")
    growth = f"{(after - before) / 1e6:+.1f} MB, of which the second half {(after - halfway) / 1e6:+.1f} MB"
    print(f"  RSS {before / 1e6:.1f} MB before, {after / 1e6:.1f} MB after: {growth}")
    print(f"  {_MEMORY_MESSAGES / elapsed_s:.0f} messages/s; the ledger has {ledger / 1e6:.0f} MB")


async def _many(bot: Bench, asked: Sequence[str], number: int) -> None:
    for start in range(0, number, 1000):
        await asyncio.gather(
            *(bot.ask((start + i) % _MEMORY_PEOPLE, asked[i % len(asked)]) for i in range(min(1000, number - start)))
        )
        bot.latencies_s.clear()
    await bot.idle()


def _start_up() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FIRSTLINE_")}
    nothing = [_timed([sys.executable, "-c", ""], environment) for _ in range(_ROUNDS)]
    imports = [_timed([sys.executable, "-c", "import bots.supervisor"], environment) for _ in range(_ROUNDS)]
    with _folder() as folder:
        config = Path(folder) / "firstline.toml"
        config.write_text('data_dir = "."\n[web]\nport = 0\n[channels.webchat]\n', encoding="utf-8")
        starts = [_until_running(config, environment) for _ in range(_ROUNDS + 1)]
    print("Start-up: median seconds, with the sample FAQ and the live chat")
    first, later = starts[0], statistics.median(starts[1:])
    print(f"  firstline run until it is running  {later:.2f} (the first time, with a new ledger: {first:.2f})")
    print(f"  import bots.supervisor             {statistics.median(imports) - statistics.median(nothing):.2f}")


def _timed(command: list[str], environment: dict[str, str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, cwd=_ROOT, env=environment)  # noqa: S603 - our own interpreter
    return time.perf_counter() - started


def _until_running(config: Path, environment: dict[str, str]) -> float:
    started = time.perf_counter()
    with subprocess.Popen([*_START, str(config)], stdout=subprocess.PIPE, env=environment, text=True) as bot:  # noqa: S603
        assert bot.stdout is not None
        for line in bot.stdout:
            if "is running" in line:
                break
        elapsed_s = time.perf_counter() - started
        bot.terminate()
        bot.stdout.read()
    assert bot.returncode == 0
    return elapsed_s


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


def _folder() -> tempfile.TemporaryDirectory[str]:
    """On the disk of the checkout: /tmp may be memory, where nothing is durable."""
    return tempfile.TemporaryDirectory(dir=_ROOT, prefix=".bench-")


if __name__ == "__main__":
    main()
