"""aiogram: ``Dispatcher.feed_update``."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aiogram import Bot, Dispatcher, F
from aiogram.types import Chat, Message, Update, User

from bench.peers.driver import Contestant, Work, answering

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def started(row: str, work: Work) -> AsyncIterator[Contestant]:
    """A dispatcher with one handler for texts, no state; the reply is taken at the handler."""
    answer, replies, now = answering(row, work), dict[int, str](), datetime.now(UTC)
    dispatcher = Dispatcher(disable_fsm=True)

    @dispatcher.message(F.text)
    async def handle(message: Message) -> None:
        replies[message.chat.id] = answer(message.text or "")

    async def ask(person: int, text: str) -> str:
        user = User(id=person, is_bot=False, first_name="Somebody")
        message = Message(message_id=1, date=now, chat=Chat(id=person, type="private"), from_user=user, text=text)
        await dispatcher.feed_update(bot, Update(update_id=person, message=message))
        return replies.pop(person)

    async with Bot("1:bench") as bot:
        yield Contestant(ask)
