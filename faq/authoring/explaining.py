"""Why the bot would do what it would do with a message: for the people who write the FAQ.

What is asked of the matcher's inside stands in `_Inside` and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

import numpy as np

from faq.coverage import MIN_SHARE
from faq.evidence import CLOSE_WEIGHT, NEAREST_WEIGHT, SORTED_WEIGHT
from faq.matching import Decision
from faq.text.cleaning import Part, message_parts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from faq.handover import Reason
    from faq.matching import FaqMatcher, Matches

EXPLAINED = 3  # candidates
MIN_SHOWN_WEIGHT = 0.25  # of a word: what every sentence holds explains nothing
_FOR_A_PERSON: Mapping[Reason, str] = {
    "accusation": "The message accuses the operator or its staff, and no entry says the same: a person looks.",
    "complaint": "The message is a complaint, and no entry says the same: a person looks.",
    "several": "The message asks several questions: the entry of each is offered.",
    "short": "The message is too short to ask anything: it names a topic.",
}


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
        raw: The score before what was learnt bent it: what `answer_from` and `suggest_from` are about.
        answer_from: The raw score from which answers are given; above 1 where none would keep the promise.
        suggest_from: The raw score from which entries are offered.
        language: What the message was taken to be written in; None where that is not sure.
        part: The part of the message that was matched, as it was written.
        whole: Whether that is the whole message, and not one sentence of a long one.
        repairs: Words of that part and what they were taken for.
        words: Those that say something, in their order.
        covered: Share of what they say that the first entry speaks of, 0..1.
        by_letters: Whether letters and words counted; if not, the language is none of the FAQ's and its meaning alone.
        candidates: Up to three, best first.
    """

    decision: Decision
    reason: str
    score: float
    raw: float
    language: str | None
    answer_from: float
    suggest_from: float
    part: str
    whole: bool
    repairs: dict[str, str]
    words: tuple[Word, ...]
    covered: float
    by_letters: bool
    candidates: tuple[Explained, ...]


class _Inside:
    """One part of a message as the matcher sees it."""

    def __init__(self, matcher: FaqMatcher, part: Part, language: str | None) -> None:
        self.words = part.words
        self._phrasings = matcher.phrasings
        self._coverage = matcher.coverage
        self._scorer = matcher.scorer
        self._heard = matcher.scorer.hear(part, language)
        self._weighed = matcher.scorer.weigh(self._heard)
        self.by_letters = self._heard.letters > 0
        spoken = self.by_letters or matcher.abroad is None
        self.calibration = matcher.calibration if spoken or matcher.abroad is None else matcher.abroad

    def _at(self, entry: str) -> int:
        return self._phrasings.ids.index(entry)

    def evidence(self, entry: str) -> dict[str, float]:
        """Give the points of each kind of evidence that is there; they add up to what entries are ranked by."""
        found = self._weighed
        letters = self._heard.letters * self._scorer.letters.logits(self._heard.likeness)
        points = {
            "learnt from letters": letters,
            "learnt from meaning": found.head - letters,
            "nearest in letters": NEAREST_WEIGHT * found.nearest,
            "nearest in meaning": CLOSE_WEIGHT * found.close,
            "same words": SORTED_WEIGHT * found.alike,
        }
        at = self._at(entry)
        return {name: round(float(of[at]), 2) for name, of in points.items() if of.any()}

    def nearest(self, entry: str) -> tuple[Part, str, float]:
        """Give the entry's phrasing that is most like the part, its language, and how much, 0..1."""
        own = np.flatnonzero(self._phrasings.owners == self._at(entry))
        meanings = zip(self._scorer.meanings, self._heard.vectors, self._heard.shares, strict=True)
        meaning = sum(
            (share * (view.vectors[own] @ vector) for view, vector, share in meanings if share), np.zeros(len(own))
        )
        likeness = self._heard.likeness[own]
        alike = likeness + meaning if self.by_letters else meaning
        best = int(alike.argmax())
        either = max(float(meaning[best]), float(likeness[best]) if self.by_letters else 0.0)
        place = int(own[best])
        language = self._phrasings.codes[self._phrasings.languages[place]]
        return self._phrasings.parts[place], language, min(max(either, 0.0), 1.0)

    def covered(self, entry: str) -> float:
        """Give the share of what the words say that the entry speaks of."""
        return self._coverage.share(self.words, self._at(entry))

    def says_enough(self, entry: str) -> bool:
        """Tell whether so much is covered that an answer may be given; by meaning alone, words are not asked for."""
        return not self.by_letters or self._coverage.suffices(self.words, self.covered(entry))

    def strays(self, entry: str) -> bool:
        """Tell whether the message says something that the entry does not speak of at all."""
        return self.by_letters and self._coverage.strays(self.words, self._at(entry))

    def is_single(self, entry: str) -> bool:
        """Tell whether no language has more than one phrasing of the entry."""
        return bool(self._phrasings.single[self._at(entry)])

    def told_words(self, entry: str) -> tuple[Word, ...]:
        """Give the words that say something."""
        weights = {word: self._coverage.rarity(word) for word in self.words}
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
        language: One that its author is known to speak.
    """
    matches = matcher.match([text], [language])[0]
    parts = message_parts(text)
    if not matches.candidates or not parts:
        return _nothing(matches, has_words=bool(parts))
    first = matches.candidates[0].entry
    at = _decisive(matcher, parts, matches, language)
    mended = matcher.phrasings.repair.mended(parts, matches.language)[at]
    inside = _Inside(matcher, mended, matches.language)
    return Explanation(
        decision=matches.decision,
        reason=_reason(matches, inside),
        score=matches.score,
        raw=matches.raw,
        language=matches.language,
        answer_from=round(inside.calibration.answer_from, 4),
        suggest_from=round(inside.calibration.suggest_from, 4),
        part=parts[at].original,
        whole=at == 0,
        repairs=_repairs(parts[at].words, mended.words),
        words=inside.told_words(first),
        covered=round(inside.covered(first), 4),
        by_letters=inside.by_letters,
        candidates=tuple(
            _explained(inside, candidate.entry, candidate.score) for candidate in matches.candidates[:EXPLAINED]
        ),
    )


def _decisive(matcher: FaqMatcher, parts: Sequence[Part], matches: Matches, language: str | None) -> int:
    """Find the part that decided: the whole message, unless one of its sentences scores higher."""
    if len(parts) == 1:
        return 0
    # Sentences are heard in the language of the whole; each alone scores what it scored as a part.
    languages = [matches.language or language] * len(parts[1:])
    found = matcher.match([part.original for part in parts[1:]], languages)
    return next((at for at, one in enumerate(found, 1) if one.candidates[:1] == matches.candidates[:1]), 0)


def _repairs(written: Sequence[str], mended: Sequence[str]) -> dict[str, str]:
    """Give what words were taken for; several where they were joined or split."""
    changes = SequenceMatcher(None, written, mended, autojunk=False).get_opcodes()
    return {" ".join(written[i:j]): " ".join(mended[k:m]) for kind, i, j, k, m in changes if kind == "replace"}


def _nothing(matches: Matches, *, has_words: bool) -> Explanation:
    reason = "The FAQ has no wording to compare with." if has_words else "The message holds no word to go by."
    return Explanation(
        decision=matches.decision,
        reason=reason,
        score=matches.score,
        raw=matches.raw,
        language=matches.language,
        answer_from=1.01,
        suggest_from=1.01,
        part="",
        whole=True,
        repairs={},
        words=(),
        covered=0.0,
        by_letters=True,
        candidates=(),
    )


def _reason(matches: Matches, inside: _Inside) -> str:
    """Name what decided."""
    if matches.reason is not None:
        return _FOR_A_PERSON[matches.reason]
    in_the_way = _in_the_way(matches.raw, matches.candidates[0].entry, inside)
    if matches.decision == "answer":
        if in_the_way:
            return "The message repeats a wording."
        return f"The score {matches.raw:.2f} reaches {inside.calibration.answer_from:.2f}, where answers begin."
    if matches.decision == "suggest":
        return f"It is not answered: {in_the_way or 'something else than the score speaks against it'}."
    suggest_from = inside.calibration.suggest_from
    if matches.raw < suggest_from:
        return f"The score {matches.raw:.2f} is below {suggest_from:.2f}, where suggestions begin."
    return "It is handed over, whatever the score."


def _in_the_way(score: float, first: str, inside: _Inside) -> str:  # noqa: PLR0911 - one line a reason
    """Name the first thing that stands in the way of an answer; empty where nothing does."""
    answer_from = inside.calibration.answer_from
    if inside.is_single(first):
        return f"'{first}' has a single wording; add others under 'also'"
    if answer_from > 1:
        return "no score keeps the promise in this FAQ, only repeated wordings are answered"
    if score < answer_from:
        return f"the score {score:.2f} is below {answer_from:.2f}, where answers begin"
    covered = inside.covered(first)
    if inside.by_letters and covered < MIN_SHARE:
        return (
            f"only {covered:.0%} of what the message says stands in the entry's wordings, of at least {MIN_SHARE:.0%}"
        )
    if not inside.says_enough(first):
        return "the message names a topic and says too little about it"
    if inside.strays(first):
        return "a 'not', or a word that the FAQ does not know, may make it another question"
    return ""


def _explained(inside: _Inside, entry: str, score: float) -> Explained:
    part, language, likeness = inside.nearest(entry)
    return Explained(
        entry=entry,
        score=score,
        nearest=part.original,
        language=language,
        likeness=round(likeness, 2),
        evidence=inside.evidence(entry),
    )
