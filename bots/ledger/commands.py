"""What other processes ask of the running bot: one durable row each, carried out in a second or at the next start."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bots.ledger import codec
from bots.ledger.database import LedgerError, connect

if TYPE_CHECKING:
    from pathlib import Path

    from bots.ledger.database import Writer


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One request of another process."""

    id: int
    name: str
    arguments: Mapping[str, Any]


def submit(path: Path, name: str, arguments: Mapping[str, Any], *, wait_s: float = 3.0) -> tuple[str, str]:
    """Leave a command for the bot; gives its state ("done", "failed", "new") and result after `wait_s` at the most.

    Raises `LedgerError` where there is no ledger, or none that can be written.
    """
    if not path.exists():
        raise LedgerError(f"There is no ledger at {path} yet. Start the bot once: firstline run")
    with contextlib.closing(connect(path)) as connection:
        try:
            cursor = connection.execute(
                "INSERT INTO commands (name, arguments, state, created_at) VALUES (?, ?, 'new', ?)",
                (name, json.dumps(arguments), codec.stamp()),
            )
        except sqlite3.Error as error:
            raise LedgerError(f"The ledger {path} cannot be written: {error}.") from error
        until = time.monotonic() + wait_s
        while True:
            row = connection.execute("SELECT state, result FROM commands WHERE id = ?", (cursor.lastrowid,)).fetchone()
            if row["state"] != "new" or time.monotonic() > until:
                return row["state"], row["result"] or ""
            time.sleep(0.05)


def settle(connection: sqlite3.Connection, command_id: int, state: str, result: str) -> None:
    """Note how a command ended, inside the transaction that carries it out."""
    connection.execute(
        "UPDATE commands SET state = ?, result = ?, done_at = ? WHERE id = ?",
        (state, result, codec.stamp(), command_id),
    )


class Commands:
    """The bot's side."""

    def __init__(self, writer: Writer, reader: sqlite3.Connection) -> None:
        self._writer = writer
        self._reader = reader

    def waiting(self) -> list[Command]:
        """Commands to carry out, in the order in which they were given."""
        rows = self._reader.execute("SELECT * FROM commands WHERE state = 'new' ORDER BY id LIMIT 100")
        return [Command(id=row["id"], name=row["name"], arguments=json.loads(row["arguments"])) for row in rows]

    async def settled(self, command: Command, state: str, result: str) -> None:
        """Note how it ended: "done" or "failed"."""
        await self._writer.run(lambda connection: settle(connection, command.id, state, result))
