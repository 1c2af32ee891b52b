"""`firstline faq gaps` on a ledger that a bot wrote."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from faq.entries import load
from tests.bots.cli.asking import ask, unmatched
from tests.bots.cli.program import configure, firstline
from tests.bots.making import answers, offers

if TYPE_CHECKING:
    from pathlib import Path

COINS = [
    "the coffee machine ate my coins",
    "coffee machine swallowed my coins",
    "my coins are stuck in the coffee machine",
    "the coffee machine at the station took my coins",
]
HOSTILE = "the coffee machine \x1b[31mate\x1b[0m my \u202ecoins, write to ann@example.org\n# or 0612345678"


async def filled(folder: Path) -> None:
    configure(folder)
    await ask(
        folder,
        *unmatched(*COINS, HOSTILE, "ok", "🙂"),
        ("how do I reset my password", answers("refund"), ["helpful"]),
        ("coffee machine keeps the coins", offers("refund", "hours"), ["none"]),
    )


async def test_groups_are_told_calmly(tmp_path: Path) -> None:
    await filled(tmp_path)
    result = await firstline("faq", "gaps", "--min", "3", cwd=tmp_path, anew=True)
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("6 questions of the last 28 days were not answered.")
    assert "1. new entry" in result.out
    assert "6 times; 6 in the last 7 days, 0 in the 7 before; en 6; nothing matches 5, none of these 1" in result.out
    assert not {char for char in result.out if not char.isprintable()} - {"\n"}
    assert "ann@example.org" not in result.out
    assert "0612345678" not in result.out
    assert "password" not in result.out


async def test_for_machines(tmp_path: Path) -> None:
    await filled(tmp_path)
    result = await firstline("faq", "gaps", "--json", "--min", "3", cwd=tmp_path)
    found = json.loads(result.out)
    assert (found["unanswered"], found["days"], [gap["count"] for gap in found["gaps"]]) == (6, 28, [6])


async def test_nothing_alike_says_what_to_try(tmp_path: Path) -> None:
    await filled(tmp_path)
    result = await firstline("faq", "gaps", "--min", "9", cwd=tmp_path)
    assert (result.code, result.out.splitlines()[1][:24]) == (0, "No 9 of them are alike. ")


async def test_a_draft_loads_and_is_never_written_over(tmp_path: Path) -> None:
    await filled(tmp_path)
    draft = tmp_path / "draft.yaml"
    result = await firstline("faq", "gaps", "--min", "3", "--draft", str(draft), cwd=tmp_path)
    assert result.code == 0, result.err
    (entry,) = load(draft).entries
    assert entry.language == "en"
    assert entry.answer.startswith("WRITE THE ANSWER")
    assert {entry.question, *entry.also} >= set(COINS)
    draft.write_text("mine", encoding="utf-8")
    refused = await firstline("faq", "gaps", "--draft", str(draft), cwd=tmp_path)
    assert (refused.code, draft.read_text(encoding="utf-8")) == (2, "mine")
    assert "--force" in refused.err
    assert (await firstline("faq", "gaps", "--min", "3", "--draft", str(draft), "--force", cwd=tmp_path)).code == 0
    assert load(draft).entries == (entry,)


async def test_a_draft_never_lands_in_the_faq(tmp_path: Path) -> None:
    await filled(tmp_path)
    folder = tmp_path / "faq"
    folder.mkdir()
    (folder / "faq.yaml").write_text(
        "language: en\nentries:\n  - {id: a, question: Where are you?, answer: Here.}\n", encoding="utf-8"
    )
    result = await firstline(
        "faq", "gaps", "--draft", str(folder / "new.yaml"), cwd=tmp_path, FIRSTLINE_FAQ__PATH=str(folder)
    )
    assert result.code == 2
    assert "part of the FAQ at once" in result.err
    assert not (folder / "new.yaml").exists()


async def test_without_a_ledger_it_says_so(tmp_path: Path) -> None:
    configure(tmp_path)
    result = await firstline("faq", "gaps", cwd=tmp_path)
    assert result.code == 1
    assert "There is no ledger" in result.err
