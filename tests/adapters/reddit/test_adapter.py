"""The Reddit adapter with the real SDK, over a socket to the simulator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapters.base import Addressed, Kind, Visibility
from simulators.reddit import RedditSimulator
from tests.adapters.reddit.stage import BOT, Stage, reply_to, running, seen

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def sim() -> AsyncIterator[RedditSimulator]:
    async with RedditSimulator() as simulator:
        yield simulator


@pytest.fixture
async def stage(sim: RedditSimulator) -> AsyncIterator[Stage]:
    async with running(sim) as started:
        yield started


async def test_a_mention_comes_in_and_the_reply_goes_out(stage: Stage) -> None:
    asked = await stage.comments(f"Hey u/{BOT}, where is my deposit?")

    assert asked.kind is Kind.CREATED
    assert asked.addressed is Addressed.MENTION
    assert asked.visibility is Visibility.PUBLIC
    assert asked.text == "Hey , where is my deposit?"
    assert asked.author.handle == "ana"

    posted_id = await stage.adapter.send(reply_to(asked.reply_to, "It is on its **way**."))

    [posted] = stage.sim.sent()
    assert posted.parent == asked.message_id
    assert posted.name == posted_id
    assert seen(posted.text) == "It is on its way."


async def test_modmail_is_the_private_place(stage: Stage) -> None:
    asked = await stage.writes("Where is my deposit?", subject="Deposit")
    assert asked.addressed is Addressed.DIRECT
    assert asked.visibility is Visibility.PRIVATE
    assert asked.text == "Deposit\n\nWhere is my deposit?"
    await stage.adapter.send(reply_to(asked.reply_to, "It is **here**."))
    [posted] = stage.sim.sent()
    assert posted.is_modmail
    assert posted.text == "It is **here**."
