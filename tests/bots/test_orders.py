"""What operators ask of a running bot about its helpdesk is carried out once, beside everything else."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

import bots.escalation
from bots import orders
from bots.escalation import Escalation
from bots.ledger import commands
from bots.ledger.database import LedgerUnwritable
from bots.ledger.report import report
from bots.relay import Relay
from bots.wording import Wording
from tests.bots import making
from tests.bots.lanes import Inside, inside, until
from ticket_client.base import Ambiguous, Rejected, Unavailable
from ticket_client.memory import Fault, MemoryDesk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

WORDING = Wording()
ALL = {"desk": "remote", "ids": [], "tickets": [], "everything": True}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "firstline.db"


@dataclass(kw_only=True)
class Started:
    bot: Inside
    desk: MemoryDesk

    async def complain(self, text: str = "they ate my coins", **fields: Any) -> None:
        await self.bot.worker.deliver([making.message(text, **fields)])
        await self.bot.worker.idle()

    async def ask(self, path: Path, name: str, arguments: dict[str, Any]) -> tuple[str, str]:
        """As the command line does, from another thread instead of another process."""
        return await asyncio.to_thread(commands.submit, path, name, arguments, wait_s=10)


@asynccontextmanager
async def started(path: Path, desk: MemoryDesk) -> AsyncIterator[Started]:
    """A bot with a desk over the network that it asks for news once an hour, and takes orders."""
    async with inside(path, transactional=False) as bot:
        relay = Relay(bot.ledger, desk, WORDING, bot.delivery.add, poll_s=3600)
        escalation = Escalation(
            bot.ledger.intents, desk, WORDING, number_prefix="FL", desk_language="en", on_outgoing=bot.delivery.add,
            on_opened=relay.opened,
        )  # fmt: skip
        hands = orders.Hands(
            ledger=bot.ledger, worker=bot.worker, delivery=bot.delivery, escalation=escalation, relay=relay
        )
        running = [asyncio.create_task(work) for work in (escalation.run(), relay.run(), orders.run(hands))]
        try:
            yield Started(bot=bot, desk=desk)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)


async def test_a_ticket_given_up_that_was_opened_after_all_is_found_when_it_is_replayed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bots.escalation, "_GIVE_UP_AFTER", making.NOW - making.NOW)
    monkeypatch.setattr(bots.escalation, "_GIVE_UP_ATTEMPTS", 0)
    desk = MemoryDesk("remote")
    desk.faults.append(Fault(error=Ambiguous("the answer was lost"), applied=True))
    async with started(path, desk) as on:
        await on.complain()
        await until(lambda: report(path).failed)
        assert await on.ask(path, "desk_replay", ALL) == ("done", "Tried again: 1 (create, FL-1001).")
        await until(lambda: any("M-1" in text for text in on.bot.channel.texts()))
        assert len(desk.tickets) == 1
        assert await on.ask(path, "desk_replay", ALL) == ("done", "Nothing that has failed is left to try again.")
        assert report(path).intents == {"done": 1}


class Cut(commands.Commands):
    """The bot dies before it can note how an order ended."""

    async def settled(self, command: commands.Command, state: str, result: str) -> None:
        raise LedgerUnwritable(f"{command.name} ended as {state}: {result}")


@pytest.mark.parametrize(("name", "arguments"), [("desk_replay", ALL), ("desk_sync", {})])
async def test_an_order_is_settled_with_what_it_changes(path: Path, name: str, arguments: dict[str, Any]) -> None:
    async with started(path, MemoryDesk("remote")) as on:
        on.bot.ledger.commands = Cut(on.bot.ledger.writer, on.bot.ledger.reader)
        state, _ = await on.ask(path, name, arguments)
        assert state == "done"


async def test_replayed_words_are_not_added_twice(path: Path) -> None:
    desk = MemoryDesk("remote")
    async with started(path, desk) as on:
        await on.complain()
        await until(lambda: desk.tickets)
        desk.faults.append(Fault(error=Rejected("added, but said no"), applied=True))
        await on.complain("and the change as well")
        await until(lambda: report(path).failed)
        asked = await on.ask(path, "desk_replay", {**ALL, "everything": False, "tickets": ["m-1"]})
        assert asked == ("done", "Tried again: 2 (message, M-1).")
        await until(lambda: report(path).intents == {"done": 2})
        assert [line.text for line in desk.tickets["1"].lines][1:] == ["and the change as well"]


async def test_what_is_not_there_is_said(path: Path) -> None:
    async with started(path, MemoryDesk("remote")) as on:
        state, result = await on.ask(path, "desk_replay", {**ALL, "everything": False, "ids": [7]})
        assert (state, result.startswith("Nothing with the ID 7")) == ("failed", True)


async def test_sync_tries_what_waits_and_reads_what_is_open_now(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bots.escalation, "_BACKOFF_FIRST_S", 3600.0)
    monkeypatch.setattr(bots.escalation, "_DOWN_MOST_S", 3600.0)
    desk = MemoryDesk("remote")
    async with started(path, desk) as on:
        await on.complain()
        await until(lambda: report(path).intents == {"done": 1})
        desk.faults.append(Fault(error=Unavailable("503")))
        await on.complain("another matter of somebody else", author=making.EVE)
        await until(lambda: on.bot.rows("SELECT 1 FROM ticket_intents WHERE error IS NOT NULL"))
        desk.answer("1", "We found them.", "Mia")
        asked = await on.ask(path, "desk_sync", {})
        assert asked == ("done", "Open tickets that are read again: 1. Waiting, and tried now: 1.")
        await until(lambda: len(desk.tickets) == 2)
        await until(lambda: any("We found them." in text for text in on.bot.channel.texts()))


async def test_an_order_left_before_the_start_is_carried_out_then(path: Path) -> None:
    desk = MemoryDesk("remote")
    desk.faults.append(Fault(error=Rejected("no")))
    async with started(path, desk) as on:
        await on.complain()
        await until(lambda: report(path).failed)
    state, _ = await asyncio.to_thread(commands.submit, path, "desk_replay", ALL, wait_s=0)
    assert state == "new"
    async with started(path, desk) as on:
        await until(lambda: desk.tickets)
        await until(lambda: report(path).intents == {"done": 1})
        (row,) = on.bot.rows("SELECT state, result FROM commands")
        assert tuple(row) == ("done", "Tried again: 1 (create, FL-1001).")
