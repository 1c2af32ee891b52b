"""Replies to post and their states: [held ->] pending -> sending -> sent | ambiguous | failed | cancelled."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from adapters.base import Release, Reply, Visibility
from adapters.markup import escape
from adapters.splitting import shortened
from bots.ledger import codec
from bots.ledger.connection import REPLIES, marks
from bots.pipeline.effects import NUMBER, SILENCED, Say

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from bots.ledger.connection import Connection, Row
    from bots.ledger.database import Lease, Writer
    from bots.pipeline.state import Identity


_MOST_IN_AN_HOUR = 100
_POSTED = ("sent",)  # another lane may have noted that meanwhile: it is so
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A reply on its way. `resumed`: it was being sent when the bot died, so it may have been posted."""

    id: int
    reply: Reply
    attempts: int = 0
    not_before: datetime | None = None
    resumed: bool = False
    since: datetime = field(default_factory=lambda: datetime.now(UTC))


def insert(  # noqa: PLR0913 - a row's columns
    connection: Connection,
    says: Iterable[Say],
    *,
    conversation_key: str,
    inbound_id: int | None = None,
    number: str | None = None,
    ticket_key: str | None = None,
) -> list[Outgoing]:
    """Write the replies, split into what the platform takes; those whose key is there already are left as they are.

    Gives those to post. One that has no place to go to is written as failed, for a person to see; one that a moderator
    has to release is written whole, as held.
    """
    made: list[Outgoing] = []
    now = codec.stamp()
    for say in says:
        known = number or say.number
        whole = _whole(say, known)
        state, why = "pending", None
        if not say.target.can_reply:
            state, why = "failed", say.target.why_not or "nobody can answer there"
        elif hold := _hold(connection, say, conversation_key):
            state, why = ("failed", "nobody else may read its secret") if say.secret else ("held", hold)
            whole = _bare(whole)
        for reply in [whole] if state == "held" else _parts(whole, ending=say.ending):
            cursor = connection.execute(
                "INSERT INTO outgoing (key, channel, place, conversation_key, inbound_id, ticket_key, speaker, reply,"
                " number, state, error, not_before, created_at, changed_at)"
                " VALUES (:key, :channel, :place, :conversation, :inbound, :ticket, :speaker, :reply, :number, :state,"
                " :why, :now, :now, :now) ON CONFLICT (key) DO NOTHING RETURNING id",
                {
                    **_columns(reply),
                    "conversation": conversation_key,
                    "inbound": inbound_id,
                    "ticket": say.ticket_key or ticket_key,
                    "state": state,
                    "why": why,
                    "now": now,
                },
            )
            if state == "pending":
                made += [Outgoing(id=row["id"], reply=reply) for row in cursor.fetchall()]
    _tell(connection, made)
    return made


def _tell(connection: Connection, made: Iterable[Outgoing]) -> None:
    for outgoing in made:
        connection.tell(REPLIES, outgoing.reply.target.channel)


def is_held_since(connection: Connection, key: str, stamp: str) -> bool:
    """Whether a reply was written then or later, and waits for a moderator."""
    found = connection.execute(
        "SELECT 1 FROM outgoing WHERE key = ? AND state = 'held' AND created_at >= ?", (key, stamp)
    ).fetchone()
    return found is not None


def _columns(reply: Reply) -> dict[str, str | None]:
    return {
        "key": reply.key,
        "channel": reply.target.channel,
        "place": reply.target.place,
        "speaker": reply.speaker,
        "reply": codec.dump(reply),
        "number": reply.number,
    }


def _hold(connection: Connection, say: Say, conversation_key: str) -> str:
    """Why a moderator has to release a text, or nothing."""
    target = say.target
    if say.hold:
        return say.hold
    if target.release is not Release.AUTOMATIC:
        return target.why_not or "the channel's settings ask for it"
    if target.visibility is not Visibility.PRIVATE and _is_endless(connection, conversation_key):
        return f"{_MOST_IN_AN_HOUR} replies in an hour to one person: is another bot talking?"
    if target.max_replies is None:
        return ""
    posted: int = connection.execute(
        "SELECT count(*) FROM outgoing WHERE channel = ? AND place = ? AND state NOT IN ('failed', 'cancelled', 'held')"
        " AND json_extract(reply, '$.follows') = '' AND json_extract(reply, '$.target.address') = ? AND key <> ?",
        (target.channel, target.place, codec.dump(dict(target.address)), say.key),
    ).fetchone()[0]
    if posted < target.max_replies:
        return ""
    return "as many automatic replies to that message as are allowed there were sent"


def _is_endless(connection: Connection, conversation_key: str) -> bool:
    """Whether two programs may be answering each other where people read along."""
    hour_ago = codec.stamp(datetime.now(UTC) - timedelta(hours=1))
    (count,) = connection.execute(
        "SELECT count(*) FROM outgoing WHERE conversation_key = ? AND created_at > ? AND speaker = 'bot'",
        (conversation_key, hour_ago),
    ).fetchone()
    return bool(count >= _MOST_IN_AN_HOUR)


def _whole(say: Say, number: str | None) -> Reply:
    text = say.text.replace(NUMBER, number or "")
    instead = say.instead and replace(say.instead, text=say.instead.text.replace(NUMBER, number or ""))
    return Reply(
        key=say.key,
        target=say.target,
        text=text,
        buttons=say.buttons,
        visibility=say.target.visibility,
        number=number if number and number in text else None,
        quiet=say.quiet,
        speaker=say.speaker,
        secret=say.secret,
        instead=instead,
    )


def _parts(whole: Reply, *, ending: str = "") -> list[Reply]:
    """What the platform takes one after the other; only the last carries the buttons."""
    target = whole.target
    parts = shortened(
        whole.text, max_len=target.max_len, unit=target.len_unit, max_parts=target.max_parts, ending=ending
    )
    if parts == [whole.text]:
        return [whole]
    last = len(parts) - 1
    keys = [whole.key, *(f"{whole.key}/{i + 2}" for i in range(last))]
    return [
        replace(
            whole,
            key=keys[i],
            text=part,
            buttons=whole.buttons if i == last else (),
            number=whole.number if whole.number and whole.number in part else None,
            follows=keys[i - 1] if i else "",
            instead=None if i else whole.instead,
        )
        for i, part in enumerate(parts)
    ]


def nothing_else(_: Connection) -> None:
    """Nothing more belongs to the transaction."""


class Outbox:
    """The states of replies, each change one durable write."""

    def __init__(self, writer: Writer, reader: Connection) -> None:
        self._writer = writer
        self._reader = reader

    def unfinished(self, channel: str, *, after: int = 0, limit: int = 1000) -> list[Outgoing]:
        """A channel's replies to post or whose posting was cut, oldest first, a page after the id `after`."""
        rows = self._reader.execute(
            "SELECT * FROM outgoing WHERE state IN ('pending', 'sending') AND channel = ? AND id > ?"
            " ORDER BY id LIMIT ?",
            (channel, after, limit),
        )
        return [_outgoing(row) for row in rows]

    def waiting(self, channel: str, known: Collection[int], *, limit: int) -> list[Outgoing]:
        """A channel's replies to post or whose posting was cut, oldest first, without the `known` ones."""
        rows = self._reader.execute(
            "SELECT id FROM outgoing WHERE state IN ('pending', 'sending') AND channel = ? ORDER BY id LIMIT ?",
            (channel, len(known) + limit),
        )
        fresh = [row["id"] for row in rows if row["id"] not in known][:limit]
        rows = self._reader.execute(
            f"SELECT * FROM outgoing WHERE id IN ({marks(fresh)}) AND state IN ('pending', 'sending') ORDER BY id",
            fresh,
        )
        found: list[Outgoing] = []
        for row in rows:
            try:
                found.append(_outgoing(row))
            except ValueError:  # a newer release wrote it; it stops no other
                _log.error("A reply cannot be read", extra={"action": "reply_unreadable", "outgoing": row["id"]})
        return found

    async def sending(self, outgoing: Outgoing, *, under: Lease | None = None) -> bool:
        """Note, before the platform is called, that it is about to be; False where the reply is settled already.

        Raises `LeaseLost` where another process posts on that channel: so do the methods below that take a lease.
        """
        settled = ("cancelled", "sent", "ambiguous", "failed", "held")
        return await self._set(outgoing.id, "sending", under, attempts=outgoing.attempts + 1, unless=settled)

    def posted(self, key: str) -> tuple[str, str]:
        """The state of a reply, and the platform's id of it where it was posted."""
        row = self._reader.execute("SELECT state, posted_id FROM outgoing WHERE key = ?", (key,)).fetchone()
        return (row["state"], row["posted_id"] or "") if row else ("", "")

    async def sent(self, outgoing: Outgoing, posted_id: str) -> None:
        """The platform gave the reply this id: that is so, whoever holds which lease."""
        await self._set(outgoing.id, "sent", None, posted_id=posted_id, **_without_secret(outgoing.reply))

    async def later(self, outgoing: Outgoing, not_before: datetime, why: str, *, under: Lease | None = None) -> None:
        """Not posted; to be tried again (or moved to another target)."""
        at, reply = codec.stamp(not_before), codec.dump(outgoing.reply)
        await self._set(outgoing.id, "pending", under, not_before=at, error=why, reply=reply, unless=_POSTED)

    async def ambiguous(self, outgoing: Outgoing, why: str, *, under: Lease | None = None) -> None:
        """Nobody can find out whether it was posted."""
        await self._set(outgoing.id, "ambiguous", under, error=why, **_without_secret(outgoing.reply), unless=_POSTED)

    async def failed(self, outgoing: Outgoing, why: str, *, under: Lease | None = None) -> None:
        """The platform refuses it for good."""
        await self._set(outgoing.id, "failed", under, error=why, **_without_secret(outgoing.reply), unless=_POSTED)

    async def replaced(self, outgoing: Outgoing, why: str, *, under: Lease | None = None) -> list[Outgoing]:
        """The platform refuses it for good: note that, and put what is to be said instead on its way."""
        reply = outgoing.reply
        if reply.instead is None:
            raise ValueError(f"Nothing is to be said instead of reply {outgoing.id}.")
        say = Say(key=f"{reply.key}:instead", target=reply.instead.target, text=reply.instead.text, number=reply.number)

        def operation(connection: Connection) -> list[Outgoing]:
            row = connection.execute("SELECT * FROM outgoing WHERE id = ?", (outgoing.id,)).fetchone()
            connection.execute(
                "UPDATE outgoing SET state = 'failed', reply = ?, error = ?, changed_at = ? WHERE id = ?",
                (codec.dump(_bare(reply)), why, codec.stamp(), outgoing.id),
            )
            return insert(
                connection,
                [say],
                conversation_key=row["conversation_key"],
                inbound_id=row["inbound_id"],
                ticket_key=row["ticket_key"],
            )

        return await self._writer.run(operation, under=under)

    async def resend(self, outgoing_id: int, *, also: Callable[[Connection], None] = nothing_else) -> Outgoing:
        """A person decided that an ambiguous or failed reply is to be posted (again). Raises `LookupError`.

        `also` is part of the same transaction: it settles the order, so that no crash can carry it out twice.
        """

        def operation(connection: Connection) -> Outgoing:
            changed = connection.execute(
                "UPDATE outgoing SET state = 'pending', attempts = 0, not_before = ?, changed_at = ?"
                " WHERE id = ? AND state IN ('ambiguous', 'failed') AND json_extract(reply, '$.text') <> ''",
                (codec.stamp(), codec.stamp(), outgoing_id),
            ).rowcount
            if not changed:
                raise LookupError(f"Reply {outgoing_id} is neither ambiguous nor failed, or its words are erased.")
            also(connection)
            again = _outgoing(connection.execute("SELECT * FROM outgoing WHERE id = ?", (outgoing_id,)).fetchone())
            _tell(connection, [again])
            return again

        return await self._writer.run(operation)

    # --- what waits for a moderator ---------------------------------------------------------------------------------

    async def release(self, outgoing_id: int, *, also: Callable[[Connection], None] = nothing_else) -> list[Outgoing]:
        """A moderator lets a held reply out: what is to be posted; nothing where a person posts it by hand.

        Raises `LookupError` where none of that id is held.
        """

        def operation(connection: Connection) -> list[Outgoing]:
            row, reply = _held(connection, outgoing_id)
            also(connection)
            return _let_out(connection, row, reply)

        return await self._writer.run(operation)

    async def edit(self, outgoing_id: int, text: str, *, also: Callable[[Connection], None] = nothing_else) -> None:
        """A moderator words a held reply anew (plain text). Raises `LookupError` where none of that id is held."""

        def operation(connection: Connection) -> None:
            _, reply = _held(connection, outgoing_id)
            also(connection)
            number = reply.number if reply.number and reply.number in text else None
            edited = replace(reply, text=escape(text), number=number)
            connection.execute(
                "UPDATE outgoing SET reply = ?, number = ?, changed_at = ? WHERE id = ?",
                (codec.dump(edited), number, codec.stamp(), outgoing_id),
            )

        await self._writer.run(operation)

    async def dismiss(self, outgoing_id: int, *, also: Callable[[Connection], None] = nothing_else) -> None:
        """A moderator decides that a held reply is not to be posted. Raises `LookupError` as above."""

        def operation(connection: Connection) -> None:
            _held(connection, outgoing_id)
            also(connection)
            connection.execute(
                "UPDATE outgoing SET state = 'cancelled', changed_at = ? WHERE id = ?", (codec.stamp(), outgoing_id)
            )

        await self._writer.run(operation)

    async def _set(
        self, outgoing_id: int, state: str, under: Lease | None, *, unless: tuple[str, ...] = (), **columns: object
    ) -> bool:
        sets = ", ".join(["state = ?", "changed_at = ?", *(f"{column} = ?" for column in columns)])
        fence = "".join(" AND state <> ?" for _ in unless)
        values = (state, codec.stamp(), *columns.values(), outgoing_id, *unless)

        def operation(connection: Connection) -> bool:
            return bool(connection.execute(f"UPDATE outgoing SET {sets} WHERE id = ?{fence}", values).rowcount)

        return await self._writer.run(operation, under=under)


def silenced(connection: Connection, person: Identity) -> None:
    """Hold back what is on its way to somebody in public who wants silence from now on."""
    connection.execute(
        "UPDATE outgoing SET state = 'held', error = ?, changed_at = ? WHERE state = 'pending'"
        " AND json_extract(reply, '$.visibility') <> 'private' AND conversation_key IN"
        " (SELECT key FROM conversations WHERE channel = ? AND account = ? AND author_id = ?)",
        (SILENCED, codec.stamp(), *person),
    )


def unsilenced(connection: Connection, person: Identity) -> list[Outgoing]:
    """Let out what waited only because its reader wanted silence, inside the transaction in which they want no more."""
    rows = connection.execute(
        "SELECT o.* FROM outgoing o JOIN conversations c ON c.key = o.conversation_key"
        " WHERE o.state = 'held' AND o.error = ? AND o.erased_at IS NULL"
        " AND c.channel = ? AND c.account = ? AND c.author_id = ? ORDER BY o.id",
        (SILENCED, *person),
    ).fetchall()
    made: list[Outgoing] = []
    for row in rows:
        reply = codec.load(Reply, row["reply"])
        if reply.target.release is Release.AUTOMATIC and reply.target.max_replies is None:
            made += _let_out(connection, row, reply)
    return made


def _let_out(connection: Connection, row: Row, reply: Reply) -> list[Outgoing]:
    """Put a held reply on its way, split into what the platform takes; one to be posted by hand counts as posted."""
    first, *others = _parts(replace(reply, target=replace(reply.target, max_parts=None)))
    by_hand = reply.target.release is Release.BY_HAND
    connection.execute(
        "UPDATE outgoing SET state = ?, reply = ?, posted_id = ?, changed_at = ? WHERE id = ?",
        (
            "sent" if by_hand else "pending",
            codec.dump(reply if by_hand else first),
            "by hand" if by_hand else None,
            codec.stamp(),
            row["id"],
        ),
    )
    if by_hand:
        return []
    made = [Outgoing(id=row["id"], reply=first)]
    for part in others:
        cursor = connection.execute(
            "INSERT INTO outgoing (key, channel, place, conversation_key, inbound_id, ticket_key, speaker,"
            " reply, number, state, not_before, created_at, changed_at) VALUES (:key, :channel, :place,"
            " :conversation, :inbound, :ticket, :speaker, :reply, :number, 'pending', :now, :now, :now)"
            " RETURNING id",
            {
                **_columns(part),
                "conversation": row["conversation_key"],
                "inbound": row["inbound_id"],
                "ticket": row["ticket_key"],
                "now": codec.stamp(),
            },
        )
        made += [Outgoing(id=inserted["id"], reply=part) for inserted in cursor.fetchall()]
    _tell(connection, made)
    return made


def _held(connection: Connection, outgoing_id: int) -> tuple[Row, Reply]:
    row = connection.execute(
        "SELECT * FROM outgoing WHERE id = ? AND state = 'held' AND erased_at IS NULL", (outgoing_id,)
    ).fetchone()
    if row is None:
        raise LookupError(f"No text {outgoing_id} is waiting. See: firstline approvals list")
    return row, codec.load(Reply, row["reply"])


def _without_secret(reply: Reply) -> dict[str, Any]:
    """The column of a reply whose secret is forgotten; none where it has no secret."""
    return {"reply": codec.dump(_bare(reply))} if reply.secret else {}


def _bare(reply: Reply) -> Reply:
    return replace(reply, text=reply.text.replace(reply.secret, "…"), secret="") if reply.secret else reply


def _outgoing(row: Row) -> Outgoing:
    return Outgoing(
        id=row["id"],
        reply=codec.load(Reply, row["reply"]),
        attempts=row["attempts"],
        not_before=codec.read_stamp(row["not_before"]),
        resumed=row["state"] == "sending",
        since=codec.read_stamp(row["created_at"]),
    )
