"""python-telegram-bot: ``Application.process_update``, with a request class that answers in memory."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from telegram import Chat, Message, Update, User
from telegram.ext import Application, ContextTypes, MessageHandler, filters
from telegram.request import BaseRequest

from bench.peers.driver import Contestant, Work, answering

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_ME = {"ok": True, "result": {"id": 1, "is_bot": True, "first_name": "Bench", "username": "bench_bot"}}


class InMemory(BaseRequest):
    """Telegram's API, as far as the start needs it: who am I."""

    read_timeout = None

    async def initialize(self) -> None:
        """Nothing to open."""

    async def shutdown(self) -> None:
        """Nothing to close."""

    async def do_request(self, *_: Any, **__: Any) -> tuple[int, bytes]:
        """Answer getMe."""
        return 200, json.dumps(_ME).encode()


@asynccontextmanager
async def started(row: str, work: Work) -> AsyncIterator[Contestant]:
    """An application with one handler for texts, fed as a webhook feeds it; the reply is taken at the handler."""
    answer, replies, now = answering(row, work), dict[int, str](), datetime.now(UTC)

    async def handle(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.message is not None
        replies[update.message.chat_id] = answer(update.message.text or "")

    async def ask(person: int, text: str) -> str:
        user = User(id=person, first_name="Somebody", is_bot=False)
        message = Message(message_id=1, date=now, chat=Chat(id=person, type="private"), from_user=user, text=text)
        await application.process_update(Update(update_id=person, message=message))
        return replies.pop(person)

    builder = Application.builder().token("1:bench").updater(None).request(InMemory())
    application = builder.concurrent_updates(256).build()
    application.add_handler(MessageHandler(filters.TEXT & ~filters.COMMAND, handle))
    async with application:
        await application.start()
        yield Contestant(ask)
        await application.stop()
