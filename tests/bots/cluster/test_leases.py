"""Leases: held by one process at a time, shared evenly, moved when it dies; with real processes where that matters."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from typing import TYPE_CHECKING

import psycopg
import pytest

from bots.cluster.leases import Leases
from bots.cluster.schema import install, see_schema
from bots.ledger.database import Lease
from tests.bots.cluster.processes import DEADLINE_S, SHARES, assert_no_overlap, holder, holds_all, until

if TYPE_CHECKING:
    from tests.postgres import PostgresServer


async def _idle(lease: Lease) -> None:
    await asyncio.Event().wait()


async def test_one_process_takes_all_at_once(url: str) -> None:
    names = [*SHARES, "channel:telegram", "channel:discord", "desk"]
    async with Leases(url, dict.fromkeys(names, _idle), holder="here") as leases:
        took_s = await until(lambda: len(leases.held) == len(names), "all are held")
        print(f"35 leases were held after {took_s:.2f} s")
        assert leases.held["desk"] == Lease("desk", 1)
        assert await leases.check() == leases.held
        assert leases.unconfirmed_s is not None
    assert not leases.held
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT DISTINCT epoch, holder FROM leases").fetchall() == [(1, "here")]


async def test_two_processes_halve_them_and_never_overlap(url: str) -> None:
    async with holder(url, SHARES) as first:
        took_s = await until(lambda: holds_all(SHARES, first), "the first holds all")
        print(f"32 leases were held {took_s:.2f} s after a process was ready")
        async with holder(url, SHARES) as second:
            took_s = await until(lambda: holds_all(SHARES, first, second) and len(first.held) == 16, "halves")
            print(f"shared by halves {took_s:.2f} s after a second process was ready")
            begun = len(first.begun), len(second.begun)
            await asyncio.sleep(3)
            assert (len(first.begun), len(second.begun)) == begun  # nothing goes to and fro
            began_at = time.monotonic()
            second.process.terminate()
            await until(lambda: holds_all(SHARES, first), "the first holds all again")
            print(f"handed over {time.monotonic() - began_at:.2f} s after SIGTERM")
            assert await second.process.wait() == 0
            assert not second.held
    await assert_no_overlap(url, SHARES)


async def test_three_processes_share_and_one_that_is_killed_is_followed(url: str) -> None:
    async with holder(url, SHARES) as first, holder(url, SHARES) as second, holder(url, SHARES) as third:
        all_three = first, second, third
        await until(
            lambda: holds_all(SHARES, *all_three) and sorted(len(one.held) for one in all_three) == [10, 11, 11],
            "thirds",
        )
        lost = dict(second.held)
        began_at = time.monotonic()
        second.process.kill()
        await until(lambda: holds_all(SHARES, first, third), "two hold all")
        print(f"moved {time.monotonic() - began_at:.2f} s after kill -9")
        for name, epoch in lost.items():
            assert {**first.held, **third.held}[name] > epoch
        assert {len(first.held), len(third.held)} == {16}
    await assert_no_overlap(url, SHARES)


async def test_one_that_was_frozen_ends_its_works_when_it_wakes(url: str) -> None:
    names = SHARES[:4]
    async with holder(url, names) as first:
        await until(lambda: holds_all(names, first), "the first holds all")
        before = dict(first.held)
        first.process.send_signal(signal.SIGSTOP)
        async with holder(url, names) as second:
            await until(lambda: holds_all(names, second), "the second took over")
            assert all(second.held[name] > epoch for name, epoch in before.items())
            began_at = time.monotonic()
            first.process.send_signal(signal.SIGCONT)
            await until(lambda: all(f"end {name} {epoch}" in first.said for name, epoch in before.items()), "all ended")
            print(f"ended {time.monotonic() - began_at:.2f} s after SIGCONT")
            await until(lambda: holds_all(names, first, second) and len(first.held) == 2, "halves")
    await assert_no_overlap(url, names, unfenced=2 * len(names))


async def test_one_that_freezes_while_it_has_all_locked_stops_nobody(url: str) -> None:
    await install(url)
    async with await psycopg.AsyncConnection.connect(url) as connection:
        await see_schema(connection, patience_s=0.5)
        await connection.execute("LOCK TABLE procrastinate_jobs, leases")  # and then never a word
        async with Leases(url, {"desk": _idle}) as leases:
            took_s = await until(lambda: leases.held, "it is held")
            print(f"held {took_s:.2f} s after all was locked by a process that froze")
        with contextlib.suppress(psycopg.Error):
            await connection.rollback()


async def test_works_go_on_through_a_restart_of_the_database(own_postgres: PostgresServer, own_url: str) -> None:
    names = [*SHARES[:8], "desk"]
    async with Leases(own_url, dict.fromkeys(names, _idle)) as leases:
        await until(lambda: len(leases.held) == len(names), "all are held")
        before = dict(leases.held)
        own_postgres.restart()
        began_at = time.monotonic()
        while True:
            assert time.monotonic() - began_at < DEADLINE_S
            with contextlib.suppress(psycopg.Error):
                assert await leases.check() == before
                break
            await asyncio.sleep(0.05)
        print(f"confirmed {time.monotonic() - began_at:.2f} s after the restart")


async def test_works_end_while_the_database_is_away_and_begin_again(own_postgres: PostgresServer, own_url: str) -> None:
    names = SHARES[:8]
    async with Leases(own_url, dict.fromkeys(names, _idle), check_s=0.2, stalled_s=1.0) as leases:
        await until(lambda: len(leases.held) == len(names), "all are held")
        await leases.check()
        own_postgres.stop()
        took_s = await until(lambda: not leases.held, "the works ended")
        assert leases.unconfirmed_s is not None
        assert leases.unconfirmed_s < 2
        await asyncio.sleep(2)
        assert not leases.held
        own_postgres.start()
        back_s = await until(lambda: len(leases.held) == len(names), "all are held again")
        print(f"ended {took_s:.2f} s after the database was gone, began again {back_s:.2f} s after it was back")
        assert min(lease.epoch for lease in leases.held.values()) >= 2


async def test_leaving_is_not_held_up_by_a_database_that_is_away(own_postgres: PostgresServer, own_url: str) -> None:
    async with Leases(own_url, {"desk": _idle}, check_s=0.2, stalled_s=1.0) as leases:
        await until(lambda: leases.held, "it is held")
        own_postgres.stop()
        began_at = time.monotonic()
    print(f"left {time.monotonic() - began_at:.2f} s after the database was gone")
    assert not leases.held


async def test_a_work_that_fails_or_ends_begins_again_under_the_same_lease(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[Lease] = []

    async def fails(lease: Lease) -> None:
        seen.append(lease)
        if len(seen) == 1:
            raise ValueError("words of a customer")

    async with Leases(url, {"desk": fails, "share:0": _idle}) as leases:
        await until(lambda: len(seen) >= 3, "it began again twice")
        assert set(seen) == {Lease("desk", 1)}
        assert leases.held.keys() == {"desk", "share:0"}
    assert "ValueError" in caplog.text
    assert "words of a customer" not in caplog.text


async def test_a_process_takes_only_what_it_has_works_for(url: str) -> None:
    async with (
        Leases(url, dict.fromkeys(["share:0", "share:1", "desk"], _idle)) as worker,
        Leases(url, dict.fromkeys(["channel:telegram", "channel:x"], _idle)) as connector,
        Leases(url, dict.fromkeys(["channel:x", "desk"], _idle)) as mixed,
    ):
        await until(
            lambda: (
                sorted([*worker.held, *connector.held, *mixed.held])
                == ["channel:telegram", "channel:x", "desk", "share:0", "share:1"]
            ),
            "each is held once",
        )
        assert worker.held.keys() >= {"share:0", "share:1"}
        assert "channel:telegram" in connector.held
        await until(lambda: mixed.held.keys() >= {"channel:x"}, "the channel that two can hold goes to the idler one")


async def test_a_work_has_ended_before_its_lease_is_given_on(url: str) -> None:
    running: list[str] = []

    async def slow_to_end(lease: Lease) -> None:
        assert lease.name not in running
        running.append(lease.name)
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.3)
            running.remove(lease.name)

    names = SHARES[:4]
    async with Leases(url, dict.fromkeys(names, slow_to_end)) as first:
        await until(lambda: len(first.held) == 4, "the first holds all")
        async with Leases(url, dict.fromkeys(names, slow_to_end)) as second:
            await until(lambda: (len(first.held), len(second.held)) == (2, 2), "halves")
        await until(lambda: len(first.held) == 4, "the first holds all again")
    assert not running


async def test_a_work_that_misses_that_it_was_cancelled_is_cancelled_again(url: str) -> None:
    async def misses(lease: Lease) -> None:
        with contextlib.suppress(asyncio.CancelledError):  # as a library does that waits with asyncio.wait_for
            await asyncio.Event().wait()
        await asyncio.Event().wait()

    names = SHARES[:2]
    async with Leases(url, dict.fromkeys(names, misses), check_s=0.2, stalled_s=1.0) as first:
        await until(lambda: len(first.held) == 2, "the first holds all")
        async with Leases(url, dict.fromkeys(names, _idle)) as second:
            await until(lambda: len(second.held) == 1, "halves")


async def test_a_lease_that_was_lost_is_not_taken_again_before_its_work_has_ended(url: str) -> None:
    running: list[int] = []

    async def slow_to_end(lease: Lease) -> None:
        assert not running
        running.append(lease.epoch)
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(2)
            running.remove(lease.epoch)

    async with Leases(url, {"desk": slow_to_end}, check_s=0.2, stalled_s=10.0) as leases:
        await until(lambda: running == [1], "it is held")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("UPDATE leases SET epoch = 7")
            connection.execute("SET search_path = procrastinate")
            connection.execute("DELETE FROM procrastinate_jobs")
        await until(lambda: running == [8], "it is held anew")
        assert leases.held == {"desk": Lease("desk", 8)}


async def test_one_whose_registration_is_gone_registers_anew(url: str) -> None:
    async with Leases(url, dict.fromkeys(SHARES[:4], _idle), check_s=0.2, stalled_s=1.0) as leases:
        await until(lambda: len(leases.held) == 4, "all are held")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("DELETE FROM procrastinate.procrastinate_workers")
        await until(
            lambda: len(leases.held) == 4 and min(lease.epoch for lease in leases.held.values()) >= 2, "held anew"
        )


async def test_a_job_that_was_taken_in_an_answer_that_got_lost_is_passed_on(url: str) -> None:
    async with Leases(url, {"desk": _idle}, check_s=0.2, stalled_s=1.0) as leases:
        await until(lambda: leases.held, "it is held")
        with psycopg.connect(url, autocommit=True) as connection:  # a job of this worker's of which it does not know
            connection.execute("SET search_path = procrastinate")
            connection.execute("DELETE FROM procrastinate_jobs")
            connection.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, queueing_lock, args, status, worker_id)"
                " SELECT 'desk', 'firstline_hold', 'desk', 'desk', '{\"name\": \"desk\"}', 'doing', max(id)"
                " FROM procrastinate_workers"
            )
        await until(lambda: leases.held and leases.held["desk"].epoch >= 2, "held anew")


def test_a_stall_that_one_late_tick_would_make_is_refused() -> None:
    with pytest.raises(ValueError, match="three times"):
        Leases("postgresql:///x", {}, check_s=1, stalled_s=2)
