"""The number of a ticket at another desk, typed by its requester: digits are it only where nothing waits for words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from typing import TYPE_CHECKING

import pytest

from adapters.base import Kind
from bots.ledger.ledger import Ledger
from bots.pipeline import phrases
from bots.pipeline.decision import Act, Answer, AppendToTicket, Decision, OpenTicket, Policy, TicketStatus, decide
from bots.pipeline.plan import plan
from bots.pipeline.state import ConversationState, Phase
from tests.bots.making import EVE, NOTHING, house, in_public, message

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from adapters.base import IncomingMessage

FORMS = ("{}", "ticket {}", "status {}", "status #{}", "what about ticket {}?", "#{}?", "#{}", "Ticket #{}", "{}?")
OFFERED = ConversationState(phase=Phase.CHOOSING, question="money?", question_id="9", candidates=("refund", "hours"))


class Desk:
    """A ledger with Ann's ticket at a desk that gave it a number."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    async def opened(self, number: str, status: str = "open", said: IncomingMessage | None = None) -> None:
        """A ticket about the message's words; Ann's own, unless it says otherwise."""
        await self.hear(said or message("they ate my coins"))
        await self.change("UPDATE tickets SET number = ?, desk_id = ? WHERE number IS NULL", number, number)
        await self.change("UPDATE tickets SET status = ? WHERE number = ?", status, number)

    async def change(self, sql: str, *values: object) -> None:
        await self.ledger.writer.run(lambda connection: connection.execute(sql, values))

    async def hear(self, said: IncomingMessage, **state: object) -> Decision:
        """What is decided about a message, which is carried out."""
        (accepted,) = await self.ledger.accept([said])
        known = replace(self.ledger.conversation(said.conversation_key), **state)  # type: ignore[arg-type]
        around = self.ledger.context(
            said,
            known,
            number=phrases.number_in(said.text, "FL"),
            desk_numbers=phrases.desk_numbers_in(said.text),
            complaint_key=None,
        )
        decision = decide(said, around, NOTHING, datetime.now(UTC), Policy())
        await self.ledger.commit(accepted, plan(accepted.id, said, around, decision, house()))
        return decision


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """With nothing in it."""
    with Ledger(tmp_path / "firstline.db", transactional_desk=False, desk_name="remote") as ledger:
        yield Desk(ledger)


def number_of(decision: Decision) -> str | None:
    """The number of the one ticket whose status is told."""
    assert isinstance(decision, TicketStatus), decision
    return decision.tickets[0].number if decision.tickets else None


@pytest.mark.parametrize(("form", "number"), list(product(FORMS, ("1", "#1", "42", "support-2"))))
async def test_its_requester_hears_how_it_stands(desk: Desk, form: str, number: str) -> None:
    for status in ("open", "resolved"):
        await desk.opened(number, status, None if status == "open" else message("and my hat"))
        assert number_of(await desk.hear(message(form.format(number.removeprefix("#"))))) == number
        await desk.change("DELETE FROM ticket_intents")
        await desk.change("DELETE FROM tickets")


@pytest.mark.parametrize("text", ["1", "#1", "1?"])
@pytest.mark.parametrize("command", ["status", "ticket", "start"])
async def test_a_command_with_nothing_but_a_number_tells_how_it_stands(desk: Desk, text: str, command: str) -> None:
    await desk.opened("1", "pending")
    assert number_of(await desk.hear(message(text, kind=Kind.COMMAND, command=command))) == "1"


@pytest.mark.parametrize("form", [form for form in FORMS if form.strip("?") != "{}"])
async def test_a_stranger_hears_that_it_is_not_theirs(desk: Desk, form: str) -> None:
    await desk.opened("1")
    assert number_of(await desk.hear(message(form.format("1"), author=EVE))) is None


@pytest.mark.parametrize("text", ["#7", "7", "ticket 7", "#7?"])
async def test_nobodys_number_is_ordinary_words(desk: Desk, text: str) -> None:
    await desk.opened("1")
    assert isinstance(await desk.hear(message(text)), AppendToTicket)
    assert isinstance(await desk.hear(message(text, author=EVE)), OpenTicket)


async def test_a_strangers_digits_alone_are_ordinary_words(desk: Desk) -> None:
    await desk.opened("1")
    assert isinstance(await desk.hear(message("1", author=EVE)), OpenTicket)


async def test_digits_alone_stay_what_the_bot_asked_for(desk: Desk) -> None:
    await desk.opened("2", "resolved")
    choice = Answer(entry="hours", score=None, chosen=True)
    assert await desk.hear(message("2"), phase=OFFERED.phase, candidates=OFFERED.candidates) == choice
    assert await desk.hear(message("2"), phase=Phase.ANSWERED, candidates=OFFERED.candidates) == choice
    assert isinstance(await desk.hear(message("2"), phase=Phase.DESCRIBING, candidates=()), OpenTicket)


@pytest.mark.parametrize(("text", "rates"), [("2", True), ("2.", True), ("#2", False), ("ticket 2", False)])
async def test_after_the_rating_question_a_digit_is_a_rating(desk: Desk, text: str, rates: bool) -> None:  # noqa: FBT001
    await desk.opened("2", "resolved")
    await desk.change("UPDATE tickets SET rating_asked_at = '2026-11-22T12:00:00.000000Z'")
    decision = await desk.hear(message(text))
    assert isinstance(decision, Act if rates else TicketStatus)


@pytest.mark.parametrize(("text", "answers"), [("2", True), (" 2. ", True), ("#2", False), ("ticket 2", False)])
@pytest.mark.parametrize("waits", ["pending", "agent"])
async def test_an_answer_to_a_person_is_no_number(desk: Desk, text: str, answers: bool, waits: str) -> None:  # noqa: FBT001
    await desk.opened("2", "pending" if waits == "pending" else "open")
    if waits == "agent":
        await desk.change(
            "INSERT INTO outgoing (key, conversation_key, ticket_key, channel, place, reply, number, speaker, state,"
            " attempts, not_before, created_at, changed_at) SELECT 'desk:1', conversation_key, key, channel, 'p', '{}',"
            " number, 'agent', 'sent', 1, opened_at, opened_at, opened_at FROM tickets"
        )
    assert isinstance(await desk.hear(message(text)), AppendToTicket if answers else TicketStatus)


async def test_digits_alone_where_a_number_was_asked_for(desk: Desk) -> None:
    await desk.opened("2", "pending")
    assert number_of(await desk.hear(message("2"), phase=Phase.NUMBERING)) == "2"


async def test_somebody_who_names_another_ticket_with_news_is_heard(desk: Desk) -> None:
    await desk.opened("1")
    decision = await desk.hear(in_public("about #1: the machine also ate a second coin this morning, and a third"))
    assert isinstance(decision, AppendToTicket)
