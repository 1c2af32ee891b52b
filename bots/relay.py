"""Brings what happens at the helpdesk back to where the user first asked: agents' replies, then what became of it.

Polling finds everything; a hint (a webhook, a ticket of which a part was missed) only says where to look now. Both end
in `_read`, and every reply and every change of status is said once, whoever told of it and how often.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from adapters.base import Button, Instead, ReplyTarget, Visibility
from bots.agent_words import markup
from bots.ledger import codec, intents, outbox, people
from bots.ledger.database import LedgerError
from bots.pipeline.effects import SILENCED, DeskMessage, Say
from bots.pipeline.state import Ticket
from bots.troubles import trouble
from bots.within import within
from ticket_client.base import (
    AgentReply,
    DeskError,
    NotFound,
    RateLimited,
    Status,
    TicketRef,
    TicketSnapshot,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bots.ledger.connection import Connection
    from bots.ledger.ledger import Ledger
    from bots.ledger.outbox import Outgoing
    from bots.wording import Wording
    from ticket_client.base import TicketDesk

_LOOKS_AT_A_BROKEN_TICKET = 5
_TROUBLE_S, _READ_TIMEOUT_S = 5.0, 60.0
_STRANGERS = 1000
_NOTED_EVERY_S = 60.0
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
        self._hints: dict[str, None] = {}
        self._strangers: dict[str, str] = {}  # versions of what changed at the desk and is not ours, or not yet
        self._asked_at = -_NOTED_EVERY_S
        self._read_already: dict[str, str] = {}  # in the page of changes that is being read

    def wake(self) -> None:
        """Something changed at the desk: look now."""
        self._wake.set()

    def hint(self, ticket_ids: Iterable[str]) -> None:
        """These may have changed: read them now. What is not ours costs nothing."""
        known = [ticket_id for ticket_id in ticket_ids if self._ledger.ticket_at_desk(ticket_id) is not None]
        self._hints.update(dict.fromkeys(known))
        if known:
            self.wake()

    def opened(self, ref: TicketRef, may_have_changed: bool) -> None:  # noqa: FBT001 - a callback's form
        """A ticket is ours from now on; what happened to it before we noted it is read."""
        seen = self._strangers.pop(ref.id, ref.version)
        if may_have_changed or seen != ref.version:
            self.hint([ref.id])

    def look_at_all(self) -> int:
        """Read every ticket that is not over; how many these are."""
        open_ids = self._ledger.open_at_desk()
        self.hint(open_ids)
        return len(open_ids)

    async def run(self) -> None:
        """Look until cancelled; a desk that cannot be reached is asked again."""
        self.hint(self._ledger.unread_at_desk())
        while True:
            self._wake.clear()
            pause_s = self._poll_s
            try:
                while await self.look():
                    pass
            except (DeskError, LedgerError, TimeoutError) as error:
                pause_s = max(self._poll_s, _TROUBLE_S, getattr(error, "retry_after_s", None) or 0.0)
                self._wake.clear()  # a hint does not shorten the desk's rest
                _log.warning("The desk could not be asked for news: %s", error, extra={"action": "relay_failed"})
            except Exception as error:
                pause_s = max(self._poll_s, _TROUBLE_S)
                _log.error(
                    "News from the desk could not be handled (%s)", trouble(error), extra={"action": "relay_failed"}
                )
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause_s * random.uniform(0.9, 1.1)):  # noqa: S311 - jitter
                    await self._wake.wait()

    async def look(self) -> bool:
        """One round; whether there was anything."""
        for ticket_id in list(self._hints):
            del self._hints[ticket_id]  # one that comes while it is read is another
            if not await self._tell(ticket_id, ""):
                self._hints[ticket_id] = None
        if not self._ledger.has_tickets():
            return False  # nobody waits for news: the desk need not be asked
        cursor = await self._ledger.load_state(self._cursor) or ""
        changes = await self._desk.changed(cursor)
        if not changes.ids and changes.cursor == cursor:
            await self._note_asked(cursor)
            return False
        all_told, again = True, []
        for ticket_id in changes.ids:
            version = changes.versions.get(ticket_id, "")
            if self._read_already.get(ticket_id) == (version or "?"):  # the desk's limit of calls cut the last round
                again += [] if version else [ticket_id]  # nobody knows whether it changed since
            elif await self._tell(ticket_id, version):
                self._read_already[ticket_id] = version or "?"
            else:
                all_told = False
        if all_told:
            self._hints.update(dict.fromkeys(again))
            await self._ledger.save_state(self._cursor, changes.cursor)
            self._read_already.clear()
        return changes.cursor != cursor or not all_told

    async def _note_asked(self, cursor: str) -> None:
        """Keep when the desk last said that there is nothing new, for operators, and not with every look."""
        now = time.monotonic()
        if now - self._asked_at > _NOTED_EVERY_S:
            await self._ledger.save_state(self._cursor, cursor)
            self._asked_at = now

    async def _tell(self, ticket_id: str, version: str) -> bool:
        """Say what is new of one ticket; False where it has to be looked at again.

        That is where the ledger's ticket changed while it was being read, and where the desk could not give it.
        """
        ticket = self._ledger.ticket_at_desk(ticket_id)
        if ticket is None:  # somebody else's at the same desk, or not noted yet
            self._strangers.pop(ticket_id, None)
            self._strangers[ticket_id] = version or "?"
            while len(self._strangers) > _STRANGERS:
                del self._strangers[next(iter(self._strangers))]
            return True
        if version and version == ticket.version:
            return True  # it is as it was when it was last read, or opened
        try:
            news = await self._read(ticket)
        except (RateLimited, LedgerError):
            raise  # of the desk, not of this ticket
        except NotFound:
            _log.info("Ticket %s is gone from the desk", ticket.number, extra={"action": "ticket_gone"})
            return True
        except Exception as error:
            return self._gives_up(ticket, error)
        self._broken.pop(ticket_id, None)
        notes = not self._desk.capabilities.transactional  # the built-in desk shows what waits by itself
        waits = self._wording.say("", "desk-answer-waits", network=ticket.channel) if notes else ""
        made = await self._ledger.writer.run(lambda connection: _write(connection, news, version, waits))
        if made is None:
            return False
        self._on_outgoing(made)
        return True

    def _gives_up(self, ticket: Ticket, error: Exception) -> bool:
        """Whether a ticket that cannot be read is left alone until something changes there again."""
        ticket_id = ticket.desk_id or ""
        self._broken[ticket_id] += 1
        why = str(error) if isinstance(error, DeskError) else trouble(error)
        if self._broken[ticket_id] % _LOOKS_AT_A_BROKEN_TICKET:
            _log.warning("Ticket %s cannot be read: %s", ticket.number, why, extra={"action": "ticket_unreadable"})
            return False
        _log.error("Ticket %s is passed over: %s", ticket.number, why, extra={"action": "ticket_passed_over"})
        return True

    async def _read(self, ticket: Ticket) -> News:
        """What a ticket of ours has to tell."""
        unsent = self._ledger.has_unsent_words(ticket.key)
        snapshot = await within(_READ_TIMEOUT_S, self._desk.get(ticket.desk_id or ""))
        unsent = unsent or self._ledger.has_unsent_words(ticket.key)
        waits = snapshot.status.is_over or snapshot.status is Status.PENDING
        if unsent and waits and not (ticket.status.is_over or ticket.status is Status.PENDING):
            # The requester wrote already, and was told that this opens it again: the desk does not know it yet.
            snapshot = replace(snapshot, status=ticket.status, raw_status=ticket.raw_status)
        return self._news(ticket, snapshot)

    def _news(self, ticket: Ticket, snapshot: TicketSnapshot) -> News:
        telling = _Telling(ticket, snapshot.ref.number, self._wording)
        says = [say for reply in snapshot.replies if (say := telling.answer(reply)) is not None]
        if snapshot.raw_status and snapshot.raw_status not in {ticket.raw_status, snapshot.status}:
            _log.info(
                "Ticket %s is %s (%s at the desk)", ticket.number, snapshot.status, snapshot.raw_status,
                extra={"action": "status_read"},
            )  # fmt: skip
        changed = snapshot.status != ticket.status
        place = self._place_for_rating(ticket)
        # Where every further reply waits for a person, the question would come at the wrong time or never.
        is_asked = place.visibility is Visibility.PRIVATE or place.max_replies is None
        asks_rating = is_asked and changed and snapshot.status.is_over and ticket.rating_asked_at is None
        if changed and snapshot.status.is_over != ticket.status.is_over:
            says += telling.turned(snapshot)
        elif changed and snapshot.status is Status.PENDING:
            says.append(telling.waits(snapshot))
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

    def answer(self, reply: AgentReply) -> Say | None:
        """An agent's words; None where they show nothing."""
        said = markup(reply, self._wording, self._ticket.language)
        if not said:
            return None
        return self._say(reply.id, f"{self._words('agent-reply')}\n{said}", self._place, speaker="agent")

    def turned(self, snapshot: TicketSnapshot) -> list[Say]:
        """The ticket is over, or is not over any more; where others read, no more than that it is solved."""
        sentence = "resolved" if snapshot.status.is_over else "reopened-by-desk"
        told = self._say(f"{sentence}:{snapshot.version}", self._words(sentence), self._place)
        shared = self._ticket.reply_to
        if snapshot.status.is_over and self._place is not shared and shared.visibility is not Visibility.PRIVATE:
            public = self._say(f"resolved-public:{snapshot.version}", self._words("resolved-public"), shared)
            return [replace(told, instead=None), public]  # which says enough where the private place is closed
        return [told]

    def waits(self, snapshot: TicketSnapshot) -> Say:
        """The agent cannot go on without the requester."""
        return self._say(f"pending:{snapshot.version}", self._words("pending"), self._place)

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


def _write(connection: Connection, news: News, version: str, waits: str) -> list[Outgoing] | None:
    """Everything that one ticket's news leads to, in one transaction. `version` is what the desk's list said of it.

    `waits` is what agents read where their answer waits for a moderator, "" for nothing. None where the
    ticket's status in the ledger is not what the news was made from.
    """
    now = codec.stamp()
    changed = connection.execute(
        "UPDATE tickets SET status = ?, raw_status = ?, version = coalesce(?, version), changed_at = ?,"
        " rating_asked_at = coalesce(rating_asked_at, ?) WHERE key = ? AND status = ?",
        (
            news.snapshot.status,
            news.snapshot.raw_status,
            version or None,
            now,
            now if news.asks_rating else None,
            news.ticket.key,
            news.ticket.status,
        ),
    )
    if not changed.rowcount:
        return None
    made: list[Outgoing] = []
    for say in news.says:
        goes_on = say.target == news.ticket.private_to
        conversation_key = news.ticket.private_conversation if goes_on else news.ticket.conversation_key
        made += outbox.insert(connection, [say], conversation_key=conversation_key, ticket_key=news.ticket.key)
        if waits and say.speaker == "agent" and outbox.is_held_since(connection, say.key, now):
            note = DeskMessage(key=f"{say.key}:waits", ticket_key=news.ticket.key, kind="note", text=waits)
            intents.add(connection, note, transactional=False)
    return made
