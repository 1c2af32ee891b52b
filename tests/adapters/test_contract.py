"""Every channel against the contract, and proof that none escapes it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from adapters import registry
from simulators.telegram import TelegramSimulator
from tests.adapters.contract import Actor, ChannelContract
from tests.adapters.telegram import stage as telegram_stage
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


class TestTelegram(ChannelContract):
    @pytest.fixture
    async def actor(self) -> AsyncIterator[Actor]:
        async with TelegramSimulator() as sim, telegram_stage.running(sim) as stage:
            yield OnTelegram(stage)


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
