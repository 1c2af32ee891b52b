"""Has what is to be done at the helpdesk tried again, or at once, where that cannot do it twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bots.ledger import codec
from bots.ledger.intents import inbound_ids
from bots.ledger.report import find_ticket

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bots.ledger.connection import Connection, Row

# Of a message whose failure is mended: what it led to, by the first of these among its intents.
_OUTCOMES = {"create": "ticket_opened", "message": "appended", "files": "appended", "note": "acted"}
_MOST_NAMED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be replayed at `desk`: intents by id, tickets by number or our own reference, or everything."""

    desk: str
    ids: tuple[int, ...] = ()
    tickets: tuple[str, ...] = ()
    everything: bool = False


def chosen(connection: Connection, wanted: Wanted) -> list[Row]:
    """The failed intents that are meant, oldest first; none where those that are named are done, or wait.

    Words whose ticket itself could not be opened go with it, and it with them. Raises `LookupError` for what there
    is not.
    """
    ids = {found for identity in wanted.ids for found in _by_id(connection, identity, wanted.desk)}
    keys = {_by_number(connection, number, wanted.desk) for number in wanted.tickets}
    failed = connection.execute(
        "SELECT i.*, coalesce(t.number, t.reference, '') AS ticket FROM ticket_intents i"
        " JOIN tickets t ON t.key = i.ticket_key WHERE i.state = 'failed' AND t.desk = ? ORDER BY i.id",
        (wanted.desk,),
    ).fetchall()
    keys |= {row["ticket_key"] for row in failed if row["id"] in ids and _lacks_ticket(connection, row["ticket_key"])}
    return [row for row in failed if wanted.everything or row["id"] in ids or row["ticket_key"] in keys]


def replay(connection: Connection, wanted: Wanted) -> str:
    """Have failed intents tried again; gives a sentence that says which. Raises `LookupError`.

    One attempt counts as made, so the desk is asked for each before it is sent; and not before the desk can know what
    became of the last attempt, which `not_before` of a failed intent still says.
    """
    rows = chosen(connection, wanted)
    again = [row for row in rows if row["payload"]]
    now = codec.stamp()
    for row in again:
        connection.execute(
            "UPDATE ticket_intents SET state = 'new', attempts = 1, request = NULL, lease_until = NULL, created_at = ?,"
            " not_before = CASE WHEN not_before < ? THEN ? ELSE not_before END WHERE id = ?",
            (now, now, now, row["id"]),
        )
    for inbound_id, intent_id in {found: row["id"] for row in again for found in inbound_ids(row)}.items():
        _mend(connection, inbound_id, intent_id)
    told = [f"Tried again: {_listed(again)}." if again else "Nothing that has failed is left to try again."]
    if gone := [row for row in rows if not row["payload"]]:
        told.append(f"Not tried, as their words are erased: {_listed(gone)}.")
    return " ".join(told)


def retry(connection: Connection, inbound_id: int, desk: str) -> bool:
    """Have what the desk refused of a message tried again; False where it refused nothing of it."""
    failed = chosen(connection, Wanted(desk=desk, everything=True))
    mine = tuple(row["id"] for row in failed if inbound_id in inbound_ids(row))
    if mine:
        replay(connection, Wanted(desk=desk, ids=mine))
    return bool(mine)


def hurry(connection: Connection) -> tuple[int, int]:
    """Have everything tried now: how many are, and how many cannot be yet.

    Those that were perhaps done are left alone until the desk can know of them: asked too early, it would say no, and
    get a second ticket.
    """
    now = codec.stamp()
    connection.execute("UPDATE ticket_intents SET not_before = ? WHERE state = 'new' AND not_before > ?", (now, now))
    row = connection.execute(
        "SELECT count(*) AS waiting, count(*) FILTER (WHERE state = 'sending' AND not_before > :now"
        " AND (lease_until IS NULL OR lease_until <= :now)) AS unclear"
        " FROM ticket_intents WHERE state IN ('new', 'sending')",
        {"now": now},
    ).fetchone()
    return row["waiting"] - row["unclear"], row["unclear"]


def _by_id(connection: Connection, identity: int, desk: str) -> list[int]:
    row = connection.execute(
        "SELECT i.state, t.desk FROM ticket_intents i JOIN tickets t ON t.key = i.ticket_key WHERE i.id = ?",
        (identity,),
    ).fetchone()
    if row is None:
        raise LookupError(f"Nothing with the ID {identity} was ever to be done at the desk. See: firstline desk doctor")
    if row["desk"] != desk:
        raise LookupError(f"{identity} belongs to the desk {row['desk']}, which is not the one that is configured.")
    return [identity] if row["state"] == "failed" else []


def _by_number(connection: Connection, number: str, desk: str) -> str:
    row = find_ticket(connection, desk, number)
    if row is None:
        raise LookupError(f"There is no ticket {number}. See: firstline tickets list --all")
    key: str = row["key"]
    return key


def _lacks_ticket(connection: Connection, ticket_key: str) -> bool:
    row = connection.execute("SELECT desk_id FROM tickets WHERE key = ?", (ticket_key,)).fetchone()
    return row["desk_id"] is None


def _mend(connection: Connection, inbound_id: int, intent_id: int) -> None:
    """Take back that a message failed, unless something else of it still has."""
    found = connection.execute(
        "SELECT * FROM ticket_intents WHERE id = :intent OR (key >= :from AND key < :to)"
        " OR key = 'create:' || (SELECT ticket_key FROM outcomes WHERE inbound_id = :id)",
        {"intent": intent_id, "id": inbound_id, "from": f"in:{inbound_id}:", "to": f"in:{inbound_id};"},
    ).fetchall()
    rows = [row for row in found if row["id"] == intent_id or inbound_id in inbound_ids(row)]
    if any(row["state"] == "failed" for row in rows):
        return
    actions = {row["action"] for row in rows}
    outcome = next(outcome for action, outcome in _OUTCOMES.items() if action in actions)
    connection.execute("UPDATE inbound SET state = 'done' WHERE id = ? AND state = 'failed'", (inbound_id,))
    connection.execute(
        "UPDATE outcomes SET outcome = ?, reason = NULL WHERE inbound_id = ? AND outcome = 'failed'",
        (outcome, inbound_id),
    )


def _listed(rows: Sequence[Row]) -> str:
    named = [f"{row['id']} ({row['action']}, {row['ticket']})" for row in rows[:_MOST_NAMED]]
    left = len(rows) - len(named)
    return ", ".join(named) + (f" and {left} more" if left else "")
