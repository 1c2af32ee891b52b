"""Misspelt, shortened, joined and split words mended towards the words of the FAQ, then towards common words."""

from __future__ import annotations

import math
import re
from collections import ChainMap, Counter, defaultdict
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from faq.built import under, within
from faq.text.cleaning import MARKS, Part, words
from faq.text.dictionary import Dictionary, dictionary, shorthand
from faq.text.near import NearWords

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from faq.built import Arrays

MIN_REPAIRED_CHARS, MAX_REPAIRED_CHARS = 2, 40
MAX_REPAIRS = 24  # unknown words looked up for one message
MIN_JOINED_CHARS = 5
MAX_SKELETONS = 20  # words with the same consonants that are looked at
# What makes a word less likely to be the one that was meant, in edits.
MAX_COST = 2.4
MAX_COST_UNLISTED = 1.5  # in languages without a dictionary, where any unknown word may be a real one
HALVES_COST = 1.8  # above it, two words written as one are likelier
RANK_COST = 0.06  # a doubling of its rank among the words of the FAQ, then the common ones
ELSEWHERE_COST = 0.5  # the FAQ does not use it
FIRST_LETTER_COST = 0.3  # people seldom mistype the first letter
SHORT_COST = {2: 2.0, 3: 0.5}  # of two or three letters one is another or too many: rather an abbreviation or a name
SLIP_COST = 0.6  # two letters exchanged or one doubled: the commonest slips
DROPPED_COST, VOWEL_COST = 0.5, 0.1  # vowels left out
MIN_CONSONANTS = 2

# A word as it is written, with apostrophes and the signs that stand for letters.
_TOKEN = re.compile(rf"[$@]?[^\W_][\w{MARKS}]*(?:['$@][\w{MARKS}]+)*")
_VOWELS = re.compile("[aeiou\u0430\u0435\u0438\u043e\u0443\u044b\u044d\u044e\u044f]+")
_SYMBOL = re.compile("[$@]")
_LETTER = re.compile(r"[^\W\d_]")
_DOUBLED = re.compile(r"(.)\1+")
_SIGN = re.compile("[0-9$@]")
_LEET = tuple(str.maketrans("0134578@$", letters) for letters in ("oieastbas", "oleastbas"))


class Repair:
    """Knows the words of an FAQ and of its languages; what is none of them is perhaps a misspelling of one.

    Built once, then only read, so any thread may use it.

    Args:
        texts: The FAQ's phrasings as `spoken` gives them.
        languages: Codes of the FAQ's languages.
        built: What `to_arrays` gave for these languages.
    """

    def __init__(self, texts: Iterable[str], languages: Sequence[str] = (), built: Arrays | None = None) -> None:
        forms: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for token, count in Counter(token for text in texts for token in _TOKEN.findall(text)).items():
            keys = _keys(token)
            for key in keys:
                forms[key][token if len(keys) == 1 else key] += count
        self._forms = frozenset(form for written in forms.values() for form in written)
        ordered = sorted(forms, key=lambda key: (-forms[key].total(), key))
        self._usual = {key: max(sorted(forms[key]), key=forms[key].__getitem__) for key in ordered}
        codes = dict.fromkeys(language.partition("-")[0].lower() for language in languages)
        kept = {code: within(code, built) for code in codes}
        self._dictionaries = {code: Dictionary.of_arrays(of) if of else dictionary(code) for code, of in kept.items()}
        self._max_cost = MAX_COST if any(map(len, self._dictionaries.values())) else MAX_COST_UNLISTED
        self._shorthand = {code: shorthand(code) for code in codes}
        self._elsewhere: dict[str, str] = {}
        for known in self._dictionaries.values():
            for key, form in known.common.items():
                if key not in self._usual:
                    self._elsewhere.setdefault(key, form)
        # What speaks against a word before anything is typed.
        self._unlikely = {
            key: RANK_COST * math.log2(1 + rank) for rank, key in enumerate([*self._usual, *self._elsewhere])
        }
        self._unlikely.update({key: self._unlikely[key] + ELSEWHERE_COST for key in self._elsewhere})
        self._mend = lru_cache(maxsize=8192)(self._find)

    # The first misspelt word waits 0.1 s for these three; a start does not.

    @cached_property
    def _near(self) -> NearWords:
        return NearWords(self._unlikely)

    @cached_property
    def _skeletons(self) -> dict[str, list[str]]:
        """Words by what is left of them without vowels."""
        found: dict[str, list[str]] = {}
        for key in self._unlikely:
            found.setdefault(_VOWELS.sub("", key), []).append(key)
        return found

    @cached_property
    def _squeezed(self) -> dict[str, list[str]]:
        """Words with doubled letters by what they are without."""
        found: dict[str, list[str]] = {}
        for key in self._unlikely:
            if (squeezed := _DOUBLED.sub(r"\1", key)) != key:
                found.setdefault(squeezed, []).append(key)
        return found

    def to_arrays(self) -> Arrays:
        """Give what another start need not work out."""
        found = [under(code, known.to_arrays()) for code, known in self._dictionaries.items()]
        return dict(ChainMap(*found))

    def mended(self, parts: Sequence[Part], language: str | None = None) -> list[Part]:
        """Give the parts of one message with mended words in both of their forms.

        Args:
            parts: Of one message; at most 24 different unknown words of it are looked up.
            language: The message's, where known: the words of other languages are then misspellings.
        """
        code = (language or "").partition("-")[0].lower()
        mends: dict[str, str] = {}
        return [self._mended(part, code if code in self._dictionaries else None, mends) for part in parts]

    def forget(self) -> None:
        """Empty the memory of words already looked up, so that work can be measured."""
        self._mend.cache_clear()

    def _mended(self, part: Part, language: str | None, mends: dict[str, str]) -> Part:
        def mend(token: str) -> str:
            known = token in self._forms
            if known or (token not in mends and len(mends) >= MAX_REPAIRS):
                return token
            return mends.setdefault(token, self._mend(token, language))

        text = _TOKEN.sub(lambda found: mend(found[0]), self._rejoined(part.text))
        if text == part.text:
            return part
        tags = part.words[len(words(part.text)) :]
        return Part(text=text, words=(*words(text), *tags), original=part.original)

    def _rejoined(self, text: str) -> str:
        """Join neighbours of which one is unknown and which together are a word of the FAQ."""
        found, end, last = [""], 0, ""
        for match in _TOKEN.finditer(text):
            token, between = match[0], text[end : match.start()]
            both = last + token
            split = between in {" ", "-"} and len(both) >= MIN_JOINED_CHARS and both in self._usual
            if split and not (last in self._usual and token in self._usual):
                found[-1] = token = both
            else:
                found += [between, token]
            end, last = match.end(), token
        return "".join(found) + text[end:]

    def _find(self, token: str, language: str | None) -> str:
        keys = _keys(token)
        key = keys[0] if len(keys) == 1 and not _SYMBOL.search(token) else ""
        if key in self._usual:
            return token if token in self._forms or self._is_word(token, language) else self._usual[key]
        full = self._in_full(token, language)
        if full or len(token) > MAX_REPAIRED_CHARS:
            return full or token
        if _SIGN.search(token) and _LETTER.search(token):
            return self._from_signs(token, language) or token
        if not key.isalpha() or self._is_word(token, language):
            return token
        return self._elsewhere.get(key) or self._likeliest(key) or token

    def _is_word(self, token: str, language: str | None) -> bool:
        if language is not None:
            return token in self._dictionaries[language]
        return any(token in known for known in self._dictionaries.values())

    def _in_full(self, token: str, language: str | None) -> str | None:
        """Give what a shortening stands for; a word of another of the FAQ's languages stands for itself."""
        if language is not None:
            return self._shorthand[language].get(token)
        for code, known in self._shorthand.items():
            others = [listed for other, listed in self._dictionaries.items() if other != code]
            if token in known and not any(token in listed for listed in others):
                return known[token]
        return None

    def _from_signs(self, token: str, language: str | None) -> str | None:
        """Read digits and signs as the letters they look like."""
        for table in _LEET:
            read = token.translate(table)
            key = "".join(_keys(read))
            if key.isalpha() and (key in self._unlikely or self._is_word(read, language)):
                return self._form(key) or read
        return None

    def _likeliest(self, key: str) -> str | None:
        """Give the word that was most probably meant: few edits, a word of the FAQ, a frequent one."""
        best, least = None, self._max_cost
        skeleton = _VOWELS.sub("", key)
        candidates = dict(self._near.find(key)) if len(key) >= MIN_REPAIRED_CHARS else {}
        if len(skeleton) >= MIN_CONSONANTS:
            for word in self._skeletons.get(skeleton, [])[:MAX_SKELETONS]:
                candidates.setdefault(word, len(word))
        squeezed = _DOUBLED.sub(r"\1", key)
        for word in (*self._squeezed.get(squeezed, [])[:MAX_SKELETONS], *([squeezed] * (squeezed in self._unlikely))):
            candidates.setdefault(word, len(word))
        for word, edits in candidates.items():
            unlikely = self._unlikely[word]
            if unlikely + DROPPED_COST > least:
                continue
            cost = unlikely + _cost(key, word, edits, skeleton, squeezed)
            if (cost, word) < (least, best or ""):
                best, least = word, cost
        if least > HALVES_COST:
            halves = self._halves(key)
            if halves:
                return halves
        return best and self._form(best)

    def _halves(self, key: str) -> str | None:
        """Give the two words of the FAQ that were written as one."""
        best, least = None, math.inf
        for at in range(2, len(key) - 1):
            left, right = key[:at], key[at:]
            if left in self._usual and right in self._usual:
                rank = max(self._unlikely[left], self._unlikely[right])
                if rank < least:
                    best, least = f"{self._usual[left]} {self._usual[right]}", rank
        return best

    def _form(self, key: str) -> str | None:
        return self._usual.get(key) or self._elsewhere.get(key)


def _keys(token: str) -> list[str]:
    return [token] if token.isascii() and token.isalnum() and token.islower() else words(token)


def _cost(key: str, word: str, edits: int, skeleton: str, squeezed: str) -> float:
    """Give how far a word is from what was typed, in edits."""
    if len(word) > len(key) and _VOWELS.sub("", word) == skeleton:
        letters = iter(word)
        if all(letter in letters for letter in key):
            return min(edits, DROPPED_COST + VOWEL_COST * (len(word) - len(key)))
    if edits == 1 and len(key) == len(word) and sorted(key) == sorted(word):
        return SLIP_COST
    if squeezed == _DOUBLED.sub(r"\1", word):
        return SLIP_COST
    short = SHORT_COST.get(len(key), 0) if len(word) <= len(key) else 0
    return edits + short + FIRST_LETTER_COST * (word[0] != key[0])
