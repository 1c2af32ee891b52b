"""BIP-39 seed phrases in a text, in every language that has a word list, however they are written down."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING

from .run_together import find_run_together
from .word_lists import INVISIBLE, INVISIBLE_CHARS, LENGTHS, checksum_is_right, fold, joined, vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterator

_HAN = "\u3400-\u4dbf\u4e00-\u9fff"  # each character is a word of its own
_MARKS = "\u0300-\u036f\u3099\u309a"
# More Han characters in one string than any phrase has are prose: one word that is in no list.
_TOKEN = re.compile(rf"[{_HAN}]{{25,}}|[{_HAN}]|[^\W\d_{_HAN}](?:[^\W\d_{_HAN}]|[{_MARKS}{INVISIBLE}])*")
_VISIBLE = re.compile(rf"[^{INVISIBLE}]+")
_ASCII_WORD = re.compile(r"[a-z]+")
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
    |phrase\s(?:secr.{1,2}te|de\sr.{1,2}cup.{1,2}ration)|frase\s\w+|\bfr(?:á|a.?)ze\b|semilla
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
# Words of the English list that short messages to a support desk are made of, counted in 10,900 public ones.
_DESK = (
    frozenset(
        """
    access account add address alert allow amount answer app apple arrive assist auto balance bank best browser bonus
    buy call cancel card cash change charge check code coin confirm connect correct cost country couple credit
    current customer day debit decline deliver deposit device direct direction double error exchange exact expect expire
    explain express extra fee final fix fund gift home hour identify identity increase inform internet issue item job
    join kind know limit link list login lock lost message minimum minute mistake mobile money month move name network
    notice number obtain off offer online option original other pair pass path pay payment period phone please position
    possible post price problem process profit program project protect provide purchase put rate recall receive reject
    remove renew repeat replace report request require review reward right safe scan screen search security sell send
    service share show sign spend split start status step submit swap switch system text ticket token tool top total
    trade transfer travel trouble trust type unable update upgrade useless user verify visa visit virtual volume wait
    wallet week whole word crypto secret seed phrase
    """.split()  # noqa: SIM905 - as above
    )
    | _PROSE
)
_FIVE = b"\x01" * 5
_MIN_FRAGMENT = len(_FIVE)
# Two halves are told in one breath: "… and then …".
_AND_THEN = re.compile(
    r"\b(?:and[ ,]{1,3}then|followed by|en[ ,]{1,3}(?:dan|daarna|toen)|gevolgd door|und[ ,]{1,3}dann"
    r"|et[ ,]{1,3}(?:puis|ensuite)|y[ ,]{1,3}(?:luego|despu.{1,2}s)|e[ ,]{1,3}(?:poi|depois))\b",
    re.IGNORECASE,
)
_PART_OF = re.compile(
    r"""
    \b(?:first|second|third|other|last|next|remaining|final)\s(?:half|part|one|two|three|four|six|seven|eight|words?|6|8|12)\b
    |\b(?:the\s)?rest(?:\sof\s(?:it|them|the\swords))?\b
    |\b(?:eerste|tweede|derde|andere|laatste|volgende|overige)\s(?:helft|deel|zes|acht|woorden|6|8|12)\b|\bde\srest\b
    |\b(?:part|deel|teil|parte|partie)\s[1-4]\b
    """,
    re.IGNORECASE | re.VERBOSE,
)


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
    if len(text) < _MIN_FRAGMENT * 2 - 1:  # Chinese: a character a word
        return []
    if together := find_run_together(text):
        return together
    if _AND_THEN.search(text):
        text = _AND_THEN.sub(lambda between: " " * len(between[0]), text)
    if "1" in text and len(_LABEL.findall(text)) >= _MIN_LABELS:  # "word 1: abandon, word 2: …"
        text = _LABEL.sub(lambda label: " " * len(label[0]), text)
    if text.isascii():
        folded = _ASCII_WORD.findall(text.lower())  # four times as fast as `_split`, for most of the messages
        if len(folded) < _MIN_FRAGMENT or not _has_list_words(folded):
            return []
    words = _split(text)
    if len(words.folded) < _MIN_FRAGMENT or not _has_list_words(words.folded):
        return []
    return _Search(text, words).spans()


def _has_list_words(folded: list[str]) -> bool:
    """Whether five list words stand in a row: whatever is looked for holds such a row, prose seldom."""
    return _FIVE in bytes(map(vocabulary().__contains__, folded))


def _split(text: str) -> _Words:
    words, listed = _Words(), vocabulary()
    for match in _TOKEN.finditer(text):
        raw = match[0]
        if raw in listed:
            words.add(raw, match.start(), match.end())
            continue
        folded = fold(raw)
        if raw.isascii() or folded in listed:
            words.add(folded, match.start(), match.start() + len(raw.rstrip(INVISIBLE_CHARS)))
        else:  # an invisible character hides inside a word, or stands between two
            for part in _VISIBLE.finditer(raw):
                words.add(fold(part[0]), match.start() + part.start(), match.start() + part.end())
    return words


class _Search:
    """One text's search; every list is looked at, since a phrase's words can stand in several."""

    def __init__(self, text: str, words: _Words) -> None:
        self._text = text
        self._words = words
        self._windows_left = _MAX_WINDOWS
        self._covered = bytearray(len(words.folded))
        self._prose_before = [0, *accumulate(map(_PROSE.__contains__, words.folded))]
        self._after_context = self._after(_CONTEXT)
        self._after_part = self._after(_PART_OF)

    def _after(self, context: re.Pattern[str]) -> bytearray:
        """Which words follow soon after what `context` finds."""
        after = bytearray(len(self._words.folded) + _CONTEXT_WORDS)
        for match in context.finditer(self._text):
            word = bisect_left(self._words.starts, match.end())
            after[word : word + _CONTEXT_WORDS] = b"\x01" * _CONTEXT_WORDS
        return after

    def spans(self) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []  # in words
        by_language = self._runs()
        for runs in by_language.values():
            for run in runs:
                for start, stop in self._checked(run):
                    found.append((start, stop))
                    self._covered[start:stop] = b"\x01" * (stop - start)
            for number in range(len(runs)):
                found += self._near_miss(runs, number)
        if not found:
            found = [span for runs in by_language.values() for run in runs for span in self._fragment(run)]
        merged: list[tuple[int, int]] = []
        for start, stop in sorted(found):
            if merged and start < merged[-1][1]:
                merged[-1] = merged[-1][0], max(stop, merged[-1][1])
            else:
                merged.append((start, stop))
        return [(self._words.starts[start], self._words.stops[stop - 1]) for start, stop in merged]

    def _runs(self) -> dict[str, list[_Run]]:
        runs: dict[str, list[_Run]] = {}
        listed, words = vocabulary(), self._words
        for number, word in enumerate(words.folded):
            gap = words.starts[number] - words.stops[number - 1] if number else 0
            for language, index in listed.get(word, ()):
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
        if size < min(LENGTHS):
            return
        if run.spaced is False:  # Chinese prose has runs too: only a phrase that stands alone and is called one
            if size in LENGTHS and self._after_context[run.first] and checksum_is_right(joined(run.indexes), size):
                yield run.first, run.stop
            return
        if (size > _MAX_RUN or self._windows_left <= 0) and not self._is_prose(run.first, run.stop, share=3):
            # Nobody writes this but to hide a phrase in it: some window is right by chance, all the others cost time.
            yield run.first, run.stop
            return
        self._windows_left -= size * len(LENGTHS)
        for length in LENGTHS:
            mask, value = (1 << 11 * length) - 1, 0
            for place, index in enumerate(run.indexes, start=1):
                value = (value << 11 | index) & mask
                start, stop = run.first + place - length, run.first + place
                if (
                    place >= length
                    and (self._after_context[start] or not self._is_prose(start, stop, share=2))
                    and checksum_is_right(value, length)
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

    def _fragment(self, run: _Run) -> Iterator[tuple[int, int]]:
        """A part of a phrase that was sent in several messages.

        Five list words or more that are all of the message, or are called a phrase or a part. No checksum tells them
        from prose: more than half of them must be words that people seldom write to a desk.
        """
        if run.spaced is False:
            return
        called = max(after.find(1, run.first, run.stop) for after in (self._after_context, self._after_part))
        whole = (len(self._words.folded) - len(run.indexes)) * _MIN_FRAGMENT <= len(run.indexes)
        start = run.first if whole else called
        if start < 0 or run.stop - start < _MIN_FRAGMENT:
            return
        frequent = [word in _DESK for word in self._words.folded[start : run.stop]]
        if not whole and False in frequent:  # "that I have: …"
            frequent = frequent[frequent.index(False) :]
        if sum(frequent) * 2 + 2 <= len(frequent) >= _MIN_FRAGMENT or (whole and self._is_numbered(start, run.stop)):
            yield start, run.stop

    def _is_prose(self, start: int, stop: int, *, share: int) -> bool:
        return (self._prose_before[stop] - self._prose_before[start]) * share >= stop - start

    def _is_numbered(self, start: int, stop: int) -> bool:
        gaps = (
            self._text[self._words.stops[word - 1] if word else 0 : self._words.starts[word]]
            for word in range(start, stop)
        )
        return sum(_NUMBERED.search(gap) is not None for gap in gaps) >= stop - start - 1
