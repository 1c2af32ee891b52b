"""A started adapter for X before the simulator: what its tests, and the contract of all channels, stand on."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from adapters.base import IncomingMessage, Reply, ReplyTarget
from adapters.twitter import Settings, TwitterAdapter
from simulators.twitter import TwitterSimulator, User
from tests.adapters.ground import Ground, ran

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    import aiohttp

    from simulators.twitter import Sent


def settings(sim: TwitterSimulator, **given: Any) -> Settings:
    keys = sim.credentials()
    quick = {
        "poll_interval_s": 0.05,
        "message_poll_interval_s": 0.05,
        "request_timeout_s": 2,
        "max_backoff_s": 0.2,
        "credits_wait_s": 0.3,
        "automated_label_confirmed": True,
    }
    place = {
        "consumer_key": keys["consumer_key"],
        "consumer_secret": keys["consumer_secret"],
        "access_token": keys["access_token"],
        "access_token_secret": keys["access_token_secret"],
        "bearer_token": keys["bearer_token"],
        "api_base": sim.url,
        "file_hosts": [sim.url],
    }
    return Settings.model_validate({**quick, **place, **given})


@dataclass
class Stage:
    sim: TwitterSimulator
    adapter: TwitterAdapter
    bot: User
    ana: User
    bram: User
    mila: User
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

    async def user_posts(self, text: str, **where: Any) -> IncomingMessage:
        """Ana posts, with the bot's handle in front; what the adapter makes of it."""
        before = len(self.inbox)
        self.sim.post(self.ana.id, f"@firstline_bot {text}", **where)
        return await self.arrives(before + 1)

    async def user_writes(self, text: str, **what: Any) -> IncomingMessage:
        """Ana writes a direct message; what the adapter makes of it."""
        before = len(self.inbox)
        self.sim.dm(self.ana.id, text, **what)
        return await self.arrives(before + 1)

    def posted(self) -> list[Sent]:
        """What the bot posted and wrote, in order."""
        return self.sim.sent()


def people(sim: TwitterSimulator) -> tuple[User, User, User, User]:
    """The bot, Ana and Bram who ask, and Mila who moderates."""
    return sim.add_bot(), sim.add_user("Ana"), sim.add_user("Bram"), sim.add_user("Mila")


@asynccontextmanager
async def running(
    sim: TwitterSimulator,
    *,
    ground: Ground | None = None,
    connector: Callable[[], aiohttp.BaseConnector] | None = None,
    **given: Any,
) -> AsyncIterator[Stage]:
    """A started adapter with its people; Mila is staff."""
    bot, ana, bram, mila = people(sim)
    ground = ground or Ground()
    wanted = settings(sim, **{"staff": (mila.id,), **given})
    adapter = TwitterAdapter("twitter", wanted, ground.surroundings(), connector)
    stage = Stage(sim=sim, adapter=adapter, bot=bot, ana=ana, bram=bram, mila=mila, ground=ground)
    try:
        async with ran(adapter, stage.deliver):
            yield stage
    finally:
        await adapter.close()


def reply_to(target: ReplyTarget, text: str, **given: Any) -> Reply:
    return Reply(key="reply-1", target=target, text=text, visibility=target.visibility, **given)
