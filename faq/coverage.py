"""How much of a message an entry speaks of: the share of its informative words that the entry's phrasings hold.

In a small FAQ a single word may belong to one entry only and make every likeness certain of it; what the message says
besides is what tells "withdrawal stuck" from a question about withdrawal fees.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from faq.phrasings import Phrasings

MIN_PREFIX = 3
MIN_KINSHIP = 0.6  # of two forms of a word, such as withdraw and withdrawal
UNSEEN_LINES = 2.0  # a word in none of the lines is not infinitely rare
MIN_RARITY = 0.05
MIN_SHARE = 2 / 3  # of a message's informative words, for an answer; 1/2 to 2/3 measured, fewer wrong with each step
NEGATIONS = frozenset(
    (
        "not",
        "dont",
        "doesnt",
        "didnt",
        "never",
        "without",
        "undo",
        "niet",
        "geen",
        "nooit",
        "zonder",
        "nicht",
        "kein",
        "keine",
        "keinen",
        "nie",
        "ohne",
        "nunca",
        "sin",
        "ne",
        "pas",
        "jamais",
        "sans",
        "mai",
        "senza",
        "nao",
        "nem",
        "sem",
        "degil",
    )
)  # not "no", which people also shout
MIN_STRAYING = 0.5  # rarity; measured: of 86 near misses 18 fewer are answered, of what is answered rightly 3 %
MIN_WORDS = 1.2  # informative words (of rarity 1) that an answer needs


def kinship(one: str, other: str) -> float:
    """Give how much two words begin alike, 0..1; 0 below `MIN_KINSHIP`: fee and fees 0.86, verified and verify 0.71."""
    shared = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        shared += 1
    alike = 2 * shared / max(len(one) + len(other), 1)
    return alike if alike >= MIN_KINSHIP else 0.0


class Coverage:
    """Weighs words by how rare they are in general, and tells what part of a message each entry covers."""

    def __init__(self, phrasings: Phrasings, background: Iterable[Sequence[str]]) -> None:
        self._phrasings = phrasings
        by_entry: list[Counter[str]] = [Counter() for _ in phrasings.ids]
        for spoken, owner in zip(phrasings.texts, phrasings.owners.tolist(), strict=True):
            by_entry[owner].update(set(spoken))
        lines = [set(line) for line in background]
        # An entry counts as one line: its own word is not common because all its phrasings hold it.
        frequency = Counter(word for line in lines for word in line)
        frequency.update(word for held in by_entry for word in held)
        most = (len(lines) + len(by_entry) + UNSEEN_LINES) / UNSEEN_LINES
        self._rarity = {
            word: max((1 - math.log1p(count / UNSEEN_LINES) / math.log(most)) ** 2, MIN_RARITY)
            for word, count in frequency.items()
        }
        self._held = by_entry
        self._known = frozenset(word for held in by_entry for word in held)

    def rarity(self, word: str) -> float:
        """Give how informative a word is, 0..1: near 0 for what every sentence holds, 1 for what none holds."""
        return self._rarity.get(word, 1.0)

    def share(self, spoken: Sequence[str], entry: int, besides: int = -1) -> float:
        """Give the share of the informative words that the entry's phrasings hold, 0..1.

        Args:
            spoken: The words.
            entry: Index of the entry.
            besides: Index of one of its phrasings that does not count, or -1.
        """
        own = Counter(set(self._phrasings.texts[besides])) if besides >= 0 else Counter[str]()
        held = self._held[entry]
        total = covered = 0.0
        for word in dict.fromkeys(spoken):  # a set would add up in another order in another run
            weight = self.rarity(word)
            total += weight
            if held[word] > own[word]:
                covered += weight
            else:
                start = word[:MIN_PREFIX]
                alike = (kinship(word, w) for w in held if w.startswith(start) and held[w] > own[w] and w != word)
                covered += weight * max(alike, default=0.0)
        return covered / total if total else 0.0

    def strays(self, spoken: Sequence[str], entry: int) -> bool:
        """Tell whether the message says what no phrasing of the entry speaks of, so that it may ask for something else.

        That is a "not" ("do not cancel my withdrawal"), or an informative word that is in no phrasing of the whole FAQ
        and akin to none of this entry ("how long may I keep a dog").
        """
        held = self._held[entry]
        if not NEGATIONS.isdisjoint(spoken) and NEGATIONS.isdisjoint(held):
            return True
        new = [word for word in spoken if word not in self._known and self.rarity(word) >= MIN_STRAYING]
        return any(not any(kinship(word, own) for own in held) for word in new)

    def suffices(self, spoken: Sequence[str], share: float) -> bool:
        """Tell whether so much is covered that an answer may be given at all.

        A bare word names a topic, it asks nothing; and what stands besides the covered words may change the question.
        """
        return share >= MIN_SHARE and share * sum(map(self.rarity, dict.fromkeys(spoken))) >= MIN_WORDS
