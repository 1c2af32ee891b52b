"""`firstline faq explain`, for people and for machines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.faq.mini_faq import MINI_YAML

from .program import firstline

if TYPE_CHECKING:
    from pathlib import Path


async def test_people_read_what_was_found_and_why(tmp_path: Path) -> None:
    (tmp_path / "faq.yaml").write_text(MINI_YAML, encoding="utf-8")
    result = await firstline("faq", "explain", "refnd please", "faq.yaml", cwd=tmp_path, anew=True)
    assert result.code == 0, result.err
    assert result.out.startswith("The bot answers with refund.\n")
    assert "refnd -> refund" in result.out
    assert "like  refund please (en)" in result.out
    assert "2. hours" in result.out
    assert "Answers begin at" in result.out


async def test_no_word_steers_the_terminal_and_machines_read_json(tmp_path: Path) -> None:
    (tmp_path / "faq.yaml").write_text(MINI_YAML, encoding="utf-8")
    shown = await firstline("faq", "explain", "are you open \x1b[31m\u202e today", "faq.yaml", cwd=tmp_path)
    assert not {"\x1b", "\u202e"} & set(shown.out)
    result = await firstline("faq", "explain", "are you open", "faq.yaml", "--language", "en", "--json", cwd=tmp_path)
    told = json.loads(result.out)
    assert told["candidates"][0]["entry"] == "hours"
    assert told["suggest_from"] <= told["answer_from"]
