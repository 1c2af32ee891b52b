"""Letters of another script that look the same are the letter that they look like."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faq.text.lookalikes import plain_letters


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("my \u0441r\u0435dit", "my credit"),
        ("\u0412\u0456tc\u043ein", "Bitcoin"),
        ("my \u0441\u043e\u0440\u0443 is lost", "my copy is lost"),  # a whole word of doubles in a Latin message
        ("r\u03b5fund f\u03bfr m\u03b5", "refund for me"),
        ("ʀᴇꜰᴜɴᴅ", "refund"),
        ("где моя k\u0430рта", "где моя к\u0430рта"),
        ("где моя VISA", "где моя VISA"),
        ("\u0441\u043e\u0440\u0443", "\u0441\u043e\u0440\u0443"),  # nothing tells that it is not Cyrillic
        ("what does привет mean", "what does привет mean"),
        ("πού είναι η κάρτα", "πού είναι η κάρτα"),
        ("πού είναι η κάρτa", "πού είναι η κάρτ\u03b1"),
    ],
)
def test_a_word_has_one_script(text: str, expected: str) -> None:
    assert plain_letters(text) == expected


@given(st.text(alphabet=st.characters(min_codepoint=0x370, max_codepoint=0x52F)))
def test_text_of_one_script_stays(text: str) -> None:
    scripts = {unicodedata.name(letter, "").split()[0] for letter in text if letter.isalpha()}
    assert len(scripts) > 1 or plain_letters(text) == text


@given(st.text())
def test_the_length_stays(text: str) -> None:
    assert len(plain_letters(text)) == len(text)
