"""A job is one term of one holder: who comes late begins nothing and ends nobody else's."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING

import psycopg
from procrastinate import App, PsycopgConnector
from procrastinate.jobs import Job, Status

from bots.cluster.jobs import LeaseJobs
from bots.cluster.schema import install, see_schema

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@contextlib.asynccontextmanager
async def _worker(url: str, holder: str, *names: str) -> AsyncIterator[tuple[LeaseJobs, int]]:
    """The jobs as a worker that is registered sees them, and its id."""
    await install(url)
    connector = PsycopgConnector(conninfo=url, configure=partial(see_schema, patience_s=30.0), min_size=1, max_size=2)
    async with App(connector=connector).open_async():
        jobs = LeaseJobs(url, connector, names, holder, stalled_s=30.0)
        yield jobs, await jobs.register_worker()


async def _taken(jobs: LeaseJobs, worker: int) -> tuple[Job, int]:
    job = await jobs.fetch_job(None, worker)
    assert job is not None
    assert job.id is not None
    return job, job.id


async def test_who_was_passed_over_before_beginning_does_not_begin(url: str) -> None:
    async with _worker(url, "slow", "desk") as (slow, slow_id), _worker(url, "quick", "desk") as (quick, quick_id):
        _, late = await _taken(slow, slow_id)
        assert await quick.pass_on([late]) == ["desk"]
        await slow.retire()
        _, current = await _taken(quick, quick_id)
        assert await quick.begin(current, "now") == 1
        assert await slow.begin(late, "later") is None
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT * FROM leases").fetchall() == [("desk", 1, "quick", "now")]


async def test_who_ends_late_ends_nobody_elses_term(url: str) -> None:
    async with _worker(url, "slow", "desk") as (slow, slow_id), _worker(url, "quick", "desk") as (quick, quick_id):
        late, late_id = await _taken(slow, slow_id)
        await quick.pass_on([late_id])
        await slow.retire()
        _, current = await _taken(quick, quick_id)
        await slow.finish_job(late, Status.ABORTED, delete_job=False)
        with psycopg.connect(url) as connection:
            left = connection.execute("SELECT id, status FROM procrastinate.procrastinate_jobs").fetchall()
        assert left == [(current, "doing")]


async def test_nobody_takes_more_than_a_share(url: str) -> None:
    names = ["share:0", "share:1", "share:2"]
    async with _worker(url, "one", *names) as (one, one_id), _worker(url, "other", *names) as (_, _):
        taken = [await one.fetch_job(None, one_id) for _ in range(3)]
        assert sum(job is not None for job in taken) == 2


async def test_a_job_that_was_lost_is_there_again_and_only_once(url: str) -> None:
    async with _worker(url, "one", "desk") as (jobs, worker):
        await _taken(jobs, worker)
        await jobs.stand(["desk", "sweep"])
        await jobs.stand(["desk", "sweep"])
        with psycopg.connect(url) as connection:
            jobs_left = connection.execute(
                "SELECT lock, status FROM procrastinate.procrastinate_jobs ORDER BY 1"
            ).fetchall()
        assert jobs_left == [("desk", "doing"), ("sweep", "todo")]
