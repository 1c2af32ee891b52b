"""What a language's words are, and how people shorten them."""

from __future__ import annotations

import gzip
import json
from functools import cache
from importlib.resources import files

import numpy as np

from faq.text.cleaning import words

COMMON = 20_000  # of a language's words: what a misspelling may stand for although the FAQ does not use it
# Nearly every short row of letters is in a dictionary (abbreviations, names): only frequent ones count as words.
COUNTED = np.array(
    [0, 500, 500, 2_000, 8_000, np.iinfo(np.int64).max]
)  # of words with 0, 1 … letters, the most frequent


class Dictionary:
    """The words of one language as they are written, in lower case.

    Attributes:
        common: The most frequent ones, most frequent first: folded form to written form.
    """

    def __init__(self, frequency: dict[str, int]) -> None:
        found = list(frequency)
        ranked = np.argsort(-np.fromiter(frequency.values(), dtype=np.int64), kind="stable")
        rank = np.empty(len(found), dtype=np.int64)
        rank[ranked] = np.arange(len(found))
        lengths = np.minimum(np.fromiter(map(len, found), dtype=np.intp), len(COUNTED) - 1)
        hashes = np.fromiter(map(hash, found), dtype=np.int64)
        # Hashes in an array take 8 bytes a word where a set of strings takes a hundred.
        self._hashes = np.sort(hashes[rank < COUNTED[lengths]])
        self.common: dict[str, str] = {}
        for word in (found[at] for at in ranked[:COMMON].tolist()):
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
    shipped = files("faq.text") / "shorthand" / f"{language}.txt"
    lines = shipped.read_text(encoding="utf-8").splitlines() if shipped.is_file() else []
    return {short: full.lower() for short, _, full in (line.partition(" ") for line in lines)}
