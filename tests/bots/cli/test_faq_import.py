"""`firstline faq import`, as it is called."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from faq.entries import load
from tests.bots.cli.program import firstline

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "# FAQ\n\n## How do I pay?\nBy **card**. ![shot](a.png)\n\n## Is it safe?\n\n## Why, though?\nBecause.\n"


async def test_a_page_becomes_an_faq_that_the_matcher_takes(tmp_path: Path) -> None:
    (tmp_path / "old.md").write_text(PAGE, encoding="utf-8")
    result = await firstline(
        "faq", "import", "old.md", "--out", "faq.yaml", "--language", "en", cwd=tmp_path, anew=True
    )
    assert result.code == 0, result.err
    assert result.out.splitlines() == [
        "left out: old.md:6 'Is it safe?': an empty answer.",
        "warning: 1 entry: an image was dropped:",
        "  old.md:3 'How do I pay?'",
        "warning: 2 entries: only one wording: it will only be suggested until you add others under 'also':",
        "  old.md:3 'How do I pay?'",
        "  old.md:8 'Why, though?'",
        "2 entries imported (en), 1 left out; written to faq.yaml.",
    ]
    (tmp_path / "q.jsonl").write_text('{"id": "1", "text": "how do i pay"}\n', encoding="utf-8")
    matched = await firstline(
        "faq", "match", "faq.yaml", "--queries", "q.jsonl", "--out", "r.jsonl", cwd=tmp_path, anew=True
    )
    assert matched.code == 0, matched.err
    assert json.loads((tmp_path / "r.jsonl").read_text(encoding="utf-8"))["candidates"][0]["entry"] == "how-do-i-pay"


async def test_a_second_import_is_the_same_and_replaces_nothing_unasked(tmp_path: Path) -> None:
    (tmp_path / "old.md").write_text(PAGE, encoding="utf-8")
    arguments = ("faq", "import", "old.md", "--out", "faq.yaml")
    assert (await firstline(*arguments, cwd=tmp_path)).code == 0
    first = (tmp_path / "faq.yaml").read_bytes()
    (tmp_path / "faq.yaml").write_bytes(first + b"# mine\n")
    again = await firstline(*arguments, cwd=tmp_path)
    assert again.code == 1
    assert again.err == "firstline: faq.yaml: this file is already there; name another, or add --force to replace it.\n"
    assert (tmp_path / "faq.yaml").read_bytes() == first + b"# mine\n"
    assert (await firstline(*arguments, "--force", "--into", "faq.yaml", cwd=tmp_path)).code == 0
    assert (tmp_path / "faq.yaml").read_bytes() == first


async def test_what_an_faq_has_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "faq").mkdir()
    (tmp_path / "faq" / "mine.yaml").write_text(
        "language: en\nentries:\n  - {id: how-do-i-pay, question: Can I pay?, answer: Yes.}\n", encoding="utf-8"
    )
    (tmp_path / "old.md").write_text(PAGE, encoding="utf-8")
    arguments = ("faq", "import", "old.md", "--out", "faq/new.yaml", "--into", "faq")
    result = await firstline(*arguments, cwd=tmp_path)
    assert "left out: old.md:3 'How do I pay?': its id 'how-do-i-pay' (en) is already used at faq/mine.yaml:3." in (
        result.out
    )
    assert [entry.id for entry in load(tmp_path / "faq").entries] == ["how-do-i-pay", "why-though"]


async def test_a_file_for_each_language(tmp_path: Path) -> None:
    rows = "id,question,answer,language\n" + "".join(f"{i},Question {i}?,=A{i},nl\n" for i in range(7)) + "0,Q?,A,de\n"
    (tmp_path / "old.txt").write_text(rows, encoding="utf-16")
    unknown = await firstline("faq", "import", "old.txt", "--out", "faq", cwd=tmp_path)
    assert (unknown.code, "the ending '.txt' says no format" in unknown.err) == (1, True)
    result = await firstline("faq", "import", "old.txt", "--format", "csv", "--out", "faq", cwd=tmp_path)
    assert "  … and 3 more (--verbose names them)" in result.out
    assert result.out.splitlines()[-1] == (
        "8 entries imported (nl, de), 0 left out; written to faq/nl.yaml, faq/de.yaml."
    )
    answer = load(tmp_path / "faq").entry("0", "nl")
    assert answer
    assert answer.answer == "=A0"
    every = await firstline(
        "faq", "import", "old.txt", "--format", "csv", "--out", "faq", "--force", "--verbose", cwd=tmp_path
    )
    assert "old.txt:8 'Question 6?'" in every.out
    one = await firstline("faq", "import", "old.txt", "--format", "csv", "--out", "faq.yaml", cwd=tmp_path)
    assert "one file holds one language, here are nl, de; give a folder as --out" in one.err


@pytest.mark.parametrize(
    ("name", "text", "code", "said"),
    [
        ("old.md", "# FAQ\n\n## Is it safe?\n", 1, "nothing in old.md could be imported; no file was written."),
        ("old.csv", "a;b\nc;d\n", 1, "the columns are 'a', 'b'; name two of them 'question' and 'answer'"),
        ("absent.md", None, 1, "absent.md: the file cannot be read (No such file or directory); check the path."),
        ("folder", None, 1, "this folder holds no file to import"),
    ],
)
async def test_what_cannot_be_imported_is_one_sentence(
    tmp_path: Path, name: str, text: str | None, code: int, said: str
) -> None:
    (tmp_path / "folder").mkdir()
    if text is not None:
        (tmp_path / name).write_text(text, encoding="utf-8")
    result = await firstline("faq", "import", name, "--out", "faq.yaml", cwd=tmp_path)
    assert result.code == code
    assert said in result.err
    assert "Traceback" not in result.err
    assert not (tmp_path / "faq.yaml").exists()


async def test_no_title_steers_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text(json.dumps([{"question": "\x1b[2J\u202eWhy?", "answer": ""}]), encoding="utf-8")
    result = await firstline("faq", "import", "old.json", "--out", "faq.yaml", cwd=tmp_path)
    assert result.code == 1
    assert "an empty answer" in result.out
    assert "\x1b" not in result.out
    assert "\u202e" not in result.out


async def test_a_wrong_language_is_a_wrong_call(tmp_path: Path) -> None:
    result = await firstline("faq", "import", "old.md", "--out", "faq.yaml", "--language", "English!", cwd=tmp_path)
    assert (result.code, "is no language code" in result.err) == (2, True)
