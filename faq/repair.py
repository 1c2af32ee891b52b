"""Misspelt words repaired towards the words of the FAQ."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

from rapidfuzz import process
from rapidfuzz.distance import OSA

if TYPE_CHECKING:
    from collections.abc import Iterable

MIN_REPAIRED_CHARS, MAX_REPAIRED_CHARS = 4, 40
MIN_REPAIR_LIKENESS = 0.78
MAX_REPAIRS = 24  # unknown words looked up for one message


class Repair:
    """Knows the words of an FAQ; what is none of them is perhaps a misspelling of one."""

    def __init__(self, vocabulary: Iterable[str]) -> None:
        self._known = frozenset(vocabulary)
        self._by_length: dict[int, list[str]] = {}
        for word in sorted(self._known):
            self._by_length.setdefault(len(word), []).append(word)
        self._closest = lru_cache(maxsize=4096)(self._find_closest)

    def repairs(self, spoken: Iterable[str]) -> dict[str, str]:
        """Give, for words that no phrasing holds, the FAQ's word they are most likely a misspelling of.

        At most 24 different unknown words of one message are looked up.
        """
        unknown = [word for word in dict.fromkeys(spoken) if word not in self._known][:MAX_REPAIRS]
        return {word: self._closest(word) for word in unknown if MIN_REPAIRED_CHARS <= len(word) <= MAX_REPAIRED_CHARS}

    def forget(self) -> None:
        """Empty the memory of words already looked up, so that work can be measured."""
        self._closest.cache_clear()

    def _find_closest(self, word: str) -> str:
        if not word.isalpha():
            return word
        # A word whose length differs by more could not reach the likeness asked for.
        shortest = math.ceil(len(word) * MIN_REPAIR_LIKENESS)
        longest = math.floor(len(word) / MIN_REPAIR_LIKENESS)
        choices = [known for size in range(shortest, longest + 1) for known in self._by_length.get(size, ())]
        best = process.extractOne(word, choices, scorer=OSA.normalized_similarity, score_cutoff=MIN_REPAIR_LIKENESS)
        return best[0] if best is not None else word
