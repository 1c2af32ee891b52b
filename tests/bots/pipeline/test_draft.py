"""What a ticket holds, in the language of the desk."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.base import Attachment, Author, Parent, TranscriptLine, Visibility
from bots.pipeline.decision import OpenTicket
from bots.pipeline.draft import described, draft, files, headline
from bots.pipeline.state import Context, ConversationState, Phase
from tests.bots.making import NOW, house, in_public, message, moderated, target, ticket

if TYPE_CHECKING:
    from adapters.base import IncomingMessage
    from ticket_client.base import TicketDraft

LINK = "https://chat.example/c/7"
CHOOSING = ConversationState(
    phase=Phase.CHOOSING, question="coin", question_id="9", candidates=("refund", "hours", "gone"), entry="hours"
)


def drafted(said: IncomingMessage, rule: str = "nothing_matches", **fields: Any) -> TicketDraft:
    """The draft of a ticket about a message's own words, or about its parent's where a moderator opens it."""
    desk = fields.pop("desk", "en")
    networks = fields.pop("networks", {"telegram": "Telegram"})
    lines = fields.pop("lines", ())
    opening = OpenTicket(rule=rule, words=said.text, message_id=said.message_id)
    if rule == "moderator":
        assert said.parent is not None
        opening = OpenTicket(rule=rule, words=said.parent.text or "", message_id="77", moderated=True)
    return draft(opening, "key", said, Context(**fields), replace(house(desk_language=desk), networks=networks), lines)


def test_a_ticket_says_who_asked_what_where_and_in_which_language() -> None:
    said = in_public("Waar is mijn munt?", reply_to=target("group:1", visibility=Visibility.PUBLIC, url=LINK))
    made = drafted(said, written_in="nl", conversation=CHOOSING)
    assert made.body.splitlines() == [
        "The requester wrote:",
        "> Waar is mijn munt?",
        "",
        "Asked in a place that others can read (Telegram). Your public reply is posted there.",
        f"The message is at {LINK}",
        "The requester is ann (ann_a, “Ann”).",
        "The requester’s language is Dutch (nl).",
        "",
        "Answered from the FAQ before:",
        "- “When are you open? *Always*”",
        "",
        "Offered from the FAQ before:",
        "- “How do I get a refund?”",
    ]
    assert (made.key, made.language, made.url) == ("key", "nl", LINK)
    assert (made.requester.external_id, made.requester.handle) == ("telegram:bot:ann", "ann_a")


def test_a_ticket_is_about_the_question_and_what_followed() -> None:
    said = message("It is the left one.")
    opening = OpenTicket(rule="nothing_matches", words="My coin is\ngone", message_id="9", then=said.text)
    made = draft(opening, "key", said, Context(), house())
    assert made.subject == "My coin is"
    assert made.body.splitlines()[:6] == [
        "The requester wrote:",
        "> My coin is",
        "> gone",
        "And then:",
        "> It is the left one.",
        "",
    ]


def test_the_desk_reads_its_own_language() -> None:
    lines = (
        TranscriptLine(id="1", author="user", text="my coin", at=NOW - timedelta(minutes=2)),
        TranscriptLine(id="2", author="bot", text="Which **one**?", at=NOW),
    )
    body = drafted(message("my coin"), written_in="en", conversation=CHOOSING, desk="nl", lines=lines).body
    assert body.splitlines() == [
        "De aanvrager schreef:",
        "> my coin",
        "",
        "Gevraagd in een privégesprek (Telegram).",
        "De aanvrager is ann (ann_a, “Ann”).",
        "De taal van de aanvrager is het Engels (en).",
        "",
        "Eerder beantwoord uit de FAQ:",
        "- “Wanneer zijn jullie open?”",
        "",
        "Eerder voorgesteld uit de FAQ:",
        "- “Hoe krijg ik mijn geld terug?”",
        "",
        "Het gesprek tot nu toe:",
        "2026-11-22 11:58 UTC, Gebruiker: my coin",
        "2026-11-22 12:00 UTC, Bot: Which one?",
    ]


def test_a_moderators_note_is_there_and_the_ticket_is_the_complainants() -> None:
    said = replace(moderated("they ate it", "please\nhelp her"), language_hint="nl")
    made = drafted(said, "moderator", own=(ticket(language="en"),))
    assert made.body.splitlines()[3:] == [
        "Asked in a place that others can read (Telegram). Your public reply is posted there.",
        "The requester is ann (ann_a, “Ann”).",
        "The requester’s language is English (en).",
        "Opened by the moderator Boss.",
        "Note of the moderator: please",
        "    help her",
    ]
    assert made.subject == "Reported by a moderator: they ate it"
    assert drafted(said, "moderator").language == "", "a moderator's client says nothing about the complainant"


@pytest.mark.parametrize(
    ("fields", "language"),
    [
        ({}, ""),
        ({"written_in": "pt-BR"}, "pt"),
        ({"conversation": ConversationState(language="nl"), "written_in": "en"}, "nl"),
        ({"conversation": ConversationState(written_in="de")}, "de"),
    ],
)
def test_the_language_is_what_is_known_best(fields: dict[str, Any], language: str) -> None:
    assert drafted(message("x"), **fields).language == language
    assert drafted(message("x", language_hint="fr-CA"), **fields).language == (language or "fr")


def test_a_language_that_we_cannot_name_is_told_by_its_code() -> None:
    assert "language is another language (xx)." in drafted(message("x"), written_in="xx").body


def test_a_channel_without_a_title_and_a_person_without_a_name() -> None:
    body = drafted(message("x", author=Author(id="42")), networks={}).body
    assert body.splitlines()[3:] == ["Asked in private (telegram).", "The requester is 42 (telegram visitor 42)."]


@pytest.mark.parametrize(
    ("author", "desk", "name", "shown"),
    [
        (Author(id="qPonkDer_aaymCA3D9flpA"), "en", "Telegram visitor qPonkD", "(Telegram visitor qPonkD)."),
        (Author(id="qPonkDer", handle="\u202e", display_name=" "), "nl", "Telegram-bezoeker qPonkD", "qPonkD)."),
        (Author(id="1", handle="ann_a"), "en", "", "(ann_a)."),
        (Author(id="1", display_name="Ann"), "en", "Ann", "(“Ann”)."),
    ],
)
def test_somebody_without_a_name_gets_one_that_people_can_read(
    author: Author, desk: str, name: str, shown: str
) -> None:
    made = drafted(message("x", author=author), desk=desk)
    assert (made.requester.name, made.body.splitlines()[-1].endswith(shown)) == (name, True)


@pytest.mark.parametrize(
    ("words", "subject"),
    [
        ("My coin is gone. It was here yesterday.", "My coin is gone."),
        ("Hi!\nMy coin is gone and so is\nmy hat", "My coin is gone and so is"),
        ("Hallo. Hi! Waar is mijn munt?", "Waar is mijn munt?"),
        ("Help!! Please. My card was eaten here. It hurts.", "Help!! Please. My card was eaten here."),
        ("v2.0.1 shows 3.50 instead of 35", "v2.0.1 shows 3.50 instead of 35"),
        ("我的钱在哪里？我昨天存了钱。请帮忙。谢谢你们的支持和帮助。", "我的钱在哪里？ 我昨天存了钱。"),
        ("Где мои деньги… верните!", "Где мои деньги…"),
        ("a\u202eb\u200b\ufeffc\x00d\te\u2028f\U000e0041 coin", "abcd e f coin"),
        ("hello", "hello"),
        ("ok. no.", "ok. no."),
        ("\u200b", "(no words)"),
        ("", "(no words)"),
        ("coin " * 40, "coin " * 16 + "coin…"),
        ("c" * 100, "c" * 89 + "…"),
    ],
)  # fmt: skip
def test_a_subject_is_what_a_person_can_scan(words: str, subject: str) -> None:
    assert drafted(message(words)).subject == subject


@given(st.text(max_size=300))
@example("\u2029")
@example(". " * 100 + "\u202e")
def test_a_subject_is_one_short_line_without_what_nobody_sees(words: str) -> None:
    line = headline(words)
    assert len(line) <= 90
    assert line.isprintable()
    assert line == line.strip()
    if any(char.isascii() and char.isprintable() and not char.isspace() for char in words):
        assert line


@given(name=st.text(max_size=60), handle=st.text(max_size=30), words=st.text(max_size=60))
@example(name="“). Asked in private (x", handle="a\nOpened by the moderator Sam.", words="\u202e")
def test_nobody_passes_for_us_by_a_name(name: str, handle: str, words: str) -> None:
    made = drafted(message(words, author=Author(id="4\n2", handle=handle, display_name=name)))
    lines = [line for line in made.body.split("\n") if not line.startswith("> ")]
    assert lines[-2] == "Asked in private (Telegram)."
    assert lines[-1].startswith("The requester is 4 2 (")
    assert lines[-1].endswith(").")
    assert len(lines) == 4
    assert lines[-1].count("“") <= 1
    assert (made.requester.name + made.requester.handle).isprintable()


def test_files_are_the_complaints_and_described_on_one_line() -> None:
    photo = Attachment(name="a\nb\u202e.png", media_type="image/png", size_bytes=7, reference="f1")
    said = message("x", attachments=(photo,))
    assert drafted(said).attachments == ("Attachment: a b.png (image/png, 7 bytes)",)
    assert described(Attachment(name="c")) == "Attachment: c (unknown type)"
    act = replace(moderated(), attachments=(Attachment(name="the moderator's own"),))
    assert act.parent is not None
    act = replace(act, parent=replace(act.parent, attachments=(photo,)))
    by_moderator = OpenTicket(rule="moderator", words="x", message_id="77", moderated=True)
    assert files(by_moderator, act) == (photo,)
    assert files(by_moderator, replace(act, parent=None)) == ()
    assert files(OpenTicket(rule="x", words="x", message_id="1"), said) == (photo,)
    assert isinstance(act.parent, Parent)
