"""What the user reads of what an agent wrote: nothing hidden, nothing lost, nothing that acts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.markup import escape, render
from bots.agent_words import markup
from bots.agent_words.html_tags import pieces
from bots.wording import Wording
from tests.growth import TOO_STEEP, growth
from ticket_client.base import AgentFile, AgentReply

if TYPE_CHECKING:
    from pathlib import Path

AT = datetime(2026, 11, 23, tzinfo=UTC)
HOSTILE = "**@everyone** `x` <@42> [a](b) \\_ || ~~"


def read(text: str, form: Any = "html", **fields: Any) -> str:
    return markup(AgentReply(id="1", text=text, at=AT, format=form, **fields))


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("first *reply* &amp; &lt;more&gt;", r"first \*reply\* & <more>"),
        ("<div>second<br>reply</div>", "second\nreply"),
        ("<p>one</p>\n\n<p>two</p>", "one\n\ntwo"),
        ("<div>one</div><div><br></div><div>two</div>", "one\n\ntwo"),
        ("<div>one</div><div>two<br></div><div>three</div>", "one\ntwo\nthree"),
        ("a<br><br><br><br>b", "a\n\nb"),
        ("  a \n\t b&nbsp; c ", "a b c"),
        ("a <b>b </b> c<i>d</i>", "a **b** cd"),
        ("<strong>a<br>b</strong>", "**a**\n**b**"),
        ("<b>  </b>x", "x"),
        ("<h2>Head</h2>text", "**Head**\n\ntext"),
        ("run <code>a*b</code> now", r"run `a\*b` now"),
        ("<pre>x = 1\n  y\n</pre>done", "`x = 1`\n`  y`\n\ndone"),
        ("<ul><li>one<li><p>two</p></li></ul>end", "- one\n- two\nend"),
        ("<ol start='3'><li>a<li>b<ul><li>c</ul><li value=9>d</ol>", "3. a\n4. b\n  - c\n9. d"),
        ("<li>a<br>b", "- a\nb"),
        ("<ul><li>a<br>b</ul>", "- a\n  b"),
        ("<blockquote>he<br>said</blockquote>no", "> he\n> said\n\nno"),
        ("<blockquote><ul><li>a</ul><blockquote>b</blockquote></blockquote>c", "> - a\n\n> > b\n\nc"),
        (
            "<table><tr><th>a<th>b</tr><tr><td><p>1</p></td><td>2</td></tr><tr><td></td><td>3</table>",
            "**a** | **b**\n1 | 2\n3",
        ),
        ("was <s>50</s> 40 m<sup>2</sup>, the 1<sup>st</sup>", "was ~~50~~ 40 m^2, the 1st"),
        ("a<!-- b -->c<!>d<?php e ?>f</ g>h", "acdfh"),
        ("a<script>alert('</p>')</script><style>p{}</style><title>t</title>b", "ab"),
        ("<head><meta><base href=x>y</head>z", "z"),
        ("a<span hidden>b</span><span style='color:red; DISPLAY : none !important'>c</span>d", "ad"),
        ('a<div style="max-height:0;overflow:hidden">b</div>c<p hidden>d<p>e', "a\nc\n\ne"),
        ("<span style='font-size:0.9em'>small</span><i style='opacity:0.5'>pale</i>", "smallpale"),
        ("<div hidden><div>a</div>b<img src='https://x.example/a.png' alt=c></div>d", "d"),
        ("a < b and 1<2 <3 &lt;3 &#60;3", "a < b and 1<2 <3 <3 <3"),
        ("&eacute;&#8364;&#x1F600;&nope;&amp;amp;", "é€😀&nope;&amp;"),
        ("a&#99999999999999999999;b&#0;c", "a\ufffd;b\ufffdc"),
        ("a\x00\x07b&#7;c", "abc"),
        ("it is <b unfinished", "it is <b unfinished"),
        ("<p title='a>b' data-x=\"'\">ok</p>", "ok"),
        ("<p title='never closed>still <b>here</b>", "still **here**"),
        ("</p>a</br>b</i>c", "a\nbc"),
        ("<DIV>a</Div><P>b", "a\n\nb"),
        ("", ""),
        ("<p>&nbsp;</p>", ""),
    ],
)
def test_html_is_read_as_a_browser_shows_it(html: str, expected: str) -> None:
    assert read(html) == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<a href="https://x.example/a_(b)?q=1&amp;r=2">the page</a>', "the page (https://x.example/a_%28b%29?q=1&r=2)"),
        ('<a href="https://x.example/">https://x.example</a>', "https://x.example"),
        ('<a href="https://X.example/">x.example</a>', "x.example"),
        ('<a href="https://evil.example">https://bank.example</a>', "https://bank.example (https://evil.example)"),
        ('<a href="mailto:a@x.example?subject=hi">write</a> ', "write (a@x.example)"),
        ('<a href="mailto:a@x.example">a@x.example</a>', "a@x.example"),
        ('<a href=" java\nscript:alert(1)">a</a>', "a"),
        ('<a href="JAVASCRIPT:alert(1)">a</a><a href="data:text/html,x">b</a><a href="vbscript:x">c</a>', "abc"),
        ('<a href="tg://user?id=1">a</a><a href="/tickets/1">b</a><a href="#top">c</a><a name="d">d</a>', "abcd"),
        ('<a href="file:///etc/passwd">a</a><a href="https://">b</a><a href="http://[">c</a>', "abc"),
        ('<a href="https://x.example/a b\u202e`*">a</a>', "a (https://x.example/a%20b%E2%80%AE%60%2A)"),
        ('<a href="https://x.example/1">one <a href="https://x.example/2">two</a>',
         "one (https://x.example/1)two (https://x.example/2)"),
        ('<a href="https://x.example"><img src="https://x.example/i/logo.png"></a>',
         "[picture: logo.png] (https://x.example)"),
        ('<a href="https://x.example"><b>bold</b></a>', "**bold** (https://x.example)"),
        ('<a href="https://x.example"></a>', "https://x.example"),
        ("<a href='https://x.example/münchen'>a</a>", "a (https://x.example/münchen)"),
    ],
)  # fmt: skip
def test_links_are_seen_and_only_those_of_the_web_and_of_mail(html: str, expected: str) -> None:
    assert read(html) == expected


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ('src="https://files.example/a.png" alt="The map"', "The map: https://files.example/a.png"),
        ('src="https://FILES.example/a.png"', "https://FILES.example/a.png"),
        ('src="http://files.example/a.png"', "[picture: a.png]"),
        ('src="https://files.example.evil.example/a.png"', "[picture: a.png]"),
        ('src="https://evil.example/files.example"', "[picture: files.example]"),
        ('src="https://files.example@evil.example/a.png"', "[picture: a.png]"),
        ('src="https://files.example:8443/a.png"', "[picture: a.png]"),
        ('src="https://sub.files.example/a.png" alt="a **b**"', r"[picture: a \*\*b\*\*]"),
        ('src="https://x.example/%E2%82%AC%0A1.png?token=secret"', "[picture: € 1.png]"),
        ('src="cid:abc" alt="scan"', "[picture: scan]"),
        ('src="data:image/png;base64,AAAA"', "[picture]"),
        ('src="https://["', "[picture]"),
        ("", "[picture]"),
        ('src="https://x.example/smile.png" alt="😀"', "😀"),
        ('src="https://x.example/open.gif" width="1" height="1"', ""),
        ('src="https://x.example/open.gif" style="display:none"', ""),
    ],
)
def test_an_image_is_a_link_where_everybody_may_open_it_and_else_its_name(image: str, expected: str) -> None:
    assert read(f"<img {image}>", public_hosts=("files.example",)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("first *reply* & <more>\nsecond", "first \\*reply\\* & <more>\nsecond"),
        ("**bold** and __strong__, snake__case__name", "**bold** and **strong**, snake__case__name"),
        ("2 ** 3 ** 4 and **open", r"2 \*\* 3 \*\* 4 and \*\*open"),
        ("run `a*b` now", r"run `a\*b` now"),
        ("# Head #\ntext", "**Head**\ntext"),
        ("#1 is not one", "#1 is not one"),
        ("* one\n+ two\n  * three\n- four\n1. five", "- one\n- two\n  - three\n- four\n1. five"),
        ("[page](https://x.example/a) [x](javascript:a) [](https://x.example)",
         "page (https://x.example/a) x https://x.example"),
        ('[https://x.example](https://x.example "title") <https://y.example>', "https://x.example https://y.example"),
        ("![map](https://files.example/m.png) ![map](https://evil.example/m.png)",
         "map: https://files.example/m.png [picture: map]"),
        (r"\*literal\* \[a\](b) \n", r"\*literal\* [a](b) \\n"),
        ("```\nx = **1**\n```\nend", "`x = \\*\\*1\\*\\*`\nend"),
        ("a\r\nb\rc\n\n\n\nd", "a\nb\nc\n\nd"),
        ("&amp;", "&amp;"),
    ],
)  # fmt: skip
def test_markdown_keeps_whatever_can_be_read_as_it_was_typed(text: str, expected: str) -> None:
    assert read(text, "markdown", public_hosts=("files.example",)) == expected


@pytest.mark.parametrize("form", ["plain", "markdown"])
def test_a_line_break_that_an_agent_typed_stays(form: str) -> None:
    assert read("a\nb\n\nc\n", form) == "a\nb\n\nc"


MAIL = "On Tue, 5 Nov 2026 at 10:00, Ann O'Hara <ann@x.example> wrote:"
GMAIL = (
    '<br><div class="gmail_quote gmail_quote_container"><div class="gmail_attr">' + MAIL.replace("<", "&lt;") + "<br>"
    '</div><blockquote class="gmail_quote"><div>old</div><blockquote>older</blockquote></blockquote></div>'
)


@pytest.mark.parametrize(
    "quoted",
    [
        GMAIL,
        '<div class="freshdesk_quote"><blockquote class="freshdesk_quote">On Mon, x wrote:<br>old</blockquote></div>',
        '<div class="moz-cite-prefix">Op 05-11-26 schreef Ann:</div><blockquote type="cite">old</blockquote>',
        "<div>" + MAIL.replace("<", "&lt;") + '</div><blockquote type="cite">old<br><br>more</blockquote>&nbsp;',
        "<div>Am 05.11.26 um 10:00<br>schrieb:</div><blockquote>old</blockquote>",
        "<p>##- Please type your reply above this line -##</p><p>Your request (12) has been updated</p>",
        "<p>-----Original Message-----</p><div>From: Ann<br>Sent: today</div><p>old</p>",
    ],
)
def test_an_earlier_mail_that_the_reply_ends_with_is_left_out(quoted: str) -> None:
    assert read(f"<div>We refunded it.</div>{quoted}") == "We refunded it."


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (f"<p>See below</p>{GMAIL}<p>and this too</p>", ("> old", "and this too", "On Tue")),
        ('<div class="gmail_quote"><blockquote class="gmail_quote">was?</blockquote>It is not.</div>', ("It is not.",)),
        ("The terms say:<blockquote>no refunds</blockquote>", ("The terms say:", "> no refunds")),
        ('<div class="gmail_quote"><div class="gmail_attr">--- Forwarded message ---<br></div>all this</div>',
         ("Forwarded", "all this")),
        (GMAIL, ("> old",)),
        ("<p>In 2024 the manager wrote:</p><p>nothing</p>", ("In 2024 the manager wrote:", "nothing")),
        ("<p>-----Original Message-----</p><p>is a title</p>", ("Original Message", "is a title")),
        ("<p>Do you see: please type your reply above this line?</p><p>Then reply.</p>", ("Do you see", "Then reply.")),
    ],
)  # fmt: skip
def test_what_may_be_the_agents_own_words_stays(html: str, expected: tuple[str, ...]) -> None:
    text = read(html)
    assert all(piece in text for piece in expected)


@pytest.mark.parametrize("form", ["plain", "markdown"])
@pytest.mark.parametrize(
    "quoted",
    [
        f"{MAIL}\n> old\n>\n> older\n",
        "On Tue, 5 Nov 2026 at 10:00, Ann O'Hara\n<ann@x.example> wrote:\n\n> old",
        "Op di 5 nov 2026 om 10:00 schreef Ann <ann@x.example>:\n> old",
        "Le mar. 5 nov. 2026 à 10:00, Ann a écrit :\n> old",
        "## - Please type your reply above this line - ##\n\nold",
        "--- Original Message ---\nFrom: Ann\nSubject: x\n\nold",
    ],
)
def test_an_earlier_mail_in_plain_text_is_left_out(form: str, quoted: str) -> None:
    assert read(f"We refunded it.\n\n{quoted}", form) == "We refunded it."


@pytest.mark.parametrize(
    "text",
    [
        f"a\n{MAIL}\n> old\nno, it is not",
        "The terms say:\n> no refunds",
        f"a\n{MAIL}",
        f"{MAIL}\n> only this",
        "What 2 people wrote:\nnothing",
    ],
)
def test_plain_text_that_is_no_earlier_mail_stays_whole(text: str) -> None:
    assert read(text, "plain") == escape(text)


def test_files_are_named_with_their_link_or_with_how_to_get_them() -> None:
    files = (
        AgentFile(name="terms.pdf", url="https://files.example/t"),
        AgentFile(name="", url="https://files.example/u"),
        AgentFile(name="in`voice\n.pdf"),
        AgentFile(name="x.exe", url="javascript:alert(1)"),
    )
    assert read("See", files=files) == (
        "See\n\nterms.pdf: https://files.example/t\nhttps://files.example/u\n"
        "With this came in\\`voice .pdf, x.exe, which I cannot show you here. If you need it, simply ask here."
    )
    assert read("", files=files[:1]) == "terms.pdf: https://files.example/t"


def test_the_words_around_files_and_pictures_are_the_users_language_and_the_operators(tmp_path: Path) -> None:
    reply = AgentReply(id="1", text="<img>", at=AT, format="html", files=(AgentFile(name="a.pdf"),))
    assert markup(reply, language="nl").startswith("[afbeelding]\n\nHierbij hoort a.pdf")
    (tmp_path / "en.ftl").write_text("agent-picture = (image)\n", encoding="utf-8")
    assert markup(reply, Wording(folder=tmp_path)).startswith("(image)\n\n")


@pytest.mark.parametrize("form", ["plain", "html"])
def test_marks_and_mentions_are_literal(form: str) -> None:
    text = HOSTILE.replace("<", "&lt;") if form == "html" else HOSTILE
    rendered = render(read(text, form))
    assert (rendered.text, rendered.spans) == (HOSTILE, ())


@given(st.text())
@example("\ud800 \x1b[1m \\` ** \u2028x")
def test_plain_text_is_never_markup(text: str) -> None:
    assert render(read(text, "plain")).spans == ()


@given(st.text(st.sampled_from("*`\\ab \u00a0"), max_size=30), st.sampled_from(["b", "code", "i", "h3"]))
def test_what_stands_in_an_element_is_read_as_it_is_written(text: str, name: str) -> None:
    assert render(read(f"<{name}>{text}</{name}>")).text == " ".join(text.split())


TAGS = st.sampled_from(
    ["<p>", "</p>", "<b>", "</b>", "<ul>", "<ol>", "<li>", "</ul>", "<a href=https://x.example>", "</a>", "<br>",
     "<img>", "<blockquote type=cite>", "</blockquote>", "<td>", "<tr>", "<table>", "<pre>", "</pre>", "<!--",
     "<!-- -->", "<s>", "<p hidden>", "</s>", "<script>", "</script>", "<", "&", "&#", "\n", " ", "x", "**",
     "`", "'", '"', "=", "\\"]
)  # fmt: skip


@given(st.lists(TAGS | st.text(max_size=5)).map("".join))
def test_any_html_is_read(html: str) -> None:
    text = read(html)
    assert text == text.strip("\n")
    assert "\n\n\n" not in text
    assert "\x00" not in text


@given(st.lists(st.sampled_from('[]()!<>*_`\\ a\n#"~'), max_size=60).map("".join))
def test_any_markdown_is_read(text: str) -> None:
    assert isinstance(read(text, "markdown"), str)


@given(st.lists(st.tuples(st.sampled_from(["p", "div", "b", "i", "li", "span", "h1", "td"]), st.integers(0, 9999))))
def test_no_visible_word_is_lost(said: list[tuple[str, int]]) -> None:
    html = "".join(f"<{name}>word{number} </{name}>" for name, number in said)
    assert [word for word in render(read(html)).text.split() if word.startswith("word")] == [
        f"word{n}" for _, n in said
    ]


@pytest.mark.parametrize("form", ["html", "markdown", "plain"])
@pytest.mark.parametrize(
    "piece",
    ["<", "<a", "</", "<!--", "<![", "<?", "<a '", '<a b="', "<a '>'", "<script>", "&#9", "&#", "&amp", "<b>", "<h1>x",
     "<img alt=x>", "<a href=http://x>y", "<blockquote>", "<ul><li>x", "<td>x", "<pre>\n", "<s>", "<b></i>", "[",
     "![a](", "[a](b", "**", "**a ", "__a", "`", "\\", "> ", "\n", "~~~\n", "On 1 wrote:\n", "# a ",
     "<a style='display:none'>"]
)  # fmt: skip
def test_no_text_takes_longer_than_its_length(form: str, piece: str) -> None:
    assert growth(lambda text: read(text, form), (piece * 40_000)[:40_000]) < TOO_STEEP


def test_tags_with_open_quotation_marks_are_found_in_linear_time() -> None:
    assert growth(lambda text: list(pieces(text + '"')), "<a '>'" * 8_000) < TOO_STEEP
