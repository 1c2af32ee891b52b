"""Character and word n-grams with TF-IDF weights in an inverted index: how alike is a text to every phrasing?"""

from __future__ import annotations

from hashlib import blake2b
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

CHAR_SIZES = (2, 3, 4, 5)
MAX_POSTINGS = 60_000  # looked at for one text, rarest n-grams first: what bounds the time in a large FAQ
_BASE = np.uint64(0x9E3779B97F4A7C15)


def _char_grams(words: Sequence[str]) -> NDArray[np.uint64]:
    """Hash all 2- to 5-grams of the text, spaces between words included."""
    codes = np.frombuffer(f" {' '.join(words)} ".encode("utf-32-le"), dtype="<u4").astype(np.uint64)
    hashes = [np.zeros(0, dtype=np.uint64)]
    rolling = codes
    for size in range(2, CHAR_SIZES[-1] + 1):
        if len(codes) < size:
            break
        rolling = rolling[:-1] * _BASE + codes[size - 1 :]
        hashes.append((rolling ^ (rolling >> np.uint64(29))) * _BASE + np.uint64(size))
    return np.concatenate(hashes)


def _word_grams(words: Sequence[str]) -> NDArray[np.uint64]:
    """Hash all words and pairs of neighbouring words; the same on every machine and in every run."""
    grams = [*words, *map(" ".join, pairwise(words))]
    return np.array([int.from_bytes(blake2b(g.encode(), digest_size=8).digest()) for g in grams], dtype=np.uint64)


class GramIndex:
    """TF-IDF cosine of a text with each of N phrasings.

    N-grams that no phrasing holds count in the text's length as the rarest known ones do: a text of mostly unknown
    words is like nothing, and a phrasing held out of the index is weighed exactly as an unseen message would be.
    """

    def __init__(self, phrasings: Sequence[Sequence[str]], *, chars: bool) -> None:
        self._grams = _char_grams if chars else _word_grams
        self.size = len(phrasings)
        counted = [np.unique(self._grams(words), return_counts=True) for words in phrasings]
        owners = np.repeat(np.arange(self.size, dtype=np.int32), [len(found) for found, _ in counted])
        hashes = np.concatenate([found for found, _ in counted] or [np.zeros(0, np.uint64)])
        counts = np.concatenate([count for _, count in counted] or [np.zeros(0, np.int64)])
        self._known, ids, frequency = np.unique(hashes, return_inverse=True, return_counts=True)
        self._idf = (np.log((1 + self.size) / (1 + frequency)) + 1).astype(np.float32)
        self._idf_unknown = float(np.log((1 + self.size) / 2) + 1)
        weights = (1 + np.log(counts)) * self._idf[ids]
        norms = np.sqrt(np.bincount(owners, weights**2, minlength=self.size))
        weights = (weights / np.maximum(norms, 1e-9)[owners]).astype(np.float32)
        self._rows = np.searchsorted(owners, np.arange(self.size + 1))
        self._row_places, self._row_weights = ids, weights
        order = np.argsort(ids, kind="stable")
        self._starts = np.concatenate([[0], np.cumsum(frequency)])
        self._owners = owners[order]
        self._weights = weights[order]

    def similarities(self, words: Sequence[str]) -> NDArray[np.float32]:
        """Give the cosine with each phrasing, shape (N,)."""
        if not len(self._known):
            return np.zeros(self.size, dtype=np.float32)
        hashes, counts = np.unique(self._grams(words), return_counts=True)
        places = np.minimum(np.searchsorted(self._known, hashes), len(self._known) - 1)
        known = self._known[places] == hashes
        weights = (1 + np.log(counts)) * np.where(known, self._idf[places], self._idf_unknown)
        norm = max(float(np.sqrt(np.sum(weights**2))), 1e-9)
        return self._spread(places[known], (weights[known] / norm).astype(np.float32))

    def own_similarities(self, phrasing: int) -> NDArray[np.float32]:
        """Give the cosine of an indexed phrasing with each, itself included, shape (N,)."""
        row = slice(self._rows[phrasing], self._rows[phrasing + 1])
        return self._spread(self._row_places[row], self._row_weights[row])

    def _spread(self, places: NDArray[np.intp], weights: NDArray[np.float32]) -> NDArray[np.float32]:
        lengths = self._starts[places + 1] - self._starts[places]
        if lengths.sum() > MAX_POSTINGS:
            rarest = np.argsort(lengths, kind="stable")
            rarest = rarest[: int(np.searchsorted(np.cumsum(lengths[rarest]), MAX_POSTINGS))]
            places, weights, lengths = places[rarest], weights[rarest], lengths[rarest]
        ends = np.cumsum(lengths)
        at = np.repeat(self._starts[places] - (ends - lengths), lengths) + np.arange(lengths.sum())
        products = self._weights[at] * np.repeat(weights, lengths)
        return np.bincount(self._owners[at], products, minlength=self.size).astype(np.float32)
