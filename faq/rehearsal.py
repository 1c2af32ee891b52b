"""Playing the FAQ against itself: messages whose right outcome is known without anybody labelling one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from faq.built import Arrays, under, within
from faq.calibration import ANSWERED, OTHER_DOMAIN, SAME_DOMAIN, Row, Rows, joined
from faq.text.cleaning import Part, message_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from faq.coverage import Coverage
    from faq.evidence import Heard, Scorer
    from faq.phrasings import Phrasings

GROUPS = 5  # a fifth of the entries is left out together, as an FAQ lacks more than one entry
MAX_ROWS = 300  # phrasings that a large FAQ is rehearsed with
MAX_REPEATED = 500  # phrasings of a small one that are rehearsed more than once
MAX_SPLICED = 150  # phrasings that near misses are made from, three of each
MIN_LINE_WORDS = 3  # of other domains' lines that one is made from: shorter ones are small talk
STRIDE = 7  # through those lines, so that neighbouring phrasings meet different subjects


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What came of it.

    Attributes:
        rows: For the calibration.
        abroad: The same for messages in a language that the FAQ does not speak; None without encoders.
        mistaken: (right entry, entry found instead) by index, and how many phrasings fell for it.
    """

    rows: Rows
    abroad: Rows | None
    mistaken: Counter[tuple[int, int]]

    @classmethod
    def of_arrays(cls, built: Arrays) -> Rehearsal:
        """Give what `to_arrays` took apart."""
        home, abroad = within("rows", built), within("abroad", built)
        mistaken = {(right, found): count for right, found, count in built["mistaken"].tolist()}
        return cls(rows=Rows(**home or {}), abroad=Rows(**abroad) if abroad else None, mistaken=Counter(mistaken))

    def to_arrays(self) -> Arrays:
        """Give all of it as plain arrays."""
        mistaken = [[*pair, count] for pair, count in self.mistaken.items()]
        found = {"mistaken": np.array(mistaken, dtype=np.intp).reshape(-1, 3), **under("rows", self.rows.to_arrays())}
        return found if self.abroad is None else {**found, **under("abroad", self.abroad.to_arrays())}


def other_domains(languages: Sequence[str]) -> list[Part]:
    """Give the shipped lines of small talk and other domains in these languages."""
    shipped = files("faq") / "other_domains"
    codes = sorted({language.partition("-")[0].lower() for language in languages})
    found = [shipped / f"{code}.txt" for code in codes]
    # Where a language has none, English ones are better than no idea of what lies outside.
    found = [file for file in found if file.is_file()] or [shipped / "en.txt"]
    lines = [line for file in found for line in file.read_text(encoding="utf-8").splitlines()]
    return [part for line in lines for part in message_parts(line)[:1]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswerable:
    """A message that no entry answers.

    Attributes:
        source: The index of the phrasing it was made from; -1 for a line of another domain.
    """

    part: Part
    source: int = -1


def unanswerable(phrasings: Phrasings, coverage: Coverage, far: Sequence[Part]) -> list[Unanswerable]:
    """Give lines of other domains, and near misses made from them and the phrasings."""
    made = near_misses(coverage, phrasings.texts, [part.words for part in far])
    near = [(Part(text=" ".join(said), words=tuple(said), original=""), source) for said, source in made]
    return [*(Unanswerable(part=part) for part in far), *(Unanswerable(part=part, source=at) for part, at in near)]


def rehearse(
    scorer: Scorer, coverage: Coverage, others: Sequence[Unanswerable], vectors: Sequence[NDArray[np.float32]]
) -> Rehearsal:
    """Match each phrasing left out, each without a fifth of the entries (its own too), and what has no answer.

    Args:
        scorer: The trained scorer.
        coverage: Of the same FAQ.
        others: What has no answer.
        vectors: Of these by each encoder, (len(others), D).
    """
    stage = _Stage(scorer, coverage)
    stage.leave_out_phrasings()
    if len(scorer.phrasings.ids) > 1:
        stage.leave_out_entries()
    for at, other in enumerate(others):
        stage.say(other, [of_encoder[at : at + 1] for of_encoder in vectors])
    abroad = joined(stage.abroad) if scorer.meanings else None
    return Rehearsal(rows=joined(stage.rows), abroad=abroad, mistaken=stage.mistaken)


def near_misses(
    coverage: Coverage, texts: Sequence[Sequence[str]], far: Sequence[Sequence[str]]
) -> list[tuple[list[str], int]]:
    """Make messages that share words with the FAQ and ask something else, each with the index of its phrasing.

    A phrasing's most informative word is put in place of another domain's, and the other way round: "how do I unclog a
    password", "I forgot my sink"; and before it: "I forgot my sink password". Leaving entries out makes no such rows
    where each entry has words of its own.
    """
    lines = [line for line in far if len(line) >= MIN_LINE_WORDS]
    made: list[tuple[list[str], int]] = []
    for turn, source in enumerate(range(0, len(texts) if lines else 0, max(1, len(texts) // MAX_SPLICED))):
        text, line = texts[source], lines[turn * STRIDE % len(lines)]
        ours, theirs = max(text, key=coverage.rarity), max(line, key=coverage.rarity)
        made.append(([ours if word == theirs else word for word in line], source))
        made.append(([theirs if word == ours else word for word in text], source))
        made.append(([said for word in text for said in ((theirs, word) if word == ours else (word,))], source))
    return made


class _Stage:
    """Collects rows."""

    def __init__(self, scorer: Scorer, coverage: Coverage) -> None:
        self.scorer = scorer
        self.coverage = coverage
        self.rows: list[Row] = []
        self.abroad: list[Row] = []
        self.mistaken: Counter[tuple[int, int]] = Counter()
        phrasings = scorer.phrasings
        step = 1 if scorer.trained else max(1, -(-len(phrasings.texts) // MAX_ROWS))
        self.chosen = range(0, len(phrasings.texts), step)
        self.repeated = self.chosen[:: -(-len(self.chosen) // MAX_REPEATED)]
        self.groups = np.arange(len(phrasings.ids)) % min(GROUPS, len(phrasings.ids))

    def leave_out_phrasings(self) -> None:
        phrasings = self.scorer.phrasings
        turns = (np.arange(len(phrasings.owners)) - phrasings.starts[phrasings.owners] + phrasings.owners) % GROUPS
        heads = self.scorer.held_out(turns)
        for at in self.chosen:
            owner = int(phrasings.owners[at])
            if self.scorer.counts[owner] < 2:  # noqa: PLR2004 - nothing of the entry would remain to be found
                continue
            # Its translations would give it away.
            left_out = (phrasings.owners == owner) & (phrasings.languages != phrasings.languages[at])
            left_out[at] = True
            heard = self.scorer.hear_phrasing(at)
            evidence = self.scorer.weigh(heard, heads(heard, at), left_out)
            found, spoken = evidence.best, phrasings.texts[at]
            covered = self.coverage.share(spoken, found, at if found == owner else -1)
            known = phrasings.known_share(spoken, besides="phrasing")
            self.rows.append(_row(evidence.signs(known, covered), found == owner, ANSWERED))
            if found != owner:
                self.mistaken[owner, found] += 1
            if at in self.repeated:
                self.repeat_abroad(heard, heads, left_out, None, at)

    def leave_out_entries(self) -> None:
        phrasings = self.scorer.phrasings
        heads = self.scorer.held_out(self.groups[phrasings.owners])
        for at in self.repeated:
            banned = self.groups == self.groups[phrasings.owners[at]]
            heard = self.scorer.hear_phrasing(at)
            left_out = banned[phrasings.owners]
            evidence = self.scorer.weigh(heard, heads(heard, at), left_out, banned)
            known = phrasings.known_share(phrasings.texts[at], besides="entry")
            covered = self.coverage.share(phrasings.texts[at], evidence.best)
            self.rows.append(_row(evidence.signs(known, covered), False, SAME_DOMAIN))
            self.repeat_abroad(heard, heads, left_out, banned, at)

    def repeat_abroad(
        self,
        heard: Heard,
        heads: Callable[[Heard, int], NDArray[np.float32] | None],
        left_out: NDArray[np.bool_],
        banned: NDArray[np.bool_] | None,
        at: int,
    ) -> None:
        if not self.scorer.meanings:
            return
        foreign = self.scorer.as_foreign(heard)
        evidence = self.scorer.weigh(foreign, heads(foreign, at), left_out, banned)
        hit = banned is None and evidence.best == self.scorer.phrasings.owners[at]
        self.abroad.append(_row(evidence.signs(0.0, 0.0), hit, ANSWERED if banned is None else SAME_DOMAIN))

    def say(self, other: Unanswerable, vectors: Sequence[NDArray[np.float32]]) -> None:
        """Match a text that has no answer, without the phrasing it was made from."""
        phrasings, words = self.scorer.phrasings, other.part.words
        heard = self.scorer.hear(other.part, None, vectors)
        left_out = None
        if other.source >= 0:
            left_out = np.zeros(len(phrasings.texts), dtype=bool)
            left_out[other.source] = True
        kind = OTHER_DOMAIN if other.source < 0 else SAME_DOMAIN
        evidence = self.scorer.weigh(heard, None, left_out)
        covered = self.coverage.share(words, evidence.best)
        self.rows.append(_row(evidence.signs(phrasings.known_share(words), covered), False, kind))
        if self.scorer.meanings:
            evidence = self.scorer.weigh(self.scorer.as_foreign(heard), None, left_out)
            self.abroad.append(_row(evidence.signs(0.0, 0.0), False, kind))


def _row(signs: tuple[tuple[float, ...], tuple[float, ...]], hit: bool, kind: int) -> Row:  # noqa: FBT001
    return Row(scope=signs[0], right=signs[1], hit=hit, kind=kind)
