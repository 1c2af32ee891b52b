"""Discord's markdown: nobody's words mark anything up, and what was said comes in readable."""

from __future__ import annotations

import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from adapters.discord.text import MAX_UNITS, attachments, clean, mentions, named_ticket, rendered, typed_command, words
from adapters.markup import escape
from adapters.splitting import length, split
from tests.adapters.discord.stage import as_read

BOT = {"bot_id": "77", "role_id": "88"}


@pytest.mark.parametrize(
    ("markup", "written"),
    [
        ("It is **here**.", "It is **here**."),
        ("Press `Send`.", "Press `Send`."),
        ("@everyone", "\\@everyone"),
        ("<@1> <#2> <@&3> </ask:4> <t:5:R> <:x:6>", "\\<\\@1> \\<#2> \\<\\@&3> \\</ask:4> \\<t\\:5:R> \\<\\:x:6>"),
        (
            "\\*\\*bold\\*\\* _it_ __u__ ~~s~~ ||sp||",
            "\\*\\*bold\\*\\* \\_it\\_ \\_\\_u\\_\\_ \\~\\~s\\~\\~ \\|\\|sp\\|\\|",
        ),
        ("\\`\\`\\`code\\`\\`\\`", "\\`\\`\\`code\\`\\`\\`"),
        ("[text](https://evil.example)", "\\[text](https://evil.example)"),
        ("# head\n> quote\n-# small\n- item", "\\# head\n\\> quote\n\\-# small\n\\- item"),
        ("5 > 3 - 2 # 1", "5 > 3 - 2 # 1"),
        ("1. first\n2. second", "1. first\n2. second"),
        ("at 12:30 :smile:", "at 12:30 \\:smile:"),
        ("see https://x.example/a_b*c?d=~e, or", "see https://x.example/a_b*c?d=~e, or"),
        ("\\\\o/", "\\\\o/"),
    ],
)
def test_what_is_markup_and_what_is_not(markup: str, written: str) -> None:
    assert rendered(markup) == written


def test_code_holds_no_tick_that_could_end_it() -> None:
    assert rendered("`a\\`b`") == "`aˋb`"


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_whatever_somebody_wrote_is_read_as_they_wrote_it(text: str) -> None:
    assume("http" not in text)
    assert as_read(rendered(escape(text))) == text


@given(st.text(alphabet="ab \n*_`~|<>@#[]()\\:-+1./hpst", max_size=200))
def test_no_mark_is_left_alive(text: str) -> None:
    written = rendered(escape(text))
    alive = written.replace("\\\\", "")
    for mark in ("**", "__", "~~", "||", "```", "<@", "<#", "]("):
        for at in _places(alive, mark):
            before = alive[at - 1 : at] if at else ""
            inside_link = "http" in alive[max(0, at - 200) : at] and not any(c.isspace() for c in _run(alive, at))
            assert before == "\\" or inside_link or mark == "](", (mark, written)


def _places(text: str, mark: str) -> list[int]:
    return [i for i in range(len(text)) if text.startswith(mark, i)]


def _run(text: str, at: int) -> str:
    start = text.rfind("http", 0, at)
    return text[start:at]


@given(st.text(alphabet="*_`~|<@#[\\ab 🙈", min_size=1, max_size=9000))
def test_every_part_fits_into_a_message(text: str) -> None:
    for part in split(escape(text), max_len=MAX_UNITS, unit="utf16"):
        assert length(rendered(part), "utf16") <= MAX_UNITS


def test_a_text_that_backslashes_make_too_long_is_written_with_what_looks_alike() -> None:
    written = rendered(escape("*" * MAX_UNITS))
    assert written == "＊" * MAX_UNITS
    assert "@everyone" not in rendered(escape("@everyone" + "*" * 1990))


@pytest.mark.parametrize("piece", ["*", "<@", ":a:", "https://", "\\", "  ", "\n>", "<:aa:1", "!ticket", "[", "`"])
def test_ten_thousand_hostile_characters_are_read_at_once(piece: str) -> None:
    text = piece * (10_000 // len(piece))
    best = min(_seconds(text) for _ in range(3))
    assert best < 0.05, piece  # ten readings and writings


def _seconds(text: str) -> float:
    began = time.perf_counter()
    words(text, [], **BOT)
    typed_command(text)
    named_ticket(text)
    mentions(text, **BOT)
    rendered(text)
    return time.perf_counter() - began


def test_names_stand_in_place_of_ids() -> None:
    people = [{"id": "5", "username": "bram", "global_name": None}]
    said = "<@77> and <@!77>, <@&88> ask <@5> <@6> about <:coin:99> and <a:spin:1>"
    assert words(said, people, **BOT) == "and ,  ask @bram <@6> about :coin: and :spin:"
    assert mentions("hi <@!77>", **BOT)
    assert mentions("hi <@&88>", **BOT)
    assert not mentions("hi <@770> <@&8>", **BOT)
    assert not mentions("hi <@&88>", bot_id="77", role_id="")


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("!ticket my card", ("ticket", "my card")),
        ("/Status FL-7", ("status", "FL-7")),
        ("!help", ("help", "")),
        ("!ask\nwhere?", ("ask", "where?")),
        ("/faq where?", ("faq", "where?")),
        ("!tickets", None),
        ("!unknown", None),
        ("a !ticket", None),
        ("ticket", None),
    ],
)
def test_commands_typed_as_words(text: str, command: tuple[str, str] | None) -> None:
    assert typed_command(text) == command


@pytest.mark.parametrize(
    ("text", "note"),
    [("ticket", ""), ("Ticket: look", "look"), ("!ticket look", "look"), ("ticketing", None), ("a ticket", None)],
)
def test_a_ticket_asked_for_by_name(text: str, note: str | None) -> None:
    assert named_ticket(text) == note


@given(st.text(max_size=50))
def test_clean_text_goes_into_every_database(text: str) -> None:
    kept = clean(text)
    assert "\0" not in kept
    kept.encode()


def test_half_a_surrogate_pair_is_replaced() -> None:
    assert clean("a\ud83db") == "a\ufffdb"


def test_files_and_stickers_are_described() -> None:
    found = attachments(
        {
            "id": "3",
            "channel_id": "2",
            "attachments": [
                {
                    "id": "4",
                    "filename": "a.png",
                    "content_type": "image/png",
                    "size": 5,
                    "url": "https://cdn.example/a?ex=1",
                },
                {"filename": "b"},
            ],
            "message_snapshots": [
                {"message": {"attachments": [{"id": "5", "filename": "c", "url": "https://cdn.example/c"}]}},
                {"message": {}},
            ],
            "sticker_items": [{"name": "wave"}],
        }
    )
    assert [(f.name, f.media_type, f.size_bytes, f.reference) for f in found] == [
        ("a.png", "image/png", 5, "https://cdn.example/a?ex=1#2/3/4"),
        ("b", "", None, ""),
        ("c", "", None, "https://cdn.example/c#2/3/5"),
        ("wave", "sticker", None, ""),
    ]
    assert attachments({}) == ()
