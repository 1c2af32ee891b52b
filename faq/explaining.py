"""Why the bot would do what it would do with a message: for the people who write the FAQ.

What is asked of the matcher's inside stands in `_Inside` and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from faq.cleaning import parts, words
from faq.coverage import MIN_SHARE
from faq.evidence import NEAREST_WEIGHT, SORTED_WEIGHT
from faq.matching import Decision

if TYPE_CHECKING:
    from collections.abc import Sequence

    from faq.matching import FaqMatcher, Matches

EXPLAINED = 3  # candidates
MIN_SHOWN_WEIGHT = 0.25  # of a word: what every sentence holds explains nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A word of the message that says something: how much, 0..1, and the share of it that the first entry speaks of."""

    word: str
    weight: float
    covered: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A candidate and what speaks for it.

    Attributes:
        nearest: The entry's wording that is most like the message, as the FAQ writes it.
        language: Of that wording.
        likeness: Of that wording, 0..1.
        evidence: Points by the name of the evidence; entries are ranked by their sum.
    """

    entry: str
    score: float
    nearest: str
    language: str
    likeness: float
    evidence: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What came of a message, and why.

    Attributes:
        reason: Why it was decided so: a sentence.
        answer_from: The score from which answers are given; above 1 where none would keep the promise.
        suggest_from: The score from which entries are offered.
        part: The part of the message that was matched, cleaned.
        whole: Whether that is the whole message, and not one sentence of a long one.
        repairs: Words of that part and what they were taken for.
        words: Those that say something, in their order.
        covered: Share of what they say that the first entry speaks of, 0..1.
        candidates: Up to three, best first.
    """

    decision: Decision
    reason: str
    score: float
    answer_from: float
    suggest_from: float
    part: str
    whole: bool
    repairs: dict[str, str]
    words: tuple[Word, ...]
    covered: float
    candidates: tuple[Explained, ...]


class _Inside:
    """One wording as the matcher sees it."""

    def __init__(self, matcher: FaqMatcher, spoken: Sequence[str], language: str | None) -> None:
        self._matcher = matcher
        self._phrasings = matcher.phrasings
        self._coverage = matcher.scorer.coverage
        self.repairs = {word: taken for word, taken in self._phrasings.repairs(spoken).items() if word != taken}
        self.spoken = [self.repairs.get(word, word) for word in spoken]
        self._likeness = self._phrasings.likeness(self.spoken, language)
        self._evidence = matcher.scorer.evidence([self.spoken], self._likeness[None, :])

    def _at(self, entry: str) -> int:
        return self._phrasings.ids.index(entry)

    def evidence(self, entry: str) -> dict[str, float]:
        """Give the points of each kind of evidence."""
        at, found = self._at(entry), self._evidence
        points = {
            "learnt from all wordings": found.head,
            "nearest wording": NEAREST_WEIGHT * found.nearest,
            "the same words": SORTED_WEIGHT * found.alike,
        }
        return {name: round(float(of_entries[0, at]), 2) for name, of_entries in points.items()}

    def nearest(self, entry: str) -> tuple[tuple[str, ...], float]:
        """Give the words of the entry's nearest phrasing, and their likeness."""
        own = np.where(self._phrasings.owners == self._at(entry), self._likeness, -1)
        best = int(own.argmax())
        return tuple(self._phrasings.texts[best]), float(own[best])

    def covered(self, entry: str) -> float:
        """Give the share of what the words say that the entry speaks of."""
        return self._coverage.share(self.spoken, self._at(entry))

    def says_enough(self, entry: str) -> bool:
        """Tell whether so much is covered that an answer may be given."""
        return bool(self._coverage.suffices(self.spoken, self.covered(entry)))

    def is_single(self, entry: str) -> bool:
        """Tell whether no language has more than one phrasing of the entry."""
        return bool(self._phrasings.single[self._at(entry)])

    def words(self, entry: str) -> tuple[Word, ...]:
        """Give the words that say something."""
        weights = {word: self._coverage.rarity(word) for word in self.spoken}
        return tuple(
            Word(word=word, weight=round(weight, 2), covered=round(self._coverage.share([word], self._at(entry)), 2))
            for word, weight in weights.items()
            if weight >= MIN_SHOWN_WEIGHT
        )


def explain(matcher: FaqMatcher, text: str, language: str | None = None) -> Explanation:
    """Match the text and say why it came out so.

    Args:
        matcher: Of the FAQ.
        text: The message.
        language: Its language, where known.
    """
    matches = matcher.match([text], [language])[0]
    wordings = parts(text)
    if not matches.candidates or not wordings:
        return _nothing(matcher, matches, has_words=bool(wordings))
    first = matches.candidates[0].entry
    at = _matched(matcher, wordings, language) if len(wordings) > 1 else 0
    inside = _Inside(matcher, wordings[at], language)
    return Explanation(
        decision=matches.decision,
        reason=_reason(matcher, matches, inside),
        score=matches.score,
        answer_from=round(matcher.calibration.answer_from, 4),
        suggest_from=round(matcher.calibration.suggest_from, 4),
        part=" ".join(wordings[at]),
        whole=at == 0,
        repairs=inside.repairs,
        words=inside.words(first),
        covered=round(inside.covered(first), 4),
        candidates=tuple(
            _explained(matcher, inside, candidate.entry, candidate.score)
            for candidate in matches.candidates[:EXPLAINED]
        ),
    )


def _matched(matcher: FaqMatcher, wordings: Sequence[Sequence[str]], language: str | None) -> int:
    """Find the wording that decided: the whole message, unless one of its sentences scores higher."""
    found = matcher.match([" ".join(spoken) for spoken in wordings[1:]], [language] * (len(wordings) - 1))
    whole = matcher.match([" ".join(wordings[0])], [language])[0]
    return int(np.argmax([whole.score, *(matches.score for matches in found)]))


def _nothing(matcher: FaqMatcher, matches: Matches, *, has_words: bool) -> Explanation:
    reason = "The FAQ has no wording to compare with." if has_words else "The message holds no word to go by."
    calibrated = matcher.rehearsal is not None
    return Explanation(
        decision=matches.decision,
        reason=reason,
        score=matches.score,
        answer_from=round(matcher.calibration.answer_from, 4) if calibrated else 1.01,
        suggest_from=round(matcher.calibration.suggest_from, 4) if calibrated else 1.01,
        part="",
        whole=True,
        repairs={},
        words=(),
        covered=0.0,
        candidates=(),
    )


def _reason(matcher: FaqMatcher, matches: Matches, inside: _Inside) -> str:
    """Name what decided."""
    first = matches.candidates[0].entry
    in_the_way = _in_the_way(matcher, matches.score, first, inside)
    if matches.decision == "answer":
        if in_the_way:
            return "The message repeats a wording (nearly) exactly."
        return f"The score {matches.score:.2f} reaches {matcher.calibration.answer_from:.2f}, where answers begin."
    if matches.decision == "suggest":
        return f"It is not answered: {in_the_way}."
    suggest_from = matcher.calibration.suggest_from
    if matches.score < suggest_from:
        return f"The score {matches.score:.2f} is below {suggest_from:.2f}, where suggestions begin."
    return "It is handed over, whatever the score."


def _in_the_way(matcher: FaqMatcher, score: float, first: str, inside: _Inside) -> str:
    """Name the first thing that stands in the way of an answer; empty where nothing does."""
    answer_from = matcher.calibration.answer_from
    if inside.is_single(first):
        return f"'{first}' has a single wording; add others under 'also'"
    if answer_from > 1:
        return "no score keeps the promise in this FAQ, only repeated wordings are answered"
    if score < answer_from:
        return f"the score {score:.2f} is below {answer_from:.2f}, where answers begin"
    covered = inside.covered(first)
    if covered < MIN_SHARE:
        return (
            f"only {covered:.0%} of what the message says stands in the entry's wordings, of at least {MIN_SHARE:.0%}"
        )
    return "" if inside.says_enough(first) else "the message names a topic and says too little about it"


def _explained(matcher: FaqMatcher, inside: _Inside, entry: str, score: float) -> Explained:
    spoken, likeness = inside.nearest(entry)
    written = (
        (phrasing, translation.language)
        for translation in matcher.faq.entries
        if translation.id == entry
        for phrasing in translation.phrasings
        if tuple(words(phrasing)) == spoken
    )
    phrasing, language = next(written, (" ".join(spoken), ""))
    return Explained(
        entry=entry,
        score=score,
        nearest=phrasing,
        language=language,
        likeness=round(likeness, 2),
        evidence=inside.evidence(entry),
    )
