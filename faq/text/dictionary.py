"""What a language's words are, and how people shorten them."""

from __future__ import annotations

import gzip
import json
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from faq.built import lines, unpacked
from faq.text.cleaning import words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from faq.built import Arrays

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

    def __init__(self, hashes: NDArray[np.uint64], common: Mapping[str, str]) -> None:
        self._hashes = hashes  # ascending: they take 8 bytes a word where a set of strings takes a hundred
        self.common = dict(common)

    @classmethod
    def of_frequencies(cls, frequency: Mapping[str, int]) -> Dictionary:
        """Make it of how often each word is met."""
        found = list(frequency)
        ranked = np.argsort(-np.fromiter(frequency.values(), dtype=np.int64), kind="stable")
        rank = np.empty(len(found), dtype=np.int64)
        rank[ranked] = np.arange(len(found))
        lengths = np.minimum(np.fromiter(map(len, found), dtype=np.intp), len(COUNTED) - 1)
        hashes = np.fromiter(map(_hash, found), dtype=np.uint64)
        common: dict[str, str] = {}
        for word in (found[at] for at in ranked[:COMMON].tolist()):
            key = word if word.isascii() and word.isalpha() else "".join(words(word))
            common.setdefault(key, word)
        return cls(np.sort(hashes[rank < COUNTED[lengths]]), common)

    @classmethod
    def of_arrays(cls, built: Arrays) -> Dictionary:
        """Give what `to_arrays` took apart."""
        common = zip(unpacked(built["keys"]), unpacked(built["forms"]), strict=True)
        return cls(built["hashes"], dict(common) if len(built["keys"]) else {})

    def to_arrays(self) -> Arrays:
        """Give it as plain arrays: reading a language's file takes 0.15 s and 30 MB."""
        return {"hashes": self._hashes, "keys": lines(self.common), "forms": lines(self.common.values())}

    def __contains__(self, word: str) -> bool:
        wanted = _hash(word)
        at = int(np.searchsorted(self._hashes, np.uint64(wanted)))
        return at < len(self._hashes) and int(self._hashes[at]) == wanted

    def __len__(self) -> int:
        return len(self._hashes)


def _hash(word: str) -> int:
    """The same in every run."""
    return int.from_bytes(blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


@cache
def dictionary(language: str) -> Dictionary:
    """Give the dictionary of a language by its two-letter code, empty where there is none."""
    shipped = files("spellchecker") / "resources" / f"{language}.json.gz"
    frequency = json.loads(gzip.decompress(shipped.read_bytes())) if shipped.is_file() else {}
    return Dictionary.of_frequencies(frequency)


@cache
def shorthand(language: str) -> dict[str, str]:
    """Give a language's usual shortenings, each with the words it stands for; empty where none are known."""
    shipped = files("faq.text") / "shorthand" / f"{language}.txt"
    lines = shipped.read_text(encoding="utf-8").splitlines() if shipped.is_file() else []
    return {short: full.lower() for short, _, full in (line.partition(" ") for line in lines)}
