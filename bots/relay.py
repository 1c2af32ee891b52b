"""Brings what happens at the helpdesk back to where the user first asked: agents' replies, resolutions, reopenings."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adapters.base import Button, ReplyTarget, Visibility
from adapters.markup import escape
from bots.ledger import codec, outbox
from bots.ledger.database import LedgerError
from bots.ledger.ledger import save_cursor
from bots.pipeline.effects import Say
from bots.pipeline.state import Ticket
from bots.troubles import trouble
from ticket_client.base import DeskError, NotFound, TicketSnapshot

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable

    from bots.ledger.ledger import Ledger
    from bots.ledger.outbox import Outgoing
    from bots.wording import Wording
    from ticket_client.base import TicketDesk

_LOOKS_AT_A_BROKEN_TICKET = 5
_TROUBLE_S = 5.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What a snapshot of a ticket makes to say."""

    ticket: Ticket
    snapshot: TicketSnapshot
    says: tuple[Say, ...]
    asks_rating: bool


class Relay:
    """Asks the desk what changed and tells it; every reply of an agent once."""

    def __init__(
        self,
        ledger: Ledger,
        desk: TicketDesk,
        wording: Wording,
        on_outgoing: Callable[[Iterable[Outgoing]], None],
        *,
        poll_s: float,
    ) -> None:
        self._ledger = ledger
        self._desk = desk
        self._wording = wording
        self._on_outgoing = on_outgoing
        self._poll_s = poll_s
        self._wake = asyncio.Event()
        self._cursor = f"relay:{desk.name}"
        self._broken: Counter[str] = Counter()

    def wake(self) -> None:
        """Something changed at the desk: look now."""
        self._wake.set()

    async def run(self) -> None:
        """Look until cancelled; a desk that cannot be reached is asked again."""
        while True:
            self._wake.clear()
            pause_s = self._poll_s
            try:
                while await self.look():
                    pass
            except (DeskError, LedgerError, TimeoutError) as error:
                pause_s = max(self._poll_s, _TROUBLE_S)
                _log.warning("The desk could not be asked for news: %s", error, extra={"action": "relay_failed"})
            except Exception as error:
                pause_s = max(self._poll_s, _TROUBLE_S)
                _log.error(
                    "News from the desk could not be handled (%s)", trouble(error), extra={"action": "relay_failed"}
                )
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._wake.wait()

    async def look(self) -> bool:
        """One round; whether there was anything."""
        cursor = await self._ledger.load_state(self._cursor) or ""
        changes = await self._desk.changed(cursor)
        if not changes.ids and changes.cursor == cursor:
            return False
        news = [item for ticket_id in changes.ids if (item := await self._read(ticket_id)) is not None]

        def operation(connection: sqlite3.Connection) -> list[Outgoing]:
            made: list[Outgoing] = []
            for item in news:
                written = _write(connection, item)
                if written is None:
                    return made  # the user wrote meanwhile: the cursor stays, the next look sees it as it is now
                made += written
            save_cursor(connection, self._cursor, changes.cursor)
            return made

        self._on_outgoing(await self._ledger.writer.run(operation))
        return True

    async def _read(self, ticket_id: str) -> News | None:
        """What a ticket of ours has to tell; one that the desk cannot give does not hold up the others for ever."""
        ticket = self._ledger.ticket_at_desk(ticket_id)
        if ticket is None:
            return None  # somebody else's ticket at the same desk
        try:
            news = self._news(ticket, await self._desk.get(ticket_id))
        except NotFound:
            _log.info("Ticket %s is gone from the desk", ticket.number, extra={"action": "ticket_gone"})
            return None
        except DeskError as error:
            self._broken[ticket_id] += 1
            if self._broken[ticket_id] < _LOOKS_AT_A_BROKEN_TICKET:
                raise
            _log.error("Ticket %s is passed over: %s", ticket.number, error, extra={"action": "ticket_unreadable"})
            news = None
        del self._broken[ticket_id]
        return news

    def _news(self, ticket: Ticket, snapshot: TicketSnapshot) -> News:
        number, language = snapshot.ref.number, ticket.language

        def words(sentence: str) -> str:
            return self._wording.say(language, sentence, number=number)

        says = [
            Say(
                key=f"desk:{ticket.key}:{reply.id}",
                target=ticket.reply_to,
                text=f"{words('agent-reply')}\n{escape(reply.text.strip())}",
                speaker="agent",
                ticket_key=ticket.key,
                number=number,
            )
            for reply in snapshot.replies
        ]
        changed = snapshot.status != ticket.status
        asks_rating = changed and snapshot.status.is_over and ticket.rating_asked_at is None
        if changed and snapshot.status.is_over != ticket.status.is_over:
            sentence = "resolved" if snapshot.status.is_over else "reopened-by-desk"
            says.append(self._say(ticket, f"{sentence}:{snapshot.version}", words(sentence), ticket.reply_to, number))
        if asks_rating:
            place = ticket.reply_to
            if place.visibility is not Visibility.PRIVATE:
                place = self._ledger.private_place(ticket.channel, ticket.account, ticket.author_id) or place
            buttons = (
                Button(label=words("button-good"), action=f"rate:{number}:5"),
                Button(label=words("button-bad"), action=f"rate:{number}:1"),
            )
            says.append(self._say(ticket, "rate", words("rate"), place, number, buttons))
        return News(ticket=ticket, snapshot=snapshot, says=tuple(says), asks_rating=asks_rating)

    @staticmethod
    def _say(  # noqa: PLR0913, PLR0917
        ticket: Ticket, step: str, text: str, target: ReplyTarget, number: str, buttons: tuple[Button, ...] = ()
    ) -> Say:
        return Say(
            key=f"desk:{ticket.key}:{step}",
            target=target,
            text=text,
            buttons=buttons if target.buttons else (),
            ticket_key=ticket.key,
            number=number,
        )


def _write(connection: sqlite3.Connection, news: News) -> list[Outgoing] | None:
    """Everything that one ticket's news leads to, inside the transaction that moves the cursor.

    None where the ticket's status in the ledger is not what the news was made from.
    """
    now = codec.stamp()
    changed = connection.execute(
        "UPDATE tickets SET status = ?, changed_at = ?, rating_asked_at = coalesce(rating_asked_at, ?)"
        " WHERE key = ? AND status = ?",
        (news.snapshot.status, now, now if news.asks_rating else None, news.ticket.key, news.ticket.status),
    )
    if not changed.rowcount:
        return None
    return outbox.insert(
        connection, news.says, conversation_key=news.ticket.conversation_key, ticket_key=news.ticket.key
    )
