"""The short form of the crash test; the long one is ``python -m tests.crash.crash --messages 2000 --kills 10``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.crash import chat, crash, networks

if TYPE_CHECKING:
    from pathlib import Path


async def test_telegram_killed_at_random_moments_loses_and_doubles_nothing(tmp_path: Path) -> None:
    counts = await crash.crash(messages=300, kills=4, seed=7, folder=tmp_path)
    assert counts.messages == 300
    assert counts.kills >= 4
    assert counts.tickets > 30
    assert counts.numbers_told_again == counts.resent == 1


async def test_live_chat_killed_at_random_moments_has_nothing_ambiguous(tmp_path: Path) -> None:
    counts = await chat.crash(messages=120, kills=4, seed=7, folder=tmp_path)
    assert counts.messages == 120
    assert counts.kills == 4
    assert counts.connections > counts.visitors
    assert counts.tickets > 10


@pytest.mark.parametrize("network", networks.NETWORKS)
async def test_a_network_on_which_the_bot_can_look_has_nothing_ambiguous(network: str, tmp_path: Path) -> None:
    counts = await networks.crash(network, messages=40, kills=2, seed=7, folder=tmp_path)
    assert counts["messages"] == counts["replies"] == 40
    assert counts["kills"] == 2
    assert counts["tickets"] >= 1
