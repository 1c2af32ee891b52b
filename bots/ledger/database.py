"""The ledger's database: its errors, what an engine is, and the one writer with group commit.

Errors::

    LedgerError
    ├── AlreadyRunning     another bot holds this ledger
    ├── LedgerUnwritable   the disk is full or gone, or the server: nothing of the batch was stored
    ├── LeaseLost          what this process held is another one's by now: nothing of the operation was stored
    ├── Superseded         the row was decided already (the fence in the commit held)
    └── Overtaken          what a decision was made from has changed
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

from bots import metrics
from bots.ledger.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Sequence

_MAX_BATCH = 500
_log = logging.getLogger(__name__)

T = TypeVar("T")
Operation = Callable[[Connection], T]
Place = Path | str
"""Where a ledger is: a SQLite file, or a PostgreSQL URL."""


class LedgerError(Exception):
    """The ledger did not do what was asked."""


class AlreadyRunning(LedgerError):
    """Another bot holds this ledger."""


class LedgerUnwritable(LedgerError):
    """The ledger cannot be written, or not be reached; nothing of the batch was stored, as far as is known."""


class LeaseLost(LedgerError):
    """What this process held is another one's by now; nothing of the operation was stored."""


class Superseded(LedgerError):
    """The row was decided already."""


class Overtaken(LedgerError):
    """What a decision was made from has changed before it could be written: decide anew."""


@dataclass(frozen=True, slots=True)
class Lease:
    """What one process holds of what only one may do at a time; `epoch` counts its holders."""

    name: str
    epoch: int


class OwnedConnection(Connection, Protocol):
    """A connection that whoever opened it closes."""

    def close(self) -> None:
        """Close it."""
        ...


class Engine(Protocol):
    """A database that a ledger can lie in."""

    title: str  # for people: a path, or a URL without its password
    is_shared: bool  # whether several processes may serve it at once
    errors: tuple[type[Exception], ...]  # what its driver raises
    for_share: str  # ends a SELECT whose rows nobody may change until the transaction ends
    done_here: set[tuple[str, str]]  # what `Connection.tell` tells nobody of, because this process takes it up

    def acquire(self) -> contextlib.AbstractContextManager[object]:
        """Hold it for as long as a bot serves it. Raises `AlreadyRunning` where only one may."""
        ...

    def migrate(self) -> None:
        """Make the newest schema of it. Raises `LedgerError`."""
        ...

    def connect(self, *, read_only: bool = False) -> OwnedConnection:
        """A connection in autocommit mode, usable from any one thread at a time. Raises `LedgerError`."""
        ...

    def begin(self, connection: Connection) -> None:
        """Begin a transaction in which nobody else writes."""
        ...

    def is_fatal(self, error: Exception) -> bool:
        """Whether nothing of the transaction in which it happened can be stored."""
        ...

    def cure(self, error: Exception) -> str:
        """What a person does about it, as the middle of a sentence."""
        ...

    def check(self) -> None:
        """Whether a ledger can be there. Raises `LedgerError` where it cannot."""
        ...

    def exists(self) -> bool:
        """Whether a ledger was ever made there."""
        ...

    def is_served(self) -> bool:
        """Whether a bot seems to serve it: good enough to tell people, not to lock."""
        ...

    def reading(self) -> contextlib.AbstractContextManager[Connection]:
        """A read-only view, the same for the whole block. Raises `LedgerError`."""
        ...


def engine_at(place: Place) -> Engine:
    """The engine of a place. A driver is imported only where it is used."""
    if isinstance(place, Path):
        from bots.ledger.sqlite import Sqlite  # noqa: PLC0415

        return Sqlite(place)
    from bots.ledger.postgres import Postgres  # noqa: PLC0415

    return Postgres(place)


@dataclass(frozen=True, slots=True)
class _Job:
    operation: Operation[Any]
    under: Lease | None
    future: asyncio.Future[Any]


class Writer:
    """The one connection of a process that writes; operations that arrive together share one durable commit.

    They run in the order in which they were handed in. One that raises is undone alone: then the batch runs again, each
    operation in a savepoint of its own, so an operation may run twice and must keep nothing but in the database.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="ledger-writer", daemon=True)
        self._connection = engine.connect()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._jobs.put(None)
        self._thread.join()
        self._connection.close()

    async def run(self, operation: Operation[T], *, under: Lease | None = None) -> T:
        """Run `operation` in the next group commit; back once it is on disk.

        Args:
            operation: what to do on the connection.
            under: the lease without which it may not be done any more.

        Raises what `operation` does, or `LedgerError`.
        """
        future: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put(_Job(operation, under, future))
        return await future

    def _run(self) -> None:
        while True:
            first = self._jobs.get()
            if first is None:
                return
            batch, last = [first], False
            while len(batch) < _MAX_BATCH:
                try:
                    job = self._jobs.get_nowait()
                except queue.Empty:
                    break
                if job is None:
                    last = True
                    break
                batch.append(job)
            began = time.monotonic()
            results = self._commit(batch)
            is_unwritable = isinstance(results[0], LedgerUnwritable)
            metrics.committed(time.monotonic() - began, len(batch), failed=is_unwritable)
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                self._loop.call_soon_threadsafe(_resolve, batch, results)
            if last:
                return

    def _commit(self, batch: list[_Job]) -> list[Any]:
        """One durable transaction; a result or an exception for each job."""
        try:
            try:
                return self._transaction(batch, _straight)
            except _OneFailed:
                self._connection.execute("ROLLBACK")
                return self._transaction(batch, _apart)
        except LedgerUnwritable as error:  # the server could not be reached again
            return [error] * len(batch)
        except Exception as error:  # whatever it is: this thread goes on, and nobody waits for ever
            if not isinstance(error, self._engine.errors):
                _log.exception("The ledger's writer met what it does not know", extra={"action": "writer_failed"})
            with contextlib.suppress(*self._engine.errors, LedgerError):  # a server that is gone has rolled back itself
                self._connection.execute("ROLLBACK")
            failure = LedgerUnwritable(
                f"The ledger {self._engine.title} cannot be written ({error}). Nothing was lost:"
                f" {self._engine.cure(error)}, and the bot goes on by itself."
            )
            failure.__cause__ = error
            return [failure] * len(batch)

    def _transaction(self, batch: list[_Job], work: Callable[..., list[Any]]) -> list[Any]:
        connection = self._connection
        self._engine.begin(connection)
        lost = self._lost({job.under for job in batch if job.under is not None})
        held = [job for job in batch if job.under not in lost]
        made = iter(work(connection, held, self._engine))
        results = [LeaseLost(_LOST.format(job.under)) if job.under in lost else next(made) for job in batch]
        connection.execute("COMMIT")
        return results

    def _lost(self, leases: set[Lease]) -> set[Lease]:
        """Those that are somebody else's; the others stay ours until the transaction ends."""
        current = f"SELECT 1 FROM leases WHERE name = ? AND epoch = ?{self._engine.for_share}"
        return {
            lease
            for lease in sorted(leases, key=lambda lease: lease.name)
            if self._connection.execute(current, (lease.name, lease.epoch)).fetchone() is None
        }


_LOST = "{} is another process's by now."


class _OneFailed(Exception):
    """An operation raised: the others are not to suffer from it."""


def _straight(connection: Connection, batch: list[_Job], engine: Engine) -> list[Any]:
    results = []
    for job in batch:
        try:
            results.append(job.operation(connection))
        except Exception as error:
            if engine.is_fatal(error):
                raise
            raise _OneFailed from error
    return results


def _apart(connection: Connection, batch: list[_Job], engine: Engine) -> list[Any]:
    results: list[Any] = []
    for job in batch:
        connection.execute("SAVEPOINT operation")
        try:
            results.append(job.operation(connection))
        except Exception as error:
            if engine.is_fatal(error):
                raise
            connection.execute("ROLLBACK TO SAVEPOINT operation")
            results.append(error)
        connection.execute("RELEASE SAVEPOINT operation")
    return results


def _resolve(batch: Sequence[_Job], results: Sequence[Any]) -> None:
    for job, result in zip(batch, results, strict=True):
        if job.future.cancelled():
            continue
        if isinstance(result, Exception):
            job.future.set_exception(result)
        else:
            job.future.set_result(result)
