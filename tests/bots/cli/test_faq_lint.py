"""`firstline faq lint`, for people and for CI."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from .program import firstline

if TYPE_CHECKING:
    from pathlib import Path

_GOOD = """\
language: en
entries:
  - id: hours
    question: What are your opening hours?
    also: [when are you open, are you open on sunday, opening times, at what time do you close]
    answer: From nine to five. https://example.com
"""


@pytest.mark.parametrize(
    ("answer", "options", "code", "told"),
    [
        ("https://example.com", [], 0, "no errors, no warnings, no hints."),
        ("http://example.com", [], 0, "faq.yaml:3: warning: 'http://example.com' in 'hours' (en) is not encrypted"),
        ("http://example.com", ["--strict"], 1, "no errors, 1 warning, no hints."),
        ("https://a@example.com", [], 1, "1 error, no warnings, no hints."),
    ],
)
async def test_the_exit_code_is_for_ci(tmp_path: Path, answer: str, options: list[str], code: int, told: str) -> None:
    (tmp_path / "faq.yaml").write_text(_GOOD.replace("https://example.com", answer), encoding="utf-8")
    result = await firstline("faq", "lint", "faq.yaml", *options, cwd=tmp_path)
    assert result.code == code, result.err
    assert told in result.out


async def test_many_hints_of_a_kind_are_counted_and_listed_for_machines(tmp_path: Path) -> None:
    entries = "".join(f"  - id: e{i}\n    question: what is thing {i}\n    answer: x\n" for i in range(20))
    (tmp_path / "faq.yaml").write_text(f"language: en\nentries:\n{entries}", encoding="utf-8")
    result = await firstline("faq", "lint", "faq.yaml", cwd=tmp_path, anew=True)
    assert result.out.count("of at least 5 phrasings") == 6
    assert "and 14 more hints of the kind 'few_phrasings'" in result.out
    assert result.out.splitlines()[-1] == "no errors, no warnings, 20 hints."
    listed = json.loads((await firstline("faq", "lint", "faq.yaml", "--json", cwd=tmp_path)).out)
    assert sum(finding["kind"] == "few_phrasings" for finding in listed) == 20
    assert listed[0]["line"] == 3


async def test_no_error_is_left_out(tmp_path: Path) -> None:
    entries = "".join(f"  - id: e{i}\n    question: same\n    answer: https://a@b.test {i}\n" for i in range(30))
    (tmp_path / "faq.yaml").write_text(f"language: en\nentries:\n{entries}", encoding="utf-8")
    result = await firstline("faq", "lint", "faq.yaml", cwd=tmp_path)
    assert result.out.count(": error: ") == 31
    assert result.code == 1
