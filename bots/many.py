"""One process of many on one PostgreSQL: what it does under which lease, and what it hears of the others.

``share:N`` decides a share of the conversations, ``channel:NAME`` is connected to a channel and posts on it, ``desk``
works with the helpdesk and carries out the command line's orders, ``sweep`` does what is to be done now and then.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from adapters.base import ChannelAdapter
from bots.cluster.bus import Bus
from bots.cluster.leases import Leases
from bots.cluster.sweeps import SWEEP, sweeping
from bots.delivery import Delivery
from bots.escalation import Escalation
from bots.health import State
from bots.ledger.connection import CHANNELS, DESK, INBOUND, REPLIES
from bots.ledger.ledger import SHARES, Ledger, share_in, share_name
from bots.relay import Relay
from bots.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from bots.health import Health
    from bots.ledger.connection import Connection
    from bots.ledger.database import Lease
    from bots.roles import Role

_DESK = "desk"
_IDS_TOLD = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """What does the work: `at_desk` and `sweeps` are what one process of all does."""

    ledger: Ledger
    worker: Worker
    delivery: Delivery
    relay: Relay
    escalation: Escalation
    adapters: Mapping[str, ChannelAdapter]
    receive: Callable[[ChannelAdapter], Coroutine[Any, Any, None]]
    at_desk: Sequence[Callable[[], Coroutine[Any, Any, None]]]
    sweeps: Mapping[str, tuple[float, Callable[[], Awaitable[object]]]]


class OneOfMany:
    """Takes its part of the leases for as long as the ``async with`` lasts; then gives each back, its work ended."""

    def __init__(self, url: str, hands: Hands, roles: Collection[Role], health: Health) -> None:
        self._hands = hands
        self._roles = roles
        self._health = health
        self._leases = Leases(url, {name: partial(self._term, work) for name, work in self._works().items()})
        self._bus = Bus(url)
        self._bus.on(INBOUND, hands.worker.look)
        self._bus.on(REPLIES, hands.delivery.look)
        self._bus.on(DESK, self._desk_calls)
        self._bus.on(CHANNELS, self._channel_calls)
        self._stack = AsyncExitStack()

    def _works(self) -> dict[str, Callable[[Lease], Awaitable[None]]]:
        """What this process may do, by the lease that it needs for it."""
        works: dict[str, Callable[[Lease], Awaitable[None]]] = {
            f"channel:{name}": partial(self._channel, adapter)
            for name, adapter in self._hands.adapters.items()
            if ("web" if has_routes(adapter) else "connector") in self._roles
        }
        if "worker" in self._roles:
            works |= {share_name(share): self._share for share in range(SHARES)}
            works |= {_DESK: self._desk, SWEEP: sweeping(self._hands.sweeps)}
        return works

    async def __aenter__(self) -> Self:
        for name in self._hands.adapters:
            self._health.part(f"channel:{name}", State.ELSEWHERE)
        async with AsyncExitStack() as stack:
            sweep = asyncio.create_task(self._hands.worker.sweep())
            stack.push_async_callback(_ended, sweep)
            await stack.enter_async_context(self._bus)
            await stack.enter_async_context(self._leases)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    async def hint(self, ticket_ids: Iterable[str]) -> None:
        """The helpdesk says that these may have changed: whoever works with it is told."""
        if _DESK in self._leases.held:
            self._hands.relay.hint(ticket_ids)
        else:
            ids = list(ticket_ids)
            pieces = [",".join(ids[at : at + _IDS_TOLD]) for at in range(0, len(ids), _IDS_TOLD)]

            def tell(connection: Connection) -> None:
                for piece in pieces:
                    connection.tell(DESK, piece)

            await self._hands.ledger.writer.run(tell)

    def _desk_calls(self, about: str | None) -> None:
        self._hands.escalation.wake()
        if about and _DESK in self._leases.held:
            self._hands.relay.hint(about.split(","))

    def _channel_calls(self, told: str | None) -> None:
        """A channel's instance on another process, or here, said something (None: any may have)."""
        name, _, about = (told or "").partition(":")
        for adapter in self._hands.adapters.values():
            heard = getattr(adapter, "heard", None)
            if heard is not None and (told is None or adapter.name == name):
                heard(about if told else None)

    # --- what is done under a lease ---------------------------------------------------------------------------------

    async def _term(self, work: Callable[[Lease], Awaitable[None]], lease: Lease) -> None:
        part = f"lease:{lease.name}"
        self._health.part(part, State.ON)
        try:
            await work(lease)
        finally:
            self._health.forget(part)

    async def _share(self, lease: Lease) -> None:
        with self._done_here(INBOUND, str(share_in(lease.name))):
            await self._hands.worker.own(lease)

    async def _channel(self, adapter: ChannelAdapter, lease: Lease) -> None:
        part = f"channel:{adapter.name}"
        self._health.part(part, State.STARTING, "it is not connected yet")
        try:
            with self._done_here(REPLIES, adapter.name):
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._hands.delivery.hold(adapter, lease))
                    if has_routes(adapter):  # it hears on every process, and is posted on by this one
                        self._health.part(part, State.ON)
                    else:
                        group.create_task(self._hands.receive(adapter))
        finally:
            self._health.part(part, State.ELSEWHERE)

    async def _desk(self, lease: Lease) -> None:
        hands = self._hands
        await hands.ledger.intents.begin(lease)
        try:
            with self._done_here(DESK, ""):
                async with asyncio.TaskGroup() as group:
                    for run in hands.at_desk:
                        group.create_task(run())
        finally:
            self._health.forget("desk")  # whoever works with it knows how it is

    @contextlib.contextmanager
    def _done_here(self, topic: str, about: str) -> Iterator[None]:
        """Nobody need be told of what this process takes up by itself."""
        self._hands.ledger.done_here.add((topic, about))
        try:
            yield
        finally:
            self._hands.ledger.done_here.discard((topic, about))


def has_routes(adapter: ChannelAdapter) -> bool:
    """Whether a channel's messages come in through the bot's web server, on whichever process."""
    made = getattr(adapter, "routes", None)
    return bool(made and made())


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
