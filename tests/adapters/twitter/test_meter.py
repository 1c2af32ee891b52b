"""What X costs, counted."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from adapters.base import Busy
from adapters.twitter.meter import Item, Meter, until_midnight_s
from adapters.twitter.purse import Purse
from tests.adapters.ground import Ground

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_what_is_read_is_charged_once_a_day_and_what_is_posted_each_time() -> None:
    meter = Meter()
    for _ in range(3):
        meter.read(Item.MENTION, "500", NOON)
        meter.read(Item.POST_READ, "500", NOON)  # the same post, looked up
        meter.read(Item.USER_READ, "500", NOON)  # an account with the same number
        meter.write(Item.REPLY, NOON)
    assert dict(meter.counts) == {"mention": 1, "user_read": 1, "reply": 3}
    assert meter.spent_usd(NOON) == pytest.approx(0.001 + 0.010 + 0.030)
    assert meter.spent_usd(NOON, reads_only=True) == pytest.approx(0.011)


def test_a_new_utc_day_begins_with_nothing() -> None:
    meter = Meter()
    meter.read(Item.MENTION, "500", NOON)
    assert meter.spent_usd(NOON + timedelta(hours=11, minutes=59)) == pytest.approx(0.001)
    assert meter.spent_usd(NOON + timedelta(hours=12)) == 0
    meter.read(Item.MENTION, "500", NOON + timedelta(hours=12))
    assert meter.spent_usd(NOON + timedelta(hours=12)) == pytest.approx(0.001)


def test_what_was_counted_outlives_a_restart() -> None:
    meter = Meter()
    meter.read(Item.MENTION, "500", NOON)
    meter.write(Item.POST_WITH_LINK, NOON)
    again = Meter.load(meter.dump(), meter.dump_seen())
    again.read(Item.MENTION, "500", NOON)
    assert again.spent_usd(NOON) == pytest.approx(0.201)
    yesterdays = Meter.load(meter.dump().replace("2026-11-22", "2026-11-23"), meter.dump_seen())
    assert not yesterdays.seen


def test_its_memory_is_bounded_and_then_counts_too_much() -> None:
    meter = Meter()
    for _ in range(2):
        for number in range(5000):
            meter.read(Item.MENTION, str(number), NOON)
    assert meter.counts["mention"] == 7000
    assert len(meter.dump_seen()) < 100_000


def test_midnight_is_that_of_utc() -> None:
    assert until_midnight_s(NOON) == 12 * 3600
    assert until_midnight_s(datetime.fromisoformat("2026-11-22T23:30:00+01:00")) == 1.5 * 3600


async def test_beyond_the_budget_nothing_is_posted_and_it_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    ground = Ground()
    purse = Purse("twitter", 0.0251, ground.surroundings())
    await purse.take(Item.REPLY)
    await purse.take(Item.POST)
    await purse.give_back(Item.POST)
    await purse.take(Item.REPLY)
    with pytest.raises(Busy):
        await purse.take(Item.REPLY)
    with pytest.raises(Busy) as busy:
        await purse.take(Item.REPLY)
    left_s = until_midnight_s(datetime.now(UTC))
    assert left_s <= busy.value.retry_after_s + 5
    assert busy.value.retry_after_s <= left_s + 305
    assert [getattr(record, "action", "") for record in caplog.records] == ["budget_spent"]
    restarted = Purse("twitter", 0.0251, ground.surroundings())
    with pytest.raises(Busy):
        await restarted.take(Item.REPLY)


async def test_replies_that_go_out_together_stay_within_the_budget_and_do_not_wait_for_each_other() -> None:
    ground = Ground()
    purse = Purse("twitter", 1.0, ground.surroundings())
    taken = await asyncio.gather(*(purse.take(Item.REPLY) for _ in range(300)), return_exceptions=True)
    assert ground.saves <= 2  # each by itself they would burden the ledger a hundred times
    assert taken.count(None) == 100
    assert await Purse("twitter", 1.0, ground.surroundings()).spent_usd() == pytest.approx(1.0)


async def test_a_ledger_that_cannot_be_read_stops_no_reply() -> None:
    ground = Ground(unreadable=OSError("the disk is gone"))
    purse = Purse("twitter", 1.0, ground.surroundings())
    await purse.take(Item.REPLY)
    assert not ground.state  # what was counted before is not written over
    ground.unreadable = None
    await purse.take(Item.REPLY)
    assert await purse.spent_usd() == pytest.approx(0.010)


async def test_a_ledger_that_cannot_write_stops_no_reply() -> None:
    ground = Ground(unwritable=OSError("the disk is full"))
    purse = Purse("twitter", 1.0, ground.surroundings())
    await purse.take(Item.REPLY)
    assert await purse.spent_usd() == pytest.approx(0.010)
