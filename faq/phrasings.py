"""All phrasings of an FAQ as the matcher sees them: cleaned, ordered by entry, indexed by n-grams and by words."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from faq.built import Arrays, lines, under, unpacked, within
from faq.grams import PhrasingIndex
from faq.text.cleaning import Part, message_parts
from faq.text.repair import Repair

if TYPE_CHECKING:
    from collections.abc import Sequence

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

    def __init__(self, faq: Faq, built: Arrays | None = None) -> None:
        """Clean and index the phrasings.

        Args:
            faq: Whose phrasings.
            built: What `to_arrays` gave for the very same phrasings.
        """
        self.codes = tuple(sorted(faq.languages))
        if built is None:
            self._clean(faq)
        else:
            self.ids = tuple(json.loads(built["ids"].tobytes()))
            self.texts = tuple(tuple(map(sys.intern, line.split())) for line in unpacked(built["words"]))
            forms = zip(unpacked(built["texts"]), self.texts, unpacked(built["originals"]), strict=True)
            self.parts = tuple(Part(text=text, words=words, original=original) for text, words, original in forms)
            self.owners, self.languages, self.single = built["owners"], built["languages"], built["single"]
        self.index = PhrasingIndex(self.texts, within("index", built))
        self.starts = np.searchsorted(self.owners, np.arange(len(self.ids)))
        self.sorted_texts = [" ".join(sorted(words)) for words in self.texts]
        self.exact: dict[tuple[str, ...], set[int]] = {}
        for words, owner in zip(self.texts, self.owners.tolist(), strict=True):
            self.exact.setdefault(words, set()).add(owner)
        self.repair = Repair((part.text for part in self.parts), faq.languages, within("repair", built))
        self._frequency = Counter(word for words in self.texts for word in set(words))
        by_entry = {
            (owner, word) for words, owner in zip(self.texts, self.owners.tolist(), strict=True) for word in words
        }
        self._entry_frequency = Counter(word for _, word in by_entry)

    def _clean(self, faq: Faq) -> None:
        found: dict[str, dict[tuple[str, ...], tuple[str, Part]]] = {}
        counts: Counter[tuple[str, str]] = Counter()
        for entry in sorted(faq.entries, key=lambda one: one.language):
            own = found.setdefault(entry.id, {})
            for phrasing in entry.phrasings:
                part = next(iter(message_parts(phrasing)), None)
                if part is not None and part.words not in own:
                    own[part.words] = (entry.language, replace(part, original=" ".join(part.original.split())))
                    counts[entry.id, entry.language] += 1
        # Sorted, so that the order in the files changes nothing.
        ordered = {entry_id: [own[words] for words in sorted(own)] for entry_id, own in sorted(found.items()) if own}
        self.ids = tuple(ordered)
        self.parts = tuple(part for own in ordered.values() for _, part in own)
        self.texts = tuple(part.words for part in self.parts)
        self.owners = np.repeat(np.arange(len(self.ids)), [len(own) for own in ordered.values()])
        spoken_in = [self.codes.index(language) for own in ordered.values() for language, _ in own]
        self.languages = np.array(spoken_in, dtype=np.intp)
        spread = [max(counts[entry_id, code] for code in self.codes) for entry_id in self.ids]
        self.single = np.array(spread, dtype=np.intp) == 1

    def to_arrays(self) -> Arrays:
        """Give what another start need not work out."""
        return {
            "ids": np.frombuffer(json.dumps(self.ids).encode(), dtype=np.uint8),
            "words": lines(map(" ".join, self.texts)),
            "texts": lines(part.text for part in self.parts),
            "originals": lines(part.original for part in self.parts),
            "owners": self.owners,
            "languages": self.languages,
            "single": self.single,
            **under("index", self.index.to_arrays()),
            **under("repair", self.repair.to_arrays()),
        }

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
