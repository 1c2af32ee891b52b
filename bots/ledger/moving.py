"""Moves a stopped bot's ledger between SQLite and PostgreSQL: every row, the next numbers, nothing else.

What is not moved: leases, which are about running processes, and the task engine's own tables.
"""

from __future__ import annotations

import contextlib
import sqlite3
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from adapters.base import IncomingMessage
from bots.ledger import codec, upgrading
from bots.ledger.copying import Copied, count, new_file
from bots.ledger.database import AlreadyRunning, LedgerError
from bots.ledger.ledger import partition_of
from bots.ledger.postgres import Postgres, without_nul
from bots.ledger.schema import metadata
from bots.ledger.sqlite import Sqlite

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Table

    from bots.ledger.database import Place

_OF_PROCESSES = {"leases"}
_PAGE = 5000
_TABLES = [table for table in metadata.sorted_tables if table.name not in _OF_PROCESSES]
_COUNTED = [table for table in _TABLES if table.dialect_options["sqlite"]["autoincrement"]]


def move(source: Place, target: Place) -> Copied:
    """Copy every row. One of the two is a file, the other a PostgreSQL URL. Raises `LedgerError`."""
    try:
        return _to_postgres(source, str(target)) if isinstance(source, Path) else _to_sqlite(source, Path(target))
    except psycopg.Error as error:
        said = str(error).strip() or type(error).__name__
        raise LedgerError(
            f"PostgreSQL did not do it ({said}). Nothing was copied: mend that and copy again."
        ) from error
    except sqlite3.Error as error:
        raise LedgerError(f"The SQLite file did not do it ({error}). Nothing was copied: look at it.") from error


# --- SQLite to PostgreSQL -------------------------------------------------------------------------------------------


def _to_postgres(source: Path, url: str) -> Copied:
    file, server = Sqlite(source), Postgres(url)
    with contextlib.ExitStack() as stack:
        stack.enter_context(file.acquire())  # the bot is stopped, and stays so
        ours = stack.enter_context(contextlib.closing(file.connect(read_only=True)))
        ours.execute("BEGIN")
        _must_be_current(file.title, ours)
        _must_be_stopped(server)
        server.migrate()
        theirs = stack.enter_context(contextlib.closing(server.open(read_only=False)))
        stack.enter_context(theirs.transaction())
        _must_be_current(server.title, theirs)
        tables = sql.SQL(", ").join(sql.Identifier(table.name) for table in _TABLES)
        theirs.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(tables))
        _must_be_empty(theirs)
        texts = _Texts()
        for table in _TABLES:
            _copy_in(theirs, table, texts.of(ours.execute(_select(table))))
        _share_out(theirs)
        for table in _COUNTED:
            _go_on_after(theirs, table, _last_of_sqlite(ours, table))
        return Copied(rows=_compared(ours, theirs), without_nul=texts.changed)


class _Texts:
    """Rows as PostgreSQL takes them."""

    def __init__(self) -> None:
        self.changed = 0

    def of(self, rows: Iterable[Sequence[Any]]) -> Iterator[list[Any]]:
        for row in rows:
            kept = [without_nul(value) for value in row]
            self.changed += sum(new is not old and new != old for new, old in zip(kept, row, strict=True))
            yield kept


def _must_be_empty(theirs: psycopg.Connection[Any]) -> None:
    for table in _TABLES:
        if count(theirs, table.name):
            raise LedgerError(
                "The PostgreSQL database holds a ledger already. Nothing was copied: name an empty database (createdb),"
                " or stop every bot on it and make it anew (dropdb, createdb)."
            )


def _copy_in(theirs: psycopg.Connection[Any], table: Table, rows: Iterable[Sequence[Any]]) -> None:
    columns = sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns)
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), columns)
    with theirs.cursor() as cursor, cursor.copy(statement) as copying:
        for row in rows:
            copying.write_row(row)


def _share_out(theirs: psycopg.Connection[Any]) -> None:
    """What may still be decided is in its person's partition, by which processes share the work.

    One process needs none: the release before leases counted them by the conversation.
    """
    rows = theirs.execute("SELECT id, payload FROM inbound WHERE state <> 'done' AND erased_at IS NULL").fetchall()
    with theirs.cursor() as cursor:
        cursor.executemany(
            "UPDATE inbound SET partition = %s WHERE id = %s",
            [(partition_of(codec.load(IncomingMessage, payload)), identity) for identity, payload in rows],
        )


def _go_on_after(theirs: psycopg.Connection[Any], table: Table, last: int) -> None:
    """The next id is one that was never used, also where the newest rows were deleted."""
    theirs.execute(
        "SELECT setval(pg_get_serial_sequence(%(table)s, 'id'), greatest(%(last)s, 1), %(last)s > 0)",
        {"table": table.name, "last": last},
    )


def _last_of_sqlite(ours: sqlite3.Connection, table: Table) -> int:
    row = ours.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table.name,)).fetchone()
    return int(row[0]) if row else 0


# --- PostgreSQL to SQLite -------------------------------------------------------------------------------------------


def _to_sqlite(url: str, target: Path) -> Copied:
    server = Postgres(url)
    with new_file(target) as made, contextlib.ExitStack() as stack:
        _must_be_stopped(server)
        theirs = stack.enter_context(contextlib.closing(server.open(read_only=True)))
        stack.enter_context(theirs.transaction())
        theirs.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        _must_be_current(server.title, theirs)
        file = Sqlite(made)
        file.migrate()
        ours = stack.enter_context(contextlib.closing(file.connect()))
        ours.execute("BEGIN IMMEDIATE")
        for table in _TABLES:
            _insert(ours, table, theirs)
        for table in _COUNTED:
            ours.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table.name,))
            last = _last_of_postgres(theirs, table)
            ours.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table.name, last))
        rows = _compared(ours, theirs)
        ours.execute("COMMIT")
        return Copied(rows=rows)


def _insert(ours: sqlite3.Connection, table: Table, theirs: psycopg.Connection[Any]) -> None:
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    statement = f'INSERT INTO "{table.name}" ({names}) VALUES ({", ".join("?" * len(table.columns))})'
    with theirs.cursor(name="rows") as rows:  # of the server: not all of them at once in memory
        rows.itersize = _PAGE
        rows.execute(_select(table).encode())
        while page := list(islice(rows, _PAGE)):
            ours.executemany(statement, page)


def _last_of_postgres(theirs: psycopg.Connection[Any], table: Table) -> int:
    name = _one(theirs.execute("SELECT pg_get_serial_sequence(%s, 'id')::text", (table.name,)))
    schema, _, sequence = name.partition(".")
    statement = sql.SQL("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {}")
    return int(_one(theirs.execute(statement.format(sql.Identifier(schema, sequence.strip('"'))))))


# --- both ways ------------------------------------------------------------------------------------------------------


def _must_be_stopped(server: Postgres) -> None:
    if server.is_served():
        raise AlreadyRunning(f"A firstline is connected to {server.title}. Stop every one of them, and copy again.")


def _select(table: Table) -> str:
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    keys = ", ".join(f'"{column.name}"' for column in table.primary_key.columns)
    return f'SELECT {names} FROM "{table.name}" ORDER BY {keys}'


def _one(cursor: Any) -> Any:
    return cursor.fetchone()[0]


def _must_be_current(title: str, connection: Any) -> None:
    try:
        version = str(_one(connection.execute("SELECT version_num FROM alembic_version")))
    except (sqlite3.OperationalError, psycopg.errors.UndefinedTable, TypeError):
        raise LedgerError(f"There is no ledger to copy in {title}: no bot ever ran on it.") from None
    if version != upgrading.newest():
        raise LedgerError(
            f"{title} has the schema {version}, and this firstline writes {upgrading.newest()}. Nothing was copied:"
            " start the newer firstline on it once (it changes the schema), stop it, and copy again with that one."
        )


def _compared(ours: sqlite3.Connection, theirs: psycopg.Connection[Any]) -> dict[str, int]:
    rows = {table.name: count(ours, table.name) for table in _TABLES}
    for name, number in rows.items():
        if (there := count(theirs, name)) != number:
            raise LedgerError(f"{name}: {number} rows in SQLite, {there} in PostgreSQL. Nothing was copied: report it.")
    return rows
