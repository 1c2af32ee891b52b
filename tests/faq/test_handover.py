"""What a person should see: accusations, complaints, several questions at once, too few words."""

from __future__ import annotations

from pathlib import Path
from time import process_time

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from faq import entries
from faq.entries import Faq
from faq.handover import LANGUAGES, grievance, label, questions
from faq.matching import Candidate, FaqMatcher, Matches
from faq.text.cleaning import message_parts

from .mini_faq import entry

LINES: dict[str, dict[str, list[str]]] = yaml.safe_load(
    Path(__file__).with_name("handed_over.yaml").read_text(encoding="utf-8")
)
SAMPLE = Path(__file__).parents[2] / "config" / "sample_faq"
MIN_RECALL = 0.85
MIN_RECALL_UNSEEN = 0.45
TEN_KILOBYTES = 10_000


def said(kind: str) -> list[tuple[str, str]]:
    return [(language, text) for language, texts in LINES[kind].items() for text in texts]


@pytest.mark.parametrize("kind", ["accusation", "complaint"])
@pytest.mark.parametrize("known", [True, False])
def test_most_grievances_are_heard_whether_their_language_is_known_or_not(kind: str, *, known: bool) -> None:
    heard = [grievance(text, language if known else None) == kind for language, text in said(kind)]
    assert len(heard) >= 40
    assert sum(heard) / len(heard) >= MIN_RECALL


def test_other_wordings_are_heard_as_either() -> None:
    heard = [grievance(text, language) is not None for language, text in said("either")]
    assert sum(heard) / len(heard) >= MIN_RECALL


def test_nearly_half_of_what_nobody_thought_of_is_heard() -> None:
    heard = [grievance(text, language) is not None for language, text in said("unseen")]
    print(f"{sum(heard)} of {len(heard)}")
    assert len(heard) >= 50
    assert sum(heard) / len(heard) >= MIN_RECALL_UNSEEN


@pytest.mark.parametrize(("language", "text"), said("innocent"))
def test_what_only_sounds_like_a_grievance_is_none(language: str, text: str) -> None:
    assert grievance(text, language) is None
    assert grievance(text) is None


def test_the_questions_of_the_sample_faq_are_no_grievances_but_those_about_complaints() -> None:
    faq = entries.load(SAMPLE)
    heard = {one.id for one in faq.entries for text in (*one.phrasings, *one.expect) if grievance(text, one.language)}
    assert heard == {"complaint"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_its_phrases(language: str) -> None:
    assert grievance("the weather is nice", language) is None
    assert all(grievance(text, code) for code, text in said("accusation") if code == language)


def test_only_the_message_s_language_and_english_are_listened_for() -> None:
    assert grievance("jullie zijn oplichters", "nl") == "accusation"
    assert grievance("jullie zijn oplichters", "nl-BE") == "accusation"
    assert grievance("jullie zijn oplichters", "de") is None
    assert grievance("jullie zijn oplichters", "ja") is None
    assert grievance("you are thieves", "ja") == "accusation"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("YOU STOLE MY MONEY!!!", "accusation"),
        ("yóu stole   my\nmoney", "accusation"),
        ("you. stole my money", None),  # not in one sentence
        ("you and all of my other friends stole it", None),  # too far apart
        ("you know that someone stole it", None),
        ("Hello. I like it here! But: you are thieves. Bye.", "accusation"),
        ("worst support ever, and you stole my money", "accusation"),
        ("my bank says you are thieves", None),
        ("my bank says you are thieves. And you are thieves.", "accusation"),
        ("thieves", "accusation"),
        ("thieves took my phone", None),
        ("", None),
        ("🤬🤬🤬", None),
    ],
)
def test_what_a_phrase_means(text: str, expected: str | None) -> None:
    assert grievance(text, "en") == expected


def test_a_text_that_calls_itself_a_complaint_is_labelled_so() -> None:
    assert label("Complaint: my deposit is missing", "en") == "complaint"
    assert label("Klacht: mijn storting is weg", "nl") == "complaint"
    assert label("you stole my money, I have a complaint", "en") == "accusation"
    assert label("my deposit is missing", "en") is None
    assert grievance("how do I make a complaint?", "en") is None


@given(text=st.text(max_size=300), language=st.sampled_from([None, "xx", *LANGUAGES]))
def test_any_text_is_read(text: str, language: str | None) -> None:
    assert grievance(text, language) in {None, "accusation", "complaint"}
    assert len(questions(text, language)) != 1


PHRASED = [
    "you",
    "your",
    "i",
    "it",
    "is",
    "are",
    "stole",
    "thieves",
    "and",
    "how",
    "what",
    ".",
    "?",
    "support",
    "worst",
    "no",
]


@given(said=st.lists(st.sampled_from(PHRASED)).map(" ".join), language=st.sampled_from([None, "en"]))
def test_any_row_of_the_words_of_phrases_is_read(said: str, language: str | None) -> None:
    assert grievance(said, language) in {None, "accusation", "complaint"}
    assert all(question in said for question in questions(said, language))


HOSTILE = (
    "you ",
    "you you are ",
    "i have asked ",
    "and how ",
    "? ",
    "a? ",
    "no answer ",
    "1. ",
    "\n- ",
    "siz ",
    "a",
    " ",
    ",",
)


@pytest.mark.parametrize("piece", HOSTILE)
def test_the_work_is_bounded(piece: str) -> None:
    assert grievance("warm up") is None
    assert questions("warm up") == []
    took = []
    for times in (TEN_KILOBYTES, 20 * TEN_KILOBYTES):
        text = piece * (times // len(piece))
        start = process_time()
        grievance(text)
        questions(text)
        took.append(process_time() - start)
    assert took[1] < 3 * took[0] + 0.05, "what is far behind is not read"
    assert max(took) < 0.2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("How do I deposit? What does it cost?", ["How do I deposit?", "What does it cost?"]),
        ("how do i deposit and what does it cost", ["how do i deposit", "what does it cost"]),
        ("how do i deposit and also where do i see it?", ["how do i deposit", "where do i see it?"]),
        (
            "1. how to deposit\n2) the cost of it\n- opening hours",
            ["how to deposit", "the cost of it", "opening hours"],
        ),
        ("What I did:\n1. I opened the app\n2. I typed my code", []),
        ("hoe stort ik en wat kost het", ["hoe stort ik", "wat kost het"]),
        ("How do I deposit?", []),
        ("I lost my phone and how do I log in now?", []),
        ("What? How do I deposit?", []),
        ("I deposited. It is not there.", []),
    ],
)
def test_the_questions_of_a_message(text: str, expected: list[str]) -> None:
    assert questions(text) == expected


@pytest.fixture(scope="module")
def bank() -> FaqMatcher:
    return FaqMatcher(
        Faq(
            entries=(
                entry(
                    "password",
                    "How do I reset my password?",
                    "i forgot my password",
                    "reset a forgotten password",
                    "change my password",
                    "my password does not work",
                ),
                entry(
                    "fees",
                    "What are the withdrawal fees?",
                    "how much does a withdrawal cost",
                    "withdrawal fee",
                    "fees for withdrawing coins",
                    "what do you charge for a withdrawal",
                ),
                entry(
                    "stolen",
                    "Somebody stole my card",
                    "my card was stolen",
                    "someone stole my card",
                    "stolen card",
                    "my card has been stolen",
                ),
                entry(
                    "hours",
                    "When are you open?",
                    "opening hours",
                    "timetable",
                    "are you open on sunday",
                    "your business hours",
                    "when do you open in the morning",
                ),
            )
        ),
        matcher="lexical",
    )


def with_complaints(bank: FaqMatcher) -> FaqMatcher:
    wording = ("your support is terrible", "I want to complain about your support", "worst support ever", "bad support")
    own = entry("complaint", "How do I complain?", *wording, "nobody answers my ticket")
    return FaqMatcher(Faq(entries=(*bank.faq.entries, own)), matcher="lexical")


def test_a_grievance_is_never_answered_whatever_it_looks_like(bank: FaqMatcher) -> None:
    (found,) = bank.match(["someone stole my card"])
    assert (found.decision, found.reason) == ("answer", None)
    (found,) = bank.match(["you stole my card"])
    assert (found.decision, found.reason, found.candidates[0].entry) == ("ticket", "accusation", "stolen")
    (found,) = bank.match(["i forgot my password and nobody answers me"])
    assert (found.decision, found.reason) == ("ticket", "complaint")


def test_an_entry_for_grievances_is_heeded(bank: FaqMatcher) -> None:
    (found,) = bank.match(["your support is so terrible"])
    assert (found.decision, found.reason) == ("ticket", "complaint")
    (found,) = with_complaints(bank).match(["your support is so terrible"])
    assert found.candidates[0].entry == "complaint"
    assert found.decision != "ticket"
    assert found.reason is None


def test_several_questions_are_all_offered_in_the_order_asked(bank: FaqMatcher) -> None:
    for text in (
        "What are the withdrawal fees? And how do I reset my password?",
        "what are the withdrawal fees and how do i reset my password",
        "Hi!\n1. withdrawal fees\n2. reset a forgotten password",
    ):
        (found,) = bank.match([text])
        assert (found.decision, found.reason) == ("suggest", "several"), text
        assert [one.entry for one in found.candidates[:2]] == ["fees", "password"], text
        assert len({one.entry for one in found.candidates}) == len(found.candidates) == 4


def test_a_question_that_has_no_entry_keeps_the_other_from_being_all(bank: FaqMatcher) -> None:
    (found,) = bank.match(["How do I reset my password?"])
    assert found.decision == "answer"
    (found,) = bank.match(["How do I reset my password? Which mountain is the highest in Nepal?"])
    assert (found.decision, found.reason, found.candidates[0].entry) == ("suggest", "several", "password")


def test_one_question_asked_twice_is_one(bank: FaqMatcher) -> None:
    (found,) = bank.match(["i forgot my password? how do i reset my password?"])
    assert (found.decision, found.reason, found.candidates[0].entry) == ("answer", None, "password")


def test_a_word_alone_is_too_short_to_judge(bank: FaqMatcher) -> None:
    found, whole, nothing = bank.match(["password", "opening hours", "hm"])
    assert (found.decision, found.reason) == ("suggest", "short")
    assert (whole.decision, whole.reason) == ("answer", None)
    assert (nothing.decision, nothing.reason) == ("ticket", "short")
    (one,) = bank.match(["timetable"])
    assert (one.decision, one.reason) == ("answer", None), "it is a wording of the FAQ"


def test_a_word_alone_is_not_answered_in_any_language(bank: FaqMatcher) -> None:
    sure = Matches(decision="answer", candidates=(Candidate(entry="password", score=0.99),))
    judged = bank.handover.judged(sure, message_parts("wachtwoord"), "nl", lambda _: sure)
    assert (judged.decision, judged.reason) == ("suggest", "short")
    assert bank.handover.judged(sure, message_parts("reset vergeten wachtwoord"), "nl", lambda _: sure) == sure
