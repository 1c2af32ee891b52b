"""Reads a drill's ledger, from beside the bot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bots.drill.audit import Books
from bots.ledger import report
from bots.ledger.database import LedgerError

if TYPE_CHECKING:
    from pathlib import Path

_INBOUND = """
    SELECT i.id, i.channel, i.kind, i.message_id, i.author_id, i.conversation_key, i.state, o.outcome, o.rule, o.reason
    FROM inbound i LEFT JOIN outcomes o ON o.inbound_id = i.id ORDER BY i.id
"""
_OUTGOING = """
    SELECT id, channel, place, conversation_key, inbound_id, ticket_key, speaker, reply, state, posted_id, error,
    created_at, changed_at FROM outgoing ORDER BY id
"""
_BUSY = """
    SELECT (SELECT count(*) FROM inbound WHERE state = 'new')
    + (SELECT count(*) FROM outgoing WHERE state IN ('pending', 'sending'))
    + (SELECT count(*) FROM ticket_intents WHERE state IN ('new', 'sending')) AS n
"""


class Ledger:
    """The ledger of one drill, read only."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def books(self) -> Books:
        """Everything that the audit needs, as of one moment."""
        with report.reading(self._path) as connection:
            return Books(
                inbound=[dict(row) for row in connection.execute(_INBOUND)],
                outgoing=[dict(row) for row in connection.execute(_OUTGOING)],
                tickets=[dict(row) for row in connection.execute("SELECT key, desk_id, number, status FROM tickets")],
            )

    def sending(self) -> frozenset[int]:
        """The replies that are being sent as far as the ledger knows; none where it cannot be read yet."""
        return frozenset(self._numbers("SELECT id FROM outgoing WHERE state = 'sending'"))

    def busy(self) -> int:
        """How many messages, replies and calls of the desk are not settled; 1 where that cannot be read."""
        found = self._numbers(_BUSY)
        return found[0] if found else 1

    def _numbers(self, sql: str) -> list[int]:
        try:
            with report.reading(self._path) as connection:
                return [row[0] for row in connection.execute(sql)]
        except LedgerError:
            return []

    def inbound(self) -> list[dict[str, Any]]:
        """Every message as it was stored, with its decision's time, for a replay."""
        with report.reading(self._path) as connection:
            return [
                dict(row)
                for row in connection.execute(
                    "SELECT i.*, o.outcome, o.rule, o.entry, o.decided_at"
                    " FROM inbound i JOIN outcomes o ON o.inbound_id = i.id ORDER BY o.decided_at, i.id"
                )
            ]
