"""The leases of this process: what it alone does for as long as it holds them, of all processes on one database.

A lease is a row of table ``leases``; who may hold it is whoever runs its one standing job in Procrastinate. Each holder
has a higher `Lease.epoch` than the one before: what is written under a lease is to be fenced with it. Processes share
the leases of a kind (what stands before the colon) evenly and give back their surplus in order: the work ends first.

One tick a `check_s` is the heartbeat, the check that each lease is still ours, and the search for processes that have
died, in this order on one connection. A process that was not confirmed for nearly as long as others wait before they
take over (frozen, cut off, PostgreSQL away) ends its works by itself and takes leases again when it can.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

import psycopg
from procrastinate import App, PsycopgConnector
from procrastinate.job_context import JobContext  # noqa: TC002 - Procrastinate reads the annotation
from procrastinate.manager import get_channel_for_queues
from psycopg.rows import dict_row

from bots.cluster.connections import answered_within, watched
from bots.cluster.jobs import HOLD, LOOK, TROUBLES, LeaseJobs, View, backoff
from bots.cluster.schema import install, see_schema
from bots.cluster.working import cancelled, work_on
from bots.ledger.database import Lease
from bots.troubles import trouble
from bots.within import within

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

_HEARTBEAT = "SELECT procrastinate_update_heartbeat_v1(%s)"
_WAKE = 'SELECT pg_notify(%s, \'{"type": "job_inserted", "job_id": 0}\')'
_FORGOTTEN_S = 60.0
"""After how long without a heartbeat a worker's row is removed, at the latest; its jobs are passed on long before."""

_log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class _Held:
    lease: Lease
    job_id: int
    ended: asyncio.Event = field(default_factory=asyncio.Event)


def holder_name() -> str:
    """A name for this process that no other has: host, process id, and something random."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"


class Leases:
    """Holds leases, and runs what is to be done under each, for as long as the ``async with`` lasts.

    Args:
        url: of the PostgreSQL database; table ``leases`` is the ledger's and must be there.
        works: what to run under each lease that this process may hold, by the lease's name. A work runs until it is
            cancelled, and its lease is given to nobody before it has ended (one that has not after `stalled_s` is
            cancelled again); one that fails or ends by itself is started again, under the same lease.
        holder: the name of this process.
        check_s: seconds between two ticks.
        stalled_s: after how many seconds without a heartbeat others take a process's leases; at least three ticks.

    Raises:
        bots.cluster.schema.NotInstalled: on entering, where the database is not fit.
        psycopg.OperationalError: on entering, where it cannot be reached. Later that is outlived.
    """

    def __init__(
        self,
        url: str,
        works: Mapping[str, Callable[[Lease], Awaitable[None]]],
        *,
        holder: str | None = None,
        check_s: float = 1.0,
        stalled_s: float = 4.0,
    ) -> None:
        if stalled_s < 3 * check_s:
            raise ValueError("stalled_s must be three times check_s or more: one late tick is not a death")
        self.holder = holder or holder_name()
        self._url = url
        self._works = dict(works)
        self._check_s = check_s
        self._stalled_s = stalled_s
        self._held: dict[str, _Held] = {}
        self._unclaimed: set[int] = set()
        self._confirmed_at: float | None = None
        self._expiry: asyncio.TimerHandle | None = None
        self._connection: psycopg.AsyncConnection[dict[str, Any]] | None = None
        self._one_tick = asyncio.Lock()
        self._serving: asyncio.Task[None] | None = None
        self._loops: list[asyncio.Task[None]] = []
        connector = PsycopgConnector(
            conninfo=watched(url),
            configure=partial(see_schema, patience_s=stalled_s),
            min_size=1,
            max_size=3,
            timeout=3.0,
            reconnect_timeout=2.0,  # then whoever asks next tries anew, where the pool itself would wait ever longer
        )
        self._app = App(connector=connector)
        self._app.job_manager = self._jobs = LeaseJobs(url, connector, self._works, self.holder, stalled_s)
        self._app.task(name=HOLD, pass_context=True)(self._hold)

    @property
    def held(self) -> Mapping[str, Lease]:
        """The leases that this process holds now, by their names."""
        return MappingProxyType({name: held.lease for name, held in self._held.items() if not held.ended.is_set()})

    @property
    def unconfirmed_s(self) -> float | None:
        """Seconds since the database last confirmed what is held; None before it first did."""
        return None if self._confirmed_at is None else asyncio.get_running_loop().time() - self._confirmed_at

    async def check(self) -> Mapping[str, Lease]:
        """What is held, confirmed by the database just now; what is not any more ends. Raises what psycopg raises."""
        await self._tick()
        return self.held

    async def __aenter__(self) -> Self:
        await install(self._url)
        await self._app.open_async()
        self._loops = [asyncio.create_task(self._serve()), asyncio.create_task(self._tick_on())]
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Give every lease back, its work ended first; at most seconds more where the database is away."""
        serving, ticking = self._loops
        try:
            with suppress(*TROUBLES):
                await self._jobs.retire()
            serving.cancel()
            await asyncio.wait([serving])
        finally:
            serving.cancel()
            ticking.cancel()
            await asyncio.wait([serving, ticking])
            if self._expiry is not None:
                self._expiry.cancel()
            await self._disconnect()
            await self._app.close_async()

    async def _serve(self) -> None:
        """Procrastinate's worker, started again whenever it ends."""
        for delay_s in backoff():
            self._serving = asyncio.create_task(
                self._app.run_worker_async(
                    name=self.holder,
                    concurrency=len(self._works) + 1,
                    fetch_job_polling_interval=5 * self._check_s,  # notifications come first
                    abort_job_polling_interval=3600.0,  # nobody aborts a lease so
                    shutdown_graceful_timeout=0.0,
                    update_heartbeat_interval=3600.0,  # the tick is the heartbeat
                    stalled_worker_timeout=max(_FORGOTTEN_S, 3 * self._stalled_s),
                    install_signal_handlers=False,
                )
            )
            try:
                await asyncio.wait([self._serving])
            finally:
                self._serving.cancel()
                await asyncio.wait([self._serving])
                self._jobs.worker = None
                if not self._serving.cancelled() and (error := self._serving.exception()) is not None:
                    _log.warning("Leases are not taken: %s", trouble(error), extra={"action": "lease_worker_failed"})
            await asyncio.sleep(delay_s)

    async def _hold(self, context: JobContext, name: str) -> None:
        """One term: Procrastinate runs this for the job of a lease, and passes the lease on when it ends."""
        job_id = context.job.id
        if job_id is None or name not in self._works:  # neither can be: it was fetched, and by its name
            return
        began_at = asyncio.get_running_loop().time()
        epoch = await self._jobs.begin(job_id, datetime.now(UTC).isoformat(timespec="milliseconds"))
        if epoch is None:
            return
        held = self._held[name] = _Held(lease=Lease(name, epoch), job_id=job_id)
        if self._expiry is None:
            self._expire_after(began_at)
        _log.info("Lease %s is held, epoch %d", name, epoch, extra={"action": "lease_begin", "lease": name})
        work = asyncio.create_task(work_on(held.lease, self._works[name], held.ended))
        ended = asyncio.create_task(held.ended.wait())
        try:
            await asyncio.wait([work, ended], return_when=asyncio.FIRST_COMPLETED)
        finally:
            held.ended.set()
            ended.cancel()
            await cancelled(work, name, self._stalled_s)
            del self._held[name]
            _log.info("Lease %s is given up, epoch %d", name, epoch, extra={"action": "lease_end", "lease": name})

    async def _tick_on(self) -> None:
        failing = False
        while True:
            try:
                await within(self._stalled_s / 2, self._tick())
            except Exception as error:
                level = logging.DEBUG if failing else logging.WARNING
                _log.log(level, "Leases are not confirmed: %s", trouble(error), extra={"action": "lease_tick_failed"})
                failing = True
                await self._disconnect()
            else:
                if failing:
                    _log.info("Leases are confirmed again", extra={"action": "lease_tick_again"})
                failing = False
            await asyncio.sleep(self._check_s)

    async def _tick(self) -> None:
        async with self._one_tick:
            worker = self._jobs.worker
            if worker is None:
                return
            began_at = asyncio.get_running_loop().time()
            if self._connection is None:
                self._connection = await psycopg.AsyncConnection.connect(
                    watched(self._url), autocommit=True, row_factory=dict_row
                )
                await see_schema(self._connection, self._stalled_s)
            with answered_within(self._stalled_s / 4, self._connection):
                await self._connection.execute(_HEARTBEAT, (worker,))
                held = list(self._held.values())
                found = await self._connection.execute(LOOK, {"task": HOLD, "stalled_s": self._stalled_s})
                view = View.of(**(await found.fetchone() or {}))
            self._confirm(held, view, worker)
            self._confirmed_at = began_at
            self._expire_after(began_at)
            if not self._jobs.closing:
                await self._share(self._connection, view, worker)
            await self._recover(view, worker)

    def _confirm(self, held: list[_Held], view: View, worker: int) -> None:
        """End the works of leases that are not this process's any more."""
        ours = {(job.name, job.id, job.epoch) for job in view.jobs if job.doing and job.worker == worker}
        for one in held:
            if (one.lease.name, one.job_id, one.lease.epoch) not in ours and not one.ended.is_set():
                one.ended.set()
                _log.warning(
                    "Lease %s is lost", one.lease.name, extra={"action": "lease_lost", "lease": one.lease.name}
                )

    async def _share(self, connection: psycopg.AsyncConnection[Any], view: View, worker: int) -> None:
        """Give back what others are to hold, ask for what this process is to hold, see that each lease is there."""
        if worker not in view.seekers:  # away for so long that its registration was removed
            if self._serving is not None:
                self._serving.cancel()
            return
        due = view.due(worker)
        for name in self._held.keys() - due:
            self._held[name].ended.set()
        standing = {job.name for job in view.jobs}
        if self._works.keys() - standing:
            await self._jobs.stand(self._works)
        if any(job.name in due and not job.doing for job in view.jobs):
            for channel in get_channel_for_queues():
                await connection.execute(_WAKE, (channel,))

    async def _recover(self, view: View, worker: int) -> None:
        """Pass on the jobs of workers that died, and those that were taken for this one in an answer that got lost."""
        unclaimed = {job.id for job in view.jobs if job.doing and job.worker == worker} - self._jobs.running.keys()
        lost = unclaimed & self._unclaimed if not self._jobs.taking else set()
        self._unclaimed = unclaimed
        if any(job.doing and job.worker not in view.seekers and job.worker != worker for job in view.jobs):
            stalled = await self._jobs.get_stalled_jobs(task_name=HOLD, seconds_since_heartbeat=self._stalled_s)
            lost |= {job.id for job in stalled if job.id is not None and job.worker_id != worker}
        if lost and (names := await self._jobs.pass_on(lost)):
            _log.warning(
                "The holder of %s is gone: others may take over", ", ".join(names), extra={"action": "lease_recovered"}
            )

    def _expire_after(self, confirmed_at: float) -> None:
        """End all works before others take over, unless confirmed again."""
        if self._expiry is not None:
            self._expiry.cancel()
        loop = asyncio.get_running_loop()
        self._expiry = loop.call_at(confirmed_at + self._stalled_s - self._check_s, self._expire)

    def _expire(self) -> None:
        self._expiry = None
        if self._held:
            _log.error("Leases cannot be confirmed: their works end", extra={"action": "leases_expired"})
        for held in self._held.values():
            held.ended.set()

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()
