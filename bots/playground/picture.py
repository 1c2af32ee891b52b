"""What the page shows of the ledger: messages and how they ended, the desk's tickets, replies that wait for approval.

Read from beside the bot, as the command line does. Before the bot has made its ledger, everything is empty.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bots.ledger import approvals, report
from bots.ledger.database import LedgerError

if TYPE_CHECKING:
    from pathlib import Path

    from bots.ledger.connection import Connection, Row
    from bots.ledger.report import DeskTicket

_MOST_ROWS, _MOST_TICKETS = 40, 50
_COUNTED = ("messages", "undecided", "adds_up", "outcomes", "replies", "tickets", "ratings")
# Replies that failed or may have; one in whose place another was posted is settled.
_NEEDS_PERSON = (
    "SELECT count(*) FROM outgoing o WHERE state IN ('ambiguous', 'failed') AND NOT EXISTS"
    " (SELECT 1 FROM outgoing other WHERE substr(other.key, 1, length(o.key) + 8) = o.key || ':instead')"
)
_NOTHING: dict[str, Any] = {
    "desk": {"tickets": [], "elsewhere": []},
    "ledger": {
        **dict.fromkeys((*_COUNTED[:2], "needs_person"), 0),
        "adds_up": True,
        **{name: {} for name in _COUNTED[3:]},
        "rows": [],
    },
    "approvals": [],
}


def read(ledger: Path) -> dict[str, Any]:
    """The parts "desk", "ledger" and "approvals" of the page's state."""
    if not ledger.exists():
        return _NOTHING
    try:
        counts = report.report(ledger)
        tickets = report.tickets(ledger, all_of_them=True)[:_MOST_TICKETS]
        with report.reading(ledger) as connection:
            counted = {**asdict(counts), "adds_up": counts.adds_up}
            return {
                "desk": {"tickets": _tickets(connection, tickets), "elsewhere": _elsewhere(connection)},
                "ledger": {
                    **{name: counted[name] for name in _COUNTED},
                    "needs_person": connection.execute(_NEEDS_PERSON).fetchone()[0],
                    "rows": _rows(connection),
                },
                "approvals": _approvals(connection, ledger),
            }
    except LedgerError:
        return _NOTHING  # the file is there, its tables are being made


def _approvals(connection: Connection, ledger: Path) -> list[dict[str, Any]]:
    """The replies that wait for a moderator, oldest first."""
    rows = connection.execute("SELECT id, reply FROM outgoing WHERE state = 'held'")
    targets = {row["id"]: json.loads(row["reply"] or "{}").get("target", {}) for row in rows}
    return [
        {
            "id": held.id,
            "channel": held.channel,
            "created_at": held.at.isoformat(),
            "text": held.text,
            "to": held.to,
            "about": held.question,
            "private": targets.get(held.id, {}).get("visibility") == "private",
            "release": "by_hand" if held.by_hand else "approved",
            "why_not": held.why,
            "number": held.number or "",
            "url": held.url,
        }
        for held in approvals.waiting(ledger)
    ]


def _rows(connection: Connection) -> list[dict[str, Any]]:
    rows = connection.execute(
        "SELECT i.id, i.received_at, i.channel, i.kind, i.message_id, i.payload, o.outcome, o.rule, o.entry, o.score,"
        " t.number FROM inbound i LEFT JOIN outcomes o ON o.inbound_id = i.id"
        " LEFT JOIN tickets t ON t.key = o.ticket_key ORDER BY i.id DESC LIMIT ?",
        (_MOST_ROWS,),
    ).fetchall()
    replies: dict[int, list[dict[str, Any]]] = {}
    for row in connection.execute(
        "SELECT id, inbound_id, reply, state, error FROM outgoing WHERE inbound_id >= ? ORDER BY id",
        (rows[-1]["id"] if rows else 0,),
    ):
        said = {
            "id": row["id"],
            "text": _text_of(json.loads(row["reply"] or "{}")),
            "state": row["state"],
            "error": row["error"] or "",
        }
        replies.setdefault(row["inbound_id"], []).append(said)
    return [_row(row, replies.get(row["id"], [])) for row in rows]


def _row(row: Row, replies: list[dict[str, Any]]) -> dict[str, Any]:
    message = json.loads(row["payload"] or "{}")
    return {
        "id": row["id"],
        "at": row["received_at"],
        "channel": row["channel"],
        "kind": row["kind"],
        "author": _name(message.get("author")),
        "for": _name(message.get("on_behalf_of")),
        "text": _words(message),
        "message": row["message_id"],
        "outcome": row["outcome"] or "",
        "rule": row["rule"] or "",
        "entry": row["entry"] or "",
        "score": row["score"],
        "ticket": row["number"] or "",
        "replies": replies,
    }


def _tickets(connection: Connection, tickets: list[DeskTicket]) -> list[dict[str, Any]]:
    entries: dict[str, list[dict[str, Any]]] = {}
    for row in connection.execute(
        "SELECT d.number, e.kind, e.author, e.text, e.at FROM desk_entries e JOIN desk_tickets d ON d.id = e.ticket_id"
        " WHERE d.id IN (SELECT id FROM desk_tickets ORDER BY id DESC LIMIT ?) ORDER BY e.id",
        (_MOST_TICKETS,),
    ):
        entries.setdefault(row["number"], []).append({key: row[key] for key in ("kind", "author", "text", "at")})
    undelivered: dict[str, list[str]] = {}
    for row in connection.execute(
        "SELECT d.number, o.state, coalesce(o.error, '') AS error FROM outgoing o JOIN desk_tickets d"
        " ON d.key = o.ticket_key WHERE o.state IN ('ambiguous', 'failed') ORDER BY o.id"
    ):
        words = "Perhaps not posted" if row["state"] == "ambiguous" else "Not posted"
        undelivered.setdefault(row["number"], []).append(f"{words}: {row['error']}" if row["error"] else f"{words}.")
    return [
        {
            "number": ticket.number,
            "subject": ticket.subject,
            "status": ticket.status,
            "priority": ticket.priority,
            "tags": list(ticket.tags),
            "requester": ticket.requester.name or ticket.requester.handle,
            "channel": ticket.requester.external_id.partition(":")[0],
            "created_at": ticket.created_at.isoformat(),
            "changed_at": ticket.changed_at.isoformat(),
            "rating": ticket.rating,
            "entries": entries.get(ticket.number, []),
            "undelivered": undelivered.get(ticket.number, []),
        }
        for ticket in tickets
    ]


def _elsewhere(connection: Connection) -> list[dict[str, Any]]:
    """The tickets of a desk that is not the built-in one, as far as the ledger knows them; the newest first."""
    rows = connection.execute(
        "SELECT number, reference, url, status, raw_status, channel, words, rating, changed_at FROM tickets"
        " WHERE key NOT IN (SELECT key FROM desk_tickets) ORDER BY opened_at DESC LIMIT ?",
        (_MOST_TICKETS,),
    )
    return [
        {
            "number": row["number"] or row["reference"] or "…",
            "url": row["url"],
            "status": row["status"],
            "at_desk": row["raw_status"],
            "channel": row["channel"],
            "words": row["words"],
            "rating": row["rating"],
            "changed_at": row["changed_at"],
        }
        for row in rows
    ]


def _name(author: dict[str, Any] | None) -> str:
    return str(author.get("display_name") or author.get("handle") or "") if author else ""


def _words(message: dict[str, Any]) -> str:
    """What was said, as the person would have typed it."""
    if message.get("action"):
        return f"[{message['action']}]"
    command = f"/{message['command']} " if message.get("command") else ""
    return f"{command}{message.get('text', '')}".strip()


def _text_of(reply: dict[str, Any]) -> str:
    """A reply's words without a claim code: that is for its author's eyes."""
    text, secret = str(reply.get("text", "")), str(reply.get("secret") or "")
    return text.replace(secret, "…") if secret else text
