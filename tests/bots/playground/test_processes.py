"""The bot's process in moments that a person hardly hits."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from bots.playground.processes import BotProcess, last_words
from tests.bots.cli.program import configure

if TYPE_CHECKING:
    from pathlib import Path


async def test_killed_while_it_is_being_made_it_does_not_live(tmp_path: Path) -> None:
    bot = BotProcess(configure(tmp_path), tmp_path / "bot.log")
    keeping = asyncio.create_task(bot.run())
    try:
        await asyncio.sleep(0)  # its process is asked for and not there yet
        assert (bot.state, bot.pid) == ("starting", 0)
        bot.kill()
        async with asyncio.timeout(10):
            while bot.state != "killed":
                await asyncio.sleep(0.01)
        assert bot.pid == 0
        assert bot.notice == "It was ended by signal 9."
    finally:
        keeping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeping


def test_its_last_words_are_its_own_sentence_rather_than_the_advice(tmp_path: Path) -> None:
    log = tmp_path / "bot.log"
    assert not last_words(log)
    log.write_text("Traceback\n", encoding="utf-8")
    assert last_words(log) == "Traceback"
    log.write_text("starting\nfirstline: a mistake of ours\nRun it again.\n", encoding="utf-8")
    assert last_words(log) == "firstline: a mistake of ours"
