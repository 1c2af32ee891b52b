"""What speaks for each entry, and the few signs of it from which the probability is read."""

from __future__ import annotations

from collections import ChainMap
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from faq.built import Arrays, under, within
from faq.text.languages import base
from faq.views import LetterView, MeaningView

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from faq.encoders.base import Encoder
    from faq.phrasings import Phrasings
    from faq.text.cleaning import Part

NEAREST_WEIGHT = 1.0  # against the heads' logits; 0 to 4 measured, each differs by less than a point
CLOSE_WEIGHT = 2.0
SORTED_WEIGHT = 2.0
LETTERS_BESIDE_MEANING = 0.4  # weight of the letters' head beside encoders; 0.4 to 0.7 measured
COMPARED = 40  # phrasings whose sorted words are compared letter by letter
SHORTLIST = 30  # entries of a large FAQ whose phrasings are compared by meaning
SATURATED = 8.0  # a lead in logits beyond which more says nothing
EXCLUDED = np.float32(-1e4)

# Which encoder says how much about a message, by how its name starts: in English, in the other languages that USE was
# trained on, in all others. E5 and MiniLM take 20 and 12 ms a text: only one of them is asked.
SHARES_ENGLISH = {"all-minilm": 0.7, "use": 0.3}
SHARES = {"use": 0.5, "e5": 0.5}
SHARES_ELSEWHERE = {"use": 0.2, "e5": 0.8}
KNOWN_TO_USE = frozenset(("ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A text, compared with every phrasing.

    Attributes:
        words: Its words.
        likeness: With each phrasing, by letters and words, (N,).
        vectors: By each encoder, centred, (D,); whatever where its share is 0.
        close: By each encoder, the cosine with every phrasing, (N,); empty in a large FAQ and where its share is 0.
        shares: How much each encoder's word counts, together 1; empty without encoders.
        letters: The same of the letters' head.
    """

    words: tuple[str, ...]
    likeness: NDArray[np.float32]
    vectors: tuple[NDArray[np.float32], ...]
    close: tuple[NDArray[np.float32], ...]
    shares: tuple[float, ...]
    letters: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Of one text: what speaks for each entry; every array is (C,).

    Attributes:
        head: The heads' logits, weighed.
        nearest: Likeness of the nearest phrasing.
        close: Cosine of the phrasing closest in meaning; 0 without encoders.
        alike: Likeness of sorted words, letter by letter.
        logits: The sum of it all.
    """

    head: NDArray[np.float32]
    nearest: NDArray[np.float32]
    close: NDArray[np.float32]
    alike: NDArray[np.float32]
    logits: NDArray[np.float32]

    @property
    def best(self) -> int:
        """The entry that most speaks for."""
        return int(self.logits.argmax())

    def chances(self) -> NDArray[np.float32]:
        """Give each entry's share, as if one of them had to be right, (C,)."""
        powers = np.exp(self.logits - self.logits.max())
        shares: NDArray[np.float32] = powers / powers.sum()
        return shares

    def signs(self, known: float, covered: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Give the signs of being in scope (6) and of the first entry being the right one (2).

        Each grows with the probability, so that the calibration may demand weights that are not negative.

        Args:
            known: The share of letters in words of the FAQ.
            covered: The share of its informative words that the first entry covers.
        """
        best = self.best
        top = float(self.logits[best])
        second = float(np.partition(self.logits, -2)[-2]) if len(self.logits) > 1 else 0.0
        scope = [self.head[best] / 4, self.nearest[best], self.alike[best], known, covered, self.close[best]]
        right = [min(top - second, SATURATED), self.chances()[best]]
        return tuple(map(float, scope)), tuple(map(float, right))


class Scorer:
    """Turns texts into evidence, with heads trained on all phrasings."""

    def __init__(
        self,
        phrasings: Phrasings,
        encoders: Sequence[Encoder] = (),
        vectors: Sequence[NDArray[np.float32]] = (),
        built: Arrays | None = None,
    ) -> None:
        self.phrasings = phrasings
        self.letters = LetterView(phrasings, within("letters", built))
        self.meanings = [
            MeaningView(phrasings, encoder, found, within(encoder.name, built))
            for encoder, found in zip(encoders, vectors, strict=True)
        ]
        self.trained = self.letters.trained
        self.counts = np.bincount(phrasings.owners, minlength=len(phrasings.ids))

    def to_arrays(self) -> Arrays:
        """Give what another start need not work out."""
        views = (under(view.encoder.name, view.to_arrays()) for view in self.meanings)
        return dict(ChainMap(under("letters", self.letters.to_arrays()), *views))

    def hear(
        self, part: Part, language: str | None = None, vectors: Sequence[NDArray[np.float32]] | None = None
    ) -> Heard:
        """Compare a text with every phrasing.

        Args:
            part: The text.
            language: As the FAQ writes it, or another; None where it is not known.
            vectors: What each encoder makes of it, each (1, D), where that is known already.
        """
        shares, letters = self._shares(language)
        if vectors is None:  # an encoder that has no say is not asked: each costs milliseconds
            asked = zip(self.meanings, shares, strict=True)
            vectors = [view.encoder.encode([part.text] if share else [])[:1] for view, share in asked]
        centred = tuple(view.centred(vector) for view, vector in zip(self.meanings, vectors, strict=True))
        close = (
            [view.vectors @ vector for view, vector in zip(self.meanings, centred, strict=True)] if self.trained else []
        )
        return Heard(
            words=part.words,
            likeness=self.letters.likeness(part.words, language),
            vectors=centred,
            close=tuple(close),
            shares=shares,
            letters=letters,
        )

    def hear_phrasing(self, at: int) -> Heard:
        """Compare one of the phrasings with every phrasing, itself included."""
        phrasings = self.phrasings
        language = phrasings.codes[phrasings.languages[at]]
        shares, letters = self._shares(language)
        own = self.letters.own[at] if self.trained else self.letters.likeness(phrasings.texts[at], language)
        return Heard(
            words=phrasings.texts[at],
            likeness=own,
            vectors=tuple(view.vectors[at] for view in self.meanings),
            close=tuple(view.own[at] for view in self.meanings) if self.trained else (),
            shares=shares,
            letters=letters,
        )

    def as_foreign(self, heard: Heard) -> Heard:
        """Give the same text as if its language were none of the FAQ's: only its meaning counts."""
        return replace(heard, shares=self._weighed(SHARES), letters=0.0)

    def _shares(self, language: str | None) -> tuple[tuple[float, ...], float]:
        """Give how much each encoder and the letters count for a message in this language."""
        spoken = language is None or language in self.phrasings.codes
        code = base(language or self.phrasings.codes[0])
        if code == "en" and spoken:  # MiniLM knows no other language, and so no other FAQ
            shares = self._weighed(SHARES_ENGLISH)
        else:
            shares = self._weighed(SHARES if code in KNOWN_TO_USE else SHARES_ELSEWHERE)
        if not any(shares):
            return shares, 1.0
        return shares, LETTERS_BESIDE_MEANING if spoken else 0.0

    def understands(self, language: str | None) -> bool:
        """Whether some encoder was trained on this language."""
        names = [view.encoder.name for view in self.meanings]
        return language in KNOWN_TO_USE or any(name.startswith("e5") for name in names)

    def _weighed(self, table: Mapping[str, float]) -> tuple[float, ...]:
        names = [view.encoder.name for view in self.meanings]
        shares = [next((share for start, share in table.items() if name.startswith(start)), 0.0) for name in names]
        total = sum(shares) or 1.0
        return tuple(share / total for share in shares)

    def head(self, heard: Heard, without: int = -1) -> NDArray[np.float32]:
        """Give the heads' logits, weighed, (C,); in a large FAQ without one phrasing."""
        logits = np.float32(heard.letters) * self.letters.logits(heard.likeness)
        for view, vector, share in zip(self.meanings, heard.vectors, heard.shares, strict=True):
            if share:
                logits = logits + np.float32(share) * view.logits(vector, without)
        return logits

    def held_out(self, groups: NDArray[np.intp]) -> Callable[[Heard, int], NDArray[np.float32]]:
        """Train heads without each group of phrasings; give what scores a phrasing, by index, by those without it."""
        if not self.trained:
            return lambda heard, at: self.head(_without(heard, at), at)
        letters = self.letters.held_out(groups)
        meanings = [view.held_out(groups) for view in self.meanings]

        def head(heard: Heard, at: int) -> NDArray[np.float32]:
            logits: NDArray[np.float32] = np.float32(heard.letters) * letters[at]
            for scores, share in zip(meanings, heard.shares, strict=True):
                logits = logits + np.float32(share) * scores[at]
            return logits

        return head

    def weigh(
        self,
        heard: Heard,
        head: NDArray[np.float32] | None = None,
        left_out: NDArray[np.bool_] | None = None,
        banned: NDArray[np.bool_] | None = None,
    ) -> Evidence:
        """Weigh what speaks for each entry.

        Args:
            heard: The text.
            head: The heads' logits, if others than those trained on all phrasings.
            left_out: Phrasings that are not compared with, (N,).
            banned: Entries that are not there, (C,).
        """
        phrasings = self.phrasings
        likeness = heard.likeness if left_out is None else np.where(left_out, np.float32(0), heard.likeness)
        if head is None:
            head = self.head(replace(heard, likeness=likeness))
        nearest = np.maximum.reduceat(likeness, phrasings.starts)
        alike = self._sorted_likeness(heard.words, likeness)
        close = self._close(heard, head, likeness, left_out)
        if not heard.letters:
            nearest, alike = np.zeros_like(nearest), np.zeros_like(alike)
        logits = head + NEAREST_WEIGHT * nearest + SORTED_WEIGHT * alike + CLOSE_WEIGHT * close
        if banned is not None:
            logits = np.where(banned, EXCLUDED, logits)
        return Evidence(head=head, nearest=nearest, close=close, alike=alike, logits=logits.astype(np.float32))

    def _close(
        self,
        heard: Heard,
        head: NDArray[np.float32],
        likeness: NDArray[np.float32],
        left_out: NDArray[np.bool_] | None,
    ) -> NDArray[np.float32]:
        """Give the cosine of each entry's closest phrasing, (C,); in a large FAQ of the likeliest entries only."""
        phrasings = self.phrasings
        close = np.zeros(len(phrasings.ids), dtype=np.float32)
        if not self.meanings:
            return close
        places: NDArray[np.intp] | slice = slice(None)
        owners = phrasings.owners
        if not self.trained:
            wanted = np.zeros(len(close), dtype=bool)
            wanted[_highest(head, SHORTLIST)] = True
            wanted[owners[_highest(likeness, COMPARED)]] = True
            places = np.concatenate(
                [
                    np.arange(phrasings.starts[at], phrasings.starts[at] + self.counts[at])
                    for at in np.flatnonzero(wanted)
                ]
            )
            owners = owners[places]
        total = np.zeros(len(owners), dtype=np.float32)
        for at, (view, share) in enumerate(zip(self.meanings, heard.shares, strict=True)):
            if share:
                total += np.float32(share) * (
                    heard.close[at] if self.trained else view.vectors[places] @ heard.vectors[at]
                )
        if left_out is not None:
            total[left_out[places]] = 0
        np.maximum.at(close, owners, total)
        return close

    def _sorted_likeness(self, words: Sequence[str], likeness: NDArray[np.float32]) -> NDArray[np.float32]:
        """Compare sorted words with those of the likeliest phrasings; best of each entry, (C,), 0 elsewhere."""
        phrasings = self.phrasings
        near = _highest(likeness, COMPARED)
        near = near[likeness[near] > 0]
        own = " ".join(sorted(words))
        texts = [phrasings.sorted_texts[at] for at in near.tolist()]
        ratios = process.cdist([own], texts, scorer=fuzz.ratio, dtype=np.float32)[0] / np.float32(100) if texts else 0
        alike = np.zeros(len(phrasings.ids), dtype=np.float32)
        np.maximum.at(alike, phrasings.owners[near], ratios)
        return alike


def _without(heard: Heard, at: int) -> Heard:
    likeness = heard.likeness.copy()
    likeness[at] = 0
    return replace(heard, likeness=likeness)


def _highest(values: NDArray[np.float32], count: int) -> NDArray[np.intp]:
    """Give the indices of the highest values, in no order."""
    return np.argpartition(-values, count - 1)[:count] if count < len(values) else np.arange(len(values))
