"""How alike texts are by their n-grams: against a plain calculation, in small FAQs and in large ones."""

from __future__ import annotations

import math
import random
from collections import Counter
from io import BytesIO
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import faq.grams
from faq.grams import LIMIT, MAX_DENSE, PhrasingIndex

if TYPE_CHECKING:
    from collections.abc import Sequence

_PHRASINGS = (
    ("how", "do", "i", "reset", "my", "password"),
    ("where", "is", "my", "parcel"),
    ("a",),
    ("今", "天", "会", "下", "雨", "吗"),
    ("reset", "reset", "the", "router"),
    ("how", "do", "i", "reset", "my", "pin"),
)
_TEXTS = st.lists(st.lists(st.text("abcdeé雨", min_size=1, max_size=6), min_size=1, max_size=6), max_size=8)


def _grams(words: Sequence[str]) -> tuple[set[str], set[str]]:
    text = f" {' '.join(words)} "
    letters = {text[at : at + size] for size in (2, 3, 4, 5) for at in range(len(text) - size + 1)}
    return letters, {*words, *map(" ".join, pairwise(words))}


def _plain(words: Sequence[str], phrasings: Sequence[Sequence[str]]) -> list[float]:
    """Calculate the likeness as its docstring says, with sets of texts."""
    held = [_grams(phrasing) for phrasing in phrasings]
    alike = [0.0] * len(phrasings)
    for part, share in ((0, 0.75), (1, 0.25)):
        frequency = Counter(gram for grams in held for gram in grams[part])

        def weight(gram: str, frequency: Counter[str] = frequency) -> float:
            return (math.log((1 + len(phrasings)) / (1 + (frequency[gram] or 1))) + 1) ** 2

        asked = _grams(words)[part]
        for at, grams in enumerate(held):
            lengths = sum(map(weight, asked)) * sum(map(weight, grams[part]))
            alike[at] += share * sum(map(weight, asked & grams[part])) / math.sqrt(lengths or 1)
    return alike


def _many(size: int) -> list[tuple[str, ...]]:
    """Phrasings of a made-up language: few common words, many rare ones."""
    chance = random.Random(5)  # noqa: S311 - repeatable, no secret
    syllables = [a + b for a in "bdfgklmnprst" for b in "aeiou"]
    words = ["".join(chance.choices(syllables, k=chance.choice((1, 2, 2, 3, 3, 4)))) for _ in range(3000)]
    weights = [1 / (1 + rank) ** 0.8 for rank in range(len(words))]
    return [tuple(chance.choices(words, weights, k=chance.randint(3, 10))) for _ in range(size)]


def _misspelt(words: Sequence[str], chance: random.Random) -> tuple[str, ...]:
    at = chance.randrange(len(words))
    letter = chance.randrange(len(words[at]))
    return (*words[:at], words[at][:letter] + words[at][letter + 1 :] or "x", *words[at + 1 :])


@pytest.mark.parametrize(
    "words",
    [
        ("how", "do", "i", "reset", "my", "password"),
        ("resett", "password"),
        ("天", "雨", "雨"),
        ("zzz", "qqq"),
        ("my", "my", "my"),
    ],
)
def test_the_likeness_is_the_weighed_cosine_of_letters_and_words(words: tuple[str, ...]) -> None:
    # Weights are rounded to a 256th, hence the tolerance.
    assert PhrasingIndex(_PHRASINGS).likeness(words).tolist() == pytest.approx(_plain(words, _PHRASINGS), abs=2e-3)


def test_a_phrasing_is_wholly_like_itself_and_unknown_words_take_away() -> None:
    index = PhrasingIndex(_PHRASINGS)
    for at, phrasing in enumerate(_PHRASINGS):
        assert index.likeness(phrasing)[at] == 1
    assert index.likeness(("where", "is", "my", "parcel", "xylophone", "quartz"))[1] < 0.75


@given(phrasings=_TEXTS, words=st.lists(st.text(max_size=5), max_size=5))
def test_any_text_has_a_likeness_and_the_order_of_phrasings_changes_nothing(
    phrasings: list[list[str]], words: list[str]
) -> None:
    likeness = PhrasingIndex(phrasings).likeness(words)
    assert likeness.shape == (len(phrasings),)
    assert ((likeness >= 0) & (likeness <= 1)).all()
    assert PhrasingIndex(phrasings[::-1]).likeness(words)[::-1].tolist() == likeness.tolist()
    found, alike = PhrasingIndex(phrasings).candidates(words)
    assert alike.tolist() == likeness[found].tolist()


def test_equal_phrasings_are_candidates_in_their_order_up_to_the_limit() -> None:
    phrasings = [("same", "words")] * 40 + [("other", "things")] * 10
    found, alike = PhrasingIndex(phrasings).candidates(("same", "words"), limit=12)
    assert found.tolist() == list(range(12))
    assert alike.tolist() == [1.0] * 12


def test_candidates_hold_what_the_whole_calculation_would_choose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faq.grams, "MAX_DENSE_POSTINGS", 10**9)
    phrasings = _many(MAX_DENSE)
    index = PhrasingIndex(phrasings)
    chance = random.Random(6)  # noqa: S311 - repeatable, no secret
    kept = wanted = 0
    for phrasing in chance.sample(phrasings, 100):
        words = _misspelt(phrasing, chance)
        likeness = index.likeness(words)
        found, alike = index.candidates(words)
        assert len(found) <= LIMIT
        assert alike.tolist() == likeness[found].tolist()
        least = np.sort(likeness)[-10]
        kept += min(int((alike >= least).sum()), 10)
        wanted += 10
    assert kept / wanted >= 0.995


def test_a_large_index_keeps_less_and_finds_the_same() -> None:
    large = PhrasingIndex(_many(MAX_DENSE + 1))
    kept = sum(array.nbytes for array in large.to_arrays().values())
    assert kept / large.size < 350  # bytes a phrasing
    words = ("bada", *_many(3)[2], "kolobemi")
    likeness = large.likeness(words)
    found, alike = large.candidates(words)
    assert likeness.argmax() == 2
    assert np.flatnonzero(likeness).tolist() == found.tolist()
    assert likeness[found].tolist() == alike.tolist()


def test_a_built_index_is_taken_up_from_a_file_without_pickle() -> None:
    index = PhrasingIndex(_PHRASINGS)
    file = BytesIO()
    np.savez(file, allow_pickle=False, **index.to_arrays())
    file.seek(0)
    with np.load(file, allow_pickle=False) as arrays:
        again = PhrasingIndex(_PHRASINGS, arrays)
    for words in (*_PHRASINGS, ("reset", "parcel")):
        assert again.likeness(words).tolist() == index.likeness(words).tolist()
        assert again.candidates(words)[1].tolist() == index.candidates(words)[1].tolist()


def test_arrays_of_other_phrasings_are_refused() -> None:
    arrays = PhrasingIndex(_PHRASINGS).to_arrays()
    with pytest.raises(ValueError, match="build it again"):
        PhrasingIndex(_PHRASINGS[:-1], arrays)
    with pytest.raises(ValueError, match="build it again"):
        PhrasingIndex(_PHRASINGS, arrays | {"owners": arrays["owners"][:-1]})
