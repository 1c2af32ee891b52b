"""What an operator is shown of the helpdesk: what waits and why, what failed, what is open there."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bots.ledger import pending, report
from bots.ledger.database import LedgerError
from bots.ledger.pending import OpenTickets, Pending
from tests.bots.making import EVE, message
from ticket_client.base import TicketRef

if TYPE_CHECKING:
    from pathlib import Path

    from bots.ledger.intents import Intent
    from tests.bots.ledger.desk_stage import Stage


def due(remote: Stage) -> list[Intent]:
    return remote.ledger.intents.due(datetime.now(UTC) + timedelta(seconds=1), 10)


def seen(remote: Stage) -> tuple[Pending, ...]:
    return pending.state(remote.path, "memory", datetime.now(UTC)).pending


async def test_nothing_is_pending_where_nothing_was_asked_for(remote: Stage) -> None:
    state = pending.state(remote.path, "memory", datetime.now(UTC))
    assert (state.pending, state.tickets, state.elsewhere, state.cursor_at) == ((), (), {}, None)


async def test_what_waits_says_for_what(remote: Stage) -> None:
    await remote.hear(message("the moon fell"))
    await remote.hear(message("and on my hat"))
    create, words = seen(remote)
    assert (create.id, create.action, create.ticket, create.channel) == (1, "create", "FL-1001", "telegram")
    assert (create.attempts, create.error, create.waits_for) == (0, "", None)
    assert create.next_try is not None
    assert abs(create.next_try - datetime.now(UTC)) < timedelta(seconds=5)
    assert (words.action, words.waits_for, words.next_try) == ("message", 1, None)

    (intent,) = due(remote)
    assert await remote.ledger.intents.take(intent, 300)
    assert (seen(remote)[0].at_work, seen(remote)[0].next_try) == (True, None)
    at = datetime.now(UTC) + timedelta(minutes=5)
    await remote.ledger.intents.sending(intent, at)
    await remote.ledger.intents.unclear(intent, at, "Ambiguous: cut")
    create, _ = seen(remote)
    assert (create.at_work, create.is_sending, create.attempts) == (False, True, 1)
    assert (create.next_try, create.error) == (at, "Ambiguous: cut")

    await remote.ledger.intents.opened(intent, TicketRef(id="d1", number="M-1"))
    (words,) = seen(remote)
    assert (words.ticket, words.waits_for) == ("M-1", None)
    await remote.ledger.intents.failed(due(remote)[0], "Rejected: no", lambda _: "regret")
    (words,) = seen(remote)
    assert (words.has_failed, words.next_try, words.waits_for, words.error) == (True, None, None, "Rejected: no")


async def test_what_waits_for_a_ticket_that_failed_fails_with_it_and_that_is_told_once(remote: Stage) -> None:
    await remote.hear(message("the moon fell"))
    await remote.hear(message("and on my hat"))
    await remote.hear(message("and on my coat"))
    (told,) = await remote.ledger.intents.failed(due(remote)[0], "Rejected: no", lambda _: "regret")
    assert told.reply.text == "regret"
    assert [(each.state, each.waits_for, each.error) for each in seen(remote)] == [
        ("failed", None, "Rejected: no"),
        ("failed", None, "It waits for 1, which failed."),
        ("failed", None, "It waits for 1, which failed."),
    ]
    assert due(remote) == []
    assert [each.id for each in report.report(remote.path).failed] == [1, 2, 3]
    assert await remote.ledger.retry(3) is None
    assert [each.state for each in seen(remote)] == ["new"] * 3, "replayed together"
    assert report.report(remote.path).failed == ()


async def test_only_what_is_of_a_ticket_is_shown_with_it(remote: Stage) -> None:
    await remote.hear(message("the moon fell"))
    await remote.hear(message("the sun fell", author=EVE))
    ticket = report.remote_ticket(remote.path, "memory", "fl-1002")
    (mine,) = pending.of_ticket(remote.path, ticket.key, datetime.now(UTC))
    assert mine.id == 2


async def test_open_tickets_are_counted_with_the_desk_s_own_words(remote: Stage) -> None:
    for number in range(6):
        await remote.hear(message("the moon fell", author=replace(EVE, id=f"eve{number}")))
    for number in range(5):
        await remote.ledger.intents.opened(due(remote)[0], TicketRef(id=f"d{number}", number=f"M-{number}"))
    await remote.change("UPDATE tickets SET status = 'pending', raw_status = 'At the bank' WHERE number < 'M-2'")
    await remote.change("UPDATE tickets SET status = 'closed' WHERE number IN ('M-2', 'M-3')")
    await remote.change("UPDATE tickets SET desk = 'zendesk' WHERE number IN ('M-3', 'M-4')")
    await remote.ledger.save_state("relay:memory", "17")
    state = pending.state(remote.path, "memory", datetime.now(UTC))
    assert state.tickets == (
        OpenTickets(status="pending", raw_status="At the bank", count=2, at_desk=True),
        OpenTickets(status="new", raw_status="", count=1, at_desk=False),
    )
    assert state.elsewhere == {"zendesk": 1}
    assert state.cursor_at is not None
    assert datetime.now(UTC) - state.cursor_at < timedelta(seconds=5)


async def test_tickets_at_a_desk_over_the_network_are_found_by_number_and_by_reference(remote: Stage) -> None:
    await remote.hear(message("the moon fell"))
    waiting = report.remote_ticket(remote.path, "memory", "FL-1001")
    assert (waiting.number, waiting.reference, waiting.status, waiting.url) == ("", "FL-1001", "new", "")
    await remote.ledger.intents.opened(due(remote)[0], TicketRef(id="d1", number="M-1", url="https://desk.example/1"))
    found = report.remote_ticket(remote.path, "memory", " m-1")
    assert (found.number, found.url, found.requester) == ("M-1", "https://desk.example/1", "telegram:bot:ann")
    assert report.remote_tickets(remote.path, "memory") == [found]
    assert report.remote_tickets(remote.path, "zendesk") == []
    await remote.change("UPDATE tickets SET status = 'resolved', raw_status = 'Solved'")
    assert report.remote_tickets(remote.path, "memory") == []
    (over,) = report.remote_tickets(remote.path, "memory", all_of_them=True)
    assert (over.status, over.raw_status) == ("resolved", "Solved")
    for desk, number in (("memory", "M-2"), ("zendesk", "M-1")):
        with pytest.raises(LedgerError, match=f"No ticket {number} was opened at the desk {desk}"):
            report.remote_ticket(remote.path, desk, number)


async def test_what_the_user_was_not_told_is_shown_with_the_ticket(remote: Stage) -> None:
    await remote.hear(message("the moon fell"))
    (told,) = await remote.ledger.intents.opened(due(remote)[0], TicketRef(id="d1", number="M-1"))
    assert report.remote_ticket(remote.path, "memory", "M-1").undelivered == ()
    await remote.change("UPDATE outgoing SET state = 'ambiguous', error = 'cut' WHERE id = ?", told.id)
    (trouble,) = report.remote_ticket(remote.path, "memory", "M-1").undelivered
    assert (trouble.id, trouble.what, trouble.reason) == (told.id, "ambiguous", "cut")


def test_without_a_ledger_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="There is no ledger"):
        pending.state(tmp_path / "none.db", "memory", datetime.now(UTC))
