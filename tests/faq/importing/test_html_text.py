"""HTML becomes neutral markup, in linear time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.markup import render
from faq.importing.html_text import compose, is_html
from tests.growth import TOO_STEEP, growth

HOSTILE = (
    "<a ", "<!--", "<![CDATA[", '<a "', "</a ", "<!", "<?", "&", "<script>", "<a x='", "</script ", "<li>", "<ul>",
    "<a href=x>", "<a \"<a '", "&#9", "<b><p>", "<td>a", "<pre>\n", '<a href="', "<a href=' ", "<svg><title>", "<<",
)  # fmt: skip
PIECES = [
    *HOSTILE,
    ">",
    '"',
    "'",
    "-->",
    "</a>",
    "</b>",
    "</pre>",
    "</script>",
    "*",
    "`",
    "\\",
    " ",
    "\n",
    "x",
    "\0",
    "é",
]


@pytest.mark.parametrize(
    ("source", "markup"),
    [
        ("<p>One\n two.</p><p>Three.</p>", "One two.\n\nThree."),
        ("<p>Press <strong>Save </strong>now</p>", "Press **Save** now"),
        ("<b>a</b><b>b</b> <code>x*y</code>", "**ab** `x*y`"),
        ('see <a href="https://example.com/a">the page</a>.', "see the page (https://example.com/a)."),
        ('<a href="https://example.com/">https://example.com</a>', "https://example.com"),
        ('<a href="https://example.com/"><img src="x.png"></a>', "https://example.com/"),
        ('<a href="javascript:alert(1)">click</a> <a href="/hc/1">here</a>', "click here"),
        ('<a href="mailto:help@example.com">write</a>', "write (help@example.com)"),
        ("<ul><li>one<li><p>two</p></ul>after", "- one\n- two\n\nafter"),
        ("<ol><li>a<ul><li>b</li></ul></li><li>c</li></ol>", "1. a\n  - b\n2. c"),
        ("<h2>Then</h2>go<br>on<hr>end", "**Then**\n\ngo\non\n\nend"),
        ("<pre>a  b\n  c</pre>", "`a  b`\n`  c`"),
        ("<table><tr><th>x</th><th>y</th></tr><tr><td>1</td><td>2</td></tr></table>", "**x** | **y**\n1 | 2"),
        ("a<script>alert('</p>')</script>b<style>p{}</style>c<SCRIPT>x</Script>d", "abcd"),
        ("a<!-- <b> -->b<!doctype html>c<?php x ?>d", "abcd"),
        ("1 < 2 &amp;&amp; 3 &gt; 2 &euro;5 &#8364;", "1 < 2 && 3 > 2 €5 €"),
        ("2 * 3 ** 4 ` 5", "2 * 3 \\*\\* 4 \\` 5"),
        ('<p title="a>b">x</p><p title="open>y</p>', "x\n\ny"),
        ("</b></ul></li></pre>x", "x"),
        ("a<!-- never closed <b>x", "a"),
        ("a<script>never closed", "a"),
        (f"&#{'9' * 5000};", "\ufffd"),
        ("&#99999999999999999999999;x&#xfffffffffff;", "\ufffdx\ufffd"),
    ],
)
def test_what_is_read(source: str, markup: str) -> None:
    assert compose(source).markup() == markup


def test_what_is_lost_is_said() -> None:
    composer = compose('<img src="a"><img src="b"><iframe src="v"></iframe><a href="#x">y</a>')
    assert composer.remarks() == (
        "2 images were dropped",
        "a video or frame was dropped",
        "a link leads nowhere outside its page and lost its address",
    )
    assert compose("plain").remarks() == ()


def test_html_is_told_from_text() -> None:
    assert is_html("Go <br/> on")
    assert is_html('<p class="x">Hello')
    assert not is_html("press <Enter> if a<b and c>d")


@given(st.text())
def test_escaped_text_reads_back_as_it_was(text: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    kept = " ".join(text.replace("\xa0", " ").split(" "))
    rendered = render(compose(f"<p>{escaped}</p>").markup())
    assert not rendered.spans
    assert "".join(rendered.text.split()) == "".join(kept.split())


@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_nothing_hostile_raises_or_opens_a_mark_it_does_not_close(source: str) -> None:
    composer = compose(source)
    markup = composer.markup()
    composer.remarks()
    assert "\n\n\n" not in markup
    for span in render(markup).spans:
        assert span.end > span.start


@pytest.mark.parametrize("unit", HOSTILE)
def test_time_grows_with_the_length_and_no_faster(unit: str) -> None:
    assert growth(lambda source: compose(source).markup(), unit * (16_000 // len(unit))) < TOO_STEEP
