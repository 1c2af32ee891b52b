"""What is to be done at the helpdesk, written before it is done: create a ticket, add words, add a note.

States: new -> sending -> done | failed. An intent found in "sending" after a crash was perhaps applied: look, then
repeat.
The built-in desk needs none of this: its rows are written in the same transaction.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from adapters.base import IncomingMessage
from bots.ledger import codec, desk, outbox
from bots.pipeline.effects import DeskMessage, Opening, Say
from ticket_client.base import TicketDraft, TicketRef

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from bots.ledger.database import Writer
    from bots.ledger.outbox import Outgoing


_OUTCOMES = {"create": "ticket_opened", "message": "appended", "note": "acted"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """One thing to do at the desk; exactly one of `draft` and `text` is set. `resumed`: it was cut while being sent."""

    id: int
    key: str
    ticket_key: str
    action: str
    draft: TicketDraft | None
    text: str
    desk_id: str | None
    attempts: int
    not_before: datetime
    created_at: datetime
    resumed: bool


def create(connection: sqlite3.Connection, opening: Opening, inbound_id: int) -> None:
    """Leave the intent to open a ticket; a second announcement for the same ticket waits with the first."""
    key = f"create:{opening.draft.key}"
    announce = [*opening.announce]
    row = connection.execute("SELECT id, announce FROM ticket_intents WHERE key = ?", (key,)).fetchone()
    if row:
        waiting = codec.load(list[_Announcement], row["announce"])
        waiting += [_Announcement(opening.conversation_key, inbound_id, say) for say in announce]
        connection.execute(
            "UPDATE ticket_intents SET announce = ? WHERE id = ?", (codec.dump(waiting, list[_Announcement]), row["id"])
        )
        return
    waiting = [_Announcement(opening.conversation_key, inbound_id, say) for say in announce]
    _insert(
        connection,
        key,
        opening.draft.key,
        "create",
        codec.dump(opening.draft),
        codec.dump(waiting, list[_Announcement]),
    )


def add(connection: sqlite3.Connection, message: DeskMessage, *, transactional: bool) -> bool:
    """Add words or a note to a ticket; True where the desk has to be called."""
    if transactional:
        row = connection.execute("SELECT desk_id FROM tickets WHERE key = ?", (message.ticket_key,)).fetchone()
        if row is None:
            raise LookupError(f"There is no ticket {message.ticket_key} to add words to.")
        kind = "user" if message.kind == "message" else "note"
        desk.add_entry(connection, row["desk_id"], kind, "firstline", message.text, key=message.key)
        return False
    _insert(connection, message.key, message.ticket_key, message.kind, json.dumps(message.text), "[]")
    return True


def _insert(  # noqa: PLR0913, PLR0917 - a row's columns
    connection: sqlite3.Connection, key: str, ticket_key: str, action: str, payload: str, announce: str
) -> None:
    now = codec.stamp()
    connection.execute(
        "INSERT INTO ticket_intents (key, ticket_key, action, payload, announce, state, not_before, created_at)"
        " VALUES (?, ?, ?, ?, ?, 'new', ?, ?) ON CONFLICT (key) DO NOTHING",
        (key, ticket_key, action, payload, announce, now, now),
    )


@dataclass(frozen=True, slots=True)
class _Announcement:
    conversation_key: str
    inbound_id: int
    say: Say


class Intents:
    """The states of intents, each change one durable write."""

    def __init__(self, writer: Writer, reader: sqlite3.Connection) -> None:
        self._writer = writer
        self._reader = reader

    def due(self, now: datetime, limit: int) -> list[Intent]:
        """The oldest unfinished intent of each ticket (later ones wait for it), where its time has come."""
        rows = self._reader.execute(
            "SELECT i.*, t.desk_id FROM ticket_intents i JOIN tickets t ON t.key = i.ticket_key"
            " WHERE i.id IN (SELECT min(id) FROM ticket_intents WHERE state IN ('new', 'sending') GROUP BY ticket_key)"
            " AND i.not_before <= ? ORDER BY i.id LIMIT ?",
            (codec.stamp(now), limit),
        )
        return [_intent(row) for row in rows]

    async def sending(self, intent: Intent, look_from: datetime) -> None:
        """Note, before the desk is called, that it is about to be, and from when on it can say whether it was."""
        values = (codec.stamp(look_from),)
        await self._set(intent.id, "state = 'sending', attempts = attempts + 1, not_before = ?", *values)

    async def later(self, intent: Intent, not_before: datetime, why: str) -> None:
        """Not applied; to be tried again."""
        await self._set(intent.id, "state = 'new', not_before = ?, error = ?", codec.stamp(not_before), why)

    async def unclear(self, intent: Intent, not_before: datetime, why: str) -> None:
        """Perhaps applied; to be looked for, then repeated if absent."""
        await self._set(intent.id, "state = 'sending', not_before = ?, error = ?", codec.stamp(not_before), why)

    async def failed(self, intent: Intent, why: str, regret: Callable[[str], str]) -> list[Outgoing]:
        """The desk refuses it: its messages end as failed and their authors are told, in one transaction."""

        def operation(connection: sqlite3.Connection) -> list[Outgoing]:
            row = connection.execute("SELECT * FROM ticket_intents WHERE id = ?", (intent.id,)).fetchone()
            connection.execute("UPDATE ticket_intents SET state = 'failed', error = ? WHERE id = ?", (why, intent.id))
            language = connection.execute(
                "SELECT language FROM tickets WHERE key = ?", (intent.ticket_key,)
            ).fetchone()["language"]
            made: list[Outgoing] = []
            for told in _told(connection, row, regret(language)):
                made += outbox.insert(
                    connection,
                    [told.say],
                    conversation_key=told.conversation_key,
                    inbound_id=told.inbound_id,
                    ticket_key=intent.ticket_key,
                )
            for inbound_id in _inbound_ids(row):
                connection.execute("UPDATE inbound SET state = 'failed' WHERE id = ?", (inbound_id,))
                connection.execute(
                    "UPDATE outcomes SET outcome = 'failed', reason = ? WHERE inbound_id = ?", (why[:500], inbound_id)
                )
            return made

        return await self._writer.run(operation)

    async def done(self, intent: Intent) -> None:
        """Words or a note were added."""
        await self._set(intent.id, "state = 'done'")

    async def opened(self, intent: Intent, ref: TicketRef) -> list[Outgoing]:
        """The ticket exists: note its number and put the replies that tell it on their way, in one transaction."""

        def operation(connection: sqlite3.Connection) -> list[Outgoing]:
            row = connection.execute("SELECT announce, state FROM ticket_intents WHERE id = ?", (intent.id,)).fetchone()
            if row["state"] == "done":
                return []
            connection.execute("UPDATE ticket_intents SET state = 'done' WHERE id = ?", (intent.id,))
            connection.execute(
                "UPDATE tickets SET desk_id = ?, number = ?, url = ?, changed_at = ? WHERE key = ?",
                (ref.id, ref.number, ref.url, codec.stamp(), intent.ticket_key),
            )
            connection.execute(
                "UPDATE ticket_intents SET not_before = ? WHERE ticket_key = ? AND state = 'new'",
                (codec.stamp(), intent.ticket_key),
            )
            made: list[Outgoing] = []
            for waiting in codec.load(list[_Announcement], row["announce"]):
                made += outbox.insert(
                    connection,
                    [waiting.say],
                    conversation_key=waiting.conversation_key,
                    inbound_id=waiting.inbound_id,
                    number=ref.number,
                    ticket_key=intent.ticket_key,
                )
            return made

        return await self._writer.run(operation)

    async def _set(self, intent_id: int, sets: str, *values: str) -> None:
        await self._writer.run(
            lambda connection: connection.execute(
                f"UPDATE ticket_intents SET {sets} WHERE id = ?", (*values, intent_id)
            )
        )


def retry(connection: sqlite3.Connection, inbound_id: int) -> bool:
    """Have what the desk refused of a message tried again; False where the desk refused nothing of it."""
    refused = connection.execute("SELECT * FROM ticket_intents WHERE state = 'failed'").fetchall()
    mine = [row for row in refused if inbound_id in _inbound_ids(row)]
    for row in mine:
        # One attempt counts as made: whether the ticket is there is asked before it is created.
        connection.execute(
            "UPDATE ticket_intents SET state = 'new', attempts = 1, not_before = ?, created_at = ? WHERE id = ?",
            (codec.stamp(), codec.stamp(), row["id"]),
        )
        for waiting_id in _inbound_ids(row):
            connection.execute("UPDATE inbound SET state = 'done' WHERE id = ?", (waiting_id,))
            connection.execute(
                "UPDATE outcomes SET outcome = ?, reason = NULL WHERE inbound_id = ?",
                (_OUTCOMES[row["action"]], waiting_id),
            )
    return bool(mine)


def _inbound_ids(row: sqlite3.Row) -> list[int]:
    """The messages that an intent comes from; the others are in its key: ``in:ID:step``."""
    if row["action"] == "create":
        return list(dict.fromkeys(waiting.inbound_id for waiting in _waiting(row)))
    return [int(row["key"].split(":")[1])]


def _waiting(row: sqlite3.Row) -> list[_Announcement]:
    return codec.load(list[_Announcement], row["announce"])


def _told(connection: sqlite3.Connection, row: sqlite3.Row, sentence: str) -> list[_Announcement]:
    """Everybody who waits for the ticket's number, or whose words were not added; of a note nobody knows."""
    if row["action"] == "create":
        return [
            replace(waiting, say=replace(waiting.say, key=f"{waiting.say.key}:failed", text=sentence))
            for waiting in _waiting(row)
        ]
    if row["action"] != "message":
        return []
    (inbound_id,) = _inbound_ids(row)
    stored = connection.execute("SELECT payload FROM inbound WHERE id = ?", (inbound_id,)).fetchone()
    message = codec.load(IncomingMessage, stored["payload"])
    say = Say(key=f"{row['key']}:failed", target=message.reply_to, text=sentence, ticket_key=row["ticket_key"])
    return [_Announcement(message.conversation_key, inbound_id, say)]


def _intent(row: sqlite3.Row) -> Intent:
    creates = row["action"] == "create"
    return Intent(
        id=row["id"],
        key=row["key"],
        ticket_key=row["ticket_key"],
        action=row["action"],
        draft=codec.load(TicketDraft, row["payload"]) if creates else None,
        text="" if creates else json.loads(row["payload"]),
        desk_id=row["desk_id"],
        attempts=row["attempts"],
        not_before=codec.read_stamp(row["not_before"]),
        created_at=codec.read_stamp(row["created_at"]),
        resumed=row["state"] == "sending",
    )
