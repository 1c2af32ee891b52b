"""The ledger: one durable row for every message, one transaction for everything that it leads to."""

from __future__ import annotations

import logging
import os
import zlib
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Self

from adapters.base import Author, IncomingMessage, Kind, Reply, ReplyTarget, TranscriptLine, Visibility
from bots import claims
from bots.ledger import codec, commands, desk, erasing, intents, outbox, people, replaying
from bots.ledger.connection import INBOUND, marks
from bots.ledger.database import Superseded, Writer, engine_at
from bots.ledger.outbox import Outgoing
from bots.pipeline import phrases
from bots.pipeline.plan import ticket_key
from bots.pipeline.state import ClaimTry, Context, ConversationState, Identity, Phase, Ticket
from ticket_client.base import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from bots.ledger.connection import Connection, Row
    from bots.ledger.database import Lease, Place
    from bots.pipeline.effects import Effects, Opening

PARTITIONS = 256  # for ever: stored with every message
SHARES = 32  # of the partitions, each decided by one process at a time
_OWN_TICKETS_DAYS = 30
_UNREAD_DAYS = 1
_NEWS_DAYS = 90  # after which nobody waits for a ticket that is over to be opened again
_PAGE = 1000
_log = logging.getLogger(__name__)
_SIGNING = "installation:secret"
# A chat that becomes another one counts its messages from the start while the conversation goes on.
_PLACE = "json_extract(i.payload, '$.reply_to.place') = ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A message in the ledger that has no outcome yet."""

    id: int
    message: IncomingMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """What a commit put on its way."""

    outgoing: tuple[Outgoing, ...] = ()
    intents: bool = False


def partition_of(message: IncomingMessage) -> int:
    """A person's share of the work, with all their conversations: the same in every process and for ever."""
    person = message.on_behalf_of or message.author
    return zlib.crc32(f"{message.channel}\n{message.account}\n{person.id}".encode()) % PARTITIONS


def share_of(message: IncomingMessage) -> int:
    """Which of the shares it is in."""
    return partition_of(message) % SHARES


def share_name(share: int) -> str:
    """The lease of a share."""
    return f"share:{share}"


def share_in(lease: str) -> int:
    """The share that a lease names."""
    return int(lease.removeprefix("share:"))


class Ledger:
    """Opened by a bot that serves it, for as long as the ``with`` lasts; a file by one bot only.

    Args:
        place: the SQLite file, or the PostgreSQL URL; made and migrated where needed.
        number_prefix: of the built-in desk's ticket numbers.
        transactional_desk: whether tickets are opened in the commit itself (the built-in desk).
        desk_name: the name under which tickets are noted.

    Raises `AlreadyRunning` on entry where another bot holds the file.
    """

    def __init__(
        self, place: Place, *, number_prefix: str = "FL", transactional_desk: bool = True, desk_name: str = "local"
    ) -> None:
        self._engine = engine_at(place)
        self._prefix = number_prefix
        self._transactional = transactional_desk
        self._desk_name = desk_name
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self._engine.acquire())
            self._engine.migrate()
            if not self._engine.is_shared:
                with closing(self._engine.connect()) as connection:
                    intents.end_leases(connection)
            self.writer = stack.enter_context(Writer(self._engine))
            self.reader = stack.enter_context(closing(self._engine.connect(read_only=True)))
            self.outbox = outbox.Outbox(self.writer, self.reader)
            self.intents = intents.Intents(self.writer, self.reader, self._desk_name)
            self.commands = commands.Commands(self.writer, self.reader)
            self.tickets = desk.LedgerTicketStore(self.writer, self.reader, self._prefix)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    # --- in ---------------------------------------------------------------------------------------------------------

    async def accept(self, messages: Sequence[IncomingMessage]) -> list[Accepted]:
        """Store the messages durably; gives the new ones, in order (the others were here already)."""
        rows = [
            {
                "dedupe_key": m.dedupe_key,
                "channel": m.channel,
                "account": m.account,
                "kind": m.kind,
                "conversation_key": m.conversation_key,
                "partition": partition_of(m),
                "message_id": m.message_id,
                "author_id": m.author.id,
                "payload": codec.dump(m),
                "sent_at": codec.stamp(m.sent_at),
                "received_at": codec.stamp(),
            }
            for m in messages
        ]

        def operation(connection: Connection) -> list[Accepted]:
            accepted = []
            for row, message in zip(rows, messages, strict=True):
                cursor = connection.execute(
                    "INSERT INTO inbound (dedupe_key, channel, account, kind, conversation_key, partition, message_id,"
                    " author_id, payload, sent_at, received_at, state) VALUES (:dedupe_key, :channel, :account, :kind,"
                    " :conversation_key, :partition, :message_id, :author_id, :payload, :sent_at, :received_at, 'new')"
                    " ON CONFLICT (dedupe_key) DO NOTHING RETURNING id",
                    row,
                )
                accepted += [Accepted(id=made["id"], message=message) for made in cursor.fetchall()]
            for new in accepted:
                connection.tell(INBOUND, str(share_of(new.message)))
            return accepted

        return await self.writer.run(operation)

    def count_undecided(self) -> int:
        """How many messages have no outcome yet."""
        count: int = self.reader.execute("SELECT count(*) FROM inbound WHERE state = 'new'").fetchone()[0]
        return count

    def behind(self) -> frozenset[str]:
        """The conversations that hold messages without an outcome."""
        rows = self.reader.execute("SELECT DISTINCT conversation_key FROM inbound WHERE state = 'new'")
        return frozenset(row["conversation_key"] for row in rows)

    def undecided(self, after: int = 0, limit: int = _PAGE) -> list[Accepted]:
        """Messages without an outcome, oldest first, a page after the id `after`."""
        rows = self.reader.execute(
            "SELECT id, payload FROM inbound WHERE state = 'new' AND id > ? ORDER BY id LIMIT ?", (after, limit)
        )
        return [Accepted(id=row["id"], message=codec.load(IncomingMessage, row["payload"])) for row in rows]

    def undecided_in(self, shares: Sequence[int], known: Collection[int]) -> list[Accepted]:
        """A page of the messages of these shares that have no outcome, oldest first, without the `known` ones."""
        waiting = self.reader.execute(
            f"SELECT id FROM inbound WHERE state = 'new' AND partition % {SHARES} IN ({marks(shares)})"
            " ORDER BY id LIMIT ?",
            (*shares, len(known) + _PAGE),
        )
        fresh = [row["id"] for row in waiting if row["id"] not in known][:_PAGE]
        rows = self.reader.execute(
            f"SELECT id, payload FROM inbound WHERE id IN ({marks(fresh)}) AND state = 'new' ORDER BY id", fresh
        )
        return [found for row in rows if (found := _readable(row)) is not None]

    # --- what a decision looks at -----------------------------------------------------------------------------------

    def context(  # noqa: PLR0913 - what is known of the message already
        self,
        message: IncomingMessage,
        state: ConversationState,
        *,
        number: str | None,
        complaint_key: str | None,
        desk_numbers: Sequence[str] = (),
        written_in: str | None = None,
    ) -> Context:
        """Everything known around a message.

        Args:
            message: what is to be decided.
            state: of its conversation.
            number: a ticket number of our form that it names.
            desk_numbers: what may be numbers as the desk writes them.
            complaint_key: of the ticket that a moderated complaint would have.
            written_in: the language that it is surely written in.
        """
        requester = message.on_behalf_of or message.author
        person = Identity(message.channel, message.account, requester.id)
        known = people.glance(self.reader, person, message.conversation_key)
        others = people.linked(self.reader, person) if known.has_links else frozenset()
        own = self._own([person, *others]) if known.has_tickets or others else ()
        code = claims.hash_in(message.text)
        hangs_on = next((ticket for ticket in own if ticket.key == state.ticket_key), None)
        if hangs_on is None and state.ticket_key:
            hangs_on = self.ticket(state.ticket_key)
        numbers = [number] if number else [f for n in desk_numbers for f in (n, f"#{n}", n.lower(), n.upper())]
        named = self._named(numbers, number, person) if numbers else None
        return Context(
            conversation=state,
            ticket=hangs_on,
            named=named,
            names_number=bool(number or named or (desk_numbers and state.phase is Phase.NUMBERING)),
            is_awaited=bool(desk_numbers) and self._is_awaited(own),
            own=own,
            identities=others,
            is_silenced=bool(known.is_silenced),
            claim=self._claim(person, code) if code else None,
            new_code=claims.new_code() if _may_want_code(message) else "",
            complaint=self._about(message, complaint_key),
            earlier_outcome=self._earlier_outcome(message) if message.kind is Kind.EDITED else None,
            unconfirmed=self._unconfirmed(message.conversation_key) if known.has_unconfirmed else (),
            chosen_language=known.language,
            written_in=written_in,
            private=self._private_instead(message, message.author) if message.secrets else None,
            complainant_private=(
                self._private_instead(message, message.on_behalf_of)
                if message.on_behalf_of and message.parent and message.parent.secrets
                else None
            ),
        )

    def _own(self, identities: Sequence[Identity]) -> tuple[Ticket, ...]:
        """A person's tickets of the last days, newest first."""
        since = codec.stamp(datetime.now(UTC) - timedelta(days=_OWN_TICKETS_DAYS))
        return self._tickets(
            f"({' OR '.join(['(channel = ? AND account = ? AND author_id = ?)'] * len(identities))})"
            " AND opened_at >= ? ORDER BY opened_at DESC LIMIT 20",
            (*(part for identity in identities for part in identity), since),
        )

    def _named(self, numbers: Sequence[str], reference: str | None, person: Identity) -> Ticket | None:
        """The ticket with one of these numbers or this reference of ours, the person's own first."""
        found = self._tickets(
            f"(number IN ({marks(numbers)}) OR reference = ?)"
            " ORDER BY channel = ? AND account = ? AND author_id = ? DESC, opened_at DESC LIMIT 1",
            (*numbers, reference, *person),
        )
        return found[0] if found else None

    def _is_awaited(self, own: Sequence[Ticket]) -> bool:
        """Whether one of these is open and a person wrote on it, or marked it as waiting for the requester."""
        waiting = [ticket for ticket in own if not ticket.status.is_over]
        places = [place for t in waiting for place in (t.conversation_key, t.private_conversation) if place]
        row = self.reader.execute(
            f"SELECT 1 FROM outgoing WHERE conversation_key IN ({marks(places)})"
            f" AND ticket_key IN ({marks(waiting)}) AND speaker = 'agent' LIMIT 1",
            (*places, *(ticket.key for ticket in waiting)),
        )
        return any(ticket.status is Status.PENDING for ticket in waiting) or row.fetchone() is not None

    def _claim(self, person: Identity, code_hash: str) -> ClaimTry:
        holder = people.holder(self.reader, person, code_hash)
        newest: tuple[Ticket, ...] = ()
        if holder is not None:
            newest = self._tickets(
                "channel = ? AND account = ? AND author_id = ? ORDER BY status IN ('resolved', 'closed'),"
                " opened_at DESC LIMIT 1",
                holder,
            )
        return ClaimTry(code_hash=code_hash, holder=holder, ticket=newest[0] if newest else None)

    def _private_instead(self, message: IncomingMessage, person: Author) -> ReplyTarget | None:
        """Where `person` can be told in private what a message in a shared place gives rise to."""
        if message.reply_to.visibility is Visibility.PRIVATE:
            return None
        return self.private_place(message.channel, message.account, person.id)

    def _about(self, message: IncomingMessage, complaint_key: str | None) -> Ticket | None:
        """The ticket that the message under a moderator's act, or the one deleted or edited, opened or was added to."""
        message_id = message.message_id
        if message.kind in {Kind.DELETED, Kind.EDITED}:
            complaint_key = ticket_key(message.conversation_key, message.reply_to.place, message_id)
        elif complaint_key is None or message.parent is None:
            return None
        else:
            message_id = message.parent.message_id
        found = self._tickets(
            "(key = ? OR key IN (SELECT o.ticket_key FROM outcomes o JOIN inbound i ON i.id = o.inbound_id"
            " WHERE i.channel = ? AND i.account = ? AND i.message_id = ? AND i.conversation_key = ?"
            f" AND {_PLACE} AND o.outcome IN ('ticket_opened', 'appended'))) ORDER BY opened_at LIMIT 1",
            (
                complaint_key,
                message.channel,
                message.account,
                message_id,
                message.conversation_key,
                message.reply_to.place,
            ),
        )
        return found[0] if found else None

    def _earlier_outcome(self, message: IncomingMessage) -> str | None:
        """What came of the message before it was edited; "ignored" only where nothing else ever did."""
        row = self.reader.execute(
            "SELECT o.outcome FROM inbound i JOIN outcomes o ON o.inbound_id = i.id"
            " WHERE i.channel = ? AND i.account = ?"
            f" AND i.message_id = ? AND i.conversation_key = ? AND {_PLACE}"
            " AND i.kind IN ('created', 'command', 'edited')"
            " ORDER BY o.outcome = 'ignored', i.id LIMIT 1",
            (
                message.channel,
                message.account,
                message.message_id,
                message.conversation_key,
                message.reply_to.place,
            ),
        ).fetchone()
        return row["outcome"] if row else None

    def conversation(self, key: str) -> ConversationState:
        """A conversation's state; a fresh one where there is none."""
        row = self.reader.execute("SELECT state FROM conversations WHERE key = ?", (key,)).fetchone()
        return codec.load(ConversationState, row["state"]) if row else ConversationState()

    def private_place(self, channel: str, account: str, author_id: str) -> ReplyTarget | None:
        """Where this person can be told something in private, if they ever wrote there."""
        place = people.private_place(self.reader, Identity(channel, account, author_id))
        return codec.load(ReplyTarget, place[0]) if place else None

    def ticket(self, key: str) -> Ticket | None:
        """A ticket of this desk by its key."""
        found = self._tickets("key = ?", (key,))
        return found[0] if found else None

    def ticket_at_desk(self, desk_id: str) -> Ticket | None:
        """A ticket by its id at the desk."""
        found = self._tickets("desk_id = ?", (desk_id,))
        return found[0] if found else None

    def open_at_desk(self) -> list[str]:
        """The desk's ids of its tickets that are not over."""
        rows = self.reader.execute(
            "SELECT desk_id FROM tickets WHERE desk = ? AND desk_id IS NOT NULL"
            " AND status NOT IN ('resolved', 'closed')",
            (self._desk_name,),
        )
        return [row["desk_id"] for row in rows]

    def unread_at_desk(self) -> list[str]:
        """The desk's ids of young tickets of which something may have been missed before we knew them."""
        since = codec.stamp(datetime.now(UTC) - timedelta(days=_UNREAD_DAYS))
        rows = self.reader.execute(
            "SELECT desk_id FROM tickets WHERE desk = ? AND desk_id IS NOT NULL AND version = '' AND opened_at >= ?",
            (self._desk_name, since),
        )
        return [row["desk_id"] for row in rows]

    def has_unsent_words(self, ticket_key: str) -> bool:
        """Whether the requester wrote something that the desk has not got yet."""
        row = self.reader.execute(
            "SELECT 1 FROM ticket_intents WHERE ticket_key = ? AND action = 'message' AND state IN ('new', 'sending')",
            (ticket_key,),
        )
        return row.fetchone() is not None

    def has_tickets(self) -> bool:
        """Whether anything that happens at the desk could concern anybody."""
        since = codec.stamp(datetime.now(UTC) - timedelta(days=_NEWS_DAYS))
        row = self.reader.execute(
            "SELECT 1 FROM tickets WHERE desk = ? AND desk_id IS NOT NULL"
            " AND (status NOT IN ('resolved', 'closed') OR changed_at >= ?) LIMIT 1",
            (self._desk_name, since),
        )
        return row.fetchone() is not None

    def _tickets(self, where: str, values: tuple[object, ...]) -> tuple[Ticket, ...]:
        """Those of this desk: another desk's tickets are out of reach, and its numbers and ids mean nothing here."""
        rows = self.reader.execute(f"SELECT * FROM tickets WHERE desk = ? AND {where}", (self._desk_name, *values))
        return tuple(_ticket(row) for row in rows)

    def _unconfirmed(self, conversation_key: str) -> tuple[str, ...]:
        rows = self.reader.execute(
            f"SELECT DISTINCT number FROM outgoing WHERE conversation_key = ? AND {people.UNCONFIRMED}",
            (conversation_key,),
        )
        return tuple(row["number"] for row in rows)

    async def lines(self, conversation_key: str, *, limit: int) -> list[TranscriptLine]:
        """The last lines of a conversation, oldest first (implements `adapters.base.Transcript`)."""
        rows = self.reader.execute(
            "SELECT message_id AS id, 'user' AS author, payload AS value, received_at AS at, 0 AS side, id AS seq"
            " FROM inbound WHERE conversation_key = :key AND kind IN ('created', 'command', 'action')"
            " AND erased_at IS NULL UNION ALL"
            " SELECT key, speaker, reply, created_at, 1, id FROM outgoing"
            " WHERE conversation_key = :key AND state IN ('sending', 'sent', 'ambiguous')"
            " ORDER BY at DESC, side DESC, seq DESC LIMIT :limit",
            {"key": conversation_key, "limit": limit},
        ).fetchall()
        return [line for row in reversed(rows) if (line := _line(row)) is not None]

    # --- the one transaction ----------------------------------------------------------------------------------------

    async def commit(self, accepted: Accepted, effects: Effects, *, under: Lease | None = None) -> Committed:
        """Write the outcome and all that follows from it.

        Raises `Superseded` where the message has one already, `LeaseLost` where it is another process's to decide.
        """
        return await self.writer.run(lambda connection: self._write(connection, accepted, effects), under=under)

    def _write(self, connection: Connection, accepted: Accepted, effects: Effects) -> Committed:
        now = codec.stamp()
        message = accepted.message
        state = "failed" if effects.outcome == "failed" else "done"
        fence = connection.execute("UPDATE inbound SET state = ? WHERE id = ? AND state = 'new'", (state, accepted.id))
        if not fence.rowcount:
            raise Superseded(f"Message {accepted.id} has its outcome already.")
        connection.execute(
            "INSERT INTO outcomes (inbound_id, outcome, rule, entry, score, ticket_key, reason, decided_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                accepted.id,
                effects.outcome,
                effects.rule,
                effects.entry,
                effects.score,
                effects.opening.draft.key if effects.opening else effects.ticket_key,
                effects.reason,
                now,
            ),
        )
        if effects.outcome != "ignored":
            _save_conversation(connection, message, effects.state, now)
        if effects.confirms:
            connection.execute(
                "UPDATE outgoing SET state = 'cancelled', error = 'told again in a later reply', changed_at = ?"
                f" WHERE conversation_key = ? AND {people.UNCONFIRMED}"
                f" AND number IN ({marks(effects.confirms)})",
                (now, message.conversation_key, *effects.confirms),
            )
        if effects.silence:
            outbox.silenced(connection, Identity(message.channel, message.account, message.author.id))
        made = outbox.insert(
            connection,
            effects.says,
            conversation_key=message.conversation_key,
            inbound_id=accepted.id,
            ticket_key=effects.ticket_key,
        )
        wake = False
        if effects.opening:
            opened, wake = self._open(connection, effects.opening, accepted.id, now)
            made += opened
        for added in effects.desk:
            wake |= intents.add(connection, added, transactional=self._transactional)
            if added.kind == "message":  # the requester's words open a ticket that was over, or waited for them
                connection.execute(
                    "UPDATE tickets SET status = 'open', changed_at = ?"
                    " WHERE key = ? AND status IN ('pending', 'resolved', 'closed')",
                    (now, added.ticket_key),
                )
        self._note(connection, message, effects, now)
        if effects.silence is False:
            made += outbox.unsilenced(connection, Identity(message.channel, message.account, message.author.id))
        if not effects.keeps_words:
            erasing.erase_row(connection, accepted.id)
        return Committed(outgoing=tuple(made), intents=wake)

    def _open(self, connection: Connection, opening: Opening, inbound_id: int, now: str) -> tuple[list[Outgoing], bool]:
        """Open the ticket here, or leave an intent for the desk; a ticket of that key that exists is taken instead."""
        key = opening.draft.key
        connection.execute(
            "INSERT INTO tickets (key, desk, status, channel, account, author_id, conversation_key, language,"
            " visibility, reply_to, words, opened_at, changed_at) VALUES (?, ?, 'new', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (key) DO NOTHING",
            (
                key,
                self._desk_name,
                opening.channel,
                opening.account,
                opening.author_id,
                opening.conversation_key,
                opening.language,
                opening.visibility,
                codec.dump(opening.reply_to),
                opening.words,
                now,
                now,
            ),
        )
        number = connection.execute("SELECT number FROM tickets WHERE key = ?", (key,)).fetchone()["number"]
        if number is None and self._transactional:
            ref = desk.open_ticket(connection, opening.draft, self._prefix)
            connection.execute("UPDATE tickets SET desk_id = ?, number = ? WHERE key = ?", (ref.id, ref.number, key))
            number = ref.number
        if number is None:
            intents.create(connection, opening, inbound_id, self._prefix)
            return [], True
        made = outbox.insert(
            connection,
            opening.announce,
            conversation_key=opening.conversation_key,
            inbound_id=inbound_id,
            number=number,
            ticket_key=key,
        )
        return made, False

    def _note(self, connection: Connection, message: IncomingMessage, effects: Effects, now: str) -> None:
        if effects.attach:
            connection.execute(
                "UPDATE tickets SET private_to = ?, private_conversation = ?, changed_at = ? WHERE key = ?",
                (codec.dump(message.reply_to), message.conversation_key, now, effects.attach),
            )
        person = Identity(message.channel, message.account, message.author.id)
        if effects.silence is not None:
            people.silence(connection, person, wanted=effects.silence)
        if effects.claim is not None:
            people.carry_out(connection, person, effects.claim)
        if effects.unlinks:
            people.unlink(connection, person)
        if effects.rating:
            key, stars = effects.rating
            connection.execute("UPDATE tickets SET rating = ?, changed_at = ? WHERE key = ?", (stars, now, key))
        if effects.erase:
            erasing.erase(connection, message, effects.erase)

    async def retry(
        self, inbound_id: int, *, also: Callable[[Connection], None] = outbox.nothing_else
    ) -> Accepted | None:
        """Forget the failed outcome of a message, so that it is worked on again. Raises `LookupError`.

        `also` is part of the same transaction: it settles the order, so that no crash can carry it out twice.

        None where it was decided and the desk refused what came of it: the desk is asked again.
        """

        def operation(connection: Connection) -> Accepted | None:
            row = connection.execute("SELECT * FROM inbound WHERE id = ?", (inbound_id,)).fetchone()
            if row is None or row["state"] != "failed":
                raise LookupError(f"Message {inbound_id} is not among the failed ones. See: firstline ledger")
            if row["erased_at"] is not None:
                raise LookupError(f"The words of message {inbound_id} are erased; there is nothing left to work on.")
            also(connection)
            if replaying.retry(connection, inbound_id, self._desk_name):
                return None
            connection.execute("DELETE FROM outcomes WHERE inbound_id = ?", (inbound_id,))
            connection.execute("UPDATE inbound SET state = 'new' WHERE id = ?", (inbound_id,))
            accepted = Accepted(id=inbound_id, message=codec.load(IncomingMessage, row["payload"]))
            connection.tell(INBOUND, str(share_of(accepted.message)))
            return accepted

        return await self.writer.run(operation)

    # --- small things -----------------------------------------------------------------------------------------------

    async def load_state(self, name: str) -> str | None:
        """A cursor's value."""
        row = self.reader.execute("SELECT value FROM cursors WHERE name = ?", (name,)).fetchone()
        return row["value"] if row else None

    async def save_state(self, name: str, value: str) -> None:
        """Keep a cursor's value durably."""
        await self.writer.run(lambda connection: save_cursor(connection, name, value))

    async def secret(self) -> bytes:
        """32 bytes made once for this installation."""

        def operation(connection: Connection) -> str:
            connection.execute(
                "INSERT INTO cursors (name, value, changed_at) VALUES (?, ?, ?) ON CONFLICT (name) DO NOTHING",
                (_SIGNING, os.urandom(32).hex(), codec.stamp()),
            )
            value: str = connection.execute("SELECT value FROM cursors WHERE name = ?", (_SIGNING,)).fetchone()["value"]
            return value

        known = await self.load_state(_SIGNING)
        return bytes.fromhex(await self.writer.run(operation) if known is None else known)

    @property
    def title(self) -> str:
        """Where it is, for people."""
        return self._engine.title

    @property
    def done_here(self) -> set[tuple[str, str]]:
        """Of what this process takes up by itself: topics, and what about, that no other one need be told of."""
        return self._engine.done_here

    async def forget_older_than(self, age: timedelta) -> int:
        """Erase the words of decided messages and finished replies older than `age`; outcome rows stay."""
        before = codec.stamp(datetime.now(UTC) - age)
        return await self.writer.run(lambda connection: erasing.forget(connection, before))


def _readable(row: Row) -> Accepted | None:
    """A message as it was accepted; None for one that a newer release wrote and this one cannot read."""
    try:
        return Accepted(id=row["id"], message=codec.load(IncomingMessage, row["payload"]))
    except ValueError:  # it stops no other
        _log.error("A message cannot be read", extra={"action": "message_unreadable", "inbound": row["id"]})
        return None


def save_cursor(connection: Connection, name: str, value: str) -> None:
    """Write a cursor inside somebody's transaction."""
    connection.execute(
        "INSERT INTO cursors (name, value, changed_at) VALUES (?, ?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at",
        (name, value, codec.stamp()),
    )


def _save_conversation(connection: Connection, message: IncomingMessage, state: ConversationState, now: str) -> None:
    person = message.on_behalf_of or message.author
    connection.execute(
        "INSERT INTO conversations (key, channel, account, author_id, visibility, state, reply_to, changed_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET state = excluded.state,"
        " reply_to = excluded.reply_to, visibility = excluded.visibility, changed_at = excluded.changed_at",
        (
            message.conversation_key,
            message.channel,
            message.account,
            person.id,
            message.visibility,
            codec.dump(state),
            codec.dump(message.reply_to),
            now,
        ),
    )


def _may_want_code(message: IncomingMessage) -> bool:
    return message.command == "claim" or phrases.says(message.text, "claim")


def _ticket(row: Row) -> Ticket:
    return Ticket(
        key=row["key"],
        desk_id=row["desk_id"],
        number=row["number"],
        status=Status(row["status"]),
        channel=row["channel"],
        account=row["account"],
        author_id=row["author_id"],
        conversation_key=row["conversation_key"],
        language=row["language"],
        visibility=Visibility(row["visibility"]),
        reply_to=codec.load(ReplyTarget, row["reply_to"]),
        words=row["words"],
        opened_at=codec.read_stamp(row["opened_at"]),
        changed_at=codec.read_stamp(row["changed_at"]),
        rating=row["rating"],
        rating_asked_at=codec.read_stamp(row["rating_asked_at"]) if row["rating_asked_at"] else None,
        reference=row["reference"] or "",
        raw_status=row["raw_status"],
        version=row["version"],
        private_to=codec.load(ReplyTarget, row["private_to"]) if row["private_to"] else None,
        private_conversation=row["private_conversation"] or "",
    )


def _line(row: Row) -> TranscriptLine | None:
    at = codec.read_stamp(row["at"])
    if row["author"] != "user":
        reply = codec.load(Reply, row["value"])
        if not reply.text:
            return None  # forgotten
        text = reply.text.replace(reply.secret, "…") if reply.secret else reply.text
        return TranscriptLine(id=row["id"], author=row["author"], text=text, buttons=reply.buttons, at=at)
    message = codec.load(IncomingMessage, row["value"])
    words = f"/{message.command} {message.text}".rstrip() if message.command else message.text
    words = words or ", ".join(f"[{attachment.name}]" for attachment in message.attachments)
    if not words or message.on_behalf_of is not None:
        return None  # not meant for the bot, or a moderator's
    return TranscriptLine(id=row["id"], author="user", text=words, at=at)
