"""Direct messages that came while nobody looked, read over a socket under X's limits."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from adapters.twitter import create, unread
from adapters.twitter.purse import Purse
from adapters.twitter.targets import id_at
from adapters.twitter.unread import Unread
from adapters.twitter.wire import Api, ApiFailed
from simulators.twitter import TwitterSimulator
from tests.adapters.ground import Ground, ran
from tests.adapters.twitter.stage import people, settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import datetime

    from adapters.base import IncomingMessage

MESSAGES = "GET /2/dm_events"


@asynccontextmanager
async def waiting(count: int) -> AsyncIterator[TwitterSimulator]:
    """X, where Ana wrote so many direct messages while nobody looked."""
    async with TwitterSimulator() as sim:
        _, ana, *_ = people(sim)
        for number in range(count):
            sim.dm(ana.id, f"line {number}")
        yield sim


@asynccontextmanager
async def reader(sim: TwitterSimulator) -> AsyncIterator[Unread]:
    api = Api(settings(sim))
    try:
        yield Unread("twitter", api, Purse("twitter", 50.0, Ground().surroundings()))
    finally:
        await api.close()


def beginning(sim: TwitterSimulator) -> int:
    now: datetime = sim.world.now()
    return int(id_at(now.replace(year=now.year - 1, day=1)))


async def test_more_than_300_that_wait_come_in_under_xs_own_limit() -> None:
    inbox: list[IncomingMessage] = []

    async def deliver(messages: Sequence[IncomingMessage]) -> None:
        inbox.extend(messages)

    async with waiting(330) as sim:
        sim.set_rate_limits()
        adapter = create("twitter", settings(sim, message_poll_interval_s=3600), Ground().surroundings())
        async with ran(adapter, deliver), asyncio.timeout(20):
            while len(inbox) < 330:
                await asyncio.sleep(0.02)
        await adapter.close()
        assert len(sim.calls(MESSAGES)) <= 5
    assert [message.text for message in inbox] == [f"line {number}" for number in range(330)]


async def test_after_a_refusal_it_goes_on_with_the_same_page() -> None:
    async with waiting(350) as sim, reader(sim) as messages:
        for _ in range(2):
            sim.set_rate_limits(per_quarter={MESSAGES: 2})  # a new quarter of an hour
            with pytest.raises(ApiFailed):
                await messages.read(beginning(sim))
        sim.set_rate_limits(per_quarter={MESSAGES: 2})
        await messages.read(beginning(sim))
        assert len(messages.events) == 350
        tokens = [call.params.get("pagination_token") for call in sim.calls(MESSAGES) if call.status == 200]
    assert len(tokens) == len(set(tokens)) == 5


async def test_where_x_forgot_the_place_it_begins_anew() -> None:
    async with waiting(150) as sim, reader(sim) as messages:
        sim.set_rate_limits(per_quarter={MESSAGES: 1})
        with pytest.raises(ApiFailed):
            await messages.read(beginning(sim))
        sim.set_rate_limits(is_on=False)
        sim.arm("error", endpoint=MESSAGES, code=400, title="Invalid Request")
        with pytest.raises(ApiFailed):
            await messages.read(beginning(sim))
        await messages.read(beginning(sim))
        assert len(messages.events) == 150
        assert sum("pagination_token" not in call.params for call in sim.calls(MESSAGES)) == 2


async def test_where_it_stops_looking_it_says_what_is_lost(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(unread, "_MAX_PAGES", 2)
    async with waiting(150) as sim, reader(sim) as messages:
        await messages.read(beginning(sim))
    assert len(messages.events) == 120
    assert [getattr(record, "action", "") for record in caplog.records] == ["messages_lost"]
