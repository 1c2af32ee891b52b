"""The SQLite file: its lock, its migrations, its one writer with group commit, its readers.

Errors::

    LedgerError
    ├── AlreadyRunning     another bot holds this ledger
    ├── LedgerUnwritable   the disk is full or gone: nothing of the batch was stored
    └── Superseded         the row was decided already (the fence in the commit held)
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import queue
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

_MIGRATIONS = Path(__file__).parent / "migrations"
_MAX_BATCH = 500
_BUSY_TIMEOUT_S = 30.0

_DISK_TROUBLE = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}

T = TypeVar("T")
Operation = Callable[[sqlite3.Connection], T]


class LedgerError(Exception):
    """The ledger did not do what was asked."""


class AlreadyRunning(LedgerError):
    """Another bot holds this ledger."""


class LedgerUnwritable(LedgerError):
    """The ledger cannot be written; nothing of the batch was stored."""


class Superseded(LedgerError):
    """The row was decided already."""


class Overtaken(LedgerError):
    """What a decision was made from has changed before it could be written: decide anew."""


class FileLock:
    """Held by the one bot that serves a ledger.

    An ``flock`` on a sidecar file: SQLite's own locks on the database file vanish when any descriptor of it is closed.
    """

    def __init__(self, database: Path) -> None:
        database = database.resolve()  # the same file under another name is the same ledger
        self._path = database.with_name(database.name + ".lock")
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock or raise `AlreadyRunning`."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip() or "unknown"
            os.close(descriptor)
            message = (
                f"Another firstline (process {holder}) already serves this ledger ({self._path}). "
                'Stop it first, or give this one a ledger of its own: [ledger] path = "…".'
            )
            raise AlreadyRunning(message) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the lock back; idempotent."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None


def make_folder(path: Path) -> None:
    """Make the folder that a ledger lies in. Raises `LedgerError`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise LedgerError(
            f"The folder {path.parent} cannot hold the ledger ({error.strerror or error}). "
            "Mend its rights, or choose another place: data_dir or [ledger] path."
        ) from error


def is_served(path: Path) -> bool:
    """Whether a bot seems to hold the ledger (its process is alive): good enough to tell people, not to lock."""
    try:
        holder = int(path.resolve().with_name(path.resolve().name + ".lock").read_text())
        os.kill(holder, 0)
    except (OSError, ValueError):
        return False
    return True


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """A connection in autocommit mode with the house's settings; usable from any one thread at a time."""
    uri = path.absolute().as_uri() + ("?mode=ro" if read_only else "")
    with contextlib.ExitStack() as stack:
        try:
            connection = sqlite3.connect(
                uri, uri=True, isolation_level=None, check_same_thread=False, timeout=_BUSY_TIMEOUT_S
            )
            stack.callback(connection.close)
            connection.row_factory = sqlite3.Row
            if not read_only:
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("PRAGMA synchronous=FULL")
                connection.execute("PRAGMA secure_delete=ON")  # what is erased is overwritten, not only unlisted
            connection.execute("PRAGMA foreign_keys=ON")
        except sqlite3.Error as error:
            raise LedgerError(
                f"{path} cannot be opened as a ledger ({error}). Is it the right file, and are its rights right?"
            ) from error
        stack.pop_all()
    return connection


def migrate(path: Path) -> None:
    """Bring the file to the newest schema; Alembic is imported only where there is something to do."""
    newest = max(entry.name.split("_", 1)[0] for entry in (_MIGRATIONS / "versions").glob("[0-9]*.py"))
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(OSError):  # which `connect` names
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))  # before a word of anybody's is in it
    with contextlib.closing(connect(path)) as connection, contextlib.suppress(sqlite3.OperationalError):
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        if row and row[0] == newest:
            return
        if row and row[0] > newest:
            raise LedgerError(
                f"{path} was written by a newer firstline (schema {row[0]}; this one knows {newest}). Update firstline."
            )
    _upgrade(path)


def _upgrade(path: Path) -> None:
    from alembic import command  # noqa: PLC0415 - half a second that only a new or old file costs
    from alembic.config import Config  # noqa: PLC0415
    from sqlalchemy import create_engine, event  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    engine = create_engine("sqlite://", creator=lambda: connect(path))
    # The driver would begin a transaction before the first row only: a kill between two tables would leave half.
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()
    path.chmod(0o600)


@dataclass(frozen=True, slots=True)
class _Job:
    operation: Operation[Any]
    future: asyncio.Future[Any]


class Writer:
    """The one connection that writes; operations that arrive together share one durable commit.

    Each operation runs in its own savepoint, in the order in which it was handed in; one that raises is undone alone.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="ledger-writer", daemon=True)
        self._connection = connect(path)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._jobs.put(None)
        self._thread.join()
        self._connection.close()

    async def run(self, operation: Operation[T]) -> T:
        """Run `operation` in the next group commit; back once it is on disk. Raises what it does or `LedgerError`."""
        future: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put(_Job(operation, future))
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
            results = self._commit(batch)
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                self._loop.call_soon_threadsafe(_resolve, batch, results)
            if last:
                return

    def _commit(self, batch: list[_Job]) -> list[Any]:
        """One durable transaction; a result or an exception for each job."""
        connection = self._connection
        results: list[Any] = []
        try:
            connection.execute("BEGIN IMMEDIATE")
            results.extend(_attempt(connection, job.operation) for job in batch)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            cure = "free space on the disk or mend its rights"
            if _code(error) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
                cure = "another program holds it; let that finish"
            failure = LedgerUnwritable(
                f"The ledger {self._path} cannot be written ({error}). Nothing was lost: {cure}, and the bot goes on by"
                " itself."
            )
            failure.__cause__ = error
            return [failure] * len(batch)
        return results


def _attempt(connection: sqlite3.Connection, operation: Operation[Any]) -> Any:
    connection.execute("SAVEPOINT operation")
    try:
        result = operation(connection)
    except Exception as error:
        if isinstance(error, sqlite3.Error) and _code(error) in _DISK_TROUBLE:
            raise  # nothing of this batch can be stored
        connection.execute("ROLLBACK TO operation")
        result = error
    connection.execute("RELEASE operation")
    return result


def _code(error: sqlite3.Error) -> int:
    """The primary error code, 0 where the error is the driver's own."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _resolve(batch: list[_Job], results: list[Any]) -> None:
    for job, result in zip(batch, results, strict=True):
        if job.future.cancelled():
            continue
        if isinstance(result, Exception):
            job.future.set_exception(result)
        else:
            job.future.set_result(result)
