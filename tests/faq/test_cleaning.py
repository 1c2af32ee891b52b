"""What people type is folded to words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faq.cleaning import MAX_CHARS, MAX_PARTS, MAX_WORDS, parts, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, WORLD!", ["hello", "world"]),
        ("@bot please help <@123456> <:smile:987>", ["please", "help"]),
        ("see https://example.com/a?b=c and www.example.com now", ["see", "and", "now"]),
        ("mail me@example.com", ["mail", "me", "example", "com"]),
        ("I haven't, I haven\u2019t", ["i", "havent", "i", "havent"]),
        ("Café CRÈME İstanbul \u0131\u015f\u0131k", ["cafe", "creme", "istanbul", "isik"]),
        ("straße Łódź Ærø", ["strasse", "lodz", "aero"]),
        ("nooooo pleeease 1000000", ["noo", "pleease", "1000000"]),
        ("ｆｕｌｌ　ｗｉｄｔｈ", ["full", "width"]),
        ("h\u200be\u00adl\ufefflo", ["hello"]),
        ("今天会下雨吗", ["今", "天", "会", "下", "雨", "吗"]),
        ("2FA code", ["2fa", "code"]),
        ("snake_case", ["snake", "case"]),
        ("한국어 질문", ["한국어", "질문"]),
        ("😀🎉 🏳️\u200d🌈", []),
    ],
)
def test_clutter_goes_and_words_are_folded(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_short_messages_stay_whole_and_long_ones_are_also_tried_in_sentences() -> None:
    assert parts("One. Two. Three?") == [["one", "two", "three"]]
    long = "This is a long story about my day. " * 4 + "Where is my parcel?"
    whole, *sentences = parts(long)
    assert len(whole) == 36
    assert sentences[-1] == ["where", "is", "my", "parcel"]


@given(st.text(max_size=MAX_CHARS * 2))
def test_any_text_gives_a_bounded_number_of_words(text: str) -> None:
    found = parts(text)
    assert len(found) <= MAX_PARTS
    assert all(0 < len(part) <= MAX_WORDS for part in found)
    assert all(word and word == words(word)[0] for part in found for word in part if word.isascii())


def test_a_message_of_twenty_thousand_characters_is_cut() -> None:
    assert sum(map(len, parts("word " * 4000)[0])) <= MAX_CHARS


def test_of_many_sentences_the_first_and_the_last_are_tried() -> None:
    found = parts("".join(f"this is sentence{at}. " for at in range(60)))
    assert [part[-1] for part in found] == [
        "this",  # the whole, cut at 160 words
        *(f"sentence{at}" for at in (0, 1, 2, 3, 4, 54, 55, 56, 57, 58, 59)),
    ]
