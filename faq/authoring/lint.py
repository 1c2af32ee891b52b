"""What the people who write the FAQ should look at: mistakes, and weak spots found by playing it against itself."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from faq.authoring import lengths
from faq.authoring.drafts import TO_DO
from faq.authoring.links import Link, Severity, faults, links
from faq.calibration import ANSWERED
from faq.entries import Entry, Faq, load
from faq.matching import FaqMatcher
from faq.text.cleaning import words

if TYPE_CHECKING:
    from collections.abc import Iterator

MIN_PHRASINGS = 5
MAX_X_POSTS = 4
MIN_CONFUSIONS = 3
MIN_CONFUSED_SHARE = 0.1  # of the phrasings of both entries
MANY_CONFUSED_SHARE = 0.25  # from which it is a warning
NEARLY_THE_SAME = 92  # per cent of the letters
ALIKE_WORDS = 80  # per cent of the letters of the words that differ
MIN_NEAR_WORDS = 3
MAX_SHARING = 200  # phrasings that have all words but one in common and are compared with each other
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "hint")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to look at.

    Attributes:
        severity: An `error` makes the bot answer wrongly or not at all; a `warning` may; a `hint` is worth a look.
        kind: One word for machines, such as `duplicate`, `unsafe_link` or `expected_answers` (a figure, no fault).
        path: The file; empty where it concerns the whole FAQ.
        line: Where the entry begins, from 1; 0 where it concerns the whole FAQ.
        message: A sentence for people.
    """

    severity: Severity
    kind: str
    path: str = ""
    line: int = 0
    message: str

    @property
    def source(self) -> str:
        """Where, as `file.yaml:12`."""
        return f"{self.path}:{self.line}" if self.path else ""


def lint(faq: Path | Faq | FaqMatcher) -> list[Finding]:
    """Examine an FAQ; by file and line, what concerns the whole of it at the end.

    Args:
        faq: A file or folder, or what is already loaded, or its matcher (which saves building one).

    Raises:
        FaqError: The path holds no usable FAQ.
    """
    loaded = load(faq) if isinstance(faq, Path) else faq
    matcher = loaded if isinstance(loaded, FaqMatcher) else FaqMatcher(loaded)
    found = [
        *_duplicates(matcher.faq),
        *_nearly_the_same(matcher.faq),
        *_confusable(matcher),
        *_few_phrasings(matcher.faq),
        *_unfinished(matcher.faq),
        *_answers(matcher.faq),
        *_links(matcher.faq),
        *_slips(matcher.faq),
        *_missing_translations(matcher.faq),
        *_posts_on_x(matcher.faq),
        *_expected(matcher),
    ]
    return sorted(found, key=lambda one: (not one.path, one.path, one.line, SEVERITIES.index(one.severity)))


def _at(entry: Entry, severity: Severity, kind: str, message: str) -> Finding:
    path, _, line = entry.source.rpartition(":")
    return Finding(severity=severity, kind=kind, path=path, line=int(line or 0), message=message)


def _duplicates(faq: Faq) -> Iterator[Finding]:
    owners: defaultdict[tuple[str, ...], dict[str, Entry]] = defaultdict(dict)
    for entry in faq.entries:
        for phrasing in entry.phrasings:
            spoken = tuple(words(phrasing))
            if spoken:
                owners[spoken].setdefault(entry.id, entry)
            else:
                message = f"'{entry.id}' has a phrasing without a word ({phrasing[:20]!r}); it can match nothing."
                yield _at(entry, "warning", "wordless", message)
    for spoken, entries in owners.items():
        if len(entries) > 1:
            first, *others = entries.values()
            also = " and ".join(f"'{other.id}' ({other.source})" for other in others)
            same = all(other.answer == first.answer for other in others)
            cure = "The answers are the same: join the entries." if same else "Keep it in one."
            message = f"'{' '.join(spoken)[:80]}' is asked in '{first.id}' and in {also}; it cannot be answered. {cure}"
            yield _at(first, "error", "duplicate", message)


def _nearly_the_same(faq: Faq) -> Iterator[Finding]:
    """Compare phrasings that have all words but one in common: linear in their number, not its square."""
    phrasings = [(entry, phrasing) for entry in faq.entries for phrasing in entry.phrasings]
    sharing: defaultdict[tuple[str, ...], list[tuple[int, str]]] = defaultdict(list)
    for at, (_, phrasing) in enumerate(phrasings):
        spoken = sorted(words(phrasing))
        if len(spoken) >= MIN_NEAR_WORDS:
            sharing[tuple(spoken)].append((at, ""))
            for i in range(len(spoken)):
                sharing[(*spoken[:i], *spoken[i + 1 :])].append((at, spoken[i]))
    told: set[tuple[str, str]] = set()
    for common, members in sharing.items():
        for (one, left), (other, right) in combinations(members[:MAX_SHARING], 2):
            (first, mine), (second, theirs) = phrasings[one], phrasings[other]
            pair = (min(first.id, second.id), max(first.id, second.id))
            if first.id == second.id or pair in told or not _hardly_differ(common, left, right):
                continue
            told.add(pair)
            differ = "the answers differ" if first.answer != second.answer else "the answers are the same"
            message = (
                f"'{mine[:80]}' of '{first.id}' and '{theirs[:80]}' of '{second.id}' ({second.source}) are nearly "
                f"the same, and {differ}. Keep one of them, or join the entries."
            )
            yield _at(first, "warning", "near_duplicate", message)


def _hardly_differ(common: tuple[str, ...], left: str, right: str) -> bool:
    """Tell whether two phrasings are one question that differ in a word (one may be empty) besides what is common.

    Another number makes another question, and so does another short name: eth and etc are two coins.
    """
    if left == right or not (left + right).isalpha():
        return False
    if left and right and fuzz.ratio(left, right) < ALIKE_WORDS:
        return False
    return fuzz.ratio(" ".join((left, *common)).strip(), " ".join((right, *common)).strip()) >= NEARLY_THE_SAME


def _confusable(matcher: FaqMatcher) -> Iterator[Finding]:
    if matcher.rehearsal is None:
        return
    ids = matcher.phrasings.ids
    pairs: defaultdict[tuple[int, int], int] = defaultdict(int)
    for (right, found), count in matcher.rehearsal.mistaken.items():
        pairs[min(right, found), max(right, found)] += count
    first = {entry.id: entry for entry in reversed(matcher.faq.entries)}
    for (one, other), count in sorted(pairs.items(), key=lambda pair: (-pair[1], pair[0])):
        share = count / int(np.isin(matcher.phrasings.owners, (one, other)).sum())
        if count >= MIN_CONFUSIONS and share >= MIN_CONFUSED_SHARE:
            message = (
                f"'{ids[one]}' and '{ids[other]}' take each other's questions: left out, {count} of their "
                f"phrasings ({share:.0%}) went to the other. Word them further apart, or join them."
            )
            yield _at(first[ids[one]], "warning" if share >= MANY_CONFUSED_SHARE else "hint", "confusable", message)


def _few_phrasings(faq: Faq) -> Iterator[Finding]:
    for entry in faq.entries:
        count = len(entry.phrasings)
        if count < MIN_PHRASINGS:
            told = f"'{entry.id}' ({entry.language}) has {count} of at least {MIN_PHRASINGS} phrasings; add to 'also:'."
            yield _at(entry, "hint", "few_phrasings", told)


def _unfinished(faq: Faq) -> Iterator[Finding]:
    for entry in faq.entries:
        if TO_DO.casefold() in entry.answer.casefold():
            message = f"The answer of '{entry.id}' ({entry.language}) is that of a draft. Write it, or drop the entry."
            yield _at(entry, "error", "unfinished", message)


def shown(entry: Entry) -> str:
    """Give what people see of an entry: its answer and its links."""
    return "\n".join((entry.answer.strip(), *entry.links))


def _answers(faq: Faq) -> Iterator[Finding]:
    for entry in faq.entries:
        for channel, most in ((lengths.TELEGRAM, 1), (lengths.DISCORD, 1), (lengths.X, MAX_X_POSTS)):
            count = lengths.posts(shown(entry), channel)
            if count > most:
                weight = channel.weigh(shown(entry))
                message = (
                    f"The answer of '{entry.id}' ({entry.language}) takes {count} posts on {channel.name}, with "
                    f"{weight} {channel.unit} for {channel.limit} a post. Shorten it, or link to the rest."
                )
                yield _at(entry, "warning" if most == 1 else "hint", "long_answer", message)


def _posts_on_x(faq: Faq) -> Iterator[Finding]:
    counts = Counter(lengths.posts(shown(entry), lengths.X) for entry in faq.entries)
    several = sum(count for posts, count in counts.items() if posts > 1)
    if several:
        message = (
            f"On X, {several} of {len(faq.entries)} answers take more than one post of {lengths.X.limit} weighted "
            f"characters; the longest takes {max(counts)}. Nothing to do if the bot does not answer on X."
        )
        yield Finding(severity="hint", kind="posts_on_x", message=message)


def _links(faq: Faq) -> Iterator[Finding]:
    ids = {entry.id for entry in faq.entries}
    for entry in faq.entries:
        for link in [*links(entry.answer), *(Link(target=link) for link in entry.links)]:
            written = f"[{link.shown[:40]}]({link.target[:80]})" if link.shown else link.target[:80]
            name = f"'{written}' in '{entry.id}' ({entry.language})"
            if link.target.startswith("#") and link.target[1:] not in ids:
                message = f"{name} leads nowhere: there is no entry '{link.target[1:81]}'."
                yield _at(entry, "error", "dead_link", message)
            elif not _has_scheme(link.target):
                message = f"{name} cannot be followed in a chat. Write a whole address, or name the question."
                yield _at(entry, "warning", "dead_link", message)
            else:
                for severity, fault in faults(link):
                    yield _at(entry, severity, "unsafe_link", f"{name} {fault}.")
                if link.shown:
                    message = f"{name} is shown as it stands: answers know no Markdown links. Write the bare address."
                    yield _at(entry, "hint", "markdown_link", message)


def _has_scheme(target: str) -> bool:
    return target.partition(":")[0].isalpha() and ":" in target


def _slips(faq: Faq) -> Iterator[Finding]:
    """Find hosts a letter away from one that is used more often."""
    found = [(entry, link.host) for entry in faq.entries for link in (*links(entry.answer), *map(_bare, entry.links))]
    counts = Counter(host for _, host in found if host)
    usual = [host for host, count in counts.items() if count > 1 and host]
    for entry, host in found:
        close = (other for other in usual if counts[other] > counts[host] and _one_letter_apart(host, other))
        if host and (other := next(close, "")):
            message = (
                f"The host '{host}' in '{entry.id}' is a letter away from '{other}', used more often. Is it a slip?"
            )
            yield _at(entry, "warning", "unsafe_link", message)


def _bare(link: str) -> Link:
    return Link(target=link)


def _one_letter_apart(one: str, other: str) -> bool:
    return one != other and OSA.distance(one, other, score_cutoff=1) <= 1


def _missing_translations(faq: Faq) -> Iterator[Finding]:
    spoken: defaultdict[str, set[str]] = defaultdict(set)
    for entry in faq.entries:
        spoken[entry.id].add(entry.language)
    first = {entry.id: entry for entry in reversed(faq.entries)}
    for entry_id, languages in spoken.items():
        missing = [language for language in faq.languages if language not in languages]
        if missing:
            message = f"'{entry_id}' is missing in {', '.join(missing)}; another language is shown instead."
            yield _at(first[entry_id], "warning", "missing_translation", message)


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
    yield Finding(severity="hint", kind="expected_answers", message=message)
