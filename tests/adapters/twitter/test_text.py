"""The words that come from X, and those that go there."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from twitter_text import extract_urls, parse_tweet  # type: ignore[import-untyped]

from adapters.markup import escape
from adapters.splitting import split
from adapters.twitter.text import command, for_message, for_post, has_link, whole, without_links, without_names
from tests.growth import TOO_STEEP, growth

# twitter-text's own expressions (MIT), shortened to what can stand in a plain text.
_MENTION = re.compile(r"(?:^|[^a-zA-Z0-9_!#$%&*@＠]|(?:^|[^a-zA-Z0-9_+~.-])(?:rt|RT|rT|Rt):?)[@＠][a-zA-Z0-9_]{1,20}")
_HASHTAG = re.compile(r"(?:^|[^\w&])[#＃]\w*[^\W\d_]")
_CASHTAG = re.compile(r"(?:^|\s)\$[A-Za-z]{1,6}(?=$|\s|[^\w])")
PIECES = [
    "@",
    "＠",
    "ana",
    "RT",
    "rt:",
    "#",
    "＃",
    "tag",
    "1",
    "$",
    "BTC",
    "a.co",
    "https://a.co/x",
    ".",
    " ",
    "é",
    "日",
    "_",
    "!",
    "/",
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=25).map("".join) | st.text(max_size=80)


def post(text: str, **more: Any) -> dict[str, Any]:
    return {"id": "1", "text": text, **more}


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (post("Tom &amp; Ana: 1 &lt; 2 &gt; 0, &amp;lt; stays"), "Tom & Ana: 1 < 2 > 0, &lt; stays"),
        (
            post(
                "see https://t.co/abc",
                entities={
                    "urls": [{"start": 4, "url": "https://t.co/abc", "expanded_url": "https://example.com/a?b=1"}]
                },
            ),
            "see https://example.com/a?b=1",
        ),
        (
            post("look https://t.co/pic", entities={"urls": [{"url": "https://t.co/pic", "media_key": "3_1"}]}),
            "look",
        ),
        (
            post(
                "this one https://t.co/q",
                entities={"urls": [{"url": "https://t.co/q", "expanded_url": "https://x.com/ana/status/77"}]},
                referenced_tweets=[{"type": "quoted", "id": "77"}],
            ),
            "this one",
        ),
        (
            post("a long story that was cu…", note_tweet={"text": "a long story that was cut"}),
            "a long story that was cut",
        ),
        (post("a\0b \ud800"), "ab \ufffd"),
        (post("x", entities="nonsense", note_tweet=7, referenced_tweets={"a": 1}), "x"),
    ],
)
def test_what_was_written_is_read_as_it_was_typed(raw: dict[str, Any], text: str) -> None:
    assert whole(raw) == text


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("@firstline_bot where is it", "where is it"),
        ("@ana @Firstline_Bot @bram ticket", "ticket"),
        ("where is it @firstline_bot?", "where is it ?"),
        ("mail me@firstline_bot.example", "mail me@firstline_bot.example"),
        ("hello @firstline_bot2", "hello @firstline_bot2"),
        ("@firstline_bot", ""),
        ("ask @ana", "ask @ana"),
    ],
)
def test_the_handles_in_front_and_the_bots_own_are_no_words(text: str, rest: str) -> None:
    assert without_names(text, "firstline_bot") == rest


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("/ticket my card", ("ticket", "my card")),
        ("!STATUS", ("status", "")),
        ("ticket my card", None),
        ("/tickets", None),
        ("/unknown", None),
    ],
)
def test_commands_begin_with_a_sign(text: str, found: tuple[str, str] | None) -> None:
    assert command(text) == found


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("It is **here**.", "It is here."),
        ("ask @ana or ＠bram", "ask ana or bram"),
        ("write to support@example.invalid", "write to support@example.invalid"),
        ("RT@ana and rt:@bram", "RTana and rt:bram"),
        ("@@ana", "ana"),
        ("Ticket #FL-7, #1042 and C#", "Ticket FL-7, #1042 and C#"),
        ("$BTC, $ETH and $5", "$BTC, ETH and $5"),
        ("See https://help.example.com/fees?x=1 first.", "See … first."),
        ("See example.com.", "See …."),
        ("##tag C#sharp &#tag", "tag C#sharp &tag"),
        ("a.b.c.d.e.f.g.h.i.j.com", "a·b·c·d·e·f·g·h·i·j·com"),
    ],
)
def test_a_post_names_nobody_and_links_nowhere(markup: str, text: str) -> None:
    assert for_post(markup, allow_links=False) == text


def test_links_stay_where_they_are_allowed_and_in_direct_messages() -> None:
    assert for_post("See https://example.com/a", allow_links=True) == "See https://example.com/a"
    assert for_post("https://a.co/@ana/#b from @ana", allow_links=True) == "https://a.co/@ana/#b from ana"
    assert has_link("See https://example.com/a")
    assert not has_link("See the help. It is good")
    assert for_message("See **https://example.com/a** @ana") == "See https://example.com/a @ana"


@example("a.co/@ana", True)
@given(TEXTS, st.booleans())
def test_no_text_of_anybodys_notifies_or_costs_more_than_it_may(text: str, allow_links: bool) -> None:  # noqa: FBT001
    part = split(escape(text), max_len=280, unit="x_weighted")[0]
    posted = for_post(part, allow_links=allow_links)
    outside = without_links(posted)  # what stands within a link that X makes of it names nobody there
    assert not _MENTION.search(outside)
    assert not _HASHTAG.search(outside)
    assert len(_CASHTAG.findall(outside)) <= 1
    assert parse_tweet(posted).weightedLength <= 280
    assert allow_links or not extract_urls(posted)


@pytest.mark.parametrize("piece", ["@", "@a", "#", "#1", "$a ", "a.", "a.co ", "rt@"])
def test_hostile_words_cost_no_more_than_their_length(piece: str) -> None:
    text = (piece * 4_000)[:4_000]
    assert growth(lambda hostile: for_post(hostile, allow_links=True), text) < TOO_STEEP
    text *= 8
    assert growth(lambda hostile: without_names(hostile, "firstline_bot"), text) < TOO_STEEP
    assert growth(lambda hostile: whole(post(hostile)), text) < TOO_STEEP
