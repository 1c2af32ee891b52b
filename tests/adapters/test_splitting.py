"""Long replies in parts: readable, within the limit, and nothing lost."""

from __future__ import annotations

import unicodedata
from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twitter_text import parse_tweet  # type: ignore[import-untyped]

from adapters.markup import render
from adapters.splitting import length, split
from tests.growth import TOO_STEEP, growth

FAMILY, FLAG, KEYCAP, HAND = "👨\u200d👩\u200d👧\u200d👦", "🇳🇱", "1\ufe0f\u20e3", "👋🏽"
ENGLAND = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
WHOLE = (FAMILY, FLAG, KEYCAP, HAND, ENGLAND, "e\u0301", "❤\ufe0f")
TEXTS = st.text(max_size=400) | st.text(alphabet="ab .!?\n*`\\🙈é", max_size=400)
UNITS = st.sampled_from(["codepoint", "utf16"])


X_PIECES = ["a", "A b", ".", " ", "co", ".co", "é", "日本", "🙈", *WHOLE, "@", "#", "https://", "/x?y=1", "-", "_", "1"]
X_TEXTS = st.lists(st.sampled_from(X_PIECES), max_size=30).map("".join) | st.text(max_size=60)


def shown(parts: list[str]) -> str:
    return "".join("".join(render(part).text.split()) for part in parts)


@given(TEXTS, st.integers(min_value=2, max_value=60), UNITS)
def test_parts_fit_and_nothing_but_white_space_is_lost(text: str, max_len: int, unit: str) -> None:
    parts = split(text, max_len=max_len, unit=unit)
    assert parts
    assert all(length(render(part).text, unit) <= max_len for part in parts)
    assert shown(parts) == "".join(render(text).text.split())
    assert len(parts) == 1 or all(render(part).text.strip() for part in parts)


@given(TEXTS, st.integers(min_value=2, max_value=60))
def test_every_character_keeps_its_mark(text: str, max_len: int) -> None:
    def marks(markups: list[str]) -> list[tuple[str, str]]:
        found = []
        for markup in markups:
            rendered = render(markup)
            kinds = [""] * len(rendered.text)
            for span in rendered.spans:
                kinds[span.start : span.end] = [span.kind] * (span.end - span.start)
            found += [pair for pair in zip(rendered.text, kinds, strict=True) if not pair[0].isspace()]
        return found

    assert marks(split(text, max_len=max_len)) == marks([text])


@given(st.lists(st.sampled_from([*WHOLE, "a", " "]), max_size=60), st.integers(min_value=14, max_value=40), UNITS)
def test_no_visible_character_is_torn(pieces: list[str], max_len: int, unit: str) -> None:
    text = "".join(pieces)
    for part in split(text, max_len=max_len, unit=unit):
        rest = part
        while rest:
            rest = (
                rest[len(next((w for w in WHOLE if rest.startswith(w)), "")) :]
                if rest.startswith(WHOLE)
                else _plain(rest)
            )


def _plain(rest: str) -> str:
    assert rest[0] in "a ", f"torn: {rest!r}"
    return rest[1:]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("first paragraph\n\nsecond one", ["first paragraph", "second one"]),
        ("a line here\nanother line", ["a line here", "another line"]),
        ("One sentence. Two words", ["One sentence.", "Two words"]),
        ("some words without an end", ["some words", "without an end"]),
        ("x" * 25, ["x" * 16, "x" * 9]),
        ("  short  ", ["short"]),
        ("", [""]),
        (" \n ", [""]),
        ("exactly sixteen.", ["exactly sixteen."]),
        ("sixteen and mor. e", ["sixteen and mor.", "e"]),
        ("**bold words that go on**", ["**bold words that**", "**go on**"]),
        ("`" + "y" * 20 + "`", ["`" + "y" * 16 + "`", "`" + "y" * 4 + "`"]),
        (r"\*" * 16, [r"\*" * 16]),
    ],
)
def test_where_it_is_cut(text: str, parts: list[str]) -> None:
    assert split(text, max_len=16) == parts


def test_utf16_counts_an_emoji_as_two() -> None:
    assert split("🙈" * 5, max_len=4, unit="utf16") == ["🙈🙈", "🙈🙈", "🙈"]
    assert split("🙈" * 5, max_len=4) == ["🙈🙈🙈🙈", "🙈"]


def test_a_run_of_accents_longer_than_any_letter_is_cut_all_the_same() -> None:
    zalgo = "a" + "\u0301" * 500
    assert unicodedata.combining(zalgo[1])
    assert all(len(part) <= 100 for part in split(zalgo, max_len=100))
    assert shown(split(zalgo, max_len=100)) == zalgo


def test_one_character_that_does_not_fit_is_a_part_all_the_same() -> None:
    assert split("🙈🙈", max_len=1, unit="utf16") == ["🙈", "🙈"]


@pytest.mark.parametrize("piece", ["**", "`", "\\*", "a ", "\u0301", "🇳", "\u200d", "\n", "**\\**"])
def test_twenty_thousand_hostile_characters_are_split_at_once(piece: str) -> None:
    def seconds(chars: int) -> float:
        text = (piece * chars)[:chars]
        began = thread_time()
        split(text, max_len=280, unit="utf16")
        return thread_time() - began

    small = min(seconds(5_000) for _ in range(3))
    large = min(seconds(40_000) for _ in range(3))
    assert large < 40 * max(small, 0.0005)  # eight times the text; a square would take sixty-four times as long


# --- X's own weights -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("", 0),
        ("plain words", 11),
        ("你好", 4),
        ("Привет, مرحبا", 13),
        ("🙈", 2),
        (FAMILY, 2),
        (FLAG + KEYCAP + HAND + ENGLAND, 8),
        ("see https://example.com/a/rather/long/path?with=query#and", 4 + 23),
        ("https://a.co", 23),
        ("example.com, and more", 23 + 10),
        ("no.such here", 12),
        ("“quoted” – and…", 16),
    ],
)
def test_x_counts_a_link_as_23_and_wide_characters_as_two(text: str, weight: int) -> None:
    assert length(text, "x_weighted") == weight


@given(X_TEXTS)
def test_nothing_weighs_less_than_x_says(text: str) -> None:
    assert length(text, "x_weighted") >= parse_tweet(text).weightedLength


@given(st.lists(st.sampled_from(["ab", " ", "é", "日本", "🙈", HAND, "https://a.co/b ", "a.co ", ". "])).map("".join))
def test_ordinary_texts_weigh_what_x_says(text: str) -> None:
    assert length(text, "x_weighted") == parse_tweet(text).weightedLength


@given(X_TEXTS | TEXTS, st.integers(min_value=24, max_value=60))
def test_parts_for_x_fit_and_nothing_but_white_space_is_lost(text: str, max_len: int) -> None:
    parts = split(text, max_len=max_len, unit="x_weighted")
    assert all(parse_tweet(render(part).text).weightedLength <= max_len for part in parts)
    assert shown(parts) == "".join(render(text).text.split())


def test_a_link_is_not_torn() -> None:
    link = "https://example.com/" + "x" * 80
    parts = split(f"Read more about it here: {link}", max_len=40, unit="x_weighted")
    assert parts == ["Read more about it here:", link]


@pytest.mark.parametrize("piece", ["a.", "é.", "a.co ", "http://a", "🇳", "e\u0301.", ". "])
def test_what_x_counts_grows_with_the_text_and_no_steeper(piece: str) -> None:
    text = (piece * 6_000)[:6_000]
    assert growth(lambda hostile: split(hostile, max_len=280, unit="x_weighted"), text) < TOO_STEEP
