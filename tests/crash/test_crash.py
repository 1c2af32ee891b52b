"""The short form of the crash test; the long one is ``python -m tests.crash.crash --messages 2000 --kills 10``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.crash import chat, crash, many, networks

if TYPE_CHECKING:
    from pathlib import Path

    from tests.postgres import PostgresServer


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


async def test_two_processes_on_one_postgresql_lose_and_double_nothing(
    own_postgres: PostgresServer, tmp_path: Path
) -> None:
    with own_postgres.database() as url:
        faults = ["kill", "freeze", "database"]
        outcome = await many.crash(own_postgres, url, tmp_path, messages=200, processes=2, faults=faults, seed=7)
    assert outcome.counts.messages == 200
    assert outcome.counts.kills == 2
    assert outcome.counts.tickets > 20
    assert outcome.posts_by >= 2, "the channel never moved"
    print(f"the longest that a message waited: {outcome.gap_s:.1f} s")
