"""The ledger in a SQLite file: its lock, its migrations, its connections."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import sqlite3
from typing import TYPE_CHECKING

from bots.ledger import upgrading
from bots.ledger.database import AlreadyRunning, LedgerError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bots.ledger.connection import Connection

_BUSY_TIMEOUT_S = 30.0

_DISK_TROUBLE = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}


class Sqlite:
    """Implements `bots.ledger.database.Engine`: one file, one bot."""

    is_shared = False
    errors: tuple[type[Exception], ...] = (sqlite3.Error,)
    for_share = ""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.title = str(path)
        self.done_here: set[tuple[str, str]] = set()

    @contextlib.contextmanager
    def acquire(self) -> Iterator[None]:
        """Lock it. Raises `AlreadyRunning`."""
        make_folder(self._path)
        lock = FileLock(self._path)
        lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def migrate(self) -> None:
        """Make the file, and the newest schema in it."""
        migrate(self._path)

    def connect(self, *, read_only: bool = False) -> SqliteConnection:
        """Open it."""
        return connect(self._path, read_only=read_only)

    @staticmethod
    def begin(connection: Connection) -> None:
        """Take the one write lock of the file."""
        connection.execute("BEGIN IMMEDIATE")

    @staticmethod
    def is_fatal(error: Exception) -> bool:
        """Whether the disk is the trouble."""
        return isinstance(error, sqlite3.Error) and _code(error) in _DISK_TROUBLE

    @staticmethod
    def cure(error: Exception) -> str:
        """What a person does about it."""
        if isinstance(error, sqlite3.Error) and _code(error) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            return "another program holds it; let that finish"
        return "free space on the disk or mend its rights"

    def check(self) -> None:
        """Whether its folder is there and can be written. Raises `LedgerError`."""
        make_folder(self._path)

    def exists(self) -> bool:
        """Whether the file is there."""
        return self._path.exists()

    def is_served(self) -> bool:
        """Whether the process in the lock's file is alive."""
        return is_served(self._path)

    @contextlib.contextmanager
    def reading(self) -> Iterator[SqliteConnection]:
        """A read-only view of the file."""
        with contextlib.closing(self.connect(read_only=True)) as connection:
            try:
                connection.execute("BEGIN")
                yield connection
            except sqlite3.DatabaseError as error:
                raise LedgerError(
                    f"{self._path} cannot be read as a ledger ({error}). Is it the right file?"
                ) from error


class SqliteConnection(sqlite3.Connection):
    """A connection that has nobody to tell: the one process that serves the file knows what it writes."""

    def tell(self, topic: str, about: str) -> None:
        """Nothing."""


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


def connect(path: Path, *, read_only: bool = False) -> SqliteConnection:
    """A connection in autocommit mode with the house's settings; usable from any one thread at a time."""
    uri = path.absolute().as_uri() + ("?mode=ro" if read_only else "")
    with contextlib.ExitStack() as stack:
        try:
            connection = sqlite3.connect(
                uri,
                uri=True,
                isolation_level=None,
                check_same_thread=False,
                timeout=_BUSY_TIMEOUT_S,
                factory=SqliteConnection,
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
    """Bring the file to the newest schema. Raises `LedgerError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(OSError):  # which `connect` names
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))  # before a word of anybody's is in it
    with contextlib.closing(connect(path)) as connection:
        if upgrading.is_current(connection, (sqlite3.OperationalError,), str(path), is_shared=False):
            return
    from sqlalchemy import create_engine, event  # noqa: PLC0415 - only a new or old file costs it

    engine = create_engine("sqlite://", creator=lambda: connect(path))
    # The driver would begin a transaction before the first row only: a kill between two tables would leave half.
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    upgrading.upgrade(engine)
    path.chmod(0o600)


def _code(error: sqlite3.Error) -> int:
    """The primary error code, 0 where the error is the driver's own."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
