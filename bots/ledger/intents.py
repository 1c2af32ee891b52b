"""What is to be done at the helpdesk, written before it is done: create a ticket, add words, a note, files.

States: new -> sending -> done | failed. An intent found in "sending" after a crash was perhaps applied: look, then
repeat. Whoever works on one holds its lease; that of a dead process ends when the ledger is opened again.
The built-in desk needs none of this: its rows are written in the same transaction.
"""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from adapters.base import Attachment, IncomingMessage
from bots import metrics
from bots.ledger import codec, desk, outbox
from bots.ledger.connection import DESK
from bots.pipeline.effects import DeskMessage, Opening, Say
from ticket_client.base import Requester, Status, TicketDraft, TicketRef

if TYPE_CHECKING:
    from collections.abc import Callable

    from bots.ledger.connection import Connection, Row
    from bots.ledger.database import Lease, Writer
    from bots.ledger.outbox import Outgoing


_log = logging.getLogger(__name__)
T = TypeVar("T")
_FIRST_REFERENCE = 1000
_NOTED_AFTER_S = 3.0
_NOTED_LATE_S = 600.0  # where so few replies are allowed that the number itself would have to wait for a person


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """One thing to do at the desk: exactly one of `draft`, `text` and `files` is set.

    `request` is what an earlier attempt to create sent. `resumed`: it was cut while being sent.
    """

    id: int
    key: str
    ticket_key: str
    action: str
    draft: TicketDraft | None
    text: str
    files: Files | None
    payload: str  # what these were read from
    request: str | None
    desk_id: str | None
    number: str | None  # of the ticket
    language: str  # of the requester
    attempts: int
    not_before: datetime
    created_at: datetime
    resumed: bool
    inbound: int | None  # the message that it comes from


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What somebody attached on a channel, to be fetched there."""

    channel: str
    attachments: tuple[Attachment, ...]


def create(connection: Connection, opening: Opening, inbound_id: int, prefix: str) -> None:
    """Leave the intent to open a ticket, which has our own reference until the desk gives it a number.

    A second announcement for the same ticket waits with the first.
    """
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
    intent_id = _insert(
        connection,
        key,
        opening.draft.key,
        "create",
        codec.dump(opening.draft),
        codec.dump(waiting, list[_Announcement]),
    )
    connection.execute(
        "UPDATE ticket_intents SET note_at = ? WHERE id = ?",
        (codec.stamp(datetime.now(UTC) + timedelta(seconds=_patience_s(waiting))), intent_id),
    )
    _refer(connection, opening.draft.key, intent_id, prefix)
    if opening.files:
        add_files(connection, f"in:{inbound_id}:files", opening.draft.key, opening.channel, opening.files)


def add_files(
    connection: Connection, key: str, ticket_key: str, channel: str, attachments: tuple[Attachment, ...]
) -> None:
    """Leave the intent to take what somebody attached to the desk."""
    _insert(connection, key, ticket_key, "files", codec.dump(Files(channel=channel, attachments=attachments)), "[]")


def add(connection: Connection, message: DeskMessage, *, transactional: bool) -> bool:
    """Add words or a note to a ticket; True where the desk has to be called."""
    if transactional:
        row = connection.execute("SELECT desk_id FROM tickets WHERE key = ?", (message.ticket_key,)).fetchone()
        if row is None:
            raise LookupError(f"There is no ticket {message.ticket_key} to add words to.")
        kind = "user" if message.kind == "message" else "note"
        desk.add_entry(connection, row["desk_id"], kind, "firstline", message.text, key=message.key)
        return False
    if message.text:
        _insert(connection, message.key, message.ticket_key, message.kind, json.dumps(message.text), "[]")
    if message.files:
        add_files(connection, f"{message.key}:files", message.ticket_key, message.channel, message.files)
    return True


def _insert(  # noqa: PLR0913, PLR0917 - a row's columns
    connection: Connection, key: str, ticket_key: str, action: str, payload: str, announce: str
) -> int | None:
    now = codec.stamp()
    made = connection.execute(
        "INSERT INTO ticket_intents (key, ticket_key, action, payload, announce, state, not_before, created_at)"
        " VALUES (?, ?, ?, ?, ?, 'new', ?, ?) ON CONFLICT (key) DO NOTHING RETURNING id",
        (key, ticket_key, action, payload, announce, now, now),
    ).fetchall()
    connection.tell(DESK, "")
    return made[0]["id"] if made else None


def _refer(connection: Connection, ticket_key: str, intent_id: int | None, prefix: str) -> None:
    reference = f"{prefix}-{_FIRST_REFERENCE + (intent_id or 0)}"
    connection.execute("UPDATE tickets SET reference = ? WHERE key = ?", (reference, ticket_key))


def _patience_s(waiting: list[_Announcement]) -> float:
    scarce = any(told.say.target.max_replies is not None for told in waiting)
    return _NOTED_LATE_S if scarce else _NOTED_AFTER_S


@dataclass(frozen=True, slots=True)
class _Announcement:
    conversation_key: str
    inbound_id: int
    say: Say


class KnownNumber(Exception):
    """The desk gave a new ticket the id of one that the ledger knows."""


class Intents:
    """The states of one desk's intents, each change one durable write.

    What was left to do at a desk that is not the configured one any more waits until it is again.
    """

    def __init__(self, writer: Writer, reader: Connection, desk: str) -> None:
        self._writer = writer
        self._reader = reader
        self._desk = desk
        self.lease: Lease | None = None
        """What these are done under, where there are many processes: without it nothing is written."""

    async def _run(self, operation: Callable[[Connection], T]) -> T:
        return await self._writer.run(operation, under=self.lease)

    async def begin(self, lease: Lease) -> None:
        """This process calls the desk from now on; what another one has in hand is taken up when its time has come."""
        self.lease = lease
        await self._run(end_leases)

    def due(self, now: datetime, limit: int) -> list[Intent]:
        """The oldest unfinished intent of each ticket (later ones wait for it), where its time has come."""
        rows = self._reader.execute(
            "SELECT i.*, t.desk_id, t.number, t.language"
            " FROM ticket_intents i JOIN tickets t ON t.key = i.ticket_key"
            " WHERE i.id IN (SELECT min(id) FROM ticket_intents WHERE state IN ('new', 'sending') GROUP BY ticket_key)"
            " AND t.desk = :desk AND i.not_before <= :now AND (i.lease_until IS NULL OR i.lease_until <= :now)"
            " ORDER BY i.id LIMIT :limit",
            {"now": codec.stamp(now), "limit": limit, "desk": self._desk},
        )
        found: list[Intent] = []
        for row in rows:
            try:
                found.append(_intent(row))
            except ValueError:  # one that cannot be read stops no other
                _log.error(
                    "What is to be done at the desk cannot be read", extra={"action": "intent_bad", "intent": row["id"]}
                )
        return found

    async def take(self, intent: Intent, for_s: float) -> bool:
        """Hold an intent's lease, longer than the work on it can take; False where somebody else has it, or did it."""
        now = datetime.now(UTC)

        def operation(connection: Connection) -> bool:
            taken = connection.execute(
                "UPDATE ticket_intents SET lease_until = ? WHERE id = ? AND state IN ('new', 'sending')"
                " AND attempts = ? AND (lease_until IS NULL OR lease_until <= ?)",
                (codec.stamp(now + timedelta(seconds=for_s)), intent.id, intent.attempts, codec.stamp(now)),
            )
            return bool(taken.rowcount)

        return await self._run(operation)

    async def sending(self, intent: Intent, look_from: datetime, request: str | None = None) -> bool:
        """Note, before the desk is called, that it is about to be, with what, and from when on it can be asked.

        False where its words were erased, or it was settled, since it was read: then nothing may be sent.
        """
        return await self._set(
            intent,
            "state = 'sending', attempts = attempts + 1, not_before = ?, request = coalesce(?, request)",
            codec.stamp(look_from),
            request,
            unchanged=True,
        )

    async def later(self, intent: Intent, not_before: datetime, why: str) -> None:
        """Not applied; to be tried again."""
        values = (codec.stamp(not_before), why)
        await self._set(intent, "state = 'new', lease_until = NULL, not_before = ?, error = ?", *values)

    async def unclear(self, intent: Intent, not_before: datetime, why: str) -> None:
        """Perhaps applied; to be looked for, then repeated if absent."""
        values = (codec.stamp(not_before), why)
        await self._set(intent, "state = 'sending', lease_until = NULL, not_before = ?, error = ?", *values)

    async def release(self, intent: Intent, not_before: datetime, why: str) -> None:
        """Let go of an intent of which nobody knows how it ended: its state stays."""
        at = codec.stamp(not_before)
        later = "not_before = CASE WHEN not_before < ? THEN ? ELSE not_before END"
        await self._set(intent, f"lease_until = NULL, {later}, error = ?", at, at, why)

    async def add_note(self, intent: Intent, text: str) -> None:
        """Leave the intent to add a note about another one; once for each."""
        payload = json.dumps(text)
        await self._run(
            lambda connection: _insert(connection, f"{intent.key}:note", intent.ticket_key, "note", payload, "[]")
        )

    async def noted(self, now: datetime, sentence: Callable[[str, str], str]) -> list[Outgoing]:
        """Tell whoever has waited long enough for a number that the request is noted, with our own reference; once.

        Args:
            now: the time.
            sentence: what to say, from a language and a reference.
        """
        due = "note_at IS NOT NULL AND note_at <= ?"
        if self._reader.execute(f"SELECT 1 FROM ticket_intents WHERE {due}", (codec.stamp(now),)).fetchone() is None:
            return []

        def operation(connection: Connection) -> list[Outgoing]:
            rows = connection.execute(
                "SELECT i.*, t.language, t.reference FROM ticket_intents i JOIN tickets t ON t.key = i.ticket_key"
                f" WHERE {due} LIMIT 100",
                (codec.stamp(now),),
            ).fetchall()
            made: list[Outgoing] = []
            for row in rows:
                connection.execute("UPDATE ticket_intents SET note_at = NULL WHERE id = ?", (row["id"],))
                if row["state"] not in {"new", "sending"}:
                    continue
                text = sentence(row["language"], row["reference"])
                for told in _waiting(row):
                    say = replace(told.say, key=f"{told.say.key}:noted", text=text, buttons=())
                    made += outbox.insert(
                        connection,
                        [say],
                        conversation_key=told.conversation_key,
                        inbound_id=told.inbound_id,
                        ticket_key=row["ticket_key"],
                    )
            return made

        return await self._run(operation)

    async def continued(self, intent: Intent, opening: Continuation) -> None:
        """The ticket takes no more words: these, and what follows them, go to a new one that refers to it."""
        await self._run(lambda connection: _continue(connection, intent, opening))

    async def failed(self, intent: Intent, why: str, regret: Callable[[str], str]) -> list[Outgoing]:
        """The desk refuses it: its messages end as failed and their authors are told, in one transaction.

        What waits for a ticket that it refuses fails with it, and nobody is told of that once more.
        """

        def operation(connection: Connection) -> list[Outgoing]:
            row = connection.execute("SELECT * FROM ticket_intents WHERE id = ?", (intent.id,)).fetchone()
            connection.execute(
                "UPDATE ticket_intents SET state = 'failed', lease_until = NULL, note_at = NULL, error = ?"
                " WHERE id = ?",
                (why, intent.id),
            )
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
            behind = _fail_behind(connection, row) if row["action"] == "create" else []
            for inbound_id in {found for each in (row, *behind) for found in inbound_ids(each)}:
                connection.execute("UPDATE inbound SET state = 'failed' WHERE id = ?", (inbound_id,))
                connection.execute(
                    "UPDATE outcomes SET outcome = 'failed', reason = ? WHERE inbound_id = ?", (why[:500], inbound_id)
                )
            return made

        return await self._run(operation)

    async def done(self, intent: Intent) -> None:
        """Words or a note were added."""
        await self._set(intent, "state = 'done', lease_until = NULL, error = NULL")

    async def opened(self, intent: Intent, ref: TicketRef, *, as_made: bool = True) -> list[Outgoing]:
        """The ticket exists: note its number and put the replies that tell it on their way, in one transaction.

        `as_made`: it stands as we made it; else something may have happened to it that is still to be read.
        Raises `KnownNumber`.
        """

        def operation(connection: Connection) -> list[Outgoing]:
            row = connection.execute("SELECT announce, state FROM ticket_intents WHERE id = ?", (intent.id,)).fetchone()
            if row["state"] == "done":
                return []
            double = connection.execute(
                "SELECT number FROM tickets WHERE desk_id = ? AND key <> ?"
                " AND desk = (SELECT desk FROM tickets WHERE key = ?)",
                (ref.id, intent.ticket_key, intent.ticket_key),
            ).fetchone()
            if double is not None:
                raise KnownNumber(
                    f"The desk opened ticket {ref.number}, and the ledger knows that number from before. Is it another"
                    " desk, or was it emptied? Give the bot a new ledger: [ledger] path."
                )
            connection.execute(
                "UPDATE ticket_intents SET state = 'done', lease_until = NULL, note_at = NULL, error = NULL,"
                " request = NULL WHERE id = ?",
                (intent.id,),
            )
            connection.execute(
                "UPDATE tickets SET desk_id = ?, number = ?, url = ?, version = ?, changed_at = ? WHERE key = ?",
                (ref.id, ref.number, ref.url, ref.version if as_made else "", codec.stamp(), intent.ticket_key),
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

        return await self._run(operation)

    async def _set(self, intent: Intent, sets: str, *values: str | None, unchanged: bool = False) -> bool:
        """Change an intent that is not settled yet; False where it is, or is not `unchanged` since it was read."""
        fence = " AND payload = ?" if unchanged else ""
        bound = (*values, intent.id, intent.payload) if unchanged else (*values, intent.id)

        def operation(connection: Connection) -> bool:
            changed = connection.execute(
                f"UPDATE ticket_intents SET {sets} WHERE id = ? AND state IN ('new', 'sending'){fence}", bound
            )
            return bool(changed.rowcount)

        return await self._run(operation)


@dataclass(frozen=True, slots=True, kw_only=True)
class Continuation:
    """A new ticket for words that another one does not take: its subject, and what the requester hears of it."""

    subject: str
    announce: str
    prefix: str  # of our references


def _continue(connection: Connection, intent: Intent, opening: Continuation) -> None:
    row = connection.execute("SELECT * FROM ticket_intents WHERE id = ?", (intent.id,)).fetchone()
    if row["payload"] != intent.payload or row["state"] not in {"new", "sending"}:
        connection.execute("UPDATE ticket_intents SET lease_until = NULL WHERE id = ?", (intent.id,))
        return  # erased meanwhile: it is looked at anew
    files = intent.files
    words = intent.text or "\n".join(f"[{file.name}]" for file in (files.attachments if files else ()))
    ended = connection.execute("SELECT * FROM tickets WHERE key = ?", (intent.ticket_key,)).fetchone()
    key = hashlib.sha256(f"continues\n{intent.key}".encode()).hexdigest()[:32]
    now = codec.stamp()
    connection.execute("UPDATE tickets SET status = ? WHERE key = ?", (Status.CLOSED, intent.ticket_key))
    connection.execute(
        "INSERT INTO tickets (key, desk, status, channel, account, author_id, conversation_key, language, visibility,"
        " reply_to, private_to, private_conversation, words, follows, opened_at, changed_at)"
        " SELECT :key, desk, 'new', channel, account, author_id, conversation_key, language, visibility, reply_to,"
        " private_to, private_conversation, :words, key, :now, :now FROM tickets WHERE key = :ended"
        " ON CONFLICT (key) DO NOTHING",
        {"key": key, "words": words[:2000], "now": now, "ended": intent.ticket_key},
    )
    connection.execute(
        "UPDATE conversations SET state = json_set(state, '$.ticket_key', ?)"
        " WHERE json_extract(state, '$.ticket_key') = ?",
        (key, intent.ticket_key),
    )
    (inbound_id,) = inbound_ids(row)
    connection.execute("UPDATE outcomes SET ticket_key = ? WHERE inbound_id = ?", (key, inbound_id))
    stored = connection.execute("SELECT payload FROM inbound WHERE id = ?", (inbound_id,)).fetchone()
    message = codec.load(IncomingMessage, stored["payload"])
    person = message.on_behalf_of or message.author
    draft = TicketDraft(
        key=key,
        subject=opening.subject,
        body=words,
        requester=Requester(
            external_id=f"{ended['channel']}:{ended['account']}:{ended['author_id']}",
            name=person.display_name,
            handle=person.handle or "",
        ),
        tags=("firstline", ended["channel"]),
        language=ended["language"],
        url=message.reply_to.url,
        follows=ended["desk_id"],
    )
    say = Say(key=f"{intent.key}:continued", target=message.reply_to, text=opening.announce, ticket_key=key)
    announce = codec.dump([_Announcement(message.conversation_key, inbound_id, say)], list[_Announcement])
    connection.execute(  # in its own place in the order: what waits behind it goes to the new ticket, too
        "UPDATE ticket_intents SET key = ?, ticket_key = ?, action = 'create', payload = ?, announce = ?,"
        " state = 'new', attempts = 0, not_before = ?, lease_until = NULL, error = NULL WHERE id = ?",
        (f"create:{key}", key, codec.dump(draft), announce, now, intent.id),
    )
    connection.execute(
        "UPDATE ticket_intents SET ticket_key = ? WHERE ticket_key = ? AND state = 'new' AND id > ?",
        (key, intent.ticket_key, intent.id),
    )
    if files is not None:
        add_files(connection, intent.key, key, files.channel, files.attachments)
    _refer(connection, key, intent.id, opening.prefix)


def end_leases(connection: Connection) -> None:
    """Whoever held one is dead, or may do nothing any more: called by the only one who calls the desk."""
    connection.execute("UPDATE ticket_intents SET lease_until = NULL WHERE lease_until IS NOT NULL")


def inbound_ids(row: Row) -> list[int]:
    """The messages that an intent's row comes from: who waits for the ticket's number, else the one in its key."""
    if row["action"] == "create":
        return list(dict.fromkeys(waiting.inbound_id for waiting in _waiting(row)))
    if not row["key"].startswith("in:"):
        return []
    return [int(row["key"].split(":")[1])]


def _waiting(row: Row) -> list[_Announcement]:
    return codec.load(list[_Announcement], row["announce"])


def _fail_behind(connection: Connection, create: Row) -> list[Row]:
    """What waits for a ticket that there will not be."""
    behind = connection.execute(
        "SELECT * FROM ticket_intents WHERE ticket_key = ? AND id > ? AND state = 'new'",
        (create["ticket_key"], create["id"]),
    ).fetchall()
    for row in behind:
        connection.execute(
            "UPDATE ticket_intents SET state = 'failed', lease_until = NULL, error = ? WHERE id = ?",
            (f"It waits for {create['id']}, which failed.", row["id"]),
        )
    return behind


def _told(connection: Connection, row: Row, sentence: str) -> list[_Announcement]:
    """Everybody who waits for the ticket's number, or whose words were not added; of a note nobody knows."""
    if row["action"] == "create":
        return [
            replace(waiting, say=replace(waiting.say, key=f"{waiting.say.key}:failed", text=sentence))
            for waiting in _waiting(row)
        ]
    if row["action"] != "message":
        return []
    origins = inbound_ids(row)
    if not origins:
        return []
    (inbound_id,) = origins
    stored = connection.execute("SELECT payload FROM inbound WHERE id = ?", (inbound_id,)).fetchone()
    message = codec.load(IncomingMessage, stored["payload"])
    say = Say(key=f"{row['key']}:failed", target=message.reply_to, text=sentence, ticket_key=row["ticket_key"])
    return [_Announcement(message.conversation_key, inbound_id, say)]


def _intent(row: Row) -> Intent:
    creates = row["action"] == "create"
    return Intent(
        id=row["id"],
        key=row["key"],
        ticket_key=row["ticket_key"],
        action=row["action"],
        draft=codec.load(TicketDraft, row["payload"]) if creates else None,
        text=json.loads(row["payload"]) if row["action"] in {"message", "note"} else "",
        files=codec.load(Files, row["payload"]) if row["action"] == "files" else None,
        payload=row["payload"],
        request=row["request"],
        desk_id=row["desk_id"],
        number=row["number"],
        language=row["language"],
        attempts=row["attempts"],
        not_before=codec.read_stamp(row["not_before"]),
        created_at=codec.read_stamp(row["created_at"]),
        resumed=row["state"] == "sending",
        inbound=next((one["inbound_id"] for one in json.loads(row["announce"])), metrics.inbound_of(row["key"])),
    )
