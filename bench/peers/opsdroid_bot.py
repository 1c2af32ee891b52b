"""opsdroid: ``parse`` with a skill for a regular expression and a connector in memory."""
# mypy: disable-error-code="import-not-found,no-any-return,untyped-decorator,misc"
# (it is installed in the peers' environment alone)

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from opsdroid.cli.utils import configure_lang
from opsdroid.connector import Connector
from opsdroid.core import OpsDroid
from opsdroid.events import Message
from opsdroid.matchers import match_regex

from bench.peers.driver import Contestant, Work, answering

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class InMemory(Connector):
    """Takes what is answered."""

    def __init__(self) -> None:
        super().__init__({"name": "memory"})
        self.replies: dict[str, str] = {}

    async def send(self, event: Any) -> None:
        """Take a reply."""
        self.replies[event.target] = event.text


@asynccontextmanager
async def started(row: str, work: Work) -> AsyncIterator[Contestant]:
    """A bot with one skill; it logs nothing, which is its quickest."""
    logging.disable(logging.WARNING)
    configure_lang({})
    answer, connector = answering(row, work), InMemory()
    bot = OpsDroid(config={}, loopless=True)
    bot.eventloop = asyncio.get_running_loop()

    @match_regex(r".+")
    async def handle(message: Message) -> None:
        await message.respond(answer(message.text))

    handle.config = {"name": "bench"}
    bot.register_skill(handle)
    bot.connectors.append(connector)

    async def ask(person: int, text: str) -> str:
        message = Message(text, user_id=str(person), user="somebody", target=str(person), connector=connector)
        await bot.parse(message)
        return connector.replies.pop(str(person))

    with bot:
        yield Contestant(ask)
