"""The playground's folder, as long as an earlier bot is still winding down in it."""

from __future__ import annotations

import asyncio
import tomllib
from typing import TYPE_CHECKING

from bots.ledger.sqlite import FileLock
from bots.playground.folder import Folder

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_ledger_is_not_taken_away_from_a_bot_that_is_winding_down(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "play")
    folder.take()
    folder.ledger.write_text("of the last bot")
    folder.release()
    last_bot = FileLock(folder.ledger)
    last_bot.acquire()
    taking = asyncio.create_task(asyncio.to_thread(folder.take))
    await asyncio.sleep(0.5)
    assert folder.ledger.exists()
    assert not taking.done()
    last_bot.release()
    await asyncio.wait_for(taking, 5)
    assert not folder.ledger.exists()
    folder.release()


def test_the_bot_is_told_how_to_compare_questions_and_whose_page_may_embed_its_chat(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "play")
    folder.take()
    folder.configure({"telegram": {"token": "1:a"}}, chat_port=8, page="http://127.0.0.1:9", matcher="lexical")
    told = tomllib.loads(folder.config.read_text(encoding="utf-8"))
    assert told["faq"] == {"matcher": "lexical"}
    assert told["channels"] == {"webchat": {"allowed_origins": ["http://127.0.0.1:9"]}, "telegram": {"token": "1:a"}}
    folder.release()


def test_the_last_helpdesk_is_taken_away_and_the_new_one_is_the_bots(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "play")
    folder.take()
    folder.release()
    folder.desk.mkdir()
    (folder.desk / "desk.db").touch()
    folder.take()
    assert not folder.desk.exists()
    folder.configure({}, chat_port=8, page="http://127.0.0.1:9", desk={"kind": "django_helpdesk", "queue": 1})
    told = tomllib.loads(folder.config.read_text(encoding="utf-8"))
    assert told["desk"] == {"kind": "django_helpdesk", "queue": 1, "poll_s": 1.0}
    folder.release()
