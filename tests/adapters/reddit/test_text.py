"""What is read of Reddit's Markdown, and what is written in it, held against somebody else's reader."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.markup import escape, render
from adapters.reddit.text import MAX_BODY, MAX_PLAIN, leading_command, mentions, words, written
from tests.adapters.reddit.stage import seen

MARKS = st.text(alphabet="\\`*_~^[](){}<>|#&!+-=:.;/ur1 a\n\"'@\t", max_size=60)
PIECES = [
    "https://a.b/c_d",
    "http://x.y/?a=1&b=~2~",
    "*",
    "_",
    "`",
    "u/ana",
    "\n",
    "\n\n",
    " ",
    "a",
    "- ",
    "1. ",
    "**b**",
    "`c`",
    ">",
]
LINKED = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


def as_read(text: str) -> str:
    """The words and line breaks of a text; how many spaces or empty lines there are is nobody's matter."""
    paragraphs = re.split(r"\n\s*\n", text.strip())
    return "\n\n".join("\n".join(" ".join(line.split()) for line in one.split("\n")).strip() for one in paragraphs)


@pytest.mark.parametrize(
    ("markup", "markdown"),
    [
        ("It is **here**, see `a_b`.", "It is **here**, see `a_b`."),
        ("one\ntwo\n\nthree\n\n\n\nfour", "one  \ntwo\n\nthree\n\nfour"),
        (r"\*not bold\*", r"\*not bold\*"),
        ("ask u/spez or /r/help", r"ask u\/spez or /r\/help"),
        (
            "# no heading\n- no list\n1. no list\n2) none\n=====",
            "\\# no heading  \n\\- no list  \n1\\. no list  \n2\\) none  \n\\=====",
        ),
        (">!no spoiler!<", r"\>!no spoiler!\<"),
        ("|a|b|\n|-|-|", "\\|a\\|b\\|  \n\\|-\\|-\\|"),
        ("[x](javascript:alert(1))", r"\[x\](javascript:alert(1))"),
        ("2^10 ~~no~~ a_b_c", r"2\^10 \~\~no\~\~ a\_b\_c"),
        ("&lt; <b>", r"\&lt; \<b\>"),
        ("    no code", "\N{NO-BREAK SPACE}" * 4 + "no code"),
        ("see https://acme.example/faq?a=1#top.", "see https://acme.example/faq?a=1#top."),
        ("see https://acme.example/my_page, now", "see <https://acme.example/my_page>, now"),
        ("**  spaced  **", "\N{NO-BREAK SPACE}\N{NO-BREAK SPACE}**spaced**"),
    ],
)
def test_the_neutral_markup_becomes_reddits(markup: str, markdown: str) -> None:
    assert written(markup).strip(" \n") == markdown


@given(st.one_of(st.text(max_size=60), MARKS, LINKED))
@example("1\\) * \n===\n    x\n\ty")
@example("a\n---\nb")
@example("~~~\nx\n~~~")
def test_somebodys_words_are_read_as_they_are(text: str) -> None:
    text = text.replace("\0", "").replace("\r", "")
    text = "".join(char for char in text if char.isprintable() or char in "\n\t ")
    shown = seen(written(escape(text)))
    assert as_read(shown) == as_read(text)


@given(MARKS)
def test_nobody_is_named(text: str) -> None:
    markdown = re.sub(r"https?://\S+", "", written(escape(text)))
    assert not re.search(r"(?<![A-Za-z0-9\\])[ur]/[\w-]", markdown, re.IGNORECASE)


@given(
    st.lists(st.sampled_from(["*", "_", "\n", "**a** ", "u/a ", "\\", "`x`", "a b", "https://a.b/_ "]), max_size=3000)
)
def test_what_fits_the_limit_fits_reddit(parts: list[str]) -> None:
    plain = render("".join(parts)).text[:MAX_PLAIN]
    assert len(written(escape(plain), room=MAX_BODY - 600)) <= MAX_BODY - 600


def test_marks_and_line_breaks_go_before_the_text_does() -> None:
    markup = "**a** \n" * 1500
    assert len(render(markup).text) < MAX_PLAIN
    body = written(markup, room=9_400)
    assert len(body) <= 9_400
    assert body.split() == ["a"] * 1500


HOSTILE = [
    "*" * 10_000,
    "[" * 10_000,
    "\\" * 10_000,
    "u/" * 5_000,
    "\n" * 10_000,
    "\n \t" * 3_333,
    "https://" * 1_250,
    "> " * 5_000,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_explodes(text: str) -> None:
    best_s = 1.0
    for _ in range(5):
        began = time.thread_time()
        written(escape(text))
        words(text, "firstline_bot")
        mentions(text, "firstline_bot")
        leading_command(text, "!/")
        best_s = min(best_s, time.thread_time() - began)
    assert best_s < 0.02, f"{best_s * 1000:.1f} ms"


@pytest.mark.parametrize(
    ("markdown", "said"),
    [
        ("u/firstline_bot where is it", "where is it"),
        ("/U/FirstLine_Bot: where", ": where"),
        ("> I am a bot\n\nbut that is wrong", "but that is wrong"),
        ("> only a quote", "> only a quote"),
        (">!spoiler!< told", ">!spoiler!< told"),
        (r"FL\-1042 \*really\* C:\temp", r"FL-1042 *really* C:\temp"),
        ("nul\0 and \ud800 half", "nul and \N{REPLACEMENT CHARACTER} half"),
        ("u/firstline_bot2 and u/firstline_bot-x", "u/firstline_bot2 and u/firstline_bot-x"),
    ],
)
def test_what_somebody_says(markdown: str, said: str) -> None:
    assert words(markdown, "firstline_bot") == said


@pytest.mark.parametrize(
    ("markdown", "is_named"),
    [
        ("hi u/firstline_bot!", True),
        ("hi (/u/firstline_bot)", True),
        ("hi u/firstline_bots", False),
        ("hi https://www.reddit.com/u/firstline_bot", False),
        (r"hi u\/firstline_bot", False),
        ("> u/firstline_bot said\n\nnonsense", False),
        ("firstline_bot", False),
    ],
)
def test_who_is_named(markdown: str, *, is_named: bool) -> None:
    assert mentions(markdown, "firstline_bot") is is_named


@pytest.mark.parametrize(
    ("said", "command"),
    [
        ("!ticket my card is stuck", ("ticket", "my card is stuck")),
        ("!TICKET", ("ticket", "")),
        ("!status\nFL-1", ("status", "FL-1")),
        ("!tickets", None),
        ("!ticket/x", None),
        ("!remindme 2 days", None),
        ("no !ticket", None),
        ("/ticket x", None),
    ],
)
def test_commands_stand_first(said: str, command: tuple[str, str] | None) -> None:
    assert leading_command(said, "!") == command


def test_among_letters_a_slash_is_a_command_too() -> None:
    assert leading_command("/ticket x", "!/") == ("ticket", "x")
