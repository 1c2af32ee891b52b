"""What makes the bot not ready, when, and what it says of that."""

from __future__ import annotations

import asyncio
import logging
import math
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import pytest

import bots.health
from bots import metrics
from bots.health import Health, Part, State
from bots.ledger.database import LedgerUnwritable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Clock:
    """Seconds that a test lets pass."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def health(clock: Clock) -> Health:
    """Of a bot that has started."""
    health = Health(clock)
    health.part("start", State.ON)
    return health


def unready(health: Health, *channels: str) -> dict[str, State]:
    return {part.name: part.state for part in health.why_not_ready(channels or None)}


def only(health: Health) -> Part:
    (part,) = health.why_not_ready()
    return part


def test_a_bot_that_starts_is_not_ready_yet() -> None:
    health = Health()
    assert unready(health) == {"start": State.STARTING}
    health.part("start", State.ON)
    assert unready(health) == {}
    health.part("start", State.STOPPING, "the bot stops")
    assert unready(health) == {"start": State.STOPPING}


def test_a_channel_is_ready_with_its_first_sign_of_life(health: Health, clock: Clock) -> None:
    health.part("channel:x", State.STARTING)
    assert unready(health) == {"channel:x": State.STARTING}
    clock.now += 31
    assert unready(health) == {"channel:x": State.SILENT}
    assert only(health).reason == "it is not connected, 31 s after its start"
    health.alive("x", 60)
    assert unready(health) == {}


def test_a_channel_that_is_not_heard_in_time_is_silent_until_it_is_heard_again(health: Health, clock: Clock) -> None:
    health.alive("x", 60)
    clock.now += 60
    assert unready(health) == {}
    clock.now += 1
    assert unready(health) == {"channel:x": State.SILENT}
    assert only(health).reason == "nothing was heard of its platform for 61 s"
    health.alive("x", 60)
    assert unready(health) == {}


def test_each_stream_of_a_channel_is_watched_by_itself(health: Health, clock: Clock) -> None:
    health.alive("x", 60, "mentions")
    health.alive("x", 60, "direct messages")
    for _ in range(3):
        clock.now += 50
        health.alive("x", 60, "mentions")
    assert only(health).reason == "nothing was heard of its direct messages for 150 s"


def test_what_cannot_be_lost_is_never_silent(health: Health, clock: Clock) -> None:
    health.alive("chat", math.inf)
    clock.now += 10**9
    assert unready(health) == {}


def test_a_refused_channel_stays_refused_however_long_ago_it_was_alive(health: Health, clock: Clock) -> None:
    health.alive("x", 60)
    health.part("channel:x", State.REFUSED, "its platform refuses the set-up; see the log")
    clock.now += 1000
    assert unready(health) == {"channel:x": State.REFUSED}


def test_what_another_process_does_is_well(health: Health) -> None:
    health.part("channel:x", State.ELSEWHERE)
    assert unready(health) == {}


def test_a_desk_that_is_away_for_a_moment_is_no_alarm(health: Health, clock: Clock) -> None:
    health.part("desk", State.WAITING, "it does not answer (Unavailable)")
    assert unready(health) == {}
    assert health.of("desk") is State.WAITING
    for _ in range(4):
        clock.now += 10
        health.part("desk", State.WAITING, "it does not answer (TimeoutError)")
    assert unready(health) == {"desk": State.WAITING}
    health.part("desk", State.ON)
    assert unready(health) == {}


def test_a_lost_lease_is_named_and_is_none_that_is_held(health: Health) -> None:
    health.part("lease:share:3", State.ON)
    health.part("lease:channel:x", State.ON)
    health.part("lease:channel:x", State.LOST, "nobody knows who has it")
    assert unready(health) == {"lease:channel:x": State.LOST}
    assert health.leases == ["share:3"]
    health.forget("lease:channel:x")
    assert unready(health) == {}


def test_a_loop_that_stood_still_is_told_for_a_while(health: Health, clock: Clock) -> None:
    health.stalled(True)
    assert unready(health) == {"loop": State.STALLED}
    clock.now += 40
    health.stalled(False)
    assert unready(health) == {"loop": State.STALLED}
    clock.now += 16
    assert unready(health) == {}


def test_for_one_channel_the_others_and_the_desk_do_not_count(health: Health, clock: Clock) -> None:
    health.part("channel:x", State.REFUSED)
    health.part("desk", State.REFUSED)
    health.alive("chat", math.inf)
    assert set(unready(health)) == {"channel:x", "desk"}
    assert unready(health, "chat") == {}
    assert set(unready(health, "x")) == {"channel:x"}
    health.part("ledger", State.UNWRITABLE)
    assert set(unready(health, "chat")) == {"ledger"}


def test_what_has_said_nothing_is_taken_to_be_well(health: Health) -> None:
    assert health.of("desk") is State.ON


# --- the ledger -----------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the ledger many times a second."""
    monkeypatch.setattr(bots.health, "PROBE_S", 0.05)


@asynccontextmanager
async def watched(health: Health, disk: Disk) -> AsyncIterator[None]:
    task = asyncio.create_task(health.watch(disk.write))
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


class Disk:
    """Takes a probe, or not."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.hangs = False
        self.probes = 0

    async def write(self) -> None:
        self.probes += 1
        if self.hangs:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error

    async def probed(self) -> None:
        """Wait until what was so is taken notice of."""
        seen = self.probes
        async with asyncio.timeout(5):
            while self.probes < seen + 2:
                await asyncio.sleep(0.01)


async def test_a_ledger_that_cannot_be_written_is_named_without_its_place(
    health: Health, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    disk = Disk()
    async with watched(health, disk):
        await disk.probed()
        assert unready(health) == {}
        disk.error = LedgerUnwritable("/secret/place is full")
        await disk.probed()
        assert only(health).reason == "it cannot be written (LedgerUnwritable)"
        disk.error = None
        await disk.probed()
        assert unready(health) == {}
    told = [(record.levelname, getattr(record, "action", "")) for record in caplog.records]
    assert told == [("WARNING", "part_unwell"), ("INFO", "part_well")]
    assert "/secret" not in caplog.text


async def test_a_disk_that_hangs_is_one_that_cannot_be_written(health: Health) -> None:
    disk = Disk()
    disk.hangs = True
    async with watched(health, disk):
        await disk.probed()
        assert "takes longer" in only(health).reason


async def test_where_only_the_probe_still_fits_on_the_disk_the_ledger_is_not_well(health: Health, clock: Clock) -> None:
    disk = Disk()
    async with watched(health, disk):
        await disk.probed()
        metrics.committed(0.1, 1, failed=True)
        await disk.probed()
        assert unready(health) == {"ledger": State.UNWRITABLE}
        clock.now += 26
        await disk.probed()
        assert unready(health) == {}
