"""Procrastinate's tables, in a PostgreSQL schema of their own beside the ledger's, and one of ours.

How Procrastinate is upgraded. Its tables change with some of its minor releases, by files in its
``procrastinate/sql/migrations``, each named after the release and ``pre`` or ``post``. `install` notes the last one
that a database has (as the comment on the schema) and refuses to start where it does not fit the Procrastinate that is
installed, and says which files are missing. Those are then applied in order, by the schema's owner, with
``SET search_path = procrastinate`` before each: the ``pre`` files while the old release still runs, the ``post`` files
when only the new one runs; then the comment is set to the last file's name.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from procrastinate.schema import SchemaManager
from psycopg import sql

from bots.cluster.connections import watched
from bots.ledger.database import LedgerError

if TYPE_CHECKING:
    from psycopg import AsyncConnection

SCHEMA = "procrastinate"
_MARK = "firstline: Procrastinate up to "
_INSTALLING = 0x66697273746C6901  # keys of advisory locks are any 64 bits that nobody else uses: "firstli", and which
_SEEKERS = """
CREATE TABLE IF NOT EXISTS firstline_seekers (
    worker_id bigint PRIMARY KEY REFERENCES procrastinate_workers (id) ON DELETE CASCADE,
    holder text NOT NULL,
    names text[] NOT NULL
)
"""  # which leases a live worker may hold; a row lives as long as its worker's


class NotInstalled(LedgerError):
    """The database is not fit for many processes; the message says why, and what is to be done."""


async def see_schema(connection: AsyncConnection[object], patience_s: float) -> None:
    """Let a connection find Procrastinate's tables, then whatever it found before.

    Where its process freezes in a transaction, the server ends that after `patience_s`: what it locked is free again.
    """
    await connection.execute(
        "SELECT set_config('idle_in_transaction_session_timeout', %s, false),"
        " set_config('search_path', concat_ws(', ', %s::text, nullif(current_setting('search_path'), '')), false)",
        (str(round(1000 * patience_s)), SCHEMA),
    )
    if not connection.autocommit:
        await connection.commit()


async def install(url: str) -> None:
    """Make what is missing of the tables; several processes may do so at once, and again.

    Raises:
        NotInstalled: rights are missing, or the tables are those of another release of Procrastinate.
        psycopg.OperationalError: the server cannot be reached.
    """
    connection = await psycopg.AsyncConnection.connect(watched(url))
    async with connection:
        try:
            await connection.execute("SELECT pg_advisory_xact_lock(%s)", (_INSTALLING,))
            await _install(connection)
        except psycopg.errors.InsufficientPrivilege as error:
            role, database = sql.Identifier(connection.info.user), sql.Identifier(connection.info.dbname)
            raise NotInstalled(
                f"{error.diag.message_primary}. The bot keeps its leases in the schema {SCHEMA} of database"
                f" {database.as_string()}, which its role must own. As the database's owner run:"
                f" CREATE SCHEMA {SCHEMA} AUTHORIZATION {role.as_string()};"
            ) from error


async def _install(connection: AsyncConnection[tuple[object, ...]]) -> None:
    cursor = await connection.execute(
        "SELECT to_regnamespace(%(schema)s) IS NOT NULL, to_regclass(%(schema)s || '.procrastinate_jobs') IS NOT NULL,"
        " coalesce(obj_description(to_regnamespace(%(schema)s), 'pg_namespace'), '')",
        {"schema": SCHEMA},
    )
    has_schema, has_tables, note = await cursor.fetchone() or (False, False, "")
    if not has_schema:
        await connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(SCHEMA)))
    # Nothing may be seen but the schema while tables are made: one that is found elsewhere would be taken for ours.
    await connection.execute(sql.SQL("SET LOCAL search_path = {}").format(sql.Identifier(SCHEMA)))
    files = migrations()
    if has_tables:
        _check(str(note), files)
    else:
        await connection.execute(SchemaManager.get_schema())
        mark = sql.SQL("COMMENT ON SCHEMA {} IS {}")
        await connection.execute(mark.format(sql.Identifier(SCHEMA), sql.Literal(_MARK + files[-1])))
    cursor = await connection.execute("SELECT to_regclass('firstline_seekers') IS NOT NULL")
    if await cursor.fetchone() != (True,):
        await connection.execute(_SEEKERS)
    await connection.execute("SELECT 1 FROM procrastinate_jobs, procrastinate_workers, firstline_seekers LIMIT 0")


def migrations() -> list[str]:
    """The names of the migrations of the Procrastinate that is installed, in their order."""
    return sorted(path.name for path in Path(SchemaManager.get_migrations_path()).glob("*.sql"))


def _check(note: str, files: list[str]) -> None:
    """Raise `NotInstalled` where the tables that carry this note do not fit these migrations."""
    last = note.removeprefix(_MARK)
    if last == note:
        raise NotInstalled(
            f"The schema {SCHEMA} of this database holds a Procrastinate that firstline did not install, and nothing"
            f" says of which release. Give the bot a database of its own, or, if the tables are those of {files[-1]},"
            f" run: COMMENT ON SCHEMA {SCHEMA} IS '{_MARK}{files[-1]}';"
        )
    missing = [name for name in files if name > last]
    if missing:
        raise NotInstalled(
            f"The database has Procrastinate's tables up to {last}; this release needs {', '.join(missing)} as well."
            f" Apply them from {SchemaManager.get_migrations_path()} in this order, each after SET search_path ="
            f" {SCHEMA}, then run: COMMENT ON SCHEMA {SCHEMA} IS '{_MARK}{files[-1]}';"
        )
    if last > files[-1] and "_post_" in last:
        raise NotInstalled(
            f"The database has Procrastinate's tables up to {last}, with which this release, made for {files[-1]},"
            " cannot work any more. Start the newer release of firstline."
        )
