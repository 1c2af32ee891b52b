"""Posts replies: a lane for each channel account, in order within a place, within its limits, never twice blindly."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections import OrderedDict, deque
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from aiolimiter import AsyncLimiter

from adapters.base import Busy, ChannelError, Idempotency, Moved, NotPosted, Rejected, Visibility
from bots import metrics
from bots.ledger.database import Lease, LeaseLost, LedgerUnwritable
from bots.troubles import trouble
from bots.within import within
from config import logs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from adapters.base import ChannelAdapter, RateLimits, Reply
    from bots.ledger.outbox import Outbox, Outgoing

_SEND_TIMEOUT_S = 60.0
_IN_FLIGHT = 32
# A reply that is marked as being sent and is not on the wire yet becomes ambiguous at a kill without need, where the
# platform cannot be asked. So only a few at a time are between the two, each for at most this long.
_STARTING = 2
_ON_THE_WIRE_S = 0.02
_IN_MEMORY = 5000
_MAX_ATTEMPTS = 40
_GIVE_UP_AFTER = timedelta(hours=72)
_BACKOFF_FIRST_S, _BACKOFF_MOST_S = 0.5, 300.0
_KNOWN_PLACES = 10_000
_UNWRITABLE_MOST_S = 15.0
_LAST_SENDS_S = 3.0
_SWEEP_S = 3.0
_FRESH_S = 2.0  # well below what others wait before they take over a lease
_WAIT_WORTH_NOTING_S = 0.005
_log = logging.getLogger(__name__)
T = TypeVar("T")


class Delivery:
    """The lanes of all channels. `on_posted` is told of each reply that its platform has."""

    def __init__(
        self,
        outbox: Outbox,
        adapters: Iterable[ChannelAdapter],
        on_posted: Callable[[Outgoing], None] = lambda _: None,
    ) -> None:
        self._outbox = outbox
        self._on_posted = on_posted
        self._notes: set[asyncio.Task[None]] = set()  # of what platforms have, outliving the lanes
        self._lanes = {adapter.name: self._lane(adapter) for adapter in adapters}

    def _lane(self, adapter: ChannelAdapter, lease: Lease | None = None) -> Lane:
        return Lane(
            self._outbox, adapter, lambda other: self.add([other]), self._on_posted, lease=lease, notes=self._notes
        )

    async def hold(self, adapter: ChannelAdapter, lease: Lease) -> None:
        """Post on a channel for as long as its lease is held: until cancelled."""
        if self._notes:  # what this process knows to be posted is not to be found as if nobody knew
            await asyncio.wait(self._notes)
        lane = self._lanes[adapter.name] = self._lane(adapter, lease)
        try:
            await lane.sweep()
        finally:
            del self._lanes[adapter.name]
            await lane.stop()

    def look(self, channel: str | None) -> None:
        """Other processes left replies to post on a channel (None: on any), perhaps."""
        for name, lane in self._lanes.items():
            if channel in {None, name}:
                lane.look()

    def add(self, outgoing: Iterable[Outgoing]) -> None:
        """Take replies that the ledger holds as pending."""
        for reply in outgoing:
            lane = self._lanes.get(reply.reply.target.channel)
            if lane is not None:  # else another process posts there, or the channel is not configured any more
                lane.add(reply)

    def resume(self) -> int:
        """Take up what an earlier run left; how many replies that were."""
        return sum(lane.refill() for lane in self._lanes.values())

    async def idle(self) -> None:
        """Wait until nothing is left to post."""
        for lane in self._lanes.values():
            await lane.idle()

    async def stop(self, within_s: float = _LAST_SENDS_S) -> None:
        """Begin no new post, and give those under way a moment to end; what was not posted stays in the ledger."""
        await asyncio.gather(*(lane.stop(within_s) for lane in self._lanes.values()))
        if self._notes:
            _, late = await asyncio.wait(self._notes, timeout=within_s)
            for note in late:
                note.cancel()


class Lane:
    """One channel account's replies."""

    def __init__(  # noqa: PLR0913
        self,
        outbox: Outbox,
        adapter: ChannelAdapter,
        elsewhere: Callable[[Outgoing], None],
        on_posted: Callable[[Outgoing], None] = lambda _: None,
        *,
        lease: Lease | None = None,
        notes: set[asyncio.Task[None]] | None = None,
    ) -> None:
        self._outbox = outbox
        self._lease = lease
        self._notes: set[asyncio.Task[None]] = set() if notes is None else notes
        self._on_posted = on_posted
        self._look = asyncio.Event()
        self._adapter = adapter
        self._elsewhere = elsewhere  # takes what is said instead of a refused reply, on whichever channel
        self._places: dict[str, deque[Outgoing]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._in_flight, self._starting = asyncio.Semaphore(_IN_FLIGHT), asyncio.Semaphore(_STARTING)
        self._limits = _Limits(adapter.limits)
        self._held: set[int] = set()
        self._newest = 0
        self._behind = False  # more is pending in the ledger than is held here
        self._sending = 0
        self._stopping = False
        self._idle, self._quiet = asyncio.Event(), asyncio.Event()
        self._idle.set()
        self._quiet.set()

    def add(self, outgoing: Outgoing) -> None:
        """Take one reply; past the memory limit it waits in the ledger until the lane catches up.

        One that a refill took already, before its commit was told of, is settled when its turn comes again.
        """
        if self._lease is not None:  # what another process left for the same place may come before it
            self._look.set()
            return
        if self._behind or len(self._held) >= _IN_MEMORY:
            self._behind = True
            self._newest = min(self._newest, outgoing.id - 1)  # the refill must not pass it over
            return
        self._hold(outgoing)

    def _hold(self, outgoing: Outgoing) -> None:
        self._newest = max(self._newest, outgoing.id)
        self._held.add(outgoing.id)
        self._idle.clear()
        place = outgoing.reply.target.place
        queue = self._places.get(place)
        if queue is not None:
            queue.append(outgoing)
            return
        self._places[place] = deque([outgoing])
        task = asyncio.create_task(self._place(place), context=logs.unrelated())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def refill(self) -> int:
        """Take what the ledger holds beyond what is held here; how many replies that were."""
        page = self._outbox.unfinished(self._adapter.name, after=self._newest, limit=_IN_MEMORY)
        self._behind = len(page) == _IN_MEMORY
        fresh = [outgoing for outgoing in page if outgoing.id not in self._held]
        for outgoing in fresh:
            self._hold(outgoing)
        self._newest = page[-1].id if page else self._newest
        return len(fresh)

    def look(self) -> None:
        """There may be something to post that this lane has not heard of."""
        self._look.set()

    async def sweep(self) -> None:
        """Take what is to be posted, whenever something may be, until cancelled."""
        while True:
            self._look.clear()
            try:
                self._take_waiting()
            except Exception as error:  # the next look may find the server again
                _log.warning("Nothing could be taken up (%s)", trouble(error), extra={"action": "sweep_failed"})
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_SWEEP_S * random.uniform(0.9, 1.1)):  # noqa: S311 - jitter
                    await self._look.wait()

    def _take_waiting(self) -> None:
        room = _IN_MEMORY - len(self._held)
        if self._behind or room <= 0:
            return
        page = self._outbox.waiting(self._adapter.name, self._held, limit=room)
        for outgoing in page:
            self._hold(outgoing)
        self._behind = len(page) == room

    async def idle(self) -> None:
        """Wait until nothing is left to post."""
        await self._idle.wait()

    async def stop(self, within_s: float = _LAST_SENDS_S) -> None:
        """Begin no new post; cancel what is still under way after a moment."""
        self._stopping = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._quiet.wait(), within_s)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _place(self, place: str) -> None:
        queue = self._places[place]
        try:
            while queue:
                outgoing = queue.popleft()
                with logs.about(
                    inbound=metrics.inbound_of(outgoing.reply.key), outgoing=outgoing.id, channel=self._adapter.name
                ):
                    await self._deliver(outgoing)
                self._held.discard(outgoing.id)
                if self._behind and len(self._held) < _IN_MEMORY // 2:
                    await self._refill()
        finally:
            del self._places[place]
            self._rest()

    def _rest(self) -> None:
        """Nothing is held: idle, or behind with nobody left to refill."""
        if self._places or self._stopping:
            return
        if not self._behind:
            self._idle.set()
            return
        task = asyncio.create_task(self._catch_up())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _catch_up(self) -> None:
        while self._behind and not self._places:
            await self._refill()
        self._rest()

    async def _refill(self) -> None:
        """Refill; where the ledger cannot be read now, it is tried again."""
        try:
            self.refill()
        except Exception as error:
            _log.error("Waiting replies could not be read (%s)", trouble(error), extra={"action": "refill_failed"})
            await asyncio.sleep(_BACKOFF_FIRST_S)

    async def _deliver(self, outgoing: Outgoing) -> None:
        """Bring one reply to an end state, however often the disk or the platform has to be waited for."""
        try:
            settled = outgoing.resumed and await self._settle_unclear(
                outgoing, "the bot stopped while this reply was being sent"
            )
            while not settled:
                outgoing, settled = await self._attempt(outgoing)
        except LeaseLost:
            _log.info("Another process posts that.", extra={"action": "lease_lost", "outgoing": outgoing.id})
        except Exception as error:
            _log.error("A reply could not be handled (%s)", trouble(error), extra={"action": "delivery_failed"})

    async def _noted(self, write: Callable[[], Awaitable[T]]) -> T:
        """What `write` to the ledger gives, tried again while the disk is full: what was posted is not forgotten."""
        attempt = 0
        while True:
            try:
                return await write()
            except LedgerUnwritable as error:
                if not attempt:
                    _log.error("%s", error, extra={"action": "ledger_unwritable"})
                await asyncio.sleep(min(_backoff_s(attempt), _UNWRITABLE_MOST_S))
                attempt += 1

    async def _settle_unclear(self, outgoing: Outgoing, why: str) -> bool:
        """A reply that may have been posted: True where it was or nobody can know, False where it may be sent."""
        kind = outgoing.reply.target.idempotency
        if kind is Idempotency.NONCE:
            return False
        if kind is Idempotency.FINDABLE:
            try:
                posted = await self._find(self._after_its_forerunner(outgoing.reply))
            except ChannelError as error:
                why = f"{why}; {error}"
            else:
                if posted is None:
                    return False
                await self._posted(outgoing, posted)
                return True
        await self._noted(lambda: self._outbox.ambiguous(outgoing, why, under=self._lease))
        self._count("ambiguous")
        _log.warning(
            "Reply %s may or may not have been posted (%s). Look at the channel, then: firstline ledger resend %s",
            outgoing.id, why, outgoing.id, extra={"action": "reply_ambiguous", "channel": self._adapter.name},
        )  # fmt: skip
        return True

    async def _find(self, reply: Reply) -> str | None:
        for attempt in range(_MAX_ATTEMPTS):
            try:
                return await within(_SEND_TIMEOUT_S, self._adapter.find(reply))
            except Rejected:
                raise  # it may not look there, now or later
            except Busy as busy:
                await asyncio.sleep(max(busy.retry_after_s, _backoff_s(attempt)))
            except (ChannelError, TimeoutError):
                await asyncio.sleep(_backoff_s(attempt))
        raise ChannelError(f"{self._adapter.name} could not be asked whether a reply was posted")

    async def _attempt(self, outgoing: Outgoing) -> tuple[Outgoing, bool]:
        """One attempt within the limits; the reply as it is now, and whether it is settled."""
        await _sleep_until(outgoing.not_before)
        entered = time.monotonic()
        await self._limits.enter(outgoing.reply)
        if (waited_s := time.monotonic() - entered) > _WAIT_WORTH_NOTING_S:
            metrics.waited(self._adapter.name, waited_s, "pacing")
        async with self._in_flight:
            if self._stopping:
                await asyncio.Event().wait()  # until cancelled
            self._sending += 1
            self._quiet.clear()
            try:
                return await self._send(outgoing)
            finally:
                self._sending -= 1
                if not self._sending:
                    self._quiet.set()

    async def _send(self, outgoing: Outgoing) -> tuple[Outgoing, bool]:
        call: asyncio.Task[str] | None = None
        try:
            async with self._starting if outgoing.reply.target.idempotency is Idempotency.NONE else nullcontext():
                if not await self._note_sending(outgoing):
                    return outgoing, True  # cancelled or settled meanwhile
                outgoing = replace(outgoing, attempts=outgoing.attempts + 1)
                call = asyncio.create_task(self._adapter.send(self._after_its_forerunner(outgoing.reply)))
                await asyncio.wait({call}, timeout=_ON_THE_WIRE_S)
            posted = await within(_SEND_TIMEOUT_S, call)
        except NotPosted as error:
            return await self._not_posted(outgoing, error)
        except Exception as error:  # an adapter's own mistake leaves the same question open as a lost answer
            if call is None:
                raise
            return await self._maybe_posted(outgoing, error)
        finally:
            if call is not None:
                call.cancel()
        await self._posted(outgoing, posted)
        return outgoing, True

    async def _note_sending(self, outgoing: Outgoing) -> bool:
        """Note that it is about to be posted; anew where that took so long that another process may be at it by now."""
        while True:
            began = time.monotonic()
            if not await self._noted(lambda: self._outbox.sending(outgoing, under=self._lease)):
                return False
            if self._lease is None or time.monotonic() - began < _FRESH_S:
                return True

    async def _posted(self, outgoing: Outgoing, posted: str) -> None:
        # To its end, even where the lane ends: that the platform has it is so, whoever posts there from now on.
        note = asyncio.create_task(self._noted(lambda: self._outbox.sent(outgoing, posted)))
        self._notes.add(note)
        note.add_done_callback(self._notes.discard)
        await asyncio.shield(note)
        self._count("sent")
        self._on_posted(outgoing)
        _log.info("A reply is posted.", extra={"action": "reply_posted", "posted": posted})

    def _count(self, state: str) -> None:
        metrics.REPLIES.add(self._adapter.name, state)

    def _after_its_forerunner(self, reply: Reply) -> Reply:
        """The reply with the platform's id of the part before it, for platforms that make a thread of the parts."""
        if not reply.follows:
            return reply
        state, posted_id = self._outbox.posted(reply.follows)
        if state in {"failed", "cancelled"}:
            raise Rejected("the part before it was not posted")
        return replace(reply, follows=posted_id)

    async def _not_posted(self, outgoing: Outgoing, error: NotPosted) -> tuple[Outgoing, bool]:
        metrics.SEND_ERRORS.add(self._adapter.name, type(error).__name__)
        if isinstance(error, Moved):
            outgoing = replace(outgoing, reply=replace(outgoing.reply, target=error.target))
            return await self._again(outgoing, 0.0, str(error)), False
        if isinstance(error, Busy):
            metrics.waited(self._adapter.name, error.retry_after_s, "platform")
            return await self._again(outgoing, error.retry_after_s + random.uniform(0.05, 0.5), str(error)), False  # noqa: S311 - jitter
        if isinstance(error, Rejected) or _is_hopeless(outgoing):
            return await self._failed(outgoing, str(error)), True
        return await self._again(outgoing, _backoff_s(outgoing.attempts), str(error)), False

    async def _maybe_posted(self, outgoing: Outgoing, error: Exception) -> tuple[Outgoing, bool]:
        why = str(error) or type(error).__name__
        metrics.SEND_ERRORS.add(self._adapter.name, type(error).__name__)
        if outgoing.reply.target.idempotency is Idempotency.FINDABLE:
            await asyncio.sleep(_backoff_s(1))  # what was posted a moment ago may not be found yet
        if await self._settle_unclear(outgoing, why):
            return outgoing, True
        if _is_hopeless(outgoing):
            return await self._failed(outgoing, why), True
        return await self._again(outgoing, _backoff_s(outgoing.attempts), why), False

    async def _failed(self, outgoing: Outgoing, why: str) -> Outgoing:
        if outgoing.reply.instead is None:
            await self._noted(lambda: self._outbox.failed(outgoing, why, under=self._lease))
        else:
            for other in await self._noted(lambda: self._outbox.replaced(outgoing, why, under=self._lease)):
                self._elsewhere(other)
        self._count("failed")
        _log.warning(
            "Reply %s was refused by %s: %s", outgoing.id, self._adapter.name, why, extra={"action": "reply_failed"}
        )
        return outgoing

    async def _again(self, outgoing: Outgoing, wait_s: float, why: str) -> Outgoing:
        at = datetime.now(UTC) + timedelta(seconds=wait_s)
        outgoing = replace(outgoing, not_before=at)
        await self._noted(lambda: self._outbox.later(outgoing, at, why, under=self._lease))
        return outgoing


class _Limits:
    """The platform's limits as leaky buckets: overall, per place, and per shared place."""

    def __init__(self, limits: RateLimits) -> None:
        self._limits = limits
        self._overall = AsyncLimiter(*limits.overall) if limits.overall else None
        self._places: OrderedDict[tuple[str, str], AsyncLimiter] = OrderedDict()

    async def enter(self, reply: Reply) -> None:
        """Wait until one more message may be sent there."""
        place = reply.target.place
        shared = reply.target.visibility is not Visibility.PRIVATE
        for name, rate in (
            ("place", self._limits.per_place),
            ("shared", self._limits.per_shared_place if shared else None),
        ):
            if rate:
                await self._bucket((name, place), rate).acquire()
        if self._overall:
            await self._overall.acquire()

    def _bucket(self, key: tuple[str, str], rate: tuple[float, float]) -> AsyncLimiter:
        bucket = self._places.pop(key, None) or AsyncLimiter(*rate)
        self._places[key] = bucket
        if len(self._places) > _KNOWN_PLACES:
            self._places.popitem(last=False)
        return bucket


def _backoff_s(attempt: int) -> float:
    wait_s: float = min(_BACKOFF_FIRST_S * 2 ** min(attempt, 20), _BACKOFF_MOST_S)
    return wait_s * random.uniform(0.7, 1.3)  # noqa: S311 - jitter


def _is_hopeless(outgoing: Outgoing) -> bool:
    """Whether a platform has been out of reach for so long, and tried so often, that a person should look."""
    return outgoing.attempts >= _MAX_ATTEMPTS and datetime.now(UTC) - outgoing.since > _GIVE_UP_AFTER


async def _sleep_until(at: datetime | None) -> None:
    if at is not None and (wait_s := (at - datetime.now(UTC)).total_seconds()) > 0:
        await asyncio.sleep(wait_s)
