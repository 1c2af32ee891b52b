"""Playing the FAQ against itself: messages whose right outcome is known without anybody labelling one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from faq.calibration import ANSWERED, OTHER_DOMAIN, SAME_DOMAIN, Rows, joined
from faq.cleaning import words
from faq.heads import held_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from faq.coverage import Coverage
    from faq.evidence import Evidence, Scorer

GROUPS = 5  # a fifth of the entries is left out together, as an FAQ lacks more than one entry
MAX_ROWS = 300  # phrasings that a large FAQ is rehearsed with
MAX_SPLICED = 150  # phrasings that near misses are made from, two of each
MIN_LINE_WORDS = 3  # of other domains' lines that one is made from: shorter ones are small talk
STRIDE = 7  # through those lines, so that neighbouring phrasings meet different subjects


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What came of it.

    Attributes:
        rows: For the calibration.
        mistaken: (right entry, entry found instead) by index, and how many phrasings fell for it.
    """

    rows: Rows
    mistaken: Counter[tuple[int, int]]


def other_domains(languages: Sequence[str]) -> list[list[str]]:
    """Give the shipped lines of small talk and other domains in these languages, as words."""
    shipped = files("faq") / "other_domains"
    codes = sorted({language.partition("-")[0].lower() for language in languages})
    found = [shipped / f"{code}.txt" for code in codes]
    lines = [line for file in found if file.is_file() for line in file.read_text(encoding="utf-8").splitlines()]
    return [spoken for line in lines if (spoken := words(line))]


def rehearse(scorer: Scorer, likeness: NDArray[np.float32] | None, far: list[list[str]]) -> Rehearsal:
    """Match each phrasing left out, each without a fifth of the entries (its own too), near misses and small talk.

    Args:
        scorer: The trained scorer.
        likeness: Of all phrasings with each other, (N, N); None in an FAQ too large for it.
        far: Lines of other domains.
    """
    phrasings = scorer.phrasings
    step = 1 if likeness is not None else max(1, -(-len(phrasings.texts) // MAX_ROWS))
    chosen = np.arange(0, len(phrasings.texts), step)
    texts = [phrasings.texts[at] for at in chosen]
    owners = phrasings.owners[chosen]
    own = likeness if likeness is not None else np.stack([phrasings.own_likeness(int(at)) for at in chosen])
    groups = np.arange(len(phrasings.ids)) % min(GROUPS, len(phrasings.ids))
    heads: tuple[NDArray[np.float32] | None, ...] = (None, None)
    if likeness is not None and scorer.weights is not None:
        turns = (np.arange(len(owners)) - phrasings.starts[owners] + owners) % GROUPS
        heads = (
            held_out(likeness, owners, scorer.weights, turns, phrasings.languages),
            held_out(likeness, owners, scorer.weights, groups[owners], phrasings.languages),
        )
    left_out = own.copy()
    left_out[np.arange(len(chosen)), chosen] = 0
    evidence = scorer.evidence(texts, left_out, heads[0])
    # Where a phrasing is its entry's only one, nothing of the entry would remain to be found.
    found = evidence.logits.argmax(axis=1)
    findable = scorer.counts[owners] > 1
    known = [phrasings.known_share(text, besides="phrasing") for text in texts]
    covered = scorer.coverage.shares(texts, found, np.where(found == owners, chosen, -1))
    rows = [_rows(evidence, known, covered, ANSWERED, found == owners).only(findable)]
    pairs = zip(owners[findable].tolist(), found[findable].tolist(), strict=True)
    mistaken = Counter(pair for pair in pairs if pair[0] != pair[1])

    if len(phrasings.ids) > 1:
        banned = groups[None, :] == groups[owners][:, None]
        left_out = np.where(banned[:, phrasings.owners], np.float32(0), own)
        evidence = scorer.evidence(texts, left_out, heads[1]).without(banned)
        known = [phrasings.known_share(text, besides="entry") for text in texts]
        covered = scorer.coverage.shares(texts, evidence.logits.argmax(axis=1))
        rows.append(_rows(evidence, known, covered, SAME_DOMAIN))

    if far:
        made, sources = near_misses(scorer.coverage, texts, far)
        if made:
            rows.append(_unanswerable(scorer, made, SAME_DOMAIN, chosen[sources]))
        rows.append(_unanswerable(scorer, far, OTHER_DOMAIN))
    return Rehearsal(rows=joined(rows), mistaken=mistaken)


def near_misses(
    coverage: Coverage, texts: Sequence[Sequence[str]], far: Sequence[Sequence[str]]
) -> tuple[list[list[str]], list[int]]:
    """Make messages that share words with the FAQ and ask something else, and give the index of each one's phrasing.

    A phrasing's most informative word is put in place of another domain's, and the other way round: "how do I unclog a
    password", "I forgot my sink". Leaving entries out makes no such rows where each entry has words of its own.
    """
    lines = [line for line in far if len(line) >= MIN_LINE_WORDS]
    made: list[list[str]] = []
    sources: list[int] = []
    for turn, source in enumerate(range(0, len(texts) if lines else 0, max(1, len(texts) // MAX_SPLICED))):
        text, line = texts[source], lines[turn * STRIDE % len(lines)]
        ours, theirs = max(text, key=coverage.rarity), max(line, key=coverage.rarity)
        made.append([ours if word == theirs else word for word in line])
        made.append([theirs if word == ours else word for word in text])
        sources += [source, source]
    return made, sources


def _unanswerable(
    scorer: Scorer, texts: Sequence[Sequence[str]], kind: int, sources: NDArray[np.intp] | None = None
) -> Rows:
    """Match texts that have no answer, each without the phrasing it was made from."""
    phrasings = scorer.phrasings
    likeness = np.stack([phrasings.likeness(spoken) for spoken in texts])
    if sources is not None:
        likeness[np.arange(len(texts)), sources] = 0
    evidence = scorer.evidence(texts, likeness)
    covered = scorer.coverage.shares(texts, evidence.logits.argmax(axis=1))
    return _rows(evidence, [phrasings.known_share(spoken) for spoken in texts], covered, kind)


def _rows(
    evidence: Evidence,
    known: list[float],
    covered: NDArray[np.float32],
    kind: int,
    hits: NDArray[np.bool_] | None = None,
) -> Rows:
    scope, right = evidence.signs(np.array(known, dtype=np.float32), covered)
    missed = np.zeros(len(known), dtype=bool)
    return Rows(scope=scope, right=right, hits=missed if hits is None else hits, kind=np.full(len(known), kind))
