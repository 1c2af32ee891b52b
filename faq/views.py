"""Ways of telling how much a text is like the FAQ's phrasings and entries: by its letters and words, by its meaning.

Each view trains a linear head, one weight vector for every entry, and can train it again without some phrasings, so
that the FAQ can be played against itself. What was loaded and not trained cannot do that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from faq.heads import MAX_TRAINED, MEAN_SCALE, NEAREST_SCALE, train

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from faq.built import Arrays
    from faq.encoders.base import Encoder
    from faq.phrasings import Phrasings

OTHER_LANGUAGE_WEIGHT = 0.9  # of phrasings that are not in the message's language: later in line, never excluded
SHRINKAGE = 0.6  # of the phrasings' covariance around their entries, towards a sphere; 0.3 to 0.6 measured
CENTRE_ROWS = 10  # phrasings with which the centre is half way from nothing to their mean
SHARP_SHARE = 0.5  # of the head that sees the whitened vectors; the other sees them as they are
CLASS_SCALE = 12.0  # brings the likeness to an entry's mean to the range of trained logits


class LetterView:
    """N-grams of letters and words."""

    def __init__(self, phrasings: Phrasings, built: Arrays | None = None) -> None:
        self.phrasings = phrasings
        self.trained = len(phrasings.texts) <= MAX_TRAINED
        self._counts = np.bincount(phrasings.owners, minlength=len(phrasings.ids)).astype(np.float32)
        self._dimmed = {
            code: np.where(phrasings.languages == at, 1, OTHER_LANGUAGE_WEIGHT).astype(np.float32)
            for at, code in enumerate(phrasings.codes)
        }
        if self.trained and built is not None:
            self._weights: NDArray[np.float32] = built["weights"]
        elif self.trained:
            self.own = np.stack([phrasings.index.likeness(words) for words in phrasings.texts])
            self._weights = train(self.own, phrasings.owners, len(phrasings.ids))

    def to_arrays(self) -> Arrays:
        """Give what another start need not work out."""
        return {"weights": self._weights} if self.trained else {}

    def likeness(self, words: Sequence[str], language: str | None) -> NDArray[np.float32]:
        """Give the likeness with every phrasing, (N,), each 0..1."""
        found = self.phrasings.index.likeness(words)
        dimmed = self._dimmed.get(language or "") if len(self._dimmed) > 1 else None
        return found if dimmed is None else found * dimmed

    def logits(self, likeness: NDArray[np.float32]) -> NDArray[np.float32]:
        """Give each entry's logit, (C,), from likenesses (N,)."""
        if self.trained:
            logits: NDArray[np.float32] = likeness @ self._weights
            return logits
        # The mean alone forgets the entry of which one phrasing says it all; the nearest alone, what all of them say.
        means = np.bincount(self.phrasings.owners, likeness, minlength=len(self._counts)) / self._counts
        nearest = np.maximum.reduceat(likeness, self.phrasings.starts)
        return (MEAN_SCALE * means + NEAREST_SCALE * nearest).astype(np.float32)

    def held_out(self, groups: NDArray[np.intp]) -> NDArray[np.float32]:
        """Score each phrasing by a head trained without its group, (N, C)."""
        phrasings = self.phrasings
        scores = np.zeros_like(self._weights)
        for out, rest in folds(groups, phrasings.languages):
            again = train(self.own[np.ix_(rest, rest)], phrasings.owners[rest], len(phrasings.ids), self._weights[rest])
            scores[out] = self.own[np.ix_(out, rest)] @ again
        return scores


class MeaningView:
    """Vectors of a sentence encoder, centred; and the same whitened, so that what tells entries apart weighs most."""

    def __init__(
        self, phrasings: Phrasings, encoder: Encoder, vectors: NDArray[np.float32], built: Arrays | None = None
    ) -> None:
        self.phrasings = phrasings
        self.encoder = encoder
        self.trained = len(phrasings.texts) <= MAX_TRAINED
        self.centre = (vectors.sum(axis=0) / (len(vectors) + CENTRE_ROWS)).astype(np.float32)
        self.vectors = _unit(vectors - self.centre)
        if built is not None:
            self._whitening: NDArray[np.float32] = built["whitening"]
            self._sharp_head: NDArray[np.float32] = built["sharp_head"]
            self._plain_head: NDArray[np.float32] | None = built.get("plain_head")
            return
        self._whitening = whitening(self.vectors, phrasings.owners, len(phrasings.ids))
        sharp = _unit(self.vectors @ self._whitening)
        self._plain_head = None
        if self.trained:
            self.own = self.vectors @ self.vectors.T
            self._plain, self._sharp = self._fit(self.own), self._fit(sharp @ sharp.T)
            self._plain_head = self.vectors.T @ self._plain
            self._sharp_head = sharp.T @ self._sharp
        else:
            self._sums = np.add.reduceat(sharp, phrasings.starts, axis=0)
            self._sharp_head = np.ascontiguousarray(np.float32(CLASS_SCALE) * _unit(self._sums).T)

    def to_arrays(self) -> Arrays:
        """Give what another start need not work out; the vectors are kept elsewhere."""
        found = {"whitening": self._whitening, "sharp_head": self._sharp_head}
        return found if self._plain_head is None else {**found, "plain_head": self._plain_head}

    def _fit(self, likeness: NDArray[np.float32]) -> NDArray[np.float32]:
        return train(likeness, self.phrasings.owners, len(self.phrasings.ids))

    def centred(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """Give a message's vector, (1, D), as it is compared here, (D,); zeros for none, (0, D)."""
        return _unit(vector - self.centre)[0] if len(vector) else np.zeros_like(self.centre)

    def logits(self, centred: NDArray[np.float32], without: int = -1) -> NDArray[np.float32]:
        """Give each entry's logit, (C,).

        Args:
            centred: What `centred` gave.
            without: In a large FAQ, the phrasing that does not count in its entry's mean.
        """
        sharp = _unit((centred @ self._whitening)[None, :])[0]
        logits: NDArray[np.float32] = sharp @ self._sharp_head
        if self._plain_head is not None:
            return np.float32(1 - SHARP_SHARE) * (centred @ self._plain_head) + np.float32(SHARP_SHARE) * logits
        if without >= 0:
            owner = self.phrasings.owners[without]
            rest = self._sums[owner] - _unit((self.vectors[without] @ self._whitening)[None, :])[0]
            logits[owner] = np.float32(CLASS_SCALE) * float(sharp @ _unit(rest[None, :])[0])
        return logits

    def held_out(self, groups: NDArray[np.intp]) -> NDArray[np.float32]:
        """Score each phrasing by heads trained without its group, (N, C)."""
        phrasings = self.phrasings
        scores = np.zeros_like(self._plain)
        for out, rest in folds(groups, phrasings.languages):
            owners = phrasings.owners[rest]
            sharp = _unit(self.vectors @ whitening(self.vectors[rest], owners, len(phrasings.ids)))
            for share, vectors, start in (
                (1 - SHARP_SHARE, self.vectors, self._plain),
                (SHARP_SHARE, sharp, self._sharp),
            ):
                inside = vectors[rest]
                again = train(inside @ inside.T, owners, len(phrasings.ids), start[rest])
                scores[out] += np.float32(share) * (vectors[out] @ (inside.T @ again))
        return scores


def folds(groups: NDArray[np.intp], languages: NDArray[np.intp]) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Give, for each group in each language, its phrasings and the other groups' of that language, if both exist.

    Translations of a phrasing that is left out would give it away.
    """
    found = []
    for language in np.unique(languages):
        for group in np.unique(groups):
            out = np.flatnonzero((languages == language) & (groups == group))
            rest = np.flatnonzero((languages == language) & (groups != group))
            if len(out) and len(rest):
                found.append((out, rest))
    return found


def whitening(vectors: NDArray[np.float32], owners: NDArray[np.intp], entries: int) -> NDArray[np.float32]:
    """Give the matrix (D, D) after which phrasings of one entry differ alike in all directions."""
    counts = np.maximum(np.bincount(owners, minlength=entries), 1).astype(np.float32)
    sums = np.zeros((entries, vectors.shape[1]), dtype=np.float32)
    np.add.at(sums, owners, vectors)
    apart = vectors - (sums / counts[:, None])[owners]
    spread = (apart.T @ apart).astype(np.float64)
    mean = float(np.trace(spread)) / len(spread)
    if mean <= 0:  # one phrasing an entry: nothing is known of how they differ
        return np.eye(len(spread), dtype=np.float32)
    shrunk = (1 - SHRINKAGE) * spread / mean + SHRINKAGE * np.eye(len(spread))
    return np.linalg.inv(np.linalg.cholesky(shrunk)).T.astype(np.float32)


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    unit: NDArray[np.float32] = (rows / np.maximum(lengths, 1e-9)[:, None]).astype(np.float32)
    return unit
