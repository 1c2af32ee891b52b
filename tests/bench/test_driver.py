"""What the speed's rounds count: every reply is held against the one that is due; ours runs the whole path."""

from __future__ import annotations

import json
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bench import load, table
from bench.peers import driver, plain
from bench.peers.driver import Contestant, Work

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

_ANSWERS = ["See page 0.", "See page 1."]
_TEXTS = ["how do I pay", "where is my parcel", "how can I pay now", "my parcel is where"]


@pytest.fixture
def work(tmp_path: Path) -> Work:
    replies = tmp_path / "replies.json"
    replies.write_text(json.dumps({text: _ANSWERS["parcel" in text] for text in _TEXTS}), encoding="utf-8")
    return Work(
        questions=["How do I pay?", "Where is my parcel?"],
        answers=_ANSWERS,
        warm=_TEXTS[:2],
        alone=_TEXTS[:2],
        many=_TEXTS,
        paced=_TEXTS[:2],
        paced_per_s=50,
        idle_s=0.1,
        folder=str(tmp_path),
        place="",
        replies=str(replies),
    )


async def test_right_replies_are_counted_and_timed(work: Work) -> None:
    found = await driver.measure(plain, "wratio", work, time.monotonic())
    assert (found["asked"], found["wrong"]) == (10, 0)
    assert 0 < found["p50_ms"] <= found["p99_ms"]


async def test_a_reply_to_somebody_else_is_wrong(work: Work) -> None:
    class Muddled:
        @staticmethod
        @asynccontextmanager
        async def started(row: str, work: Work) -> AsyncIterator[Contestant]:
            async with plain.started(row, work) as bot:

                async def ask(person: int, text: str) -> str:
                    return await bot.ask(person, _TEXTS[1] if person == 3 else text)

                yield Contestant(ask)

    found = await driver.measure(Muddled(), "wratio", work, time.monotonic())
    assert found["wrong"] == 1


@pytest.mark.parametrize("row", ["noop", "wratio"])
async def test_ours_replies_what_the_pure_part_says(row: str, work: Work, tmp_path: Path) -> None:
    faq, asked = load.faq_and_distinct(40)
    texts, house, matcher = [one.text for one in asked], load.house(faq), load.matcher(row, faq, None)
    due = {text: load.due(text, matcher.match([text], ["en"])[0], house) for text in texts}
    (tmp_path / "replies.json").write_text(json.dumps(due), encoding="utf-8")
    parts = replace(work, warm=texts[:5], alone=texts[5:10], many=texts[10:30], paced=texts[30:])
    found = await driver.measure(load, row, parts, time.monotonic())
    assert (found["asked"], found["wrong"]) == (40, 0)


def test_an_aim_is_reached_or_missed(capsys: pytest.CaptureFixture[str]) -> None:
    def figures(rate: float, p99_ms: float = 1.0) -> list[table.Figures]:
        return [{"many": rate, "alone": rate, "paced_p50_ms": 1.0, "paced_p99_ms": p99_ms, "asked": 1, "wrong": 0}]

    contests: table.Rounds = [
        ("quick", "wratio", figures(1000)),
        ("broken", "wratio", "no such module"),
        ("plain", "wratio", figures(9000)),
        ("(b) ours", "wratio", figures(900)),
        ("(c) ours", "lexical", figures(2999, 11.0)),
    ]
    table.show(contests, {"quick", "broken"}, {"(b) ours": "wratio", "(c) ours": "lexical"})
    aims = capsys.readouterr().out.partition("Aims\n")[2].splitlines()
    assert [line.rpartition(": ")[2] for line in aims] == ["reached", "reached", "reached", "MISSED", "MISSED"]
    assert "0.90 of the fastest peer (quick, 1000/s)" in aims[0]
