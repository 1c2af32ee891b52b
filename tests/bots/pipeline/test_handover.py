"""What a person should look at: which decision it becomes, and in which words it is told."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.markup import render
from bots.ledger import codec
from bots.pipeline.decision import Act, Answer, AppendToTicket, Decision, Ignore, OpenTicket, Policy, Suggest, decide
from bots.pipeline.effects import NUMBER
from bots.pipeline.excerpt import MAX_CHARS, excerpt
from bots.pipeline.plan import plan
from bots.pipeline.state import Context, ConversationState, Phase, mark
from tests.bots.making import (
    NOTHING,
    NOW,
    answers,
    command,
    house,
    in_public,
    message,
    moderated,
    offers,
    tap,
    target,
    ticket,
)
from ticket_client.base import Status

if TYPE_CHECKING:
    from adapters.base import IncomingMessage
    from faq.matching import Matches

ACCUSED = replace(NOTHING, reason="accusation")
COMPLAINED = replace(NOTHING, reason="complaint")
SEVERAL = replace(offers("refund", "hours"), reason="several")
ASKED_TWO = ConversationState(
    phase=Phase.CHOOSING, question="refund? hours?", question_id="9", candidates=("refund", "hours")
)


def decided(text: str, matches: Matches, **around: object) -> Decision:
    return decide(message(text), Context(**around), matches, NOW, Policy())  # type: ignore[arg-type]


@pytest.mark.parametrize(("matches", "rule"), [(ACCUSED, "accusation"), (COMPLAINED, "complaint")])
def test_a_grievance_opens_a_ticket_by_its_own_rule(matches: Matches, rule: str) -> None:
    decision = decided("words that no list knows", matches)
    assert isinstance(decision, OpenTicket)
    assert decision.rule == rule


def test_a_grievance_is_added_to_the_open_ticket_of_the_conversation() -> None:
    open_one = ticket()
    state = ConversationState(ticket_key=open_one.key)
    assert decided("you stole it", ACCUSED, conversation=state, ticket=open_one) == AppendToTicket(
        rule="follow_up", ticket=open_one
    )


def test_an_accusation_is_not_asked_for_its_number_where_a_complaint_may_have_one() -> None:
    assert decided("still no reply, you thieves", COMPLAINED) == Act(name="ask_number")
    assert isinstance(decided("still no reply, you thieves", ACCUSED), OpenTicket)


@pytest.mark.parametrize("rule", ["accusation", "complaint"])
@pytest.mark.parametrize("said", [message("you STOLE my coins, thieves"), in_public("you STOLE my coins, thieves")])
@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_sentence_for_a_grievance_is_calm_and_says_what_comes_next(
    said: IncomingMessage, rule: str, language: str
) -> None:
    decision = OpenTicket(rule=rule, words=said.text, message_id=said.message_id)
    opening = plan(7, said, Context(written_in=language), decision, house()).opening
    assert opening is not None
    text = opening.announce[0].text
    assert NUMBER in text
    assert ("a person, not a bot" if language == "en" else "een medewerker, geen bot") in text
    assert ("private" if language == "en" else "privé") in text or said.reply_to.visibility == "private"
    assert not any(
        word in text.casefold() for word in ("stole", "thieves", "coins", "complaint", "accus", "klacht", "sorry")
    )
    assert opening.draft.tags == ("firstline", "telegram", rule)


@pytest.mark.parametrize(
    ("words", "tag"),
    [
        ("Complaint: my deposit is missing", "complaint"),
        ("ik heb een KLACHT over jullie", "complaint"),
        ("you stole my money, I have a complaint", "accusation"),
        ("where is my deposit", None),
    ],
)
def test_a_ticket_opened_for_another_reason_is_labelled_by_its_words(words: str, tag: str | None) -> None:
    said = command("ticket", words)
    opening = plan(
        7, said, Context(), OpenTicket(rule="asked_for_ticket", words=words, message_id="1"), house()
    ).opening
    assert opening is not None
    assert set(opening.draft.tags) == {"firstline", "telegram"} | ({tag} if tag else set())
    assert "not a bot" not in opening.announce[0].text


def test_what_a_moderator_does_is_as_it_was() -> None:
    said = moderated("you are thieves")
    decision = decide(said, Context(), ACCUSED, NOW, Policy())
    assert decision == OpenTicket(rule="moderator", words="you are thieves", message_id="77", moderated=True)
    opening = plan(7, said, Context(), decision, house()).opening
    assert opening is not None
    assert opening.announce[0].text.startswith("A moderator asked us")


@pytest.mark.parametrize(("buttons", "how"), [(True, "tap one after the other"), (False, "one number after the other")])
def test_several_questions_are_introduced_as_such(buttons: bool, how: str) -> None:  # noqa: FBT001 - a parameter
    said = message("refund? hours?", reply_to=target(buttons=buttons))
    decision = decide(said, Context(), SEVERAL, NOW, Policy())
    assert decision == Suggest(entries=("refund", "hours"), score=0.5, several=True)
    effects = plan(7, said, Context(), decision, house())
    lines = effects.says[0].text.splitlines()
    assert lines[0].startswith("You asked more than one thing.")
    assert how in lines[0]
    assert [render(line).text for line in lines[1:]] == ["1. How do I get a refund?", "2. When are you open? *Always*"]
    assert effects.rule == "several"
    alone = plan(7, said, Context(), replace(decision, several=False), house())
    assert alone.says[0].text.startswith("Do you mean one of these?")


@pytest.mark.parametrize("second", [tap(f"pick:2:{mark('9')}"), message("2")])
def test_each_of_several_questions_can_be_chosen(second: IncomingMessage) -> None:
    first = plan(
        7, message("1"), Context(conversation=ASKED_TWO), Answer(entry="refund", score=None, chosen=True), house()
    )
    decision = decide(second, Context(conversation=first.state), NOTHING, NOW, Policy())
    assert decision == Answer(entry="hours", score=None, chosen=True)


@pytest.mark.parametrize("refusal", [tap(f"none:{mark('9')}"), message("none of these"), in_public("none of these")])
def test_none_of_these_after_a_choice_is_about_the_question(refusal: IncomingMessage) -> None:
    chosen = Answer(entry="refund", score=None, chosen=True)
    state = plan(7, message("1"), Context(conversation=ASKED_TWO), chosen, house()).state
    decision = decide(refusal, Context(conversation=state), NOTHING, NOW, Policy())
    assert decision == OpenTicket(rule="suggestions_refused", words="refund? hours?", message_id="9")
    alone = replace(state, candidates=())
    stale = decide(tap(f"none:{mark('9')}"), Context(conversation=alone), NOTHING, NOW, Policy())
    assert stale == Ignore(rule="stale_choice"), "nothing was offered besides"


LATER = NOW + timedelta(hours=1)


@pytest.mark.parametrize(("asked_at", "rated"), [(NOW - timedelta(hours=1), False), (LATER, True)])
@pytest.mark.parametrize("chosen", [False, True])
def test_a_digit_is_about_what_was_asked_last(asked_at: datetime, rated: bool, chosen: bool) -> None:  # noqa: FBT001 - parameters
    state = plan(
        7, message("refund? hours?"), Context(), Suggest(entries=("refund", "hours"), score=0.5), house()
    ).state
    if chosen:
        choice = Answer(entry="refund", score=None, chosen=True)
        state = plan(8, message("1"), Context(conversation=state), choice, house()).state
    solved = ticket(status=Status.RESOLVED, rating_asked_at=asked_at)
    around = Context(conversation=codec.load(ConversationState, codec.dump(state)), own=(solved,))
    decision = decide(message("2", sent_at=LATER), around, NOTHING, LATER, Policy())
    choice = Answer(entry="hours", score=None, chosen=True)
    assert decision == (Act(name="rate", ticket=solved, value="2") if rated else choice)
    assert decide(tap(f"pick:2:{state.mark}"), around, NOTHING, LATER, Policy()) == choice, (
        "a button says what it means"
    )


def test_a_choice_after_a_rating_was_asked_for_makes_the_next_digit_a_choice() -> None:
    state = plan(
        7, message("refund? hours?"), Context(), Suggest(entries=("refund", "hours"), score=0.5), house()
    ).state
    tapped = tap(f"pick:1:{state.mark}", sent_at=LATER + timedelta(minutes=1))
    choice = Answer(entry="refund", score=None, chosen=True)
    state = plan(8, tapped, Context(conversation=state), choice, house()).state
    around = Context(conversation=state, own=(ticket(status=Status.RESOLVED, rating_asked_at=LATER),))
    assert decide(message("2"), around, NOTHING, LATER, Policy()) == Answer(entry="hours", score=None, chosen=True)


def test_an_answer_to_something_else_ends_the_choice() -> None:
    after = plan(7, message("hours?"), Context(conversation=ASKED_TWO), Answer(entry="hours", score=0.9), house()).state
    assert after.candidates == ()


@pytest.mark.parametrize(
    ("language", "lead"), [("en", "About “where are `**my**` coins?”:"), ("nl", "Over “where are `**my**` coins?”:")]
)
def test_an_answer_to_a_part_of_a_message_says_to_which(language: str, lead: str) -> None:
    said = in_public("A long story. where are `**my**` coins?")
    decision = decide(said, Context(), replace(answers(), part="where are `**my**` coins?"), NOW, Policy())
    assert decision == Answer(entry="refund", score=0.97, part="where are `**my**` coins?")
    text = plan(7, said, Context(written_in=language), decision, house()).says[0].text
    whole = plan(7, said, Context(written_in=language), replace(decision, part=""), house()).says[0].text
    first, _, rest = text.partition("\n")
    assert render(first).text == lead
    assert rest == whole, "the answer is as it was"


def test_a_part_without_words_of_its_own_is_not_quoted() -> None:
    decision = Answer(entry="refund", score=0.97, part="@everyone https://evil.example")
    assert plan(7, message("x"), Context(), decision, house()).says[0].text.startswith("Ask for it.")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("when will my delivery arrive?", "when will my delivery arrive?"),
        ("  when\n will\tit  arrive ", "when will it arrive"),
        ("ask @everyone or @ann about it", "ask or about it"),
        ("see https://evil.example/x or evil.example, t.me/x and mailto:x@y.zz now", "see or and now"),
        ("do /ticket #now", "do"),
        ("<b>bold</b> <@123> [click](tg://user?id=1) me", "me"),
        ("it costs 0.5 btc, e.g. 3.50", "it costs 0.5 btc, 3.50"),
        ("Dont use evil1.com how do I reset it?", "Dont use how do I reset it?"),
        ("t2.me a1.io evil1\u3002com 4.x\u2024y 1\uff0ecom 1\uff61com 1\u2024com 185.12.3.44 gone", "gone"),
        ("$TSLA or \uff04btc? it was $50 on 22.11.2026 at 9.30.", "or it was $50 on 22.11.2026 at 9.30."),
        ("he said “yes”", 'he said "yes"'),
        ("num\ue000ber \u202eback\u200bwards", "number backwards"),
        ("!!! ???", ""),
        ("", ""),
        ("word " * 40, "word " * 18 + "word…"),
        ("a" * 500, "a" * 99 + "…"),
        ("我" * 500, "我" * 99 + "…"),
    ],
)
def test_what_is_said_back(text: str, expected: str) -> None:
    assert excerpt(text) == expected


@given(st.text(max_size=400))
@example("@" * 400)
@example("a.b " * 100)
@example("1.a $a " * 20)
@example("\ue000**`\\")
def test_nothing_said_back_acts(text: str) -> None:
    said = excerpt(text)
    assert len(said) <= MAX_CHARS
    assert not set(said) & set("@/#<>\\[]{}|~\n\r\ue000")
    assert "://" not in said
    assert not re.search(r"\S[.\u3002\uff0e\uff61][^\W\d_]|\$[a-zA-Z]", said)
    assert excerpt(said) in {said, ""} or said.endswith("…")
