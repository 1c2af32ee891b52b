"""Takes people's words out of the ledger: when they delete them, and when they have been kept long enough."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from adapters.base import Author, IncomingMessage, Parent, Reply
from bots.ledger import codec, people
from bots.pipeline.draft import WORDS_CHARS, indented, quoted
from bots.pipeline.plan import ticket_key
from ticket_client.base import TicketDraft

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bots.ledger.connection import Connection, Row

GONE = "(deleted by its author)"
_PAGE = 500
_PLACE = "json_extract(payload, '$.reply_to.place') = ?"


def erase(connection: Connection, deletion: IncomingMessage, message_id: str) -> None:
    """Erase what a message said, wherever the ledger keeps it: its rows, the built-in desk, what waits for a desk."""
    conversation_key = deletion.conversation_key
    place = (deletion.channel, deletion.account, conversation_key, deletion.reply_to.place)
    rows = connection.execute(
        "SELECT id, payload FROM inbound WHERE channel = ? AND account = ? AND conversation_key = ?"
        f" AND {_PLACE} AND message_id = ? AND erased_at IS NULL",
        (*place, message_id),
    ).fetchall()
    acts = connection.execute(  # a moderator's act holds the complaint as what it answers
        "SELECT id, payload FROM inbound WHERE channel = ? AND account = ? AND conversation_key = ?"
        f" AND {_PLACE} AND erased_at IS NULL AND json_extract(payload, '$.parent.message_id') = ?",
        (*place, message_id),
    ).fetchall()
    said = {row["id"]: codec.load(IncomingMessage, row["payload"]) for row in rows}
    quoted = [codec.load(IncomingMessage, row["payload"]) for row in acts]
    _erase_rows(connection, rows)
    for row, message in zip(acts, quoted, strict=True):
        if row["id"] not in said:
            bare = replace(message, parent=Parent(message_id=message_id))
            connection.execute("UPDATE inbound SET payload = ? WHERE id = ?", (codec.dump(bare), row["id"]))
    for inbound_id in said:  # what waits for a moderator, or is not posted yet where others read
        connection.execute(
            "UPDATE outgoing SET state = 'cancelled', error = 'the message was deleted', changed_at = ?"
            " WHERE inbound_id = ? AND (state = 'held' OR state = 'pending'"
            " AND json_extract(reply, '$.visibility') <> 'private')",
            (codec.stamp(), inbound_id),
        )
    key = ticket_key(conversation_key, deletion.reply_to.place, message_id)
    connection.execute(  # a moderator's act, or an agent, answers it, too
        "UPDATE outgoing SET state = 'cancelled', error = 'the message was deleted', changed_at = ?"
        " WHERE ticket_key = ? AND state = 'held' AND json_extract(reply, '$.visibility') <> 'private'",
        (codec.stamp(), key),
    )
    connection.execute("UPDATE tickets SET words = '' WHERE key = ?", (key,))
    for inbound_id, message in said.items():  # a ticket that continues another was opened with them
        connection.execute(
            "UPDATE tickets SET words = '' WHERE words = ?"
            " AND key = (SELECT ticket_key FROM outcomes WHERE inbound_id = ?)",
            (message.text[:WORDS_CHARS], inbound_id),
        )
    connection.execute("UPDATE desk_tickets SET subject = ? WHERE key = ?", (GONE, key))
    for inbound_id in said:
        entry = f"in:{inbound_id}:words"
        connection.execute("UPDATE desk_entries SET text = ? WHERE key = ?", (GONE, entry))
        connection.execute("UPDATE ticket_intents SET payload = ? WHERE key = ?", (json.dumps(GONE), entry))
        connection.execute(  # names of files, and the files that are not at the desk yet
            "UPDATE ticket_intents SET payload = '', lease_until = NULL,"
            " state = CASE WHEN state IN ('new', 'sending') THEN 'done' ELSE state END WHERE key IN (?, ?)",
            (f"{entry}:files", f"in:{inbound_id}:files"),
        )
        connection.execute(
            "UPDATE ticket_intents SET payload = ? WHERE key IN (?, ?)",
            (json.dumps(GONE), f"{entry}:files:note", f"in:{inbound_id}:files:note"),
        )
    texts = {text for message in said.values() for text in (message.text, f"/{message.command} {message.text}")}
    texts |= {message.parent.text or "" for message in quoted if message.parent}
    _erase_in_tickets(connection, conversation_key, key, {text.strip() for text in texts if text.strip(" /")})
    for inbound_id in said:  # a ticket about an earlier message names the files of the one that opened it
        _erase_file_names(connection, inbound_id)


def erase_row(connection: Connection, inbound_id: int) -> None:
    """Erase the words of one row, and of nothing that came of them elsewhere."""
    _erase_rows(
        connection, connection.execute("SELECT id, payload FROM inbound WHERE id = ?", (inbound_id,)).fetchall()
    )


def _erase_in_tickets(connection: Connection, conversation_key: str, own_key: str, texts: set[str]) -> None:
    """The tickets of a conversation quote what was said in it before they were opened."""
    quoting = (
        "SELECT key FROM tickets WHERE conversation_key = :place UNION SELECT :own UNION SELECT o.ticket_key"
        " FROM outcomes o JOIN inbound i ON i.id = o.inbound_id WHERE i.conversation_key = :place"
    )
    names = {"place": conversation_key, "own": own_key}
    entries = connection.execute(
        "SELECT e.id, e.text FROM desk_entries e JOIN desk_tickets d ON d.id = e.ticket_id"
        f" WHERE e.kind = 'user' AND d.key IN ({quoting})",
        names,
    ).fetchall()
    for entry in entries:
        text = _without(entry["text"], texts)
        connection.execute("UPDATE desk_entries SET text = ? WHERE id = ?", (text, entry["id"]))
    intents = connection.execute(
        f"SELECT id, ticket_key, payload FROM ticket_intents WHERE action = 'create' AND ticket_key IN ({quoting})"
        " AND payload <> ''",
        names,
    ).fetchall()
    for intent in intents:
        draft = codec.load(TicketDraft, intent["payload"])
        subject = GONE if intent["ticket_key"] == own_key else draft.subject
        files = () if intent["ticket_key"] == own_key else draft.attachments
        draft = replace(draft, subject=subject, body=_without(draft.body, texts), attachments=files)
        connection.execute(
            "UPDATE ticket_intents SET payload = ?, request = NULL WHERE id = ?", (codec.dump(draft), intent["id"])
        )


def _erase_file_names(connection: Connection, inbound_id: int) -> None:
    intents = connection.execute(
        "SELECT id, payload FROM ticket_intents WHERE action = 'create' AND payload <> '' AND ticket_key ="
        " (SELECT ticket_key FROM outcomes WHERE inbound_id = ? AND outcome = 'ticket_opened')",
        (inbound_id,),
    ).fetchall()
    for intent in intents:
        draft = replace(codec.load(TicketDraft, intent["payload"]), attachments=())
        connection.execute(
            "UPDATE ticket_intents SET payload = ?, request = NULL WHERE id = ?", (codec.dump(draft), intent["id"])
        )


def _without(body: str, texts: Iterable[str]) -> str:
    """A ticket's text without these: its beginning, what it quotes, lines of the exchange; no part of other words."""
    for text in texts:
        for said in (text, text[:WORDS_CHARS].strip(), indented(text)):
            if body == said or body.startswith(f"{said}\n"):
                body = GONE + body[len(said) :]
            body = _without_quote(body, said)
            body = f"{body}\n".replace(f": {said}\n", f": {GONE}\n")[:-1]
    return body


def _without_quote(body: str, said: str) -> str:
    """A ticket's text whose first paragraph quotes these words no more: there, every quote is under a line of ours."""
    paragraph, blank, rest = body.partition("\n\n")
    gone = quoted(said)
    if not (blank and gone):
        return body
    parts = ["\n".join(lines) for _, lines in groupby(paragraph.split("\n"), lambda line: line.startswith("> "))]
    kept = [parts[0], *(quoted(GONE) if part == gone else part for part in parts[1:])]
    return "\n".join(kept) + blank + rest


def forget(connection: Connection, before: str) -> int:
    """Erase a page of what is older than the stamp `before` and settled; how much that was. Outcome rows stay."""
    rows = connection.execute(
        "SELECT id, payload FROM inbound WHERE state <> 'new' AND erased_at IS NULL AND received_at < ? LIMIT ?",
        (before, _PAGE),
    ).fetchall()
    _erase_rows(connection, rows)
    replies = connection.execute(
        "SELECT id, reply FROM outgoing WHERE erased_at IS NULL AND changed_at < ?"
        " AND state NOT IN ('pending', 'sending') LIMIT ?",
        (before, _PAGE),
    ).fetchall()
    for row in replies:
        bare = replace(codec.load(Reply, row["reply"]), text="", buttons=(), instead=None)
        connection.execute(
            "UPDATE outgoing SET reply = ?, erased_at = ?,"
            " state = CASE state WHEN 'held' THEN 'cancelled' ELSE state END WHERE id = ?",
            (codec.dump(bare), codec.stamp(), row["id"]),
        )
    connection.execute("UPDATE tickets SET words = '' WHERE opened_at < ? AND words <> ''", (before,))
    connection.execute(
        "UPDATE ticket_intents SET payload = '', request = NULL, announce = '[]' WHERE state IN ('done', 'failed')"
        " AND created_at < ? AND payload <> ''",
        (before,),
    )
    connection.execute("DELETE FROM commands WHERE state <> 'new' AND created_at < ?", (before,))
    connection.execute(
        "UPDATE conversations SET state = json_set(state, '$.question', '') WHERE changed_at < ?"
        " AND json_extract(state, '$.question') <> ''",
        (before,),
    )
    connection.execute(
        "DELETE FROM conversations WHERE changed_at < ? AND key NOT IN"
        " (SELECT conversation_key FROM tickets WHERE status NOT IN ('resolved', 'closed') UNION"
        " SELECT coalesce(private_conversation, '') FROM tickets WHERE status NOT IN ('resolved', 'closed'))",
        (before,),
    )
    people.forget(connection, before)
    return len(rows) + len(replies)


def _erase_rows(connection: Connection, rows: Sequence[Row]) -> None:
    for row in rows:
        bare = codec.load(IncomingMessage, row["payload"]).without_words()
        if bare.on_behalf_of is not None:
            bare = replace(bare, on_behalf_of=Author(id=bare.on_behalf_of.id))
        connection.execute(
            "UPDATE inbound SET payload = ?, erased_at = ? WHERE id = ?", (codec.dump(bare), codec.stamp(), row["id"])
        )
