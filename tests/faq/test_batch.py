"""A file of messages in, a file of matches out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from faq.batch import QueriesError, match_file
from faq.entries import FaqError

from .mini_faq import MINI_YAML

if TYPE_CHECKING:
    from pathlib import Path

    from faq.entries import Faq


@pytest.fixture
def faq(tmp_path: Path) -> Path:
    path = tmp_path / "faq.yaml"
    path.write_text(MINI_YAML, encoding="utf-8")
    return path


def test_every_line_is_answered_in_its_place(tmp_path: Path, faq: Path) -> None:
    texts = [
        "are you open on sunday",
        "",
        "😀🎉",
        "long " * 4000,
        "\ud800",
        "who won the match",
        "I want my money back",
    ]
    queries = tmp_path / "queries.jsonl"
    lines = [json.dumps({"id": f"q{at}", "text": text, "entry": None}) for at, text in enumerate(texts)]
    queries.write_text("\ufeff" + "\r\n".join(lines) + "\n\n", encoding="utf-8")
    out = tmp_path / "out.jsonl"
    assert match_file(faq, queries, out) == len(texts)
    found = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [line["id"] for line in found] == [f"q{at}" for at in range(len(texts))]
    assert [line["entry"] for line in found] == ["hours", None, None, None, None, None, "refund"]
    assert [line["decision"] for line in found] == ["answer", *["ticket"] * 5, "answer"]
    for line in found:
        assert list(line) == ["id", "entry", "score", "decision", "candidates"]
        assert line["score"] == (line["candidates"][0]["score"] if line["candidates"] else 0.0)
        assert all(set(candidate) == {"entry", "score"} for candidate in line["candidates"])
    assert [len(line["candidates"]) for line in found] == [2, 0, 0, 2, 0, 2, 2]


def test_malformed_lines_are_all_named_and_nothing_is_written(tmp_path: Path, faq: Path) -> None:
    queries = tmp_path / "queries.jsonl"
    queries.write_bytes(
        b'{"id": "1", "text": "fine"}\n{"id": "2"}\nnot json\n[]\n{"id": true, "text": 3}\n\xff\n' + b"[" * 100_000
    )
    out = tmp_path / "out.jsonl"
    with pytest.raises(
        QueriesError, match=r"queries\.jsonl:2: 'text' is missing or not a text; write one JSON object"
    ) as e:
        match_file(faq, queries, out)
    assert [problem.line for problem in e.value.problems] == [2, 3, 4, 5, 5, 6, 7]
    assert not out.exists()


def test_the_number_of_the_line_stands_in_for_a_missing_id(tmp_path: Path, faq: Path) -> None:
    queries, out = tmp_path / "queries.jsonl", tmp_path / "out.jsonl"
    queries.write_text('{"text": "refund"}\n\n{"text": "hours"}\n{"id": "x", "text": "hours"}\n', encoding="utf-8")
    assert match_file(faq, queries, out) == 3
    assert [json.loads(line)["id"] for line in out.read_text(encoding="utf-8").splitlines()] == [1, 3, "x"]


def test_a_folder_that_is_not_there_is_named_before_any_work(tmp_path: Path, faq: Path) -> None:
    built: list[Faq] = []
    with pytest.raises(QueriesError, match=r"out\.jsonl: the results cannot be written, there is no folder .*nowhere;"):
        match_file(faq, tmp_path / "none.jsonl", tmp_path / "nowhere" / "out.jsonl", built.append)  # type: ignore[arg-type]
    assert built == []


def test_missing_files_are_named(tmp_path: Path, faq: Path) -> None:
    with pytest.raises(QueriesError, match=r"none\.jsonl: the file cannot be read"):
        match_file(faq, tmp_path / "none.jsonl", tmp_path / "out.jsonl")
    queries = tmp_path / "queries.jsonl"
    queries.touch()
    with pytest.raises(FaqError, match=r"none\.yaml: the file cannot be read"):
        match_file(tmp_path / "none.yaml", queries, tmp_path / "out.jsonl")
    assert match_file(faq, queries, tmp_path / "out.jsonl") == 0
