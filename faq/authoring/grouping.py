"""Groups unit vectors by average linkage (the mean cosine between two groups): one threshold, no number of groups.

Bounded: up to 4096 rows are compared each with each, more are thinned first. Deterministic for an order of the rows.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

MAX_GROUPED = 4096  # a matrix of 64 MB
FIRST_LIKENESS, LIKENESS_STEP = 0.75, 0.05  # where thinning begins, and how it goes on while too many are left
BLOCK = 512
SLOTS = 1024
GRAM_SIZES = (3, 4, 5)


def unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give the rows (M, D) length one; a row of zeros stays."""
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9), dtype=np.float32)


def hashed(texts: Sequence[Sequence[str]]) -> NDArray[np.float32]:
    """Give unit rows (M, 1024) for texts in words: their rarer words, pairs and groups of letters weigh more."""
    hashes = [np.unique(np.fromiter(_grams(spoken), dtype=np.int64)) for spoken in texts]
    owners = np.repeat(np.arange(len(texts)), [len(found) for found in hashes])
    _, ids, frequency = np.unique(
        np.concatenate([*hashes, np.zeros(0, np.int64)]), return_inverse=True, return_counts=True
    )
    flat = np.concatenate([*hashes, np.zeros(0, np.int64)])
    weights = (np.log((1 + len(texts)) / (1 + frequency)) + 1)[ids] * np.where(flat & SLOTS, 1, -1)
    rows = np.zeros((len(texts), SLOTS), dtype=np.float32)
    np.add.at(rows, (owners, flat % SLOTS), weights.astype(np.float32))
    return unit(rows)


def _grams(spoken: Sequence[str]) -> Iterator[int]:
    whole = f" {' '.join(spoken)} "
    for text in (*spoken, *map(" ".join, pairwise(spoken))):
        yield crc32(text.encode())
    for size in GRAM_SIZES:
        for at in range(len(whole) - size + 1):
            yield crc32(whole[at : at + size].encode())


def group(rows: NDArray[np.float32], weights: NDArray[np.float64], together: float) -> list[list[int]]:
    """Give the groups of rows, each in ascending order, by their first member.

    Args:
        rows: (M, D), unit.
        weights: (M,), how often each counts.
        together: Mean cosine from which two groups are one.
    """
    owners, count = _thinned(rows)
    sizes = np.bincount(owners, weights, minlength=count).astype(np.float64)
    means = np.zeros((count, rows.shape[1]), dtype=np.float32)
    np.add.at(means, owners, rows * weights[:, None].astype(np.float32))
    means /= sizes[:, None].astype(np.float32)
    names = np.arange(count)
    alike = means @ means.T
    for kept, gone in _merges(np.maximum(alike, alike.T), sizes, together):  # products may differ in the last digit
        names[names == gone] = kept
    groups: dict[int, list[int]] = {}
    for row, name in enumerate(names[owners].tolist()):
        groups.setdefault(name, []).append(row)
    return list(groups.values())


def _thinned(rows: NDArray[np.float32]) -> tuple[NDArray[np.intp], int]:
    """Join rows that are nearly the same until few enough are left: each one's owner, and how many own."""
    if len(rows) <= MAX_GROUPED:
        return np.arange(len(rows)), len(rows)
    likeness = FIRST_LIKENESS
    while (owners := _led(rows, likeness)) is None:
        likeness -= LIKENESS_STEP
    return owners, int(owners.max()) + 1


def _led(rows: NDArray[np.float32], likeness: float) -> NDArray[np.intp] | None:
    """Let each row join the likest leader before it, or lead; None when there would be too many leaders."""
    owners = np.zeros(len(rows), dtype=np.intp)
    leaders: list[int] = []
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        earlier = block @ rows[leaders].T if leaders else np.zeros((len(block), 0), dtype=np.float32)
        best = earlier.max(axis=1, initial=-2.0)
        at = earlier.argmax(axis=1) if leaders else np.zeros(len(block), dtype=np.intp)
        for row in np.flatnonzero(best < likeness).tolist():
            if best[row] >= likeness:
                continue  # a leader that stands in this very block took it
            place = len(leaders)
            leaders.append(start + row)
            if place == MAX_GROUPED:
                return None
            closer = block[row:] @ block[row]
            taken = row + np.flatnonzero(closer > best[row:])
            best[taken], at[taken] = closer[taken - row], place
        owners[start : start + len(block)] = at
    return owners


def _merges(alike: NDArray[np.float32], sizes: NDArray[np.float64], together: float) -> list[tuple[int, int]]:
    """Join nearest neighbours along a chain, the exact average linkage: (kept, gone), in order. Changes `alike`."""
    np.fill_diagonal(alike, -2)
    alive = np.ones(len(alike), dtype=bool)
    merges: list[tuple[int, int]] = []
    chain: list[int] = []
    while alive.any():
        if not chain:
            chain = [int(alive.argmax())]
        last = chain[-1]
        nearest = int(alike[last].argmax())
        if alike[last, nearest] < together:  # nothing it could join: nor will a group of others be any nearer
            alive[last] = False
            alike[last, :] = alike[:, last] = -2
            chain.pop()
        elif len(chain) > 1 and alike[last, chain[-2]] >= alike[last, nearest]:
            kept, gone = sorted(chain[-2:])
            chain = chain[:-2]
            merges.append((kept, gone))
            share = np.float32(sizes[kept] / (sizes[kept] + sizes[gone]))
            row = share * alike[kept] + (1 - share) * alike[gone]
            row[kept] = row[gone] = -2
            row[~alive] = -2
            sizes[kept] += sizes[gone]
            alike[kept, :] = alike[:, kept] = row
            alike[gone, :] = alike[:, gone] = -2
            alive[gone] = False
        else:
            chain.append(nearest)
    return merges
