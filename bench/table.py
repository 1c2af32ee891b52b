"""The table of `bench.speed`, and what was aimed at beside what was found."""

from __future__ import annotations

import statistics
from collections import defaultdict
from typing import TYPE_CHECKING

from bench.peers.driver import IN_FLIGHT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

Figures = dict[str, float]
Rounds = list[tuple[str, str, "list[Figures] | str"]]

TITLE = 36
# What a column is called (over two lines), its key, its width and its decimals.
_COLUMNS = (
    (f"{IN_FLIGHT} at once", "msg/s", "many", 11, 0),
    ("best", "", "best", 8, 0),
    ("alone", "msg/s", "alone", 8, 0),
    ("p50", "ms", "p50_ms", 8, 2),
    ("p99", "ms", "p99_ms", 8, 2),
    ("50/s p50", "ms", "paced_p50_ms", 10, 2),
    ("p99", "ms", "paced_p99_ms", 8, 2),
    ("CPU", "us/msg", "cpu_us", 8, 0),
    ("RSS", "MB", "rss_mb", 6, 0),
    ("start", "s", "start_s", 7, 2),
    ("idle", "%", "idle_percent", 6, 2),
)
_KINDS = {"noop": "no-op", "wratio": "WRatio", "lexical": "own matchers", "default": "", "engine": "no pipeline"}
_AIMS = {"noop": (1.0,), "wratio": (0.9,), "lexical": (1.0, 3.0)}  # of the fastest peer of the kind
_A_CORE, _P50_MS, _P99_MS = 600, 2.0, 10.0
_ALONE = {"ledger alone, SQLite": 20_000, "ledger alone, PostgreSQL": 4_400}


def show(contests: Rounds, peers: Collection[str], ours: Mapping[str, str]) -> None:
    """Print all: each contestant's title, its matcher and its rounds, or why it has none; `ours` are judged."""
    for line in (0, 1):
        print(
            f"  {'':<{TITLE}}"
            + "".join(f"{column[line]:>{column[3]}}" for column in _COLUMNS)
            + "  wrong"[: 7 - 7 * line]
        )
    for row, kind in _KINDS.items():
        if kind:
            print(f" {kind}")
        for title, of, rounds in contests:
            if of == row:
                print(f"  {title:<{TITLE}}{rounds if isinstance(rounds, str) else _cells(rounds)}")
    print("Aims")
    finished = [(title, row, rounds) for title, row, rounds in contests if isinstance(rounds, list)]
    for title, what, reached in _judged(finished, peers, ours):
        print(f"  {title:<{TITLE}}{what}: {'reached' if reached else 'MISSED'}")


def _cells(rounds: list[Figures]) -> str:
    line = ""
    for *_, key, width, decimals in _COLUMNS:
        found = max(one["many"] for one in rounds) if key == "best" else _median(rounds, key)
        line += f"{'' if found is None else format(found, f'.{decimals}f'):>{width}}"
    asked = sum(one.get("asked", 0) for one in rounds)
    return line + (f"  {sum(one['wrong'] for one in rounds):.0f} of {asked:.0f}" if asked else "")


def _median(rounds: list[Figures], key: str) -> float | None:
    found = [one[key] for one in rounds if key in one]
    return statistics.median(found) if found else None


def _judged(
    contests: list[tuple[str, str, list[Figures]]], peers: Collection[str], ours: Mapping[str, str]
) -> Iterator[tuple[str, str, bool]]:
    fastest: defaultdict[str, tuple[float, str]] = defaultdict(lambda: (0.0, "nobody"))
    for title, row, rounds in contests:
        if title in peers:  # at what suits it better: one after another or many at once
            rate = max(_median(rounds, "many") or 0, _median(rounds, "alone") or 0)
            fastest[row] = max(fastest[row], (rate, title))
    for title, row, rounds in contests:
        rate = _median(rounds, "many") or 0
        if title in _ALONE:
            yield title, f"{rate:.0f}/s; aim {_ALONE[title]}", rate >= _ALONE[title]
        if title not in ours:
            continue
        if row == "default":
            a_core = 1e6 / (_median(rounds, "cpu_us") or 1)
            yield title, f"{a_core:.0f}/s a core, by its CPU; aim {_A_CORE}", a_core >= _A_CORE
            continue
        peer, name = fastest["noop" if row == "noop" else "wratio"]
        for least in _AIMS[row] if peer else ():
            what = f"{rate:.0f}/s is {rate / peer:.2f} of the fastest peer ({name}, {peer:.0f}/s); aim {least:g}"
            yield title, what, rate >= least * peer
        p50_ms, p99_ms = _median(rounds, "paced_p50_ms") or 0, _median(rounds, "paced_p99_ms") or 0
        what = f"p50 {p50_ms:.2f} ms and p99 {p99_ms:.2f} ms at 50/s; aim {_P50_MS:g} and {_P99_MS:g}"
        yield title, what, p50_ms < _P50_MS and p99_ms < _P99_MS
