"""Does at the helpdesk what the ledger's intents say: each of them once, whatever the network does.

A desk that keeps its tickets in the ledger (the built-in one) needs none of this: its rows are part of the commit.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from bots.files import FilesLater
from bots.ledger.database import LeaseLost, LedgerUnwritable
from bots.ledger.intents import Continuation, KnownNumber
from bots.pipeline.effects import NUMBER
from bots.troubles import trouble
from bots.within import within
from config import logs
from ticket_client.base import (
    Ambiguous,
    AuthFailed,
    Closed,
    DeskError,
    NotFound,
    RateLimited,
    Rejected,
    TicketBusy,
    Unavailable,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from bots.files import FileFetcher
    from bots.ledger.intents import Intent, Intents
    from bots.ledger.outbox import Outgoing
    from bots.wording import Wording
    from ticket_client.base import TicketDesk, TicketDraft, TicketRef

_CALL_TIMEOUT_S = 60.0  # of one step at the desk, which may be several requests
_LEASE_S = 300.0  # longer than all steps of one attempt together
_LOOK_EVERY_S = 1.0
_AT_ONCE = 8
_GIVE_UP_AFTER, _GIVE_UP_ATTEMPTS = timedelta(days=7), 5
_FETCHES = 20  # of a file that its network does not give at the moment
_STRIKES = 5
_BACKOFF_FIRST_S, _BACKOFF_MOST_S, _DOWN_MOST_S, _AUTH_S = 1.0, 300.0, 60.0, 60.0
_FILES_AGAIN_S = _UNEXPECTED_S = 30.0
_log = logging.getLogger(__name__)
T = TypeVar("T")


class _Overtaken(Exception):
    """The intent changed since it was read: nothing was sent."""


class Escalation:
    """Carries out intents: those of one ticket one after another, tickets side by side.

    A desk that is down is left alone for a while, then asked with the oldest intent alone; with each success more are
    carried out at once.

    Args:
        intents: what is to be done.
        desk: where.
        wording: the sentences for whoever waits.
        number_prefix: of our own references.
        on_outgoing: told which replies can go out now.
        on_opened: told of each new ticket, and whether nobody knows what happened to it meanwhile.
        files: fetches what people attached; None where nobody can.
    """

    def __init__(  # noqa: PLR0913
        self,
        intents: Intents,
        desk: TicketDesk,
        wording: Wording,
        *,
        number_prefix: str,
        desk_language: str,
        on_outgoing: Callable[[Iterable[Outgoing]], None],
        on_opened: Callable[[TicketRef, bool], None] = lambda *_: None,
        files: FileFetcher | None = None,
    ) -> None:
        self._intents = intents
        self._desk = desk
        self._wording = wording
        self._prefix = number_prefix
        self._desk_language = desk_language
        self._on_outgoing = on_outgoing
        self._on_opened = on_opened
        self._files = files
        self._wake = asyncio.Event()
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._pause_until = datetime.min.replace(tzinfo=UTC)
        self._is_finishing = False
        self._at_once = _AT_ONCE
        self._failures = 0
        self._strikes: Counter[int] = Counter()  # intents that found the desk away, since it last took anything
        self._passed_over: dict[int, datetime] = {}
        self._fetches: Counter[int] = Counter()
        self.trouble = ""
        """Why the desk takes nothing at the moment, for people; "" where all is well."""

    def wake(self) -> None:
        """There is something new to do."""
        self._wake.set()

    def hurry(self) -> None:
        """A person wants it to be tried now, whatever was said before."""
        self._pause_until = datetime.min.replace(tzinfo=UTC)
        self.wake()

    async def run(self) -> None:
        """Work until cancelled."""
        try:
            while True:
                self._wake.clear()
                await self._tell_who_waits()
                self._start_due()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_EVERY_S):
                        await self._wake.wait()
        finally:
            tasks = list(self._busy.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.trouble, self._pause_until = "", datetime.min.replace(tzinfo=UTC)  # a new term begins by asking

    async def finish(self) -> None:
        """Begin nothing more, and wait for what is on its way to the desk."""
        self._is_finishing = True
        if self._busy:
            await asyncio.wait(self._busy.values())

    async def _tell_who_waits(self) -> None:
        def noted(language: str, reference: str) -> str:
            return self._wording.say(language, "request-noted", reference=reference)

        try:
            self._on_outgoing(await self._intents.noted(datetime.now(UTC), noted))
        except Exception as error:
            _log.error("Nobody could be told to wait (%s)", trouble(error), extra={"action": "noting_failed"})

    def _start_due(self) -> None:
        now = datetime.now(UTC)
        if now < self._pause_until or self._is_finishing:
            return
        try:
            due = self._intents.due(now, _AT_ONCE + len(self._busy) + len(self._passed_over))
        except Exception as error:
            _log.error("The intents could not be read (%s)", trouble(error), extra={"action": "intents_unreadable"})
            return
        for intent in due:
            if len(self._busy) >= self._at_once:
                return
            if intent.ticket_key not in self._busy and now >= self._passed_over.get(intent.id, now):
                self._busy[intent.ticket_key] = asyncio.create_task(self._follow(intent))

    async def _follow(self, intent: Intent) -> None:
        with logs.about(inbound=intent.inbound, intent=intent.id):
            await self._carry_out(intent)

    async def _carry_out(self, intent: Intent) -> None:
        try:
            if await self._intents.take(intent, _LEASE_S):
                await self._attempt(intent)
        except LeaseLost:
            _log.info("Another process is at that.", extra={"action": "lease_lost", "intent": intent.id})
        except LedgerUnwritable as error:
            _log.error("%s", error, extra={"action": "ledger_unwritable"})
            await self._let_go(intent, _BACKOFF_FIRST_S, trouble(error))
        except Exception as error:
            _log.error(
                "An intent could not be handled (%s)",
                trouble(error),
                extra={"action": "intent_failed", "intent": intent.id},
            )
            self.trouble = trouble(error)
            if datetime.now(UTC) - intent.created_at > _GIVE_UP_AFTER:
                await self._fail(intent, self.trouble)
            else:
                await self._let_go(intent, _UNEXPECTED_S, self.trouble)
        finally:
            del self._busy[intent.ticket_key]
            self.wake()

    async def _attempt(self, intent: Intent) -> None:
        try:
            if intent.draft is None:
                await self._add(intent)
                await self._intents.done(intent)
            else:
                ref, is_new = await self._opened(intent, intent.draft)
                self._on_outgoing(await self._intents.opened(intent, ref, as_made=is_new))
                self._on_opened(ref, not is_new)
                _log.info("The desk has a new ticket.", extra={"action": "ticket_opened", "ticket": ref.number})
        except _Overtaken:
            await self._intents.release(intent, datetime.now(UTC), "It changed while it was being worked on.")
        except Closed as error:
            await self._go_on(intent, error)
        except (DeskError, TimeoutError) as error:
            await self._settle(intent, error)
        except KnownNumber as error:
            await self._fail(intent, str(error))
        else:
            self._worked(intent)

    async def _let_go(self, intent: Intent, for_s: float, why: str) -> None:
        """End the lease of an intent that stays as it is, however long the disk is full."""
        while True:
            try:
                await self._intents.release(intent, datetime.now(UTC) + timedelta(seconds=for_s), why)
            except LedgerUnwritable:
                await asyncio.sleep(_BACKOFF_FIRST_S)
            else:
                return

    # --- the steps --------------------------------------------------------------------------------------------------

    async def _opened(self, intent: Intent, draft: TicketDraft) -> tuple[TicketRef, bool]:
        """The ticket, and whether this attempt made it: found where an earlier one may have, else created."""
        tried = intent.resumed or intent.attempts > 0
        if tried and not self._desk.capabilities.idempotent_create:
            try:
                found = await self._asked(self._desk.find(draft))
            except (Rejected, NotFound) as error:  # a search that failed is no leave to open a second ticket
                raise TicketBusy(f"The desk could not be asked for the ticket: {error}") from error
            if found is not None:
                return found, False
        request = intent.request
        if request is None:
            request = await self._asked(self._desk.prepare(draft))
        await self._note_sending(intent, request)
        return await within(_CALL_TIMEOUT_S, self._desk.create(draft, request)), True

    async def _add(self, intent: Intent) -> None:
        if intent.desk_id is None:  # and nothing before it is on its way
            raise Rejected("The desk refused the ticket itself.")
        tried = intent.resumed or intent.attempts > 0
        if tried and await self._asked(self._desk.added(intent.desk_id, intent.key)):
            return
        if intent.files is not None:
            await self._add_files(intent, intent.desk_id)
            return
        await self._note_sending(intent)
        add = self._desk.add_user_message if intent.action == "message" else self._desk.add_note
        await within(_CALL_TIMEOUT_S, add(intent.desk_id, intent.text, key=intent.key))

    async def _add_files(self, intent: Intent, desk_id: str) -> None:
        """Fetch and add what was attached; what cannot be had is said in a note."""
        if self._files is None or intent.files is None:
            return
        self._fetches[intent.id] += 1
        fetched = await self._files.fetch(intent.files, is_last_try=self._fetches[intent.id] >= _FETCHES)
        del self._fetches[intent.id]
        if fetched.missing:
            files = "\n".join(fetched.missing)
            note = self._wording.say(self._desk_language, "desk-files-missing", files=files)
            await self._intents.add_note(intent, note)
        if fetched.files:
            await self._note_sending(intent)
            await within(_CALL_TIMEOUT_S, self._desk.add_files(desk_id, fetched.files, key=intent.key))

    async def _asked(self, question: Awaitable[T]) -> T:
        """What can be asked or prepared again: where that failed, nothing has changed."""
        try:
            return await within(_CALL_TIMEOUT_S, question)
        except (Ambiguous, TimeoutError) as error:
            raise Unavailable(f"The desk could not be asked: {error}") from error

    async def _note_sending(self, intent: Intent, request: str | None = None) -> None:
        """After a crash, the desk is not asked for the ticket before it can know of it."""
        look_from = datetime.now(UTC) + timedelta(seconds=self._desk.capabilities.find_lag_s)
        if not await self._intents.sending(intent, look_from, request):
            raise _Overtaken

    # --- what came of it --------------------------------------------------------------------------------------------

    def _worked(self, intent: Intent) -> None:
        if len(self._strikes) > 1:  # it was the desk, and no single ticket: the oldest goes first again
            self._strikes.clear()
            self._passed_over.clear()
        self._strikes.pop(intent.id, None)
        self._passed_over.pop(intent.id, None)
        self._failures = 0
        self._at_once = min(self._at_once * 2, _AT_ONCE)
        self.trouble = ""

    def _away(self, intent: Intent, wait_s: float, why: str) -> datetime:
        """The desk was away, for this intent at least; gives when to try again.

        One with which it is so far more often than with others waits alone, and the next one finds out whether it is
        the desk. So no single ticket can stop all others, and the oldest still goes first when the desk is back.
        """
        self._strikes[intent.id] += 1
        others = min((count for identity, count in self._strikes.items() if identity != intent.id), default=0)
        if self._strikes[intent.id] - others < _STRIKES:
            self._passed_over.clear()
            return self._rest(wait_s, why)
        now = datetime.now(UTC)
        alone_s = _backoff_s(self._strikes[intent.id] - _STRIKES, _DOWN_MOST_S)
        self._passed_over[intent.id] = now + timedelta(seconds=alone_s)
        return now

    def _rest(self, wait_s: float, why: str) -> datetime:
        """Leave the desk alone; then the oldest intent goes first, alone."""
        now = datetime.now(UTC)
        self._at_once = 1
        self._failures += now >= self._pause_until  # those that were on their way count as one
        self.trouble = why
        self._pause_until = max(self._pause_until, now + timedelta(seconds=wait_s))
        return self._pause_until

    async def _settle(self, intent: Intent, error: DeskError | TimeoutError) -> None:
        why = f"{type(error).__name__}: {error}"
        match error:
            case NotFound() if intent.draft is None:  # somebody deleted the ticket
                await self._go_on(intent, error)
                return
            case Rejected() | NotFound():
                await self._fail(intent, why)
                return
            case RateLimited():
                at = self._rest(error.retry_after_s + random.uniform(0.1, 1.0), why)  # noqa: S311 - jitter
            case AuthFailed():
                at = self._away(intent, _AUTH_S, why)
                _log.error(
                    "The desk does not accept our key: %s. Tickets wait in the ledger; mend [desk] and restart.", error,
                    extra={"action": "desk_auth_failed"},
                )  # fmt: skip
            case FilesLater():  # the desk is well
                wait_s = error.retry_after_s or _FILES_AGAIN_S * random.uniform(0.7, 1.3)  # noqa: S311 - jitter
                at = datetime.now(UTC) + timedelta(seconds=wait_s)
            case Unavailable():
                at = self._away(intent, error.retry_after_s or _backoff_s(self._failures, _DOWN_MOST_S), why)
            case _:
                at = datetime.now(UTC) + timedelta(seconds=_backoff_s(intent.attempts, _BACKOFF_MOST_S))
        if at - intent.created_at > _GIVE_UP_AFTER and intent.attempts >= _GIVE_UP_ATTEMPTS:
            await self._fail(intent, why)
        elif isinstance(error, Ambiguous | TimeoutError):
            self.trouble = why
            await self._intents.unclear(intent, at + timedelta(seconds=self._desk.capabilities.find_lag_s), why)
        else:
            await self._intents.later(intent, at, why)

    async def _go_on(self, intent: Intent, closed: Closed | NotFound) -> None:
        """The ticket takes no more words: the requester's, and their files, open another; ours are not worth one."""
        if intent.action == "note":
            await self._intents.done(intent)
            _log.info("%s Nothing was added.", closed, extra={"action": "ticket_closed", "intent": intent.id})
            return
        old = intent.number or ""
        await self._intents.continued(
            intent,
            Continuation(
                subject=self._wording.say(self._desk_language, "desk-subject-continued", number=old),
                announce=self._wording.say(intent.language, "ticket-continued", old=old, number=NUMBER),
                prefix=self._prefix,
            ),
        )

    async def _fail(self, intent: Intent, why: str) -> None:
        """Give up: the user is told that a person will look, and the ledger shows the message as failed."""
        self._on_outgoing(
            await self._intents.failed(intent, why, lambda language: self._wording.say(language, "failed"))
        )
        _log.error(
            "The desk refuses a ticket or what was added to it (%s). See: firstline desk doctor", why,
            extra={"action": "intent_refused", "intent": intent.id},
        )  # fmt: skip


def _backoff_s(attempts: int, most_s: float) -> float:
    return min(_BACKOFF_FIRST_S * 2.0 ** min(attempts, 12), most_s) * random.uniform(0.7, 1.3)  # noqa: S311 - jitter
