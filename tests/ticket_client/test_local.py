"""The built-in desk on a real ledger keeps the contract."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bots.ledger import report
from bots.ledger.ledger import Ledger
from tests.ticket_client.contract import DRAFT, DeskContract, opened
from ticket_client import local
from ticket_client.base import Status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.ticket_client.contract import Bench


class LocalBench:
    def __init__(self, path: Path, ledger: Ledger) -> None:
        self.path = path
        self.desk = local.create("desk", local.Settings(), {"store": ledger.tickets})
        self._ledger = ledger

    async def answer(self, ticket_id: str, text: str) -> None:
        await self._ledger.tickets.add(ticket_id, "reply", "Mia", text, key=None)

    async def note(self, ticket_id: str, text: str) -> None:
        await self._ledger.tickets.add(ticket_id, "note", "Mia", text, key=None)

    async def turn(self, ticket_id: str, status: Status) -> None:
        if status is not Status.RESOLVED:
            raise LookupError("`firstline tickets` resolves, and that is all.")
        await self._ledger.tickets.resolve(ticket_id, "Mia")

    async def lines(self, ticket_id: str) -> list[tuple[str, str]]:
        return [line for line in await self._entries(ticket_id) if not line[1].startswith("[")]

    async def files(self, ticket_id: str) -> list[tuple[str, bytes]]:
        (names,) = [text for _, text in await self._entries(ticket_id) if text.startswith("[")]
        return [(line[1:].rpartition(",")[0], b"") for line in names.splitlines()]

    async def count(self, key: str) -> int:
        rows = self._ledger.reader.execute("SELECT count(*) FROM desk_tickets WHERE key = ?", (key,))
        return int(rows.fetchone()[0])

    async def _entries(self, ticket_id: str) -> list[tuple[str, str]]:
        entries = report.ticket(self.path, (await self.desk.get(ticket_id)).ref.number).entries
        return [(entry.kind, entry.text) for entry in entries if entry.kind != "status"]


class TestLocalDesk(DeskContract):
    @pytest.fixture
    async def bench(self, tmp_path: Path) -> AsyncIterator[Bench]:
        """On a ledger of its own."""
        path = tmp_path / "firstline.db"
        with Ledger(path, number_prefix="Q") as ledger:
            yield LocalBench(path, ledger)


async def test_numbers_bear_the_prefix_and_a_ticket_shows_its_requester_priority_and_tags(tmp_path: Path) -> None:
    path = tmp_path / "firstline.db"
    with Ledger(path, number_prefix="Q") as ledger:
        bench = LocalBench(path, ledger)
        assert (await opened(bench.desk)).number == "Q-1001"
    with Ledger(path, number_prefix="Z") as ledger:
        second = await ledger.tickets.open(replace(DRAFT, key="complaint-2"))
    assert second.number == "Z-1002"
    shown = report.ticket(path, "Q-1001")
    assert (shown.requester, shown.priority, shown.tags) == (DRAFT.requester, "high", DRAFT.tags)
    assert [ticket.number for ticket in report.tickets(path)] == ["Z-1002", "Q-1001"]
