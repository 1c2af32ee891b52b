"""The adapter for X with the real SDK, over a socket to the simulator."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from adapters.base import Addressed, Kind, Release, Visibility
from simulators.twitter import TwitterSimulator
from tests.adapters.twitter.stage import Stage, reply_to, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


async def until(happens: Callable[[], bool], timeout_s: float = 10) -> None:
    async with asyncio.timeout(timeout_s):
        while not happens():
            await asyncio.sleep(0.01)


@pytest.fixture
async def sim() -> AsyncIterator[TwitterSimulator]:
    async with TwitterSimulator() as simulator:
        yield simulator


@pytest.fixture
async def stage(sim: TwitterSimulator) -> AsyncIterator[Stage]:
    async with running(sim) as started:
        yield started


async def test_a_question_in_public_comes_in_and_the_reply_goes_out(stage: Stage) -> None:
    asked = await stage.user_posts("Where is my deposit?", lang="nl")

    assert asked.kind is Kind.CREATED
    assert asked.addressed is Addressed.MENTION
    assert asked.visibility is Visibility.PUBLIC
    assert asked.text == "Where is my deposit?"
    assert asked.account == stage.bot.id
    assert (asked.author.id, asked.author.handle, asked.author.display_name) == (stage.ana.id, "ana", "Ana")
    assert asked.language_hint == "nl"
    assert asked.conversation_key == f"twitter:{stage.bot.id}:{asked.message_id}:{stage.ana.id}"
    assert asked.dedupe_key == f"twitter:{stage.bot.id}:post:{asked.message_id}"
    assert asked.reply_to.release is Release.AUTOMATIC
    assert asked.reply_to.max_replies == 1

    posted_id = await stage.adapter.send(reply_to(asked.reply_to, "It is on its **way**."))

    [posted] = stage.posted()
    assert (posted.kind, posted.text, posted.reply_to, posted.id) == (
        "post",
        "It is on its way.",
        asked.message_id,
        posted_id,
    )


async def test_a_question_in_private_comes_in_and_the_reply_goes_out(stage: Stage) -> None:
    asked = await stage.user_writes("Where is my deposit?")

    assert asked.addressed is Addressed.DIRECT
    assert asked.visibility is Visibility.PRIVATE
    assert asked.text == "Where is my deposit?"
    assert asked.conversation_key == f"twitter:{stage.bot.id}:dm:{stage.ana.id}"

    posted_id = await stage.adapter.send(reply_to(asked.reply_to, "It is on its **way**."))

    [posted] = stage.posted()
    assert (posted.kind, posted.text, posted.to, posted.id) == ("dm", "It is on its way.", stage.ana.id, posted_id)
