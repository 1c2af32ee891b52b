"""Learning how much a score is worth: on made traffic whose truth is known."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faq.authoring import learning
from faq.authoring.learning import Outcome, Source, learn, validate
from faq.calibration import Promises
from faq.entries import Entry, Faq
from faq.learned import Learned, fingerprints, logit, sigmoid

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

PROMISES = Promises(answer_precision=0.9)
ANSWER_FROM = 0.9


def traffic(
    count: int, seed: int, *, slope: float = 1.0, bias: float = -1.0, source: Source = "label"
) -> list[Outcome]:
    """Messages whose first candidate is right with probability sigmoid(slope * logit(score) + bias)."""
    generator = np.random.default_rng(seed)
    scores = generator.uniform(0.01, 0.999, count).round(4)
    right = generator.random(count) < sigmoid(slope * logit(scores) + bias)
    return [
        Outcome(
            score=float(score),
            right=bool(hit),
            answered=bool(score >= ANSWER_FROM),
            source=source,
            channel="telegram",
            outside=not hit if source == "label" else None,
        )
        for score, hit in zip(scores, right, strict=True)
    ]


def taught(rows: list[Outcome]) -> Learned:
    return learn(rows, [row.score for row in rows], faq=None, at=None)


def test_many_rows_find_the_truth_and_few_stay_near_no_change() -> None:
    many, few = taught(traffic(5000, 1, slope=0.8, bias=-1.0)), taught(traffic(4, 1, slope=0.8, bias=-1.0))
    assert [many.slope, many.bias] == pytest.approx([0.8, -1.0], abs=0.1)
    assert few.slope == pytest.approx(1.0, abs=0.2)
    assert few.bias == pytest.approx(0.0, abs=0.6)


def test_the_promise_holds_on_messages_not_seen() -> None:
    precision = []
    for seed in range(20):
        start, _ = taught(traffic(100, seed)).thresholds(PROMISES, ANSWER_FROM, 0.2)
        answered = [row.right for row in traffic(4000, 1000 + seed) if row.score >= start]
        precision += [np.mean(answered)] if answered else []
    assert len(precision) >= 15
    assert np.mean(precision) >= 0.89
    assert np.mean([row.right for row in traffic(20_000, 3) if row.score >= ANSWER_FROM]) < 0.87, "without it it fails"


def test_scores_that_were_too_low_let_more_be_answered_once_enough_is_seen() -> None:
    timid = traffic(400, 5, bias=1.5)
    assert taught(timid).thresholds(PROMISES, ANSWER_FROM, 0.2)[0] < 0.75
    assert taught(timid[:40]).thresholds(PROMISES, ANSWER_FROM, 0.2)[0] >= ANSWER_FROM


def test_scores_that_say_nothing_answer_nothing() -> None:
    noise = [replace(row, right=at % 2 == 0) for at, row in enumerate(traffic(400, 6))]
    learned = taught(noise)
    assert learned.slope < 0.2
    assert learned.thresholds(PROMISES, ANSWER_FROM, 0.2)[0] == 1.01


def test_scores_that_mislead_never_turn_the_order_round() -> None:
    misled = [replace(row, right=row.score < 0.5) for row in traffic(400, 7)]
    assert taught(misled).slope == 0


def loss(line: Sequence[float], rows: Sequence[Outcome]) -> float:
    """What a fit makes least, without the rows' weights."""
    raw = line[0] * logit(np.array([row.score for row in rows])) + line[1]
    wrong = np.logaddexp(0.0, np.where([row.right for row in rows], -raw, raw)).sum()
    pull = learning.SLOPE_PULL * (line[0] - 1) ** 2 + learning.BIAS_PULL * line[1] ** 2
    return float(wrong + pull / 2)


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([(0.97, 0.9999), (0.9996, 0.9996), (1.0, 1.0), (0.0, 0.0), (0.0, 0.01), (0.0, 1.0)]),
    st.floats(0, 1),
    st.integers(1, 300),
)
def test_a_fit_is_the_best_there_is_wherever_the_scores_lie(
    seed: int, between: tuple[float, float], share: float, count: int
) -> None:
    generator = np.random.default_rng(seed)
    scores, right = generator.uniform(*between, count), generator.random(count) < share
    rows = [
        Outcome(score=float(score), right=bool(hit), answered=True, source="label")
        for score, hit in zip(scores, right, strict=True)
    ]
    learned = taught(rows)
    found = loss((learned.slope, learned.bias), rows)
    moves = [(slope, bias) for slope in (-0.05, 0, 0.05) for bias in (-0.05, 0, 0.05)]
    others = [(max(learned.slope + slope, 0), learned.bias + bias) for slope, bias in moves]
    assert found <= min(loss(other, rows) for other in others) + 1e-3


@pytest.mark.parametrize("seed", range(10))
def test_of_high_scores_half_of_them_wrong_half_are_believed(seed: int) -> None:
    scores = np.random.default_rng(seed).uniform(0.97, 0.9999, 60)
    rows = [
        Outcome(score=float(score), right=at % 2 == 0, answered=True, source="label") for at, score in enumerate(scores)
    ]
    learned = taught(rows)
    assert 0.4 < learned.probability(np.array([0.98]))[0] < 0.65
    assert learned.thresholds(PROMISES, ANSWER_FROM, 0.2)[0] == 1.01


def test_thumbs_know_only_what_was_answered() -> None:
    seen = [row for row in traffic(2000, 8, bias=1.5, source="thumb") if row.answered]
    learned = learn(seen, [row.score for row in traffic(2000, 8)], faq=None, at=None)
    assert learned.low >= ANSWER_FROM
    assert learned.thresholds(PROMISES, ANSWER_FROM, 0.2)[0] >= ANSWER_FROM, "nothing is known of lower scores"
    low = np.array([0.3, 0.6])
    assert (learned.probability(low) <= low).all()


def test_a_ticket_after_an_answer_counts_less_than_a_label() -> None:
    rows = traffic(100, 9)
    doubted = [replace(row, source="ticket") for row in rows]
    assert abs(taught(doubted).bias) < abs(taught(rows).bias)
    assert (taught(rows).weight, taught(doubted).weight) == (100, 50)


def test_what_it_was_learnt_from_is_said() -> None:
    faq = Faq(entries=(Entry(id="a", language="en", question="a?", answer="So."),))
    rows = [*traffic(30, 10), *traffic(5, 11, source="thumb")]
    learned = learn(rows, [], faq=faq, at=None)
    assert (learned.rows, learned.sources, learned.channels) == (35, {"label": 30, "thumb": 5}, {"telegram": 35})
    assert learned.entries == fingerprints(faq)
    outside = sum(not row.right for row in rows[:30])
    assert learned.outside_share == pytest.approx((outside + 3) / 40, abs=1e-3)
    assert taught(rows[25:]).outside_share is None, "ten labels are too few"


@given(
    st.lists(
        st.tuples(st.floats(0, 1), st.booleans(), st.sampled_from(["label", "choice", "thumb", "ticket"])), max_size=30
    ),
    st.randoms(),
)
def test_any_rows_teach_something_finite_whatever_their_order(
    rows: list[tuple[float, bool, Source]], order: Random
) -> None:
    outcomes = [Outcome(score=score, right=right, answered=score > 0.9, source=source) for score, right, source in rows]
    learned = taught(outcomes)
    order.shuffle(outcomes)
    assert taught(outcomes) == learned
    answer, suggest = learned.thresholds(PROMISES, ANSWER_FROM, 0.2)
    assert 0 <= suggest <= answer <= 1.01
    assert np.isfinite(learned.probability(np.linspace(0, 1, 11))).all()


def test_validation_judges_each_row_by_the_others() -> None:
    rows = traffic(3000, 12)
    before, after = validate(rows, [row.score for row in rows], PROMISES, ANSWER_FROM)
    answered = [row for row in rows if row.answered]
    assert before.answered == pytest.approx(len(answered) / len(rows))
    assert before.precision == pytest.approx(np.mean([row.right for row in answered]))
    assert before.precision < 0.89
    assert after.precision >= 0.89
    assert 0 < after.answered < before.answered


def test_no_row_is_judged_by_what_it_teaches_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [replace(row, channel=f"channel {at}") for at, row in enumerate(traffic(100, 14))]
    taught_by: list[set[Outcome]] = []

    def watched(given: Sequence[Outcome], *rest: Any, **more: Any) -> Learned:
        taught_by.append(set(given))
        return learn(given, *rest, **more)

    monkeypatch.setattr(learning, "learn", watched)
    validate(rows, [], PROMISES, ANSWER_FROM)
    left_out = [row for given in taught_by for row in set(rows) - given]
    assert sorted(left_out, key=lambda row: row.score) == sorted(rows, key=lambda row: row.score)


def test_what_is_nearly_exact_is_still_answered_and_what_is_barred_still_is_not() -> None:
    rows = traffic(300, 13, bias=3.0)
    exact = [replace(row, answered=True) for row in rows if row.score < 0.1]
    barred = [replace(row, answered=False) for row in rows if row.score > 0.99]
    both = [*rows, *exact, *barred]
    _, after = validate(both, [], PROMISES, ANSWER_FROM)
    without = [row for row in rows if row.score < ANSWER_FROM or row.answered]
    assert after.answered <= (len(without) + len(exact)) / len(both)
    assert validate(exact, [], PROMISES, ANSWER_FROM)[1].answered == 1
    assert validate(barred, [], PROMISES, ANSWER_FROM)[1].answered == 0


def test_no_rows_teach_nothing() -> None:
    assert learn([], [0.5], faq=None, at=None) == Learned()
    assert math.isnan(validate([], [], PROMISES, ANSWER_FROM)[1].precision)
