"""From signs to a probability: P(in scope) x P(right), learnt from the FAQ alone, and thresholds from the promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from faq.built import Arrays

ASSUMED_OUTSIDE = 0.3  # share of messages without an answer that the probability supposes
CAUTIOUS_OUTSIDE = 0.5  # and the share under which the answer threshold must still keep its promise
LACKING, FEW = 0.2, 10  # added to both shares in an FAQ of hardly any entry, and the entries at which half of it is
NEAR_SHARE = 0.3  # of those without an answer: near misses and entries left out; the rest is small talk
ANSWERED, SAME_DOMAIN, OTHER_DOMAIN = 0, 1, 2  # kinds of rows
SWEEPS, HALVINGS, SETTLED = 200, 12, 1e-6
MIN_SUGGESTED = 0.05  # what is less probable helps nobody, however many suggestions were promised
PRIOR_ANSWERS = 60.0  # answers whose expected precision stands beside the seen one, so that few rows prove little


@dataclass(frozen=True, slots=True, kw_only=True)
class Promises:
    """What the operator asks for.

    Attributes:
        answer_precision: Of the messages answered, the share answered rightly.
        suggest_recall: Of the messages that the FAQ answers, the share that is answered or offered the right entry.
    """

    answer_precision: float = 0.95
    suggest_recall: float = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Logistic:
    """P = sigmoid(bias + signs @ weights), no weight negative: a stronger sign never lowers the probability."""

    bias: float
    weights: tuple[float, ...]

    @classmethod
    def of_array(cls, built: NDArray[np.float64]) -> Logistic:
        """Give what `to_array` took apart."""
        bias, *weights = built.tolist()
        return cls(bias=bias, weights=tuple(weights))

    def to_array(self) -> NDArray[np.float64]:
        """Give the bias and then the weights."""
        return np.array([self.bias, *self.weights])

    def __call__(self, signs: NDArray[np.float32]) -> NDArray[np.float64]:
        """Give the probabilities for signs (M, D), shape (M,)."""
        raw = self.bias + signs.astype(np.float64) @ np.array(self.weights)
        return np.asarray(1 / (1 + np.exp(-np.clip(raw, -30, 30))))


# Where a small FAQ starts from, and what a large one moves away from: fitted on banking, assistant and shop FAQs
# (before coverage was a sign: the known and the covered share divide the weight that the known share had).
SCOPE_PRIOR = Logistic(bias=-4.5, weights=(2.0, 2.2, 3.3, 1.0, 1.0, 0.0))
RIGHT_PRIOR = Logistic(bias=-1.0, weights=(0.8, 2.3))
PRIOR_PULL = 1.0  # curvature of the prior; a row adds at most a quarter of its sign's square


def fit(signs: NDArray[np.float32], hits: NDArray[np.bool_], shares: NDArray[np.float64], prior: Logistic) -> Logistic:
    """Fit the logistic coordinate by coordinate, no weight below zero, drawn towards the prior.

    A Newton step is halved until the loss does not rise: where rows can be told apart, whole steps overshoot for ever.

    Args:
        signs: (M, D).
        hits: (M,), what is to be predicted.
        shares: (M,), weight of each row.
        prior: What stands without rows.
    """
    table = np.concatenate([np.ones((len(signs), 1)), signs], axis=1).astype(np.float64)
    centre = np.array([prior.bias, *prior.weights])
    weights = centre.copy()
    raw = table @ weights

    def loss(raw: NDArray[np.float64], weight: float, column: int) -> float:
        wrong = np.logaddexp(0.0, np.where(hits, -raw, raw))
        return float(shares @ wrong + PRIOR_PULL / 2 * (weight - centre[column]) ** 2)

    for _ in range(SWEEPS):
        before = weights.copy()
        for column in range(len(weights)):
            chance = 1 / (1 + np.exp(-np.clip(raw, -30, 30)))
            away = weights[column] - centre[column]
            slope = float((shares * (chance - hits)) @ table[:, column]) + PRIOR_PULL * away
            bend = float((shares * chance * (1 - chance)) @ table[:, column] ** 2) + PRIOR_PULL
            moved = weights[column] - slope / bend
            if column:
                moved = max(moved, 0.0)
            now = loss(raw, weights[column], column)
            for _ in range(HALVINGS):
                tried = raw + (moved - weights[column]) * table[:, column]
                if loss(tried, moved, column) <= now:
                    raw, weights[column] = tried, moved
                    break
                moved = (moved + weights[column]) / 2
        if np.abs(weights - before).max() < SETTLED:
            break
    return Logistic(bias=float(weights[0]), weights=tuple(weights[1:].tolist()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Messages whose outcome is known, with their signs.

    Attributes:
        scope: (M, 6) signs of being in scope.
        right: (M, 2) signs of the first entry being right.
        hits: Whether the first entry is the right one.
        kind: `ANSWERED` by the FAQ, `SAME_DOMAIN` (or a near miss) but no entry, or `OTHER_DOMAIN`.
    """

    scope: NDArray[np.float32]
    right: NDArray[np.float32]
    hits: NDArray[np.bool_]
    kind: NDArray[np.intp]

    def shares(self, outside: float) -> NDArray[np.float64]:
        """Weigh the rows so that `outside` of them have no answer; the sum stays their number."""
        wanted = np.array([1 - outside, outside * NEAR_SHARE, outside * (1 - NEAR_SHARE)])
        counts = np.bincount(self.kind, minlength=3)
        wanted = np.where(counts > 0, wanted, 0)
        each = wanted / np.maximum(counts, 1) / max(wanted.sum(), 1e-9) * len(self.kind)
        return np.asarray(each[self.kind])

    def without_covered_lines(self) -> Rows:
        """Drop lines of other domains that are more like this FAQ than half of its own phrasings: it covers them."""
        if not (self.kind == ANSWERED).any():
            return self
        likeness = self.scope[:, 1] + self.scope[:, 2]
        keep = (self.kind != OTHER_DOMAIN) | (likeness < np.median(likeness[self.kind == ANSWERED]))
        return self.only(keep)

    def only(self, keep: NDArray[np.bool_]) -> Rows:
        """Give the rows where `keep`, (M,), holds."""
        return Rows(scope=self.scope[keep], right=self.right[keep], hits=self.hits[keep], kind=self.kind[keep])

    def to_arrays(self) -> Arrays:
        """Give the columns by name."""
        return {"scope": self.scope, "right": self.right, "hits": self.hits, "kind": self.kind}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One of them."""

    scope: tuple[float, ...]
    right: tuple[float, ...]
    hit: bool
    kind: int


def joined(rows: Sequence[Row]) -> Rows:
    """Make a table of rows; an FAQ of one phrasing may have none."""
    return Rows(
        scope=np.array([row.scope for row in rows], dtype=np.float32).reshape(-1, len(SCOPE_PRIOR.weights)),
        right=np.array([row.right for row in rows], dtype=np.float32).reshape(-1, len(RIGHT_PRIOR.weights)),
        hits=np.array([row.hit for row in rows], dtype=bool),
        kind=np.array([row.kind for row in rows], dtype=np.intp),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """The two logistics and the two thresholds of one FAQ."""

    scope: Logistic
    right: Logistic
    answer_from: float
    suggest_from: float

    def chances(
        self, scope: NDArray[np.float32], right: NDArray[np.float32]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give P(in scope) and P(right, if in scope) for signs (M, 6) and (M, 2), each (M,)."""
        return self.scope(scope), self.right(right)

    def to_arrays(self) -> Arrays:
        """Give the two logistics: the thresholds follow from them."""
        return {"scope": self.scope.to_array(), "right": self.right.to_array()}


def calibrate(rows: Rows, promises: Promises, entries: int, built: Arrays | None = None) -> Calibration:
    """Fit both logistics on the rows and choose the thresholds that keep the promises on them.

    Args:
        rows: The rehearsal's.
        promises: To keep on them.
        entries: Of the FAQ: the fewer it has, the more of what people ask it lacks.
        built: What `Calibration.to_arrays` gave for the same rows: they need no fitting.
    """
    rows = rows.without_covered_lines()
    inside = rows.kind == ANSWERED
    lacking = LACKING * FEW / (FEW + entries)
    if built:
        scope, right = Logistic.of_array(built["scope"]), Logistic.of_array(built["right"])
    else:
        scope = fit(rows.scope, inside, rows.shares(ASSUMED_OUTSIDE + lacking), SCOPE_PRIOR)
        right = fit(rows.right[inside], rows.hits[inside], np.ones(int(inside.sum())), RIGHT_PRIOR)
    scores = scope(rows.scope) * right(rows.right)
    answer_from = answer_threshold(
        scores, rows.hits, rows.shares(CAUTIOUS_OUTSIDE + lacking), promises.answer_precision
    )
    suggest_from = suggest_threshold(scores[inside], promises.suggest_recall, answer_from)
    return Calibration(scope=scope, right=right, answer_from=answer_from, suggest_from=suggest_from)


def answer_threshold(
    scores: NDArray[np.float64], hits: NDArray[np.bool_], shares: NDArray[np.float64], precision: float
) -> float:
    """Give the lowest score from which the answers given are right as often as promised; 1.01 if there is none.

    Phrasings left out of a small FAQ may all score less than messages will. Where no row comes near the promise, none
    speaks against it either, and the score itself must exceed it by half of what is missing to certainty.
    """
    order = np.argsort(-scores, kind="stable")
    given = np.cumsum(shares[order])
    good = np.cumsum((shares * hits)[order])
    hoped = np.cumsum((shares * scores)[order]) / np.maximum(given, 1e-9)
    promised = (good + PRIOR_ANSWERS * hoped) / (given + PRIOR_ANSWERS) >= precision
    kept = np.flatnonzero(promised & (np.diff(scores[order], append=-1) < 0))  # rows of one score go together
    if len(kept):
        return float(scores[order][kept[-1]])
    sure = (1 + precision) / 2
    return 1.01 if (scores >= sure).any() else sure


def suggest_threshold(scores: NDArray[np.float64], recall: float, answer_from: float) -> float:
    """Give the score that `recall` of the answerable messages reach, never above the answer threshold."""
    if not len(scores):
        return min(0.2, answer_from)
    return float(min(max(np.quantile(scores, 1 - recall), MIN_SUGGESTED), answer_from, 1.0))
