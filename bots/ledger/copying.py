"""Copies a whole ledger: a backup beside a running bot, its restoring, and the move to another engine.

========================== ========================== =====================================================
from, to                   the bot                    what it is
========================== ========================== =====================================================
SQLite -> SQLite           may run on the source      a backup: one consistent file; back again, restoring
SQLite -> PostgreSQL       is stopped                 the move to many processes
PostgreSQL -> SQLite       every process is stopped   the way back
========================== ========================== =====================================================

A target that holds anything is refused, and a copy that fails leaves it as it was.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bots.ledger import sqlite
from bots.ledger.database import LedgerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bots.ledger.database import Place

_FORMS = "Write sqlite:PATH (sqlite:var/firstline.db) or postgresql://USER@HOST/DATABASE."
_SIDECARS = ("-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What a copy holds."""

    rows: dict[str, int]
    """By table; between two engines, counted on both sides."""
    without_nul: int = 0
    """How many texts held U+0000, which PostgreSQL cannot keep: there, U+FFFD stands for it."""


def place(text: str) -> Place:
    """The ledger that somebody names. Raises `LedgerError`, without what may be a password."""
    scheme, _, rest = text.partition(":")
    if scheme in {"postgresql", "postgres"} and rest.startswith("//"):
        return text
    if scheme == "sqlite":
        # sqlite:var/firstline.db, sqlite:/var/lib/firstline.db, and SQLAlchemy's sqlite:///relative, sqlite:////absolute
        path = rest.removeprefix("///")
        if path and not path.startswith("//") and "\0" not in path:
            return Path(path)
    raise LedgerError(f"{text!r} names no ledger. {_FORMS}" if "@" not in text else f"That names no ledger. {_FORMS}")


def copy(source: Place, target: Place) -> Copied:
    """Copy the ledger at `source` to `target`, which is empty or not there. Raises `LedgerError`."""
    if isinstance(source, Path):
        if not source.is_file():
            raise LedgerError(f"There is no ledger at {source}. Name the bot's own file: firstline.db in data_dir.")
        if isinstance(target, Path):
            return _back_up(source, target)
    if isinstance(source, str) and isinstance(target, str):
        raise LedgerError("From one PostgreSQL to another, PostgreSQL's own programs copy best: pg_dump, pg_restore.")
    from bots.ledger import moving  # noqa: PLC0415 - and with it PostgreSQL's driver

    return moving.move(source, target)


def _back_up(source: Path, target: Path) -> Copied:
    """``VACUUM INTO``: what one moment's readers see, without the pages of what was erased."""
    with new_file(target) as made, contextlib.closing(sqlite.connect(source, read_only=True)) as connection:
        try:
            connection.execute("VACUUM INTO ?", (str(made),))
            rows = _counted(made)
        except sqlite3.Error as error:
            raise LedgerError(
                f"{source} cannot be copied to {target} ({error}). Is it a ledger, and is there room for a second one?"
            ) from error
    return Copied(rows=rows)


def _counted(path: Path) -> dict[str, int]:
    """The rows of each table. Raises `LedgerError` where it is no ledger."""
    with contextlib.closing(sqlite.connect(path, read_only=True)) as connection:
        found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        tables = [row["name"] for row in found if not row["name"].startswith(("sqlite_", "alembic_"))]
        if "inbound" not in tables:
            raise LedgerError("That is no ledger. Name the bot's own file: firstline.db in data_dir.")
        return {table: count(connection, table) for table in tables}


@contextlib.contextmanager
def new_file(target: Path) -> Iterator[Path]:
    """A file to write to that becomes `target` when all of it is on the disk, and goes when anything fails."""
    for path in (target, *(target.with_name(target.name + suffix) for suffix in _SIDECARS)):
        if path.exists():
            raise _taken(path)
    sqlite.make_folder(target)
    made = target.with_name(target.name + ".part")
    made.unlink(missing_ok=True)  # of a copy that was cut
    try:
        os.close(os.open(made, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        yield made
        flush(made)
        try:
            os.link(made, target)  # which, unlike renaming, takes no file's place: a bot may just have made one
        except FileExistsError:
            raise _taken(target) from None
        except OSError:  # a file system that has no links
            made.rename(target)
        flush(target.parent)
    finally:
        made.unlink(missing_ok=True)


def _taken(path: Path) -> LedgerError:
    return LedgerError(f"{path} is there already. Nothing was copied: name a new file, or move that one away.")


def flush(path: Path) -> None:
    """Have a file, or a folder's list of files, on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def count(connection: Any, table: str) -> int:
    """A table's rows."""
    number: int = connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]
    return number
