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
        self._starts = np.searchsorted(lengths, np.arange(MAX_CHARS * 2)).tolist()
        self._masks = _masks(self._words, lengths)

    def find(self, word: str) -> list[tuple[str, int]]:
        """Give the words that are at least 78 % like this one, with the number of edits."""
        size = len(word)
        if not 0 < size < MAX_CHARS or not self._words:
            return []
        own = _masks([word], [size])[0]
        choices: list[str] = []
        for length in range(max(_shortest(size), 1), _longest(size) + 1):
            start, end = self._starts[length], self._starts[length + 1]
            # Each letter more or fewer changes one bit only.
            bits = 2 * _edits(size, length) - abs(size - length)
            places = np.flatnonzero(np.bitwise_count(self._masks[start:end] ^ own) <= bits)
            choices += [self._words[start + place] for place in places.tolist()]
        found = process.extract(
            word, choices, scorer=OSA.distance, score_cutoff=_edits(size, _longest(size)), limit=None
        )
        return [(near, int(edits)) for near, edits, _ in found if edits <= _edits(size, len(near))]


def _edits(one: int, other: int) -> int:
    """Give how many edits there may be between words of these lengths: one, or 22 % of the longer."""
    return max(math.floor(max(one, other) * (1 - MIN_LIKENESS)), 1)


def _shortest(size: int) -> int:
    return min(math.ceil(size * MIN_LIKENESS), size - 1)


def _longest(size: int) -> int:
    return max(math.floor(size / MIN_LIKENESS), size + 1)


def _masks(words: list[str], lengths: list[int]) -> NDArray[np.uint64]:
    if not words:
        return np.zeros(0, dtype=np.uint64)
    codes = np.frombuffer("".join(words).encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint64)
    starts = np.cumsum([0, *lengths[:-1]])
    masks: NDArray[np.uint64] = np.bitwise_or.reduceat(np.uint64(1) << (codes & _BITS), starts)
    return masks
