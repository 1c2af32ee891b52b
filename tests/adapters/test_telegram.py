"""The Telegram adapter with the real SDK, over a socket to the simulator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapters.base import Addressed, Kind, Visibility
from simulators.telegram import TelegramSimulator
from tests.adapters.telegram_stage import BOT_ID, Stage, reply_to, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def sim() -> AsyncIterator[TelegramSimulator]:
    async with TelegramSimulator() as simulator:
        yield simulator


@pytest.fixture
async def stage(sim: TelegramSimulator) -> AsyncIterator[Stage]:
    async with running(sim) as started:
        yield started


async def test_a_private_question_comes_in_and_the_reply_goes_out(stage: Stage) -> None:
    asked = await stage.user_says("Where is my deposit?")

    assert asked.kind is Kind.CREATED
    assert asked.addressed is Addressed.DIRECT
    assert asked.visibility is Visibility.PRIVATE
    assert asked.text == "Where is my deposit?"
    assert asked.account == BOT_ID
    assert asked.author.id == str(stage.alice.id)
    assert asked.author.handle == "alice"
    assert asked.language_hint == "nl"
    assert asked.conversation_key == f"telegram:{BOT_ID}:{stage.alice.id}"
    assert asked.dedupe_key.startswith(f"telegram:{BOT_ID}:update:8000000")

    posted_id = await stage.adapter.send(reply_to(asked.reply_to, "It is on its **way**."))

    [posted] = stage.posted()
    assert posted.text == "It is on its way."
    assert posted.chat_id == stage.alice.id
    assert posted.reply_to == int(asked.message_id)
    assert posted_id == str(posted.message_id)
