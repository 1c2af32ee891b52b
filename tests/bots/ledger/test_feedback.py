"""What people asked and what came of it, read from a real ledger."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from adapters.base import Addressed, Kind
from bots.ledger.database import LedgerError
from bots.ledger.feedback import Asked, Verdict, asked
from bots.pipeline.state import mark
from bots.shield import shield
from tests.bots.making import EVE, answers, command, in_public, message, moderated, offers, tap

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bots.ledger.desk_stage import Stage

LONG_AGO = datetime.now(UTC) - timedelta(days=365)


def read(stage: Stage, since: datetime = LONG_AGO) -> list[Asked]:
    return asked(stage.path, since)


async def test_a_question_that_nothing_matches(stage: Stage) -> None:
    await stage.hear(message("they ate my coins", language_hint="nl"))
    (one,) = read(stage)
    assert (one.text, one.language, one.channel, one.entry) == ("they ate my coins", "nl", "telegram", None)
    assert (one.unanswered, one.why, one.verdict) == (True, "nothing matches", Verdict.NONE)


async def test_thumbs_speak_of_the_answer_above_them(stage: Stage) -> None:
    good, bad, silent = (message(text, place=f"chat:{text}") for text in ("good?", "bad?", "silent?"))
    for question in (good, bad, silent):
        await stage.hear(question, answers("refund"))
    for question, button in ((good, "helpful"), (bad, "unhelpful")):
        place = question.reply_to.place
        await stage.hear(tap(f"{button}:{mark(question.message_id)}", place=place))
    found = {one.text: one for one in read(stage)}
    assert {text: one.verdict for text, one in found.items()} == {
        "good?": Verdict.HELPED,
        "bad?": Verdict.UNHELPFUL,
        "silent?": Verdict.NONE,
    }
    assert {text: one.unanswered for text, one in found.items()} == {"good?": False, "bad?": True, "silent?": False}
    assert found["bad?"].why == "answer did not help"
    assert found["bad?"].entry == "refund"


async def test_a_choice_names_the_entry_and_none_of_these_names_none(stage: Stage) -> None:
    chose, refused, left = (message(text, place=f"chat:{text}") for text in ("chose?", "refused?", "left?"))
    for question in (chose, refused, left):
        await stage.hear(question, offers("refund", "hours"))
    for question, button in ((chose, "pick:2"), (refused, "none")):
        await stage.hear(tap(f"{button}:{mark(question.message_id)}", place=question.reply_to.place))
    found = {one.text: one for one in read(stage)}
    assert (found["chose?"].verdict, found["chose?"].entry, found["chose?"].unanswered) == (
        Verdict.CHOSEN,
        "hours",
        False,
    )
    assert (found["refused?"].verdict, found["refused?"].why) == (Verdict.REFUSED, "none of these")
    assert (found["left?"].verdict, found["left?"].unanswered, found["left?"].why) == (
        Verdict.NONE,
        True,
        "nothing chosen",
    )


async def test_a_choice_among_several_questions_entries_answers_but_tells_nothing_of_the_score(stage: Stage) -> None:
    one = offers("refund", "hours")
    for text, matches in (("fees? hours?", replace(one, reason="several")), ("hours?", one)):
        question = message(text, place=f"chat:{text}")
        await stage.hear(question, matches)
        await stage.hear(tap(f"pick:2:{mark(question.message_id)}", place=question.reply_to.place))
    found = {one.text: (one.verdict, one.unanswered, one.tells_of_the_score) for one in read(stage)}
    assert found == {"fees? hours?": (Verdict.CHOSEN, False, False), "hours?": (Verdict.CHOSEN, False, True)}


async def test_a_refusal_counts_though_no_further_ticket_is_opened(stage: Stage) -> None:
    for matter in ("my bag is lost", "the lamp broke", "no train came", "wrong seat given", "cold soup served"):
        await stage.hear(message(matter, place=f"chat:{matter}"))
    question = message("money back?")
    await stage.hear(question, offers("refund"))
    await stage.hear(tap(f"none:{mark(question.message_id)}"))
    assert stage.outcomes()[-1] == ("appended", "too_many_open")
    assert read(stage)[-1].verdict is Verdict.REFUSED


async def test_a_choice_that_did_not_help_is_an_answer_that_did_not(stage: Stage) -> None:
    question = message("money back?")
    await stage.hear(question, offers("refund", "hours"))
    marked = mark(question.message_id)
    await stage.hear(tap(f"pick:1:{marked}"))
    await stage.hear(tap(f"unhelpful:{marked}"))
    (one,) = read(stage)
    assert (one.verdict, one.entry, one.unanswered) == (Verdict.UNHELPFUL, "refund", True)


async def test_a_ticket_soon_after_an_answer_says_that_it_did_not_help(stage: Stage) -> None:
    await stage.hear(message("refund?"), answers("refund"))
    await stage.hear(message("no, the vending machine at the station swallowed two coins of mine"))
    verdicts = {one.text[:7]: one.verdict for one in read(stage)}
    assert verdicts == {"refund?": Verdict.TICKET_AFTER, "no, the": Verdict.NONE}


async def test_a_ticket_days_after_an_answer_says_nothing(stage: Stage) -> None:
    await stage.hear(message("refund?"), answers("refund"))
    await stage.age(2)
    await stage.hear(message("the vending machine at the station swallowed two coins of mine"))
    assert next(one.verdict for one in read(stage) if one.text == "refund?") is Verdict.NONE


async def test_a_ticket_by_command_is_about_what_the_command_says(stage: Stage) -> None:
    await stage.hear(command("ticket", "my parcel lies in the neighbour's garden"))
    assert [(one.text, one.why) for one in read(stage)] == [
        ("my parcel lies in the neighbour's garden", "asked for ticket")
    ]


async def test_a_moderated_complaint_is_the_complainants_words(stage: Stage) -> None:
    await stage.hear(moderated("they ate my coins", "please look"))
    assert [one.text for one in read(stage)] == ["they ate my coins"]


async def test_other_peoples_taps_change_nothing(stage: Stage) -> None:
    question = message("good?")
    await stage.hear(question, answers("refund"))
    await stage.hear(tap(f"unhelpful:{mark(question.message_id)}", author=EVE))
    assert [one.verdict for one in read(stage)] == [Verdict.NONE]


async def test_words_that_are_gone_are_not_read(stage: Stage) -> None:
    kept, deleted = message("kept words here"), message("deleted words here", place="chat:2")
    for said in (kept, deleted):
        await stage.hear(said)
    await stage.hear(
        message(
            kind=Kind.DELETED, message_id=deleted.message_id, place="chat:2", conversation_key=deleted.conversation_key
        )
    )
    assert [one.text for one in read(stage)] == ["kept words here"]
    await stage.age(100)
    await stage.ledger.forget_older_than(timedelta(days=90))
    assert read(stage) == []


async def test_a_message_with_a_secret_stays_out(stage: Stage) -> None:
    said = shield(message("my card 4111 1111 1111 1111 does not work"))
    assert said.secrets
    await stage.hear(said)
    assert read(stage) == []


async def test_a_complaint_with_a_secret_stays_out(stage: Stage) -> None:
    said = shield(moderated("my card 4111 1111 1111 1111 does not work"))
    assert said.parent is not None
    assert said.parent.secrets
    await stage.hear(said)
    assert stage.outcomes() == [("ticket_opened", "moderator")]
    assert read(stage) == []


async def test_what_was_not_said_to_the_bot_or_is_older_stays_out(stage: Stage) -> None:
    await stage.hear(message("an old question of mine"))
    await stage.age(40)
    await stage.hear(in_public("hello there", addressed=Addressed.AMBIENT).without_words())
    assert read(stage, datetime.now(UTC) - timedelta(days=28)) == []


def test_without_a_ledger_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="There is no ledger"):
        asked(tmp_path / "firstline.db", LONG_AGO)
