"""``make bench``: speed beside other frameworks, start-up and memory; then desks, networks and matchers.

Wall-clock figures depend on the machine and its other work: compare the ratios, and the CPU that a message takes.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

from bench import desks, matching, memory, networks, speed, starting

_ROOT = Path(__file__).parents[1]
_PARTS = ("speed", "start", "memory", "desks", "networks", "matching")
_RSS_MB = {"lexical": 110, "default": 260}
_ACCEPTING_S, _ANSWERING_S, _IDLE_PERCENT = 0.8, 2.0, 0.1


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", choices=_PARTS, nargs="+", default=_PARTS, help="these parts alone")
    parser.add_argument("--messages", type=int, default=10_000, help="of the speed's rounds")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", choices=speed.OURS, nargs="+", default=list(speed.OURS), help="ours, by matcher")
    parser.add_argument("--peers", choices=(*speed.PEERS, "none"), nargs="+", default=list(speed.PEERS))
    options = parser.parse_args()
    print(speed.machine(), flush=True)
    if "speed" in options.only:
        with _folder() as folder:
            peers = [name for name in options.peers if name != "none"]
            speed.main(Path(folder), options.messages, options.rounds, options.rows, peers)
    if "start" in options.only:
        _start(options.rounds)
    if "memory" in options.only:
        memory.main([])
    if "desks" in options.only:
        desks.main()
    if "networks" in options.only:
        networks.main([])
    if "matching" in options.only:
        matching.main([])


def _start(rounds: int) -> None:
    print(
        "Start: firstline run, the live chat, 500 entries, the ledger migrated and the FAQ's cache on the disk; median"
    )
    print(f"  {'':<20}{'accepting s':>12}{'answering s':>12}{'RSS MB':>8}{'idle %':>8}")
    for matcher, most_mb in _RSS_MB.items():
        with _folder() as folder:
            starts = starting.measure(matcher, Path(folder), rounds, idle_s=20.0)
        accepting_s, answering_s, rss_mb = (
            statistics.median(figures)
            for figures in zip(*((one.accepting_s, one.answering_s, one.rss_mb) for one in starts), strict=True)
        )
        idle = starts[-1].idle_percent
        print(f"  {matcher:<20}{accepting_s:>12.2f}{answering_s:>12.2f}{rss_mb:>8.0f}{idle:>8.2f}")
        for what, figure, most in (
            ("accepting", accepting_s, _ACCEPTING_S),
            ("answering", answering_s, _ANSWERING_S),
            ("RSS", rss_mb, most_mb),
            ("idle", idle, _IDLE_PERCENT),
        ):
            print(f"    {what}: aim under {most:g}, {'reached' if figure < most else 'MISSED'}", flush=True)


def _folder() -> tempfile.TemporaryDirectory[str]:
    """On the disk of the checkout: /tmp may be memory, where nothing is durable."""
    return tempfile.TemporaryDirectory(dir=_ROOT, prefix=".bench-")


if __name__ == "__main__":
    main()
