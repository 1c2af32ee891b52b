"""All phrasings of an FAQ as the matcher sees them: cleaned, ordered by entry, indexed by n-grams and by words."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from faq.cleaning import Part, message_parts
from faq.grams import PhrasingIndex
from faq.repair import Repair

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from faq.entries import Faq


class Phrasings:
    """N cleaned phrasings of C entries, sorted by entry; an entry's translations are one entry.

    Attributes:
        ids: The C entry ids.
        parts: The phrasings in both of their forms.
        texts: The words of each.
        owners: Of each phrasing, the index of its entry; ascending.
        starts: Of each entry, the index of its first phrasing.
        languages: Of each phrasing, the index of its language in `codes`.
        codes: The FAQ's languages.
        single: Of each entry, whether no language has more than one phrasing of it.
        exact: The entries that have a phrasing of these very words.
        index: The likeness of a text with each, by n-grams.
        repair: Mends the words of messages towards those of the phrasings.
    """

    def __init__(self, faq: Faq, built: Mapping[str, NDArray[np.generic]] | None = None) -> None:
        found: dict[str, dict[tuple[str, ...], tuple[str, Part]]] = {}
        counts: Counter[tuple[str, str]] = Counter()
        for entry in faq.entries:
            own = found.setdefault(entry.id, {})
            for phrasing in entry.phrasings:
                part = next(iter(message_parts(phrasing)), None)
                if part is not None and part.words not in own:
                    own[part.words] = (entry.language, part)
                    counts[entry.id, entry.language] += 1
        # Sorted, so that the order in the files changes nothing.
        ordered = {entry_id: [own[words] for words in sorted(own)] for entry_id, own in sorted(found.items()) if own}
        self.ids = tuple(ordered)
        self.parts = tuple(part for own in ordered.values() for _, part in own)
        self.texts = tuple(part.words for part in self.parts)
        self.owners = np.repeat(np.arange(len(self.ids)), [len(own) for own in ordered.values()])
        self.starts = np.searchsorted(self.owners, np.arange(len(self.ids)))
        self.sorted_texts = [" ".join(sorted(words)) for words in self.texts]
        self.exact: dict[tuple[str, ...], set[int]] = {}
        for words, owner in zip(self.texts, self.owners.tolist(), strict=True):
            self.exact.setdefault(words, set()).add(owner)
        self.codes = tuple(sorted(faq.languages))
        spread = [max(counts[entry_id, code] for code in self.codes) for entry_id in self.ids]
        self.single = np.array(spread, dtype=np.intp) == 1
        spoken_in = [self.codes.index(language) for own in ordered.values() for language, _ in own]
        self.languages = np.array(spoken_in, dtype=np.intp)
        self.index = PhrasingIndex(self.texts, built)
        self.repair = Repair((part.text for part in self.parts), faq.languages)
        self._frequency = Counter(word for words in self.texts for word in set(words))
        by_entry = {
            (owner, word) for words, owner in zip(self.texts, self.owners.tolist(), strict=True) for word in words
        }
        self._entry_frequency = Counter(word for _, word in by_entry)

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
