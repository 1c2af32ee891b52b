"""Words that differ from a word by few edits, found without comparing it with all of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import OSA

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

MIN_LIKENESS = 0.78  # 1 - edits / length of the longer word
MAX_CHARS = 60
_BITS = np.uint64(63)


class NearWords:
    """N words, sorted by length, each with a 64-bit set of its letters.

    An edit changes at most two bits of the set, so that words with more bits changed need no comparison: of 50,000
    words some dozens are left.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._words = sorted((word for word in words if 0 < len(word) <= MAX_CHARS), key=lambda word: (len(word), word))
        lengths = [len(word) for word in self._words]
        self._starts = np.searchsorted(lengths, np.arange(MAX_CHARS * 2))
        self._masks = _masks(self._words, lengths)

    def find(self, word: str) -> list[tuple[str, int]]:
        """Give the words that are at least 78 % like this one, with the number of edits."""
        shortest = min(math.ceil(len(word) * MIN_LIKENESS), len(word) - 1)
        longest = max(math.floor(len(word) / MIN_LIKENESS), len(word) + 1)
        if not word or longest > MAX_CHARS or not self._words:
            return []
        edits = max(math.floor(longest * (1 - MIN_LIKENESS)), 1)
        span = slice(self._starts[shortest], self._starts[longest + 1])
        changed = np.bitwise_count(self._masks[span] ^ _masks([word], [len(word)]))
        places = np.flatnonzero(changed <= 2 * edits) + span.start
        choices = [self._words[place] for place in places.tolist()]
        found = process.extract(word, choices, scorer=OSA.distance, score_cutoff=edits, limit=None)
        return [
            (near, int(distance))
            for near, distance, _ in found
            if distance <= max((1 - MIN_LIKENESS) * max(len(near), len(word)), 1)
        ]


def _masks(words: list[str], lengths: list[int]) -> NDArray[np.uint64]:
    if not words:
        return np.zeros(0, dtype=np.uint64)
    codes = np.frombuffer("".join(words).encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint64)
    starts = np.cumsum([0, *lengths[:-1]])
    masks: NDArray[np.uint64] = np.bitwise_or.reduceat(np.uint64(1) << (codes & _BITS), starts)
    return masks
