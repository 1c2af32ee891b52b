"""What the matcher is asked: texts with the language they are written in, else that of who wrote them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bots.matching import MatchBatches
from faq.entries import Faq
from tests.bots import making
from tests.bots.lanes import Matcher, inside

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "hint", "language", "asked"),
    [
        ("ik wil mijn geld terug", "en", "nl", "nl"),
        ("I want my money back", "nl", "en", "en"),
        ("ok", "nl", None, "nl"),
        ("ok", None, None, None),
    ],
)
async def test_a_message_is_matched_in_the_language_it_is_written_in(
    text: str, hint: str | None, language: str | None, asked: str | None
) -> None:
    matcher = Matcher()
    matches = await MatchBatches(lambda: matcher).match(text, hint)
    assert (matches.language, matcher.languages) == (language, [asked])


async def test_another_faq_has_other_languages() -> None:
    german, dutch = Matcher(), Matcher()
    german.faq = Faq(entries=(making.entry("card", "de", "Hallo", "x"),))
    dutch.faq = Faq(entries=(making.entry("card", "nl", "Hallo", "x"),))
    matchers = iter([german, dutch])
    batches = MatchBatches(lambda: next(matchers))
    assert [(await batches.match("hallo", None)).language for _ in range(2)] == ["de", "nl"]


async def test_what_was_written_before_is_a_hint_that_goes_before_the_clients(tmp_path: Path) -> None:
    async with inside(tmp_path / "firstline.db") as bot:
        for text in ("hoe krijg ik mijn geld terug", "ok dan refund", "ok"):
            await bot.worker.deliver([making.message(text, language_hint="en")])
            await bot.settle()
        assert bot.matcher.languages == ["nl", "nl", "nl"]
