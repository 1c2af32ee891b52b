"""Seed phrases whose words are written without anything between them: ``legalwinnerthank…``, ``LegalWinnerThank…``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .word_lists import LENGTHS, checksum_is_right, fold, joined, vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterator

_MIN_LETTERS, _MAX_LETTERS = 3, 9  # of a word; the lists in Latin letters
_WORD = re.compile(r"(?<![^\W_])[^\W\d_]{36,216}(?![^\W_])")
_MAX_SPLITS = 2000  # in one text; a phrase has one way to be split, or a few


def find_run_together(text: str) -> list[tuple[int, int]]:
    """Spans (start, end) of words that split into a phrase of one list with the right checksum, nothing left over."""
    spans: list[tuple[int, int]] = []
    splits_left = _MAX_SPLITS
    for match in _WORD.finditer(text):
        folded = fold(match[0])
        if not folded.isascii():
            continue
        for words in _splits(folded):
            splits_left -= 1
            if splits_left < 0:
                return spans
            if _is_phrase(words):
                spans.append(match.span())
                break
    return spans


def _splits(text: str) -> Iterator[list[str]]:
    """Every way to split a text into list words, of whatever list."""
    listed, size = vocabulary(), len(text)
    # From each place: where the next word may end, if the rest of the text can be split too.
    ends: list[list[int]] = [[] for _ in range(size)] + [[size]]
    for start in range(size - _MIN_LETTERS, -1, -1):
        longest = min(start + _MAX_LETTERS, size)
        ends[start] = [
            end for end in range(start + _MIN_LETTERS, longest + 1) if ends[end] and text[start:end] in listed
        ]
    waiting: list[tuple[int, list[str]]] = [(0, [])] if ends[0] else []
    while waiting:
        start, words = waiting.pop()
        if start == size:
            yield words
        elif len(words) < max(LENGTHS):
            waiting += [(end, [*words, text[start:end]]) for end in ends[start]]


def _is_phrase(words: list[str]) -> bool:
    if len(words) not in LENGTHS:
        return False
    places = [dict(vocabulary()[word]) for word in words]
    return any(
        all(language in place for place in places)
        and checksum_is_right(joined([place[language] for place in places]), len(words))
        for language in places[0]
    )
