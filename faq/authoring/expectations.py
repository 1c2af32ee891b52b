"""Tests of an FAQ: the messages that its entries say they answer, and those they say they do not.

An entry's `expect` lists messages that are to lead to it: the bot answers with it, or offers it among its suggestions.
Its `expect_not` lists messages that the bot must not answer with it by itself; to offer it is no fault, since a person
chooses. So a message in both lists of one entry is to be offered, never answered. Where several entries expect the
same message, any of them may answer it; if it is not answered, each must be among the suggestions.

Each message is matched as one of a user who writes the language of its entry.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Literal

from faq.matching import Matches
from faq.text.cleaning import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from faq.entries import Entry, Faq
    from faq.matching import Decision, FaqMatcher

Kind = Literal["expect", "expect_not"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """One message and what is to become of it.

    Attributes:
        entry: The entry's id.
        language: The entry's language, taken as the user's.
        source: Where it stands, as `file.yaml:12`.
        copied: It is word for word a phrasing of its entry, so that it says nothing about new messages.
    """

    kind: Kind
    entry: str
    language: str
    source: str
    text: str
    copied: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """An expectation, what the bot would do, and, where that is not what was expected, what to change."""

    expectation: Expectation
    matches: Matches
    kept: bool
    found: str
    cure: str

    @property
    def decision(self) -> Decision:
        """What the bot would do."""
        return self.matches.decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What became of how many messages.

    Attributes:
        answered: Of `expect`, the kept ones that are answered outright.
        suggested: Of `expect`, the kept ones that are offered among the suggestions.
        missed: Of `expect`, the broken ones.
        left: Of `expect_not`, the kept ones.
        taken: Of `expect_not`, the broken ones.
        copied: Of `expect`, those that are phrasings word for word.
    """

    kept: int
    broken: int
    answered: int
    suggested: int
    missed: int
    left: int
    taken: int
    copied: int


def expectations(faq: Faq) -> Iterator[Expectation]:
    """Give the expectations of all entries, in the order of the files."""
    for entry in faq.entries:
        path = entry.source.rpartition(":")[0]
        spoken = {tuple(words(phrasing)) for phrasing in entry.phrasings}
        for (kind, text), line in zip_longest(_messages(entry), entry.expectation_lines):
            yield Expectation(
                kind=kind,
                entry=entry.id,
                language=entry.language,
                source=f"{path}:{line}" if line else entry.source,
                text=text,
                copied=tuple(words(text)) in spoken,
            )


def check(matcher: FaqMatcher) -> list[Checked]:
    """Match the messages of all expectations of the matcher's FAQ, in one batch, in the order of the files."""
    asked = list(expectations(matcher.faq))
    return judge(asked, matcher.match([one.text for one in asked], [one.language for one in asked]))


def judge(asked: Sequence[Expectation], found: Sequence[Matches]) -> list[Checked]:
    """Hold what was found for each message against what was expected of all of them."""
    owners: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
    for one in asked:
        if one.kind == "expect":
            owners[tuple(words(one.text))].add(one.entry)
    return [_checked(one, matches, owners[tuple(words(one.text))]) for one, matches in zip(asked, found, strict=True)]


def summarise(checked: Sequence[Checked]) -> Summary:
    """Count."""
    wanted = [one for one in checked if one.expectation.kind == "expect"]
    kept = sum(one.kept for one in checked)
    found = Counter(one.decision for one in wanted if one.kept)
    left = kept - found.total()
    return Summary(
        kept=kept,
        broken=len(checked) - kept,
        answered=found["answer"],
        suggested=found["suggest"],
        missed=len(wanted) - found.total(),
        left=left,
        taken=len(checked) - len(wanted) - left,
        copied=sum(one.expectation.copied for one in wanted),
    )


def _messages(entry: Entry) -> Iterator[tuple[Kind, str]]:
    yield from (("expect", text) for text in entry.expect)
    yield from (("expect_not", text) for text in entry.expect_not)


def _checked(one: Expectation, matches: Matches, owners: set[str]) -> Checked:
    offered = [candidate.entry for candidate in matches.offered]
    answer = offered[0] if matches.decision == "answer" else None
    if one.kind == "expect_not":
        kept = answer != one.entry
    elif answer is not None:
        kept = answer in owners
    else:
        kept = matches.decision == "suggest" and one.entry in offered
    cure = "" if kept else _cure(one, matches.decision, offered)
    return Checked(expectation=one, matches=matches, kept=kept, found=_found(matches.decision, offered), cure=cure)


def _found(decision: Decision, offered: list[str]) -> str:
    if decision == "answer":
        return f"the bot answers with '{offered[0]}'"
    if decision == "suggest":
        return "the bot offers " + ", ".join(f"'{entry}'" for entry in offered)
    return "the bot opens a ticket"


def _cure(one: Expectation, decision: Decision, offered: list[str]) -> str:
    if one.kind == "expect_not":
        return (
            f"Reword the phrasings of '{one.entry}' that sound like it, or add an entry that answers it. "
            "If the answer does fit, drop the line."
        )
    if decision == "answer":
        return (
            f"Word '{one.entry}' and '{offered[0]}' further apart ('firstline faq lint' names such pairs). "
            f"If '{offered[0]}' answers it as well, expect it there, too."
        )
    return (
        f"Add to 'also' of '{one.entry}' how people put this, in words of your own and not this message, "
        "which would then prove nothing. If a person should see it anyway, drop the line."
    )
