"""What part of a message an entry speaks of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faq.coverage import Coverage, kinship
from faq.entries import Faq
from faq.phrasings import Phrasings
from faq.rehearsal import near_misses, other_domains
from faq.text.cleaning import words

from .mini_faq import entry, mini_faq

PHRASINGS = Phrasings(mini_faq())
BACKGROUND = [part.words for part in other_domains(("en", "nl"))]
COVERAGE = Coverage(PHRASINGS, BACKGROUND)


def share(text: str, entry_id: str) -> float:
    return COVERAGE.share(words(text), PHRASINGS.ids.index(entry_id))


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("fee", "fees", 6 / 7),
        ("withdrawal", "withdrawing", 16 / 21),
        ("verified", "verification", 0.6),
        ("chain", "change", 0),
        ("", "", 0),
        ("", "word", 0),
        ("same", "same", 1),
    ],
)
def test_forms_of_a_word_are_kin(one: str, other: str, alike: float) -> None:
    assert kinship(one, other) == kinship(other, one) == pytest.approx(alike)


def test_what_an_entry_says_is_covered_and_what_it_does_not_is_not() -> None:
    assert share("how do i reset my password", "password") == 1
    assert share("elephant volcano", "password") == 0
    assert share("is the elephants password safe", "password") < 0.5
    assert 0.8 < share("passwords", "password") < 1


def test_a_rare_word_weighs_more_than_what_every_sentence_holds() -> None:
    assert COVERAGE.rarity("the") < COVERAGE.rarity("new") < COVERAGE.rarity("elephant") == 1
    # Of two messages that lack one word each, the one that lacks the telling word is covered less.
    assert share("my order has not arrived yesterday", "delivery") < share("has my order arrived", "delivery")


def test_words_of_one_entry_stay_telling_however_many_phrasings_hold_them() -> None:
    parrot = [f"parrot {at}" for at in range(50)]
    coverage = Coverage(Phrasings(Faq(entries=(entry("a", *parrot), entry("b", "gecko")))), BACKGROUND)
    assert coverage.rarity("parrot") == coverage.rarity("gecko") > 0.8


def test_a_phrasing_left_out_covers_nothing() -> None:
    phrasings = Phrasings(Faq(entries=(entry("a", "red lamp", "blue lamp"), entry("b", "green door"))))
    coverage = Coverage(phrasings, [])
    red = phrasings.texts.index(("red", "lamp"))
    assert coverage.share(["red", "lamp"], 0) == 1
    assert coverage.share(["red", "lamp"], 0, besides=red) == pytest.approx(0.5)
    assert coverage.share(["reds"], 0, besides=red) == 0


def test_a_bare_word_and_a_message_about_something_besides_do_not_suffice() -> None:
    assert COVERAGE.suffices(words("reset my password"), 1.0)
    assert not COVERAGE.suffices(words("password"), 1.0)
    longer = words("cannot log in because i lost my password")
    assert COVERAGE.suffices(longer, 0.7)
    assert not COVERAGE.suffices(longer, 0.6)
    assert not COVERAGE.suffices([], 0.0)


def test_a_message_that_says_not_or_something_new_strays() -> None:
    at = PHRASINGS.ids.index("opening-hours")
    assert not COVERAGE.strays(words("when are you open please"), at)
    assert not COVERAGE.strays(words("your openings"), at)
    assert COVERAGE.strays(words("when are you not open"), at)
    assert COVERAGE.strays(words("when are elephants open"), at)
    assert not COVERAGE.strays([], at)


def test_near_misses_share_a_word_with_the_faq_and_ask_something_else() -> None:
    made = near_misses(COVERAGE, PHRASINGS.texts, BACKGROUND)
    assert len(made) == 3 * len(PHRASINGS.texts)
    for line, source in made:
        assert tuple(line) != PHRASINGS.texts[source]
        assert set(line) & set(PHRASINGS.texts[source]) or len(PHRASINGS.texts[source]) == 1
    assert near_misses(COVERAGE, PHRASINGS.texts, [["hi"]]) == []


@given(st.lists(st.sampled_from(["refund", "refunds", "my", "zzz", "password", "\U0001f600", "\u6211"])))
def test_a_share_is_a_share(spoken: list[str]) -> None:
    for at in range(len(PHRASINGS.ids)):
        assert 0 <= COVERAGE.share(spoken, at) <= 1 + 1e-9
        assert COVERAGE.share(spoken, at) == COVERAGE.share(spoken * 2, at)
