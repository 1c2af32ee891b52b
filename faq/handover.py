"""When a person should look whatever the FAQ has: accusations, complaints, several questions at once, too few words.

The phrases of accusations and complaints stand in ``faq/grievances``, one file a language. A phrase is a row of
words; ``a/b`` is either word, ``=name`` any word of that set, ``word*`` any word that begins so, ``..`` up to three
other words and ``...`` up to eight, but none of the language's `breaks`, ``^`` and ``$`` the beginning and the end of a
sentence. They are looked for in each sentence, word by word, so the work grows with the number of words and no faster.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from itertools import islice
from typing import TYPE_CHECKING, Literal

import yaml

from faq.text.cleaning import MAX_CHARS, message_parts, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from faq.coverage import Coverage
    from faq.matching import Candidate, Matches
    from faq.phrasings import Phrasings
    from faq.text.cleaning import Part

Grievance = Literal["accusation", "complaint"]
Reason = Literal["accusation", "complaint", "several", "short"]

LANGUAGES = ("en", "de", "es", "fr", "it", "nl", "pt", "ru", "tr")
GRIEVANCES: tuple[Grievance, ...] = ("accusation", "complaint")
MAX_SENTENCES, MAX_WORDS = 200, 500  # of one text
BESIDE_THE_BEST = 0.4
NARRATES = frozenset(
    ("i", "im", "ive", "we", "ik", "wij", "ich", "wir", "je", "nous", "yo", "eu", "io", "\u044f", "ben")
)
MAX_QUESTIONS = 3  # a sentence matched on its own costs as much as a message
GAPS = {"..": 3, "...": 8}
MIN_QUESTION_WORDS = 2
MIN_INFORMATIVE = 1.2  # as `Coverage` counts words: one word names a topic, it asks nothing

_SENTENCE = re.compile(r"[^.!?;\n\u2026\u061f\u3002\uff1f\uff01]+[.!?;\u2026\u061f\u3002\uff1f\uff01]*")
_QUESTION_MARKS = frozenset("?\u061f\uff1f")
_LISTED = re.compile(r"\s*(?:[-*\u2022]|\(?\d{1,2}[.)])\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """One word of a phrase: one of `those`, or one that begins like `begins`, after at most `gap` others."""

    those: frozenset[str]
    begins: tuple[str, ...]
    gap: int

    def fits(self, word: str) -> bool:
        return word in self.those or word.startswith(self.begins)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Phrase:
    steps: tuple[_Step, ...]
    first: bool
    last: bool

    def begins_at(self, said: Sequence[str], start: int, breaks: frozenset[str]) -> bool:
        """Whether the phrase stands in a sentence from this word on; the word itself is known to fit."""
        if self.first and start > self.steps[0].gap:
            return False
        ends = {start}
        for step in self.steps[1:]:
            reached = set()
            for end in ends:
                for at in range(end + 1, min(end + 2 + step.gap, len(said))):
                    if step.fits(said[at]):
                        reached.add(at)
                    if said[at] in breaks:
                        break
            ends = reached
        return len(said) - 1 in ends if self.last else bool(ends)


@dataclass(frozen=True, slots=True)
class _Phrases:
    """Phrases by their first words."""

    breaks: frozenset[str]
    by_word: dict[str, list[_Phrase]] = field(default_factory=dict)
    by_beginning: dict[str, list[_Phrase]] = field(default_factory=dict)

    def add(self, phrase: _Phrase) -> None:
        for word in phrase.steps[0].those:
            self.by_word.setdefault(word, []).append(phrase)
        for begin in phrase.steps[0].begins:
            self.by_beginning.setdefault(begin, []).append(phrase)

    def are_in(self, said: Sequence[str]) -> bool:
        beginnings = tuple(self.by_beginning)
        for at, word in enumerate(said):
            phrases = self.by_word.get(word)
            if phrases and any(phrase.begins_at(said, at, self.breaks) for phrase in phrases):
                return True
            if word.startswith(beginnings) and any(
                phrase.begins_at(said, at, self.breaks)
                for begin, phrases in self.by_beginning.items()
                if word.startswith(begin)
                for phrase in phrases
            ):
                return True
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Book:
    """What one language's file says, by its headings."""

    others: _Phrases
    unless: _Phrases
    accusation: _Phrases
    complaint: _Phrases
    named: _Phrases
    joins: tuple[str, ...]
    asks: tuple[str, ...]


@cache
def _book(language: str) -> _Book:
    text = (files("faq") / "grievances" / f"{language}.yaml").read_text(encoding="utf-8")
    table = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe loaders
    sets = {name: _folded(listed) for name, listed in table["sets"].items()}
    breaks = _folded(table["breaks"])
    books = {}
    for heading in ("others", "unless", "accusation", "complaint", "named"):
        books[heading] = _Phrases(breaks if heading in GRIEVANCES else frozenset())
        for line in table.get(heading, ()):
            books[heading].add(_phrase(line, sets))
    return _Book(**books, joins=tuple(table["joins"]), asks=tuple(table["asks"]))


def _folded(listed: Iterable[str]) -> frozenset[str]:
    return frozenset("".join(words(word)) for word in listed)


def _phrase(line: str, sets: Mapping[str, frozenset[str]]) -> _Phrase:
    steps: list[_Step] = []
    gap, first, last = 0, False, False
    for sign in line.split():
        if sign == "^":
            first = True
        elif sign == "$":
            last = True
        elif sign in GAPS:
            gap = GAPS[sign]
        else:
            those: set[str] = set()
            begins = []
            for one in sign.split("/"):
                if one.startswith("="):
                    those |= sets[one[1:]]
                elif one.endswith("*"):
                    begins.append("".join(words(one)))
                else:
                    those.add("".join(words(one)))
            steps.append(_Step(those=frozenset(those), begins=tuple(begins), gap=gap))
            gap = 0
    return _Phrase(steps=tuple(steps), first=first, last=last)


def grievance(text: str, language: str | None = None) -> Grievance | None:
    """Tell whether a text accuses the operator or its staff, or complains about the support.

    Args:
        text: Of any length and content; of a very long one the beginning is read.
        language: What it is written in, where that is known: its phrases and the English ones are looked for, else all.
    """
    books = _books(language)
    found: Grievance | None = None
    for said in _sentences(text):
        for book in books:
            if book.accusation.are_in(said) and not (book.others.are_in(said) or book.unless.are_in(said)):
                return "accusation"
            if found is None and book.complaint.are_in(said) and not book.unless.are_in(said):
                found = "complaint"
    return found


def label(text: str, language: str | None = None) -> Grievance | None:
    """Tell what an agent is to see at a glance: a grievance, or that the text calls itself a complaint."""
    found = grievance(text, language)
    if found is None and any(book.named.are_in(said) for said in _sentences(text) for book in _books(language)):
        return "complaint"
    return found


def _books(language: str | None) -> list[_Book]:
    return list(map(_book, _codes(language)))


def _codes(language: str | None) -> tuple[str, ...]:
    if not language:
        return LANGUAGES
    code = language.replace("_", "-").partition("-")[0].casefold()
    return (code, "en") if code in LANGUAGES and code != "en" else ("en",)


def _sentences(text: str) -> Iterator[list[str]]:
    left = MAX_WORDS
    for found in islice(_SENTENCE.finditer(text[:MAX_CHARS]), MAX_SENTENCES):
        said = words(found[0])[:left]
        left -= len(said)
        if said:
            yield said
        if left <= 0:
            return


def questions(text: str, language: str | None = None) -> list[str]:
    """Give the questions of a text, in order, where there are several, else none.

    They are sentences with a question mark, and items of a list that do not tell what somebody did; "how ... and
    where ..." is two.
    """
    joined, asking = _asking(_codes(language))
    asked: list[str] = []
    for line in text[:MAX_CHARS].splitlines()[:MAX_SENTENCES]:
        item = _LISTED.match(line)
        if item is not None:
            piece = line[item.end() :].strip()
            if NARRATES.isdisjoint(words(piece)[:1]):
                asked.append(piece)
            continue
        for sentence in _SENTENCE.findall(line)[:MAX_SENTENCES]:
            pieces = joined.split(sentence)
            if len(pieces) > 1:
                asked += [piece.strip() for piece in pieces if asking.search(piece)]
            elif sentence[-1] in _QUESTION_MARKS:
                asked.append(sentence.strip())
    asked = [piece for piece in asked if len(words(piece)) >= MIN_QUESTION_WORDS]
    return asked if len(asked) > 1 else []


@cache
def _asking(codes: tuple[str, ...]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What joins two questions, and what a question begins with."""
    books = list(map(_book, codes))
    joins = "|".join(dict.fromkeys(re.escape(one) for book in books for one in book.joins))
    asks = "|".join(dict.fromkeys(re.escape(one) for book in books for one in book.asks))
    joined = rf"\b(?:{joins}),? (?:(?:{joins}),? )?(?=(?:{asks})\b)"
    return re.compile(joined, re.IGNORECASE), re.compile(rf"\b(?:{asks})\b", re.IGNORECASE)


class Handover:
    """Knows what an FAQ has for grievances, and hands over what it has nothing for.

    Args:
        phrasings: Of the FAQ.
        coverage: Knows which words of a message are informative.
    """

    def __init__(self, phrasings: Phrasings, coverage: Coverage) -> None:
        self._phrasings = phrasings
        self._coverage = coverage
        _books(None)  # read now, not when the first message waits
        ends = (*phrasings.starts.tolist()[1:], len(phrasings.parts))
        starts = phrasings.starts.tolist()
        self._places = {one: slice(*place) for one, *place in zip(phrasings.ids, starts, ends, strict=True)}

    def judged(
        self, found: Matches, parts: Sequence[Part], language: str | None, match: Callable[[Part], Matches]
    ) -> Matches:
        """Give what was found, or less of it where a person should look.

        Args:
            found: What the FAQ has.
            parts: Of the message, mended; the whole message first.
            language: Of the message, where known.
            match: Matches one part on its own.
        """
        if not parts:
            return found
        whole = parts[0]
        said = grievance(whole.original, language)
        if said is None and list(whole.words) != words(whole.original):  # with its slips mended it may say more
            said = grievance(whole.text, language)
        if said is not None:
            return found if self._answers(found, said) else replace(found, decision="ticket", reason=said)
        several = self._several(found, whole, language, match)
        if several is not None:
            return several
        if found.part is None and whole.words not in self._phrasings.exact and not self._informs(whole):
            return replace(found, decision="suggest" if found.decision == "answer" else found.decision, reason="short")
        return found

    def _answers(self, found: Matches, said: Grievance) -> bool:
        """Whether the first entry is there for such messages: one of its phrasings says the same."""
        if found.decision == "ticket" or not found.candidates:
            return False
        own = self._places[found.candidates[0].entry]
        return any(grievance(part.text) == said for part in self._phrasings.parts[own])

    def _informs(self, part: Part) -> bool:
        return sum(map(self._coverage.rarity, dict.fromkeys(part.words))) >= MIN_INFORMATIVE

    def _several(
        self, found: Matches, whole: Part, language: str | None, match: Callable[[Part], Matches]
    ) -> Matches | None:
        asked = [part for text in questions(whole.original, language) for part in message_parts(text)[:1]]
        asked = [part for part in self._phrasings.repair.mended(asked, language) if self._informs(part)]
        if len(asked) <= 1:
            return None
        each = [match(part) for part in asked[:MAX_QUESTIONS]]
        least = BESIDE_THE_BEST * max((one.score for one in each), default=0.0)  # "how are you?" is asked too
        firsts = [one.candidates[0] for one in each if one.decision != "ticket" and one.score >= least]
        entries = {candidate.entry for candidate in firsts}
        if not entries or (len(entries) == 1 and len(firsts) == len(each)):
            return None
        if len(entries) == 1 and found.decision != "ticket":
            firsts = []  # the whole message says more than its one question that has an entry
        ordered: dict[str, Candidate] = {}
        for candidate in (*firsts, *found.candidates):
            ordered.setdefault(candidate.entry, candidate)
        candidates = tuple(ordered.values())[: len(found.candidates)]
        return replace(found, decision="suggest", candidates=candidates, part=None, reason="several")
