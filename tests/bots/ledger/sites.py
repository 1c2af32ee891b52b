"""Where the model's ledgers lie, and how a bot dies on them."""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from bots.ledger.ledger import Ledger
from bots.ledger.schema import metadata

if TYPE_CHECKING:
    from pathlib import Path

    from bots.ledger.database import Place


class SqliteSite:
    """A file: what is in it and its log when a bot dies is all that the next one has."""

    def __init__(self, folder: Path, blank: Path, *, transactional: bool) -> None:
        self._folder, self._transactional, self._lives = folder, transactional, 0
        self._path = folder / "0" / "firstline.db"
        self._path.parent.mkdir(parents=True)
        shutil.copy(blank, self._path)

    @property
    def place(self) -> Place:
        """The file."""
        return self._path

    def open(self) -> Ledger:
        """Serve it (inside a loop)."""
        return _opened(self._path, transactional=self._transactional)

    def leave(self, ledger: Ledger) -> None:
        """Nothing is wound down: what was not in the files when the bot died is lost."""
        self._lives += 1
        later = self._folder / str(self._lives)
        shutil.copytree(self._path.parent, later, ignore=shutil.ignore_patterns("*-shm"))
        ledger.__exit__(None, None, None)
        shutil.rmtree(self._path.parent)
        self._path = later / self._path.name


class PostgresSite:
    """A database, whose tables are emptied for a new story. No power is cut: the disk is not waited for."""

    def __init__(self, url: str, *, transactional: bool) -> None:
        self.place: Place = url
        self._transactional = transactional
        self._connection = psycopg.connect(url, autocommit=True)
        name = sql.Identifier(self._connection.info.dbname)
        self._connection.execute(
            sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(name)
        )  # no power cuts
        tables = sql.SQL(", ").join(map(sql.Identifier, metadata.tables))
        self._connection.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(tables))

    def open(self) -> Ledger:
        """Serve it (inside a loop)."""
        return _opened(self.place, transactional=self._transactional)

    @staticmethod
    def leave(ledger: Ledger) -> None:
        """The server undoes what was not committed when a connection ends, however it ends."""
        ledger.__exit__(None, None, None)

    def pass_on(self, name: str, holder: str) -> int:
        """Somebody holds a lease from now on; its epoch."""
        (row,) = self._connection.execute(
            "INSERT INTO leases (name, epoch, holder, since) VALUES (%s, 1, %s, '')"
            " ON CONFLICT (name) DO UPDATE SET epoch = leases.epoch + 1, holder = excluded.holder RETURNING epoch",
            (name, holder),
        ).fetchall()
        epoch: int = row[0]
        return epoch

    def close(self) -> None:
        """Nobody serves it any more."""
        with contextlib.suppress(psycopg.Error):
            self._connection.close()


def _opened(place: Place, *, transactional: bool) -> Ledger:
    desk = "local" if transactional else "memory"
    return Ledger(place, transactional_desk=transactional, desk_name=desk).__enter__()
