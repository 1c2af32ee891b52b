"""Reads a drill's ledger, from beside the bot."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bots.drill.audit import Books
from bots.ledger import commands, report
from bots.ledger.database import LedgerError, engine_at

if TYPE_CHECKING:
    from pathlib import Path

    from bots.ledger.connection import Connection

_INBOUND_COLUMNS = "id channel kind message_id author_id conversation_key state outcome rule reason"
_INBOUND = """
    SELECT i.id, i.channel, i.kind, i.message_id, i.author_id, i.conversation_key, i.state, o.outcome, o.rule, o.reason
    FROM inbound i LEFT JOIN outcomes o ON o.inbound_id = i.id ORDER BY i.id
"""
_OUTGOING_COLUMNS = (
    "id channel place conversation_key inbound_id ticket_key speaker reply state posted_id error created_at changed_at"
)
_OUTGOING = f"SELECT {', '.join(_OUTGOING_COLUMNS.split())} FROM outgoing ORDER BY id"
_TICKET_COLUMNS = "key desk_id number status"
_TICKETS = f"SELECT {', '.join(_TICKET_COLUMNS.split())} FROM tickets"
_STORED_COLUMNS = "id dedupe_key payload erased_at outcome rule entry decided_at"
_STORED = """
    SELECT i.id, i.dedupe_key, i.payload, i.erased_at, o.outcome, o.rule, o.entry, o.decided_at
    FROM inbound i JOIN outcomes o ON o.inbound_id = i.id ORDER BY o.decided_at, i.id
"""
_PLAIN_REPLIES = """
    SELECT key, inbound_id, reply FROM outgoing
    WHERE inbound_id IS NOT NULL AND ticket_key IS NULL AND number IS NULL AND erased_at IS NULL ORDER BY id
"""
_SPEAKERS = {"user": "user", "reply": "agent"}
_DESK_TICKETS = """
    SELECT d.id AS row, t.desk_id, d.key, d.number, d.status, d.subject
    FROM desk_tickets d LEFT JOIN tickets t ON t.key = d.key ORDER BY d.id
"""
_BUSY = """
    SELECT (SELECT count(*) FROM inbound WHERE state = 'new')
    + (SELECT count(*) FROM outgoing WHERE state IN ('pending', 'sending'))
    + (SELECT count(*) FROM ticket_intents WHERE state IN ('new', 'sending')) AS n
"""


class Ledger:
    """The ledger of one drill, read only."""

    def __init__(self, place: Path | str) -> None:
        self._place = place

    def books(self) -> Books:
        """Everything that the audit needs, as of one moment."""
        with report.reading(self._place) as connection:
            return Books(
                inbound=_rows(connection, _INBOUND_COLUMNS, _INBOUND),
                outgoing=_rows(connection, _OUTGOING_COLUMNS, _OUTGOING),
                tickets=_rows(connection, _TICKET_COLUMNS, _TICKETS),
            )

    def sending(self) -> frozenset[int]:
        """The replies that are being sent as far as the ledger knows; none where it cannot be read yet."""
        return frozenset(self._numbers("id", "SELECT id FROM outgoing WHERE state = 'sending'"))

    def busy(self) -> int:
        """How many messages, replies and calls of the desk are not settled; 1 where that cannot be read."""
        found = self._numbers("n", _BUSY)
        return found[0] if found else 1

    def _numbers(self, column: str, sql: str) -> list[int]:
        try:
            with report.reading(self._place) as connection:
                return [row[column] for row in connection.execute(sql)]
        except LedgerError:
            return []

    def stored(self) -> list[dict[str, Any]]:
        """Every decided message as it was stored, in the order of the decisions, for a replay.

        `replies` are the texts of the replies to it that tell of no ticket, by the end of their keys.
        """
        with report.reading(self._place) as connection:
            replies: dict[int, dict[str, str]] = {}
            for row in connection.execute(_PLAIN_REPLIES):
                texts = replies.setdefault(row["inbound_id"], {})
                texts[row["key"].partition(":")[2].partition(":")[2]] = json.loads(row["reply"])["text"]
            rows = _rows(connection, _STORED_COLUMNS, _STORED)
        for row in rows:
            row["is_erased"] = row.pop("erased_at") is not None
            row["replies"] = replies.get(row["id"], {})
        return rows

    def tickets(self) -> list[dict[str, Any]]:
        """The built-in desk's tickets, in the form of `simulators.desks.Seen`; empty before there is a ledger."""
        try:
            with report.reading(self._place) as connection:
                words: dict[int, list[dict[str, Any]]] = {}
                for row in connection.execute("SELECT ticket_id, kind, text FROM desk_entries ORDER BY id"):
                    if row["kind"] in _SPEAKERS:
                        word = {"by": _SPEAKERS[row["kind"]], "text": row["text"], "is_public": True}
                        words.setdefault(row["ticket_id"], []).append(word)
                tickets = _rows(connection, "row desk_id key number status subject", _DESK_TICKETS)
        except LedgerError:
            return []
        return [{**one, "id": str(one["desk_id"]), "words": words.get(one["row"], [])} for one in tickets]

    def act(self, act: str, number: str, text: str) -> None:
        """Leave a command for the bot, as an agent does who answers or solves a ticket of the built-in desk."""
        name = {"answer": "tickets_reply", "solve": "tickets_resolve"}[act]
        said = {"text": text} if act == "answer" else {}
        commands.submit(self._place, name, {"number": number, "agent": "Mia", **said}, wait_s=0)

    def holds(self, words: list[str]) -> bool:
        """Whether each of these is in a reply of which nobody knows whether it was posted."""
        try:
            with report.reading(self._place) as connection:
                rows = connection.execute("SELECT reply FROM outgoing WHERE state = 'ambiguous'")
                unsure = " ".join(row["reply"] or "" for row in rows)
        except LedgerError:
            return False
        return all(one in unsure for one in words)

    def is_new(self) -> bool:
        """Whether no ledger is there yet. Raises `LedgerError` where nobody answers."""
        return not engine_at(self._place).exists()


def _rows(connection: Connection, columns: str, sql: str) -> list[dict[str, Any]]:
    names = columns.split()
    return [{name: row[name] for name in names} for row in connection.execute(sql)]
