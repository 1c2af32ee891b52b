"""The measures are those a person counts."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faq.authoring.evaluation import main, measure, read_labelled, tasks
from faq.batch import QueriesError
from faq.entries import load
from faq.matching import Candidate, Matches
from tests.faq.mini_faq import MINI_YAML, mini_faq

if TYPE_CHECKING:
    from pathlib import Path

    from faq.matching import Decision


def matches(decision: Decision, score: float, *entries: str) -> Matches:
    return Matches(decision=decision, candidates=tuple(Candidate(entry=entry, score=score) for entry in entries))


EXPECTED = ["a", "b", "c", None, None]
FOUND = [
    matches("answer", 0.95, "a", "b"),
    matches("answer", 0.8, "a", "c", "b", "d"),
    matches("suggest", 0.5, "c"),
    matches("answer", 0.6, "c"),
    matches("ticket", 0.1, "a"),
]


def test_the_measures_are_those_a_person_counts() -> None:
    measured = measure(EXPECTED, FOUND, build_s=1, times_ms=[1, 2, 3])
    assert (measured.messages, measured.answerable) == (5, 3)
    assert measured.top_1 == pytest.approx(2 / 3)
    assert measured.top_3 == pytest.approx(1)
    assert measured.coverage == {0.90: pytest.approx(1 / 3), 0.95: pytest.approx(1 / 3), 0.98: pytest.approx(1 / 3)}
    assert measured.auroc == pytest.approx(5 / 6)
    assert measured.precision == pytest.approx(1 / 3)
    assert measured.false_answers == pytest.approx(1 / 2)
    assert measured.answered_rightly == pytest.approx(1 / 3)
    assert measured.helped == pytest.approx(2 / 3)
    assert (measured.answered, measured.suggested, measured.ticket) == pytest.approx((0.6, 0.2, 0.2))
    assert (measured.p50_ms, measured.p99_ms) == pytest.approx((2, 2.98))
    assert measured.calibration_error == pytest.approx((0.05 + 0.8 + 0.5 + 0.6 + 0.1) / 5)
    assert [part.count for part in measured.reliability] == [0, 1, 0, 0, 0, 1, 1, 0, 1, 1]
    assert [part.right for part in measured.reliability if part.count] == [0, 1, 0, 0, 1]


def test_coverage_looks_past_a_dip_and_counts_answers_to_the_unanswerable() -> None:
    expected = ["a", None, *["a"] * 18]
    found = [matches("answer", 0.99 - place / 100, "a") for place in range(20)]
    measured = measure(expected, found)
    assert measured.coverage[0.95] == pytest.approx(1)  # 19 of 20 answers, though 1 of the first 2
    assert measured.coverage[0.98] == pytest.approx(1 / 19)


def test_messages_of_one_score_are_answered_together_or_not_at_all() -> None:
    measured = measure(["a", "a", None], [matches("answer", 0.9, "a")] * 3)
    assert measured.coverage[0.90] == 0
    (cut,) = measured.cuts
    assert (cut.score, cut.precision) == pytest.approx((0.9, 2 / 3))


def test_a_tie_is_half_a_victory_and_a_bin_weighs_by_its_messages() -> None:
    measured = measure(["a", None, "a"], [matches("suggest", score, "a") for score in (0.5, 0.5, 0.9)])
    assert measured.auroc == pytest.approx(3 / 4)
    assert measured.calibration_error == pytest.approx((2 * 0 + 0.1) / 3)
    two = [matches("suggest", score, "a") for score in (0.4, 0.4, 0.9)]
    assert measure([None, None, "a"], two).calibration_error == pytest.approx((2 * 0.4 + 0.1) / 3)
    third = measure(["a"], [matches("suggest", 0.5, "b", "c", "d", "a")])
    assert third.top_3 == 0


def test_what_cannot_be_shown_is_not_a_number() -> None:
    measured = measure(["a"], [matches("ticket", 0.2, "b")])
    assert math.isnan(measured.auroc)
    assert math.isnan(measured.precision)
    assert math.isnan(measured.false_answers)
    assert measured.coverage[0.95] == 0
    assert measure([], []).messages == 0


@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b", None]), st.sampled_from(["answer", "suggest", "ticket"]), st.floats(0, 1))
    )
)
def test_the_measures_hold_together(rows: list[tuple[str | None, Decision, float]]) -> None:
    found = [matches(decision, round(score, 4), "a", "b") for _, decision, score in rows]
    measured = measure([entry for entry, _, _ in rows], found)
    assert sum(part.count for part in measured.reliability) == len(rows)
    assert 1 >= measured.coverage[0.90] >= measured.coverage[0.95] >= measured.coverage[0.98] >= 0
    assert all(one.coverage <= other.coverage for one, other in zip(measured.cuts, measured.cuts[1:], strict=False))
    if rows:
        assert measured.answered + measured.suggested + measured.ticket == pytest.approx(1)


def test_a_label_that_the_faq_does_not_know_is_an_error_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "queries.jsonl"
    file.write_text(
        '{"id": 1, "text": "refund", "entry": "refund"}\n\n'
        '{"id": 2, "text": "x", "entry": "refunds"}\n{"id": 3, "text": "x"}\n',
        encoding="utf-8",
    )
    with pytest.raises(QueriesError) as raised:
        read_labelled(file, mini_faq())
    assert [problem.line for problem in raised.value.problems] == [3, 4]
    assert "the FAQ has no entry 'refunds'" in str(raised.value)
    assert "'entry' is missing" in str(raised.value)


@pytest.mark.parametrize("entry", [["refund"], {"refund": 1}, 5, True])
def test_a_label_that_is_no_text_is_an_error_with_its_line(tmp_path: Path, entry: object) -> None:
    file = tmp_path / "queries.jsonl"
    file.write_text(json.dumps({"id": 1, "text": "refund", "entry": entry}), encoding="utf-8")
    with pytest.raises(QueriesError, match=r"queries\.jsonl:1: the FAQ has no entry"):
        read_labelled(file, mini_faq())


@pytest.mark.parametrize("language", [["en"], {}, 5, False])
def test_a_language_that_is_no_text_is_an_error_with_its_line(tmp_path: Path, language: object) -> None:
    file = tmp_path / "queries.jsonl"
    file.write_text(json.dumps({"id": 1, "text": "x", "entry": None, "language": language}), encoding="utf-8")
    with pytest.raises(QueriesError, match=r"queries\.jsonl:1: 'language' is not a text"):
        read_labelled(file, mini_faq())


def _task(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "faq.yaml").write_text(MINI_YAML, encoding="utf-8")
    queries = [{"id": "1", "text": "refund please", "entry": "refund"}, {"id": "2", "text": "zzz", "entry": None}]
    (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, queries)), encoding="utf-8")


def test_all_tasks_below_a_folder_are_evaluated_in_a_line_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _task(tmp_path / "all" / "b")
    _task(tmp_path / "all" / "a")
    (tmp_path / "all" / "no-task").mkdir()
    (tmp_path / "all" / "no-task" / "queries.jsonl").touch()
    assert [folder.name for folder in tasks([tmp_path, tmp_path / "all" / "b"])] == ["a", "b"]
    main([str(tmp_path), "--matcher", "lexical", "--cache", str(tmp_path / "cache")])
    assert list((tmp_path / "cache").iterdir())
    heading, *lines = capsys.readouterr().out.splitlines()
    assert heading.split()[:2] == ["task", "top-1"]
    assert [line.split()[0] for line in lines] == ["a", "b"]
    assert lines[0].split()[1:9] == ["100.0"] * 6 + ["0.0", "100.0"]
    assert len(lines[0]) == len(heading)


def test_a_label_may_say_its_language(tmp_path: Path) -> None:
    (tmp_path / "faq.yaml").write_text(MINI_YAML, encoding="utf-8")
    (tmp_path / "q.jsonl").write_text('{"id": 7, "text": "x", "entry": null, "language": "nl"}', encoding="utf-8")
    (query,) = read_labelled(tmp_path / "q.jsonl", load(tmp_path / "faq.yaml"))
    assert (query.id, query.language) == ("7", "nl")
