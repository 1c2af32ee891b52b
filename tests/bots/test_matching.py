"""What the matcher is told about a message: the language that its author is known to speak."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bots import making
from tests.bots.lanes import inside

if TYPE_CHECKING:
    from pathlib import Path


async def test_what_was_written_before_is_a_hint_that_goes_before_the_clients(tmp_path: Path) -> None:
    async with inside(tmp_path / "firstline.db") as bot:
        for text in ("hoe krijg ik mijn geld terug", "ok", "I want my money back now, please", "ok"):
            await bot.worker.deliver([making.message(text, language_hint="de")])
            await bot.settle()
        assert bot.matcher.languages == ["de", "nl", "nl", "en"]
