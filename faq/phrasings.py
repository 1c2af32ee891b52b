"""All phrasings of an FAQ as the matcher sees them: cleaned, ordered by entry, indexed by n-grams and by words."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from faq.cleaning import words
from faq.grams import GramIndex
from faq.repair import Repair

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from faq.entries import Faq

CHAR_WEIGHT = 0.75  # of the n-grams of letters; words and pairs of words have the rest
OTHER_LANGUAGE_WEIGHT = 0.9  # of phrasings that are not in the language we were told: later in line, never excluded


class Phrasings:
    """N cleaned phrasings of C entries, sorted by entry; an entry's translations are one entry.

    Attributes:
        ids: The C entry ids.
        texts: The words of each phrasing.
        owners: Of each phrasing, the index of its entry; ascending.
        languages: Of each phrasing, the index of its language in the FAQ's.
        single: Of each entry, whether no language has more than one phrasing of it.
    """

    def __init__(self, faq: Faq) -> None:
        found: dict[str, dict[tuple[str, ...], str]] = {}
        counts: Counter[tuple[str, str]] = Counter()
        for entry in faq.entries:
            for phrasing in entry.phrasings:
                spoken = tuple(words(phrasing))
                if spoken and spoken not in found.setdefault(entry.id, {}):
                    found[entry.id][spoken] = entry.language
                    counts[entry.id, entry.language] += 1
        # Sorted, so that the order in the files changes nothing.
        found = {entry_id: dict(sorted(found[entry_id].items())) for entry_id in sorted(found)}
        self.ids = tuple(entry_id for entry_id, phrasings in found.items() if phrasings)
        self.texts = tuple(spoken for entry_id in self.ids for spoken in found[entry_id])
        self.owners = np.repeat(np.arange(len(self.ids)), [len(found[entry_id]) for entry_id in self.ids])
        self.starts = np.searchsorted(self.owners, np.arange(len(self.ids)))
        self.sorted_texts = [" ".join(sorted(spoken)) for spoken in self.texts]
        self.exact: dict[tuple[str, ...], set[int]] = {}
        for spoken, owner in zip(self.texts, self.owners.tolist(), strict=True):
            self.exact.setdefault(spoken, set()).add(owner)
        spread = [{lang: counts[entry_id, lang] for lang in faq.languages} for entry_id in self.ids]
        self.single = np.array([max(by_language.values()) < 2 for by_language in spread], dtype=bool)  # noqa: PLR2004
        spoken_in = [found[entry_id][spoken] for entry_id in self.ids for spoken in found[entry_id]]
        self.languages = np.array([faq.languages.index(language) for language in spoken_in], dtype=np.intp)
        self._weights = {
            language: np.where(self.languages == at, 1, OTHER_LANGUAGE_WEIGHT).astype(np.float32)
            for at, language in enumerate(faq.languages)
        }
        self._chars = GramIndex(self.texts, chars=True)
        self._words = GramIndex(self.texts, chars=False)
        self._frequency = Counter(word for spoken in self.texts for word in set(spoken))
        self._repair = Repair(self._frequency)
        by_entry = {(owner, word) for spoken, owner in zip(self.texts, self.owners, strict=True) for word in spoken}
        self._entry_frequency = Counter(word for _, word in by_entry)

    def likeness(self, spoken: Sequence[str], language: str | None = None) -> NDArray[np.float32]:
        """Give the weighted TF-IDF cosine of these words with every phrasing, shape (N,), each 0..1."""
        chars = self._chars.similarities(spoken)
        mixed = CHAR_WEIGHT * chars + (1 - CHAR_WEIGHT) * self._words.similarities(spoken)
        weights = self._weights.get(language or "", self._weights.get((language or "").partition("-")[0]))
        weighed: NDArray[np.float32] = mixed if weights is None else mixed * weights
        return weighed

    def own_likeness(self, phrasing: int) -> NDArray[np.float32]:
        """Give the likeness of one of the phrasings with every phrasing, shape (N,)."""
        words_part = (1 - CHAR_WEIGHT) * self._words.own_similarities(phrasing)
        mixed: NDArray[np.float32] = CHAR_WEIGHT * self._chars.own_similarities(phrasing) + words_part
        return mixed

    def repairs(self, spoken: Iterable[str]) -> dict[str, str]:
        """Give, for words that no phrasing holds, the FAQ's word they are most likely a misspelling of.

        At most 24 different unknown words of one message are looked up.
        """
        return self._repair.repairs(spoken)

    def forget_repairs(self) -> None:
        """Empty the memory of words already looked up, so that work can be measured."""
        self._repair.forget()

    def known_share(self, spoken: Sequence[str], *, besides: str = "nothing") -> float:
        """Give the share of letters that stand in words of the FAQ, 0..1.

        Args:
            spoken: The words.
            besides: For a phrasing of the FAQ itself: count only words that stand in another `phrasing` or `entry`.
        """
        least = 1 if besides == "nothing" else 2
        frequency = self._entry_frequency if besides == "entry" else self._frequency
        known = sum(len(word) for word in spoken if frequency[word] >= least)
        return known / max(sum(map(len, spoken)), 1)
