"""What people write that needs no FAQ, recognised whatever its case, accents and punctuation."""

from __future__ import annotations

from time import thread_time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bots.pipeline import phrases


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("HELLO!!!", "greeting"),
        ("goedemorgen :)", "greeting"),
        ("Dank je!", "thanks"),
        ("thank\u00a0you", "thanks"),
        ("I want to talk to a human, now", "human"),
        ("kan ik iemand spreken?", "human"),
        ("Ticket.", "ticket"),
        ("Any news on my ticket?", "status"),
        ("hoe zit het met mijn ticket", "status"),
        ("I've already reported this", "reported"),
        ("that doesn\u2019t help", "unhelpful"),
        ("het werkt niet", "unhelpful"),
        ("J\u0301a", "helpful"),
        ("none of these", "none"),
        ("hel\u200bp", "help"),
        ("hi there bot!", "greeting"),
        ("thank you so much", "thanks"),
        ("Oké, TOP!", "acknowledgement"),
        ("great job", "acknowledgement"),
        ("Laat maar…", "never_mind"),
    ],
)
def test_it_says_that(text: str, name: str) -> None:
    assert phrases.says(text, name)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("hello, where is my money", "greeting"),
        ("thanksgiving", "thanks"),
        ("humane treatment of coins", "human"),
        ("my ticket to the concert is late", "ticket"),
        ("", "greeting"),
        ("!!!", "none"),
        ("talk to a human " * 30, "human"),
        ("yesterday", "helpful"),
        ("bot", "greeting"),
        ("you", "thanks"),
        ("that is all", "acknowledgement"),
        ("not ok", "acknowledgement"),
        ("cancel my withdrawal", "never_mind"),
    ],
)
def test_it_does_not_say_that(text: str, name: str) -> None:
    assert not phrases.says(text, name)


@pytest.mark.parametrize("text", ["", "👍", "❤️ ❤️", "...", "ok", "👍 super", "goed gedaan!"])
def test_small_talk(text: str) -> None:
    assert phrases.is_small_talk(text)


@pytest.mark.parametrize("text", ["5", "ok?", "good morning", "ok my card", "é", "中"])
def test_no_small_talk(text: str) -> None:
    assert not phrases.is_small_talk(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("FL-1042", "FL-1042"),
        ("about fl1042, please", "FL-1042"),
        ("(fl #1042)", None),
        ("fl#1042", "FL-1042"),
        ("fl 0001042?", "FL-1042"),
        ("FL-1042 and FL-7", "FL-1042"),
        ("xFL-1042", None),
        ("A-FL-1042", None),
        ("FL-1042x", None),
        ("FL-1234567890123", None),
        ("1042", None),
        ("FL-\u0661\u0660\u0664\u0662", "FL-1042"),
    ],
)
def test_a_ticket_number_in_a_text(text: str, number: str | None) -> None:
    assert phrases.number_in(text, "FL") == number


def test_the_text_besides_its_numbers() -> None:
    assert phrases.without_number("any news on FL-1042, or fl7?", "FL") == "any news on  , or  ?"


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("any news on #12?", ("12",)),
        ("what about support-42 and Support-43", ("support-42", "Support-43")),
        ("how is ticket 77 doing", ("77",)),
        ("ticket nr. 77", ("77",)),
        ("ticket #77", ("77",)),
        ("Что с тикет 77?", ("77",)),
        ("I lost 1000 EUR on 3 trades", ()),
        ("12", ("12",)),
        ("12?", ("12",)),
        (" #12 ", ("12",)),
        ("status 12", ("12",)),
        ("Status: 12?", ("12",)),
        ("status #12", ("12",)),
        ("status support-12", ("support-12",)),
        ("it says status 404 now", ()),
        ("12 13", ()),
        ("12 days ago", ()),
        ("0x12 a-12-b v1.12 12345678901234", ()),
        (" ".join(f"#{i}" for i in range(20)), tuple(str(i) for i in range(8))),
    ],
)
def test_numbers_as_desks_write_them_are_found_where_they_can_be_meant(text: str, numbers: tuple[str, ...]) -> None:
    assert phrases.desk_numbers_in(text) == numbers


@pytest.mark.parametrize(
    ("text", "bare"),
    [("2", True), (" 12. ", True), ("12?", True), ("#2", False), ("ticket 2", False), ("1 2", False), ("", False)],
)
def test_digits_alone(text: str, bare: bool) -> None:  # noqa: FBT001 - a column of the table
    assert phrases.is_bare_number(text) is bare


def test_a_desks_number_is_taken_out_of_what_else_is_said() -> None:
    assert phrases.without_number("about #12: and 120", "FL", "12") == "about  : and 120"
    assert phrases.without_number("Support-42, please", "FL", "support-42") == ", please"
    assert phrases.without_number("ticket 12 or #12?", "FL", "#12") == "ticket   or  ?"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("My withdrawal of Monday is stuck!", "my withdrawal of monday is stuck", True),
        ("is stuck my withdrawal of monday", "my withdrawal of monday is stuck", True),
        ("my withdrawal of monday is stuck", "my deposit of friday never came back", False),
        ("help", "help!", True),
        ("help", "held", False),
        ("", "", False),
        ("!!", "??", False),
    ],
)
def test_the_same_matter(one: str, other: str, same: bool) -> None:  # noqa: FBT001 - a column of the table
    assert phrases.same_matter(one, other) is same
    assert phrases.same_matter(other, one) is same


@given(st.text())
@example("\u2121 TEL")  # a sign that only its decomposition turns into capitals
@example("\u1e9e \u0130 \ufb01")
def test_plain_is_plain(text: str) -> None:
    once = phrases.plain(text)
    assert phrases.plain(once) == once
    assert phrases.plain(f"  {text}!! ") == once
    assert "  " not in once


@given(st.text(alphabet="FLfl-# 0123456789x\n", max_size=40))
def test_a_number_that_is_found_is_written_as_the_desk_writes_it(text: str) -> None:
    number = phrases.number_in(text, "FL")
    if number is not None:
        assert phrases.number_in(number, "FL") == number
        assert (
            phrases.number_in(phrases.without_number(text, "FL"), "FL") != number
            or text.count("L") + text.count("l") > 1
        )


@pytest.mark.parametrize(
    "piece", ["a", " ", "FL", "FL-", "FL-1", "fl 1 ", "#1 ", "1 ", "\u0301", "\ufdfa", "'", "\u200b", "0", "-"]
)
def test_ten_thousand_hostile_characters_take_no_time(piece: str) -> None:
    text = (piece * 10_000)[:10_000]

    def seconds() -> float:
        began = thread_time()
        phrases.number_in(text, "FL")
        phrases.without_number(text, "FL")
        phrases.desk_numbers_in(text)
        phrases.says(text, "human")
        phrases.is_small_talk(text)
        return thread_time() - began

    assert min(seconds() for _ in range(5)) < 0.01


@pytest.mark.parametrize("piece", ["ab", "\ufdfa", "a ", "\u0301"])
def test_comparing_hostile_texts_is_bounded(piece: str) -> None:
    text = (piece * 10_000)[:10_000]

    def seconds() -> float:
        began = thread_time()
        phrases.same_matter(text, text[::-1])
        return thread_time() - began

    assert min(seconds() for _ in range(3)) < 0.1
