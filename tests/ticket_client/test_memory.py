"""The desk in memory keeps the contract, and fails as it is told to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.ticket_client.contract import DeskContract, opened
from ticket_client import memory
from ticket_client.base import Ambiguous, RateLimited, Unavailable
from ticket_client.memory import Fault

if TYPE_CHECKING:
    from tests.ticket_client.contract import Bench
    from ticket_client.base import Status


class MemoryBench:
    def __init__(self) -> None:
        self.desk = memory.create("desk", memory.Settings(), {})

    async def answer(self, ticket_id: str, text: str) -> None:
        self.desk.answer(ticket_id, text)

    async def note(self, ticket_id: str, text: str) -> None:
        await self.desk.add_note(ticket_id, text, key=f"agent's {text}")

    async def turn(self, ticket_id: str, status: Status) -> None:
        self.desk.turn(ticket_id, status)

    async def lines(self, ticket_id: str) -> list[tuple[str, str]]:
        return [(line.kind, line.text) for line in self.desk.tickets[ticket_id].lines if line.kind != "file"]

    async def files(self, ticket_id: str) -> list[tuple[str, bytes]]:
        return [(line.text, b"") for line in self.desk.tickets[ticket_id].lines if line.kind == "file"]

    async def count(self, key: str) -> int:
        return sum(ticket.draft.key == key for ticket in self.desk.tickets.values())


class TestMemoryDesk(DeskContract):
    @pytest.fixture
    def bench(self) -> Bench:
        """An empty one."""
        return MemoryBench()


async def test_faults_are_met_in_turn_before_or_after_the_work() -> None:
    desk = MemoryBench().desk
    desk.faults.extend([
        Fault(error=Unavailable("down")),
        Fault(error=Ambiguous("cut"), applied=True),
        Fault(error=RateLimited("slow", retry_after_s=7)),
    ])  # fmt: skip
    with pytest.raises(Unavailable):
        await opened(desk)
    assert desk.tickets == {}
    with pytest.raises(Ambiguous):
        await opened(desk)
    assert list(desk.tickets) == ["1"]
    with pytest.raises(RateLimited) as slow:
        await desk.add_note("1", "x", key="k")
    assert slow.value.retry_after_s == 7
    assert len(desk.tickets["1"].lines) == 1
    await desk.add_note("1", "x", key="k")
    assert len(desk.tickets["1"].lines) == 2
    assert (await opened(desk)).id == "2", "it does not know a key again: the ledger must look first"
