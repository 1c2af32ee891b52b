"""One complaint is one ticket at the helpdesk, whatever the network, the desk and kill -9 do."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

import bots.escalation
from bots.escalation import Escalation
from bots.ledger import codec
from bots.ledger.report import report
from bots.wording import Wording
from tests.bots import making
from tests.bots.lanes import Inside, inside, until
from ticket_client.base import (
    Ambiguous,
    AuthFailed,
    Capabilities,
    DeskError,
    RateLimited,
    Rejected,
    TicketDraft,
    TicketRef,
    Unavailable,
)
from ticket_client.memory import Fault, MemoryDesk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

WORDING = Wording()
REGRET = WORDING.say("en", "failed")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "firstline.db"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look and back off in hundredths of a second."""
    monkeypatch.setattr(bots.escalation, "_BACKOFF_FIRST_S", 0.02)
    monkeypatch.setattr(bots.escalation, "_LOOK_EVERY_S", 0.02)
    monkeypatch.setattr(bots.escalation, "_AUTH_S", 0.1)


class Desk(MemoryDesk):
    """Notes when it is asked; `find_faults` are met by the next searches, `hangs` holds creations with those words."""

    def __init__(self, find_lag_s: float = 0.0) -> None:
        super().__init__("desk")
        self.capabilities = Capabilities(find_lag_s=find_lag_s)
        self.find_faults: list[Exception] = []
        self.creates: list[float] = []
        self.finds: list[float] = []
        self.hangs: dict[str, asyncio.Event] = {}

    async def create(self, draft: TicketDraft, request: str) -> TicketRef:
        self.creates.append(asyncio.get_running_loop().time())
        for words, gate in self.hangs.items():
            if words in draft.body:
                await gate.wait()
        return await super().create(draft, request)

    async def find(self, draft: TicketDraft) -> TicketRef | None:
        self.finds.append(asyncio.get_running_loop().time())
        if self.find_faults:
            raise self.find_faults.pop(0)
        return await super().find(draft)


@dataclass(kw_only=True)
class Started:
    bot: Inside
    desk: Desk

    async def complain(self, text: str = "they ate my coins", **fields: str) -> None:
        await self.bot.worker.deliver([making.message(text, **fields)])
        await self.bot.worker.idle()

    def texts(self) -> list[str]:
        return self.bot.channel.texts()


@asynccontextmanager
async def started(path: Path, desk: Desk) -> AsyncIterator[Started]:
    """A bot with a desk over the network."""
    async with inside(path, transactional=False) as bot:
        escalation = Escalation(
            bot.ledger.intents, desk, WORDING, number_prefix="FL", desk_language="en", on_outgoing=bot.delivery.add
        )
        running = asyncio.create_task(escalation.run())
        try:
            yield Started(bot=bot, desk=desk)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def test_a_complaint_becomes_one_ticket_and_the_number_is_told(path: Path) -> None:
    async with started(path, Desk()) as on:
        await on.complain()
        await until(on.texts)
        assert len(on.desk.tickets) == 1
        assert on.texts() == [WORDING.say("en", "ticket-opened", number="M-1")]


@pytest.mark.parametrize("applied", [False, True])
@pytest.mark.parametrize(
    "errors",
    [
        [Unavailable("refused connection")],
        [RateLimited("slow down", retry_after_s=0.05)],
        [AuthFailed("wrong key")],
        [Ambiguous("time-out")],
        [TimeoutError()],
        [Ambiguous("cut"), Unavailable("down"), Ambiguous("cut")],
        [Unavailable("down"), Ambiguous("cut"), RateLimited("slow down", retry_after_s=0.05)],
    ],
)
async def test_whatever_fails_the_ticket_is_opened_once(path: Path, errors: list[DeskError], applied: bool) -> None:  # noqa: FBT001
    desk = Desk()
    may_be_applied = (Ambiguous, TimeoutError)
    desk.faults.extend(Fault(error=e, applied=applied and isinstance(e, may_be_applied)) for e in errors)
    async with started(path, desk) as on:
        await on.complain()
        await until(on.texts)
        assert len(desk.tickets) == 1
        assert on.texts() == [WORDING.say("en", "ticket-opened", number="M-1")]


@pytest.mark.parametrize("trouble", [Unavailable("down"), Rejected("bad query"), Ambiguous("cut"), TimeoutError()])
async def test_a_search_that_fails_is_no_leave_to_open_a_second_ticket(path: Path, trouble: Exception) -> None:
    desk = Desk()
    desk.faults.append(Fault(error=Ambiguous("the answer was lost"), applied=True))
    desk.find_faults = [trouble, trouble]
    async with started(path, desk) as on:
        await on.complain()
        await until(on.texts)
        assert len(desk.tickets) == 1
        assert len(desk.creates) == 1
        assert on.texts() == [WORDING.say("en", "ticket-opened", number="M-1")]


async def test_a_ticket_whose_opening_was_cut_by_a_crash_is_looked_for_when_it_can_be_found(path: Path) -> None:
    desk = Desk(find_lag_s=0.4)
    desk.hangs["coins"] = asyncio.Event()
    async with started(path, desk) as on:
        await on.complain()
        await until(lambda: desk.creates)
    # What the desk had received, it carried out; its search knows of it later.
    (created_at,) = desk.creates
    desk.hangs.clear()
    async with inside(path, transactional=False) as bot:
        (intent,) = bot.rows("SELECT payload, state FROM ticket_intents")
    assert intent["state"] == "sending"
    draft = codec.load(TicketDraft, intent["payload"])
    await MemoryDesk.create(desk, draft, await desk.prepare(draft))
    async with started(path, desk) as on:
        await until(on.texts)
        assert len(desk.tickets) == 1
        assert desk.finds[0] - created_at >= 0.35
        assert on.texts() == [WORDING.say("en", "ticket-opened", number="M-1")]


async def test_words_added_before_the_ticket_is_open_arrive_after_it_and_once(path: Path) -> None:
    desk = Desk()
    desk.faults.extend([Fault(error=Unavailable("down")), Fault(error=Ambiguous("cut"), applied=True)])
    async with started(path, desk) as on:
        await on.complain()
        desk.faults.append(Fault(error=Ambiguous("cut"), applied=True))
        await on.complain("and the change as well")
        await until(lambda: not on.bot.rows("SELECT 1 FROM ticket_intents WHERE state <> 'done'"))
        (ticket,) = desk.tickets.values()
        assert [line.text for line in ticket.lines][1:] == ["and the change as well"]


async def test_one_slow_ticket_delays_no_other(path: Path) -> None:
    desk = Desk()
    desk.hangs["slow"] = asyncio.Event()
    async with started(path, desk) as on:
        await on.complain("slow slow slow matter", place="chat:slow")
        await on.complain("a quick matter altogether", place="chat:quick")
        await until(on.texts)
        assert on.texts() == [WORDING.say("en", "ticket-opened", number="M-1")]
        desk.hangs["slow"].set()
        await until(lambda: len(on.texts()) == 2)


async def test_nothing_is_asked_of_a_desk_that_asks_to_wait(path: Path) -> None:
    desk = Desk()
    desk.faults.append(Fault(error=RateLimited("slow down", retry_after_s=0.5)))
    async with started(path, desk) as on:
        await on.complain()
        await until(lambda: desk.creates)
        await on.complain("another matter of somebody else", place="chat:2")
        await until(lambda: len(desk.tickets) == 2)
        assert min(desk.creates[1:] + desk.finds) - desk.creates[0] >= 0.5


async def test_a_ticket_refused_for_good_is_told_shown_and_can_be_tried_again(path: Path) -> None:
    desk = Desk()
    desk.faults.append(Fault(error=Rejected("the subject is not allowed")))
    async with started(path, desk) as on:
        await on.complain()
        await until(on.texts)
        assert on.texts() == [REGRET]
        shown = report(path)
        assert shown.adds_up
        (failed,) = shown.failed
        assert "the subject is not allowed" in failed.reason
        assert list(shown.outcomes) == ["failed"]
        assert shown.intents == {"failed": 1}

        assert await on.bot.ledger.retry(failed.id) is None, "it is decided already: the desk is asked again"
        await until(lambda: len(on.texts()) == 2)
        assert on.texts()[1] == WORDING.say("en", "ticket-opened", number="M-1")
        assert len(desk.tickets) == 1
        again = report(path)
        assert again.failed == ()
        assert again.outcomes == {"ticket_opened": {"nothing_matches": 1}}


async def test_refused_twice_is_told_once(path: Path) -> None:
    desk = Desk()
    desk.faults.extend(Fault(error=Rejected("no")) for _ in range(2))
    async with started(path, desk) as on:
        await on.complain()
        await until(lambda: report(path).failed)
        await on.bot.ledger.retry(report(path).failed[0].id)
        assert not report(path).failed
        await until(lambda: report(path).failed)
        await on.bot.settle()
        assert on.texts() == [REGRET]


async def test_words_that_the_desk_refuses_are_told_shown_and_can_be_tried_again(path: Path) -> None:
    desk = Desk()
    async with started(path, desk) as on:
        await on.complain()
        await until(on.texts)
        desk.faults.append(Fault(error=Rejected("too long")))
        await on.complain("and the change as well")
        await until(lambda: REGRET in on.texts())
        (failed,) = report(path).failed
        assert await on.bot.ledger.retry(failed.id) is None
        await until(lambda: len(desk.tickets["1"].lines) == 2)
        assert desk.tickets["1"].lines[1].text == "and the change as well"
        await until(lambda: report(path).intents == {"done": 2})
        assert report(path).outcomes == {"appended": {"follow_up": 1}, "ticket_opened": {"nothing_matches": 1}}


async def test_a_desk_that_is_away_too_long_is_given_up_and_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bots.escalation, "_GIVE_UP_AFTER", timedelta(seconds=0.1))
    desk = Desk()
    desk.faults.extend(Fault(error=Unavailable("down")) for _ in range(30))
    async with started(path, desk) as on:
        await on.complain()
        await until(on.texts)
        assert on.texts() == [REGRET]
        assert report(path).intents == {"failed": 1}


async def test_a_ticket_given_up_that_was_opened_after_all_is_found_when_it_is_tried_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bots.escalation, "_GIVE_UP_AFTER", timedelta(0))
    monkeypatch.setattr(bots.escalation, "_GIVE_UP_ATTEMPTS", 0)
    desk = Desk()
    desk.faults.append(Fault(error=Ambiguous("the answer was lost"), applied=True))
    async with started(path, desk) as on:
        await on.complain()
        await until(on.texts)
        assert on.texts() == [REGRET]
        await on.bot.ledger.retry(report(path).failed[0].id)
        await until(lambda: len(on.texts()) == 2)
        assert on.texts()[1] == WORDING.say("en", "ticket-opened", number="M-1")
        assert len(desk.tickets) == 1
