"""Reads a ledger from another process, beside a running bot: counts that add up, what needs a person, tickets."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from bots.ledger import codec
from bots.ledger.database import LedgerError, engine_at
from ticket_client.base import Requester

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bots.ledger.connection import Connection, Row
    from bots.ledger.database import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something that a person should look at; `id` is what `ledger retry` or `ledger resend` takes."""

    id: int
    channel: str
    at: str
    what: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How every message ended. `outcomes` and `undecided` add up to `messages`."""

    messages: int
    outcomes: dict[str, dict[str, int]]  # outcome -> rule -> count
    undecided: int
    replies: dict[str, int]  # state -> count
    intents: dict[str, int]
    tickets: dict[str, int]  # status -> count
    ratings: dict[str, int]  # stars -> count
    failed: tuple[Trouble, ...]
    ambiguous: tuple[Trouble, ...]
    refused: tuple[Trouble, ...]

    @property
    def adds_up(self) -> bool:
        """Whether every message has exactly one outcome or is waiting for it."""
        return sum(sum(rules.values()) for rules in self.outcomes.values()) + self.undecided == self.messages


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskTicket:
    """A ticket of the built-in desk."""

    number: str
    subject: str
    status: str
    priority: str
    tags: tuple[str, ...]
    requester: Requester
    created_at: datetime
    changed_at: datetime
    rating: int | None = None
    entries: tuple[DeskEntry, ...] = ()
    undelivered: tuple[Trouble, ...] = ()  # what the user was to be told and was not, or perhaps not


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskEntry:
    """A line of a ticket: kind "user", "reply", "note" or "status"."""

    kind: str
    author: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteTicket:
    """A ticket at a desk over the network, as far as the ledger knows it: agents work on it there."""

    key: str
    number: str  # the desk's; "" until it has given one
    reference: str  # ours, told meanwhile
    status: str
    raw_status: str  # the desk's own word; "" where it is not known yet
    url: str  # where agents open it
    channel: str
    requester: str  # ``channel:account:platform id``
    opened_at: datetime
    changed_at: datetime
    rating: int | None
    undelivered: tuple[Trouble, ...] = ()


@contextlib.contextmanager
def reading(place: Place) -> Iterator[Connection]:
    """A read-only view of the ledger, the same for the whole block. Raises `LedgerError` where there is none."""
    engine = engine_at(place)
    if not engine.exists():
        raise LedgerError(f"There is no ledger at {engine.title} yet. Start the bot once: firstline run")
    with engine.reading() as connection:
        yield connection


def report(place: Place, since: datetime | None = None) -> Report:
    """The whole report, or that of what came in since a time."""
    start = codec.stamp(since) if since else ""
    with reading(place) as connection:
        outcomes: dict[str, dict[str, int]] = {}
        for row in connection.execute(
            "SELECT o.outcome, o.rule, count(*) AS n FROM outcomes o JOIN inbound i ON i.id = o.inbound_id"
            " WHERE i.received_at >= ? GROUP BY o.outcome, o.rule ORDER BY o.outcome, n DESC",
            (start,),
        ):
            outcomes.setdefault(row["outcome"], {})[row["rule"]] = row["n"]
        return Report(
            messages=_one(connection, "SELECT count(*) FROM inbound WHERE received_at >= ?", start),
            outcomes=outcomes,
            undecided=_one(connection, "SELECT count(*) FROM inbound WHERE state = 'new' AND received_at >= ?", start),
            replies=_counts(
                connection, "SELECT state, count(*) FROM outgoing WHERE created_at >= ? GROUP BY state", start
            ),
            intents=_counts(
                connection, "SELECT state, count(*) FROM ticket_intents WHERE created_at >= ? GROUP BY state", start
            ),
            tickets=_counts(
                connection, "SELECT status, count(*) FROM tickets WHERE opened_at >= ? GROUP BY status", start
            ),
            ratings=_counts(
                connection,
                "SELECT rating, count(*) FROM tickets WHERE rating IS NOT NULL AND opened_at >= ? GROUP BY rating",
                start,
            ),
            failed=_troubles(
                connection,
                "SELECT i.id, i.channel, i.received_at, o.rule, o.reason"
                " FROM inbound i JOIN outcomes o ON o.inbound_id = i.id"
                " WHERE i.state = 'failed' AND i.received_at >= ? ORDER BY i.id LIMIT 100",
                start,
            ),
            ambiguous=_troubles(connection, _REPLIES.format("ambiguous"), start),
            refused=_troubles(connection, _REPLIES.format("failed"), start),
        )


_REPLIES = (
    "SELECT id, channel, created_at, coalesce('ticket ' || number, 'reply'), coalesce(error, '') FROM outgoing"
    " WHERE state = '{}' AND created_at >= ? ORDER BY id LIMIT 100"
)


def tickets(place: Place, *, all_of_them: bool = False) -> list[DeskTicket]:
    """The built-in desk's tickets, newest first; only those that are not over unless `all_of_them`."""
    where = "" if all_of_them else " WHERE d.status NOT IN ('resolved', 'closed')"
    with reading(place) as connection:
        rows = connection.execute(
            f"SELECT d.*, t.rating FROM desk_tickets d LEFT JOIN tickets t ON t.key = d.key{where} ORDER BY d.id DESC"
        )
        return [_ticket(row, ()) for row in rows]


def ticket(place: Place, number: str) -> DeskTicket:
    """One ticket with all its lines. Raises `LedgerError` where there is none."""
    with reading(place) as connection:
        row = connection.execute(
            "SELECT d.*, t.rating FROM desk_tickets d LEFT JOIN tickets t ON t.key = d.key WHERE upper(d.number) = ?",
            (number.strip().upper(),),
        ).fetchone()
        if row is None:
            raise LedgerError(f"There is no ticket {number}. See: firstline tickets list --all")
        entries = connection.execute("SELECT * FROM desk_entries WHERE ticket_id = ? ORDER BY id", (row["id"],))
        return _ticket(
            row,
            tuple(
                DeskEntry(kind=e["kind"], author=e["author"], text=e["text"], at=codec.read_stamp(e["at"]))
                for e in entries
            ),
            _troubles(connection, _UNDELIVERED, row["key"]),
        )


_UNDELIVERED = (
    "SELECT id, channel, created_at, state, coalesce(error, '') FROM outgoing"
    " WHERE ticket_key = ? AND state IN ('ambiguous', 'failed', 'held') ORDER BY id"
)


def remote_tickets(place: Place, desk: str, *, all_of_them: bool = False) -> list[RemoteTicket]:
    """The tickets at a desk over the network, newest first; only those that are not over unless `all_of_them`."""
    where = "" if all_of_them else " AND status NOT IN ('resolved', 'closed')"
    with reading(place) as connection:
        rows = connection.execute(f"SELECT * FROM tickets WHERE desk = ?{where} ORDER BY opened_at DESC", (desk,))
        return [_remote(row) for row in rows]


def remote_ticket(place: Place, desk: str, number: str) -> RemoteTicket:
    """One of them, by its number or our own reference. Raises `LedgerError` where there is none."""
    with reading(place) as connection:
        row = find_ticket(connection, desk, number)
        if row is None:
            raise LedgerError(f"No ticket {number} was opened at the desk {desk}. See: firstline tickets list --all")
        return _remote(row, _troubles(connection, _UNDELIVERED, row["key"]))


def find_ticket(connection: Connection, desk: str, number: str) -> Row | None:
    """A desk's ticket by its number, or by our own reference where no number is the same; ``#7`` and ``7`` are one."""
    found: Row | None = connection.execute(
        "SELECT * FROM tickets WHERE desk = :desk"
        " AND (upper(ltrim(number, '#')) = :number OR upper(reference) = :number)"
        " ORDER BY CASE WHEN upper(ltrim(number, '#')) = :number THEN 0 ELSE 1 END LIMIT 1",
        {"desk": desk, "number": number.strip().lstrip("#").upper()},
    ).fetchone()
    return found


def _remote(row: Row, undelivered: tuple[Trouble, ...] = ()) -> RemoteTicket:
    return RemoteTicket(
        key=row["key"],
        number=row["number"] or "",
        reference=row["reference"] or "",
        status=row["status"],
        raw_status=row["raw_status"],
        url=row["url"],
        channel=row["channel"],
        requester=f"{row['channel']}:{row['account']}:{row['author_id']}",
        opened_at=codec.read_stamp(row["opened_at"]),
        changed_at=codec.read_stamp(row["changed_at"]),
        rating=row["rating"],
        undelivered=undelivered,
    )


def _ticket(row: Row, entries: tuple[DeskEntry, ...], undelivered: tuple[Trouble, ...] = ()) -> DeskTicket:
    return DeskTicket(
        number=row["number"],
        subject=row["subject"],
        status=row["status"],
        priority=row["priority"],
        tags=tuple(json.loads(row["tags"])),
        requester=codec.load(Requester, row["requester"]),
        created_at=codec.read_stamp(row["created_at"]),
        changed_at=codec.read_stamp(row["changed_at"]),
        rating=row["rating"],
        entries=entries,
        undelivered=undelivered,
    )


def _one(connection: Connection, sql: str, start: str) -> int:
    value: int = connection.execute(sql, (start,)).fetchone()[0]
    return value


def _counts(connection: Connection, sql: str, start: str) -> dict[str, int]:
    return {str(row[0]): row[1] for row in connection.execute(sql, (start,))}


def _troubles(connection: Connection, sql: str, start: str) -> tuple[Trouble, ...]:
    return tuple(
        Trouble(id=row[0], channel=row[1], at=row[2], what=row[3], reason=row[4] or "")
        for row in connection.execute(sql, (start,))
    )
