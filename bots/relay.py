"""Brings what happens at the helpdesk back to where the user first asked: agents' replies, resolutions, reopenings."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from adapters.base import Button, Instead, ReplyTarget, Visibility
from adapters.markup import escape
from bots.ledger import codec, outbox, people
from bots.ledger.database import LedgerError
from bots.ledger.ledger import save_cursor
from bots.pipeline.effects import SILENCED, Say
from bots.pipeline.state import Ticket
from bots.troubles import trouble
from ticket_client.base import AgentReply, DeskError, NotFound, TicketSnapshot

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
        telling = _Telling(ticket, snapshot.ref.number, self._wording)
        says = [telling.answer(reply) for reply in snapshot.replies]
        changed = snapshot.status != ticket.status
        place = self._place_for_rating(ticket)
        # Where every further reply waits for a person, the question would come at the wrong time or never.
        is_asked = place.visibility is Visibility.PRIVATE or place.max_replies is None
        asks_rating = is_asked and changed and snapshot.status.is_over and ticket.rating_asked_at is None
        if changed and snapshot.status.is_over != ticket.status.is_over:
            says += telling.turned(snapshot)
        if asks_rating:
            says.append(telling.rating(place))
        says = [self._unless_silent(ticket, say) for say in says]
        return News(ticket=ticket, snapshot=snapshot, says=tuple(says), asks_rating=asks_rating)

    def _unless_silent(self, ticket: Ticket, say: Say) -> Say:
        """A text waits for a moderator where it would reach an account that asked for silence."""
        goes_on = say.target == ticket.private_to
        account = people.account_in(self._ledger.reader, ticket.private_conversation) if goes_on else None
        silent = people.is_silenced(self._ledger.reader, account or ticket.requester)
        return replace(say, hold=SILENCED) if silent else say

    def _place_for_rating(self, ticket: Ticket) -> ReplyTarget:
        """In private where there is such a place: how somebody was helped is nobody else's business."""
        if ticket.private_to is not None or ticket.reply_to.visibility is Visibility.PRIVATE:
            return ticket.private_to or ticket.reply_to
        return self._ledger.private_place(ticket.channel, ticket.account, ticket.author_id) or ticket.reply_to


class _Telling:
    """What the requester of one ticket hears, and where: in private once that goes on there, else where they asked."""

    def __init__(self, ticket: Ticket, number: str, wording: Wording) -> None:
        self._ticket = ticket
        self._number = number
        self._wording = wording
        self._place = ticket.private_to or ticket.reply_to

    def answer(self, reply: AgentReply) -> Say:
        """An agent's words."""
        text = f"{self._words('agent-reply')}\n{escape(reply.text.strip())}"
        return self._say(reply.id, text, self._place, speaker="agent")

    def turned(self, snapshot: TicketSnapshot) -> list[Say]:
        """The ticket is over, or is not over any more; where others read, no more than that it is solved."""
        sentence = "resolved" if snapshot.status.is_over else "reopened-by-desk"
        told = self._say(f"{sentence}:{snapshot.version}", self._words(sentence), self._place)
        shared = self._ticket.reply_to
        if snapshot.status.is_over and self._place is not shared and shared.visibility is not Visibility.PRIVATE:
            public = self._say(f"resolved-public:{snapshot.version}", self._words("resolved-public"), shared)
            return [replace(told, instead=None), public]  # which says enough where the private place is closed
        return [told]

    def rating(self, place: ReplyTarget) -> Say:
        """How did we do?"""
        buttons = (
            Button(label=self._words("button-good"), action=f"rate:{self._number}:5"),
            Button(label=self._words("button-bad"), action=f"rate:{self._number}:1"),
        )
        asked = self._say("rate", self._words("rate" if place.buttons else "rate-by-number"), place)
        return replace(asked, buttons=buttons if place.buttons else (), instead=None)  # no news that anybody misses

    def _words(self, sentence: str) -> str:
        return self._wording.say(self._ticket.language, sentence, number=self._number)

    def _say(self, step: str, text: str, target: ReplyTarget, *, speaker: Literal["bot", "agent"] = "bot") -> Say:
        shared = self._ticket.reply_to
        other = shared if shared.visibility is not Visibility.PRIVATE else target.fallback
        is_private = target.visibility is Visibility.PRIVATE
        return Say(
            key=f"desk:{self._ticket.key}:{step}",
            target=target,
            text=text,
            speaker=speaker,
            ticket_key=self._ticket.key,
            number=self._number,
            ending=self._words("shortened") if target.max_parts is not None else "",
            instead=Instead(target=other, text=self._words("news-in-private")) if is_private and other else None,
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
    made: list[Outgoing] = []
    for say in news.says:
        goes_on = say.target == news.ticket.private_to
        conversation_key = news.ticket.private_conversation if goes_on else news.ticket.conversation_key
        made += outbox.insert(connection, [say], conversation_key=conversation_key, ticket_key=news.ticket.key)
    return made
