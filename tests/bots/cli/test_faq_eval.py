"""`firstline faq eval`, called as people call it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from tests.faq.mini_faq import MINI_YAML

from .program import firstline

if TYPE_CHECKING:
    from pathlib import Path


def _labelled(folder: Path) -> None:
    (folder / "faq.yaml").write_text(MINI_YAML, encoding="utf-8")
    queries = [
        {"id": "1", "text": "refund please", "entry": "refund"},
        {"id": "2", "text": "when are you open", "entry": "refund"},
        {"id": "3", "text": "zzz \x1b[31m", "entry": None},
    ]
    (folder / "q.jsonl").write_text("\n".join(map(json.dumps, queries)), encoding="utf-8")


async def test_people_read_what_was_measured_and_which_answers_were_wrong(tmp_path: Path) -> None:
    _labelled(tmp_path)
    result = await firstline(
        "faq", "eval", "faq.yaml", "--queries", "q.jsonl", "--picture", "p.svg", cwd=tmp_path, anew=True
    )
    assert result.code == 0, result.err
    assert "3 messages: 2 have an entry, 1 have none." in result.out
    assert "comes first                      50.0 %   top-1" in result.out
    assert "2: when are you open\n      got hours (" in result.out
    assert "right is refund" in result.out
    assert ET.parse(tmp_path / "p.svg").getroot().tag.endswith("svg")  # noqa: S314 - our own


async def test_machines_read_one_json_object(tmp_path: Path) -> None:
    _labelled(tmp_path)
    result = await firstline("faq", "eval", "faq.yaml", "--queries", "q.jsonl", "--json", cwd=tmp_path)
    measured = json.loads(result.out)
    assert measured["top_1"] == 0.5
    assert set(measured["coverage"]) == {"0.9", "0.95", "0.98"}
    assert measured["reliability"][5] == {"low": 0.5, "count": 0, "mean_score": None, "right": None}
    assert [wrong["id"] for wrong in measured["wrong_answers"]] == ["2"]


async def test_json_steers_no_terminal(tmp_path: Path) -> None:
    _labelled(tmp_path)
    query = {"id": "é\x9b2J\u202e\ud83d", "text": "when are you open", "entry": "refund"}
    (tmp_path / "q.jsonl").write_text(json.dumps(query), encoding="utf-8")
    result = await firstline("faq", "eval", "faq.yaml", "--queries", "q.jsonl", "--json", cwd=tmp_path)
    assert (result.code, result.err) == (0, "")
    assert r'"é\u009b2J\u202e\ud83d"' in result.out


async def test_the_configured_promise_is_kept(tmp_path: Path) -> None:
    _labelled(tmp_path)
    texts = ("are you open sundays", "when are you open on sunday", "can I get my money back", "how do I get refunds")
    lines = [json.dumps({"id": text, "text": text, "entry": None}) for text in texts]
    (tmp_path / "q.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "firstline.toml").write_text('[faq]\npath = "faq.yaml"\nanswer_precision = 0.5\n', encoding="utf-8")
    hopeful = json.loads((await firstline("faq", "eval", "--queries", "q.jsonl", "--json", cwd=tmp_path)).out)
    (tmp_path / "firstline.toml").write_text('[faq]\npath = "faq.yaml"\nanswer_precision = 0.999\n', encoding="utf-8")
    careful = json.loads((await firstline("faq", "eval", "--queries", "q.jsonl", "--json", cwd=tmp_path)).out)
    assert hopeful["answered"] > careful["answered"]


async def test_no_messages_are_no_measure(tmp_path: Path) -> None:
    _labelled(tmp_path)
    (tmp_path / "q.jsonl").write_text("\n", encoding="utf-8")
    result = await firstline("faq", "eval", "faq.yaml", "--queries", "q.jsonl", cwd=tmp_path)
    assert result.code == 2
    assert "q.jsonl holds no message" in result.err


async def test_a_wrong_label_is_told_with_its_line(tmp_path: Path) -> None:
    _labelled(tmp_path)
    (tmp_path / "q.jsonl").write_text('{"id": "1", "text": "x", "entry": "refunds"}\n', encoding="utf-8")
    result = await firstline("faq", "eval", "faq.yaml", "--queries", "q.jsonl", cwd=tmp_path)
    assert result.code == 1
    assert "q.jsonl:1: the FAQ has no entry 'refunds'" in result.err
