"""Commands that need no running bot."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from simulators.telegram import TelegramSimulator
from tests.bots.cli.program import configure, firstline

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "110201543:simulated"


async def test_version_and_help(tmp_path: Path) -> None:
    assert (await firstline("--version", cwd=tmp_path, anew=True)).out.startswith("firstline 0.")
    for arguments in (
        [],
        ["run"],
        ["check"],
        ["chat"],
        ["faq", "match"],
        ["faq", "lint"],
        ["ledger"],
        ["tickets", "reply"],
    ):
        result = await firstline(*arguments, "--help", cwd=tmp_path)
        assert result.code == 0
        assert "Usage: firstline" in result.out


async def test_chat_answers_asks_and_opens_a_ticket(tmp_path: Path) -> None:
    configure(tmp_path)
    words = "how do i reset my password?\n2\n/status\n/language nl\n/help\n"
    result = await firstline("chat", cwd=tmp_path, anew=True, stdin=words)
    assert result.code == 0, result.err
    assert "Choose Forgot password?" in result.out
    assert "I have opened ticket FL-1001" in result.out
    assert "Ticket FL-1001: we have it" in result.out
    assert "Vanaf nu schrijf ik Nederlands" in result.out
    assert not list(tmp_path.glob("*.db"))


async def test_an_unknown_key_names_file_line_and_the_nearest_key(tmp_path: Path) -> None:
    configure(tmp_path, '[web_]\n[bot]\norganization = "Acme"\n')
    result = await firstline("check", cwd=tmp_path)
    assert result.code == 2
    assert "firstline.toml:10" in result.err
    assert "`organisation`" in result.err


async def test_check_says_what_the_bot_may_do_on_telegram(tmp_path: Path) -> None:
    async with TelegramSimulator() as sim:
        sim.add_bot(TOKEN)
        configure(tmp_path, f'[channels.telegram]\ntoken = "{TOKEN}"\napi_base = "{sim.base_url}"\n')
        result = await firstline("check", cwd=tmp_path)
        assert result.code == 0, result.out + result.err
        assert "@firstline_bot" in result.out
        assert "firstline run" in result.out.splitlines()[-1]
        refused = await firstline("check", cwd=tmp_path, FIRSTLINE_CHANNELS__TELEGRAM__TOKEN="110201544:wrong")
        assert refused.code == 1
        assert "refuses the token" in refused.out
        assert "110201544:wrong" not in refused.out + refused.err
    absent = await firstline("check", cwd=tmp_path)
    assert absent.code == 1
    assert "Traceback" not in absent.err


async def test_a_ledger_that_is_not_there_yet(tmp_path: Path) -> None:
    configure(tmp_path)
    for arguments in (["ledger"], ["tickets", "list"], ["ledger", "retry", "1"]):
        result = await firstline(*arguments, cwd=tmp_path)
        assert result.code == 1
        assert "There is no ledger at" in result.err


async def test_a_file_that_is_no_ledger(tmp_path: Path) -> None:
    configure(tmp_path)
    (tmp_path / "firstline.db").write_text("a shopping list, " * 100)
    for arguments in (["ledger"], ["run"]):
        result = await firstline(*arguments, cwd=tmp_path)
        assert result.code == 1, result.out
        assert "firstline.db" in result.err
        assert "Traceback" not in result.err


@pytest.mark.parametrize("since", ["yesterday", "7w", "2026-13-01"])
async def test_a_time_that_is_none(tmp_path: Path, since: str) -> None:
    configure(tmp_path)
    result = await firstline("ledger", "--since", since, cwd=tmp_path)
    assert result.code == 2
    assert repr(since) in result.err


async def test_faq_match_writes_a_line_for_each_question_in_order(tmp_path: Path) -> None:
    (tmp_path / "faq.yaml").write_text(
        "language: en\nentries:\n  - id: a\n    question: how do i reset my password\n    answer: x\n"
    )
    (tmp_path / "q.jsonl").write_text('{"id": "2", "text": "How do I reset my password?"}\n{"id": "1", "text": "🙈"}\n')
    result = await firstline("faq", "match", "faq.yaml", "--queries", "q.jsonl", "--out", "o.jsonl", cwd=tmp_path)
    assert result.code == 0, result.err
    lines = [json.loads(line) for line in (tmp_path / "o.jsonl").read_text().splitlines()]
    assert [line["id"] for line in lines] == ["2", "1"]
    assert [line["entry"] for line in lines] == ["a", None]
    assert set(lines[0]) == {"id", "entry", "score", "decision", "candidates"}
    (tmp_path / "q.jsonl").write_text('{"id": "2"\n')
    broken = await firstline("faq", "match", "faq.yaml", "--queries", "q.jsonl", "--out", "o.jsonl", cwd=tmp_path)
    assert broken.code == 1
    assert "q.jsonl:1" in broken.err


@pytest.mark.parametrize("command", ["match", "eval", "test"])
async def test_another_matcher_can_be_tried(tmp_path: Path, command: str) -> None:
    configure(tmp_path)
    (tmp_path / "faq.yaml").write_text(
        "language: en\nentries:\n"
        "  - {id: a, question: how do i get a refund, also: [refund please], answer: x, expect: [my cash again]}\n"
        "  - {id: b, question: when are you open, also: [opening hours], answer: y}\n"
    )
    (tmp_path / "q.jsonl").write_text('{"id": "1", "text": "i would like my money returned", "entry": "a"}\n')
    arguments = {
        "match": ("faq.yaml", "--queries", "q.jsonl", "--out", "o.jsonl"),
        "eval": ("faq.yaml", "--queries", "q.jsonl"),
        "test": ("faq.yaml",),
    }[command]
    told = {}
    for matcher in ("lexical", "default"):
        result = await firstline("faq", command, *arguments, "--matcher", matcher, cwd=tmp_path)
        made = tmp_path / "o.jsonl"
        told[matcher] = made.read_text(encoding="utf-8") if made.exists() else result.out.partition("\nBuilt in")[0]
        assert bool(list((tmp_path / "data" / "faq-cache").glob("use*"))) == (matcher == "default")
    assert told["lexical"] != told["default"]


async def test_shell_completion_is_offered(tmp_path: Path) -> None:
    for shell in ("bash", "zsh", "fish"):  # what --install-completion writes, without asking which shell this is
        script = (await firstline(cwd=tmp_path, _FIRSTLINE_COMPLETE=f"source_{shell}")).out
        assert "_FIRSTLINE_COMPLETE" in script


async def test_a_place_that_cannot_hold_the_ledger_is_told_by_check_and_run(tmp_path: Path) -> None:
    file = configure(tmp_path)
    (tmp_path / "a-file").write_text("in the way")
    file.write_text(file.read_text().replace('path = "firstline.db"', 'path = "a-file/ledger.db"'))
    checked = await firstline("check", cwd=tmp_path)
    assert checked.code == 1
    assert "cannot hold the ledger" in checked.out
    started = await firstline("run", cwd=tmp_path)
    assert started.code == 1
    assert "cannot hold the ledger" in started.err


async def test_lint_prints_sentences(tmp_path: Path) -> None:
    (tmp_path / "faq.yaml").write_text(
        "language: en\nentries:\n  - id: a\n    question: how do i reset my password\n    answer: x\n"
    )
    result = await firstline("faq", "lint", "faq.yaml", cwd=tmp_path)
    assert result.code == 0
    assert "faq.yaml:3: " in result.out
    assert "Finding(" not in result.out
