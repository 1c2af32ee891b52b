"""What is to be done at a desk that has to be called: written with the outcome, done once, told when it is done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from adapters.base import Kind
from bots.ledger import report
from tests.bots.making import EVE, in_public, message, moderated
from ticket_client.base import TicketRef

if TYPE_CHECKING:
    from bots.ledger.intents import Intent
    from tests.bots.ledger.desk_stage import Stage

REF = TicketRef(id="d1", number="M-1", url="https://desk.example/1")


def due(remote: Stage, **later: float) -> list[Intent]:
    return remote.ledger.intents.due(datetime.now(UTC) + timedelta(**later), 10)


async def test_the_ticket_is_announced_when_the_desk_has_given_its_number(remote: Stage) -> None:
    committed = await remote.decide(await remote.accept(message("the moon fell on my ledger")))
    assert (committed.outgoing, committed.intents) == ((), True)
    assert remote.tickets() == []
    (intent,) = due(remote)
    assert intent.draft is not None
    assert intent.draft.subject == "the moon fell on my ledger"
    assert not intent.resumed
    (outgoing,) = await remote.ledger.intents.opened(intent, REF)
    assert "**M-1**" in outgoing.reply.text
    assert outgoing.reply.number == "M-1"
    assert await remote.ledger.intents.opened(intent, REF) == [], "told once"
    assert due(remote) == []
    known = remote.ledger.ticket_at_desk("d1")
    assert known is not None
    assert known.number == "M-1"
    assert remote.rows("SELECT url FROM tickets") == [{"url": REF.url}]


async def test_a_follow_up_waits_for_its_ticket_and_follows_in_order(remote: Stage) -> None:
    await remote.hear(message("the moon fell on my ledger"))
    await remote.hear(message("and on my hat"))
    await remote.hear(message("and on my coat"))
    assert (
        remote.replies() == ["Added to your ticket. You get its number here as soon as our ticket system answers."] * 2
    )
    (create,) = due(remote)
    assert create.action == "create"
    await remote.ledger.intents.sending(create, datetime.now(UTC))
    await remote.ledger.intents.opened(create, REF)
    for words in ("and on my hat", "and on my coat"):
        (intent,) = due(remote, seconds=1)
        assert (intent.action, intent.text, intent.desk_id) == ("message", words, "d1")
        await remote.ledger.intents.sending(intent, datetime.now(UTC))
        await remote.ledger.intents.done(intent)
    assert due(remote, days=9) == []


async def test_a_second_moderator_hears_the_number_with_the_first(remote: Stage) -> None:
    await remote.hear(moderated())
    await remote.change("DELETE FROM conversations")
    await remote.hear(moderated())
    assert remote.outcomes() == [("ticket_opened", "moderator"), ("acted", "complaint_exists")]
    (intent,) = due(remote)
    made = await remote.ledger.intents.opened(intent, REF)
    assert [outgoing.reply.number for outgoing in made] == ["M-1", "M-1"]


async def test_a_second_announcement_waits_with_the_first(remote: Stage) -> None:
    await remote.hear(message("the moon fell", message_id="5", dedupe_key="a"))
    await remote.change("DELETE FROM conversations")
    await remote.change("UPDATE tickets SET opened_at = '2020'")
    await remote.hear(message("the moon fell", message_id="5", dedupe_key="b"))
    (intent,) = due(remote)
    made = await remote.ledger.intents.opened(intent, REF)
    assert [outgoing.reply.key for outgoing in made] == ["in:1:ticket", "in:2:ticket"]


async def test_intents_of_different_tickets_do_not_wait_for_each_other(remote: Stage) -> None:
    await remote.hear(message("the moon fell"))
    await remote.hear(message("the sun fell", author=EVE))
    first, second = due(remote)
    await remote.ledger.intents.later(first, datetime.now(UTC) + timedelta(hours=1), "503")
    assert [intent.id for intent in due(remote)] == [second.id]
    assert [intent.id for intent in due(remote, hours=2)] == [first.id, second.id]


async def test_what_was_cut_is_looked_for_first(remote: Stage) -> None:
    await remote.hear(message("the moon fell"))
    (intent,) = due(remote)
    look_from = datetime.now(UTC) + timedelta(seconds=30)
    await remote.ledger.intents.sending(intent, look_from)
    assert due(remote) == [], "not before the desk can say whether it has it"
    (cut,) = due(remote, seconds=31)
    assert (cut.resumed, cut.attempts) == (True, 1)
    await remote.ledger.intents.unclear(cut, look_from, "cut again")
    assert due(remote, seconds=31)[0].resumed


async def test_a_refusal_is_told_shown_and_can_be_tried_again(remote: Stage) -> None:
    await remote.hear(message("the moon fell"))
    (intent,) = due(remote)
    made = await remote.ledger.intents.failed(intent, "Rejected: no", lambda language: f"regret in {language}")
    assert [outgoing.reply.text for outgoing in made] == ["regret in en"]
    shown = report.report(remote.path)
    assert [(trouble.id, trouble.reason) for trouble in shown.failed] == [(1, "Rejected: no")]
    assert shown.adds_up
    assert due(remote, days=9) == []
    assert await remote.ledger.retry(1) is None
    assert remote.outcomes() == [("ticket_opened", "nothing_matches")]
    (again,) = due(remote, seconds=1)
    assert (again.id, again.attempts) == (intent.id, 1), "it may be there: it is looked for first"
    (outgoing,) = await remote.ledger.intents.opened(again, REF)
    assert "**M-1**" in outgoing.reply.text
    assert report.report(remote.path).failed == ()


async def test_words_for_a_ticket_wait_where_it_was_told_elsewhere(remote: Stage) -> None:
    await remote.hear(message("the machine ate my shiny coin on Monday"))
    await remote.hear(in_public("the machine ate my shiny coin on monday!"))
    assert remote.outcomes()[1] == ("acted", "existing_ticket")
    assert remote.replies() == [
        "Your ticket is being opened. You get its number here as soon as our ticket system answers."
    ]


async def test_a_deletion_reaches_what_still_waits(remote: Stage) -> None:
    await remote.hear(first := message("the elephant fell on my ledger"))
    await remote.hear(second := message("another elephant"))
    await remote.hear(message(kind=Kind.DELETED, message_id=first.message_id))
    await remote.hear(message(kind=Kind.DELETED, message_id=second.message_id))
    assert remote.words_on_disk("elephant") == []
    (create,) = due(remote)
    assert create.draft is not None
    assert create.draft.subject == "(deleted by its author)"
    assert create.draft.body.splitlines()[:3] == ["The requester wrote:", "> (deleted by its author)", ""]
    await remote.ledger.intents.opened(create, REF)
    actions = []
    while left := due(remote, seconds=1):
        actions.append((left[0].action, left[0].text[:31]))
        await remote.ledger.intents.done(left[0])
    assert actions == [
        ("message", "(deleted by its author)"),
        ("note", "The requester deleted the messa"),
        ("note", "The requester deleted the messa"),
    ]


async def test_what_is_done_is_forgotten_in_time(remote: Stage) -> None:
    await remote.hear(message("the elephant fell on my ledger"))
    await remote.hear(message("another elephant"))
    (create,) = due(remote)
    await remote.ledger.intents.opened(create, REF)
    await remote.age(91)
    await remote.ledger.forget_older_than(timedelta(days=90))
    assert remote.words_on_disk("fell on my ledger") == []
    (waiting,) = due(remote, seconds=1)
    assert waiting.text == "another elephant", "what is not done is needed"


async def test_nothing_is_written_for_the_built_in_desk(stage: Stage) -> None:
    await stage.hear(message("the moon fell"))
    await stage.hear(message("and on my hat"))
    assert stage.rows("SELECT * FROM ticket_intents") == []
