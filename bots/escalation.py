"""Does at the helpdesk what the ledger's intents say: each of them once, whatever the network does.

A desk that keeps its tickets in the ledger (the built-in one) needs none of this: its rows are part of the commit.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bots.ledger.database import LedgerUnwritable
from bots.troubles import trouble
from ticket_client.base import Ambiguous, AuthFailed, DeskError, NotFound, RateLimited, Rejected, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bots.ledger.intents import Intent, Intents
    from bots.ledger.outbox import Outgoing
    from ticket_client.base import TicketDesk, TicketDraft, TicketRef

_CALL_TIMEOUT_S = 30.0
_LOOK_EVERY_S = 1.0
_AT_ONCE = 8
_GIVE_UP_AFTER = timedelta(hours=72)
_MAX_ATTEMPTS = 600
_BACKOFF_FIRST_S, _BACKOFF_MOST_S, _AUTH_S = 1.0, 300.0, 60.0
_log = logging.getLogger(__name__)


class Escalation:
    """Carries out intents: those of one ticket one after another, tickets side by side.

    Args:
        intents: what is to be done.
        desk: where.
        on_outgoing: told which replies can go out now.
        regret: the sentence, in a language, for a user whose words the desk refuses for good.
    """

    def __init__(
        self,
        intents: Intents,
        desk: TicketDesk,
        on_outgoing: Callable[[Iterable[Outgoing]], None],
        regret: Callable[[str], str],
    ) -> None:
        self._intents = intents
        self._desk = desk
        self._on_outgoing = on_outgoing
        self._regret = regret
        self._wake = asyncio.Event()
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._pause_until = datetime.min.replace(tzinfo=UTC)

    def wake(self) -> None:
        """There is something new to do."""
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled."""
        try:
            while True:
                self._wake.clear()
                self._start_due()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_EVERY_S):
                        await self._wake.wait()
        finally:
            tasks = list(self._busy.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _start_due(self) -> None:
        now = datetime.now(UTC)
        if now < self._pause_until:
            return
        try:
            due = self._intents.due(now, _AT_ONCE + len(self._busy))
        except Exception as error:
            _log.error("The intents could not be read (%s)", trouble(error), extra={"action": "intents_unreadable"})
            return
        for intent in due:
            if len(self._busy) >= _AT_ONCE:
                return
            if intent.ticket_key not in self._busy:
                self._busy[intent.ticket_key] = asyncio.create_task(self._carry_out(intent))

    async def _carry_out(self, intent: Intent) -> None:
        try:
            await self._attempt(intent)
        except LedgerUnwritable as error:
            _log.error("%s", error, extra={"action": "ledger_unwritable"})
            await asyncio.sleep(_BACKOFF_FIRST_S)
        except Exception as error:
            _log.error(
                "An intent could not be handled (%s)",
                trouble(error),
                extra={"action": "intent_failed", "intent": intent.id},
            )
            await asyncio.sleep(_BACKOFF_FIRST_S)
        finally:
            del self._busy[intent.ticket_key]
            self.wake()

    async def _attempt(self, intent: Intent) -> None:
        try:
            if intent.draft is None:
                await self._add(intent)
                await self._intents.done(intent)
            else:
                ref = await self._opened(intent, intent.draft)
                self._on_outgoing(await self._intents.opened(intent, ref))
        except (DeskError, TimeoutError) as error:
            await self._settle(intent, error)

    async def _opened(self, intent: Intent, draft: TicketDraft) -> TicketRef:
        """The ticket: found where an earlier attempt may have made it, else created."""
        tried = intent.resumed or intent.attempts > 0
        if tried and not self._desk.capabilities.idempotent_create and (found := await self._found(draft)) is not None:
            return found
        await self._note_sending(intent)
        return await asyncio.wait_for(self._desk.create(draft, await self._desk.prepare(draft)), _CALL_TIMEOUT_S)

    async def _found(self, draft: TicketDraft) -> TicketRef | None:
        try:
            return await asyncio.wait_for(self._desk.find(draft), _CALL_TIMEOUT_S)
        except (Rejected, NotFound, Ambiguous, TimeoutError) as error:  # a question that failed changes nothing
            raise Unavailable(f"The desk could not be asked for the ticket: {error}") from error

    async def _add(self, intent: Intent) -> None:
        if intent.desk_id is None:
            raise Unavailable("The ticket itself is not open yet.")
        await self._note_sending(intent)
        add = self._desk.add_user_message if intent.action == "message" else self._desk.add_note
        await asyncio.wait_for(add(intent.desk_id, intent.text, key=intent.key), _CALL_TIMEOUT_S)

    async def _note_sending(self, intent: Intent) -> None:
        """After a crash, the desk is not asked for the ticket before it can know of it."""
        await self._intents.sending(intent, datetime.now(UTC) + timedelta(seconds=self._desk.capabilities.find_lag_s))

    async def _settle(self, intent: Intent, error: DeskError | TimeoutError) -> None:
        why = f"{type(error).__name__}: {error}"
        wait_s = min(_BACKOFF_FIRST_S * 2 ** min(intent.attempts, 12), _BACKOFF_MOST_S) * random.uniform(0.7, 1.3)  # noqa: S311
        match error:
            case Rejected() | NotFound():
                await self._fail(intent, why)
                return
            case RateLimited():
                wait_s = error.retry_after_s + random.uniform(0.1, 1.0)  # noqa: S311
                self._pause_until = datetime.now(UTC) + timedelta(seconds=error.retry_after_s)
            case AuthFailed():
                wait_s = _AUTH_S
                _log.error(
                    "The desk does not accept our key: %s. Tickets wait in the ledger; mend [desk] and restart.", error,
                    extra={"action": "desk_auth_failed"},
                )  # fmt: skip
            case _:
                pass
        at = datetime.now(UTC) + timedelta(seconds=wait_s)
        if intent.attempts >= _MAX_ATTEMPTS or at - intent.created_at > _GIVE_UP_AFTER:
            await self._fail(intent, why)
        elif isinstance(error, Ambiguous | TimeoutError):
            await self._intents.unclear(intent, at + timedelta(seconds=self._desk.capabilities.find_lag_s), why)
        else:
            await self._intents.later(intent, at, why)

    async def _fail(self, intent: Intent, why: str) -> None:
        """Give up: the user is told that a person will look, and the ledger shows the message as failed."""
        self._on_outgoing(await self._intents.failed(intent, why, self._regret))
        _log.error(
            "The desk refuses a ticket or what was added to it (%s). See: firstline ledger", why,
            extra={"action": "intent_refused", "intent": intent.id},
        )  # fmt: skip
