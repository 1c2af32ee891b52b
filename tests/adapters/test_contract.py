"""Every channel against the contract, and proof that none escapes it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from adapters import registry
from simulators.discord import DiscordSimulator
from simulators.reddit import RedditSimulator
from simulators.telegram import TelegramSimulator
from simulators.twitter import TwitterSimulator
from tests.adapters.contract import Actor, ChannelContract
from tests.adapters.discord import stage as discord_stage
from tests.adapters.reddit import stage as reddit_stage
from tests.adapters.telegram import stage as telegram_stage
from tests.adapters.twitter import stage as twitter_stage
from tests.adapters.webchat import stage as webchat_stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from adapters.base import Button, IncomingMessage, ReplyTarget


class OnTelegram:
    """Alice, in private, on the simulated Telegram."""

    def __init__(self, stage: telegram_stage.Stage) -> None:
        self._stage = stage
        self.adapter = stage.adapter

    async def says(self, text: str) -> IncomingMessage:
        return await self._stage.user_says(text)

    async def taps(self, posted_id: str, button: Button) -> IncomingMessage:
        before = len(self._stage.inbox)
        self._stage.sim.tap(self._stage.alice.id, int(posted_id), button.label)
        return await self._stage.arrives(before + 1)

    async def reads(self) -> Sequence[str]:
        return [message.text for message in self._stage.posted()]

    def nowhere(self, target: ReplyTarget) -> ReplyTarget:
        return replace(target, place="999", address={**target.address, "chat_id": "999"})


class OnDiscord:
    """Ana, in private, on the simulated Discord."""

    def __init__(self, stage: discord_stage.Stage) -> None:
        self._stage = stage
        self.adapter = stage.adapter

    async def says(self, text: str) -> IncomingMessage:
        return await self._stage.says(text)

    async def taps(self, posted_id: str, button: Button) -> IncomingMessage:
        user_id, sim = self._stage.world.ana.id, self._stage.sim
        channel_id = sim.direct_channel_id(user_id)
        return await self._stage.next_after(lambda: sim.press(user_id, channel_id, posted_id, button.label))

    async def reads(self) -> Sequence[str]:
        return [discord_stage.as_read(message.text) for message in self._stage.posted()]

    def nowhere(self, target: ReplyTarget) -> ReplyTarget:
        return replace(target, place="999", address={**target.address, "channel_id": "999"})


class OnReddit:
    """Ana, who writes to the moderators: the one private place."""

    def __init__(self, stage: reddit_stage.Stage) -> None:
        self._stage = stage
        self.adapter = stage.adapter

    async def says(self, text: str) -> IncomingMessage:
        known = self._stage.sim.conversations()
        return await self._stage.writes(text, subject=text, conversation=known[0].id if known else "")

    async def taps(self, posted_id: str, button: Button) -> IncomingMessage:
        raise AssertionError(f"Reddit has no buttons: {posted_id}, {button.label}")

    async def reads(self) -> Sequence[str]:
        return [reddit_stage.seen(posted.text) for posted in self._stage.sim.sent()]

    def nowhere(self, target: ReplyTarget) -> ReplyTarget:
        return replace(target, address={**target.address, "conversation": "zzzzz"})


class OnTheLiveChat:
    """A visitor of the live chat."""

    def __init__(self, stage: webchat_stage.Stage) -> None:
        self._stage = stage
        self.adapter = stage.adapter

    async def says(self, text: str) -> IncomingMessage:
        await self._stage.user_says(text)
        return self._stage.inbox[-1]

    async def taps(self, posted_id: str, button: Button) -> IncomingMessage:
        assert self._stage.user is not None
        before = len(self._stage.inbox)
        await self._stage.user.tap(posted_id, button.action)
        async with asyncio.timeout(5):
            while len(self._stage.inbox) == before:
                await asyncio.sleep(0.01)
        return self._stage.inbox[-1]

    async def reads(self) -> Sequence[str]:
        return list((await self._stage.posted()).values())

    def nowhere(self, target: ReplyTarget) -> ReplyTarget:
        return replace(target, place="webchat:gone", address={})


class OnX:
    """Ana, in direct messages, on the simulated X."""

    def __init__(self, stage: twitter_stage.Stage) -> None:
        self._stage = stage
        self.adapter = stage.adapter

    async def says(self, text: str) -> IncomingMessage:
        return await self._stage.user_writes(text)

    async def taps(self, posted_id: str, button: Button) -> IncomingMessage:
        raise AssertionError(f"X has no buttons: {posted_id}, {button}")

    async def reads(self) -> Sequence[str]:
        return [message.text for message in self._stage.posted()]

    def nowhere(self, target: ReplyTarget) -> ReplyTarget:
        return replace(target, place="dm:999", address={**target.address, "user_id": "999"})


class TestTelegram(ChannelContract):
    @pytest.fixture
    async def actor(self) -> AsyncIterator[Actor]:
        async with TelegramSimulator() as sim, telegram_stage.running(sim) as stage:
            yield OnTelegram(stage)


class TestTwitter(ChannelContract):
    @pytest.fixture
    async def actor(self) -> AsyncIterator[Actor]:
        async with TwitterSimulator() as sim, twitter_stage.running(sim) as stage:
            yield OnX(stage)


class TestDiscord(ChannelContract):
    @pytest.fixture
    async def actor(self) -> AsyncIterator[Actor]:
        async with DiscordSimulator() as sim, discord_stage.running(sim) as stage:
            yield OnDiscord(stage)


class TestReddit(ChannelContract):
    @pytest.fixture
    async def actor(self) -> AsyncIterator[Actor]:
        async with RedditSimulator() as sim, reddit_stage.running(sim) as stage:
            yield OnReddit(stage)


class TestWebchat(ChannelContract):
    @pytest.fixture
    async def actor(self) -> AsyncIterator[Actor]:
        async with webchat_stage.stage() as stage:
            stage.gate.set()
            yield OnTheLiveChat(stage)


def test_every_channel_runs_the_whole_contract() -> None:
    tried = {cls.__name__.removeprefix("Test").casefold(): cls for cls in ChannelContract.__subclasses__()}
    assert set(tried) == set(registry.kinds())
    for cls in tried.values():
        assert not [name for name in vars(cls) if name.startswith("test")], "a channel must not change the contract"
