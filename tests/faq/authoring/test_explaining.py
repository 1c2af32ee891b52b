"""The reasons given are those that decided."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faq.authoring.explaining import explain
from faq.coverage import MIN_SHARE
from faq.entries import Faq
from faq.learned import Learned
from faq.matching import FaqMatcher
from tests.faq.mini_faq import entry, mini_faq


@cache
def built(faq: Faq) -> FaqMatcher:
    return FaqMatcher(faq)


def matcher() -> FaqMatcher:
    return built(mini_faq())


def test_a_mended_message_is_explained_by_its_nearest_wording_as_the_faq_writes_it() -> None:
    told = explain(matcher(), "I forgott my pasword")
    assert "xylophonist" not in explain(matcher(), "I forgott my pasword xylophonist").repairs
    assert (told.decision, told.candidates[0].entry) == ("answer", "password")
    assert told.repairs == {"forgott": "forgot", "pasword": "password"}
    assert (told.candidates[0].nearest, told.candidates[0].language) == ("I forgot my password", "en")
    assert told.candidates[0].likeness > 0.9
    assert (told.part, told.whole, told.covered) == ("I forgott my pasword", True, 1)


def test_a_translation_may_be_the_nearest() -> None:
    told = explain(matcher(), "ben mijn wachtwoord kwijt", "nl")
    assert (told.candidates[0].entry, told.candidates[0].language) == ("password", "nl")


def test_the_sentence_of_a_rant_that_matched_is_named() -> None:
    rant = (
        "You would not believe what a week this was, first the train was late and then it rained on all of us. "
        "I need a new password. My neighbour sings in the morning and nobody here ever tells him to stop it."
    )
    told = explain(matcher(), rant)
    assert (told.part.strip(), told.whole) == ("I need a new password.", False)
    assert told.candidates[0].entry == "password"


def test_what_a_message_says_besides_is_named_and_stands_in_the_way() -> None:
    told = explain(matcher(), "track my parcel to the museum of dinosaurs")
    assert told.decision != "answer"
    assert {word.word for word in told.words if not word.covered} >= {"museum", "dinosaurs"}
    assert told.covered < 2 / 3


WITH_PIN = Faq(entries=(*mini_faq().entries, entry("pin", "Where is my PIN code?")))


@pytest.mark.parametrize(
    ("faq", "text", "decision", "reason"),
    [
        (Faq(entries=()), "refund", "ticket", "The FAQ has no wording"),
        (mini_faq(), "🙈", "ticket", "The message holds no word"),
        (mini_faq(), "tell me a joke about dogs", "ticket", "where suggestions begin"),
        (mini_faq(), "refund please", "answer", "reaches"),
        (WITH_PIN, "where is my pin code", "answer", "repeats a wording"),
        (mini_faq(), "I do not want my money back", "suggest", "may make it another question"),
        (WITH_PIN, "where can I see my PIN code", "suggest", "'pin' has a single wording"),
    ],
)
def test_the_reason_is_what_decided(faq: Faq, text: str, decision: str, reason: str) -> None:
    told = explain(built(faq), text)
    assert told.decision == decision
    assert reason in told.reason


@pytest.mark.parametrize(
    ("text", "decision", "reason"),
    [
        ("you are thieves and stole my refund", "ticket", "accuses"),
        ("your support is terrible, nobody answers about my refund", "ticket", "is a complaint"),
        ("how do I get a refund? where is my parcel?", "suggest", "several questions"),
        ("a parcel", "suggest", "too short"),
    ],
)
def test_what_a_person_is_to_look_at_is_named(text: str, decision: str, reason: str) -> None:
    told = explain(matcher(), text)
    assert (told.decision, reason in told.reason) == (decision, True), told.reason


def test_a_bent_score_is_not_compared_with_thresholds_of_raw_ones() -> None:
    bent = FaqMatcher(mini_faq(), learned=Learned(bias=-2.0, weight=100))
    told = explain(bent, "how do I get my money back please")
    assert told.score < told.answer_from <= told.raw
    assert told.reason == f"The score {told.raw:.2f} reaches {told.answer_from:.2f}, where answers begin."


def test_the_first_thing_in_the_way_of_an_answer_is_named() -> None:
    texts = (
        "track my parcel to the museum of dinosaurs",
        "I need a receipt for my order of dinosaurs and a museum",
        "refund opening hours",
        "is there a parcel",
        "password for the museum of dinosaurs and fossils",
        "how do I get a refund for the museum of dinosaurs",
        "I forgot my password in the museum",
    )
    offered = [told for told in (explain(matcher(), text) for text in texts) if told.decision == "suggest"]
    low = [told for told in offered if told.score < told.answer_from]
    strange = [told for told in offered if told.score >= told.answer_from and told.covered < MIN_SHARE]
    assert low
    assert strange
    assert all("where answers begin" in told.reason for told in low)
    assert all("of what the message says stands in" in told.reason for told in strange)


def test_more_points_come_first() -> None:
    told = explain(matcher(), "when does the shop open to return an order")
    sums = [sum(candidate.evidence.values()) for candidate in told.candidates]
    assert sums == sorted(sums, reverse=True)
    assert len(set(sums)) == 3


@given(
    st.text(max_size=300)
    | st.lists(st.sampled_from(["refund", "parcel", "open", "my", ".", "?", "order"])).map(" ".join)
)
def test_an_explanation_never_says_otherwise_than_the_matcher(text: str) -> None:
    told, found = explain(matcher(), text), matcher().match([text])[0]
    assert (told.decision, told.score) == (found.decision, found.score)
    assert told.reason.endswith(".")
    assert [candidate.entry for candidate in told.candidates] == [c.entry for c in found.candidates[:3]]
    assert 0 <= told.covered <= 1
    assert all(0 <= word.weight <= 1 and 0 <= word.covered <= 1 for word in told.words)
