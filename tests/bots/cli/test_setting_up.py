"""What every command prints somebody's words with."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bots.cli.setting_up import to_json


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Grüße, 我的钱 🙂 \U0001f469\u200d\U0001f4bb", "Grüße, 我的钱 🙂 \U0001f469\u200d\U0001f4bb"),
        ("\x1b[31m\x7f\x85\x9b2J", r"\u001b[31m\u007f\u0085\u009b2J"),
        ("\u202eback\u2028\U000e0041", r"\u202eback\u2028\udb40\udc41"),
        ("\ud83d", r"\ud83d"),
    ],
)
def test_json_is_readable_and_steers_no_terminal(text: str, shown: str) -> None:
    assert to_json(text) == f'"{shown}"'
    assert to_json({"a": [text]}) == f'{{\n  "a": [\n    "{shown}"\n  ]\n}}'


@given(st.text(st.characters()))
@example("\x9b")
def test_json_says_what_was_said(text: str) -> None:
    printed = to_json({text: text}, indent=None)
    assert json.loads(printed) == {text: text}
    assert all(unicodedata.category(char) not in {"Cc", "Cf", "Cs"} or char == "\u200d" for char in printed)
    printed.encode()
