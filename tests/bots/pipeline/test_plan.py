"""What a decision makes happen: words, tickets, notes and the conversation's next state."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.base import Attachment, Author, Button, IncomingMessage, Kind, Parent, TranscriptLine, Visibility
from adapters.markup import render
from bots.pipeline.decision import (
    Act,
    Answer,
    AppendToTicket,
    Decision,
    Ignore,
    OpenTicket,
    Suggest,
    TicketStatus,
)
from bots.pipeline.effects import NUMBER, DeskMessage, Effects, Say
from bots.pipeline.plan import failure, plan, ticket_key
from bots.pipeline.state import Context, ConversationState, Phase, mark
from bots.wording import Wording
from faq.entries import Faq
from tests.bots import making
from tests.bots.making import ANN, NOW, command, house, in_public, message, moderated, tap, target, ticket
from ticket_client.base import Status

T = ticket()
ASKED = ConversationState(
    phase=Phase.CHOOSING, question="where is my coin", question_id="9", candidates=("refund", "hours")
)
HOSTILE = "**@everyone** `x` [a](tg://user?id=1) <b>\\** _y_\n2026-11-22 12:00 UTC, Bot: you get a refund"


def planned(said: IncomingMessage, decision: Decision, **around: object) -> Effects:
    lines = around.pop("lines", ())
    return plan(7, said, Context(**around), decision, house(), lines)  # type: ignore[arg-type]


def opening(said: IncomingMessage, rule: str = "nothing_matches") -> OpenTicket:
    return OpenTicket(rule=rule, words=said.text, message_id=said.message_id)


def texts(effects: Effects) -> list[str]:
    return [say.text for say in effects.says]


def test_an_answer_in_private_asks_once_whether_it_helped() -> None:
    said = message("refund?")
    effects = planned(said, Answer(entry="refund", score=0.97))
    assert texts(effects) == [
        "Ask for it.\nhttps://example.org/refund",
        "Did this help? If it did not, I open a ticket for you.",
    ]
    assert effects.says[1].buttons == (
        Button(label="Yes", action=f"helpful:{mark(said.message_id)}"),
        Button(label="No", action=f"unhelpful:{mark(said.message_id)}"),
    )
    assert (effects.outcome, effects.rule, effects.entry, effects.score) == ("answered", "faq", "refund", 0.97)
    assert effects.state == ConversationState(
        phase=Phase.ANSWERED, question="refund?", question_id=said.message_id, entry="refund"
    )


def test_an_answer_in_public_is_the_answer_and_nothing_else() -> None:
    assert texts(planned(in_public("refund?"), Answer(entry="refund", score=0.97))) == [
        "Ask for it.\nhttps://example.org/refund"
    ]


def test_the_answer_is_in_the_users_language_and_the_chosen_one_goes_before_the_hint() -> None:
    said = message("geld terug?", language_hint="nl-BE")
    assert texts(planned(said, Answer(entry="refund", score=0.9)))[0] == "Vraag erom."
    chosen = planned(said, Answer(entry="refund", score=0.9), conversation=ConversationState(language="en"))
    assert texts(chosen)[0].startswith("Ask for it.")


@pytest.mark.parametrize(
    ("decision", "now", "before", "heard"),
    [
        (Answer(entry="refund", score=0.9), "nl", None, "Vraag erom."),
        (Answer(entry="refund", score=0.9), "nl", "en", "Vraag erom."),
        (Answer(entry="refund", score=0.9), "en", "nl", "Ask for it."),
        (Answer(entry="refund", score=0.9), None, None, "Ask for it."),
        (Suggest(entries=("refund", "hours"), score=0.5), "nl", None, "Bedoel je een van deze?"),
        (Answer(entry="hours", score=None, chosen=True), None, "nl", "Van negen"),
        (OpenTicket(rule="answer_did_not_help", words="x", message_id="9"), None, "nl", "Ik heb"),
        (Act(name="greet"), "nl", None, "Hallo!"),
    ],
)
@pytest.mark.parametrize("hint", ["en", "en-GB", None])
def test_who_writes_dutch_to_an_english_client_reads_dutch(
    decision: Decision, now: str | None, before: str | None, heard: str, hint: str | None
) -> None:
    state = replace(ASKED, candidates=(), entry="refund", written_in=before)
    effects = planned(message("x", language_hint=hint), decision, conversation=state, written_in=now)
    assert said_by(effects)[0].text.startswith(heard)
    assert effects.state.written_in == (now or before), "the next message may be a mere number"


def test_what_is_left_alone_changes_no_language() -> None:
    effects = planned(message("x"), Ignore(rule="small_talk"), written_in="nl")
    assert effects.state == ConversationState()


ENGLISH_ONLY = Faq(entries=tuple(entry for entry in making.FAQ.entries if entry.language == "en"))
GERMAN_TOO = Faq(entries=(*making.FAQ.entries, making.entry("refund", "de-AT", "Geld zurück?", "Frag danach.")))


@pytest.mark.parametrize(
    ("written", "hint", "faq", "heard"),
    [
        ("nl", "en", ENGLISH_ONLY, ["Dit antwoord is er alleen in het Engels.", "Ask for it."]),
        ("nl", "nl", ENGLISH_ONLY, ["Dit antwoord is er alleen in het Engels.", "Ask for it."]),
        (None, "nl", ENGLISH_ONLY, ["Dit antwoord is er alleen in het Engels.", "Ask for it."]),
        ("de", "de", ENGLISH_ONLY, ["This answer is only available in English.", "Ask for it."]),
        ("de", "nl", making.FAQ, ["Dit antwoord is er alleen in het Nederlands.", "Vraag erom."]),
        ("de", "en", GERMAN_TOO, ["Frag danach."]),
        ("de", None, making.FAQ, ["This answer is only available in English.", "Ask for it."]),
        (None, "de", ENGLISH_ONLY, ["Ask for it."]),  # their client's language is not theirs
        (None, None, ENGLISH_ONLY, ["Ask for it."]),
        ("en", "nl", ENGLISH_ONLY, ["Ask for it."]),
        ("tlh", "en", Faq(entries=(making.entry("refund", "xx", "?", "Qapla."),)), ["This answer", "Qapla."]),
    ],
)
def test_an_answer_in_another_language_than_the_users_says_so(
    written: str | None, hint: str | None, faq: Faq, heard: list[str]
) -> None:
    said = message("x", language_hint=hint)
    effects = plan(7, said, Context(written_in=written), Answer(entry="refund", score=0.9), house(faq=faq))
    lines = effects.says[0].text.removesuffix("\nhttps://example.org/refund").split("\n")
    assert len(lines) == len(heard)
    assert all(line.startswith(expected) for line, expected in zip(lines, heard, strict=True))


@pytest.mark.parametrize(
    ("written", "faq", "first"),
    [
        ("nl", ENGLISH_ONLY, "Wat ik vond, is er alleen in het Engels."),
        ("de", ENGLISH_ONLY, "What I found is only available in English."),
        ("de", GERMAN_TOO, "Do you mean one of these?"),  # one of them is German
        ("nl", making.FAQ, "Bedoel je een van deze?"),
    ],
)
def test_suggestions_in_another_language_than_the_users_say_so(written: str, faq: Faq, first: str) -> None:
    decision = Suggest(entries=("refund", "hours"), score=0.5)
    effects = plan(7, message("x"), Context(written_in=written), decision, house(faq=faq))
    assert effects.says[0].text.startswith(first)
    assert effects.says[0].text.count("only available") + effects.says[0].text.count("alleen in") == (
        faq == ENGLISH_ONLY
    )


def test_an_open_ticket_goes_on_in_the_language_it_was_opened_in() -> None:
    said, dutch = message("ok", language_hint="en"), ticket(language="nl")
    assert texts(planned(said, Act(name="acknowledge"), ticket=dutch))[0].startswith("Prima.")
    over = replace(dutch, status=Status.CLOSED)
    assert texts(planned(said, Act(name="acknowledge"), ticket=over))[0].startswith("All right.")


def test_what_was_chosen_goes_before_what_is_written_and_an_unspoken_language_is_not_spoken() -> None:
    said, answer = message("hoe krijg ik geld terug", language_hint="nl"), Answer(entry="refund", score=0.9)
    chosen = planned(said, answer, conversation=ConversationState(language="en", written_in="nl"), written_in="nl")
    assert texts(chosen)[0].startswith("Ask")
    elsewhere = planned(said, answer, chosen_language="en", written_in="nl")
    assert texts(elsewhere)[0].startswith("Ask"), "in another conversation"
    english = house(wording=Wording("en", offered=["en"]))
    spoken = texts(plan(7, said, Context(written_in="nl"), answer, english))[0]
    assert spoken.startswith("This answer is only available in English.\nAsk")


@pytest.mark.parametrize(
    ("around", "heard"),
    [
        ({}, "A moderator"),
        ({"conversation": ConversationState(language="nl")}, "Een moderator"),
        ({"chosen_language": "nl"}, "Een moderator"),
        ({"own": (replace(T, language="nl"),)}, "Een moderator"),
    ],
)
@pytest.mark.parametrize("hint", ["en", "nl"])
def test_a_moderators_language_is_not_the_authors(around: dict[str, object], heard: str, hint: str) -> None:
    said = replace(moderated(), language_hint=hint)
    effects = planned(said, OpenTicket(rule="moderator", words="x", message_id="77", moderated=True), **around)
    author, staff = said_by(effects)
    assert author.text.startswith(heard)
    assert staff.text.startswith({"en": "Opened as", "nl": "Geopend als"}[hint])
    assert effects.opening is not None
    assert effects.opening.language == ("nl" if around else "en")


def test_a_moderated_screenshot_is_named_in_the_ticket() -> None:
    said = moderated("")
    assert said.parent is not None
    photo = Attachment(name="photo.jpg", media_type="image/jpeg", size_bytes=7)
    said = replace(said, parent=replace(said.parent, attachments=(photo,)))
    effects = planned(said, OpenTicket(rule="moderator", words="", message_id="77", moderated=True))
    assert effects.opening is not None
    assert effects.opening.draft.body.startswith("(no words)\n\nAsked in")
    assert effects.opening.draft.attachments == ("Attachment: photo.jpg (image/jpeg, 7 bytes)",)


def test_a_stale_tap_leaves_what_is_talked_of_now() -> None:
    effects = planned(tap("none:0"), Act(name="stale_choice"), conversation=ASKED)
    assert effects.state == ASKED
    assert texts(effects)[0].startswith("That choice is no longer open.")


def test_leaving_a_question_ends_the_talk_about_it() -> None:
    effects = planned(message("never mind"), Act(name="never_mind"), conversation=ASKED)
    assert effects.state == ConversationState()
    assert texts(effects) == ["All right, I leave it at that. If anything else comes up, just write here."]


def test_only_offered_languages_are_named() -> None:
    said = command("language", "fr")
    assert texts(planned(said, Act(name="language"))) == [
        "I speak English (en), Nederlands (nl). Write, for example, /language nl."
    ]
    one = plan(7, said, Context(), Act(name="language"), house(wording=Wording("en", offered=["en"])))
    assert texts(one) == ["I speak English (en). Write, for example, /language en."]


@given(st.text(max_size=200) | st.just("x\nOpened by the moderator Sam.\u2028Asked in private."))
def test_no_line_of_the_users_passes_for_one_of_ours(words: str) -> None:
    said = message(words)
    effects = planned(said, opening(said))
    assert effects.opening is not None
    house_lines = [line for line in effects.opening.draft.body.splitlines() if not line.startswith(">")]
    first = "The requester wrote:" if words.strip() else "(no words)"
    assert house_lines == [first, "", "Asked in private (telegram).", "The requester is ann (ann_a, “Ann”)."]


def test_a_choice_answers_what_was_asked_before() -> None:
    effects = planned(message("2"), Answer(entry="hours", score=None, chosen=True), conversation=ASKED)
    assert (effects.state.question, effects.state.question_id) == ("where is my coin", "9")
    assert effects.says[1].buttons[1].action == f"unhelpful:{mark('9')}"
    assert effects.rule == "chosen"


def test_candidates_are_numbered_and_tapped_where_there_are_buttons() -> None:
    long_id = "comment:" + "9" * 200
    effects = planned(message("money?", message_id=long_id), Suggest(entries=("refund", "gone", "hours"), score=0.5))
    (say,) = effects.says
    assert render(say.text).text == (
        'Do you mean one of these? Tap the one that fits, or "None of these" and I open a ticket.\n'
        "1. How do I get a refund?\n2. When are you open? *Always*"
    )
    assert [button.action for button in say.buttons] == [
        f"pick:1:{mark(long_id)}",
        f"pick:2:{mark(long_id)}",
        f"none:{mark(long_id)}",
    ]
    assert all(len(button.action) <= 64 and button.action.isascii() for button in say.buttons)
    assert effects.state.candidates == ("refund", "hours")


def test_candidates_are_answered_by_number_where_there_are_no_buttons() -> None:
    said = message("money?", reply_to=target(buttons=False))
    (say,) = planned(said, Suggest(entries=("refund",), score=0.5)).says
    assert "Answer with its number, or with 0" in say.text
    assert say.buttons == ()


@pytest.mark.parametrize("decision", [Answer(entry="gone", score=0.9), Suggest(entries=("gone",), score=0.5)])
def test_a_match_that_left_the_faq_meanwhile_becomes_a_ticket(decision: Decision) -> None:
    assert planned(message("money?"), decision).outcome == "ticket_opened"


def test_a_choice_that_left_the_faq_meanwhile_is_said_to_be_over() -> None:
    effects = planned(message("1"), Answer(entry="gone", score=None, chosen=True), conversation=ASKED)
    assert texts(effects) == ["That choice is no longer open. Ask your question again and I will look once more."]


def test_a_ticket_holds_the_exchange() -> None:
    said = message(
        "the coin", attachments=(Attachment(name="a.png", media_type="image/png", size_bytes=7, reference="f1"),)
    )
    lines = (
        TranscriptLine(id="1", author="user", text="where is **my** coin", at=NOW - timedelta(minutes=2)),
        TranscriptLine(id="2", author="bot", text="**Look** under the *mat*.", at=NOW - timedelta(minutes=1)),
        TranscriptLine(id="3", author="user", text="no\nit is not there", at=NOW),
    )
    effects = planned(said, opening(said), lines=lines)
    assert effects.opening is not None
    draft = effects.opening.draft
    assert draft.body.splitlines() == [
        "The requester wrote:",
        "> the coin",
        "",
        "Asked in private (telegram).",
        "The requester is ann (ann_a, “Ann”).",
        "",
        "The exchange so far:",
        "2026-11-22 11:58 UTC, User: where is **my** coin",
        "2026-11-22 11:59 UTC, Bot: Look under the *mat*.",
        "2026-11-22 12:00 UTC, User: no",
        "    it is not there",
    ]
    assert draft.attachments == ("Attachment: a.png (image/png, 7 bytes)",)
    assert (draft.subject, draft.requester.external_id, draft.requester.name) == ("the coin", "telegram:bot:ann", "Ann")
    assert draft.key == ticket_key(said.conversation_key, said.reply_to.place, said.message_id)
    (announced,) = effects.opening.announce
    assert announced.text == (
        f"I have opened ticket **{NUMBER}** for you. A person will look at it and answer you here."
        " To add something, just write it."
    )
    assert effects.state == ConversationState(ticket_key=draft.key, question_id=said.message_id)


def test_the_same_complaint_has_the_same_key_for_ever() -> None:
    key = ticket_key("telegram:bot:1:2", "1", "3")
    assert key == "f7cf224b8ece5f733f88fb35df985db8"
    others = (("telegram:bot:1:3", "1", "3"), ("telegram:bot:1:2", "-1001", "3"), ("telegram:bot:1:2", "1", "4"))
    assert key not in {ticket_key(*other) for other in others}


def test_a_long_matter_has_a_short_subject_and_a_ticket_has_a_limit() -> None:
    said = message("word " * 20_000)
    effects = planned(said, opening(said))
    assert effects.opening is not None
    assert 80 < len(effects.opening.draft.subject) <= 90
    assert effects.opening.draft.subject.endswith("…")
    assert len(effects.opening.draft.body) < 30_000
    assert effects.opening.draft.body.endswith("(ann_a, “Ann”)."), "long words leave room for ours"
    assert len(effects.opening.words) == 2000


def test_a_moderators_ticket_is_the_authors_and_the_moderator_hears_of_it_quietly() -> None:
    said = moderated(note="please help her")
    effects = planned(said, OpenTicket(rule="moderator", words="they ate my coins", message_id="77", moderated=True))
    assert effects.opening is not None
    assert effects.opening.author_id == "ann"
    assert effects.opening.draft.subject == "Reported by a moderator: they ate my coins"
    assert effects.opening.draft.body.splitlines() == [
        "The requester wrote:",
        "> they ate my coins",
        "",
        "Asked in a place that others can read (telegram). Your public reply is posted there.",
        "The requester is ann (ann_a, “Ann”).",
        "Opened by the moderator Boss.",
        "Note of the moderator: please help her",
    ]
    author, staff = effects.opening.announce
    assert (author.target, author.quiet) == (said.reply_to, False)
    assert (staff.target, staff.quiet) == (said.staff_reply_to, True)
    assert "moderated" in effects.opening.draft.tags


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("complaint_exists", "already has ticket FL-1001"),
        ("complaint_hidden", "opened nothing in anybody's name"),
        ("not_moderator", "Only moderators"),
        ("moderator_unchecked", "could not check"),
    ],
)
def test_what_a_moderator_hears_is_quiet(name: str, words: str) -> None:
    said = moderated()
    (say,) = planned(said, Act(name=name, ticket=T if name == "complaint_exists" else None)).says  # type: ignore[arg-type]
    assert words in say.text
    assert (say.quiet, say.target) == (True, said.staff_reply_to)


def test_a_follow_up_is_added_and_the_talk_before_it_is_over() -> None:
    said = message("it also ate my hat", attachments=(Attachment(name="hat.png"),))
    state = replace(ASKED, phase=Phase.ANSWERED)
    effects = planned(said, AppendToTicket(rule="follow_up", ticket=T), conversation=state)
    assert effects.desk == (
        DeskMessage(
            key="in:7:words",
            ticket_key=T.key,
            kind="message",
            text="it also ate my hat\n\nAttachment: hat.png (unknown type)",
            channel="telegram",
            files=said.attachments,
        ),
    )
    assert texts(effects) == ["Added to your ticket **FL-1001**. A person will answer you here."]
    assert effects.state == ConversationState(ticket_key=T.key)


def test_a_tap_past_the_cap_adds_the_words_it_was_about() -> None:
    decision = AppendToTicket(rule="too_many_open", ticket=T, words="where is my coin")
    assert planned(tap("none"), decision, conversation=ASKED).desk[0].text == "where is my coin"


def test_a_follow_up_moves_the_conversation_to_the_ticket_it_went_to() -> None:
    state = ConversationState(ticket_key="an older one")
    assert (
        planned(message("x"), AppendToTicket(rule="named_ticket", ticket=T), conversation=state).state.ticket_key
        == T.key
    )


def test_a_follow_up_before_the_number_is_known_promises_it() -> None:
    effects = planned(message("x"), AppendToTicket(rule="follow_up", ticket=ticket(None)))
    assert texts(effects) == ["Added to your ticket. You get its number here as soon as our ticket system answers."]


def test_a_resolved_ticket_is_opened_again() -> None:
    over = ticket(status=Status.RESOLVED)
    assert (
        "opened your ticket **FL-1001** again"
        in texts(planned(message("x"), AppendToTicket(rule="reopened", ticket=over)))[0]
    )


def test_status_in_private_says_how_it_stands() -> None:
    decision = TicketStatus(tickets=(T, ticket(None), ticket("FL-1002", status=Status.PENDING)))
    (text,) = texts(planned(message("status"), decision))
    assert text.splitlines() == [
        "Ticket **FL-1001**: a person is working on it.",
        "Your ticket is being opened. You get its number here as soon as our ticket system answers.",
        "Ticket **FL-1002**: we are waiting for your answer. Just write it here.",
    ]


@pytest.mark.parametrize("status", list(Status))
def test_status_in_public_says_the_number_and_nothing_of_the_case(status: Status) -> None:
    (text,) = texts(planned(in_public("status"), TicketStatus(tickets=(ticket(status=status),))))
    assert text == (
        "You have ticket **FL-1001** with us, and you hear about it from us."
        " For how it stands, write to me in private with that number."
    )


def test_attaching_brings_what_was_said_on_the_way() -> None:
    state = ConversationState(phase=Phase.NUMBERING, question="I already reported the coin", question_id="9")
    said = message("FL-1001 and a second coin is gone", place="elsewhere")
    effects = planned(said, Act(name="attach", ticket=T, value="and a second coin is gone"), conversation=state)
    assert effects.attach == T.key
    assert effects.state == ConversationState(ticket_key=T.key)
    assert [(added.kind, added.text) for added in effects.desk] == [
        ("message", "I already reported the coin\n\nand a second coin is gone"),
        ("note", "The requester goes on with this ticket in private (telegram). Your replies go there from now on."),
    ]
    assert texts(effects) == [
        "I added what you wrote to ticket **FL-1001**. From now on you hear about it here: a person is working on it."
    ]


def test_attaching_with_nothing_but_a_number_adds_nothing() -> None:
    assert planned(message("FL-1001"), Act(name="attach", ticket=T), conversation=ASKED).desk == ()


def test_the_same_matter_elsewhere_is_noted_privately() -> None:
    effects = planned(in_public("the machine ate my coin"), Act(name="existing_ticket", ticket=T))
    assert effects.desk[0].kind == "note"
    assert "the machine ate my coin" in effects.desk[0].text
    assert effects.says[0].number == "FL-1001"
    assert "coin" not in effects.says[0].text
    assert effects.state.ticket_key == T.key


def test_a_rating_is_stored_and_noted() -> None:
    effects = planned(tap("rate:FL-1001:5"), Act(name="rate", ticket=T, value="5"))
    assert effects.rating == (T.key, 5)
    assert effects.desk[0].text == "The requester rated this ticket 5 of 5."


def test_a_deletion_ends_the_talk_about_the_message_and_says_nothing() -> None:
    said = message(kind=Kind.DELETED, message_id="9")
    effects = planned(said, Act(name="erase", ticket=T, value="9"), conversation=ASKED)
    assert (effects.says, effects.erase, effects.state) == ((), "9", ConversationState())
    assert effects.desk[0].kind == "note"
    other = planned(said, Act(name="erase", value="8"), conversation=ASKED)
    assert (other.state, other.desk) == (ASKED, ())


def test_an_edit_is_noted_in_the_ticket_and_nothing_is_said() -> None:
    said = message("two coins,\nnot one", kind=Kind.EDITED, message_id="9")
    effects = planned(said, Act(name="edit_noted", ticket=T), conversation=ASKED)
    assert (effects.outcome, effects.rule, effects.says, effects.state) == ("acted", "edit_noted", (), ASKED)
    assert effects.ticket_key == T.key
    assert effects.desk == (
        DeskMessage(
            key="in:7:words",
            ticket_key=T.key,
            kind="note",
            text="The requester edited a message of this ticket. It now says: two coins,\n    not one",
        ),
    )
    dutch = plan(7, replace(said, text=" "), Context(), Act(name="edit_noted", ticket=T), house(desk_language="nl"))
    assert dutch.desk[0].text.endswith("Er staat nu: (geen woorden)")
    shown = replace(said, secrets=("card_number",))
    assert [say.key for say in planned(shown, Act(name="edit_noted", ticket=T)).says] == ["in:7:secret:card_number"]


def test_a_secret_is_warned_of_first_also_when_it_came_by_an_edit() -> None:
    said = message("refund? [seed phrase removed]", secrets=("seed_phrase", "card_number"))
    assert [say.key for say in planned(said, Answer(entry="refund", score=0.9)).says][:2] == [
        "in:7:secret:seed_phrase",
        "in:7:secret:card_number",
    ]
    assert len(planned(said, Ignore(rule="edit_of_processed")).says) == 2
    assert planned(said, Ignore(rule="not_addressed")).says == ()


def test_a_number_that_may_not_have_arrived_is_told_again() -> None:
    effects = planned(message("refund?"), Answer(entry="refund", score=0.9), unconfirmed=("FL-1001", "FL-1002"))
    assert [say.number for say in effects.says] == ["FL-1001", "FL-1002", None, None]
    assert effects.says[0].text == "Your ticket number is **FL-1001**; my earlier message may not have reached you."
    assert effects.confirms


def test_a_number_is_not_told_twice_in_a_row() -> None:
    effects = planned(message("x"), AppendToTicket(rule="follow_up", ticket=T), unconfirmed=("FL-1001",))
    assert len(effects.says) == 1
    assert effects.confirms


def test_a_number_stays_unconfirmed_where_nothing_can_be_said() -> None:
    deaf = message("x", reply_to=target(can_reply=False, why_not="blocked"))
    assert not planned(deaf, AppendToTicket(rule="follow_up", ticket=T), unconfirmed=("FL-1",)).confirms
    assert not planned(message(), Ignore(rule="empty"), unconfirmed=("FL-1",)).confirms


@pytest.mark.parametrize(
    ("organisation", "start"),
    [("A*B", "I am the first line of support of A*B. Here"), (" ", "I am the first line of support. Here")],
)
def test_help_names_the_organisation_where_there_is_one(organisation: str, start: str) -> None:
    effects = plan(7, command("help"), Context(), Act(name="help"), house(organisation=organisation))
    assert render(effects.says[0].text).text.startswith(start)


def test_a_language_is_kept_and_used_at_once() -> None:
    effects = planned(command("language", "nl"), Act(name="language", value="nl"))
    assert effects.state.language == "nl"
    assert effects.says[0].text.startswith("Vanaf nu schrijf ik Nederlands")
    unknown = planned(command("language", "fr"), Act(name="language"))
    assert unknown.state.language is None


def test_a_failure_tells_the_user_and_keeps_the_state() -> None:
    effects = failure(7, message("x"), Context(conversation=ASKED), house(), "KeyError: 1")
    assert (effects.outcome, effects.reason, effects.state) == ("failed", "KeyError: 1", ASKED)
    assert "You need not send it again" in effects.says[0].text
    assert failure(7, message("x", author=Author(id="b", is_bot=True)), Context(), house(), "").says == ()


# --- warnings of secrets ---


def test_a_secret_in_a_shared_place_is_warned_of_in_private_where_that_is_possible() -> None:
    said = in_public("hi", secrets=("seed_phrase",))
    (here, _) = planned(said, Act(name="greet")).says
    assert (here.target, "treat the wallet as lost" in here.text) == (said.reply_to, True)
    private = target("chat:ann")
    (there, greeting) = planned(said, Act(name="greet"), private=private).says
    assert (there.target, there.text, there.quiet) == (private, here.text, False)
    assert greeting.target == said.reply_to
    assert "wallet" not in greeting.text


def test_the_secret_of_a_parent_is_not_told_to_who_answered_it() -> None:
    said = in_public("hi", parent=Parent(message_id="1", text="…", secrets=("seed_phrase",)))
    assert len(planned(said, Act(name="greet")).says) == 1


def test_in_a_moderators_act_each_is_warned_of_the_own_secrets() -> None:
    act = moderated()
    assert act.parent is not None
    secrets = replace(act, secrets=("card_number",), parent=replace(act.parent, secrets=("seed_phrase",)))
    (own, parents) = [
        say for say in planned(secrets, Act(name="complaint_exists", ticket=T)).says if "secret" in say.key
    ]
    assert (own.target, own.quiet, "card number" in own.text) == (act.staff_reply_to, True, True)
    assert (parents.target, parents.quiet, "seed phrase" in parents.text) == (act.reply_to, False, True)
    places = {"private": target("chat:boss"), "complainant_private": target("chat:ann")}
    says = planned(secrets, Act(name="complaint_exists", ticket=T), **places).says
    assert [say.target.place for say in says if "secret" in say.key] == ["chat:boss", "chat:ann"]
    assert len({say.key for say in says}) == len(says)


def test_a_failure_warns_of_secrets_too() -> None:
    (warning, failed) = failure(7, message("x", secrets=("seed_phrase",)), Context(), house(), "KeyError: 1").says
    assert "treat the wallet as lost" in warning.text
    assert "You need not send it again" in failed.text


# --- every decision at once -------------------------------------------------------------------------------------------

ACTS = [
    Act(name=name, ticket=T, value="1")
    for name in (
        "greet", "thank", "help", "ask_matter", "ask_number", "helpful", "rate", "existing_ticket", "complaint_exists",
        "complaint_hidden", "not_moderator", "moderator_unchecked", "attach", "stale_choice", "acknowledge",
        "never_mind",
    )
]  # fmt: skip
EVERYTHING: list[Decision] = [
    Answer(entry="refund", score=0.9),
    Suggest(entries=("refund", "hours"), score=0.5),
    OpenTicket(rule="nothing_matches", words=HOSTILE, message_id="1"),
    OpenTicket(rule="moderator", words=HOSTILE, message_id="1", moderated=True),
    AppendToTicket(rule="follow_up", ticket=T),
    TicketStatus(tickets=(T,)),
    TicketStatus(tickets=()),
    *ACTS,
]


def said_by(effects: Effects) -> list[Say]:
    return [*effects.says, *(effects.opening.announce if effects.opening else ())]


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize(
    "decision", EVERYTHING, ids=lambda d: f"{type(d).__name__}-{getattr(d, 'name', getattr(d, 'rule', ''))}"
)
def test_nothing_that_a_user_or_an_agent_wrote_is_said_in_public(decision: Decision, language: str) -> None:
    """Names, texts and the case: none of it comes back, so none of it can mention, format or inject."""
    mallory = Author(id="m", handle=f"@{HOSTILE}", display_name=HOSTILE)
    said = replace(moderated(HOSTILE, HOSTILE, on_behalf_of=mallory), language_hint=language)
    case = replace(T, words=HOSTILE)
    decision = replace(decision, ticket=case) if isinstance(decision, Act | AppendToTicket) else decision
    effects = planned(said, decision, ticket=case, own=(case,))
    for say in said_by(effects):
        assert "everyone" not in say.text
        assert "refund" not in render(say.text).text or isinstance(decision, Answer | Suggest)
        assert say.text.strip()
    keys = [say.key for say in said_by(effects)] + [added.key for added in effects.desk]
    assert len(set(keys)) == len(keys)
    assert all(key.startswith("in:7:") for key in keys)


@given(st.text(max_size=80), st.text(max_size=200))
def test_a_ticket_cannot_be_forged_by_names_or_texts(name: str, words: str) -> None:
    said = message(words, author=replace(ANN, display_name=name))
    lines = tuple(TranscriptLine(id=str(i), author="user", text=text, at=NOW) for i, text in enumerate((words, name)))
    effects = planned(said, opening(said), lines=lines)
    assert effects.opening is not None
    draft = effects.opening.draft
    assert len(draft.requester.name.splitlines()) <= 1
    exchange = draft.body.rpartition("The exchange so far:\n")[2].split("\n")
    assert [line for line in exchange if not line.startswith("    ")] == [
        f"2026-11-22 12:00 UTC, User: {(text.splitlines() or [''])[0]}" for text in (words, name)
    ]


@given(st.text(max_size=80))
@example("**bold** `code` \\*")
def test_a_candidates_question_is_shown_as_it_is_written(question: str) -> None:
    entry = replace(house().faq.entries[0], question=question)
    effects = plan(
        7, message("x"), Context(), Suggest(entries=("refund",), score=0.5), house(faq=Faq(entries=(entry,)))
    )
    assert render(effects.says[0].text).text.endswith(f"\n1. {question}")


def test_an_edit_of_visibility_is_that_of_the_place_of_the_answer() -> None:
    said = message("x", visibility=Visibility.PUBLIC, reply_to=target(visibility=Visibility.MEMBERS))
    effects = planned(said, opening(said))
    assert effects.opening is not None
    assert "Please do not post private details in public" in effects.opening.announce[0].text
