"""Long replies in parts: readable, within the limit, and nothing lost."""

from __future__ import annotations

import unicodedata
from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.markup import render
from adapters.splitting import length, split

FAMILY, FLAG, KEYCAP, HAND = "👨\u200d👩\u200d👧\u200d👦", "🇳🇱", "1\ufe0f\u20e3", "👋🏽"
ENGLAND = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
WHOLE = (FAMILY, FLAG, KEYCAP, HAND, ENGLAND, "e\u0301", "❤\ufe0f")
TEXTS = st.text(max_size=400) | st.text(alphabet="ab .!?\n*`\\🙈é", max_size=400)
UNITS = st.sampled_from(["codepoint", "utf16"])


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
