"""The measures are those a person counts."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import pytest

from faq.evaluation import main, measure
from faq.matching import Candidate, Matches

from .mini_faq import MINI_YAML

if TYPE_CHECKING:
    from pathlib import Path

    from faq.matching import Decision


def matches(decision: Decision, score: float, *entries: str) -> Matches:
    return Matches(decision=decision, candidates=tuple(Candidate(entry=entry, score=score) for entry in entries))


def test_the_measures_are_those_a_person_counts() -> None:
    expected = ["a", "b", "c", None, None]
    found = [
        matches("answer", 0.9, "a", "b"),
        matches("answer", 0.8, "a", "b"),
        matches("suggest", 0.5, "c"),
        matches("suggest", 0.6, "c"),
        matches("ticket", 0.1, "a"),
    ]
    measured = measure(expected, found, build_s=1, query_ms=2)
    assert measured.top_1 == pytest.approx(2 / 3)
    assert measured.top_3 == pytest.approx(1)
    assert measured.coverage_95 == pytest.approx(1 / 3)
    assert measured.auroc == pytest.approx(5 / 6)
    assert measured.precision == pytest.approx(1 / 2)
    assert measured.answered == pytest.approx(1 / 3)
    assert measured.suggest_recall == pytest.approx(1)
    assert measured.calibration_error == pytest.approx((0.1 + 0.8 + 0.5 + 0.6 + 0.1) / 5)


def test_what_cannot_be_shown_is_not_a_number() -> None:
    measured = measure(["a"], [matches("ticket", 0.2, "b")], build_s=0, query_ms=0)
    assert math.isnan(measured.auroc)
    assert math.isnan(measured.precision)
    assert measured.coverage_95 == 0


def test_a_folder_is_evaluated_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "faq.yaml").write_text(MINI_YAML, encoding="utf-8")
    queries = [{"id": "1", "text": "refund please", "entry": "refund"}, {"id": "2", "text": "zzz", "entry": None}]
    (tmp_path / "queries.jsonl").write_text("\n".join(map(json.dumps, queries)), encoding="utf-8")
    main([str(tmp_path)])
    heading, line = capsys.readouterr().out.splitlines()
    assert heading.split()[:2] == ["task", "top-1"]
    assert line.split()[1:6] == ["100.0", "100.0", "100.0", "100.0", "100.0"]
