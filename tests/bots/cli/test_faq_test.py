"""`firstline faq test`: an FAQ is reviewed like code."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from tests.bots.cli.program import firstline

if TYPE_CHECKING:
    from pathlib import Path

ENTRIES = """\
language: en
entries:
  - id: password
    question: How do I reset my password?
    also: [I forgot my password, password reset]
    answer: Choose Forgot password.
    expect:
      - how do i reset my pasword
      - do penguins have knees
"""
BROKEN = "    expect_not: [I forgot my password!]\n"


def faq(folder: Path, text: str) -> str:
    (folder / "faq.yaml").write_text(text, encoding="utf-8")
    return "faq.yaml"


async def test_a_broken_expectation_is_told_and_fails_the_check(tmp_path: Path) -> None:
    result = await firstline("faq", "test", faq(tmp_path, ENTRIES + BROKEN), cwd=tmp_path, anew=True)
    assert (result.code, result.err) == (1, "")
    assert "faq.yaml:9: 'password' is expected, but the bot opens a ticket." in result.out
    assert "faq.yaml:10: 'password' is not to answer, but the bot answers with 'password'." in result.out
    assert "do penguins have knees" in result.out
    assert re.search(r"first    password [01]\.\d\d", result.out)
    assert "1 of 3 expectations kept, 2 broken." in result.out


async def test_kept_expectations_of_the_configured_faq(tmp_path: Path) -> None:
    fine = "\n".join(line for line in ENTRIES.splitlines() if "penguins" not in line)
    (tmp_path / "ours").mkdir()
    faq(tmp_path / "ours", fine)
    (tmp_path / "other.toml").write_text('[faq]\npath = "ours"\n', encoding="utf-8")
    result = await firstline("faq", "test", "--config", "other.toml", cwd=tmp_path)
    assert (result.code, result.err) == (0, "")
    assert "1 of 1 expectations kept, 0 broken." in result.out


async def test_for_machines(tmp_path: Path) -> None:
    result = await firstline("faq", "test", faq(tmp_path, ENTRIES + BROKEN), "--json", cwd=tmp_path)
    assert result.code == 1
    told = json.loads(result.out)
    summary = {"kept": 1, "broken": 2, "answered": 1, "suggested": 0, "missed": 1, "left": 0, "taken": 1, "copied": 0}
    assert told["summary"] == summary
    missed, taken = told["broken"]
    assert (missed["kind"], missed["source"], missed["decision"]) == ("expect", "faq.yaml:9", "ticket")
    assert (taken["kind"], taken["source"], taken["decision"]) == ("expect_not", "faq.yaml:10", "answer")
    assert taken["candidates"][0]["entry"] == "password"
    assert all(one["cure"] and one["text"] and one["language"] == "en" for one in told["broken"])


async def test_a_faq_without_expectations_is_told_how_to_have_some(tmp_path: Path) -> None:
    bare = ENTRIES[: ENTRIES.index("    expect:")]
    result = await firstline("faq", "test", faq(tmp_path, bare), cwd=tmp_path)
    assert (result.code, result.err) == (0, "")
    assert "'expect:'" in result.out
    broken = await firstline("faq", "test", faq(tmp_path, ENTRIES + "    expect_not: what\n"), cwd=tmp_path)
    assert broken.code == 1
    assert "faq.yaml:10: 'expect_not' is not a list" in broken.err
