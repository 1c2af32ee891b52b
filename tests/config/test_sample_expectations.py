"""The sample FAQ's own tests say something, and hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rapidfuzz import fuzz

from faq.authoring.expectations import check
from faq.entries import Entry, load
from faq.matching import FaqMatcher
from faq.text.cleaning import words

FOLDER = Path(__file__).parents[2] / "config" / "sample_faq"
HELD_OUT = Path(__file__).parents[1] / "faq_questions.jsonl"
FAQ = load(FOLDER)
ENTRIES = [pytest.param(entry, id=f"{entry.id}-{entry.language}") for entry in FAQ.entries]
NEARLY = 90


def spoken(text: str) -> str:
    return " ".join(words(text))


PHRASINGS = {spoken(phrasing) for entry in FAQ.entries for phrasing in entry.phrasings}
QUESTIONS = {spoken(json.loads(line)["text"]) for line in HELD_OUT.read_text(encoding="utf-8").splitlines()}


def test_it_is_in_two_languages() -> None:
    assert FAQ.languages == ("en", "nl")


@pytest.mark.parametrize("entry", ENTRIES)
def test_each_entry_has_three_of_each_and_none_twice(entry: Entry) -> None:
    for texts in (entry.expect, entry.expect_not):
        assert len({spoken(text) for text in texts}) == len(texts) >= 3
    assert not {spoken(text) for text in entry.expect} & {spoken(text) for text in entry.expect_not}


@pytest.mark.parametrize("entry", ENTRIES)
def test_what_is_expected_is_no_phrasing_nor_nearly_and_no_held_out_question(entry: Entry) -> None:
    for text in map(spoken, entry.expect):
        assert max(fuzz.ratio(text, phrasing) for phrasing in PHRASINGS) < NEARLY, text
    asked = {spoken(text) for text in (*entry.expect, *entry.expect_not)}
    assert not asked & QUESTIONS


@pytest.mark.timeout(600)  # 20 s of work on a free core: the matcher of 124 entries is built and 868 messages matched
def test_they_hold() -> None:
    broken = [one for one in check(FaqMatcher(FAQ)) if not one.kept]
    assert not broken, "\n".join(f"{one.expectation.source}: {one.expectation.text}: {one.found}" for one in broken)
