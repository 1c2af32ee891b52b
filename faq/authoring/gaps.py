"""What people ask that the FAQ does not answer: messages grouped by meaning into proposed entries.

Pure: texts, times and vectors in, groups out; the order of the messages changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from faq.authoring.grouping import group, hashed, unit
from faq.rehearsal import other_domains
from faq.text.cleaning import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from faq.encoders import Encoder
    from faq.entries import Faq

EXAMPLES = 8
EXAMPLES_WITHIN = 0.8  # of a group, from its middle outwards: the rest is its least certain part
QUESTION_CHARS = 140
NEAREST_PHRASINGS = 3
PERIODS = 4  # the trend compares the last quarter of the days with the one before


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A message that was not answered; `why` is the rule of its outcome."""

    text: str
    at: datetime
    language: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A message of a group; `language` is empty where nobody knows."""

    text: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A group of messages that one entry could answer.

    Attributes:
        question: The message in the middle of the group.
        examples: Up to eight messages, from the middle outwards, the question first.
        count: Messages, repeated ones included.
        recent: Of them in the last quarter of the days, and `before` in the quarter before that.
        nearest: The id of the entry most like the group; empty without an FAQ.
        likeness: Of that entry, -1..1.
        covered: Whether that entry seems to answer it, so that it lacks wordings and nothing else.
        languages: How many messages in each language, the most frequent first; "" where nobody knows.
        reasons: How many messages by rule, the most frequent first.
    """

    question: str
    examples: tuple[Example, ...]
    count: int
    recent: int
    before: int
    nearest: str
    likeness: float
    covered: bool
    languages: Mapping[str, int]
    reasons: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """Where texts lie, and how near is near.

    Attributes:
        messages: (M, D) unit rows, one for each *distinct* message (see `distinct`), in that order.
        phrasings: (P, D) unit rows, one for each phrasing of the FAQ, in the order of `phrasings`.
        together: Mean cosine from which two groups are one.
        covered: Likeness from which an entry seems to answer a group.
    """

    messages: NDArray[np.float32]
    phrasings: NDArray[np.float32]
    together: float
    covered: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Distinct:
    """Messages that differ in nothing but case, accents, clutter and spacing."""

    text: str
    asked: tuple[Question, ...] = field(repr=False)


def distinct(questions: Sequence[Question]) -> list[Distinct]:
    """Join messages of the same words, the most frequent first; those without a word are none."""
    found: dict[tuple[str, ...], list[Question]] = {}
    for question in questions:
        if spoken := tuple(words(question.text)):
            found.setdefault(spoken, []).append(question)
    ordered = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
    return [
        Distinct(text=min(_most_frequent(asked)), asked=tuple(sorted(asked, key=_in_order))) for _, asked in ordered
    ]


def _in_order(question: Question) -> tuple[datetime, str, str]:
    return question.at, question.language, question.text


def _most_frequent(asked: Sequence[Question]) -> list[str]:
    counted = Counter(question.text for question in asked)
    most = max(counted.values())
    return [text for text, count in counted.items() if count == most]


def phrasings(faq: Faq) -> list[tuple[str, str]]:
    """List (entry id, phrasing) for the whole FAQ."""
    return [(entry.id, phrasing) for entry in faq.entries for phrasing in entry.phrasings]


def space(asked: Sequence[Distinct], known: Sequence[tuple[str, str]], encoders: Sequence[Encoder]) -> Space:
    """Place messages and phrasings by meaning, or by their letters where there is no encoder.

    The thresholds were measured on three FAQs of which every other entry was taken away: with the sentence encoder
    84 to 94 % of a group's messages belong together, by letters 81 to 93 %.
    """
    texts = [one.text for one in asked] + [phrasing for _, phrasing in known]
    if not encoders:
        table = hashed([words(text) for text in texts])
        return Space(messages=table[: len(asked)], phrasings=table[len(asked) :], together=0.18, covered=0.2)
    far = [part.text for part in other_domains(["en"])]
    parts = [_centred(encoder.encode([*texts, *far]))[: len(texts)] for encoder in encoders]
    table = np.concatenate(parts, axis=1)
    table = unit(table)
    return Space(messages=table[: len(asked)], phrasings=table[len(asked) :], together=0.4, covered=0.45)


def _centred(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Take out what all texts share; the FAQ and small talk keep a few messages about one thing from being all."""
    return unit(rows - rows.mean(axis=0))


def find(  # noqa: PLR0913 - a group is told by all of these
    asked: Sequence[Distinct],
    known: Sequence[tuple[str, str]],
    places: Space,
    *,
    now: datetime,
    days: float,
    at_least: int,
) -> list[Gap]:
    """Group the messages; gives the groups of `at_least` messages, the largest first.

    Args:
        asked: From `distinct`.
        known: From `phrasings`.
        places: From `space`, of the same two.
        now: The end of the days looked at.
        days: How many; the trend compares the last quarter of them with the one before.
        at_least: Messages in a group, repeated ones included.
    """
    if not asked:
        return []
    weights = np.array([len(one.asked) for one in asked], dtype=np.float64)
    period = timedelta(days=days) / PERIODS
    gaps = []
    for members in group(places.messages, weights, places.together):
        if weights[members].sum() >= at_least:
            middle = np.average(places.messages[members], axis=0, weights=weights[members])
            closest = np.argsort(-np.round(places.messages[members] @ middle, 5), kind="stable")
            nearest, likeness = _nearest(places.phrasings @ middle, known)
            gaps.append(_gap([asked[members[at]] for at in closest], nearest, likeness, places.covered, (now, period)))
    return sorted(gaps, key=lambda gap: (-gap.count, gap.question))


def _gap(
    members: Sequence[Distinct], nearest: str, likeness: float, covered: float, when: tuple[datetime, timedelta]
) -> Gap:
    """Describe a group whose members come from its middle outwards."""
    now, period = when
    everything = [question for one in members for question in one.asked]
    first = next((one for one in members if len(one.text) <= QUESTION_CHARS), members[0])
    inner = members[: max(int(len(members) * EXAMPLES_WITHIN), EXAMPLES)]
    steps = np.unique(np.linspace(0, len(inner) - 1, EXAMPLES).round().astype(int))
    shown = {one.text: one for one in (first, *(inner[step] for step in steps))}
    return Gap(
        question=first.text,
        examples=tuple(Example(text=text, language=one.asked[0].language) for text, one in shown.items())[:EXAMPLES],
        count=len(everything),
        recent=sum(now - period < question.at <= now for question in everything),
        before=sum(now - 2 * period < question.at <= now - period for question in everything),
        nearest=nearest,
        likeness=round(likeness, 2),
        covered=likeness >= covered,
        languages=_counted(question.language for question in everything),
        reasons=_counted(question.why for question in everything),
    )


def _counted(names: Iterable[str]) -> dict[str, int]:
    counts = Counter(names)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _nearest(likeness: NDArray[np.float32], known: Sequence[tuple[str, str]]) -> tuple[str, float]:
    """Give the entry whose three likest phrasings are likest: one alone may share but a word."""
    found: dict[str, list[float]] = {}
    for (entry, _), like in zip(known, likeness.tolist(), strict=True):
        found.setdefault(entry, []).append(like)
    means = {entry: float(np.mean(sorted(likes, reverse=True)[:NEAREST_PHRASINGS])) for entry, likes in found.items()}
    return min(((entry, mean) for entry, mean in means.items()), key=lambda one: (-one[1], one[0]), default=("", 0.0))
