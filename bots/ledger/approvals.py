"""Reads, from another process, the texts that wait for a moderator to be sent, worded anew or dismissed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from adapters.base import IncomingMessage, Release, Reply
from adapters.markup import render
from bots.ledger import codec
from bots.ledger.report import reading

if TYPE_CHECKING:
    from bots.ledger.connection import Row
    from bots.ledger.database import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A text that waits. `by_hand`: the platform refuses it from the bot, so a person posts it from their account."""

    id: int
    channel: str
    at: datetime
    why: str
    by_hand: bool
    to: str  # whom it answers, as people call them; or their id
    question: str  # what they said, where that is still kept
    text: str  # plain
    number: str | None
    url: str  # where the message stands that it answers, where the channel says so


def waiting(place: Place) -> list[Waiting]:
    """All of them, oldest first. Raises `LedgerError` where there is no ledger."""
    with reading(place) as connection:
        rows = connection.execute(
            "SELECT o.*, i.payload, t.author_id, t.words FROM outgoing o LEFT JOIN tickets t ON t.key = o.ticket_key"
            " LEFT JOIN inbound i ON i.id = coalesce(o.inbound_id,"
            " (SELECT min(inbound_id) FROM outcomes WHERE ticket_key = o.ticket_key))"
            " WHERE o.state = 'held' AND o.erased_at IS NULL ORDER BY o.id"
        )
        return [_waiting(row) for row in rows]


def _waiting(row: Row) -> Waiting:
    reply = codec.load(Reply, row["reply"])
    message = codec.load(IncomingMessage, row["payload"]) if row["payload"] else None
    to, said = row["author_id"] or "", row["words"] or ""  # an agent's words answer the ticket's
    if message is not None:
        person = message.on_behalf_of or message.author
        to = person.handle or person.display_name or person.id
        if row["inbound_id"] is not None:
            said = (message.parent.text or "" if message.parent else "") if message.on_behalf_of else message.text
    return Waiting(
        id=row["id"],
        channel=row["channel"],
        at=codec.read_stamp(row["created_at"]),
        why=row["error"] or "",
        by_hand=reply.target.release is Release.BY_HAND,
        to=to,
        question=said,
        text=render(reply.text).text,
        number=row["number"],
        url=reply.target.url,
    )
