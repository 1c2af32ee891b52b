"""Probabilities and thresholds from rows whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from faq.calibration import (
    ANSWERED,
    OTHER_DOMAIN,
    SAME_DOMAIN,
    SCOPE_PRIOR,
    Logistic,
    Promises,
    Rows,
    answer_threshold,
    calibrate,
    fit,
    joined,
    suggest_threshold,
)
from faq.matching import FaqMatcher

from .mini_faq import mini_faq


def test_the_fit_finds_the_probabilities_that_made_the_rows() -> None:
    draw = np.random.default_rng(1)
    true = Logistic(bias=-2.0, weights=(3.0, 0.0))
    signs = draw.random((20_000, 2)).astype(np.float32)
    hits = draw.random(20_000) < true(signs)
    fitted = fit(signs, hits, np.ones(20_000), Logistic(bias=0.0, weights=(1.0, 1.0)))
    assert fitted.bias == pytest.approx(-2, abs=0.2)
    assert fitted.weights[0] == pytest.approx(3, abs=0.2)
    assert fitted.weights[1] == pytest.approx(0, abs=0.2)


def test_no_weight_is_negative_even_where_the_rows_ask_for_it() -> None:
    signs = np.linspace(0, 1, 200, dtype=np.float32)[:, None]
    fitted = fit(signs, signs[:, 0] < 0.5, np.ones(200), Logistic(bias=0.0, weights=(1.0,)))
    assert fitted.weights == (0.0,)


def test_without_rows_the_prior_stands() -> None:
    empty = np.zeros((0, 6), dtype=np.float32)
    fitted = fit(empty, np.zeros(0, dtype=bool), np.zeros(0), SCOPE_PRIOR)
    assert fitted == SCOPE_PRIOR


def test_the_answer_threshold_keeps_the_promise_on_its_rows() -> None:
    scores = np.linspace(0, 1, 2001)
    hits = np.random.default_rng(2).random(2001) < scores
    for precision in (0.8, 0.9, 0.95):
        threshold = answer_threshold(scores, hits, np.ones(2001), precision)
        assert hits[scores >= threshold].mean() >= precision - 0.01
        # At this slope the mean score above t is (1 + t) / 2, so the lowest lawful t is near 2p - 1.
        assert threshold == pytest.approx(2 * precision - 1, abs=0.08)


def test_a_promise_that_cannot_be_kept_answers_nothing() -> None:
    assert answer_threshold(np.full(50, 0.98), np.zeros(50, dtype=bool), np.ones(50), 0.95) > 1


def test_where_no_row_comes_near_the_promise_the_score_itself_must_exceed_it() -> None:
    assert answer_threshold(np.full(50, 0.9), np.zeros(50, dtype=bool), np.ones(50), 0.95) == pytest.approx(0.975)


def test_an_faq_of_few_entries_is_supposed_to_lack_more() -> None:
    rehearsal = FaqMatcher(mini_faq(), matcher="lexical").rehearsal
    assert rehearsal is not None
    few, many = (calibrate(rehearsal.rows, Promises(), entries) for entries in (3, 300))
    # The signs are the same; only the share that has no answer is supposed to differ.
    assert (few.scope(rehearsal.rows.scope) < many.scope(rehearsal.rows.scope)).mean() > 0.9


def test_more_messages_without_an_answer_raise_the_threshold() -> None:
    rows = FaqMatcher(mini_faq(), matcher="lexical").rehearsal
    assert rows is not None
    assert set(rows.rows.kind.tolist()) == {ANSWERED, SAME_DOMAIN, OTHER_DOMAIN}
    for outside in (0.1, 0.5):
        shares = rows.rows.shares(outside)
        assert shares[rows.rows.kind != ANSWERED].sum() / shares.sum() == pytest.approx(outside)
    scores = rows.rows.scope.sum(axis=1).astype(np.float64)
    scores /= scores.max() * 1.01
    thresholds = [answer_threshold(scores, rows.rows.hits, rows.rows.shares(share), 0.7) for share in (0.1, 0.6)]
    assert thresholds[0] <= thresholds[1]


def test_the_suggest_threshold_keeps_its_share() -> None:
    scores = np.linspace(0, 1, 101)
    assert suggest_threshold(scores, 0.9, 1.01) == pytest.approx(0.1)
    assert suggest_threshold(scores, 0.9, 0.05) == pytest.approx(0.05)
    assert suggest_threshold(np.zeros(0), 0.9, 1.01) == pytest.approx(0.2)


def test_rows_that_can_be_told_apart_do_not_drive_the_fit_away() -> None:
    """A whole Newton step overshoots there, to and fro, to weights in the hundreds (seen on an FAQ of ten entries)."""
    for seed in range(20):
        draw = np.random.default_rng(seed)
        hits = draw.random(300) < 0.5
        signs = (hits[:, None] * 8 + draw.normal(0, 0.05, (300, 6))).clip(0).astype(np.float32)
        for weight in (1.0, 50.0):
            fitted = fit(signs, hits, np.full(300, weight), SCOPE_PRIOR)
            assert abs(fitted.bias) < 30
            assert max(fitted.weights) < 30
            assert ((fitted(signs) > 0.5) == hits).all()


def test_covered_lines_do_not_count_in_the_calibration() -> None:
    found = FaqMatcher(mini_faq()).rehearsal
    assert found is not None
    covered = found.rows.only(found.rows.kind == ANSWERED)
    other = Rows(
        scope=covered.scope, right=covered.right, hits=~covered.hits & False, kind=np.full_like(covered.kind, 2)
    )
    parts = [(getattr(found.rows, name), getattr(other, name)) for name in ("scope", "right", "hits", "kind")]
    both = Rows(**dict(zip(("scope", "right", "hits", "kind"), map(np.concatenate, parts), strict=True)))
    assert len(both.without_covered_lines().kind) < len(both.kind)
    assert calibrate(both, Promises(), 5) == calibrate(both.without_covered_lines(), Promises(), 5)


def test_without_rows_nothing_is_answered_but_what_is_certain() -> None:
    empty = calibrate(joined([]), Promises(), 1)
    assert empty.scope == SCOPE_PRIOR
    assert empty.answer_from > 0.95


def test_lines_that_the_faq_covers_are_no_other_domain() -> None:
    scope = np.array([[0, 0.6, 0.6, 1], [0, 0.7, 0.7, 1], [0, 0.9, 0.9, 1], [0, 0.1, 0.1, 1]], dtype=np.float32)
    kind = np.array([ANSWERED, ANSWERED, OTHER_DOMAIN, OTHER_DOMAIN])
    rows = Rows(scope=scope, right=np.zeros((4, 2), dtype=np.float32), hits=kind == ANSWERED, kind=kind)
    assert rows.without_covered_lines().kind.tolist() == [ANSWERED, ANSWERED, OTHER_DOMAIN]
