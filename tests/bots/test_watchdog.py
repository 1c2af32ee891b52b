"""An event loop that stands still is told of by somebody else, at once, with the place where it stands."""

from __future__ import annotations

import asyncio
import logging
import time

import pytest

from bots import metrics
from bots.watchdog import Watchdog, places


def plugin_that_sleeps(words: str) -> str:
    time.sleep(0.6)
    return words


def actions(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [getattr(record, "action", "") for record in caplog.records if record.name == "bots.watchdog"]


async def test_a_blocked_loop_is_logged_while_it_is_blocked_with_its_stack(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bots.watchdog")
    told: list[tuple[bool, bool]] = []
    blocked = False

    def on_stall(stands_still: bool) -> None:  # noqa: FBT001 - a callback's form
        told.append((stands_still, blocked))

    stalls = metrics.LOOP_STALLS.total
    with Watchdog(asyncio.get_running_loop(), on_stall, every_s=0.05, stalled_s=0.2):
        await asyncio.sleep(0.1)
        blocked = True
        plugin_that_sleeps("what a customer wrote")
        blocked = False
        async with asyncio.timeout(5):
            while len(told) < 2:
                await asyncio.sleep(0.01)
    assert told == [(True, True), (False, False)]
    assert actions(caplog) == ["loop_stalled", "loop_goes_on"]
    assert metrics.LOOP_STALLS.total == stalls + 1
    said = caplog.records[0].getMessage()
    assert "It is in: bots/test_watchdog.py:" in said
    assert said.index("plugin_that_sleeps") < said.index("test_a_blocked_loop")
    assert "what a customer wrote" not in caplog.text


async def test_a_loop_that_is_well_is_measured_and_not_spoken_of(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bots.watchdog")
    seen = sum(metrics.LOOP_LAG.values[()].counts)
    with Watchdog(asyncio.get_running_loop(), every_s=0.01, stalled_s=60):
        async with asyncio.timeout(10):
            while sum(metrics.LOOP_LAG.values[()].counts) < seen + 3:
                await asyncio.sleep(0.01)
    assert actions(caplog) == []


@pytest.mark.parametrize("stalled_s", [0.05, 60])
def test_it_ends_while_the_loop_stands_still_and_its_own_end_is_no_stall(
    stalled_s: float, caplog: pytest.LogCaptureFixture
) -> None:
    async def stand_still() -> None:
        with Watchdog(asyncio.get_running_loop(), every_s=0.01, stalled_s=stalled_s):
            plugin_that_sleeps("")

    asyncio.run(stand_still())
    assert actions(caplog) == (["loop_stalled"] if stalled_s < 1 else [])


def test_its_end_waits_for_nobody(caplog: pytest.LogCaptureFixture) -> None:
    async def end_again_and_again() -> None:
        for _ in range(200):
            with Watchdog(asyncio.get_running_loop(), every_s=0, stalled_s=60):
                await asyncio.sleep(0)

    asyncio.run(end_again_and_again())
    assert actions(caplog) == []


def test_it_survives_the_loops_end() -> None:
    loop = asyncio.new_event_loop()
    watchdog = Watchdog(loop, every_s=0.01)
    with watchdog:
        loop.close()
        time.sleep(0.05)


def test_places_are_files_lines_and_functions_and_not_endless() -> None:
    def down(depth: int) -> list[str]:
        import sys  # noqa: PLC0415 - the frame of this very function

        return down(depth - 1) if depth else places(sys._getframe())  # noqa: SLF001 - documented

    found = down(100)
    assert len(found) == 30
    assert all(place.startswith("bots/test_watchdog.py:") and place.endswith(" down") for place in found)
    assert places(None) == []
