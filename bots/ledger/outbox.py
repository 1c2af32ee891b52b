"""Replies to post and their states: pending -> sending -> sent | ambiguous | failed | cancelled."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from adapters.base import Reply
from adapters.splitting import split
from bots.ledger import codec
from bots.pipeline.effects import NUMBER, Say

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable

    from bots.ledger.database import Writer


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
    connection: sqlite3.Connection,
    says: Iterable[Say],
    *,
    conversation_key: str,
    inbound_id: int | None = None,
    number: str | None = None,
    ticket_key: str | None = None,
) -> list[Outgoing]:
    """Write the replies, split into what the platform takes; those whose key is there already are left as they are.

    Gives those to post; one that has no place to go to is written as failed, for a person to see.
    """
    now = codec.stamp()
    made: list[Outgoing] = []
    for say in says:
        known = number or say.number
        for reply in _parts(say, known):
            cursor = connection.execute(
                "INSERT INTO outgoing (key, channel, place, conversation_key, inbound_id, ticket_key, speaker, reply,"
                " number, state, error, not_before, created_at, changed_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (key) DO NOTHING",
                (
                    reply.key,
                    reply.target.channel,
                    reply.target.place,
                    conversation_key,
                    inbound_id,
                    say.ticket_key or ticket_key,
                    say.speaker,
                    codec.dump(reply),
                    reply.number,
                    "pending" if say.target.can_reply else "failed",
                    None if say.target.can_reply else say.target.why_not or "nobody can answer there",
                    now,
                    now,
                    now,
                ),
            )
            if cursor.rowcount and cursor.lastrowid and say.target.can_reply:
                made.append(Outgoing(id=cursor.lastrowid, reply=reply))
    return made


def _parts(say: Say, number: str | None) -> list[Reply]:
    text = say.text.replace(NUMBER, number or "")
    parts = split(text, max_len=say.target.max_len, unit=say.target.len_unit)
    last = len(parts) - 1
    return [
        Reply(
            key=say.key if i == 0 else f"{say.key}/{i + 1}",
            target=say.target,
            text=part,
            buttons=say.buttons if i == last else (),
            visibility=say.target.visibility,
            number=number if number and number in part else None,
            quiet=say.quiet,
            speaker=say.speaker,
        )
        for i, part in enumerate(parts)
    ]


def nothing_else(_: sqlite3.Connection) -> None:
    """Nothing more belongs to the transaction."""


class Outbox:
    """The states of replies, each change one durable write."""

    def __init__(self, writer: Writer, reader: sqlite3.Connection) -> None:
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

    async def sending(self, outgoing: Outgoing) -> bool:
        """Note, before the platform is called, that it is about to be; False where the reply is settled already."""
        settled = ("cancelled", "sent", "ambiguous", "failed")
        return await self._set(outgoing.id, "sending", attempts=outgoing.attempts + 1, unless=settled)

    async def sent(self, outgoing: Outgoing, posted_id: str) -> None:
        """The platform gave the reply this id."""
        await self._set(outgoing.id, "sent", posted_id=posted_id)

    async def later(self, outgoing: Outgoing, not_before: datetime, why: str) -> None:
        """Not posted; to be tried again (or moved to another target)."""
        await self._set(
            outgoing.id, "pending", not_before=codec.stamp(not_before), error=why, reply=codec.dump(outgoing.reply)
        )

    async def ambiguous(self, outgoing: Outgoing, why: str) -> None:
        """Nobody can find out whether it was posted."""
        await self._set(outgoing.id, "ambiguous", error=why)

    async def failed(self, outgoing: Outgoing, why: str) -> None:
        """The platform refuses it for good."""
        await self._set(outgoing.id, "failed", error=why)

    async def resend(self, outgoing_id: int, *, also: Callable[[sqlite3.Connection], None] = nothing_else) -> Outgoing:
        """A person decided that an ambiguous or failed reply is to be posted (again). Raises `LookupError`.

        `also` is part of the same transaction: it settles the order, so that no crash can carry it out twice.
        """

        def operation(connection: sqlite3.Connection) -> Outgoing:
            changed = connection.execute(
                "UPDATE outgoing SET state = 'pending', attempts = 0, not_before = ?, changed_at = ?"
                " WHERE id = ? AND state IN ('ambiguous', 'failed') AND json_extract(reply, '$.text') <> ''",
                (codec.stamp(), codec.stamp(), outgoing_id),
            ).rowcount
            if not changed:
                raise LookupError(f"Reply {outgoing_id} is neither ambiguous nor failed, or its words are erased.")
            also(connection)
            return _outgoing(connection.execute("SELECT * FROM outgoing WHERE id = ?", (outgoing_id,)).fetchone())

        return await self._writer.run(operation)

    async def _set(self, outgoing_id: int, state: str, *, unless: tuple[str, ...] = (), **columns: object) -> bool:
        sets = ", ".join(["state = ?", "changed_at = ?", *(f"{column} = ?" for column in columns)])
        fence = "".join(" AND state <> ?" for _ in unless)
        values = (state, codec.stamp(), *columns.values(), outgoing_id, *unless)

        def operation(connection: sqlite3.Connection) -> bool:
            return bool(connection.execute(f"UPDATE outgoing SET {sets} WHERE id = ?{fence}", values).rowcount)

        return await self._writer.run(operation)


def _outgoing(row: sqlite3.Row) -> Outgoing:
    return Outgoing(
        id=row["id"],
        reply=codec.load(Reply, row["reply"]),
        attempts=row["attempts"],
        not_before=codec.read_stamp(row["not_before"]),
        resumed=row["state"] == "sending",
        since=codec.read_stamp(row["created_at"]),
    )
