"""Every channel gives signs of life while its platform answers, and none while it does not."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

import adapters.telegram.adapter
from adapters import registry
from adapters.webchat.adapter import Settings as WebchatSettings
from adapters.webchat.adapter import WebchatAdapter
from simulators.discord import DiscordSimulator
from simulators.reddit import RedditSimulator
from simulators.telegram import TelegramSimulator
from simulators.twitter import TwitterSimulator
from tests.adapters.discord import stage as discord_stage
from tests.adapters.ground import Ground, ran
from tests.adapters.reddit import stage as reddit_stage
from tests.adapters.telegram import stage as telegram_stage
from tests.adapters.twitter import stage as twitter_stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from adapters.base import Surroundings

    Connection = contextlib.AbstractAsyncContextManager[Callable[[], object]]

_HEARTBEAT_S = 0.1


@dataclass
class Listening(Ground):
    """Hears the signs: the channel, the stream, and how long the next may take."""

    signs: list[tuple[str, str, float]] = field(default_factory=list)

    def alive(self, channel: str, within_s: float, stream: str = "") -> None:
        self.signs.append((channel, stream, within_s))

    def surroundings(self) -> Surroundings:
        return replace(super().surroundings(), alive=self.alive)

    async def heard(self, more: int) -> None:
        """Wait for so many signs from now on."""
        wanted = len(self.signs) + more
        async with asyncio.timeout(20):
            while len(self.signs) < wanted:
                await asyncio.sleep(0.01)


@asynccontextmanager
async def on_telegram(ground: Listening) -> AsyncIterator[Callable[[], object]]:
    async with TelegramSimulator() as sim, telegram_stage.running(sim, ground=ground, poll_timeout_s=0):
        yield lambda: sim.arm("cut_before", times=10**6)


@asynccontextmanager
async def on_telegrams_webhook(ground: Listening) -> AsyncIterator[Callable[[], object]]:
    async with TelegramSimulator() as sim, telegram_stage.running(sim, ground=ground, mode="webhook"):
        yield lambda: sim.arm("cut_before", times=10**6)


@asynccontextmanager
async def on_discord(ground: Listening) -> AsyncIterator[Callable[[], object]]:
    async with DiscordSimulator(heartbeat_interval_s=_HEARTBEAT_S) as sim, discord_stage.running(sim, ground=ground):
        yield lambda: sim.set_offline(is_on=True)


@asynccontextmanager
async def on_x(ground: Listening) -> AsyncIterator[Callable[[], object]]:
    async with TwitterSimulator() as sim, twitter_stage.running(sim, ground=ground):
        yield lambda: sim.arm("unavailable_before", times=0)


@asynccontextmanager
async def on_reddit(ground: Listening) -> AsyncIterator[Callable[[], object]]:
    async with RedditSimulator() as sim, reddit_stage.running(sim, ground=ground):
        yield lambda: sim.arm("error", times=0, status=502)


@asynccontextmanager
async def on_the_live_chat(ground: Listening) -> AsyncIterator[Callable[[], object]]:
    async def deliver(messages: Any) -> None:
        raise AssertionError(messages)

    adapter = WebchatAdapter("webchat", WebchatSettings(), ground.surroundings())
    async with ran(adapter, deliver):
        yield lambda: None


CONNECTIONS: dict[str, Callable[[Listening], Connection]] = {
    "discord": on_discord,
    "reddit": on_reddit,
    "telegram": on_telegram,
    "telegram by webhook": on_telegrams_webhook,
    "twitter": on_x,
    "webchat": on_the_live_chat,
}


def says_unreachable(record: logging.LogRecord) -> bool:
    return getattr(record, "action", "") == "channel_unreachable"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapters.telegram.adapter, "_WEBHOOK_LOOK_S", 0.1)


def test_every_channel_is_here() -> None:
    assert {name.partition(" ")[0] for name in CONNECTIONS} == set(registry.kinds())


@pytest.mark.parametrize("name", sorted(CONNECTIONS))
async def test_a_connected_channel_gives_signs_and_says_when_the_next_is_due(name: str) -> None:
    ground = Listening()
    async with CONNECTIONS[name](ground):
        await ground.heard(1 if name == "webchat" else 3)
    channels, _, patience = zip(*ground.signs, strict=True)
    assert set(channels) == {name.partition(" ")[0]}
    assert all(within_s == math.inf if name == "webchat" else 10 < within_s < 200 for within_s in patience)


@pytest.mark.parametrize("name", sorted(CONNECTIONS.keys() - {"webchat"}))
async def test_a_platform_that_does_not_answer_gives_no_sign(name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    ground = Listening()
    async with CONNECTIONS[name](ground) as cut:
        await ground.heard(2)
        cut()
        async with asyncio.timeout(20):
            while name != "discord" and not any(map(says_unreachable, caplog.records)):  # its SDK says nothing
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)  # what was on its way
        before = len(ground.signs)
        await asyncio.sleep(0.5)
    assert len(ground.signs) == before


async def test_each_of_xs_streams_gives_its_own_signs() -> None:
    ground = Listening()
    async with on_x(ground):
        await ground.heard(6)
    assert {stream for _, stream, _ in ground.signs} == {"mentions", "direct messages"}
