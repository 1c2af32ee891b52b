"""A started Telegram adapter before the simulator: what its tests, and the contract of all channels, stand on."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from adapters.base import IncomingMessage, Reply, ReplyTarget, Visibility
from adapters.telegram import Settings, TelegramAdapter, create
from simulators.telegram import TelegramSimulator, User
from tests.adapters.ground import Ground, ran

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from adapters.base import Button
    from simulators.telegram import Chat, SentMessage

TOKEN = "110201543:CANARY-7hQ2xZkP0vJ9sLwE4rT8yU"
BOT_ID = "110201543"


def settings(sim: TelegramSimulator, **given: Any) -> Settings:
    quick = {"poll_timeout_s": 1, "request_timeout_s": 2, "conflict_wait_s": 0.3, "max_backoff_s": 0.2}
    place = {"token": TOKEN, "api_base": sim.base_url, "file_base": sim.base_file_url}
    return Settings.model_validate({**quick, **place, **given})


@dataclass
class Stage:
    sim: TelegramSimulator
    adapter: TelegramAdapter
    alice: User
    ground: Ground
    inbox: list[IncomingMessage] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def deliver(self, messages: Sequence[IncomingMessage]) -> None:
        self.inbox.extend(messages)
        self.came.set()

    async def arrives(self, number: int) -> IncomingMessage:
        """The message number `number` (from 1) that the adapter delivered."""
        async with asyncio.timeout(10):
            while len(self.inbox) < number:
                self.came.clear()
                await self.came.wait()
        return self.inbox[number - 1]

    async def user_says(self, text: str, **where: Any) -> IncomingMessage:
        """Alice writes, by default in private; what the adapter makes of it."""
        before = len(self.inbox)
        self.sim.write(self.alice.id, text, **where)
        return await self.arrives(before + 1)

    def posted(self) -> list[SentMessage]:
        """What the bot sent, in order."""
        return self.sim.sent()

    def group(self, **kind: Any) -> Chat:
        """A group in which Alice and the bot are."""
        chat = self.sim.add_chat("Exchange users", members=[self.alice.id], **kind)
        self.sim.set_member(chat.id, int(BOT_ID), "member", quietly=True)
        return chat


@asynccontextmanager
async def running(
    sim: TelegramSimulator, *, ground: Ground | None = None, see_all: bool = True, **given: Any
) -> AsyncIterator[Stage]:
    """A started adapter with one user; `see_all` switches privacy mode off."""
    sim.add_bot(TOKEN, can_read_all_group_messages=see_all)
    ground = ground or Ground()
    adapter = create("telegram", settings(sim, **given), ground.surroundings())
    alice = sim.add_user("Alice", username="alice", language_code="nl")
    stage = Stage(sim=sim, adapter=adapter, alice=alice, ground=ground)
    async with ran(adapter, stage.deliver):
        try:
            yield stage
        finally:
            await adapter.close()


def reply_to(target: ReplyTarget, text: str, *, buttons: tuple[Button, ...] = (), quiet: bool = False) -> Reply:
    return Reply(key="reply-1", target=target, text=text, buttons=buttons, visibility=Visibility.PRIVATE, quiet=quiet)
