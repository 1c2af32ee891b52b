"""The neutral markup: what is literal, what is bold or code, and that nobody's words are markup."""

from __future__ import annotations

from time import thread_time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.markup import Span, escape, render, write

MARKED = st.text(alphabet="ab*`\\ \n🙈", max_size=60)


@pytest.mark.parametrize(
    ("markup", "text", "spans"),
    [
        ("plain", "plain", []),
        ("**bold** and `code`", "bold and code", [("bold", 0, 4), ("code", 9, 13)]),
        ("a**b**", "ab", [("bold", 1, 2)]),
        ("**not closed", "**not closed", []),
        ("**not\nclosed**", "**not\nclosed**", []),
        ("`x", "`x", []),
        ("****", "****", []),
        ("``", "``", []),
        (r"\*\*literal\*\*", "**literal**", []),
        (r"**a\*b**", "a*b", [("bold", 0, 3)]),
        (r"**a\**", "**a**", []),
        (r"back\slash \n", r"back\slash \n", []),
        ("`**x**`", "**x**", [("code", 0, 5)]),
        ("**🙈**!", "🙈!", [("bold", 0, 1)]),
        ("https://example.org/a_b?c=*", "https://example.org/a_b?c=*", []),
    ],
)
def test_what_is_read(markup: str, text: str, spans: list[tuple[str, int, int]]) -> None:
    rendered = render(markup)
    assert rendered.text == text
    assert [(span.kind, span.start, span.end) for span in rendered.spans] == spans


@given(st.text() | MARKED)
@example("**bold** `code` \\")
def test_somebodys_words_are_never_markup(words: str) -> None:
    rendered = render(escape(words))
    assert rendered.text == words
    assert rendered.spans == ()


@given(st.text(max_size=30) | MARKED)
def test_somebodys_words_inside_a_mark_stay_inside(words: str) -> None:
    line = " ".join(words.splitlines())
    rendered = render(f"**{escape(line)}** rest `code`")
    if line:
        assert rendered.text == f"{line} rest code"
        assert rendered.spans[0] == Span(kind="bold", start=0, end=len(line))


@given(MARKED)
def test_spans_are_in_order_and_never_overlap(markup: str) -> None:
    rendered = render(markup)
    bounds = [0, *(bound for span in rendered.spans for bound in (span.start, span.end)), len(rendered.text)]
    assert bounds == sorted(bounds)
    assert all(span.start < span.end for span in rendered.spans)


@given(MARKED)
def test_what_is_written_reads_the_same(markup: str) -> None:
    assert render(write(render(markup))) == render(markup)


HOSTILE = ["**", "`", "\\", "\\*", "*", "`*", "**`", "** ", "` \n", "*\\", "**\\`"]


@pytest.mark.parametrize("unit", HOSTILE)
def test_twenty_thousand_hostile_characters_are_read_in_linear_time(unit: str) -> None:
    def seconds(chars: int) -> float:
        text = (unit * chars)[:chars]
        began = thread_time()
        render(text)
        return thread_time() - began

    small = min(seconds(5_000) for _ in range(3))
    large = min(seconds(40_000) for _ in range(3))
    assert large < 40 * max(small, 0.0005)  # eight times the text; a square would take sixty-four times as long
