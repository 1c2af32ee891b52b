"""The SQLite file: lock, schema, group commit, and what happens when the disk or a neighbour gets in the way."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, cast

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from bots.ledger.database import AlreadyRunning, LedgerError, LedgerUnwritable, Writer
from bots.ledger.schema import metadata
from bots.ledger.sqlite import FileLock, Sqlite, connect, migrate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bots.ledger.connection import Connection


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger without a row."""
    path = tmp_path / "firstline.db"
    migrate(path)
    return path


def put(name: str, value: str = "") -> Callable[[Connection], str]:
    def operation(connection: Connection) -> str:
        connection.execute("INSERT INTO cursors (name, value, changed_at) VALUES (?, ?, '')", (name, value))
        return name

    return operation


async def pragma(writer: Writer, wanted: str) -> object:
    """Ask or set something of the writer's own connection."""
    row = await writer.run(lambda connection: connection.execute(f"PRAGMA {wanted}").fetchone())
    return row[0] if row else None


def names(path: Path) -> list[str]:
    with contextlib.closing(connect(path, read_only=True)) as connection:
        return [row["name"] for row in connection.execute("SELECT name FROM cursors ORDER BY rowid")]


def child(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def ended(process: subprocess.Popen[str]) -> int:
    with process:
        process.kill()
    return process.returncode


# --- the writer -------------------------------------------------------------------------------------------------------


def _traced(callback: Callable[[str], object] | None) -> Callable[[Connection], None]:
    return lambda connection: cast("sqlite3.Connection", connection).set_trace_callback(callback)


async def test_operations_that_arrive_together_share_a_commit_and_keep_their_order(path: Path) -> None:
    with Writer(Sqlite(path)) as writer:
        begun: list[str] = []
        await writer.run(_traced(lambda sql: begun.append(sql) if sql.startswith("BEGIN") else None))
        gate = threading.Event()
        held = asyncio.create_task(writer.run(lambda _connection: gate.wait(30)))
        wanted = [str(i) for i in range(300)]
        arrived = [asyncio.create_task(writer.run(put(name))) for name in wanted]
        await asyncio.sleep(0.05)  # all of them wait while the writer is held
        gate.set()
        assert await held
        assert await asyncio.gather(*arrived) == wanted
        await writer.run(_traced(None))
    assert names(path) == wanted
    assert 1 <= len(begun) <= 10


async def test_what_is_acknowledged_is_on_disk_for_everybody(path: Path) -> None:
    with Writer(Sqlite(path)) as writer:
        for i in range(5):
            await writer.run(put(str(i)))
            assert names(path) == [str(n) for n in range(i + 1)]


async def test_an_operation_that_raises_is_undone_alone(path: Path) -> None:
    def half(connection: Connection) -> None:
        put("half")(connection)
        raise ValueError("the other half")

    with Writer(Sqlite(path)) as writer:
        results = await asyncio.gather(
            writer.run(put("before")),
            writer.run(half),
            writer.run(put("before")),  # breaks a constraint
            writer.run(put("after")),
            return_exceptions=True,
        )
    assert [type(result).__name__ for result in results] == ["str", "ValueError", "IntegrityError", "str"]
    assert names(path) == ["before", "after"]


async def test_somebody_who_stops_waiting_does_no_harm(path: Path) -> None:
    with Writer(Sqlite(path)) as writer:
        task = asyncio.create_task(writer.run(put("left")))
        await asyncio.sleep(0)
        task.cancel()
        await writer.run(put("stayed"))
    assert names(path) == ["left", "stayed"]


async def test_leaving_finishes_what_was_handed_in(path: Path) -> None:
    with Writer(Sqlite(path)) as writer:
        tasks = [asyncio.create_task(writer.run(put(str(i)))) for i in range(50)]
        await asyncio.sleep(0)
    assert await asyncio.gather(*tasks) == [str(i) for i in range(50)]
    assert len(names(path)) == 50


async def test_a_full_disk_loses_nothing_and_the_writer_recovers(path: Path) -> None:
    with Writer(Sqlite(path)) as writer:
        await writer.run(put("first"))
        pages = await pragma(writer, "page_count")
        await pragma(writer, f"max_page_count={int(str(pages)) + 2}")
        with pytest.raises(LedgerUnwritable, match=r"full.*free space on the disk"):
            await writer.run(put("big", "x" * 100_000))
        assert names(path) == ["first"]
        together = await asyncio.gather(
            writer.run(put("small")), writer.run(put("big", "x" * 100_000)), return_exceptions=True
        )
        assert isinstance(together[1], LedgerUnwritable)
        await pragma(writer, "max_page_count=1000000")
        await writer.run(put("big", "x" * 100_000))
    kept = names(path)
    assert kept[0] == "first"
    assert kept[-1] == "big"
    assert ("small" in kept) is isinstance(together[0], str), "acknowledged exactly where it is stored"


async def test_a_disk_that_takes_no_writes_is_told_as_such(path: Path) -> None:
    def refused(connection: Connection) -> None:
        connection.execute("PRAGMA query_only=1")
        try:
            put("a")(connection)
        finally:
            connection.execute("PRAGMA query_only=0")

    with Writer(Sqlite(path)) as writer:
        with pytest.raises(LedgerUnwritable, match=r"readonly.*mend its rights"):
            await writer.run(refused)
        await writer.run(put("b"))
    assert names(path) == ["b"]


_HOLD = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
time.sleep(float(sys.argv[2]))
connection.execute("COMMIT")
"""


async def test_a_neighbour_that_holds_the_file_is_waited_for(path: Path) -> None:
    with Writer(Sqlite(path)) as writer, child(_HOLD, path, 2) as neighbour:
        assert said(neighbour) == "held"
        began = time.monotonic()
        await writer.run(put("patient"))
        assert time.monotonic() - began > 1.0
    assert names(path) == ["patient"]


async def test_a_neighbour_that_holds_the_file_for_ever_is_named_as_the_cause(path: Path) -> None:
    with Writer(Sqlite(path)) as writer:
        await pragma(writer, "busy_timeout=50")
        neighbour = child(_HOLD, path, 60)
        assert said(neighbour) == "held"
        with pytest.raises(LedgerUnwritable, match="another program holds it"):
            await writer.run(put("early"))
        ended(neighbour)
        await writer.run(put("late"))
    assert names(path) == ["late"]


async def test_readers_work_beside_a_busy_writer(path: Path) -> None:
    with Writer(Sqlite(path)) as writer:
        await writer.run(put("known"))
        reader = connect(path, read_only=True)
        gate = threading.Event()

        def slow(connection: Connection) -> None:
            put("unseen")(connection)
            gate.wait(5)

        task = asyncio.create_task(writer.run(slow))
        await asyncio.sleep(0.05)
        assert [row["name"] for row in reader.execute("SELECT name FROM cursors")] == ["known"]
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            reader.execute("DELETE FROM cursors")
        gate.set()
        await task
        assert len(reader.execute("SELECT name FROM cursors").fetchall()) == 2
        reader.close()


# --- the file ---------------------------------------------------------------------------------------------------------


async def test_every_commit_reaches_the_disk(path: Path) -> None:
    with Writer(Sqlite(path)) as writer:
        assert await pragma(writer, "journal_mode") == "wal"
        assert await pragma(writer, "synchronous") == 2
        assert await pragma(writer, "foreign_keys") == 1


async def test_what_is_erased_is_overwritten(path: Path) -> None:
    with Writer(Sqlite(path)) as writer:
        await writer.run(put("kept"))
        await writer.run(put("secret", "an elephant " * 20))
        await writer.run(lambda connection: connection.execute("DELETE FROM cursors WHERE name = 'secret'"))
    assert b"kept" in path.read_bytes()
    assert b"elephant" not in path.read_bytes()


def test_the_migrations_make_the_schema(path: Path) -> None:
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()
    with contextlib.closing(connect(path, read_only=True)) as reader:
        indexes = {
            row["name"]: row["sql"] for row in reader.execute("SELECT * FROM sqlite_master WHERE type = 'index'")
        }
        made = {
            row["name"] for row in reader.execute("SELECT name FROM sqlite_master WHERE sql LIKE '%AUTOINCREMENT%'")
        }
    declared = {index.name: index for table in metadata.tables.values() for index in table.indexes}
    assert {name for name, sql in indexes.items() if sql} == set(declared)
    partial = {name for name, index in declared.items() if index.dialect_options["sqlite"]["where"] is not None}
    assert {name for name, sql in indexes.items() if sql and " WHERE " in sql} == partial
    wanted = {t.name for t in metadata.tables.values() if t.dialect_options["sqlite"]["autoincrement"]}
    assert made == wanted


def test_migrating_again_changes_nothing(path: Path) -> None:
    before = path.read_bytes()
    migrate(path)
    assert path.read_bytes() == before


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "firstline.db"
    old = os.umask(0)
    try:
        migrate(path)
        with contextlib.closing(connect(path)) as connection:
            connection.execute("INSERT INTO cursors VALUES ('a', 'b', '')")
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    finally:
        os.umask(old)
    assert modes == {"firstline.db": 0o600, "firstline.db-shm": 0o600, "firstline.db-wal": 0o600}


def test_a_newer_schema_is_refused(path: Path) -> None:
    with contextlib.closing(connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(LedgerError, match=r"newer firstline \(schema 9999; this one knows \d{4}\)"):
        migrate(path)


@pytest.mark.parametrize("trouble", ["no database", "a folder"])
def test_a_file_that_is_no_ledger_is_named(tmp_path: Path, trouble: str) -> None:
    path = tmp_path / "firstline.db"
    if trouble == "a folder":
        path.mkdir()
    else:
        path.write_bytes(b"this is no database, and long enough for nobody to take it for one" * 20)
    with pytest.raises(LedgerError, match=r"firstline\.db cannot be opened as a ledger"):
        migrate(path)


_KILLED_WHILE_MIGRATING = """
import os, signal, sys
from pathlib import Path
from sqlalchemy import event
from sqlalchemy.engine import Engine
from bots.ledger.sqlite import migrate

left = int(sys.argv[2])

@event.listens_for(Engine, "after_cursor_execute")
def count(*_):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)

os.umask(0)
migrate(Path(sys.argv[1]))
"""


@pytest.mark.parametrize("statements", [6, 14])
def test_a_kill_in_the_middle_of_a_migration_leaves_nothing_half_done(tmp_path: Path, statements: int) -> None:
    path = tmp_path / "firstline.db"
    with child(_KILLED_WHILE_MIGRATING, path, statements) as process:
        process.wait(60)
    assert process.returncode == -signal.SIGKILL
    assert stat.S_IMODE(path.stat().st_mode) == 0o600, "from the first byte on"
    migrate(path)
    assert names(path) == []


# --- one bot ----------------------------------------------------------------------------------------------------------

_LOCK = """
import sys, time
from pathlib import Path
from bots.ledger.sqlite import FileLock
lock = FileLock(Path(sys.argv[1]))
lock.acquire()
print("locked", flush=True)
time.sleep(60)
"""


def test_a_second_bot_is_refused_until_the_first_is_gone(path: Path) -> None:
    first = child(_LOCK, path)
    assert said(first) == "locked"
    with pytest.raises(AlreadyRunning, match=rf"process {first.pid}\) already serves this ledger.*\[ledger\] path"):
        FileLock(path).acquire()
    assert ended(first) == -signal.SIGKILL
    lock = FileLock(path)
    lock.acquire()
    with pytest.raises(AlreadyRunning, match=f"process {os.getpid()}"):
        FileLock(path).acquire()
    lock.release()
    lock.release()
    again = FileLock(path)
    again.acquire()
    again.release()


def test_the_lock_survives_whoever_opens_and_closes_the_database(path: Path) -> None:
    lock = FileLock(path)
    lock.acquire()
    connect(path).close()
    path.open("rb").close()
    with pytest.raises(AlreadyRunning):
        FileLock(path).acquire()
    lock.release()
