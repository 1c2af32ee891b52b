"""What a message says besides the question is left out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faq.text.clutter import own_words, without_names_and_links, without_pictures, without_tags


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("> How do I pay?\nBy card.\nthat fails", "By card.\nthat fails"),
        ("where is it?\n\nOn Mon, 1 Jan 2024 at 10:00, Bob <b@c.example> wrote:\n> hello\n> there", "where is it?"),
        ("waar blijft het\nOp ma 1 jan 2024 schreef Bob <b@c.example>:\n> hallo", "waar blijft het"),
        ("it fails\n-----Original Message-----\nFrom: Bob\nold words", "it fails"),
        ("it fails\n\n-- \nJohn Smith\nExample Ltd", "it fails"),
        ("it fails\n\nSent from my iPhone", "it fails"),
        ("het werkt niet\nVerzonden vanaf mijn telefoon", "het werkt niet"),
        ("es geht nicht\n\nMit freundlichen Grüßen,\nHans Meier", "es geht nicht"),
        ("it fails\nKind regards,\nJohn", "it fails"),
        ("thanks\nhow do I pay", "thanks\nhow do I pay"),  # nothing stands above it
        ("it fails\nthanks\nand how do I pay?", "it fails\nthanks\nand how do I pay?"),  # a question is no signature
        ("> how do I pay", "how do I pay"),  # nothing but the quote
        ("> how do I pay\n> by card", "how do I pay\nby card"),
        (">3 days and no parcel\nwhere is it", ">3 days and no parcel\nwhere is it"),
    ],
)
def test_quotes_and_signatures_are_not_the_authors_words(text: str, expected: str) -> None:
    assert own_words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hey @acme, my u/some_one mail is me@b.example", "hey  , my   mail is me@b.example"),
        ("see [our page](https://x.example/y) or bit.ly/x3", "see our page or  "),
        ("yes/no and 1/2", "yes/no and 1/2"),
        ("a <#123> <a:wave:45> <b> c", "a     <b> c"),
        ("see https://x.example/y?z=1! 看https://x.example/y。谢谢", "see  ! 看 。谢谢"),
    ],
)
def test_names_and_links_leave_a_space(text: str, expected: str) -> None:
    assert without_names_and_links(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bad 😡👍🏽 :sob: :-( xD", "bad"),
        ("at 10:30 (or 8) it costs 5", "at 10:30 (or 8) it costs 5"),
        ("||hidden|| **bold** ~~gone~~", "hidden bold gone"),
    ],
)
def test_pictures_and_emphasis_go(text: str, expected: str) -> None:
    assert without_pictures(text).strip() == expected


@pytest.mark.parametrize(
    ("text", "body", "tags"),
    [
        ("my #card is lost #help #NotHappy", "my card is lost", "help Not Happy"),
        ("ticket #123 please", "ticket #123 please", ""),
        ("c# fails", "c# fails", ""),
    ],
)
def test_tags_are_words(text: str, body: str, tags: str) -> None:
    assert without_tags(text) == (body, tags)


@given(st.lists(st.sampled_from(["> a", "b", "", "--", "thanks", "On x y wrote:", "Original message", "#t"])))
def test_something_is_always_left_of_something(lines: list[str]) -> None:
    text = "\n".join(lines)
    assert any(map(str.isalnum, own_words(text))) == any(map(str.isalnum, text))
