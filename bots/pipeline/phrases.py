"""Recognises what people write that needs no FAQ: greetings, thanks, "a human, please", "what about my ticket?"."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import yaml
from rapidfuzz import fuzz

_FILE = Path(__file__).with_name("phrases.yaml")
_NOT_WORD = re.compile(r"\W+")
_DROPPED = frozenset({"Mn", "Me", "Cf"})  # accents, and characters that nobody sees
_APOSTROPHES = str.maketrans("", "", "'\u2019\u02bc")
_MAX_CHARS = 400
_PLACES = ("first", "second", "third")
_SAME_MATTER = 88.0
_TOO_SHORT_TO_COMPARE = 12
_DESK_NUMBER = re.compile(r"(?<![\w-])(?P<sign>#?)(?P<number>(?:[A-Za-z_]\w{0,30}-){0,3}\d{1,12})(?![\w-])")
_WORD_BEFORE = 30


@lru_cache(maxsize=64)  # a decision asks eight times about one text
def plain(text: str) -> str:
    """The words of a text without case, accents, apostrophes and punctuation, separated by single spaces."""
    if text.isascii():
        return _NOT_WORD.sub(" ", text.translate(_APOSTROPHES).lower()).strip()
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text.translate(_APOSTROPHES)).casefold())
    return _NOT_WORD.sub(" ", "".join(c for c in folded if unicodedata.category(c) not in _DROPPED)).strip()


@dataclass(frozen=True, slots=True)
class _Phrases:
    """The table's columns: whole messages, what is found in one, and the words that a message may be made of."""

    whole: frozenset[str]
    holds: tuple[str, ...]
    made_of: frozenset[str]
    besides: frozenset[str]


@cache
def _phrases() -> dict[str, _Phrases]:
    table = yaml.load(_FILE.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe loaders
    return {
        name: _Phrases(
            frozenset(plain(p) for p in kinds.get("whole", ())),
            tuple(f" {plain(p)} " for p in kinds.get("holds", ())),
            frozenset(plain(p) for p in kinds.get("made_of", ())),
            frozenset(plain(p) for p in kinds.get("besides", ())),
        )
        for name, kinds in table.items()
    }


@dataclass(frozen=True, slots=True)
class _Index:
    """Where to look for what a message may say: by the whole of it, and by each of its words."""

    whole: dict[str, frozenset[str]]
    begun: dict[str, tuple[tuple[str, str], ...]]  # a word: the phrases that begin with it, and what they say
    made: dict[str, tuple[tuple[frozenset[str], str], ...]]  # a word: all that such a message is made of


@cache
def _index() -> _Index:
    whole: defaultdict[str, set[str]] = defaultdict(set)
    begun: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    made: defaultdict[str, list[tuple[frozenset[str], str]]] = defaultdict(list)
    for name, of in _phrases().items():
        for words in of.whole:
            whole[words].add(name)
        for phrase in of.holds:
            begun[phrase.split()[0]].append((phrase, name))
        for word in of.made_of:
            made[word].append((of.made_of | of.besides, name))
    return _Index(
        {words: frozenset(names) for words, names in whole.items()},
        {word: tuple(phrases) for word, phrases in begun.items()},
        {word: tuple(kinds) for word, kinds in made.items()},
    )


@lru_cache(maxsize=64)  # a decision asks up to twenty times about one text
def _said(text: str) -> frozenset[str]:
    """The names of all phrases that a message says."""
    index, words = _index(), plain(text)
    padded, each = f" {words} ", set(words.split())
    said = set(index.whole.get(words, ()))
    for word in each & index.begun.keys():
        said.update(name for phrase, name in index.begun[word] if phrase in padded)
    for word in each & index.made.keys():
        said.update(name for of, name in index.made[word] if each <= of)
    return frozenset(said)


def says(text: str, name: str) -> bool:
    """Whether a message says what the phrases of `name` (``phrases.yaml``) say; a long one says more than a phrase."""
    return len(text) <= _MAX_CHARS and name in _said(text)


def says_only(text: str, name: str) -> bool:
    """Whether a message says what `says` finds in it and nothing else."""
    phrases, words = _phrases()[name], plain(text)
    if words in phrases.whole:
        return True
    rest = f" {words} "
    for phrase in phrases.holds:
        rest = rest.replace(phrase, " ")
    return set(rest.split()) <= phrases.besides


def is_small_talk(text: str) -> bool:
    """Whether a message only acknowledges: words like "ok, great", or no letter and no digit at all (a thumb)."""
    if not any(map(str.isalnum, text)):
        return True
    return "?" not in text and says(text, "acknowledgement")


def place_in(text: str) -> str:
    """The place, as a digit, that a message names among what was offered ("yes, the first one"); else nothing."""
    named = [str(place) for place, name in enumerate(_PLACES, 1) if says(text, name)]
    return named[0] if len(named) == 1 else ""


@cache
def _number_pattern(prefix: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-]){re.escape(prefix)}[-\s#]?(\d{{1,12}})(?!\w)", re.IGNORECASE)


def number_in(text: str, prefix: str) -> str | None:
    """The first ticket number of the form ``PREFIX-1234`` in a text, written as the desk writes it."""
    found = _number_pattern(prefix).search(text)
    return f"{prefix}-{int(found[1])}" if found else None


def desk_numbers_in(text: str) -> tuple[str, ...]:
    """What may be numbers as other desks write them, the first eight: ``#12``, ``ticket 12``, ``support-12``.

    The whole text may be one (``12``), too, or one and the word status. Whether there is such a ticket, the ledger
    knows; whether digits alone are meant as one, the decision.
    """
    found: list[str] = []
    for match in _DESK_NUMBER.finditer(text[:_MAX_CHARS]):
        before = plain(text[max(0, match.start() - _WORD_BEFORE) : match.start()]).split()
        named = match["sign"] or not match["number"].isdigit() or set(before[-2:]) & _phrases()["number_word"].whole
        if named or plain(text.replace(match[0], " ", 1)) in _phrases()["beside_number"].whole:
            found.append(match["number"])
    return tuple(dict.fromkeys(found))[:8]


def is_bare_number(text: str) -> bool:
    """Whether a message is nothing but digits: ``2``, ``2.``, and neither ``#2`` nor ``ticket 2``."""
    return "#" not in text and plain(text).isdecimal()


def without_number(text: str, prefix: str, desk_number: str | None = None) -> str:
    """The text besides its ticket numbers, those of our form and one as the desk writes it."""
    text = _number_pattern(prefix).sub(" ", text)
    if desk_number is not None:
        text = re.sub(
            rf"(?<![\w-])#?{re.escape(desk_number.removeprefix('#'))}(?![\w-])", " ", text, flags=re.IGNORECASE
        )
    return text.strip()


def same_matter(one: str, other: str) -> bool:
    """Whether two messages say nearly the same (token_sort_ratio over their words; short ones must be equal)."""
    a, b = plain(one[:2000]), plain(other[:2000])
    if not a or not b:
        return False
    if min(len(a), len(b)) < _TOO_SHORT_TO_COMPARE:
        return a == b
    return fuzz.token_sort_ratio(a, b, score_cutoff=_SAME_MATTER) > 0
