"""What speaks for each entry, and the few signs of it from which the probability is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rapidfuzz import fuzz, process

from faq.heads import MAX_TRAINED, MEAN_SCALE, softmax, train

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from faq.coverage import Coverage
    from faq.phrasings import Phrasings

NEAREST_WEIGHT = 1.0  # against the linear head's logit; 0 to 4 measured, each differs by less than a point
SORTED_WEIGHT = 2.0
COMPARED = 40  # phrasings whose sorted words are compared letter by letter
NEAR_EXACT = 0.95
MIN_NEAR_EXACT_CHARS = 10


class Evidence:
    """Of M texts and C entries: the logit of each entry, and the parts it was summed from, each (M, C)."""

    def __init__(self, head: NDArray[np.float32], nearest: NDArray[np.float32], alike: NDArray[np.float32]) -> None:
        self.head = head
        self.nearest = nearest
        self.alike = alike
        self.logits = head + NEAREST_WEIGHT * nearest + SORTED_WEIGHT * alike

    def without(self, banned: NDArray[np.bool_]) -> Evidence:
        """Give the evidence with some entries taken out of the FAQ, `banned` being (M, C)."""
        fewer = Evidence(self.head, self.nearest, self.alike)
        fewer.logits = np.where(banned, np.float32(-1e4), self.logits)
        return fewer

    def signs(
        self, known: NDArray[np.float32], covered: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Give the signs of being in scope (M, 5) and of the first entry being the right one (M, 2).

        Each grows with the probability, so that the calibration may demand weights that are not negative.

        Args:
            known: Of each text, the share of letters in words of the FAQ, (M,).
            covered: Of each text, the share of its informative words that the first entry covers, (M,).
        """
        rows = np.arange(len(self.logits))
        best = self.logits.argmax(axis=1)
        top = self.logits[rows, best]
        several = self.logits.shape[1] > 1
        second = np.partition(self.logits, -2, axis=1)[:, -2] if several else np.zeros_like(top)
        chance = softmax(self.logits)[rows, best]
        margin = np.minimum(top - second, 8)
        signs = (self.head[rows, best] / 4, self.nearest[rows, best], self.alike[rows, best], known, covered)
        scope = np.stack(signs, axis=1)
        right = np.stack([margin, chance], axis=1)
        return scope.astype(np.float32), right.astype(np.float32)


class Scorer:
    """Turns likenesses into evidence with the head trained on all phrasings (or the mean likeness in a large FAQ)."""

    def __init__(self, phrasings: Phrasings, likeness: NDArray[np.float32] | None, coverage: Coverage) -> None:
        self.phrasings = phrasings
        self.coverage = coverage
        self.counts = np.bincount(phrasings.owners, minlength=len(phrasings.ids)).astype(np.float32)
        self.weights = None if likeness is None else train(likeness, phrasings.owners, len(phrasings.ids))

    def head(self, likeness: NDArray[np.float32]) -> NDArray[np.float32]:
        """Give the linear head's logits for likenesses (M, N)."""
        if self.weights is not None:
            # One row at a time: a product of matrices may round differently with the number of rows.
            return np.stack([row @ self.weights for row in likeness])
        means = np.add.reduceat(likeness, self.phrasings.starts, axis=1) / self.counts
        return (np.float32(MEAN_SCALE) * means).astype(np.float32)

    def evidence(
        self, texts: Sequence[Sequence[str]], likeness: NDArray[np.float32], head: NDArray[np.float32] | None = None
    ) -> Evidence:
        """Weigh M texts with likenesses (M, N); phrasings held out have likeness 0 and are not compared."""
        nearest = np.maximum.reduceat(likeness, self.phrasings.starts, axis=1)
        alike = self.sorted_likeness(texts, likeness)
        return Evidence(self.head(likeness) if head is None else head, nearest, alike)

    def sorted_likeness(self, texts: Sequence[Sequence[str]], likeness: NDArray[np.float32]) -> NDArray[np.float32]:
        """Compare sorted words with those of the likeliest phrasings; best of each entry, (M, C), 0 elsewhere."""
        phrasings = self.phrasings
        count = min(COMPARED, likeness.shape[1])
        close = np.argpartition(-likeness, count - 1, axis=1)[:, :count]
        rows = np.repeat(np.arange(len(texts)), count)
        columns = close.ravel()
        held_in = likeness[rows, columns] > 0
        rows, columns = rows[held_in], columns[held_in]
        own = [" ".join(sorted(words)) for words in texts]
        ratios = process.cpdist(
            [own[row] for row in rows.tolist()],
            [phrasings.sorted_texts[column] for column in columns.tolist()],
            scorer=fuzz.ratio,
            dtype=np.float32,
        )
        alike = np.zeros((len(texts), len(phrasings.ids)), dtype=np.float32)
        np.maximum.at(alike, (rows, phrasings.owners[columns]), ratios / np.float32(100))
        return alike


def trainable(phrasings: Phrasings) -> bool:
    """Tell whether the FAQ is small enough for the N x N matrix of likenesses."""
    return len(phrasings.texts) <= MAX_TRAINED
