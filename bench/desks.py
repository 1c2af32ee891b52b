"""Tickets per second at each simulated helpdesk, and how many calls a ticket costs: ``python -m bench.desks``.

The desks answer after 20 ms. Beside each stands a bare loop that posts the same requests to the same desk, as many at
once as the bot does, and stores nothing.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapters.base import ReplyTarget, Visibility
from bots.delivery import Delivery
from bots.escalation import Escalation
from bots.ledger import intents
from bots.ledger.ledger import Ledger
from bots.pipeline.effects import NUMBER, Opening, Say
from bots.wording import Wording
from simulators.freshdesk import FreshdeskSimulator
from simulators.request_tracker import RequestTrackerSimulator
from simulators.zendesk import BOT, ZendeskSimulator
from ticket_client import registry
from ticket_client.base import Requester, TicketDraft

if TYPE_CHECKING:
    from bots.ledger.connection import Connection
    from ticket_client.base import TicketDesk

_LATENCY_S = 0.02
_TICKETS, _PEOPLE = 400, 100
_AT_ONCE = 8  # as bots.escalation has it
_PLENTY = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A simulated desk, and the settings of a desk that calls it."""

    simulator: Callable[[], AbstractAsyncContextManager[Any]]
    settings: Callable[[Any], Mapping[str, Any]]


CONTENDERS = {
    "freshdesk": Contender(
        simulator=lambda: FreshdeskSimulator(latency_s=_LATENCY_S, limit_per_minute=_PLENTY),
        settings=lambda sim: {"url": sim.url, "api_key": sim.key},
    ),
    "zendesk": Contender(
        simulator=lambda: ZendeskSimulator(latency_s=_LATENCY_S, per_minute=_PLENTY),
        settings=lambda sim: {"url": sim.url, "email": BOT, "token": sim.tokens[BOT]},
    ),
    "request_tracker": Contender(
        simulator=lambda: RequestTrackerSimulator(latency_s=_LATENCY_S),
        settings=lambda sim: {"url": sim.url, "token": sim.key, "queue": sim.queue},
    ),
}


@asynccontextmanager
async def desk_at(kind: str) -> AsyncIterator[tuple[Any, TicketDesk]]:
    """A simulated desk and the client of it."""
    contender, module = CONTENDERS[kind], registry.desk(kind)
    async with contender.simulator() as simulator:
        desk = module.create("desk", module.Settings.model_validate(contender.settings(simulator)), {})
        try:
            yield simulator, desk
        finally:
            await desk.close()


def opening(number: int) -> Opening:
    """One person's complaint."""
    target = ReplyTarget(channel="bench", place=f"chat:{number}", visibility=Visibility.PRIVATE)
    person = number % _PEOPLE
    return Opening(
        draft=TicketDraft(
            key=f"complaint-{number}",
            subject=f"Where is my coin {number}?",
            body="It was here yesterday. " * 20,
            requester=Requester(external_id=f"bench:1:{person}", name=f"Person {person}"),
            tags=("firstline", "bench"),
        ),
        channel="bench",
        account="1",
        author_id=str(person),
        conversation_key=f"bench:1:{number}",
        reply_to=target,
        visibility=Visibility.PRIVATE,
        language="en",
        words="where is my coin",
        announce=(Say(key=f"in:{number}:ticket", target=target, text=f"Ticket {NUMBER}"),),
    )


async def through_the_bot(kind: str, first: int) -> tuple[float, Counter[str], int]:
    """Tickets per second through the ledger and the escalation; calls by method; and tickets at the desk."""
    with tempfile.TemporaryDirectory() as folder:
        async with desk_at(kind) as (simulator, desk):
            with Ledger(Path(folder) / "bench.db", transactional_desk=False, desk_name=kind) as ledger:
                delivery = Delivery(ledger.outbox, [])
                escalation = Escalation(
                    ledger.intents, desk, Wording(), number_prefix="FL", desk_language="en",
                    on_outgoing=lambda _: None,
                )  # fmt: skip
                for number in range(_PEOPLE):  # whoever wrote before is known there
                    await desk.prepare(opening(number).draft)
                simulator.calls.clear()
                await ledger.writer.run(lambda connection: _leave(connection, kind, first))
                running = asyncio.create_task(escalation.run())
                started = time.perf_counter()
                while ledger.reader.execute("SELECT 1 FROM ticket_intents WHERE state <> 'done'").fetchone():  # noqa: ASYNC110
                    await asyncio.sleep(0.005)  # the ledger tells nobody
                elapsed_s = time.perf_counter() - started
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)
                await delivery.stop()
                return _TICKETS / elapsed_s, Counter(call[0] for call in simulator.calls), len(simulator.tickets)


def _leave(connection: Connection, kind: str, first: int) -> None:
    for number in range(first, first + _TICKETS):
        made = opening(number)
        connection.execute(
            "INSERT INTO tickets (key, desk, status, channel, account, author_id, conversation_key, language,"
            " visibility, reply_to, words, opened_at, changed_at)"
            " VALUES (?, ?, 'new', 'bench', '1', ?, ?, 'en', 'private', '{}', '', '', '')",
            (made.draft.key, kind, made.author_id, made.conversation_key),
        )
        intents.create(connection, made, number, "FL")


async def bare(kind: str) -> float:
    """Requests per second of a loop that only posts."""
    async with desk_at(kind) as (_, desk):
        drafts = [opening(number).draft for number in range(_TICKETS)]
        requests = iter([(draft, await desk.prepare(draft)) for draft in drafts])

        async def one_after_another() -> None:
            for draft, request in requests:
                await desk.create(draft, request)

        started = time.perf_counter()
        await asyncio.gather(*(one_after_another() for _ in range(_AT_ONCE)))
        return _TICKETS / (time.perf_counter() - started)


def main() -> None:
    """Measure and print."""
    latency = f"{_LATENCY_S * 1e3:.0f} ms for each answer"
    print(f"Helpdesks: {_TICKETS} tickets of {_PEOPLE} people, {latency}, {_AT_ONCE} at once")
    print(f"  {'':<18} {'tickets/s':>10} {'of a bare loop':>15} {'calls per ticket':>17}   which")
    for kind in CONTENDERS:
        loop = asyncio.run(bare(kind))
        rate, calls, tickets = asyncio.run(through_the_bot(kind, first=0))
        assert tickets == _TICKETS, f"{tickets} tickets at {kind}"
        which = ", ".join(f"{count / _TICKETS:.2f} {method}" for method, count in sorted(calls.items()))
        print(f"  {kind:<18} {rate:>10.0f} {rate / loop:>14.2f}x {calls.total() / _TICKETS:>17.2f}   {which}")


if __name__ == "__main__":
    main()
