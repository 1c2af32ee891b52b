"""Two processes' worth of workers on one PostgreSQL, with real leases: what only one of them may decide."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adapters.base import Author
from bots.cluster.bus import Bus
from bots.cluster.leases import Leases
from bots.ledger import report
from bots.ledger.connection import INBOUND
from bots.ledger.ledger import SHARES, Ledger, share_name
from bots.matching import MatchBatches
from bots.pipeline.decision import Policy
from bots.worker import Worker
from tests.bots import making
from tests.bots.lanes import Matcher, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """What decides, in one process of many."""

    worker: Worker
    leases: Leases


@asynccontextmanager
async def process(url: str, *, is_told: bool = True) -> AsyncIterator[Process]:
    """One that takes its part of the shares; what others accept for them it hears of, or finds by itself later."""
    async with AsyncExitStack() as stack:
        ledger, matcher = stack.enter_context(Ledger(url)), Matcher()
        worker = Worker(
            ledger,
            MatchBatches(lambda: matcher),
            making.house,
            policy=Policy(),
            on_commit=lambda _: None,
            is_one_of_many=True,
        )
        stack.push_async_callback(worker.stop)
        sweep = asyncio.create_task(worker.sweep())
        stack.callback(sweep.cancel)
        bus = Bus(url)
        if is_told:
            bus.on(INBOUND, worker.look)
        await stack.enter_async_context(bus)
        works = {share_name(share): worker.own for share in range(SHARES)}
        yield Process(worker=worker, leases=await stack.enter_async_context(Leases(url, works)))


async def test_fifty_first_messages_of_one_person_through_two_processes_are_one_ticket(postgres_url: str) -> None:
    async with process(postgres_url) as one, process(postgres_url) as two:
        await until(lambda: len(one.leases.held) == len(two.leases.held) == SHARES // 2, within_s=30)
        people = [Author(id=f"person {n}", display_name="Ann") for n in range(20)]
        said = [
            making.in_public("they ate my coins", place=f"group:{i}", author=person)
            for person in (making.ANN, *people)
            for i in range(50 if person is making.ANN else 4)
        ]
        await asyncio.gather(*((one, two)[i % 2].worker.deliver([message]) for i, message in enumerate(said)))
        await until(lambda: report.report(postgres_url).undecided == 0, within_s=60)
        shown = report.report(postgres_url)
    assert shown.messages == len(said)
    assert shown.adds_up
    assert sum(shown.tickets.values()) == len(people) + 1


async def test_a_conversation_that_comes_in_on_two_processes_is_decided_in_its_order(postgres_url: str) -> None:
    async with process(postgres_url, is_told=False) as one, process(postgres_url, is_told=False) as two:
        await until(lambda: len(one.leases.held) == len(two.leases.held) == SHARES // 2, within_s=30)
        for i in range(10):
            for person in ("Bob", "Cleo", "Dora", "Emil"):
                said = making.message(f"refund {i}", author=Author(id=person, display_name=person))
                await (one, two)[i % 2].worker.deliver([said])
        await until(lambda: report.report(postgres_url).undecided == 0, within_s=30)
        with report.reading(postgres_url) as connection:
            rows = connection.execute(
                "SELECT author_id, inbound_id FROM outcomes JOIN inbound ON id = inbound_id ORDER BY decided_at"
            ).fetchall()
    for person in ("Bob", "Cleo", "Dora", "Emil"):
        ids = [row["inbound_id"] for row in rows if row["author_id"] == person]
        assert ids == sorted(ids)
        assert len(ids) == 10
