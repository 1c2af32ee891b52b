"""How the cost of something grows with its input: a ratio within one run, never a time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

TOO_STEEP = 10.0
"""Four times the input costs about 4 times as much where the work is linear, 16 times where it is quadratic."""


def growth(work: Callable[[str], object], text: str) -> float:
    """CPU time for a text over that for its first quarter, the best of several runs each."""
    return _cpu_s(work, text) / _cpu_s(work, text[: len(text) // 4])


def _cpu_s(work: Callable[[str], object], text: str) -> float:
    best_s = float("inf")
    for _ in range(5):
        start = time.process_time()
        work(text)
        best_s = min(best_s, time.process_time() - start)
    return max(best_s, 2e-4)  # below that the clock's own steps are what is measured
