"""BIP-39 seed phrases in a text, in every language that has a word list, however they are written down."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_LENGTHS = (12, 15, 18, 21, 24)
_INVISIBLE = "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff"
_HAN = "\u3400-\u4dbf\u4e00-\u9fff"  # each character is a word of its own
_MARKS = "\u0300-\u036f\u3099\u309a"
# More Han characters in one string than any phrase has are prose: one word that is in no list.
_TOKEN = re.compile(rf"[{_HAN}]{{25,}}|[{_HAN}]|[^\W\d_{_HAN}](?:[^\W\d_{_HAN}]|[{_MARKS}{_INVISIBLE}])*")
_VISIBLE = re.compile(rf"[^{_INVISIBLE}]+")
_ASCII_WORD = re.compile(r"[a-z]+")
_INVISIBLE_CHARS = "".join(chr(code) for code in range(0x10000) if re.match(f"[{_INVISIBLE}]", chr(code)))
_FOLDED_AWAY = dict.fromkeys([*range(0x300, 0x370), *map(ord, _INVISIBLE_CHARS)])
_MAX_GAP_CHARS = 32
_LABEL = re.compile(
    r"\b(?:word|woord|wort|mot|palabra|parola|palavra|slovo|kelime|слово)[ #_-]?\d{1,2}\b", re.IGNORECASE
)
_MIN_LABELS = 3
_NUMBERED = re.compile(r"(?<!\d)\d{1,2}(?!\d)")
# A seed phrase with one bad word is as good as whole, where the text says that it is one.
_CONTEXT = re.compile(
    r"""
    (?:seed|recovery|back-?up|secret|wallet|mnemonic|pass)[ _-]?(?:seed|phrases?|words?)\b
    |\bseed(?:zin|woorden|frase|fraza|s)?\b|mnemoni\w*|\bphrases?\b
    |\b(?:12|15|18|21|24|twelve|twenty-four|twaalf|vierentwintig)[\s-](?:\w+\s)?
     (?:words?|woorden|w..?rter|mots|palabras|parole|palavras|kelime\w*|slov|слов)\b
    |herstel[\s-]?(?:zin|woorden|frase|code|sleutel)|back-?up[\s-]?(?:zin|woorden)|geheime?\s(?:zin|woorden)
    |wiederherstellungs\w*|merksatz|seed-?w..?rter
    |phrase\s(?:secr.{1,2}te|de\sr.{1,2}cup.{1,2}ration)|frase\s\w+|fr.{1,2}ze|semilla
    |kurtarma\s\w+|tohum\s\w+|сид\b|сид[\s-]?фраз\w*|фраз\w*|мнемо\w*
    |助[记記][词詞]|[恢回][复復]短[语語]|[种種]子|リカバリー|復元|ニーモニック|シード|복구|시드|니모닉
    """,
    re.IGNORECASE | re.VERBOSE,
)
_CONTEXT_WORDS = 8  # "my recovery phrase from the old Ledger is this:"
_MIN_NEAR_MISS = 11  # words of the list: twelve with one of them wrong
_NEIGHBOURS = 3  # list words of the sentence around a whole phrase ("please help"): no secret
_MAX_RUN = 40
_MAX_WINDOWS = 3000
# Words of the English list that prose is made of: most list words of any English text, one in twenty of a seed phrase.
_PROSE = frozenset(
    """
    about above across again all almost alone already also always among another any around because become before
    begin behind below between can cannot come could else enough find first get give good have help into just
    keep know later leave less like little live long make man many more morning much must near need never next
    night nothing now off often old once one only open option order other over own people person place please
    point question quick rather ready real reason remember same say second should since small soon still stop
    such sure tell thank that then there they thing this thought time today together tomorrow try turn two under
    until upon use used very wait want way welcome what when where which while will with word work world wrong
    year you
    """.split()  # noqa: SIM905 - a hundred quoted words are harder to read
)
_SIX = b"\x01" * 6


@dataclass(slots=True)
class _Run:
    """Consecutive words of one list from word `first` on; `spaced` is False for Han written in one string."""

    first: int
    indexes: list[int] = field(default_factory=list)
    spaced: bool | None = None

    @property
    def stop(self) -> int:
        return self.first + len(self.indexes)


@dataclass(slots=True)
class _Words:
    """The words of a text, folded, with their places."""

    folded: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    stops: list[int] = field(default_factory=list)

    def add(self, word: str, start: int, stop: int) -> None:
        self.folded.append(word)
        self.starts.append(start)
        self.stops.append(stop)


def find_seed_phrases(text: str) -> list[tuple[int, int]]:
    """Spans (start, end) of seed phrases, in order and apart from each other."""
    if len(text) < min(_LENGTHS):
        return []
    if "1" in text and len(_LABEL.findall(text)) >= _MIN_LABELS:  # "word 1: abandon, word 2: …"
        text = _LABEL.sub(lambda label: " " * len(label[0]), text)
    if text.isascii():
        folded = _ASCII_WORD.findall(text.lower())  # four times as fast as `_split`, for most of the messages
        if len(folded) < _MIN_NEAR_MISS or not _has_list_words(folded):
            return []
    words = _split(text)
    if len(words.folded) < _MIN_NEAR_MISS or not _has_list_words(words.folded):
        return []
    return _Search(text, words).spans()


def _has_list_words(folded: list[str]) -> bool:
    """Whether six list words stand in a row: twelve with a bad one among them always hold such a row, prose seldom."""
    return _SIX in bytes(map(_vocabulary().__contains__, folded))


@cache
def _vocabulary() -> dict[str, list[tuple[str, int]]]:
    """Folded word -> (language, index) for every list that `mnemonic` brings; about 25,000 words, read once."""
    from mnemonic import Mnemonic  # noqa: PLC0415 - short messages need no list

    vocabulary: dict[str, list[tuple[str, int]]] = {}
    for language in sorted(Mnemonic.list_languages()):
        for index, word in enumerate(Mnemonic(language).wordlist):
            # mnemonic 0.21 ships one Russian word with a broken letter
            vocabulary.setdefault(_fold(word.replace("\ufffd\ufffd", "в")), []).append((language, index))
    return vocabulary


def _fold(word: str) -> str:
    """Without case, accents and invisible characters; no two words of one list fold to the same."""
    if word.isascii():
        return word.lower()
    return unicodedata.normalize("NFKD", word).casefold().translate(_FOLDED_AWAY).replace("\u0131", "i")


def _split(text: str) -> _Words:
    words, vocabulary = _Words(), _vocabulary()
    for match in _TOKEN.finditer(text):
        raw = match[0]
        if raw in vocabulary:
            words.add(raw, match.start(), match.end())
            continue
        folded = _fold(raw)
        if raw.isascii() or folded in vocabulary:
            words.add(folded, match.start(), match.start() + len(raw.rstrip(_INVISIBLE_CHARS)))
        else:  # an invisible character hides inside a word, or stands between two
            for part in _VISIBLE.finditer(raw):
                words.add(_fold(part[0]), match.start() + part.start(), match.start() + part.end())
    return words


class _Search:
    """One text's search; every list is looked at, since a phrase's words can stand in several."""

    def __init__(self, text: str, words: _Words) -> None:
        self._text = text
        self._words = words
        self._windows_left = _MAX_WINDOWS
        self._covered = bytearray(len(words.folded))
        self._prose_before = [0, *accumulate(map(_PROSE.__contains__, words.folded))]
        self._after_context = bytearray(len(words.folded) + _CONTEXT_WORDS)
        for match in _CONTEXT.finditer(text):
            word = bisect_left(words.starts, match.end())
            self._after_context[word : word + _CONTEXT_WORDS] = b"\x01" * _CONTEXT_WORDS

    def spans(self) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []  # in words
        for runs in self._runs().values():
            for run in runs:
                for start, stop in self._checked(run):
                    found.append((start, stop))
                    self._covered[start:stop] = b"\x01" * (stop - start)
            for number in range(len(runs)):
                found += self._near_miss(runs, number)
        merged: list[tuple[int, int]] = []
        for start, stop in sorted(found):
            if merged and start < merged[-1][1]:
                merged[-1] = merged[-1][0], max(stop, merged[-1][1])
            else:
                merged.append((start, stop))
        return [(self._words.starts[start], self._words.stops[stop - 1]) for start, stop in merged]

    def _runs(self) -> dict[str, list[_Run]]:
        runs: dict[str, list[_Run]] = {}
        vocabulary, words = _vocabulary(), self._words
        for number, word in enumerate(words.folded):
            gap = words.starts[number] - words.stops[number - 1] if number else 0
            for language, index in vocabulary.get(word, ()):
                of_language = runs.setdefault(language, [])
                run = of_language[-1] if of_language else None
                if run is None or run.stop != number or gap > _MAX_GAP_CHARS or run.spaced not in (None, gap > 0):
                    of_language.append(_Run(number, [index]))
                else:
                    run.spaced = gap > 0
                    run.indexes.append(index)
        return runs

    def _checked(self, run: _Run) -> Iterator[tuple[int, int]]:
        """Every window of the run whose checksum is right, but for prose: one window in sixteen is right by chance."""
        size = len(run.indexes)
        if size < min(_LENGTHS):
            return
        if run.spaced is False:  # Chinese prose has runs too: only a phrase that stands alone and is called one
            if size in _LENGTHS and self._after_context[run.first] and _checksum_is_right(_joined(run.indexes), size):
                yield run.first, run.stop
            return
        if (size > _MAX_RUN or self._windows_left <= 0) and not self._is_prose(run.first, run.stop, share=3):
            # Nobody writes this but to hide a phrase in it: some window is right by chance, all the others cost time.
            yield run.first, run.stop
            return
        self._windows_left -= size * len(_LENGTHS)
        for length in _LENGTHS:
            mask, value = (1 << 11 * length) - 1, 0
            for place, index in enumerate(run.indexes, start=1):
                value = (value << 11 | index) & mask
                start, stop = run.first + place - length, run.first + place
                if (
                    place >= length
                    and (self._after_context[start] or not self._is_prose(start, stop, share=2))
                    and _checksum_is_right(value, length)
                ):
                    yield start, stop

    def _near_miss(self, runs: list[_Run], number: int) -> Iterator[tuple[int, int]]:
        """Eleven list words or more, called a seed phrase or numbered, though a word or the checksum is wrong."""
        run = runs[number]
        if run.spaced is False:
            return
        called = self._after_context.find(1, run.first, run.stop)
        start = called if called >= 0 else run.first
        count, stop, previous = 0, 0, start
        for bad, following in enumerate(runs[number : number + 4]):
            if bad and following.first - previous != 1:  # more than one bad word in between
                break
            if stop and len(following.indexes) < _NEIGHBOURS:  # the sentence goes on
                break
            count += following.stop - max(start, following.first)
            previous = following.stop
            if count >= _MIN_NEAR_MISS and bad <= count // _MIN_NEAR_MISS:
                stop = following.stop
        if not stop or self._is_prose(start, stop, share=3):
            return
        covered = self._covered.count(1, start, stop)
        if covered and stop - start - covered <= _NEIGHBOURS:
            return
        if called >= 0 or self._is_numbered(start, stop):
            yield start, stop

    def _is_prose(self, start: int, stop: int, *, share: int) -> bool:
        return (self._prose_before[stop] - self._prose_before[start]) * share >= stop - start

    def _is_numbered(self, start: int, stop: int) -> bool:
        gaps = (
            self._text[self._words.stops[word - 1] if word else 0 : self._words.starts[word]]
            for word in range(start, stop)
        )
        return sum(_NUMBERED.search(gap) is not None for gap in gaps) >= stop - start - 1


def _joined(indexes: list[int]) -> int:
    value = 0
    for index in indexes:
        value = value << 11 | index
    return value


def _checksum_is_right(value: int, length: int) -> bool:
    """BIP-39: `length` words are 11 bits each; the last `length` / 3 bits begin the SHA-256 of the others."""
    bits = length // 3
    entropy = (value >> bits).to_bytes(length * 4 // 3, "big")
    return sha256(entropy).digest()[0] >> (8 - bits) == value & ((1 << bits) - 1)
