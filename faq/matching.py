"""Which entry answers a message, and how probably: the matcher the pipeline asks."""

from __future__ import annotations

import logging
from collections import ChainMap
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from faq import built
from faq.calibration import Calibration, Promises, Rows, calibrate
from faq.coverage import Coverage
from faq.encoders import load
from faq.encoders.vectors import VectorCache
from faq.evidence import Evidence, Scorer
from faq.handover import Handover, Reason
from faq.learned import Learned
from faq.phrasings import Phrasings
from faq.rehearsal import Rehearsal, other_domains, rehearse, unanswerable
from faq.text.cleaning import Part, message_parts
from faq.text.languages import Detector, base

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from faq.encoders.base import Encoder
    from faq.entries import Faq

logger = logging.getLogger(__name__)

__all__ = ["Candidate", "FaqMatcher", "Matches", "Promises"]

LISTED = 5
DECIMALS = 4
OFFERED, OFFERED_FROM, OFFERED_SHARE, OFFERED_SHARE_OF_SEVERAL = 3, 0.01, 0.05, 0.4  # share of the best one's score
EXACT_CHANCE = 0.98
FEW_WORDS, SURE_OF_A_WORD = 2, 0.97
KNOWN_WORDS = 0.8  # share of the letters in words of the FAQ from which a message is not in a language it lacks
BACKING, MIN_BACKING = 0.4, 1e-4  # power of the whole message's say in which sentence counts; 0.25 to 0.5 measured

Decision = Literal["answer", "suggest", "ticket"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An entry and the probability, 0..1 with four decimals, that it is the one that answers the message."""

    entry: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """What the FAQ has for one message: up to five candidates, best first, whatever the decision.

    Where somebody asked several questions, each question's own entry comes first, in the order asked.

    Attributes:
        language: What the message is written in; None where that is not sure.
        part: The sentence that was matched, as it was written, where it is not the whole message.
        raw: The first candidate's score before what was learnt bent it: what the thresholds look at.
        reason: Why the message is not simply answered with what is likeliest, where that is not the likelihood.
    """

    decision: Decision
    candidates: tuple[Candidate, ...]
    language: str | None = None
    part: str | None = None
    raw: float = 0.0
    reason: Reason | None = None

    @property
    def score(self) -> float:
        """The first candidate's probability; 0.0 without candidates."""
        return self.candidates[0].score if self.candidates else 0.0

    @property
    def offered(self) -> tuple[Candidate, ...]:
        """The candidates that a suggestion shows: up to three, without those that are not even unlikely.

        Of several questions each has an entry of its own; what stands far behind is nobody's.
        """
        share = OFFERED_SHARE_OF_SEVERAL if self.reason == "several" else OFFERED_SHARE
        least = max(OFFERED_FROM, share * max((one.score for one in self.candidates), default=0.0))
        likely = (one for place, one in enumerate(self.candidates) if not place or one.score >= least)
        return tuple(likely)[:OFFERED]


NOTHING = Matches(decision="ticket", candidates=())


class FaqMatcher:
    """Matches messages against one FAQ; built once, then only read, so any thread may use it.

    Deterministic: the same FAQ and message give the same result, alone or in a batch.

    Args:
        faq: What to match against.
        promises: What the thresholds are to keep.
        matcher: "lexical", "default" or "strongest": which encoders are used, as far as they are installed.
        cache: Folder that keeps what was worked out from the FAQ, so that the next start is quick.
        learned: What real messages taught.
    """

    def __init__(
        self,
        faq: Faq,
        promises: Promises | None = None,
        *,
        matcher: str = "default",
        cache: Path | None = None,
        learned: Learned | None = None,
    ) -> None:
        self.faq = faq
        self.learned = learned or Learned()
        self.promises = promises or Promises()
        encoders = load(matcher)
        name = built.key(faq, encoders)
        kept = built.load(cache, name)
        try:
            self._build(encoders, VectorCache(cache), kept)
        except (KeyError, ValueError, TypeError, IndexError) as error:
            if kept is None:
                raise
            logger.warning("What was kept of the FAQ is made anew: %r", error, extra={"action": "built_faq_rebuilt"})
            kept = None
            self._build(encoders, VectorCache(cache), None)
        if kept is None and self.rehearsal is not None:
            built.save(cache, name, self._to_arrays(self.rehearsal))

    def _build(self, encoders: Sequence[Encoder], vectors: VectorCache, kept: built.Arrays | None) -> None:
        self.phrasings = Phrasings(self.faq, built.within("phrasings", kept))
        self.rehearsal: Rehearsal | None = None
        if not self.phrasings.ids:
            return
        self.detector = Detector(self.faq)
        self._bases = {base(code) for code in self.phrasings.codes}
        far = other_domains(self.faq.languages)
        self.coverage = Coverage(self.phrasings, [part.words for part in far])
        self.handover = Handover(self.phrasings, self.coverage)
        others = unanswerable(self.phrasings, self.coverage, far) if kept is None else []
        texts = [*(part.text for part in self.phrasings.parts), *(other.part.text for other in others)]
        size = len(self.phrasings.parts)
        found = [vectors.encode(encoder, texts) for encoder in encoders]
        self.scorer = Scorer(self.phrasings, encoders, [of[:size] for of in found], built.within("scorer", kept))
        if kept is None:
            self.rehearsal = rehearse(self.scorer, self.coverage, others, [of[size:] for of in found])
        else:
            self.rehearsal = Rehearsal.of_arrays(kept)
        self.calibration = self._calibrated(self.rehearsal.rows, built.within("fit", kept))
        foreign = self.rehearsal.abroad
        self.abroad = None if foreign is None else self._calibrated(foreign, built.within("fit_abroad", kept))

    def _to_arrays(self, rehearsal: Rehearsal) -> built.Arrays:
        parts = {"phrasings": self.phrasings.to_arrays(), "scorer": self.scorer.to_arrays()}
        parts["fit"] = self.calibration.to_arrays()
        if self.abroad is not None:
            parts["fit_abroad"] = self.abroad.to_arrays()
        found = [built.under(prefix, arrays) for prefix, arrays in parts.items()]
        return dict(ChainMap(rehearsal.to_arrays(), *found))

    def _calibrated(self, rows: Rows, fit: built.Arrays | None) -> Calibration:
        found = calibrate(rows, self.promises, len(self.phrasings.ids), fit)
        answer_from, suggest_from = self.learned.thresholds(self.promises, found.answer_from, found.suggest_from)
        return replace(found, answer_from=round(answer_from, DECIMALS), suggest_from=round(suggest_from, DECIMALS))

    def match(self, texts: Sequence[str], languages: Sequence[str | None] | None = None) -> list[Matches]:
        """Match each text on its own.

        Args:
            texts: The messages, of any length and content.
            languages: Of each text, a language that its author is known to speak: evidence of what it is written in.
        """
        hints = [None] * len(texts) if languages is None else languages
        return [self._match(text, hint) for text, hint in zip(texts, hints, strict=True)]

    def _match(self, text: str, hint: str | None) -> Matches:
        if self.rehearsal is None:
            return NOTHING
        parts = message_parts(text)
        language = self._language(text, hint, parts[:1])
        parts = self.phrasings.repair.mended(parts, language)
        best, most, whole = NOTHING, -1.0, None
        for part in parts:
            found, evidence = self._look(part, language)
            whole = evidence if whole is None else whole
            # What the whole message speaks for counts too: a sentence may be a mere aside.
            backing = float(whole.chances()[evidence.best]) + MIN_BACKING
            if found.raw * backing**BACKING > most:
                most = found.raw * backing**BACKING
                best = found if evidence is whole else replace(found, part=part.original)
        return self.handover.judged(best, parts, language, lambda part: self._match_part(part, language))

    def _language(self, text: str, hint: str | None, whole: Sequence[Part]) -> str | None:
        """Give the language a message is surely written in; a word or two prove little against a hint or the FAQ."""
        found = self.detector.detect(text, hint)
        if found.language is None:
            return None
        spoken = found.language in self.phrasings.codes
        words = whole[0].words if whole else ()
        if not spoken:  # "whennnn areee youuu opennn" looks Italian
            mended = [word for part in self.phrasings.repair.mended(whole, None) for word in part.words]
            if self.phrasings.known_share(mended) >= KNOWN_WORDS:
                return None
        few = len(words) <= FEW_WORDS and all(map(str.isascii, words))
        otherwise = hint is not None and base(hint) in self._bases - {base(found.language)}
        unsure = not spoken or found.probability < SURE_OF_A_WORD
        return None if few and otherwise and unsure else found.language

    def _match_part(self, part: Part, language: str | None) -> Matches:
        return self._look(part, language)[0]

    def _look(self, part: Part, language: str | None) -> tuple[Matches, Evidence]:
        heard = self.scorer.hear(part, language)
        evidence = self.scorer.weigh(heard)
        first = evidence.best
        if heard.letters or self.abroad is None:
            calibration = self.calibration
            known, covered = self.phrasings.known_share(part.words), self.coverage.share(part.words, first)
        else:
            calibration, known, covered = self.abroad, 0.0, 0.0
        scope, right = evidence.signs(known, covered)
        inside, sure = (float(chance[0]) for chance in calibration.chances(np.array([scope]), np.array([right])))
        shares = evidence.chances()
        order = np.argsort(-evidence.logits, kind="stable")[:LISTED].tolist()
        score = inside * sure
        exact = self._exact(part.words)
        if exact is not None:
            order = [exact, *(entry for entry in order if entry != exact)][:LISTED]
            score = max(score, EXACT_CHANCE)
        rest = max(inside - score, 0.0) / max(1.0 - float(shares[order[0]]), 1e-9)
        raw = np.array([score, *(min(score, rest * float(shares[entry])) for entry in order[1:])]).round(DECIMALS)
        scores = self.learned.probability(raw).round(DECIMALS).tolist()
        candidates = tuple(
            Candidate(entry=self.phrasings.ids[entry], score=chance)
            for entry, chance in zip(order, scores, strict=True)
        )
        covers = self.coverage.suffices(part.words, covered) and not self.coverage.strays(part.words, order[0])
        enough = (covers or not heard.letters) and not self.phrasings.single[order[0]]
        decision = self._decide(float(raw[0]), calibration, exact=exact is not None, covered=enough)
        if exact is None and not heard.letters and not self.scorer.understands(language):
            decision = "ticket"
        found = Matches(decision=decision, candidates=candidates, language=language, raw=float(raw[0]))
        return found, evidence

    def _exact(self, words: tuple[str, ...]) -> int | None:
        """Give the only entry with this very phrasing; one word more, less or elsewhere may ask for the opposite."""
        owners = self.phrasings.exact.get(words, ())
        return next(iter(owners)) if len(owners) == 1 else None

    def _decide(self, score: float, calibration: Calibration, *, exact: bool, covered: bool) -> Decision:
        if exact or (covered and score >= calibration.answer_from):
            return "answer"
        return "suggest" if score >= calibration.suggest_from else "ticket"
