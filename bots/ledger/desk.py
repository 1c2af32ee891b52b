"""The built-in desk's rows, and the store that `ticket_client.local` asks for.

The functions on a connection run inside the ledger's own commit: a local ticket, its outcome and the reply with its
number are one transaction.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bots.ledger import codec
from ticket_client.base import (
    AgentReply,
    Changes,
    NotFound,
    Priority,
    Requester,
    Status,
    TicketDraft,
    TicketRef,
    TicketSnapshot,
)

if TYPE_CHECKING:
    from bots.ledger.connection import Connection
    from bots.ledger.database import Writer

_FIRST_NUMBER = 1000


def open_ticket(connection: Connection, draft: TicketDraft, prefix: str) -> TicketRef:
    """Open the ticket of `draft.key`, or find it where it exists."""
    now = codec.stamp()
    row = connection.execute("SELECT id, number FROM desk_tickets WHERE key = ?", (draft.key,)).fetchone()
    if row:
        return TicketRef(id=str(row["id"]), number=row["number"])
    last: int = connection.execute("SELECT coalesce(max(id), 0) AS last FROM desk_tickets").fetchone()["last"]
    number = f"{prefix}-{_FIRST_NUMBER + last + 1}"
    connection.execute(
        "INSERT INTO desk_tickets (id, key, number, subject, requester, status, priority, tags, created_at, changed_at)"
        " VALUES (?, ?, ?, ?, ?, 'new', ?, ?, ?, ?)",
        (
            last + 1,
            draft.key,
            number,
            draft.subject,
            codec.dump(draft.requester),
            draft.priority,
            json.dumps(draft.tags),
            now,
            now,
        ),
    )
    ticket_id = str(last + 1)
    add_entry(connection, ticket_id, "user", "", "\n\n".join((draft.body, *draft.attachments)), None)
    return TicketRef(id=ticket_id, number=number)


def add_entry(  # noqa: PLR0913, PLR0917 - a row's columns
    connection: Connection, ticket_id: str, kind: str, author: str, text: str, key: str | None
) -> bool:
    """Add a line to a ticket; False where the key is there already. A user's line bears the requester's name.

    Raises `NotFound`.
    """
    ticket = connection.execute("SELECT status, requester FROM desk_tickets WHERE id = ?", (ticket_id,)).fetchone()
    if ticket is None:
        raise NotFound(f"There is no ticket {ticket_id}.")
    now = codec.stamp()
    if kind == "user":
        author = codec.load(Requester, ticket["requester"]).name
    added = connection.execute(
        "INSERT INTO desk_entries (ticket_id, kind, author, text, key, at) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (key) DO NOTHING",
        (ticket_id, kind, author, text, key, now),
    ).rowcount
    if not added:
        return False
    if kind == "user" and Status(ticket["status"]).is_over:
        set_status(connection, ticket_id, Status.OPEN, "the requester")
    if kind == "reply":  # somebody is at it
        connection.execute(
            "UPDATE desk_tickets SET status = ? WHERE id = ? AND status = ?", (Status.OPEN, ticket_id, Status.NEW)
        )
    connection.execute("UPDATE desk_tickets SET changed_at = ? WHERE id = ?", (codec.stamp(), ticket_id))
    return True


def set_status(connection: Connection, ticket_id: str, status: Status, who: str) -> bool:
    """Change a ticket's status; False where it has it already. Raises `NotFound`."""
    row = connection.execute("SELECT status FROM desk_tickets WHERE id = ?", (ticket_id,)).fetchone()
    if row is None:
        raise NotFound(f"There is no ticket {ticket_id}.")
    if row["status"] == status:
        return False
    connection.execute("UPDATE desk_tickets SET status = ? WHERE id = ?", (status, ticket_id))
    add_entry(connection, ticket_id, "status", who, status, None)
    return True


class LedgerTicketStore:
    """Implements `ticket_client.local.TicketStore` on the ledger's writer and a reader."""

    def __init__(self, writer: Writer, reader: Connection, prefix: str) -> None:
        self._writer = writer
        self._reader = reader
        self._prefix = prefix

    async def open(self, draft: TicketDraft) -> TicketRef:
        """Open the ticket of this draft's key, once."""
        return await self._writer.run(lambda connection: open_ticket(connection, draft, self._prefix))

    async def find(self, key: str) -> TicketRef | None:
        """The ticket opened with this key."""
        row = self._reader.execute("SELECT id, number FROM desk_tickets WHERE key = ?", (key,)).fetchone()
        return TicketRef(id=str(row["id"]), number=row["number"]) if row else None

    async def has_entry(self, key: str) -> bool:
        """Whether a line was added with this key."""
        return self._reader.execute("SELECT 1 FROM desk_entries WHERE key = ?", (key,)).fetchone() is not None

    def by_number(self, number: str) -> tuple[str, str]:
        """Id and number of a ticket by its number, in any case. Raises `NotFound`."""
        row = self._reader.execute(
            "SELECT id, number FROM desk_tickets WHERE upper(number) = ?", (number.strip().upper(),)
        ).fetchone()
        if row is None:
            raise NotFound(f"There is no ticket {number}. See: firstline tickets list")
        return str(row["id"]), row["number"]

    async def get(self, ticket_id: str) -> TicketSnapshot:
        """The ticket as it is now. Raises `NotFound`."""
        row = self._reader.execute("SELECT * FROM desk_tickets WHERE id = ?", (ticket_id,)).fetchone()
        if row is None:
            raise NotFound(f"There is no ticket {ticket_id}.")
        replies = self._reader.execute(
            "SELECT id, author, text, at FROM desk_entries WHERE ticket_id = ? AND kind = 'reply' ORDER BY id",
            (ticket_id,),
        )
        return TicketSnapshot(
            ref=TicketRef(id=str(row["id"]), number=row["number"]),
            status=Status(row["status"]),
            raw_status=row["status"],
            priority=Priority(row["priority"]),
            raw_priority=row["priority"],
            version=row["changed_at"],
            replies=tuple(
                AgentReply(id=str(r["id"]), text=r["text"], at=codec.read_stamp(r["at"]), agent=r["author"])
                for r in replies
            ),
        )

    async def add(self, ticket_id: str, kind: str, author: str, text: str, *, key: str | None) -> None:
        """Add a line: kind "user", "reply" or "note"; the same key once. Raises `NotFound`."""
        await self._writer.run(lambda connection: add_entry(connection, ticket_id, kind, author, text, key))

    async def resolve(self, ticket_id: str, agent: str) -> None:
        """Mark the matter as done. Raises `NotFound`."""
        await self._writer.run(lambda connection: set_status(connection, ticket_id, Status.RESOLVED, agent))

    async def changed(self, cursor: str) -> Changes:
        """Tickets with lines newer than the cursor."""
        rows = self._reader.execute(
            "SELECT id, ticket_id FROM desk_entries WHERE id > ? ORDER BY id LIMIT 500", (int(cursor or 0),)
        ).fetchall()
        newest = str(rows[-1]["id"]) if rows else cursor
        return Changes(ids=tuple(dict.fromkeys(str(row["ticket_id"]) for row in rows)), cursor=newest)
