"""Sweeps: done by one process of all."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bots.cluster.leases import Leases
from bots.cluster.sweeps import SWEEP, sweeping
from tests.bots.cluster.processes import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import pytest


async def test_sweeps_go_on_by_themselves_and_move_with_the_lease(url: str, caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []

    def one(who: str) -> dict[str, tuple[float, Callable[[], Awaitable[object]]]]:
        async def sweep() -> None:
            done.append(who)

        async def fails() -> None:
            done.append(f"{who} fails")
            raise ValueError("words")

        return {"retention": (0.02, sweep), "other": (0.02, fails)}

    async with Leases(url, {SWEEP: sweeping(one("older"))}) as older:
        await until(lambda: older.held, "it holds the lease")
        async with Leases(url, {SWEEP: sweeping(one("newer"))}) as newer:
            await until(lambda: done.count("older") > 2 and done.count("older fails") > 2, "the holder sweeps")
            assert not newer.held
            await asyncio.sleep(0.1)
            assert set(done) == {"older", "older fails"}
        assert older.held.keys() == {SWEEP}
    assert "retention" not in caplog.text
    assert "The sweep other failed" in caplog.text
