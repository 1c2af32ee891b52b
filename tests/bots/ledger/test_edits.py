"""What somebody changes of a message comes into its ticket, and goes from there when they delete it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.base import Kind
from bots.shield import shield
from tests.bots.making import EVE, answers, in_public, message, moderated, offers, tap

if TYPE_CHECKING:
    from .desk_stage import Stage

NOTED = "The requester edited a message of this ticket. It now says: "


async def test_an_edit_is_a_note_in_the_ticket_that_the_message_opened_or_was_added_to(stage: Stage) -> None:
    await stage.hear(first := message("the moon fell on my ledger"))
    await stage.hear(second := message("and on my hat"))
    said = stage.replies()
    for edited in (second, first, second):
        await stage.hear(message(f"now {edited.text}", kind=Kind.EDITED, message_id=edited.message_id))
    (ticket,) = stage.tickets()
    assert [(entry.kind, entry.text) for entry in ticket.entries[2:]] == [
        ("note", f"{NOTED}now and on my hat"),
        ("note", f"{NOTED}now the moon fell on my ledger"),
        ("note", f"{NOTED}now and on my hat"),
    ]
    assert stage.outcomes()[2:] == [("acted", "edit_noted")] * 3
    assert stage.replies() == said, "nothing is said"


async def test_an_edit_of_the_question_under_which_no_suggestion_fitted_is_noted(stage: Stage) -> None:
    await stage.hear(said := message("my elephant?"), offers("refund"))
    mark = stage.ledger.conversation(said.conversation_key).mark
    await stage.hear(tap(f"none:{mark}"))
    await stage.hear(message("my two elephants?", kind=Kind.EDITED, message_id=said.message_id), answers())
    assert stage.outcomes()[1:] == [("ticket_opened", "suggestions_refused"), ("acted", "edit_noted")]
    assert stage.tickets()[0].entries[-1].text == f"{NOTED}my two elephants?"


async def test_an_edit_of_what_is_in_no_ticket_is_not_noted(stage: Stage) -> None:
    await stage.hear(message("the moon fell on my ledger"))
    await stage.hear(said := message("refund?"), answers())
    await stage.hear(message("refund!", kind=Kind.EDITED, message_id=said.message_id), answers())
    await stage.hear(message("Eve", kind=Kind.EDITED, message_id="1", author=EVE), answers())
    assert stage.outcomes()[2] == ("ignored", "edit_of_processed")
    assert len(stage.tickets()[0].entries) == 1


async def test_the_author_of_what_a_moderator_reported_may_change_it(stage: Stage) -> None:
    await stage.hear(act := moderated("they ate my coins", "a note"))
    key = act.conversation_key
    edited = in_public("they ate two coins", kind=Kind.EDITED, message_id="77", conversation_key=key)
    await stage.hear(edited)
    await stage.hear(in_public("x", kind=Kind.EDITED, message_id="77", conversation_key=key, author=EVE))
    (ticket,) = stage.tickets()
    assert [entry.text for entry in ticket.entries[1:]] == [f"{NOTED}they ate two coins"]


async def test_a_secret_of_an_edit_does_not_reach_the_ticket(stage: Stage) -> None:
    await stage.hear(said := message("the moon fell on my ledger"))
    edit = message("my card is 4111 1111 1111 1111", kind=Kind.EDITED, message_id=said.message_id)
    await stage.hear(shield(edit))
    assert stage.tickets()[0].entries[-1].text.startswith(f"{NOTED}my card is [")
    assert stage.words_on_disk("1111 1111") == []
    assert "card number" in stage.replies()[-1], "the author is warned as ever"


async def test_a_deletion_takes_the_words_of_edits_with_it_and_no_line_of_ours(stage: Stage) -> None:
    await stage.hear(message("Ann"))
    await stage.hear(said := message("elephant"))
    await stage.hear(message("white elephant\nof mine", kind=Kind.EDITED, message_id=said.message_id))
    await stage.hear(message("Ann", kind=Kind.EDITED, message_id=said.message_id))
    await stage.hear(message(kind=Kind.DELETED, message_id=said.message_id))
    assert stage.words_on_disk("elephant") == []
    (ticket,) = stage.tickets()
    assert "The requester is ann (ann_a, \u201cAnn\u201d)." in ticket.entries[0].text
    assert [entry.text for entry in ticket.entries[1:-1]] == ["(deleted by its author)"] * 3
    assert ticket.entries[-1].text.startswith("The requester deleted the message of")


async def test_what_waits_for_a_desk_over_a_network_is_erased_as_well(remote: Stage) -> None:
    await remote.hear(said := message("the moon fell on my ledger"))
    await remote.hear(message("the elephant did", kind=Kind.EDITED, message_id=said.message_id))
    assert remote.outcomes()[-1] == ("acted", "edit_noted")
    assert remote.words_on_disk("elephant") != []
    await remote.hear(message(kind=Kind.DELETED, message_id=said.message_id))
    assert remote.words_on_disk("elephant") == []
