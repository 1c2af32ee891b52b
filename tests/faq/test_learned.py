"""What was learnt: a monotone change of scores, and a file that is never half there and never trusted blindly."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faq.calibration import Promises
from faq.entries import Entry, Faq
from faq.learned import Learned, Point, fingerprints, load, load_for, save

if TYPE_CHECKING:
    from pathlib import Path

CURVE = (
    Point(score=0.95, precision=0.99, recall=0.3),
    Point(score=0.8, precision=0.96, recall=0.6),
    Point(score=0.6, precision=0.91, recall=0.85),
    Point(score=0.3, precision=0.7, recall=0.95),
)
LEARNED = Learned(
    slope=0.9,
    bias=-0.4,
    low=0.1,
    high=0.97,
    weight=80,
    curve=CURVE,
    sources={"label": 80},
    channels={"telegram": 80},
    outside_share=0.4,
    entries=("0a1b2c3d",),
    at=datetime(2026, 11, 22, tzinfo=UTC),
)
EVERY = np.linspace(0, 1, 1001)


@given(
    slope=st.floats(0, 5),
    bias=st.floats(-5, 5),
    weight=st.sampled_from([10.0, 100.0]),
    edges=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_a_higher_score_never_gets_a_lower_probability(
    slope: float, bias: float, weight: float, edges: tuple[float, float]
) -> None:
    learned = Learned(slope=slope, bias=bias, weight=weight, low=min(edges), high=max(edges))
    found = learned.probability(EVERY)
    assert (np.diff(found) >= -1e-12).all()
    assert ((found >= 0) & (found <= 1)).all()


def test_nothing_learnt_changes_nothing() -> None:
    nothing = Learned()
    assert (nothing.probability(EVERY) == EVERY).all()
    assert nothing.thresholds(Promises(), 0.9, 0.3) == (0.9, 0.3)
    assert nothing.thresholds(Promises(), 1.01, 0.3) == (1.01, 0.3)
    assert nothing.rows == 0


def test_scores_are_raised_only_where_something_was_seen() -> None:
    hopeful = Learned(slope=1, bias=2, low=0.5, high=0.8, weight=100)
    found = hopeful.probability(EVERY)
    assert (found[EVERY < 0.5] <= EVERY[EVERY < 0.5]).all()
    assert (found[(EVERY > 0.5) & (EVERY < 0.8)] > EVERY[(EVERY > 0.5) & (EVERY < 0.8)]).all()
    top = hopeful.probability(np.array([0.8]))[0]
    assert (found[EVERY > 0.8] <= np.maximum(EVERY[EVERY > 0.8], top)).all()


def test_few_rows_lower_and_never_raise() -> None:
    assert (Learned(slope=1, bias=2, weight=49).probability(EVERY) <= EVERY).all()
    assert Learned(slope=1, bias=-2, weight=49).probability(np.array([0.5]))[0] == pytest.approx(0.119, abs=1e-3)


def test_thresholds_keep_the_promises_on_what_was_seen() -> None:
    assert LEARNED.thresholds(Promises(), 0.9, 0.2) == (0.8, 0.3)
    assert LEARNED.thresholds(Promises(answer_precision=0.9, suggest_recall=0.5), 0.9, 0.2) == (0.6, 0.6)
    assert LEARNED.thresholds(Promises(answer_precision=0.995), 0.9, 0.2)[0] == 1.01


def test_few_rows_make_answers_fewer_and_never_more() -> None:
    few = replace(LEARNED, weight=49.9)
    assert few.thresholds(Promises(), 0.9, 0.4) == (0.9, 0.4)
    assert few.thresholds(Promises(), 0.7, 0.2) == (0.8, 0.3)


def test_no_threshold_falls_below_what_was_seen() -> None:
    seen_high = replace(LEARNED, low=0.85)
    assert seen_high.thresholds(Promises(), 0.9, 0.4) == (0.85, 0.4)


def entry(name: str, *also: str, answer: str = "So.") -> Entry:
    return Entry(id=name, language="en", question=f"{name}?", also=also, answer=answer)


def test_how_much_of_the_faq_changed_since() -> None:
    then = Faq(entries=(entry("a"), entry("b"), entry("c")))
    learned = replace(LEARNED, entries=fingerprints(then))
    assert learned.changed(Faq(entries=(entry("c"), entry("a", answer="Otherwise."), entry("b")))) == 0
    assert learned.changed(Faq(entries=(entry("a", "more"), entry("b"), entry("c")))) == pytest.approx(2 / 4)
    assert learned.changed(Faq(entries=())) == 1


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    file = tmp_path / "var" / "learned.json"
    assert load(file) is None
    save(LEARNED, file)
    save(LEARNED, file)
    assert load(file) == LEARNED
    assert [found.name for found in file.parent.iterdir()] == ["learned.json"]


def test_what_was_learnt_is_for_the_matcher_it_is_about(tmp_path: Path) -> None:
    file = tmp_path / "learned.json"
    assert load_for("default", file) is None
    strongest = replace(LEARNED, matcher="strongest")
    save(strongest, file)
    assert (load_for("strongest", file), load_for("default", file)) == (strongest, None)


def test_a_file_that_names_no_matcher_is_about_the_default_one(tmp_path: Path) -> None:
    file = tmp_path / "learned.json"
    file.write_text(changed(bias=-1), encoding="utf-8")
    assert load_for("default", file) == Learned(bias=-1)
    assert load_for("strongest", file) is None


def test_what_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "learned.json"
    save(LEARNED, file)
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    with pytest.raises(OSError, match="blocked"):
        save(LEARNED, blocked)
    assert sorted(found.name for found in tmp_path.iterdir()) == ["blocked", "learned.json"]


def changed(**values: object) -> str:
    return json.dumps({"version": 1, **values})


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "{}",
        '"version"',
        json.dumps({"version": 2}),
        changed(slope=-1),
        changed(slope="steep"),
        '{"version": 1, "bias": NaN}',
        '{"version": 1, "slope": Infinity}',
        changed(low=2),
        changed(curve=[{"score": 0.5}]),
        changed(at="yesterday"),
        "[" * 100_000,
        "\udcff",
    ],
)
def test_a_file_that_is_none_of_ours_is_ignored_with_a_warning(
    tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "learned.json"
    file.write_bytes(content.encode("utf-8", "surrogateescape"))
    with caplog.at_level(logging.WARNING):
        assert load(file) is None
    (record,) = caplog.records
    assert record.__dict__["action"] == "learned_ignored"
    assert "firstline faq calibrate" in record.getMessage()


def test_a_huge_file_and_a_folder_are_ignored(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "learned.json"
    with file.open("wb") as opened:
        opened.truncate(9 * 1024 * 1024)
    assert load(file) is None
    assert load(tmp_path) is None
    assert len(caplog.records) == 2
