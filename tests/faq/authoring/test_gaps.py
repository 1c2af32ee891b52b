"""What people ask that the FAQ does not answer."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from faq.authoring.gaps import Gap, Question, distinct, find, phrasings, space
from faq.encoders import load
from faq.entries import Entry, Faq

if TYPE_CHECKING:
    from collections.abc import Sequence

    from faq.encoders import Encoder

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PARCEL = [
    "where is my parcel",
    "my parcel has not arrived",
    "when does my parcel arrive",
    "parcel still not here",
    "my parcel is late",
]
CARD = [
    "my card was swallowed by the machine",
    "the machine swallowed my card",
    "machine kept my card",
    "card swallowed by the cash machine",
]
FAQ = Faq(
    entries=(
        Entry(
            id="delivery",
            language="en",
            question="When will my parcel arrive?",
            also=("parcel delivery time", "where is my parcel now"),
            answer="Soon.",
        ),
        Entry(id="hours", language="en", question="When are you open?", also=("opening hours",), answer="Always."),
    )
)


def asked(texts: Sequence[str], days_ago: float = 1, **fields: str) -> list[Question]:
    return [Question(text=text, at=NOW - timedelta(days=days_ago), **fields) for text in texts]


def gaps(questions: Sequence[Question], encoders: Sequence[Encoder] = (), at_least: int = 3) -> list[Gap]:
    apart, known = distinct(questions), phrasings(FAQ)
    return find(apart, known, space(apart, known, encoders), now=NOW, days=28, at_least=at_least)


def test_messages_about_one_thing_are_one_gap_by_meaning() -> None:
    found = gaps(asked([*PARCEL, *CARD]), load("default"))
    assert [{one.text for one in gap.examples} for gap in found] == [set(PARCEL), set(CARD)]
    assert [(gap.count, gap.covered) for gap in found] == [(5, True), (4, False)]
    assert found[0].nearest == "delivery"


def test_without_an_encoder_letters_tell_less_but_enough() -> None:
    found = gaps(asked([*PARCEL, *CARD]))
    assert [{one.text for one in gap.examples} for gap in found] == [set(CARD), set(PARCEL) - {"parcel still not here"}]
    assert [(gap.nearest, gap.covered) for gap in found[1:]] == [("delivery", True)]
    assert not found[0].covered


def test_other_languages_join_by_meaning() -> None:
    found = gaps(
        asked(["where is my parcel"], language="en")
        + asked(["waar is mijn pakket"], language="nl")
        + asked(["wo ist mein Paket"], language="de")
        + asked(["my card was swallowed"]),
        load("default"),
    )
    assert found[0].languages == {"de": 1, "en": 1, "nl": 1}
    assert found[0].nearest == "delivery"


def test_the_trend_compares_the_last_quarter_of_the_days_with_the_one_before() -> None:
    questions = [*asked(CARD[:3], 6.9), *asked(CARD[3:], 7.1), *asked(CARD[:1], 13.9), *asked(CARD[:2], 20)]
    (gap,) = gaps(questions)
    assert (gap.count, gap.recent, gap.before) == (7, 3, 2)


def test_the_same_words_count_as_often_as_they_were_said() -> None:
    questions = asked(
        ["My card was SWALLOWED!", "my card was swallowed", "my card was swallowed"], why="nothing matches"
    )
    (one,) = distinct(questions)
    assert (one.text, len(one.asked)) == ("my card was swallowed", 3)
    (gap,) = gaps(questions)
    assert (gap.question, gap.count, gap.reasons) == ("my card was swallowed", 3, {"nothing matches": 3})


def test_a_group_smaller_than_wanted_is_none() -> None:
    assert gaps(asked(CARD), at_least=5) == []
    assert gaps([]) == []
    assert gaps(asked(["🙂", "...", ""])) == []


def test_the_question_is_a_short_one_where_there_is_one() -> None:
    rant = "my card was swallowed by the machine and " * 5
    (gap,) = gaps(asked([rant, rant + "again", rant + "today", *CARD[:1]]))
    assert gap.question == CARD[0]


@given(seed=st.integers(0, 1000))
def test_the_order_of_the_messages_changes_nothing(seed: int) -> None:
    ring = ["abc def", "def ghi", "ghi jkl", "jkl abc"]  # each as near to the one before as to the one after
    questions = [*asked(PARCEL, 3), *asked(CARD, 9, language="en"), *asked(PARCEL[:2], 10), *asked(ring)]
    shuffled = random.Random(seed).sample(questions, len(questions))  # noqa: S311 - an order, no secret
    assert gaps(shuffled, at_least=1) == gaps(questions, at_least=1)


@given(st.lists(st.text(max_size=60), max_size=12))
def test_any_texts_are_grouped_each_once(texts: list[str]) -> None:
    found = gaps(asked(texts), at_least=1)
    assert sum(gap.count for gap in found) == sum(len(one.asked) for one in distinct(asked(texts)))


def test_without_an_faq_there_is_no_nearest_entry() -> None:
    apart = distinct(asked(CARD))
    (gap,) = find(apart, [], space(apart, [], ()), now=NOW, days=28, at_least=3)
    assert (gap.nearest, gap.covered) == ("", False)
