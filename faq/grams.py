"""Character and word n-grams in an inverted index: how alike is a text to every phrasing?"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

CHAR_SIZES = (2, 3, 4, 5)
CHAR_WEIGHT = 0.75  # of the n-grams of letters in a likeness; words and pairs of words have the rest
WORDS = len(CHAR_SIZES)  # the kind of gram that is a word or a pair of words; the others are places in CHAR_SIZES
FINDING = (CHAR_SIZES.index(4), WORDS)  # the kinds that find the candidates
MAX_DENSE = 20_000  # phrasings; beyond, only what finds candidates is kept
MAX_POSTINGS = 120_000  # looked at for one text, rarest n-grams first: what bounds the time in a large FAQ
MAX_DENSE_POSTINGS = 240_000  # the same where every phrasing is told its likeness
LIMIT = 150  # candidates; 200 hold 0.1 % more of the ten likeliest entries, and cost 0.3 ms more
_BASE = np.uint64(0x9E3779B97F4A7C15)
_INVERSE = np.uint64(pow(int(_BASE), -1, 2**64))
_MIX = np.uint64(0xD6E8FEB86659FD93)
_KIND_BITS = np.uint64(3)
_KIND_AT = np.uint64(64) - _KIND_BITS
_KINDS = np.arange(WORDS + 1, dtype=np.uint64) << _KIND_AT
_BLOCK = 2048  # phrasings hashed at once
_ARRAYS = ("known", "frequency", "owners", "squares")


class _Block:
    """Some texts side by side, so that the n-grams of all are hashed at once.

    A gram is a stretch of letters; its hash is a polynomial in them, read off the running sums over all letters: the
    same on every machine and in every run.
    """

    def __init__(self, codes: NDArray[np.uint32], lengths: NDArray[np.intp]) -> None:
        self._rows = np.repeat(np.arange(len(lengths), dtype=np.uint32), lengths)
        self._powers = np.cumprod(np.full(len(codes), _BASE))
        sums = np.cumsum(codes * np.cumprod(np.full(len(codes), _INVERSE)))
        self._sums = np.concatenate([np.zeros(1, np.uint64), sums])
        space = codes == ord(" ")
        self._word_starts = np.flatnonzero(space[:-1] & ~space[1:]) + 1
        self._word_ends = np.flatnonzero(~space[:-1] & space[1:]) + 1

    def grams(self, kind: int) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
        """Give the hash of each gram of this kind, repeated ones too, and the row of the text it stands in."""
        if kind == WORDS:
            starts, ends = self._word_starts, self._word_ends
            pairs = np.flatnonzero(self._rows[starts[:-1]] == self._rows[starts[1:]])
            starts, ends = np.concatenate([starts, starts[pairs]]), np.concatenate([ends, ends[pairs + 1]])
            rows = self._rows[starts]
            hashes = (self._sums[ends] - self._sums[starts]) * self._powers[starts]
        else:
            size = CHAR_SIZES[kind]
            whole = self._rows[: 1 - size] == self._rows[size - 1 :]
            rows = self._rows[: 1 - size][whole]
            hashes = ((self._sums[size:] - self._sums[:-size]) * self._powers[: 1 - size])[whole]
        hashes ^= hashes >> np.uint64(32)
        hashes *= _MIX
        hashes >>= _KIND_BITS
        hashes |= np.uint64(kind) << _KIND_AT
        return hashes, rows


def _joined(texts: Sequence[Sequence[str]]) -> tuple[NDArray[np.uint32], NDArray[np.intp]]:
    """Give the letters of all texts, spaces between and around words included, and how many each text has."""
    spaced = [f" {' '.join(words)} " for words in texts]
    codes = np.frombuffer("".join(spaced).encode("utf-32-le", "surrogatepass"), dtype="<u4")
    return codes, np.array([len(text) for text in spaced], dtype=np.intp)


def _grams(words: Sequence[str]) -> NDArray[np.uint64]:
    """Give the hashes that a block of this one text has, of all kinds: in fewer steps, for each takes a microsecond."""
    text = f" {' '.join(words)} "
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    powers, inverses = _powers(1 << len(codes).bit_length())
    sums = np.zeros(len(codes) + 1, np.uint64)
    np.cumsum(codes * inverses[: len(codes)], out=sums[1:])
    spaces = np.flatnonzero(codes == ord(" ")) if words else np.zeros(0, np.intp)
    starts, ends = spaces[:-1] + 1, spaces[1:]
    starts, ends = np.concatenate([starts, starts[:-1]]), np.concatenate([ends, ends[1:]])
    found = [(sums[size:] - sums[:-size]) * powers[: max(len(codes) + 1 - size, 0)] for size in CHAR_SIZES]
    found.append((sums[ends] - sums[starts]) * powers[starts])
    hashes = np.concatenate(found)
    hashes ^= hashes >> np.uint64(32)
    hashes *= _MIX
    hashes >>= _KIND_BITS
    hashes |= np.repeat(_KINDS, list(map(len, found)))
    return hashes


@lru_cache(maxsize=32)
def _powers(size: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    bases, inverses = np.full(size, _BASE), np.full(size, _INVERSE)
    return np.cumprod(bases, dtype=np.uint64), np.cumprod(inverses, dtype=np.uint64)


class _Query:
    """A text's different grams, ascending: hash and weight of each; the lengths of its two vectors, shape (2, 1)."""

    def __init__(
        self, words: Sequence[str], known: NDArray[np.uint64], frequency: NDArray[np.int32], size: int
    ) -> None:
        hashes = _grams(words) >> _shift(size)
        hashes.sort()
        self.hashes = hashes[_changes(hashes)]
        self.places = np.minimum(np.searchsorted(known, self.hashes), len(known) - 1)
        is_known = known[self.places] == self.hashes
        self.known = np.flatnonzero(is_known)
        self.weights = _weights(np.where(is_known, frequency[self.places], 1), size)
        self.of_words = self.hashes >> (_KIND_AT - _shift(size)) == WORDS
        squares = np.bincount(self.of_words, self.weights, minlength=2)
        self.lengths = np.sqrt(np.maximum(squares, 1))[:, None]


class PhrasingIndex:
    """How alike is a text to each of N phrasings, 0..1: the cosines of its letters and of its words, weighed together.

    Every 2- to 5-gram of letters, every word and every pair of words has a weight by its rarity; a text has a gram or
    has it not. Weights are whole numbers, so that a sum does not depend on its order: the same FAQ gives the same
    likeness on every machine. Grams that no phrasing holds count in a text's length as the rarest known ones do.

    Candidates are found by 4-grams and words alone; beyond `MAX_DENSE` phrasings no other grams are listed with their
    owners, a third of the memory. Grams of other sizes mostly name the same phrasings again and use up the postings:
    measured on 100,000 phrasings, the candidates hold 99.7 to 100 % of the ten likeliest entries, with 3-grams 97 %.

    Attributes:
        size: N.
    """

    def __init__(self, phrasings: Sequence[Sequence[str]], built: Mapping[str, NDArray[Any]] | None = None) -> None:
        """Index these phrasings, each a sequence of words.

        Args:
            phrasings: The words of each.
            built: What `to_arrays` gave, by this code, for the very same phrasings in the same order.

        Raises:
            ValueError: The arrays cannot be of so many phrasings. That they are of the same words, the caller knows.
        """
        self.size = len(phrasings)
        self._phrasings = phrasings
        self._arrays = {name: array for name, array in (built or _built(phrasings)).items() if name in _ARRAYS}
        self._known, self._frequency, self._owners, squares = (self._arrays[name] for name in _ARRAYS)
        self._finding = np.isin(self._known >> (_KIND_AT - _shift(self.size)), FINDING)
        listed = self._frequency if self.size <= MAX_DENSE else np.where(self._finding, self._frequency, 0)
        self._starts = np.concatenate([[0], np.cumsum(listed, dtype=np.int64)])
        if self._starts[-1] != len(self._owners) or squares.shape != (2, self.size):
            raise ValueError("these arrays are not the index of these phrasings: build it again")
        self._scales = np.array([[CHAR_WEIGHT], [1 - CHAR_WEIGHT]]) / np.sqrt(np.maximum(squares, 1))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Give the built index as plain arrays, for `numpy.savez`; the phrasings themselves are not among them."""
        return dict(self._arrays)

    def likeness(self, words: Sequence[str]) -> NDArray[np.float32]:
        """Give the likeness with each phrasing, shape (N,).

        Exact while the owners of the text's grams are at most `MAX_DENSE_POSTINGS` in all, else from its rarest grams.
        Beyond `MAX_DENSE` phrasings only the candidates have any.
        """
        if not 0 < self.size <= MAX_DENSE:
            likeness = np.zeros(self.size, dtype=np.float32)
            found, alike = self.candidates(words)
            likeness[found] = alike
            return likeness
        query = self._query(words)
        return self._spread(query, query.known, MAX_DENSE_POSTINGS).astype(np.float32)

    def candidates(self, words: Sequence[str], limit: int = LIMIT) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Give up to `limit` phrasings, ascending, that are probably the most alike, and the exact likeness of each."""
        if not self.size:
            return np.zeros(0, np.int32), np.zeros(0, np.float32)
        query = self._query(words)
        rough = self._spread(query, query.known[self._finding[query.places[query.known]]], MAX_POSTINGS)
        found = np.flatnonzero(rough > 0)
        if len(found) > limit:
            rough = rough[found]
            least = np.partition(rough, len(rough) - limit)[len(rough) - limit]
            above, level = found[rough > least], found[rough == least]
            found = np.sort(np.concatenate([above, level[: limit - len(above)]]))
        return found.astype(np.int32), self._exact(query, found).astype(np.float32)

    def _query(self, words: Sequence[str]) -> _Query:
        return _Query(words, self._known, self._frequency, self.size)

    def _spread(self, query: _Query, grams: NDArray[np.intp], budget: int) -> NDArray[np.float64]:
        """Give the likeness with each phrasing by these grams of the query, rarest first within the budget."""
        starts = self._starts[query.places[grams]]
        ends = self._starts[query.places[grams] + 1]
        counts = ends - starts
        if counts.sum() > budget:
            rarest = np.argsort(counts, kind="stable")
            rarest = rarest[: max(int(np.searchsorted(np.cumsum(counts[rarest]), budget, side="right")), 1)]
            grams, starts, ends, counts = grams[rarest], starts[rarest], ends[rarest], counts[rarest]
        stretches = [self._owners[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
        owners = np.concatenate([self._owners[:0], *stretches])
        shared = np.bincount(owners, np.repeat(query.weights[grams], counts), minlength=2 * self.size)
        return _weighed(shared, self._scales, query.lengths)

    def _exact(self, query: _Query, found: NDArray[np.intp]) -> NDArray[np.float64]:
        """Give the exact likeness with these phrasings, from their words: no list of all their grams is kept."""
        block = _Block(*_joined([self._phrasings[at] for at in found.tolist()]))
        grams = [block.grams(kind) for kind in range(WORDS + 1)]
        hashes = np.concatenate([hashes for hashes, _ in grams]) >> _shift(self.size)
        rows = np.concatenate([rows for _, rows in grams])
        hints = np.zeros(1 << 16, dtype=bool)  # most grams are not the query's: a cheap look first
        hints[query.hashes.astype(np.uint16)] = True
        hinted = np.flatnonzero(hints.take(hashes.astype(np.uint16)))
        hashes, rows = hashes.take(hinted), rows.take(hinted)
        width = len(query.hashes)
        places = np.minimum(np.searchsorted(query.hashes, hashes), width - 1)
        same = np.flatnonzero(query.hashes.take(places) == hashes)
        held = np.zeros(len(found) * width, dtype=bool)  # a repeated gram is held once
        held[rows.take(same).astype(np.intp) * width + places.take(same)] = True
        rows, places = np.divmod(np.flatnonzero(held), width)
        columns = rows + query.of_words[places] * len(found)
        shared = np.bincount(columns, query.weights[places], minlength=2 * len(found))
        return _weighed(shared, self._scales[:, found], query.lengths)


def _weighed(shared: NDArray[Any], scales: NDArray[np.float64], lengths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the likeness from the sums of shared weights, those of letters first and then those of words."""
    parts = shared.reshape(2, -1).astype(np.float64, copy=False)  # NumPy counts nothing at all in whole numbers
    parts *= scales
    parts /= lengths
    likeness: NDArray[np.float64] = parts[0] + parts[1]
    return likeness


def _built(phrasings: Sequence[Sequence[str]]) -> dict[str, NDArray[Any]]:
    size = len(phrasings)
    stretches = [phrasings[at : at + _BLOCK] for at in range(0, size, _BLOCK)]
    blocks = [(at * _BLOCK, *_joined(texts)) for at, texts in enumerate(stretches)]
    known, frequency, owners = [], [], [np.zeros(0, np.int32)]
    squares = np.zeros((2, size))
    for kind in range(WORDS + 1):  # one kind after the other: never all grams of a large FAQ at once
        found, counts, holders = _inverted(blocks, kind, size)
        part = int(kind == WORDS)
        squares[part] += np.bincount(holders, np.repeat(_weights(counts, size), counts), minlength=size)
        known.append(found)
        frequency.append(counts)
        if size <= MAX_DENSE or kind in FINDING:
            owners.append(holders + np.int32(part * size))
    arrays = (np.concatenate(known), np.concatenate(frequency), np.concatenate(owners), squares)
    return dict(zip(_ARRAYS, arrays, strict=True))


def _inverted(
    blocks: Sequence[tuple[int, NDArray[np.uint32], NDArray[np.intp]]], kind: int, size: int
) -> tuple[NDArray[np.uint64], NDArray[np.int32], NDArray[np.int32]]:
    """Give the grams of one kind, ascending, how many texts hold each, and which ones, one gram after the other."""
    shift = _shift(size)
    keys = [np.zeros(0, np.uint64)]  # a gram and its text in one number: sorting these is all there is to do
    for at, codes, lengths in blocks:
        hashes, rows = _Block(codes, lengths).grams(kind)
        keys.append(hashes >> shift << shift | (rows + np.uint64(at)))
    held = np.sort(np.concatenate(keys))
    held = held[_changes(held)]
    holders = (held & ((np.uint64(1) << shift) - np.uint64(1))).astype(np.int32)
    held >>= shift
    starts = np.flatnonzero(_changes(held))
    return held[starts], np.diff(starts, append=len(held)).astype(np.int32), holders


def _changes(ascending: NDArray[np.uint64]) -> NDArray[np.bool_]:
    return np.concatenate([np.ones(min(len(ascending), 1), dtype=bool), ascending[1:] != ascending[:-1]])


def _shift(size: int) -> np.uint64:
    """Give the bits that the number of a text takes; a gram's hash has the rest, at least 40."""
    return np.uint64(size.bit_length())


def _weights(frequency: NDArray[np.int32], size: int) -> NDArray[np.float64]:
    """Give the squared weights of grams that so many of the texts hold: whole numbers."""
    squares: NDArray[np.float64] = np.round(256 * (np.log((1 + size) / (1 + frequency)) + 1)) ** 2
    return squares
