"""Reads, from another process, how things stand with the helpdesk: what waits, what failed, what is open there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from bots.ledger import codec
from bots.ledger.report import reading

if TYPE_CHECKING:
    from bots.ledger.connection import Row
    from bots.ledger.database import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """Something that is not done at the desk yet (state "new" or "sending"), or that failed ("failed").

    `next_try` is None where there will be none by itself: it failed, or waits for the earlier one `waits_for`.
    `is_sending`: an attempt may have been carried out; the desk is asked for it before it is repeated.
    """

    id: int
    action: str  # create | message | note | files
    ticket: str  # its number, or our own reference while it has none
    desk: str
    channel: str
    state: str
    attempts: int
    created_at: datetime
    next_try: datetime | None
    at_work: bool  # somebody is at it now
    waits_for: int | None
    error: str  # of the last attempt: the name of a `DeskError`, a colon, what it said; or a sentence

    @property
    def has_failed(self) -> bool:
        """Whether nothing more is tried."""
        return self.state == "failed"

    @property
    def is_sending(self) -> bool:
        """Whether it was perhaps done already."""
        return self.state == "sending"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTickets:
    """How many tickets are in one state that is not over; `raw_status` is the desk's word for it ("" unknown)."""

    status: str
    raw_status: str
    count: int
    at_desk: bool  # False while the desk has not opened them


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskState:
    """All of it. `cursor_at`: when the desk last told something, None where it never has; noted once a minute."""

    pending: tuple[Pending, ...]  # failed ones, too; oldest first
    tickets: tuple[OpenTickets, ...]
    elsewhere: dict[str, int]  # open tickets of desks that are not configured any more
    cursor_at: datetime | None
    held: int = 0  # answers of agents that a moderator has not released


def state(place: Place, desk: str, now: datetime) -> DeskState:
    """How things stand with `desk`. Raises `LedgerError` where there is no ledger."""
    with reading(place) as connection:
        cursor = connection.execute("SELECT changed_at FROM cursors WHERE name = ?", (f"relay:{desk}",)).fetchone()
        tickets = connection.execute(
            "SELECT status, raw_status, desk_id IS NOT NULL AS at_desk, count(*) AS n FROM tickets"
            " WHERE desk = ? AND status NOT IN ('resolved', 'closed') GROUP BY 1, 2, 3 ORDER BY at_desk DESC, n DESC",
            (desk,),
        )
        elsewhere = connection.execute(
            "SELECT desk, count(*) AS n FROM tickets WHERE desk <> ? AND status NOT IN ('resolved', 'closed')"
            " GROUP BY desk ORDER BY desk",
            (desk,),
        )
        return DeskState(
            pending=tuple(_pending(row, now) for row in connection.execute(f"{_PENDING} ORDER BY i.id")),
            tickets=tuple(
                OpenTickets(
                    status=row["status"], raw_status=row["raw_status"], count=row["n"], at_desk=bool(row["at_desk"])
                )
                for row in tickets
            ),
            elsewhere={row["desk"]: row["n"] for row in elsewhere},
            cursor_at=codec.read_stamp(cursor["changed_at"]) if cursor else None,
            held=connection.execute(
                "SELECT count(*) AS n FROM outgoing WHERE state = 'held' AND speaker = 'agent' AND erased_at IS NULL"
            ).fetchone()["n"],
        )


def of_ticket(place: Place, key: str, now: datetime) -> tuple[Pending, ...]:
    """What is not done of one ticket, oldest first."""
    with reading(place) as connection:
        rows = connection.execute(f"{_PENDING} AND i.ticket_key = ? ORDER BY i.id", (key,))
        return tuple(_pending(row, now) for row in rows)


_PENDING = (
    "SELECT i.*, coalesce(t.number, t.reference, '') AS ticket, t.desk, t.channel,"
    " (SELECT min(e.id) FROM ticket_intents e WHERE e.ticket_key = i.ticket_key AND e.state IN ('new', 'sending'))"
    " AS first FROM ticket_intents i JOIN tickets t ON t.key = i.ticket_key WHERE i.state <> 'done'"
)


def _pending(row: Row, now: datetime) -> Pending:
    has_failed = row["state"] == "failed"
    waits_for = row["first"] if not has_failed and row["first"] < row["id"] else None
    lease = codec.read_stamp(row["lease_until"]) if row["lease_until"] else None
    at_work = lease is not None and lease > now
    return Pending(
        id=row["id"],
        action=row["action"],
        ticket=row["ticket"],
        desk=row["desk"],
        channel=row["channel"],
        state=row["state"],
        attempts=row["attempts"],
        created_at=codec.read_stamp(row["created_at"]),
        next_try=None if has_failed or waits_for or at_work else codec.read_stamp(row["not_before"]),
        at_work=at_work,
        waits_for=waits_for,
        error=row["error"] or "",
    )
