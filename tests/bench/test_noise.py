"""Noise is the same in every run, does what its name says, and leaves a message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.noise import KINDS, noisy

_TEXT = "Why has my refund not arrived, crème brûlée please?"


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_changes_the_message_the_same_way_each_time(kind: str) -> None:
    assert noisy(_TEXT, kind) == noisy(_TEXT, kind) != _TEXT


def test_the_seed_draws_other_noise() -> None:
    assert len({noisy(_TEXT, "typos in 1/2", seed) for seed in range(8)}) > 1


def test_noise_is_what_its_name_says() -> None:
    assert noisy("please tell your people", "sms") == "pls tell ur ppl"
    assert noisy("crème brûlée ıßø", "accents") == "creme brulee isso"
    assert noisy(_TEXT, "case").lower() == _TEXT.lower()
    assert _TEXT in noisy(_TEXT, "rambling")
    assert len(noisy(_TEXT, "rambling").split()) > 25
    assert [word for word in noisy(_TEXT, "clutter").split() if word in _TEXT.split()] == _TEXT.split()
    assert noisy("refund " * 40, "vowels").count("rfnd") in range(10, 31)
    changed = sum(word != "refund" for word in noisy("refund " * 400, "typos in 1/4").split())
    assert changed in range(70, 131)
    assert not noisy("aaaa eeee oooo", "look-alikes").isascii()


@given(st.text(), st.sampled_from(sorted(KINDS)), st.integers(0, 3))
def test_no_message_is_too_odd(text: str, kind: str, seed: int) -> None:
    assert noisy(text, kind, seed) == noisy(text, kind, seed)
