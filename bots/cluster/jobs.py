"""Procrastinate's jobs, of which a process takes no more than its share, and which never end but by being passed on.

A lease's name is the job's lock, its queueing lock and its queue. A job that ends is removed and deferred anew in one
transaction: its id means one term of one holder, so that a holder that comes late ends nobody else's.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from procrastinate import exceptions, manager
from procrastinate.jobs import Job

from bots.cluster.bus import Bus
from bots.cluster.sharing import shares
from bots.troubles import trouble
from bots.within import within

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from procrastinate.jobs import Status
    from procrastinate.manager import NotificationCallback
    from procrastinate.psycopg_connector import PsycopgConnector
    from psycopg import AsyncConnection

HOLD = "firstline_hold"
TROUBLES = (psycopg.Error, exceptions.ProcrastinateException, TimeoutError, OSError)
"""What a database that is out of reach looks like. Here that is logged at DEBUG: each tick of `Leases` meets it too."""

LOOK = """
SELECT
    (SELECT coalesce(json_agg(json_build_array(j.lock, j.id, j.status, j.worker_id, l.epoch)), '[]')
       FROM procrastinate_jobs j LEFT JOIN leases l ON l.name = j.lock
      WHERE j.task_name = %(task)s AND j.status IN ('todo', 'doing')) AS jobs,
    (SELECT coalesce(json_agg(json_build_array(s.worker_id, s.names)), '[]')
       FROM firstline_seekers s JOIN procrastinate_workers w ON w.id = s.worker_id
      WHERE w.last_heartbeat > now() - make_interval(secs => %(stalled_s)s)) AS seekers
"""
_SEEK = "INSERT INTO firstline_seekers (worker_id, holder, names) VALUES (%(worker)s, %(holder)s, %(names)s)"
_RETIRE = "DELETE FROM firstline_seekers WHERE worker_id = %(worker)s"
_BEGIN = """
INSERT INTO leases (name, epoch, holder, since)
SELECT lock, 1, %(holder)s, %(since)s FROM (
    SELECT lock FROM procrastinate_jobs WHERE id = %(job)s AND status = 'doing' FOR UPDATE
) AS mine
ON CONFLICT (name) DO UPDATE
    SET epoch = leases.epoch + 1, holder = excluded.holder, since = excluded.since
RETURNING epoch
"""
_REMOVE = "DELETE FROM procrastinate_jobs WHERE id = ANY(%s) AND status = 'doing' RETURNING lock"
_STANDING = "SELECT lock FROM procrastinate_jobs WHERE lock = ANY(%s) AND status IN ('todo', 'doing')"
_PASSING_ON = 0x66697273746C6902  # the key of the advisory lock
_LEAVING_S = 2.0  # who leaves does not wait longer for a database that is away,
_IN_VAIN_S = 0.2  # and not again

_log = logging.getLogger(__name__)


def backoff(first_s: float = 0.05, most_s: float = 2.0) -> Iterator[float]:
    """How long to wait before each attempt to come: ever longer, up to a cap, and never for two alike."""
    delay_s = first_s
    while True:
        yield random.uniform(delay_s / 2, delay_s)  # noqa: S311 - not a secret
        delay_s = min(2 * delay_s, most_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingJob:
    """A lease's job as it stands. `epoch` is that of the lease, None before its first holder."""

    name: str
    id: int
    doing: bool
    worker: int | None
    epoch: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """All leases' jobs and the workers that live, at one moment."""

    jobs: tuple[StandingJob, ...]
    seekers: Mapping[int, frozenset[str]]

    @classmethod
    def of(
        cls, jobs: Iterable[tuple[str, int, str, int | None, int | None]], seekers: Iterable[tuple[int, list[str]]]
    ) -> View:
        """Made of the two columns of `LOOK`."""
        return cls(
            jobs=tuple(
                StandingJob(name=name, id=id_, doing=status == "doing", worker=worker, epoch=epoch)
                for name, id_, status, worker, epoch in jobs
            ),
            seekers={worker: frozenset(names) for worker, names in seekers},
        )

    def due(self, worker: int) -> frozenset[str]:
        """The names of the leases that a worker is to hold, whoever holds them now."""
        held = {job.name: job.worker for job in self.jobs if job.doing and job.worker is not None}
        return frozenset(name for name, holder in shares(self.seekers, held).items() if holder == worker)


class LeaseJobs(manager.JobManager):
    """What Procrastinate's worker asks for its jobs; outlives a database that is away.

    Args:
        url: of the database.
        connector: an open connector to it, whose connections see Procrastinate's schema and the ledger's.
        names: the leases that this process may hold.
        holder: the process's name, for people.
        stalled_s: after how many seconds without a heartbeat a worker counts as dead.
    """

    def __init__(
        self, url: str, connector: PsycopgConnector, names: Collection[str], holder: str, stalled_s: float
    ) -> None:
        super().__init__(connector)
        self._url = url
        self._connector = connector
        self._names = tuple(names)
        self._holder = holder
        self._stalled_s = stalled_s
        self.worker: int | None = None
        """The id under which Procrastinate knows this process; None before it does."""
        self.running: dict[int, str] = {}
        """The jobs whose work may still run here, lost ones included: their ids, and the leases' names."""
        self.taking = False
        """Whether a job may have been taken that is not among `running` yet."""
        self.closing = False
        self._leaving_s = _LEAVING_S

    async def register_worker(self) -> int:
        """A new worker's id; known from now on to whoever shares out the leases."""
        worker = await super().register_worker()
        names = list(self._names)
        await self._connector.execute_query_async(_SEEK, worker=worker, holder=self._holder, names=names)
        await self.stand(self._names)
        self.worker = worker
        return worker

    async def unregister_worker(self, worker_id: int) -> None:
        """Have a worker forgotten at once; where the database is away, when its heartbeat is old."""
        try:
            await within(self._leaving_s, super().unregister_worker(worker_id))
        except TROUBLES as error:
            _log.warning("A worker stays registered: %s", trouble(error), extra={"action": "lease_worker_left"})

    async def retire(self) -> None:
        """Be given no more leases; those that are held stay."""
        self.closing = True
        if self.worker is not None:
            leaving_s, self._leaving_s = self._leaving_s, _IN_VAIN_S
            await within(leaving_s, self._connector.execute_query_async(_RETIRE, worker=self.worker))
            self._leaving_s = leaving_s

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> Job | None:  # noqa: ARG002 - we choose
        """The next job of this process's share; None where it has its share, or the database is away."""
        self.taking = True
        try:
            look = await self._connector.execute_query_one_async(LOOK, task=HOLD, stalled_s=self._stalled_s)
            view = View.of(**look)
            due = view.due(worker_id)
            free = due - set(self.running.values())
            waiting = [job.name for job in view.jobs if not job.doing and job.name in free]
            job = await super().fetch_job(waiting, worker_id) if waiting and not self.closing else None
            if job is not None and job.id is not None:
                self.running[job.id] = job.queue
        except TROUBLES as error:
            _log.debug("No lease could be taken: %s", trouble(error), extra={"action": "lease_fetch_failed"})
            return None
        finally:
            self.taking = False
        return job

    async def begin(self, job_id: int, since: str) -> int | None:
        """The epoch of a new term of the lease of a job that was taken; None where it was passed on meanwhile."""
        for delay_s in backoff():
            try:
                rows = await self._connector.execute_query_all_async(
                    _BEGIN, job=job_id, holder=self._holder, since=since
                )
            except TROUBLES as error:
                _log.debug("A lease could not begin: %s", trouble(error), extra={"action": "lease_begin_failed"})
            else:
                return int(rows[0]["epoch"]) if rows else None
            if self.closing:
                break
            await asyncio.sleep(delay_s)
        return None

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:  # noqa: ARG002, FBT001 - theirs
        """Pass a job on; nothing where another has it already."""
        if job.id is None:  # it cannot be: it was fetched
            return
        self.running.pop(job.id, None)
        for delay_s in backoff():
            try:
                await self.pass_on([job.id])
                break
            except TROUBLES as error:
                _log.debug("A lease could not be given back: %s", trouble(error), extra={"action": "lease_kept"})
            if self.closing:
                break  # it ends with this worker's heartbeat
            await asyncio.sleep(delay_s)

    async def pass_on(self, ids: Collection[int]) -> list[str]:
        """Let others have the leases of these jobs; the names of those that this call passed on."""
        async with self._connector.pool.connection(self._leaving_s) as connection:
            await connection.execute("SELECT pg_advisory_xact_lock(%s)", (_PASSING_ON,))
            removed = await (await connection.execute(_REMOVE, (list(ids),))).fetchall()
            names = [name for (name,) in removed]
            if names:
                await self._stand(connection, names)
            return names

    async def stand(self, names: Collection[str]) -> None:
        """See to it that each of these leases has a job, waiting or held; processes may do so at once."""
        async with self._connector.pool.connection() as connection:
            await connection.execute("SELECT pg_advisory_xact_lock(%s)", (_PASSING_ON,))
            await self._stand(connection, names)

    async def _stand(self, connection: AsyncConnection[tuple[str]], names: Collection[str]) -> None:
        standing = {name for (name,) in await (await connection.execute(_STANDING, (list(names),))).fetchall()}
        missing = [
            Job(id=None, lock=name, queueing_lock=name, queue=name, task_name=HOLD, task_kwargs={"name": name})
            for name in sorted(set(names) - standing)
        ]
        if missing:
            await self.batch_defer_jobs_async(missing, connection=connection)

    async def listen_for_jobs(
        self, *, on_notification: NotificationCallback, queues: Iterable[str] | None = None
    ) -> None:
        """Wake the worker whenever a job is deferred, and when that may have been missed; for ever."""
        told = asyncio.Event()
        bus = Bus(self._url)
        for channel in manager.get_channel_for_queues(queues):
            bus.on(channel, lambda _: told.set())
        async with bus:
            while True:
                await told.wait()
                told.clear()
                await on_notification(channel="", notification={"type": "job_inserted", "job_id": 0})
