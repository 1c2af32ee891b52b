"""Takes messages in, decides them in order within a conversation and side by side across conversations."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections import defaultdict, deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from adapters.base import Addressed, IncomingMessage, Kind
from bots import claims, metrics
from bots.ledger.database import Lease, LeaseLost, LedgerUnwritable, Overtaken, Superseded
from bots.ledger.ledger import Accepted, share_in, share_of
from bots.pipeline import phrases
from bots.pipeline.decision import QUESTIONS, OpenTicket, Policy, decide
from bots.pipeline.plan import House, failure, plan, ticket_key
from bots.pipeline.state import Context, ConversationState
from bots.shield import shield
from bots.troubles import trouble
from config import logs
from faq.matching import Matches

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from bots.ledger.ledger import Committed, Ledger
    from bots.matching import MatchBatches
    from bots.pipeline.effects import Effects

_LINES_IN_TICKET = 20
_RETRY_FIRST_S, _RETRY_MOST_S = 0.2, 15.0
_OLD_AT_ONCE = 256  # of an earlier run's messages in hand: enough for full batches, and new ones wait no longer
_SWEEP_S = 3.0
_log = logging.getLogger(__name__)

NO_MATCHES = Matches(decision="ticket", candidates=())


@dataclass(slots=True, kw_only=True)
class _Queue:
    """A conversation's messages that have no outcome yet, the first of them being decided."""

    waiting: deque[Accepted]
    share: int
    task: asyncio.Task[None] | None = None


class Worker:
    """Owns every conversation of one ledger; where many processes serve it, those of the shares whose lease it holds.

    Args:
        ledger: where messages rest.
        matching: asks the FAQ.
        house: what sentences and tickets need, read anew for each message.
        policy: what the operator decides.
        on_commit: told what a commit put on its way.
        remove: removes somebody's message from its channel, where the bot may.
        max_undecided: messages in memory before `deliver` makes the channels wait.
        is_one_of_many: whether other processes decide what is in no share of this one.
    """

    def __init__(  # noqa: PLR0913
        self,
        ledger: Ledger,
        matching: MatchBatches,
        house: Callable[[], House],
        *,
        policy: Policy,
        on_commit: Callable[[Committed], None],
        remove: Callable[[IncomingMessage], object] | None = None,
        max_undecided: int = 2000,
        is_one_of_many: bool = False,
    ) -> None:
        self._ledger = ledger
        self._matching = matching
        self._house = house
        self._policy = policy
        self._on_commit = on_commit
        self._remove = remove
        self._max_undecided = max_undecided
        self._undecided = 0
        self._room, self._idle = asyncio.Event(), asyncio.Event()
        self._room.set()
        self._idle.set()
        self._shares: dict[int, Lease] | None = {} if is_one_of_many else None
        self._look = asyncio.Event()
        self._taken: set[int] = set()  # ids of what is in memory
        self._behind: frozenset[str] = frozenset()  # conversations of which older messages wait in the ledger
        self._old: set[int] = set()  # of those, what is in memory
        self._old_done = asyncio.Event()
        self._old_done.set()
        self._queues: dict[str, _Queue] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._people: defaultdict[tuple[str, str, str], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._people_waiting: defaultdict[tuple[str, str, str], int] = defaultdict(int)

    # --- in ---------------------------------------------------------------------------------------------------------

    async def deliver(self, messages: Sequence[IncomingMessage]) -> None:
        """Store messages durably and take them to work; what every adapter's `run` is given."""
        if not messages:
            return
        await self._room.wait()
        # To its end even where the channel is stopped meanwhile: what is on disk is also worked on.
        storing = asyncio.create_task(self._store([_storable(message) for message in messages]))
        self._tasks.add(storing)
        storing.add_done_callback(self._tasks.discard)
        await asyncio.shield(storing)

    async def _store(self, messages: Sequence[IncomingMessage]) -> None:
        new = await self._ledger.accept(messages)
        for accepted in new:
            _note_accepted(accepted)
        if self._shares is None:
            self._take([accepted for accepted in new if accepted.message.conversation_key not in self._behind])
        else:  # what another process accepted for the same conversation may come before it
            self._look.set()

    def _is_ours(self, accepted: Accepted) -> bool:
        return self._shares is None or share_of(accepted.message) in self._shares

    async def resume(self) -> int:
        """Take up what an earlier run accepted and did not decide; how many messages that were.

        Meanwhile new messages may be delivered. Those of a conversation that has older ones wait in the ledger and are
        taken up in their turn; the others are decided beside it, a few old ones at a time.
        """
        self._behind = self._ledger.behind()
        after, count = 0, 0
        while page := self._ledger.undecided(after, _OLD_AT_ONCE):
            self._take(page)
            self._old.update(accepted.id for accepted in page if accepted.id in self._taken)
            if len(self._old) >= _OLD_AT_ONCE // 2:
                self._old_done.clear()
            after, count = page[-1].id, count + len(page)
            await self._old_done.wait()
        self._behind = frozenset()
        return count

    def again(self, accepted: Accepted) -> None:
        """Take a message to work that a person wants to be tried again."""
        if self._shares is None:
            self._take([accepted])
        else:
            self._look.set()

    # --- one process of many ----------------------------------------------------------------------------------------

    async def own(self, lease: Lease) -> None:
        """Decide what is in the share that a lease names, until cancelled; then nothing of it is in hand any more."""
        if self._shares is None:
            raise RuntimeError("this worker owns everything")
        share = share_in(lease.name)
        self._shares[share] = lease
        self._look.set()
        try:
            await asyncio.Event().wait()
        finally:
            del self._shares[share]
            tasks = [queue.task for queue in self._queues.values() if queue.share == share and queue.task]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for key in [key for key, queue in self._queues.items() if queue.share == share]:
                for left in self._queues.pop(key).waiting:  # its task was cancelled before it began
                    self._let_go(left)

    def look(self, share: str | None) -> None:
        """Something was accepted elsewhere for a share (None: for any), perhaps."""
        if share is None or (self._shares is not None and int(share) in self._shares):
            self._look.set()

    async def sweep(self) -> None:
        """Take up what is undecided in the shares of this process, whenever something may be, until cancelled."""
        while True:
            self._look.clear()
            try:
                while self._take(self._ledger.undecided_in(sorted(self._shares or ()), self._taken)):
                    await self._room.wait()
            except Exception as error:  # the next look may find the server again
                _log.warning("Nothing could be taken up (%s)", trouble(error), extra={"action": "sweep_failed"})
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_SWEEP_S * random.uniform(0.9, 1.1)):  # noqa: S311 - jitter
                    await self._look.wait()

    def _lease(self, message: IncomingMessage) -> Lease | None:
        """What a message may be decided under; None where everything is ours. Raises `LeaseLost`."""
        if self._shares is None:
            return None
        lease = self._shares.get(share_of(message))
        if lease is None:
            raise LeaseLost("Another process decides that.")
        return lease

    async def idle(self) -> None:
        """Wait until everything taken is decided."""
        await self._idle.wait()

    async def stop(self) -> None:
        """Stop at once; what is undecided stays in the ledger."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def undecided(self) -> int:
        """Messages in memory that have no outcome yet."""
        return self._undecided

    def _count(self, more: int) -> None:
        self._undecided += more
        for event, is_set in (
            (self._room, self._undecided < self._max_undecided),
            (self._idle, self._undecided == 0),
        ):
            if is_set:
                event.set()
            else:
                event.clear()

    def _take(self, page: Sequence[Accepted]) -> int:
        """Take to work what is not in hand already, and ours; how many that were."""
        fresh = [accepted for accepted in page if accepted.id not in self._taken and self._is_ours(accepted)]
        self._count(len(fresh))
        for accepted in fresh:
            self._taken.add(accepted.id)
            key = accepted.message.conversation_key
            queue = self._queues.get(key)
            if queue is not None:
                queue.waiting.append(accepted)
                continue
            queue = self._queues[key] = _Queue(waiting=deque([accepted]), share=share_of(accepted.message))
            task = queue.task = asyncio.create_task(self._conversation(key, queue), context=logs.unrelated())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return len(fresh)

    def _let_go(self, accepted: Accepted) -> None:
        self._taken.discard(accepted.id)
        self._old.discard(accepted.id)
        if len(self._old) < _OLD_AT_ONCE // 2:
            self._old_done.set()
        self._count(-1)

    async def _conversation(self, key: str, queue: _Queue) -> None:
        try:
            while queue.waiting:
                accepted = queue.waiting[0]
                with _about(accepted):
                    try:
                        await self._process(accepted)
                    except Exception as error:
                        # Not even the failure could be decided: the message waits in the ledger for the next start.
                        _log.error(
                            "A message was left undecided (%s)", trouble(error), extra={"action": "message_left"}
                        )
                self._let_go(queue.waiting.popleft())
        finally:
            for left in queue.waiting:  # to another process, or to the next start
                self._let_go(left)
            del self._queues[key]

    # --- one message ------------------------------------------------------------------------------------------------

    async def _process(self, accepted: Accepted) -> None:
        """Decide and commit, however long the disk is full; the bot's own mistakes end as a failed outcome."""
        message = accepted.message
        state: ConversationState | None = None
        matches, error = NO_MATCHES, None
        delay = _RETRY_FIRST_S
        while True:
            try:
                if state is None:
                    state = self._ledger.conversation(message.conversation_key)
                    matches, error = await self._matched(message, state)
                await self._in_turn(accepted, state, matches, error)
            except (Superseded, LeaseLost):
                return
            except LedgerUnwritable as full:
                _log.error("%s", full, extra={"action": "ledger_unwritable"})
                await asyncio.sleep(delay * random.uniform(0.7, 1.3))  # noqa: S311 - jitter
                delay = min(delay * 2, _RETRY_MOST_S)
            except Exception as failed:
                if error is not None:
                    raise  # not even the failure could be written
                _log.error("A message could not be decided (%s)", trouble(failed), extra={"action": "decide_failed"})
                state, error = state or ConversationState(), failed
            else:
                return

    async def _matched(self, message: IncomingMessage, state: ConversationState) -> tuple[Matches, Exception | None]:
        """What the FAQ has for a message, or why that cannot be told."""
        try:
            if message.secrets and self._remove is not None:
                self._remove(message)
            if _needs_matches(message):
                language = state.language or state.written_in or message.language_hint
                return await self._matching.match(message.text, language), None
        except Exception as failed:
            _log.error("A message could not be matched (%s)", trouble(failed), extra={"action": "match_failed"})
            return NO_MATCHES, failed
        return NO_MATCHES, None

    async def _decide(
        self, accepted: Accepted, state: ConversationState, matches: Matches, error: Exception | None
    ) -> None:
        message, house = accepted.message, self._house()
        lease = self._lease(message)
        context = Context(conversation=state)
        if error is not None:
            effects = failure(accepted.id, message, context, house, trouble(error))
        else:
            context = self._ledger.context(
                message,
                state,
                number=phrases.number_in(message.text, self._policy.number_prefix),
                desk_numbers=phrases.desk_numbers_in(message.text),
                complaint_key=_complaint_key(message),
                written_in=matches.language,
            )
            decision = decide(message, context, matches, datetime.now(UTC), self._policy)
            opens = isinstance(decision, OpenTicket) and not decision.moderated
            lines = await self._ledger.lines(message.conversation_key, limit=_LINES_IN_TICKET) if opens else ()
            effects = plan(accepted.id, message, context, decision, house, lines)
        try:
            committed = await self._ledger.commit(accepted, effects, under=lease)
        except Overtaken:
            await self._decide(accepted, state, matches, error)
            return
        _note_decided(message, effects)
        self._on_commit(committed)
        done = message.remove_when_done and not message.secrets  # else it is gone already
        if done and effects.outcome in {"ticket_opened", "acted"} and self._remove is not None:
            self._remove(message)

    async def _in_turn(
        self, accepted: Accepted, state: ConversationState, matches: Matches, error: Exception | None
    ) -> None:
        """One person's messages in several places are decided one after another: one matter, one ticket."""
        message = accepted.message
        person = (message.channel, message.account, (message.on_behalf_of or message.author).id)
        self._people_waiting[person] += 1
        try:
            async with self._people[person]:
                await self._decide(accepted, state, matches, error)
        finally:
            self._people_waiting[person] -= 1
            if not self._people_waiting[person]:
                del self._people_waiting[person], self._people[person]


def _about(accepted: Accepted) -> AbstractContextManager[None]:
    message = accepted.message
    return logs.about(inbound=accepted.id, message_id=message.message_id, channel=message.channel)


def _trail_level(message: IncomingMessage) -> int:
    """What nobody said to the bot is followed by those who look closely only."""
    return logging.DEBUG if message.addressed is Addressed.AMBIENT else logging.INFO


def _note_accepted(accepted: Accepted) -> None:
    message = accepted.message
    metrics.MESSAGES.add(message.channel, message.kind)
    if _log.isEnabledFor(_trail_level(message)):
        with _about(accepted):
            fields = {"action": "message_accepted", "kind": message.kind, "attachments": len(message.attachments)}
            _log.log(_trail_level(message), "A message is in the ledger.", extra=fields)


def _note_decided(message: IncomingMessage, effects: Effects) -> None:
    metrics.OUTCOMES.add(message.channel, effects.outcome)
    if _log.isEnabledFor(_trail_level(message)):
        fields = {"action": "message_decided", "outcome": effects.outcome, "rule": effects.rule}
        _log.log(_trail_level(message), "It is decided.", extra=fields)


def _storable(message: IncomingMessage) -> IncomingMessage:
    """What may be written to disk: no secrets, and no words of somebody who did not speak to the bot."""
    if message.addressed is Addressed.AMBIENT and message.kind is not Kind.DELETED:
        return message.without_words()
    return claims.sealed(shield(message))


def _needs_matches(message: IncomingMessage) -> bool:
    asks = message.kind in {Kind.CREATED, Kind.EDITED} or message.command in QUESTIONS
    speaks = asks and message.addressed is not Addressed.AMBIENT
    return speaks and not (message.author.is_bot or message.author.is_self or message.author.is_system)


def _complaint_key(message: IncomingMessage) -> str | None:
    if message.on_behalf_of is None or message.parent is None:
        return None
    return ticket_key(message.conversation_key, message.reply_to.place, message.parent.message_id)
