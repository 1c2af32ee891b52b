"""What the people who write the FAQ should look at, found by playing it against itself."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from faq.calibration import ANSWERED
from faq.cleaning import words
from faq.entries import Entry, Faq, load
from faq.matching import FaqMatcher

if TYPE_CHECKING:
    from collections.abc import Iterator

MIN_PHRASINGS = 5
MAX_ANSWER_CHARS = 1000
MIN_CONFUSIONS = 3
MIN_CONFUSED_SHARE = 0.1  # of the phrasings of both entries


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to look at.

    Attributes:
        kind: `confusable`, `duplicate`, `wordless`, `few_phrasings`, `missing_translation`, `long_answer` or
            `expected_answers` (which is no fault but a figure).
        source: Where, as `file.yaml:12`; empty where it concerns the whole FAQ.
        message: A sentence for people.
    """

    kind: str
    source: str
    message: str


def lint(faq: Path | Faq | FaqMatcher) -> list[Finding]:
    """Examine an FAQ.

    Args:
        faq: A file or folder, or what is already loaded, or its matcher (which saves building one).

    Raises:
        FaqError: The path holds no usable FAQ.
    """
    loaded = load(faq) if isinstance(faq, Path) else faq
    matcher = loaded if isinstance(loaded, FaqMatcher) else FaqMatcher(loaded)
    return [
        *_duplicates(matcher.faq),
        *_confusable(matcher),
        *_entries(matcher.faq),
        *_missing_translations(matcher.faq),
        *_expected(matcher),
    ]


def _duplicates(faq: Faq) -> Iterator[Finding]:
    owners: defaultdict[tuple[str, ...], dict[str, Entry]] = defaultdict(dict)
    for entry in faq.entries:
        for phrasing in entry.phrasings:
            spoken = tuple(words(phrasing))
            if spoken:
                owners[spoken].setdefault(entry.id, entry)
            else:
                message = f"'{entry.id}' has a phrasing without a word; it can match nothing."
                yield Finding(kind="wordless", source=entry.source, message=message)
    for spoken, entries in owners.items():
        if len(entries) > 1:
            first, *others = entries.values()
            also = ", ".join(repr(other.id) for other in others)
            message = (
                f"'{' '.join(spoken)[:80]}' is a phrasing of '{first.id}' and of {also}; "
                "so it can hardly be answered. Keep it in one."
            )
            yield Finding(kind="duplicate", source=first.source, message=message)


def _confusable(matcher: FaqMatcher) -> Iterator[Finding]:
    if matcher.rehearsal is None:
        return
    ids = matcher.phrasings.ids
    pairs: defaultdict[tuple[int, int], int] = defaultdict(int)
    for (right, found), count in matcher.rehearsal.mistaken.items():
        pairs[min(right, found), max(right, found)] += count
    sources = {entry.id: entry.source for entry in reversed(matcher.faq.entries)}
    for (one, other), count in sorted(pairs.items(), key=lambda pair: (-pair[1], pair[0])):
        both = int(np.isin(matcher.phrasings.owners, (one, other)).sum())
        if count >= max(MIN_CONFUSIONS, MIN_CONFUSED_SHARE * both):
            message = (
                f"'{ids[one]}' and '{ids[other]}' take each other's questions: {count} phrasings left out were given "
                "to the wrong one. Word them further apart, or join them."
            )
            yield Finding(kind="confusable", source=sources[ids[one]], message=message)


def _entries(faq: Faq) -> Iterator[Finding]:
    for entry in faq.entries:
        count = len(entry.phrasings)
        if count < MIN_PHRASINGS:
            message = (
                f"'{entry.id}' ({entry.language}) has {count} of at least {MIN_PHRASINGS} phrasings; add to 'also:'."
            )
            yield Finding(kind="few_phrasings", source=entry.source, message=message)
        if len(entry.answer) > MAX_ANSWER_CHARS:
            message = (
                f"The answer of '{entry.id}' ({entry.language}) has {len(entry.answer)} characters; most channels show "
                f"at most {MAX_ANSWER_CHARS} well. Shorten it, or link to the rest."
            )
            yield Finding(kind="long_answer", source=entry.source, message=message)


def _missing_translations(faq: Faq) -> Iterator[Finding]:
    spoken: defaultdict[str, set[str]] = defaultdict(set)
    for entry in faq.entries:
        spoken[entry.id].add(entry.language)
    for entry_id, languages in spoken.items():
        missing = [language for language in faq.languages if language not in languages]
        if missing:
            first = next(entry for entry in faq.entries if entry.id == entry_id)
            message = f"'{entry_id}' is missing in {', '.join(missing)}; {first.language} is shown instead."
            yield Finding(kind="missing_translation", source=first.source, message=message)


def _expected(matcher: FaqMatcher) -> Iterator[Finding]:
    if matcher.rehearsal is None:
        return
    rows = matcher.rehearsal.rows
    inside = rows.kind == ANSWERED
    if not inside.any():
        return
    calibration = matcher.calibration
    scores = np.multiply(*calibration.chances(rows.scope[inside], rows.right[inside]))
    answered = float((scores >= calibration.answer_from).mean())
    offered = float((scores >= calibration.suggest_from).mean())
    message = (
        f"Of new questions that the FAQ covers, about {answered:.0%} would be answered and {offered - answered:.0%} "
        f"get suggestions, if {matcher.promises.answer_precision:.0%} of the answers are to be right. "
        "Real messages do somewhat worse."
    )
    yield Finding(kind="expected_answers", source="", message=message)
