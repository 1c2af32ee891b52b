"""Learns from messages whose outcome is known how much the matcher's scores are worth.

The matcher's own probabilities come from the FAQ alone, and real traffic makes them too hopeful. `learn` fits Platt's
two numbers on messages whose outcome is known, drawn towards no change. Thumbs and choices exist only for messages that
were answered or offered something: they count less than labelled messages, and no score outside the range in which
something was seen is ever raised.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from faq.learned import Learned, Point, fingerprints, logit, sigmoid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from faq.calibration import Promises
    from faq.entries import Faq

SLOPE_PULL, BIAS_PULL = 10.0, 3.0  # curvature of the prior; a row at score 0.5 adds a quarter to that of the bias
DOUBT = 0.5  # standard deviations by which the precision is taken lower than the fit says
SEEN_AGAINST = 40.0  # rows of the fit that stand beside those seen from a score on, where these were worse
EDGE = 0.02  # share of the rows outside the range in which something was seen
POINTS = 200  # of the curve
OUTSIDE, OUTSIDE_ROWS = 0.3, 10.0  # share without an answer before anything is seen, and how many rows it is worth
OUTSIDE_ENOUGH = 20
FOLDS = 10
STEPS, SETTLED = 100, 1e-8  # of the fit

Source = Literal["label", "choice", "thumb", "ticket"]
WEIGHTS: Mapping[str, float] = {"label": 1.0, "choice": 1.0, "thumb": 0.7, "ticket": 0.5}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A message whose outcome is known.

    Attributes:
        score: Of the first candidate, by the matcher without anything learnt.
        right: Whether that candidate is the right one.
        answered: Whether that matcher answers it.
        source: Who says so: a label, a choice among those offered, a thumb, or a ticket soon after the answer.
        outside: Whether no entry answers it; None where nobody said.
    """

    score: float
    right: bool
    answered: bool
    source: Source
    channel: str = ""
    outside: bool | None = None


def learn(rows: Sequence[Outcome], traffic: Sequence[float], *, faq: Faq | None, at: datetime | None) -> Learned:
    """Learn from messages whose outcome is known; their order changes nothing.

    Args:
        rows: What is known.
        traffic: The scores of all messages, known or not, as far as they are there: what the promises are kept on.
        faq: Which the scores come from.
        at: When.
    """
    if not rows:
        return Learned()
    rows = sorted(rows, key=lambda row: (row.score, row.right, row.source))
    scores = np.array([row.score for row in rows])
    right = np.array([row.right for row in rows], dtype=np.float64)
    weights = np.array([WEIGHTS[row.source] for row in rows])
    line, doubt = _fit(logit(scores), right, weights)
    low, high = np.quantile(scores, [EDGE, 1 - EDGE], method="nearest").tolist()
    told = [row.outside for row in rows if row.outside is not None]
    return Learned(
        slope=round(float(line[0]), 4),
        bias=round(float(line[1]), 4),
        low=low,
        high=high,
        weight=round(float(weights.sum()), 1),
        curve=_curve(np.array([*traffic, *scores.tolist()]), line, doubt, (scores, right, weights)),
        sources=dict(sorted(Counter(row.source for row in rows).items())),
        channels=dict(sorted(Counter(row.channel for row in rows if row.channel).items())),
        outside_share=(
            round((sum(told) + OUTSIDE * OUTSIDE_ROWS) / (len(told) + OUTSIDE_ROWS), 3)
            if len(told) >= OUTSIDE_ENOUGH
            else None
        ),
        entries=fingerprints(faq) if faq is not None else (),
        at=at,
    )


def _fit(
    logits: NDArray[np.float64], right: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fit slope and bias around the prior, the slope not below 0; gives them and their covariance (2, 2)."""
    centre, pull = np.array([1.0, 0.0]), np.array([SLOPE_PULL, BIAS_PULL])
    table = np.stack([logits, np.ones_like(logits)], axis=1)
    line = _newton(table, right, weights, centre, pull)
    if line[0] < 0:  # the loss is convex: its least value at slopes from 0 on lies at 0
        line = np.array([0.0, *_newton(table[:, 1:], right, weights, centre[1:], pull[1:])])
    return line, np.asarray(np.linalg.inv(_bend(table, weights, sigmoid(table @ line), pull)), dtype=np.float64)


def _newton(
    table: NDArray[np.float64],
    right: NDArray[np.float64],
    weights: NDArray[np.float64],
    centre: NDArray[np.float64],
    pull: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Fit by Newton steps, each halved until the loss does not rise: where all scores are high, whole ones diverge.

    Args:
        table: (N, D).
        right: (N,), 1 where the first candidate is right, else 0.
        weights: (N,).
        centre: (D,), of the prior.
        pull: (D,), its curvatures.
    """

    def loss(line: NDArray[np.float64]) -> float:
        raw = table @ line
        wrong = np.logaddexp(0.0, np.where(right > 0, -raw, raw))
        return float(weights @ wrong + pull @ (line - centre) ** 2 / 2)

    line, now = centre, loss(centre)
    for _ in range(STEPS):
        chance = sigmoid(table @ line)
        uphill = table.T @ (weights * (chance - right)) + pull * (line - centre)
        step = np.linalg.solve(_bend(table, weights, chance, pull), uphill)
        while loss(line - step) > now and np.abs(step).max() > SETTLED:
            step = step / 2
        if np.abs(step).max() <= SETTLED:
            break
        line = line - step
        now = loss(line)
    return line


def _bend(
    table: NDArray[np.float64], weights: NDArray[np.float64], chance: NDArray[np.float64], pull: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give the curvature (D, D) of the loss where the rows have these chances."""
    return np.asarray((table * (weights * chance * (1 - chance))[:, None]).T @ table + np.diag(pull))


def _curve(
    traffic: NDArray[np.float64],
    line: NDArray[np.float64],
    doubt: NDArray[np.float64],
    seen: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
) -> tuple[Point, ...]:
    """Expect of each score what answering from it on would bring, on the cautious side of the fit."""
    scores = np.sort(np.round(traffic, 4))[::-1]
    table = np.stack([logit(scores), np.ones_like(scores)], axis=1)
    deviation = np.sqrt(np.sum((table @ doubt) * table, axis=1))
    chance = sigmoid(table @ line)
    given = np.arange(1, len(scores) + 1)
    precision = np.cumsum(sigmoid(table @ line - DOUBT * deviation)) / given
    at = np.searchsorted(seen[0], scores, side="left")  # rows are sorted by score: those from `at` on are answered
    weight, good = (np.append(np.cumsum(part[::-1])[::-1], 0.0)[at] for part in (seen[2], seen[2] * seen[1]))
    precision = np.minimum(precision, (good + SEEN_AGAINST * precision) / (weight + SEEN_AGAINST))
    recall = np.cumsum(chance) / chance.sum()
    last = np.flatnonzero(np.diff(scores, append=-1.0) < 0)  # equal scores go together
    kept = last[np.unique(np.linspace(0, len(last) - 1, POINTS).round().astype(int))]
    return tuple(
        Point(score=float(scores[i]), precision=round(float(precision[i]), 4), recall=round(min(recall[i], 1.0), 4))
        for i in kept.tolist()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How a matcher does on messages whose outcome is known: the share answered, and how many of the answers are right.

    `precision` is NaN where nothing is answered.
    """

    answered: float
    precision: float


def validate(
    rows: Sequence[Outcome], traffic: Sequence[float], promises: Promises, answer_from: float
) -> tuple[Kept, Kept]:
    """Give how the matcher does without and with what is learnt, each row judged by what the others teach.

    Args:
        rows: What is known, each weighed by its source.
        traffic: As for `learn`.
        promises: To keep.
        answer_from: The threshold that the FAQ alone gives.
    """
    rows = sorted(rows, key=lambda row: (row.score, row.right, row.source))
    weight = sum(WEIGHTS[row.source] for row in rows)
    before = np.array([row.answered for row in rows], dtype=bool)
    after = np.zeros(len(rows), dtype=bool)
    for fold in range(FOLDS):
        rest = [row for at, row in enumerate(rows) if at % FOLDS != fold]
        learned = replace(
            learn(rest, traffic, faq=None, at=None), weight=weight
        )  # a fold less is no reason to hold back
        start, _ = learned.thresholds(promises, answer_from, 0.0)
        for at in range(fold, len(rows), FOLDS):
            after[at] = _answers(rows[at], answer_from, start)
    return _kept(rows, before), _kept(rows, after)


def _answers(row: Outcome, before: float, after: float) -> bool:
    """Whether a row is answered from another score on: what is nearly exact stays so, and what is barred."""
    if row.score < before:
        return row.answered or row.score >= after
    return row.answered and row.score >= after


def _kept(rows: Sequence[Outcome], answered: NDArray[np.bool_]) -> Kept:
    weights = np.array([WEIGHTS[row.source] for row in rows])
    right = np.array([row.right for row in rows], dtype=bool)
    given = float(weights[answered].sum())
    precision = float(weights[answered & right].sum()) / given if given else float("nan")
    return Kept(answered=given / max(float(weights.sum()), 1e-9), precision=precision)
