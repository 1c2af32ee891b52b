"""Telegram's own limits, kept and refused: no send before its time, none dropped, and every chat in its order."""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from bots.cli import setting_up
from simulators.telegram import TelegramSimulator
from tests.scenarios.stage import TOKEN, Stage, person

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

STORM = 2
WAIT_S = 1
ASKED = 3


@pytest.fixture
async def sim() -> AsyncIterator[TelegramSimulator]:
    async with TelegramSimulator() as simulator:
        simulator.add_bot(TOKEN)
        yield simulator


async def test_no_send_comes_before_its_time_and_none_is_dropped(sim: TelegramSimulator, tmp_path: Path) -> None:
    stage = Stage(sim, tmp_path)
    file = tmp_path / "firstline.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("[faq]", '[faq]\nmatcher = "lexical"'), encoding="utf-8")
    stage.settings = setting_up.load(file)
    ann, bob = person(sim, "Ann"), person(sim, "Bob")
    async with stage.running():
        sim.set_rate_limits(overall_per_s=30, chat_burst=3)
        sim.arm("too_many_requests", method="sendMessage", chat_id=ann.id, times=STORM, seconds=WAIT_S)
        asked = [sim.write(ann.id, f"how do i reset my password? ({i})")["message_id"] for i in range(ASKED)]
        sim.write(bob.id, "how do i reset my password?")
        await stage.reads(bob.id, "Forgot password?")
        assert sim.sent(ann.id) == [], "her storm is hers alone"
        async with asyncio.timeout(30):
            while len(sim.sent(ann.id)) < ASKED:
                await asyncio.sleep(0.05)
        assert [message.reply_to for message in sim.sent(ann.id)] == asked
        hers = [call for call in sim.calls("sendMessage") if str(call.params.get("chat_id")) == str(ann.id)]
        assert Counter(call.status for call in hers)[200] == ASKED
        assert STORM <= Counter(call.status for call in hers)[429] <= STORM + 2, "the limits that are known are kept"
        for refused, after in pairwise(hers):
            if refused.status == 429:
                assert (after.started_at - refused.started_at).total_seconds() >= WAIT_S
