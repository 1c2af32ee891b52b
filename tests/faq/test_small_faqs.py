"""A small FAQ answers what it clearly holds, and nothing that only shares a word with it."""

from __future__ import annotations

import pytest

from faq.matching import FaqMatcher

from .small_faqs import SMALL_FAQS

MATCHERS = {name: FaqMatcher(small.faq) for name, small in SMALL_FAQS.items()}
NEAR_MISSES = [(name, text) for name, small in SMALL_FAQS.items() for text in small.near_misses]


@pytest.mark.parametrize(("name", "text"), NEAR_MISSES)
def test_no_near_miss_is_answered(name: str, text: str) -> None:
    assert MATCHERS[name].match([text])[0].decision != "answer"


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, text in NEAR_MISSES if " " in text])
def test_the_score_of_a_near_miss_is_too_low_already(name: str, text: str) -> None:
    """The rehearsal has met such messages; only a bare word is left to the rule about coverage."""
    assert MATCHERS[name].match([text])[0].score < MATCHERS[name].calibration.answer_from


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (name, text)
        for name in SMALL_FAQS
        for other in SMALL_FAQS
        if other != name
        for text, _ in SMALL_FAQS[other].paraphrases
    ],
)
def test_no_question_of_another_domain_is_answered(name: str, text: str) -> None:
    assert MATCHERS[name].match([text])[0].decision != "answer"


def test_paraphrases_are_offered_their_entry_and_at_least_half_are_answered() -> None:
    decisions = []
    for name, small in SMALL_FAQS.items():
        found = MATCHERS[name].match([text for text, _ in small.paraphrases])
        for (text, expected), matches in zip(small.paraphrases, found, strict=True):
            offered = [candidate.entry for candidate in matches.candidates[: 1 if matches.decision == "answer" else 2]]
            assert expected in offered, text
            assert matches.decision != "ticket", text
            decisions.append(matches.decision)
    assert decisions.count("answer") >= 0.5 * len(decisions)


@pytest.mark.parametrize("name", SMALL_FAQS)
def test_a_subject_in_a_sentence_about_something_else_is_not_answered(name: str) -> None:
    """Whoever writes an FAQ of three entries has one word for each: that word alone must not decide."""
    matcher = MATCHERS[name]
    coverage = matcher.coverage
    for spoken in matcher.phrasings.texts:
        subject = max(spoken, key=coverage.rarity)
        texts = [
            f"my blue elephant likes the {subject} of doom",
            f"please tell the volcano that its {subject} plays the violin",
        ]
        assert all(found.decision != "answer" for found in matcher.match(texts)), texts
