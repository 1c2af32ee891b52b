"""An answer in Markdown becomes neutral markup, in linear time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.markup import render
from faq.importing.markdown_text import compose, definitions_of, heading, plain
from tests.growth import TOO_STEEP, growth

HOSTILE = (
    "[", "![", "*", "_a*", "`", "` `` ", "[a](", "> ", "- ", "  - a\n", "[a]: b\n", "|a", "a\n", "**a **", "# a\n",
    "\\", "&", "[a][b", "* * ", "1. ", "[a](x", "[a](b(c", "__a", "![a](", "<b>", "<a ", '<a "', "|\n", "|-", "a\n=\n",
    "[a](b) ", "`a` ", "https://", "<https://", "```\n", "~~~", "<!--", "![](a(b)", "((", "]", "-\n",
)  # fmt: skip
PIECES = [*HOSTILE, ")", "]", ">", "\n", "\n\n", " ", "x", "é", "-->", "</a>", "\r", "\t", "\0"]


@pytest.mark.parametrize(
    ("source", "markup"),
    [
        ("One\ntwo.\n\nThree  \nfour\\\nfive", "One two.\n\nThree\nfour\nfive"),
        ("**a** __b__ *c* _d_ ***e***", "**a** **b** c d **e**"),
        ("snake_case_name 5*3*2 2*x* 2 ** 3 **open", "snake_case_name 5*3*2 2*x* 2 \\*\\* 3 \\*\\*open"),
        ("`a*b*c` ``x ` y`` `open", "`a*b*c` `x \\` y` \\`open"),
        ('[the page](https://example.com/a_(b) "title")', "the page (https://example.com/a_%28b%29)"),
        (
            "[x](/local) [y](#top) <https://example.com> https://e.com/a_b_c",
            "x y https://example.com https://e.com/a_b_c",
        ),
        ("[the docs][d], [d][], [nobody][x]", "the docs (https://d.com), d (https://d.com), [nobody][x]"),
        ("![shot](a.png)[![badge](b.svg)](https://e.com)", "https://e.com"),
        ("- one\n  more\n- two\n    - three\n* four\n\n1) five", "- one more\n- two\n    - three\n- four\n\n1. five"),
        ("## Then\ngo\n\n***\n\nend\n---", "**Then**\n\ngo\n\nend"),
        ("```sh\n# a  b\n\nc\n```\nafter", "`# a  b`\n\n`c`\n\nafter"),
        ("~~~\n```\n~~~\nx", "`\\`\\`\\``\n\nx"),
        ("| a | b |\n|---|:-:|\n| 1 | **2** |", "a | b\n1 | **2**"),
        ("```\n```x\n```\ny", "`\\`\\`\\`x`\n\ny"),
        ("> quoted\n> on", "quoted on"),
        ("\\*not bold\\* a &amp; b&nbsp;<br>c <b>d</b> 1 < 2 <!-- gone -->e", "*not bold* a & b\nc **d** 1 < 2 e"),
        ("=SUM(A1)", "=SUM(A1)"),
    ],
)
def test_what_is_read(source: str, markup: str) -> None:
    composed = compose(source, definitions={"d": "https://d.com"}, wrapped=True)
    assert composed.markup().replace("\xa0", "") == markup


def test_in_a_cell_a_line_end_is_a_line_end() -> None:
    assert compose("one\ntwo").markup() == "one\ntwo"


def test_images_are_counted() -> None:
    assert compose("![a](b) <img src=c>").remarks() == ("2 images were dropped",)


def test_a_question_has_no_marks_and_no_addresses() -> None:
    assert plain("How do I `reset` **my** [password](https://e.com) 2*3?") == "How do I reset my password 2*3?"
    assert plain("a ** b \\* c `d") == "a ** b * c `d"


def test_headings_and_definitions() -> None:
    assert heading("## Why? ##") == (2, "Why?")
    assert heading("# C#") == (1, "C#")
    assert heading("#hashtag") is None
    assert heading("####### seven") is None
    assert definitions_of(["[A b]: <https://e.com> 'x'", "text"]) == {"a b": "https://e.com"}


@given(st.lists(st.sampled_from(PIECES)).map("".join), st.booleans())
def test_nothing_hostile_raises(source: str, wrapped: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
    composer = compose(source, wrapped=wrapped)
    assert all(span.end > span.start for span in render(composer.markup()).spans)
    plain(source)
    composer.remarks()


@given(st.text(alphabet=st.characters(categories=("L", "N"))), st.text(alphabet="abc *_`\\"))
def test_words_are_never_lost(words: str, marks: str) -> None:
    source = f"{words} {marks}"
    read = render(compose(source).markup()).text
    assert [char for char in read if char.isalnum()] == [char for char in source if char.isalnum()]


@pytest.mark.parametrize("unit", HOSTILE)
def test_time_grows_with_the_length_and_no_faster(unit: str) -> None:
    assert growth(lambda source: compose(source).markup(), unit * (16_000 // len(unit))) < TOO_STEEP
