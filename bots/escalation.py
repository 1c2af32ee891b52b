"""Does at the helpdesk what the ledger's intents say: each of them once, whatever the network does.

A desk that keeps its tickets in the ledger (the built-in one) needs none of this: its rows are part of the commit.
"""

from __future__ import annotations

import asyncio
import logging
import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bots.ledger.database import LedgerUnwritable
from ticket_client.base import Ambiguous, AuthFailed, DeskError, RateLimited, Rejected, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bots.ledger.intents import Intent, Intents
    from bots.ledger.outbox import Outgoing
    from ticket_client.base import TicketDesk, TicketRef

_CALL_TIMEOUT_S = 30.0
_LOOK_EVERY_S = 1.0
_AT_ONCE = 8
_GIVE_UP_AFTER = timedelta(hours=72)
_MAX_ATTEMPTS = 600
_BACKOFF_FIRST_S, _BACKOFF_MOST_S, _AUTH_S = 1.0, 300.0, 60.0
_log = logging.getLogger(__name__)


class Escalation:
    """Carries out intents; `on_outgoing` is told which replies can go out now that a number is known."""

    def __init__(self, intents: Intents, desk: TicketDesk, on_outgoing: Callable[[Iterable[Outgoing]], None]) -> None:
        self._intents = intents
        self._desk = desk
        self._on_outgoing = on_outgoing
        self._wake = asyncio.Event()
        self._at_once = asyncio.Semaphore(_AT_ONCE)

    def wake(self) -> None:
        """There is something new to do."""
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            self._wake.clear()
            now = datetime.now(UTC)
            due = [intent for intent in self._intents.open() if intent.not_before <= now]
            await asyncio.gather(*(self._carry_out(intent) for intent in due))
            if not due:
                try:
                    await asyncio.wait_for(self._wake.wait(), _LOOK_EVERY_S)
                except TimeoutError:
                    continue

    async def _carry_out(self, intent: Intent) -> None:
        async with self._at_once:
            try:
                await self._attempt(intent)
            except LedgerUnwritable as error:
                _log.error("%s", error, extra={"action": "ledger_unwritable"})
                await asyncio.sleep(_BACKOFF_FIRST_S)
            except Exception:
                _log.exception("An intent could not be handled", extra={"action": "intent_failed", "intent": intent.id})
                await asyncio.sleep(_BACKOFF_FIRST_S)

    async def _attempt(self, intent: Intent) -> None:
        try:
            if intent.draft is not None:
                ref = await asyncio.wait_for(self._opened(intent), _CALL_TIMEOUT_S * 2)
                self._on_outgoing(await self._intents.opened(intent, ref))
                return
            await asyncio.wait_for(self._added(intent), _CALL_TIMEOUT_S)
            await self._intents.done(intent)
        except (DeskError, TimeoutError) as error:
            await self._settle(intent, error)

    async def _opened(self, intent: Intent) -> TicketRef:
        """The ticket: found where an earlier attempt may have made it, else created."""
        assert intent.draft is not None  # noqa: S101 - the caller looked
        if intent.resumed and (found := await self._desk.find(intent.draft.key)) is not None:
            return found
        await self._intents.sending(intent)
        return await self._desk.create(intent.draft)

    async def _added(self, intent: Intent) -> None:
        if intent.desk_id is None:
            raise Unavailable("The ticket itself is not open yet.")
        await self._intents.sending(intent)
        add = self._desk.add_user_message if intent.action == "message" else self._desk.add_note
        await add(intent.desk_id, intent.text, key=intent.key)

    async def _settle(self, intent: Intent, error: DeskError | TimeoutError) -> None:
        why = f"{type(error).__name__}: {error}"
        wait_s = min(_BACKOFF_FIRST_S * 2 ** min(intent.attempts, 12), _BACKOFF_MOST_S) * random.uniform(0.7, 1.3)  # noqa: S311
        match error:
            case Rejected():
                await self._intents.failed(intent, why)
                _log.error(
                    "The desk refuses a ticket: %s", error, extra={"action": "intent_refused", "intent": intent.id}
                )
                return
            case RateLimited():
                wait_s = error.retry_after_s + random.uniform(0.1, 1.0)  # noqa: S311
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
            await self._intents.failed(intent, why)
        elif isinstance(error, Ambiguous | TimeoutError):
            await self._intents.unclear(intent, at + timedelta(seconds=self._desk.capabilities.find_lag_s), why)
        else:
            await self._intents.later(intent, at, why)
