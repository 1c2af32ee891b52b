"""The adapter over the socket: what arrives, what is posted, and what survives failures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapters.base import Addressed, Kind
from simulators.discord import DiscordSimulator
from tests.adapters.discord.stage import reply_to, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def sim() -> AsyncIterator[DiscordSimulator]:
    async with DiscordSimulator() as sim:
        yield sim


async def test_a_direct_message_is_answered_under_it(sim: DiscordSimulator) -> None:
    async with running(sim) as stage:
        message = await stage.says("where is my money")
        assert (message.kind, message.addressed) == (Kind.CREATED, Addressed.DIRECT)
        posted = await stage.adapter.send(reply_to(message.reply_to, "It is **here**."))
        (sent,) = stage.posted()
        assert (sent.message_id, sent.text, sent.reply_to) == (posted, "It is **here**.", message.message_id)
