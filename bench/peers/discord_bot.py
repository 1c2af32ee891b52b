"""discord.py: the connection's ``parse_message_create``, as the gateway calls it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import discord

from bench.peers.driver import Contestant, Work, answering

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def started(row: str, work: Work) -> AsyncIterator[Contestant]:
    """A client with ``on_message`` for direct messages, no cache of messages; the reply is taken at the handler."""
    answer, waiting = answering(row, work), dict[int, asyncio.Future[str]]()
    client = discord.Client(intents=discord.Intents(dm_messages=True, message_content=True), max_messages=None)

    @client.event
    async def on_message(message: discord.Message) -> None:
        if message.author != client.user:
            waiting.pop(message.channel.id).set_result(answer(message.content))

    async def ask(person: int, text: str) -> str:
        reply: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        waiting[person] = reply
        state.parse_message_create(_message(person, text))
        return await reply

    async with client:
        state: Any = client._connection  # noqa: SLF001 - what the gateway hands its events to
        me = {"id": "999999999", "username": "bench", "discriminator": "0", "avatar": None, "bot": True}
        state.user = discord.ClientUser(state=state, data=me)  # type: ignore[arg-type]  # what Discord sends at least
        yield Contestant(ask)


def _message(person: int, text: str) -> dict[str, Any]:
    return {
        "id": str(person),
        "channel_id": str(person),
        "author": {"id": str(person), "username": "somebody", "discriminator": "0", "avatar": None},
        "content": text,
        "timestamp": "2026-11-01T00:00:00+00:00",
        "edited_timestamp": None,
        "tts": False,
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "attachments": [],
        "embeds": [],
        "pinned": False,
        "type": 0,
    }
