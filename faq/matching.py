"""Which entry answers a message, and how probably: the matcher the pipeline asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from faq.calibration import Promises, calibrate
from faq.cleaning import parts
from faq.coverage import Coverage
from faq.evidence import MIN_NEAR_EXACT_CHARS, NEAR_EXACT, Evidence, Scorer, trainable
from faq.heads import softmax
from faq.phrasings import Phrasings
from faq.rehearsal import Rehearsal, other_domains, rehearse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from faq.entries import Faq

__all__ = ["Candidate", "FaqMatcher", "Matches", "Promises"]

LISTED = 5
DECIMALS = 4
NEAR_EXACT_CHANCE = 0.98

Decision = Literal["answer", "suggest", "ticket"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An entry and the probability, 0..1 with four decimals, that it is the one that answers the message."""

    entry: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """What the FAQ has for one message: up to five candidates, best first, whatever the decision."""

    decision: Decision
    candidates: tuple[Candidate, ...]
    language: str | None = None

    @property
    def score(self) -> float:
        """The probability that the first candidate is right; 0.0 without candidates."""
        return self.candidates[0].score if self.candidates else 0.0


NOTHING = Matches(decision="ticket", candidates=())


class FaqMatcher:
    """Matches messages against one FAQ; built once, then only read, so any thread may use it.

    Deterministic: the same FAQ and message give the same result, alone or in a batch.
    """

    def __init__(self, faq: Faq, promises: Promises | None = None) -> None:
        self.faq = faq
        self.promises = promises or Promises()
        self.phrasings = Phrasings(faq)
        self.rehearsal: Rehearsal | None = None
        if not self.phrasings.ids:
            return
        likeness = None
        if trainable(self.phrasings):
            likeness = np.stack([self.phrasings.own_likeness(at) for at in range(len(self.phrasings.texts))])
        background = other_domains(faq.languages)
        self.scorer = Scorer(self.phrasings, likeness, Coverage(self.phrasings, background))
        self.rehearsal = rehearse(self.scorer, likeness, background)
        self.calibration = calibrate(self.rehearsal.rows, self.promises, len(self.phrasings.ids))

    def match(self, texts: Sequence[str], languages: Sequence[str | None] | None = None) -> list[Matches]:
        """Match each text on its own.

        Args:
            texts: The messages, of any length and content.
            languages: Of each text, its language where known: its phrasings go first, no other is excluded.
        """
        wanted = [None] * len(texts) if languages is None else languages
        return [self._match(text, language) for text, language in zip(texts, wanted, strict=True)]

    def _match(self, text: str, language: str | None) -> Matches:
        if self.rehearsal is None:
            return NOTHING
        best = NOTHING
        wordings = parts(text)
        repairs = self.phrasings.repairs(word for spoken in wordings for word in spoken)
        for index, spoken in enumerate(wordings):
            found = self._match_words([repairs.get(word, word) for word in spoken], language)
            if index == 0 or found.score > best.score:
                best = found
        return best

    def _match_words(self, spoken: list[str], language: str | None) -> Matches:
        likeness = self.phrasings.likeness(spoken, language)[None, :]
        evidence = self.scorer.evidence([spoken], likeness)
        known = np.array([self.phrasings.known_share(spoken)], dtype=np.float32)
        coverage = self.scorer.coverage
        covered = coverage.shares([spoken], evidence.logits.argmax(axis=1))
        inside, right = self.calibration.chances(*evidence.signs(known, covered))
        chance = softmax(evidence.logits)[0]
        order = np.argsort(-evidence.logits[0], kind="stable")[:LISTED]
        first = float(inside[0] * right[0])
        exact = self._near_exact(spoken, evidence)
        if exact is not None:
            order = np.array([exact, *(entry for entry in order.tolist() if entry != exact)])[:LISTED]
            first = max(first, NEAR_EXACT_CHANCE)
        rest = max(float(inside[0]) - first, 0.0) / max(1.0 - float(chance[order[0]]), 1e-9)
        scores = [first, *(min(first, rest * float(chance[entry])) for entry in order[1:])]
        candidates = tuple(
            Candidate(entry=self.phrasings.ids[entry], score=round(score, DECIMALS))
            for entry, score in zip(order.tolist(), scores, strict=True)
        )
        enough = coverage.suffices(spoken, float(covered[0])) and not self.phrasings.single[order[0]]
        decision = self._decide(candidates[0].score, exact=exact is not None, covered=bool(enough))
        return Matches(decision=decision, candidates=candidates)

    def _near_exact(self, spoken: list[str], evidence: Evidence) -> int | None:
        """Give the only entry with (nearly) this very phrasing."""
        owners = self.phrasings.exact.get(tuple(spoken))
        if owners is None and sum(map(len, spoken)) >= MIN_NEAR_EXACT_CHARS:
            owners = set(np.flatnonzero(evidence.alike[0] >= NEAR_EXACT).tolist())
        return next(iter(owners)) if owners is not None and len(owners) == 1 else None

    def _decide(self, score: float, *, exact: bool, covered: bool) -> Decision:
        if exact or (covered and score >= self.calibration.answer_from):
            return "answer"
        return "suggest" if score >= self.calibration.suggest_from else "ticket"
