"""Copying a ledger: a backup beside a running bot, a restore that goes on, a move to the other engine and back."""

from __future__ import annotations

import contextlib
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.ledger import copying, sqlite
from bots.ledger.copying import copy, place
from bots.ledger.database import AlreadyRunning, LedgerError, engine_at
from bots.ledger.ledger import PARTITIONS, Ledger, partition_of
from bots.ledger.schema import metadata
from tests.bots.ledger.desk_stage import Stage
from tests.bots.making import BOSS, EVE, message

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from bots.ledger.database import Place
    from bots.ledger.ledger import Accepted


@contextlib.contextmanager
def opened(place: Place) -> Iterator[Stage]:
    """A bot's ledger, its pipeline, and nobody else."""
    with Ledger(place) as ledger:
        yield Stage(place, ledger)


# --- which ledger is meant ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("sqlite:var/firstline.db", Path("var/firstline.db")),
        ("sqlite:/var/lib/firstline/firstline.db", Path("/var/lib/firstline/firstline.db")),
        ("sqlite:///var/firstline.db", Path("var/firstline.db")),
        ("sqlite:////var/lib/firstline/firstline.db", Path("/var/lib/firstline/firstline.db")),
        ("sqlite:a b:c?d#e.db", Path("a b:c?d#e.db")),
        (
            "postgresql://ann:pw@db.example:5433/firstline",
            "postgresql://ann:pw@db.example:5433/firstline",
        ),
        ("postgres:///firstline?host=/run/postgresql", "postgres:///firstline?host=/run/postgresql"),
    ],
)
def test_a_ledger_is_named_by_its_engine_and_its_place(text: str, meant: Place) -> None:
    assert place(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "firstline.db",
        "/var/lib/firstline.db",
        "sqlite:",
        "sqlite://",
        "sqlite://host/x",
        "postgresql:x",
        "mysql://h/x",
    ],
)
def test_what_names_no_ledger_is_told_what_would(text: str) -> None:
    with pytest.raises(LedgerError, match=r"Write sqlite:PATH .* or postgresql://USER@HOST/DATABASE"):
        place(text)


@given(st.text(max_size=40))
def test_whatever_is_written_is_a_ledger_or_a_sentence(text: str) -> None:
    with contextlib.suppress(LedgerError):
        assert place(f"sqlite:{text}")
    with contextlib.suppress(LedgerError):
        assert place(text)


@pytest.mark.parametrize("text", ["mysql://ann:hunter22@db/x", "postgresql:ann:hunter22@db/x", "sqlite://u:hunter22@h"])
def test_a_password_is_in_no_message(text: str) -> None:
    with pytest.raises(LedgerError) as raised:
        place(text)
    assert "hunter22" not in str(raised.value)


# --- SQLite to SQLite: backup and restore -----------------------------------------------------------------------------


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """A bot on a file, which has it open."""
    with opened(tmp_path / "firstline.db") as stage:
        yield stage


async def test_a_backup_is_made_while_the_bot_runs_and_can_be_restored(stage: Stage, tmp_path: Path) -> None:
    await stage.hear(message("my coins are gone, I want a ticket"))
    waiting = await stage.accept(message("are you there?"))
    backup, restored = tmp_path / "backups" / "monday.db", tmp_path / "elsewhere" / "firstline.db"
    copied = copy(stage.path, backup)  # the stage's own writer is open, and its newest pages are in the -wal
    await stage.accept(message("after the backup"))

    assert copied.rows["inbound"] == 2
    assert copied.rows["desk_tickets"] == 1
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert [path.name for path in backup.parent.iterdir()] == ["monday.db"]
    assert copy(backup, restored).rows == copied.rows
    with opened(restored) as again:
        assert again.ledger.undecided() == [waiting]
        assert [ticket.number for ticket in again.tickets()] == ["FL-1001"]
        await again.hear(message("a person, please", conversation_key="telegram:bot:other"))
        assert [outcome for outcome, _ in again.outcomes()] == ["ticket_opened", "ticket_opened"]
        assert [ticket.number for ticket in again.tickets()] == ["FL-1001", "FL-1002"]


async def test_a_backup_takes_no_files_place(stage: Stage, tmp_path: Path) -> None:
    await stage.hear(message("hello"))
    for name in ("there.db", "new.db-wal", "other.db-shm"):
        (tmp_path / name).write_text("somebody's", encoding="utf-8")
        target = tmp_path / name.replace("-wal", "").replace("-shm", "")
        with pytest.raises(LedgerError, match=f"{name} is there already. Nothing was copied"):
            copy(stage.path, target)
        assert (tmp_path / name).read_text(encoding="utf-8") == "somebody's"
    with pytest.raises(LedgerError, match="is there already"):
        copy(stage.path, stage.path)
    assert len(stage.rows("SELECT * FROM inbound")) == 1


async def test_a_file_that_appears_meanwhile_is_kept(stage: Stage, tmp_path: Path) -> None:
    target = tmp_path / "target.db"
    with contextlib.ExitStack() as stack:
        made = stack.enter_context(copying.new_file(target))
        target.write_text("of a bot that has just started", encoding="utf-8")
        with pytest.raises(LedgerError, match="is there already"):
            stack.close()
    assert target.read_text(encoding="utf-8") == "of a bot that has just started"
    assert not made.exists()


def test_what_is_no_ledger_is_not_copied(tmp_path: Path) -> None:
    target = tmp_path / "target.db"
    with pytest.raises(LedgerError, match="There is no ledger at"):
        copy(tmp_path / "nothing.db", target)
    (tmp_path / "words.db").write_text("no database, but long enough to be looked at" * 100, encoding="utf-8")
    with pytest.raises(LedgerError, match=r"cannot be (copied|opened)"):
        copy(tmp_path / "words.db", target)
    with contextlib.closing(sqlite3.connect(tmp_path / "cookies.db")) as other:
        other.execute("CREATE TABLE cookies (id)")
    with pytest.raises(LedgerError, match="is no ledger"):
        copy(tmp_path / "cookies.db", target)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cookies.db", "words.db"]


async def test_a_damaged_ledger_gives_no_backup(tmp_path: Path) -> None:
    path = tmp_path / "firstline.db"
    with opened(path) as stage:
        for _ in range(30):
            await stage.hear(message("my coins are gone, I want a ticket " * 30))
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 20_000] = b"\xff" * 20_000
    path.write_bytes(content)
    with pytest.raises(LedgerError, match="cannot be copied"):
        copy(path, tmp_path / "backup.db")
    assert not (tmp_path / "backup.db").exists()


def test_one_that_is_killed_leaves_no_half_copy_under_the_name(tmp_path: Path) -> None:
    sqlite.migrate(tmp_path / "firstline.db")
    code = (
        "import os, sys; from pathlib import Path; from bots.ledger import copying\n"
        "copying.flush = lambda path: os._exit(9)\n"
        "copying.copy(Path(sys.argv[1]), Path(sys.argv[2]))"
    )
    target = tmp_path / "backup.db"
    killed = subprocess.run([sys.executable, "-c", code, tmp_path / "firstline.db", target], check=False)  # noqa: S603
    assert killed.returncode == 9
    assert not target.exists()
    assert (tmp_path / "backup.db.part").exists()
    copy(tmp_path / "firstline.db", target)
    assert not (tmp_path / "backup.db.part").exists()


# --- to PostgreSQL and back ------------------------------------------------------------------------------------------


async def a_running_desk(place: Place) -> tuple[Accepted, Accepted]:
    """What two people said and were told; the two messages that nobody has decided yet."""
    with opened(place) as stage:
        await stage.hear(message("my coins are gone, I want a ticket"))
        await stage.ledger.tickets.add("1", "reply", "Mia", "Which coins?", key="r1")
        await stage.hear(message("my coins are gone, I want a ticket", author=EVE))
        await stage.ledger.save_state("telegram:offset", "17")
        await stage.ledger.secret()
        gone = await stage.accept(message("to be deleted"))
        await stage.change("DELETE FROM inbound WHERE id = ?", gone.id)
        waiting = await stage.accept(message("all of them \u2013 \U0001f4b8"))
        return waiting, await stage.accept(message("and mine?", author=EVE))


def everything(place: Place) -> dict[str, list[tuple[object, ...]]]:
    with engine_at(place).reading() as connection:
        return {
            table.name: [
                tuple(row[column.name] for column in table.columns)
                for row in connection.execute(f'SELECT * FROM "{table.name}" ORDER BY 1')
            ]
            for table in metadata.sorted_tables
        }


async def goes_on(place: Place, waiting: tuple[Accepted, Accepted]) -> None:
    """Whoever serves it next knows the open tickets, decides what was waiting, and counts on."""
    with opened(place) as stage:
        ledger = stage.ledger
        assert [each.id for each in ledger.undecided()] == [each.id for each in waiting]
        for each in ledger.undecided():
            await stage.decide(each)
        assert [outcome for outcome, _ in stage.outcomes()] == [*["ticket_opened"] * 2, *["appended"] * 2]
        assert [ticket.number for ticket in stage.tickets()] == ["FL-1001", "FL-1002"]
        assert await ledger.load_state("telegram:offset") == "17"
        after = await stage.accept(message("new", author=BOSS))
        assert after.id == waiting[1].id + 1
        assert not await ledger.accept([waiting[0].message])
        await stage.decide(await stage.accept(message("I want a ticket", author=BOSS)))
        assert stage.tickets()[-1].number == "FL-1003"
        await ledger.tickets.add("3", "reply", "Mia", "There you are.", key="r3")


async def test_a_desk_that_ran_on_a_file_goes_on_with_postgresql(tmp_path: Path, postgres_url: str) -> None:
    path = tmp_path / "firstline.db"
    waiting = await a_running_desk(path)
    before = everything(path)
    copied = copy(path, postgres_url)
    assert copied.rows == {name: len(rows) for name, rows in before.items() if name != "leases"}
    assert everything(postgres_url) == before
    await goes_on(postgres_url, waiting)
    assert everything(path) == before


async def test_a_desk_that_ran_on_postgresql_goes_on_with_a_file(tmp_path: Path, postgres_url: str) -> None:
    path = tmp_path / "firstline.db"
    waiting = await a_running_desk(postgres_url)
    before = everything(postgres_url)
    copied = copy(postgres_url, path)
    assert copied.rows == {name: len(rows) for name, rows in before.items() if name != "leases"}
    assert {**everything(path), "leases": []} == {**before, "leases": []}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    await goes_on(path, waiting)


async def test_an_id_that_was_used_is_not_used_again(tmp_path: Path, postgres_url: str) -> None:
    """SQLite's AUTOINCREMENT and PostgreSQL's sequence remember it, where the row itself is gone."""
    path, again = tmp_path / "firstline.db", tmp_path / "again.db"
    with opened(path) as stage:
        first = await stage.accept(message("hello"))
        last = await stage.accept(message("is deleted"))
        await stage.change("DELETE FROM inbound WHERE id = ?", last.id)
    copy(path, postgres_url)
    copy(postgres_url, again)
    for place_ in (postgres_url, again):
        with opened(place_) as stage:
            assert (await stage.accept(message("next"))).id == last.id + 1 == first.id + 2


async def test_the_move_waits_for_a_stopped_bot(tmp_path: Path, postgres_url: str) -> None:
    path = tmp_path / "firstline.db"
    with opened(path), pytest.raises(AlreadyRunning, match="Stop it first"):
        copy(path, postgres_url)
    copy(path, postgres_url)
    with opened(postgres_url), pytest.raises(AlreadyRunning, match="Stop every one of them"):
        copy(postgres_url, tmp_path / "back.db")
    assert not (tmp_path / "back.db").exists()


async def test_a_database_with_a_ledger_is_left_alone(tmp_path: Path, postgres_url: str) -> None:
    path = tmp_path / "firstline.db"
    await a_running_desk(path)
    with opened(postgres_url) as stage:
        await stage.ledger.save_state("telegram:offset", "4")
    before = everything(postgres_url)
    with pytest.raises(LedgerError, match=r"holds a ledger already\. Nothing was copied"):
        copy(path, postgres_url)
    assert everything(postgres_url) == before


async def test_a_move_that_fails_half_way_leaves_an_empty_database(tmp_path: Path, postgres_url: str) -> None:
    path = tmp_path / "firstline.db"
    await a_running_desk(path)
    with contextlib.closing(sqlite3.connect(path)) as connection:  # what PostgreSQL's types refuse, in the last table
        connection.execute("UPDATE desk_entries SET ticket_id = 'x' WHERE id = 1")
        connection.commit()
    with pytest.raises(LedgerError, match="Nothing was copied"):
        copy(path, postgres_url)
    assert not any(everything(postgres_url).values())
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE desk_entries SET ticket_id = 1 WHERE id = 1")
        connection.commit()
    assert copy(path, postgres_url).rows["desk_entries"]


async def test_what_postgresql_cannot_keep_is_told(tmp_path: Path, postgres_url: str) -> None:
    path = tmp_path / "firstline.db"
    with opened(path) as stage:
        await stage.ledger.save_state("odd", "a\0b")
        await stage.accept(message("c\0d"))
    assert copy(path, postgres_url).without_nul == 2
    with opened(postgres_url) as stage:
        assert [each.message.text for each in stage.ledger.undecided()] == ["c\ufffdd"]
        assert await stage.ledger.load_state("odd") == "a\ufffdb"


@pytest.mark.parametrize("schema", ["0003", "0099"])
def test_an_older_or_newer_file_is_brought_up_first(tmp_path: Path, postgres_url: str, schema: str) -> None:
    path = tmp_path / "firstline.db"
    sqlite.migrate(path)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (schema,))
        connection.commit()
    with pytest.raises(LedgerError, match=f"has the schema {schema}, and this firstline writes"):
        copy(path, postgres_url)


def test_where_nothing_is_there_is_nothing_to_move(tmp_path: Path, postgres_url: str) -> None:
    (tmp_path / "empty.db").touch()
    with pytest.raises(LedgerError, match="There is no ledger to copy"):
        copy(tmp_path / "empty.db", postgres_url)
    with pytest.raises(LedgerError, match="There is no ledger to copy"):
        copy(postgres_url, tmp_path / "target.db")
    assert not (tmp_path / "target.db").exists()
    with pytest.raises(LedgerError, match="pg_dump"):
        copy(postgres_url, postgres_url)


def test_a_server_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    sqlite.migrate(tmp_path / "firstline.db")
    url = f"postgresql://ann:hunter22@/firstline?host={tmp_path}"
    with pytest.raises(LedgerError, match="cannot be reached") as raised:
        copy(tmp_path / "firstline.db", url)
    assert "hunter22" not in str(raised.value)


async def test_what_is_undecided_is_where_the_processes_that_share_the_work_look(
    tmp_path: Path, postgres_url: str
) -> None:
    path = tmp_path / "firstline.db"
    with opened(path) as stage:
        asked = await stage.accept(message("in the partition that an older release gave it"))
        await stage.change("UPDATE inbound SET partition = ?", (partition_of(asked.message) + 1) % PARTITIONS)
    copy(path, postgres_url)
    with opened(postgres_url) as stage:
        assert stage.rows("SELECT partition FROM inbound") == [{"partition": partition_of(asked.message)}]
