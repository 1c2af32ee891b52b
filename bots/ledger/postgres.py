"""The ledger in PostgreSQL: the same SQL, migrations and promises, for any number of processes.

Whoever writes does so under one advisory lock, held for a group commit: what reads and then writes is as alone as it is
in SQLite. Needs a server of version 14 or newer, encoded in UTF-8, and rights to make tables.
"""

from __future__ import annotations

import contextlib
import re
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

import psycopg
from psycopg import conninfo
from psycopg import errors as refusals

from bots.ledger import upgrading
from bots.ledger.database import LedgerError, LedgerUnwritable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from bots.ledger.connection import Connection, Cursor, Values

_OLDEST = 140_000
# Who finds a host that is gone only after TCP's quarter of an hour stands still for as long.
_WATCHED = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,  # milliseconds; the others are seconds
}
_SETTINGS = "-c timezone=UTC"
# A process that is frozen within a transaction must not keep the others from writing.
_NOT_FROZEN = "SET idle_in_transaction_session_timeout = 4000"
_MOST_TOLD = 2000  # characters; PostgreSQL takes fewer than 8,000 bytes
_REST_S = 1.0  # after a failed attempt to connect: readers wait in the event loop
_WRITING, _MIGRATING = 0x66_69_72_73, 0x66_69_72_74  # advisory locks of this database
_LITERAL = re.compile(r"('[^']*')")
_PLACE = re.compile(r"(?<![:\w]):([a-z_]\w*)")
_FATAL = (psycopg.OperationalError, psycopg.InterfaceError, refusals.ReadOnlySqlTransaction)


class Postgres:
    """Implements `bots.ledger.database.Engine`: one database, many processes.

    Raises `LedgerError` where the URL is none.
    """

    is_shared = True
    errors: tuple[type[Exception], ...] = (psycopg.Error,)
    for_share = " FOR SHARE"

    def __init__(self, url: str) -> None:
        self.url = url
        self.title = title(url)
        self.done_here: set[tuple[str, str]] = set()  # what this process takes up by itself: nobody need be told of it

    @contextlib.contextmanager
    def acquire(self) -> Iterator[None]:
        """Nothing is locked: who does what is a matter of leases."""
        yield

    def migrate(self) -> None:
        """Make the newest schema; of processes that start together, the first does."""
        with contextlib.closing(self.connect()) as connection:
            connection.execute(f"SELECT pg_advisory_lock({_MIGRATING})")
            if upgrading.is_current(connection, (refusals.UndefinedTable,), self.title, is_shared=True):
                return
            from sqlalchemy import create_engine  # noqa: PLC0415 - only a new or old ledger costs it

            try:
                upgrading.upgrade(
                    create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(self._conninfo()))
                )
            except Exception as error:
                why = getattr(error, "orig", None) or error  # the driver's own words, without SQLAlchemy's
                raise LedgerError(
                    f"The tables of the ledger {self.title} cannot be made or changed ({_one_line(why)}). The user in"
                    " [ledger] url needs the right to create tables and functions there. See: firstline check"
                ) from error

    def connect(self, *, read_only: bool = False) -> PostgresConnection:
        """Open it."""
        return PostgresConnection(self, read_only=read_only)

    def _conninfo(self, *, read_only: bool = False) -> str:
        """The URL, and what a connection of ours needs where the URL does not say otherwise."""
        theirs = conninfo.conninfo_to_dict(self.url)
        options = f"{theirs.pop('options', '')} {_SETTINGS}" + (
            " -c default_transaction_read_only=on" if read_only else ""
        )
        ours = {"application_name": "firstline", "client_encoding": "utf8", "options": options.strip()}
        return conninfo.make_conninfo("", **{**_WATCHED, **theirs, **ours})

    def open(self, *, read_only: bool) -> psycopg.Connection[Any]:
        """The driver's own connection. Raises `LedgerError`."""
        try:
            connection = psycopg.connect(self._conninfo(read_only=read_only), autocommit=True, row_factory=_rows)
        except psycopg.Error as error:
            raise LedgerUnwritable(
                f"The ledger {self.title} cannot be reached ({_one_line(error)}). Is the server up, and are the name,"
                " the password and the database in [ledger] url right?"
            ) from error
        return connection

    @staticmethod
    def begin(connection: Connection) -> None:
        """Wait for whoever writes now."""
        connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
        connection.execute(f"SELECT pg_advisory_xact_lock({_WRITING})")

    @staticmethod
    def is_fatal(error: Exception) -> bool:
        """Whether the server is the trouble, or gone."""
        return isinstance(error, _FATAL)

    @staticmethod
    def cure(error: Exception) -> str:
        """What a person does about it."""
        if isinstance(error, refusals.DiskFull):
            return "free space on the server's disk"
        return "see to the server"

    def check(self) -> None:
        """Whether the server can be reached, is new enough and lets us make tables. Raises `LedgerError`."""
        with contextlib.closing(self.connect(read_only=True)) as connection:
            row = connection.execute(
                "SELECT current_setting('server_version_num') AS version, current_setting('server_encoding') AS"
                " encoding, current_schema() AS schema,"
                " has_schema_privilege(current_schema(), 'CREATE') AS may_create, current_database() AS database,"
                " has_database_privilege(current_database(), 'CREATE')"
                " OR to_regnamespace('procrastinate') IS NOT NULL AS may_coordinate"
            ).fetchone()
        if int(row["version"]) < _OLDEST:
            raise LedgerError(f"{self.title} is too old: firstline needs PostgreSQL {_OLDEST // 10_000} or newer.")
        if row["encoding"] != "UTF8":
            raise LedgerError(f"{self.title} is encoded in {row['encoding']}: make a database with ENCODING 'UTF8'.")
        if not row["may_create"]:
            raise LedgerError(
                f"The user in [ledger] url may make no tables in {self.title}. Let its owner say:"
                f" GRANT CREATE ON SCHEMA {row['schema'] or 'public'} TO the user."
            )
        if not row["may_coordinate"]:
            raise LedgerError(
                f"The user in [ledger] url may make no schema in {self.title}, which the processes need to share the"
                f" work. Let its owner say: GRANT CREATE ON DATABASE {row['database']} TO the user."
            )

    def exists(self) -> bool:
        """Whether its tables are there. Raises `LedgerError` where the server is not."""
        with contextlib.closing(self.connect(read_only=True)) as connection:
            found = connection.execute("SELECT to_regclass('alembic_version') AS made").fetchone()
            return found["made"] is not None

    def is_served(self) -> bool:
        """Whether any bot is connected to it."""
        with contextlib.suppress(LedgerError), contextlib.closing(self.connect(read_only=True)) as connection:
            row = connection.execute(
                "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database()"
                " AND application_name = 'firstline' AND pid <> pg_backend_pid()"
            ).fetchone()
            return bool(row["n"])
        return False

    @contextlib.contextmanager
    def reading(self) -> Iterator[PostgresConnection]:
        """A read-only view of the database."""
        with contextlib.closing(self.connect(read_only=True)) as connection:
            try:
                connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                yield connection
            except psycopg.Error as error:
                raise LedgerError(f"{self.title} cannot be read as a ledger ({_one_line(error)}).") from error


class PostgresConnection:
    """A connection that is made anew when it broke, never within a transaction."""

    def __init__(self, engine: Postgres, *, read_only: bool) -> None:
        self._engine = engine
        self._read_only = read_only
        self._raw = self._open()
        self._within = False
        self._rest_until = 0.0
        self._told: dict[tuple[str, str], None] = {}

    @property
    def raw(self) -> psycopg.Connection[Any]:
        """The driver's own."""
        return self._raw

    def _open(self) -> psycopg.Connection[Any]:
        raw = self._engine.open(read_only=self._read_only)
        raw.execute(_NOT_FROZEN)
        return raw

    def execute(self, sql: str, values: Values = (), /) -> Cursor:
        """Run one statement. Raises `psycopg.Error`; `LedgerUnwritable` where only reading was wanted."""
        if sql == "COMMIT":
            self._notify()
        try:
            return self._execute(sql, values)
        except _FATAL as error:
            if not self._read_only or self._within:
                raise
            try:
                return self._execute(sql, values)  # a reader that found its connection cut
            except _FATAL:
                raise LedgerUnwritable(f"The ledger {self._engine.title} cannot be read ({error}).") from error
        finally:
            if sql.startswith("BEGIN"):
                self._within = not self._raw.closed
            elif sql in {"COMMIT", "ROLLBACK"}:
                self._within = False
                self._told.clear()

    def _execute(self, sql: str, values: Values) -> Cursor:
        if self._raw.closed and not self._within and sql != "ROLLBACK":
            if time.monotonic() < self._rest_until:
                raise psycopg.OperationalError("the server was out of reach a moment ago")
            self._rest_until = time.monotonic() + _REST_S
            self._raw = self._open()
        cursor: Any = self._raw.execute(_translated(sql), _storable(values))
        return cast("Cursor", cursor)

    def tell(self, topic: str, about: str) -> None:
        """Notify the other processes when the transaction is on disk."""
        if len(about) > _MOST_TOLD:  # then whoever hears looks at everything
            about = ""
        if (topic, about) not in self._engine.done_here:
            self._told[topic, about] = None

    def _notify(self) -> None:
        for topic, about in self._told:
            self._execute("SELECT pg_notify(?, ?)", (topic, about))

    def close(self) -> None:
        """Close it."""
        self._raw.close()


def title(url: str) -> str:
    """A URL without its password. Raises `LedgerError` where it is none; libpq's own words would repeat it."""
    try:
        parts = conninfo.conninfo_to_dict(url)
        host, port, name = parts.get("host", "localhost"), parts.get("port", ""), parts.get("dbname", "")
    except psycopg.Error:
        host = name = "@"
        port = ""
    if "@" in f"{host}{name}" or (port and not str(port).isdecimal()):
        raise LedgerError(
            "[ledger] url cannot be read. Write it as postgresql://user:password@host:5432/database,"
            " and in the password %40 for @, %2F for /, %3A for :, %25 for %, and so on."
        )
    return f"postgresql://{host}{f':{port}' if port else ''}/{name}"


@lru_cache(maxsize=2000)
def _translated(sql: str) -> str:
    """The driver's way of writing places for values."""
    parts = _LITERAL.split(sql.replace("%", "%%"))
    parts[::2] = [_PLACE.sub(r"%(\1)s", part).replace("?", "%s") for part in parts[::2]]
    return "".join(parts)


def _storable(values: Values) -> Values:
    if isinstance(values, dict):
        return {name: without_nul(value) for name, value in values.items()}
    return tuple(map(without_nul, values))


def without_nul(value: object) -> object:
    """What PostgreSQL can keep of a value: its texts hold no NUL."""
    if not isinstance(value, str):
        return value
    return value.replace("\0", "\ufffd").replace("\\u0000", "\\ufffd")  # as it is, and as JSON writes it


class _Row(tuple[Any, ...]):
    """A row whose columns have names and places, as SQLite's have."""

    __slots__ = ()
    places: Mapping[str, int] = {}

    def __getitem__(self, name: Any) -> Any:
        """The value of a column."""
        return tuple.__getitem__(self, self.places[name] if isinstance(name, str) else name)

    def keys(self) -> list[str]:
        """The names of the columns."""
        return list(self.places)


@lru_cache(maxsize=500)
def _kind(names: tuple[str, ...]) -> type[_Row]:
    places = {name: place for place, name in reversed(list(enumerate(names)))}  # the first of a name, as in SQLite
    return type("Row", (_Row,), {"__slots__": (), "places": dict(reversed(places.items()))})


def _rows(cursor: psycopg.Cursor[Any]) -> Callable[[Sequence[Any]], _Row]:
    return _kind(tuple(column.name for column in cursor.description or ()))


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
