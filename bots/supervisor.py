"""The composition root: joins settings, ledger, channels, FAQ and desk into one running bot, and winds it down."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from adapters import registry as channels
from adapters.base import Busy, ChannelSetupError, IncomingMessage, MaybePosted, Surroundings, Unreachable, alone
from bots import desk_calls, metrics, orders, readings, web
from bots.delivery import Delivery
from bots.desk_watch import watched
from bots.escalation import Escalation
from bots.files import FileFetcher
from bots.health import Health, State
from bots.ledger.ledger import Ledger
from bots.matching import MatchBatches
from bots.pipeline.decision import Policy
from bots.pipeline.plan import House
from bots.relay import Relay
from bots.roles import ROLES
from bots.shield.word_lists import vocabulary
from bots.telling import Telling
from bots.troubles import trouble
from bots.watchdog import Watchdog
from bots.within import within
from bots.wording import Wording
from bots.worker import Worker
from faq.learned import FILE as LEARNED
from faq.matching import Promises
from faq.watching import WatchedFaq
from ticket_client import registry as desks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Mapping, Sequence

    from adapters.base import ChannelAdapter
    from bots.health import Part
    from bots.ledger.ledger import Committed
    from bots.many import OneOfMany
    from bots.roles import Role
    from config.settings import Settings
    from ticket_client.base import TicketDesk

_PROBE = "health:probe"
_RESTART_FIRST_S, _RESTART_MOST_S = 1.0, 60.0
_REMOVE_TIMEOUT_S = 10.0
_REMOVALS = 8
_LAST_SENDS_S = 2.0  # of the drain: for the answers to what is on the wire
_CLOSING_S = 2.0  # of the drain: for the web server and the disk
_LOCAL_POLL_S, _REMOTE_POLL_S = 2.0, 20.0  # whoever writes to the built-in desk also wakes the relay
_FORGET_EVERY_S, _FORGET_PAUSE_S = 3600.0, 0.1
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """What a started bot is, for people."""

    url: str
    channels: tuple[str, ...]
    entries: int
    languages: tuple[str, ...]
    faq: str
    desk: str
    ledger: str
    undecided: int
    unposted: int


class Bot:
    """A whole bot: ``async with Bot(settings) as bot`` starts it, leaving winds it down within ``[limits] drain_s``.

    On PostgreSQL it may be one process of many, with some of the `roles` only.
    """

    def __init__(self, settings: Settings, roles: Collection[Role] = ROLES) -> None:
        self._settings = settings
        self._roles = roles
        self._is_one_of_many = settings.ledger.url is not None
        self._many: OneOfMany | None = None
        self._stack = AsyncExitStack()
        self._receiving: asyncio.Task[None] | None = None
        self.health = Health()
        self.metrics_port: int | None = None
        self._background: set[asyncio.Task[Any]] = set()
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await self._build(stack)
            await self._start(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._drain()
        await self._stack.aclose()

    # --- putting together -------------------------------------------------------------------------------------------

    async def _build(self, stack: AsyncExitStack) -> None:
        settings = self._settings
        stack.enter_context(Watchdog(asyncio.get_running_loop(), self.health.stalled))
        stack.enter_context(metrics.problems_counted())
        metrics.begin(settings.channels)
        desk_module = desks.desk(settings.desk.kind)
        self.ledger = stack.enter_context(
            Ledger(
                settings.ledger_place,
                number_prefix=settings.tickets.number_prefix,
                transactional_desk=settings.desk.kind == "local",
                desk_name=desks.identity(settings.desk),
            )
        )
        self.desk: TicketDesk = desk_module.create(
            desks.identity(settings.desk), settings.desk, {"store": self.ledger.tickets}
        )
        stack.push_async_callback(self.desk.close)
        promises = Promises(answer_precision=settings.faq.answer_precision, suggest_recall=settings.faq.suggest_recall)
        self.faq = await asyncio.to_thread(
            WatchedFaq,
            settings.faq_path,
            promises,
            matcher=settings.faq.matcher,
            cache=settings.faq_cache,
            learned=settings.data_dir / LEARNED,
        )
        self.wording = Wording(settings.bot.default_language, settings.wording.folder, settings.bot.languages)
        surroundings = Surroundings(
            transcript=self.ledger,
            secret=await self.ledger.secret(),
            public_url=settings.public_url,
            load_state=self.ledger.load_state,
            save_state=self.ledger.save_state,
            alive=self.health.alive,
            tell_others=Telling(self.ledger.writer) if self._is_one_of_many else alone,
        )
        self.adapters: dict[str, ChannelAdapter] = {
            name: channels.channel(section.kind).create(name, section, surroundings)
            for name, section in settings.channels.items()
        }
        self._titles = {name: channels.channel(kind.kind).PROFILE.title for name, kind in settings.channels.items()}
        for adapter in self.adapters.values():
            stack.push_async_callback(adapter.close)
        lanes = () if self._is_one_of_many else self.adapters.values()
        self.delivery = Delivery(self.ledger.outbox, lanes, readings.FirstResponses(self.ledger).posted)
        poll_s = (
            _LOCAL_POLL_S if self.desk.capabilities.transactional else getattr(settings.desk, "poll_s", _REMOTE_POLL_S)
        )
        desk = watched(self.desk, self.health)
        self.relay = Relay(self.ledger, desk, self.wording, self.delivery.add, poll_s=poll_s)
        self.escalation = Escalation(
            self.ledger.intents,
            desk,
            self.wording,
            number_prefix=settings.tickets.number_prefix,
            desk_language=settings.bot.default_language,
            on_outgoing=self.delivery.add,
            on_opened=self.relay.opened,
            files=FileFetcher(self.adapters, settings.attachments, self.wording, settings.bot.default_language),
        )
        self.worker = Worker(
            self.ledger,
            MatchBatches(lambda: self.faq.current[1]),
            self._house,
            policy=Policy(
                number_prefix=settings.tickets.number_prefix,
                languages=self.wording.languages,
                max_open_tickets=settings.limits.open_tickets_per_person,
            ),
            on_commit=self._on_commit,
            remove=self._remove,
            max_undecided=settings.limits.undecided_messages,
            is_one_of_many=self._is_one_of_many,
        )

    def _house(self) -> House:
        return House(
            faq=self.faq.current[0],
            wording=self.wording,
            organisation=self._settings.bot.organisation,
            number_prefix=self._settings.tickets.number_prefix,
            desk_language=self._settings.bot.default_language,
            networks=self._titles,
            rules=self._settings.tickets.rules,
        )

    async def _start(self, stack: AsyncExitStack) -> None:
        settings = self._settings
        routes = [
            route
            for adapter in self.adapters.values()
            if (made := getattr(adapter, "routes", None))
            for route in made()
        ]
        routes += desk_calls.routes(self.desk, self._hint)
        if "web" not in self._roles:
            routes = []
        runner, port = await web.start(settings.web.host, settings.web.port, [*routes, *web.probes(self)])
        stack.push_async_callback(runner.cleanup)
        if settings.web.metrics:
            await self._serve_metrics(stack, settings.web.metrics)
        undecided = self.ledger.count_undecided()
        unposted = self.delivery.resume()
        self.outline = Outline(
            url=settings.public_url.replace(f":{settings.web.port}", f":{port}")
            if settings.web.port == 0
            else settings.public_url,
            channels=tuple(self.adapters),
            entries=len({entry.id for entry in self.faq.current[0].entries}),
            languages=self.faq.current[0].languages,
            faq=str(settings.faq_path),
            desk=settings.desk.kind,
            ledger=self.ledger.title,
            undecided=undecided,
            unposted=unposted,
        )
        hands = orders.Hands(
            ledger=self.ledger, worker=self.worker, delivery=self.delivery, escalation=self.escalation, relay=self.relay
        )
        at_desk: dict[str, Callable[[], Awaitable[None]]] = {
            "the relay": self.relay.run,
            "the command line's orders": partial(orders.run, hands),
        }
        if not self.desk.capabilities.transactional:
            at_desk["the escalation"] = self.escalation.run
        work: dict[str, Callable[[], Awaitable[None]]] = {
            "the FAQ's watch": self.faq.run,
            "the probe": partial(self.health.watch, partial(self.ledger.save_state, _PROBE, "")),
        }
        if not self._is_one_of_many:
            work |= {**at_desk, "the retention": self._forget}
        for name, run in work.items():
            self._in_background(self._keep_running(name, run))
        self._in_background(asyncio.to_thread(vocabulary))  # half a second in which nobody need wait
        if self._is_one_of_many:
            await self._join(at_desk)
        else:
            self._receiving = asyncio.create_task(self._take_up())

    async def _join(self, at_desk: Mapping[str, Callable[[], Awaitable[None]]]) -> None:
        """Take this process's part of the work."""
        from bots.many import Hands, OneOfMany, has_routes  # noqa: PLC0415 - its libraries take half a second

        hands = Hands(
            ledger=self.ledger,
            worker=self.worker,
            delivery=self.delivery,
            relay=self.relay,
            escalation=self.escalation,
            adapters=self.adapters,
            receive=self._receive,
            at_desk=[partial(self._keep_running, name, run) for name, run in at_desk.items()],
            sweeps={"retention": (_FORGET_EVERY_S, self._forget_all)},
        )
        url = str(self._settings.ledger_place)
        self._many = await OneOfMany(url, hands, self._roles, self.health).__aenter__()
        hearing = [a for a in self.adapters.values() if has_routes(a)] if "web" in self._roles else []
        self._receiving = asyncio.create_task(self._hear(hearing))

    async def _hear(self, adapters: Sequence[ChannelAdapter]) -> None:
        self.health.part("start", State.ON)
        await asyncio.gather(*map(self._receive, adapters))

    def _hint(self, ticket_ids: Iterable[str]) -> None:
        """The desk says that these tickets may have changed."""
        if self._many is None:
            self.relay.hint(ticket_ids)
        else:
            self._in_background(self._many.hint(list(ticket_ids)))

    async def _serve_metrics(self, stack: AsyncExitStack, address: str) -> None:
        """Serve ``/metrics``, and the probes with it, where no proxy leads."""
        host, _, port = address.rpartition(":")
        routes = [web.metrics(lambda: metrics.exposition(readings.gauges(self.ledger, self.health)))]
        runner, self.metrics_port = await web.start(
            host.strip("[]"),
            int(port),
            [*routes, *web.probes(self)],
            what="server for metrics",
            key='metrics = "127.0.0.1:9465"',
        )
        stack.push_async_callback(runner.cleanup)

    async def _take_up(self) -> None:
        """Work off what the last run left, and receive beside it; within a conversation, what came first goes first."""
        for name in self.adapters:
            self.health.part(f"channel:{name}", State.STARTING, "it is not connected yet")
        self.health.part("start", State.ON)
        await asyncio.gather(self.worker.resume(), *map(self._receive, self.adapters.values()))

    def _in_background(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    # --- while it runs ----------------------------------------------------------------------------------------------

    async def _receive(self, adapter: ChannelAdapter) -> None:
        """Run one channel for ever; a wrong set-up is said once and stops it alone."""
        try:
            await self._keep_running(f"the channel {adapter.name}", partial(adapter.run, self.worker.deliver))
        except ChannelSetupError as error:
            _log.error("%s: %s", adapter.name, error, extra={"action": "channel_refused", "channel": adapter.name})
            self.health.part(f"channel:{adapter.name}", State.REFUSED, "its platform refuses the set-up; see the log")
            if len(self.adapters) == 1 and not self.failed.done():
                self.failed.set_exception(error)

    @staticmethod
    async def _keep_running(name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Start what stops by its own mistake again, later each time."""
        delay_s = _RESTART_FIRST_S
        loop = asyncio.get_running_loop()
        while True:
            started = loop.time()
            try:
                await run()
            except ChannelSetupError:
                raise
            except Exception as error:
                _log.error(
                    "%s stopped and is started again (%s)",
                    name.capitalize(),
                    trouble(error),
                    extra={"action": "part_failed"},
                )
            delay_s = _RESTART_FIRST_S if loop.time() - started > _RESTART_MOST_S else min(delay_s * 2, _RESTART_MOST_S)
            await asyncio.sleep(delay_s * random.uniform(0.7, 1.3))  # noqa: S311 - jitter

    def _on_commit(self, committed: Committed) -> None:
        self.delivery.add(committed.outgoing)
        if committed.intents:
            self.escalation.wake()

    def _remove(self, message: IncomingMessage) -> None:
        """Take a message with a secret, or a moderator's command, off its channel, where the bot may; nothing waits."""
        adapter = self.adapters.get(message.channel)
        if adapter is not None:
            self._in_background(_removal(adapter, message))

    async def _forget(self) -> None:
        while True:
            await self._forget_all()
            await asyncio.sleep(_FORGET_EVERY_S)

    async def _forget_all(self) -> None:
        age = timedelta(days=self._settings.ledger.retention_days)
        erased = 1
        while erased:
            erased = await self.ledger.forget_older_than(age)
            await asyncio.sleep(_FORGET_PAUSE_S)  # in small steps: messages go first

    def how_it_is(self) -> dict[str, object]:
        """What ``/healthz`` says: "degraded" where a part is not well; what has just begun is no fault."""
        unwell = [part for part in self.health.parts() if not (part.state.is_well or part.state.is_passing)]
        desk = self.health.of("desk")
        if desk is State.ON and self.escalation.trouble:
            desk = State.WAITING
        return {
            "status": "ok" if desk is State.ON and not unwell else "degraded",
            "undecided": self.worker.undecided,
            "desk": desk,
            "ledger": self.health.of("ledger"),
            "channels": {name: self.health.of(f"channel:{name}") for name in self.adapters},
        }

    def why_not_ready(self, channels: Collection[str] | None) -> list[Part]:
        """What keeps the bot from its work; of these channels only, where they are given. Raises `LookupError`."""
        for name in channels or ():
            if name not in self.adapters:
                raise LookupError(f"There is no channel {name}.")
        return self.health.why_not_ready(channels)

    # --- winding down -----------------------------------------------------------------------------------------------

    async def _drain(self) -> None:
        """Take nothing more, decide what was accepted, post what was decided; what is left over waits in the ledger."""
        end = asyncio.get_running_loop().time() + self._settings.limits.drain_s
        self.health.part("start", State.STOPPING, "the bot stops")
        if self._receiving is not None:
            self._receiving.cancel()
            await asyncio.gather(self._receiving, return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(end - _LAST_SENDS_S - _CLOSING_S):
                if self._many is not None:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(_LAST_SENDS_S):
                            await self.escalation.finish()
                    await self._many.__aexit__()  # others go on
                await self.worker.idle()
                await self.escalation.finish()
                await self.delivery.idle()
        await self.worker.stop()
        await self.delivery.stop(within_s=max(0.0, min(_LAST_SENDS_S, end - asyncio.get_running_loop().time())))
        for background in list(self._background):
            background.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)


async def _removal(adapter: ChannelAdapter, message: IncomingMessage) -> None:
    """Remove a message, tried again for some minutes where the channel cannot be reached or asks to wait."""
    what = "message with a secret" if message.secrets else "moderator's command"
    for attempt in range(_REMOVALS):
        try:
            removed = await within(_REMOVE_TIMEOUT_S, adapter.delete(message))
        except (Busy, Unreachable, MaybePosted, TimeoutError) as error:
            pause_s = min(2.0**attempt, _RESTART_MOST_S) * random.uniform(0.7, 1.3)  # noqa: S311 - jitter
            await asyncio.sleep(max(pause_s, error.retry_after_s if isinstance(error, Busy) else 0.0))
        except Exception as error:
            _log.warning("A %s could not be removed (%s)", what, trouble(error), extra={"action": "remove_failed"})
            return
        else:
            _log.info("A %s was %s", what, "removed" if removed else "left in place", extra={"action": "removal"})
            return
    _log.warning("A %s could not be removed: %s is out of reach", what, adapter.name, extra={"action": "remove_failed"})
