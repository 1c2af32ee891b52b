"""What other processes ask of the running bot: one durable row each, carried out in a second or at the next start."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bots.ledger import codec
from bots.ledger.database import LedgerError, engine_at

if TYPE_CHECKING:
    from bots.ledger.connection import Connection
    from bots.ledger.database import Place, Writer


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One request of another process."""

    id: int
    name: str
    arguments: Mapping[str, Any]


def submit(place: Place, name: str, arguments: Mapping[str, Any], *, wait_s: float = 3.0) -> tuple[str, str]:
    """Leave a command for the bot; gives its state ("done", "failed", "new") and result after `wait_s` at the most.

    Raises `LedgerError` where there is no ledger, or none that can be written.
    """
    engine = engine_at(place)
    if not engine.exists():
        raise LedgerError(f"There is no ledger at {engine.title} yet. Start the bot once: firstline run")
    with contextlib.closing(engine.connect()) as connection:
        try:
            (made,) = connection.execute(
                "INSERT INTO commands (name, arguments, state, created_at) VALUES (?, ?, 'new', ?) RETURNING id",
                (name, json.dumps(arguments), codec.stamp()),
            ).fetchall()
        except engine.errors as error:
            raise LedgerError(f"The ledger {engine.title} cannot be written: {error}.") from error
        until = time.monotonic() + wait_s
        while True:
            row = connection.execute("SELECT state, result FROM commands WHERE id = ?", (made["id"],)).fetchone()
            if row["state"] != "new" or time.monotonic() > until:
                return row["state"], row["result"] or ""
            time.sleep(0.05)


def settle(connection: Connection, command_id: int, state: str, result: str) -> None:
    """Note how a command ended, inside the transaction that carries it out."""
    connection.execute(
        "UPDATE commands SET state = ?, result = ?, done_at = ? WHERE id = ? AND state = 'new'",
        (state, result, codec.stamp(), command_id),
    )


class Commands:
    """The bot's side."""

    def __init__(self, writer: Writer, reader: Connection) -> None:
        self._writer = writer
        self._reader = reader

    def waiting(self) -> list[Command]:
        """Commands to carry out, in the order in which they were given."""
        rows = self._reader.execute("SELECT * FROM commands WHERE state = 'new' ORDER BY id LIMIT 100")
        return [Command(id=row["id"], name=row["name"], arguments=json.loads(row["arguments"])) for row in rows]

    async def settled(self, command: Command, state: str, result: str) -> None:
        """Note how it ended: "done" or "failed"."""
        await self._writer.run(lambda connection: settle(connection, command.id, state, result))
