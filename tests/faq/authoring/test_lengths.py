"""Lengths are those the channels count."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faq.authoring.lengths import DISCORD, TELEGRAM, X, posts, x_weight


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("hello", 5),
        ("caf\u00e9", 4),
        ("cafe\u0301", 4),  # composed first
        ("日本語", 6),
        ("see https://example.com/a/very/long/path?with=query", 27),
        ("see example.com", 27),
        ("😀", 2),
        ("👨\u200d👩\u200d👧", 2),
        ("👍🏽", 2),
        ("🇳🇱", 2),
        ("1\ufe0f\u20e3", 2),
        ("❤\ufe0f", 2),
        ("“so” – it…", 11),
    ],
)
def test_x_counts_by_weight(text: str, weight: int) -> None:
    assert x_weight(text) == weight


def test_a_post_more_where_a_post_is_full() -> None:
    assert posts("x" * 280, X) == 1
    assert posts("x" * 281, X) == 2
    assert posts("**" + "x" * 280 + "**", X) == 1
    assert posts("日" * 140, X) == 1
    assert posts(" ".join(["x" * 139] * 3), X) == 2
    assert posts(" ".join(["x" * 140] * 3), X) == 3
    assert posts(" ".join(["x" * 280] * 3), X) == 3
    assert posts(" ".join(["x" * 139, "x" * 140] * 2), X) == 2
    assert posts("x" * 2001, DISCORD) == 2
    assert posts("😀" * 2048, TELEGRAM) == 1
    assert posts("😀" * 2049, TELEGRAM) == 2


@given(st.text(max_size=900))
def test_the_posts_hold_the_text_and_are_not_far_too_many(text: str) -> None:
    count = posts(text, DISCORD)
    assert 1 <= count <= 1 + 2 * len(text) // DISCORD.limit
    assert posts(text, X) >= -(-x_weight(" ".join(text.split())) // X.limit) - 1
