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

from bots.ledger import copying, database
from bots.ledger.copying import copy, place, shown
from bots.ledger.database import LedgerError
from bots.ledger.ledger import Ledger
from tests.bots.ledger.desk_stage import Stage
from tests.bots.making import message

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bots.ledger.database import Place


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Stage]:
    with Ledger(path) as ledger:
        yield Stage(path, ledger)


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
    url = "postgresql://ann:hunter22@db.example:5433/firstline?password=hunter22"
    assert shown(url) == "postgresql://db.example:5433/firstline"


# --- SQLite to SQLite: backup and restore -----------------------------------------------------------------------------


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
    with pytest.raises(LedgerError, match=r"damaged|cannot be copied"):
        copy(path, tmp_path / "backup.db")
    assert not (tmp_path / "backup.db").exists()


def test_one_that_is_killed_leaves_no_half_copy_under_the_name(tmp_path: Path) -> None:
    database.migrate(tmp_path / "firstline.db")
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
