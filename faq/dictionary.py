"""What a language's words are, and how people shorten them."""

from __future__ import annotations

import gzip
import json
from functools import cache
from heapq import nlargest
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from faq.cleaning import words

if TYPE_CHECKING:
    from collections.abc import Iterable

COMMON = 20_000  # of a language's words: what a misspelling may stand for although the FAQ does not use it
# Nearly every short row of letters is in a dictionary (abbreviations, names): only frequent ones count as words.
COMMON_SHORT = {1: 500, 2: 500, 3: 2_000, 4: 8_000}


class Dictionary:
    """The words of one language as they are written, in lower case.

    Attributes:
        common: The most frequent ones, most frequent first: folded form to written form.
    """

    def __init__(self, frequency: dict[str, int]) -> None:
        ranked = nlargest(COMMON, frequency, key=lambda word: (frequency[word], word))
        rank = {word: at for at, word in enumerate(ranked)}
        known = (word for word in frequency if rank.get(word, COMMON) < COMMON_SHORT.get(len(word), COMMON + 1))
        # Hashes in an array take 8 bytes a word where a set of strings takes a hundred.
        self._hashes = _sorted_hashes(known)
        self.common: dict[str, str] = {}
        for word in ranked:
            key = word if word.isascii() and word.isalpha() else "".join(words(word))
            self.common.setdefault(key, word)

    def __contains__(self, word: str) -> bool:
        at = int(np.searchsorted(self._hashes, hash(word)))
        return at < len(self._hashes) and int(self._hashes[at]) == hash(word)

    def __len__(self) -> int:
        return len(self._hashes)


@cache
def dictionary(language: str) -> Dictionary:
    """Give the dictionary of a language by its two-letter code, empty where there is none."""
    shipped = files("spellchecker") / "resources" / f"{language}.json.gz"
    return Dictionary(json.loads(gzip.decompress(shipped.read_bytes())) if shipped.is_file() else {})


@cache
def shorthand(language: str) -> dict[str, str]:
    """Give a language's usual shortenings, each with the words it stands for; empty where none are known."""
    shipped = files("faq") / "shorthand" / f"{language}.txt"
    lines = shipped.read_text(encoding="utf-8").splitlines() if shipped.is_file() else []
    return {short: full for short, _, full in (line.partition(" ") for line in lines)}


def _sorted_hashes(found: Iterable[str]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.sort(np.fromiter(map(hash, found), dtype=np.int64))
