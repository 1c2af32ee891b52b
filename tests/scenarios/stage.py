"""One bot, one simulated Telegram, and the words that scenarios are made of."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bots.cli import setting_up
from bots.ledger import report
from bots.supervisor import Bot

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bots.ledger.report import DeskTicket, Report
    from config.settings import Settings
    from simulators.telegram import Chat, TelegramSimulator, User

TOKEN = "110201543:simulated"
_HERE = Path(__file__).parent
_PATIENCE_S = 15.0


class Stage:
    """A running bot whose Telegram is the simulator."""

    def __init__(self, sim: TelegramSimulator, folder: Path, more: str = "", *, port: int = 0) -> None:
        self.sim = sim
        self._port = port
        self.folder = folder
        self._more = more
        self.bot: Bot
        self.settings = self._settings()
        self._read: dict[int, int] = {}

    def _settings(self) -> Settings:
        faq = self.folder / "faq"
        faq.mkdir(exist_ok=True)
        shutil.copy(_HERE / "faq.yaml", faq / "en.yaml")
        shutil.copy(_HERE / "faq.nl.yaml", faq / "nl.yaml")
        file = self.folder / "firstline.toml"
        file.write_text(
            f"""
            data_dir = "{self.folder.parent / "data"}"
            [faq]
            path = "{faq}"
            [ledger]
            path = "{self.folder / "firstline.db"}"
            [web]
            port = {self._port}
            [channels.webchat]
            [channels.telegram]
            token = "{TOKEN}"
            api_base = "{self.sim.base_url}"
            file_base = "{self.sim.base_file_url}"
            {self._more}
            """,
            encoding="utf-8",
        )
        return setting_up.load(file)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Bot]:
        """The bot, started and wound down."""
        async with Bot(self.settings) as bot:
            self.bot = bot
            yield bot

    def group(self, title: str, *members: User, is_forum: bool = False, bot_status: str = "member") -> Chat:
        """A group with people and the bot in it."""
        chat = self.sim.add_chat(title, is_forum=is_forum, members=[member.id for member in members])
        self.sim.set_member(chat.id, int(TOKEN.partition(":")[0]), status=bot_status, quietly=True)
        return chat

    async def reads(self, chat_id: int, *parts: str, thread: int | None = None) -> dict[str, Any]:
        """Wait for the next message of the bot in a chat; it holds all the parts. Gives what Telegram has of it."""
        seen = self._read.get(chat_id, 0)
        async with asyncio.timeout(_PATIENCE_S):
            while len(sent := self.sim.sent(chat_id)) <= seen:
                await asyncio.sleep(0.02)
        self._read[chat_id] = seen + 1
        message = sent[seen]
        for part in parts:
            assert part in message.text, f"{part!r} is not in {message.text!r}"
        assert thread is None or message.thread_id == thread
        return {
            "text": message.text,
            "message_id": message.message_id,
            "reply_to": message.reply_to,
            "buttons": message.buttons,
        }

    def skip(self, chat_id: int) -> None:
        """Count all that the bot has said in a chat as read."""
        self._read[chat_id] = len(self.sim.sent(chat_id))

    async def hears_nothing(self, chat_id: int) -> None:
        """After the bot has worked off what it has, there is nothing new in the chat."""
        await self.settled()
        assert [m.text for m in self.sim.sent(chat_id)[self._read.get(chat_id, 0) :]] == []

    async def settled(self) -> None:
        """Wait until the bot has confirmed every update and posted every reply."""
        async with asyncio.timeout(_PATIENCE_S):
            while self.sim.pending():
                await asyncio.sleep(0.02)
            await self.bot.worker.idle()
            await self.bot.delivery.idle()

    def report(self) -> Report:
        """What `firstline ledger` shows."""
        return report.report(self.settings.ledger_place)

    def ticket(self, number: str) -> DeskTicket:
        """What `firstline tickets show` shows."""
        return report.ticket(self.settings.ledger_place, number)

    def tickets(self) -> list[DeskTicket]:
        """What `firstline tickets list --all` shows."""
        return report.tickets(self.settings.ledger_place, all_of_them=True)


def person(sim: TelegramSimulator, name: str, language: str = "en") -> User:
    """Somebody with a Telegram in that language."""
    return sim.add_user(name, username=name.lower(), language_code=language)
