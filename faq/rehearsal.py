"""Playing the FAQ against itself: messages whose right outcome is known without anybody labelling one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from faq.calibration import ANSWERED, OTHER_DOMAIN, SAME_DOMAIN, Rows
from faq.cleaning import words
from faq.heads import held_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from faq.evidence import Evidence, Scorer

GROUPS = 5  # a fifth of the entries is left out together, as an FAQ lacks more than one entry
MAX_ROWS = 300  # phrasings that a large FAQ is rehearsed with


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
    codes = dict.fromkeys(language.partition("-")[0].lower() for language in languages)
    found = [shipped / f"{code}.txt" for code in codes]
    lines = [line for file in found if file.is_file() for line in file.read_text(encoding="utf-8").splitlines()]
    return [spoken for line in lines if (spoken := words(line))]


def rehearse(scorer: Scorer, likeness: NDArray[np.float32] | None, languages: Sequence[str]) -> Rehearsal:
    """Match each phrasing left out, each with a fifth of the entries left out (its own too), and other domains' lines.

    Args:
        scorer: The trained scorer.
        likeness: Of all phrasings with each other, (N, N); None in an FAQ too large for it.
        languages: Of the FAQ.
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
    rows: list[Rows] = []

    left_out = own.copy()
    left_out[np.arange(len(chosen)), chosen] = 0
    evidence = scorer.evidence(texts, left_out, heads[0])
    known = [phrasings.known_share(text, besides="phrasing") for text in texts]
    # Where a phrasing is its entry's only one, nothing of the entry would remain to be found.
    found = evidence.logits.argmax(axis=1)
    findable = scorer.counts[owners] > 1
    rows.append(_rows(evidence, known, found == owners, ANSWERED, findable))
    pairs = zip(owners[findable].tolist(), found[findable].tolist(), strict=True)
    mistaken = Counter(pair for pair in pairs if pair[0] != pair[1])

    if len(phrasings.ids) > 1:
        banned = groups[None, :] == groups[owners][:, None]
        left_out = np.where(banned[:, phrasings.owners], np.float32(0), own)
        evidence = scorer.evidence(texts, left_out, heads[1]).without(banned)
        known = [phrasings.known_share(text, besides="entry") for text in texts]
        rows.append(_rows(evidence, known, np.zeros(len(texts), dtype=bool), SAME_DOMAIN))

    if far := other_domains(languages):
        evidence = scorer.evidence(far, np.stack([phrasings.likeness(spoken) for spoken in far]))
        known = [phrasings.known_share(spoken) for spoken in far]
        rows.append(_rows(evidence, known, np.zeros(len(far), dtype=bool), OTHER_DOMAIN))

    joined = Rows(
        scope=np.concatenate([part.scope for part in rows]),
        right=np.concatenate([part.right for part in rows]),
        hits=np.concatenate([part.hits for part in rows]),
        kind=np.concatenate([part.kind for part in rows]),
    )
    return Rehearsal(rows=joined, mistaken=mistaken)


def _rows(
    evidence: Evidence, known: list[float], hits: NDArray[np.bool_], kind: int, kept: NDArray[np.bool_] | None = None
) -> Rows:
    scope, right = evidence.signs(np.array(known, dtype=np.float32))
    keep = np.ones(len(hits), dtype=bool) if kept is None else kept
    return Rows(scope=scope[keep], right=right[keep], hits=hits[keep], kind=np.full(int(keep.sum()), kind))
