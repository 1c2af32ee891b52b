"""From what people type to what is compared: one form for n-grams of words, one for a sentence encoder.

The FAQ's phrasings and the messages pass through the same functions, so whatever is folded is folded on both sides.
Every regular expression here is linear: fixed prefixes, no nested repetition.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import TYPE_CHECKING

from faq.text.clutter import own_words, visible, without_names_and_links, without_pictures, without_tags
from faq.text.lookalikes import plain_letters

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_CHARS = 4000  # of one message; what a question is stands well before, and work stays bounded
MAX_WORDS = 160
SPLIT_ABOVE_WORDS = 25  # splitting shorter messages costs a point of top-1 on BANKING77
SENTENCE_WORDS = 25
MAX_PARTS = 12

_REPEATED = re.compile(r"([^\W\d_])\1{2,}")
_DRAWN_OUT = re.compile(r"([.,!?;:~*-])\1{3,}|(\s)\s+")
_LONE_MARKS = re.compile("[\u0300-\u036f]{2,}")
_STOPS = "!?;\u061f\u06d4\u0964\u0965\u17d4\u17d5\u104a\u104b\u3002\uff61"  # and the full stop, if space follows
_STOP = re.compile(rf"(?<=[{_STOPS}])(?![{_STOPS}\s])|(?<=[{_STOPS}.])\s+|(?<=[^\d.]\.\.)(?=\w)|(?<!\s)\s*\n\s*")
_SPACE = re.compile(r"\s+")
# Scripts written without spaces: each character, with the marks on it, is a word of its own, so that pairs of words
# are bigrams. Chinese and Japanese first, then Thai, Lao, Burmese and Khmer.
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_SPACELESS = _CJK + "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ec6\u0edc-\u0edf\u1000-\u103f\u1050-\u108f\u1780-\u17d3"
_SPACELESS_CHAR = re.compile(f"[{_SPACELESS}]")
# Vowel signs and other marks are no letters to `re`, yet they stand inside the words of these scripts.
MARKS = "".join(
    chr(code)
    for first, last in ((0x900, 0xDFF), (0xE00, 0xEFF), (0x1000, 0x109F), (0x1780, 0x17DF))
    for code in range(first, last + 1)
    if unicodedata.category(chr(code)) in {"Mn", "Mc"}
)
_WORD = re.compile(rf"[{_SPACELESS}][{MARKS}]*|(?:(?![{_SPACELESS}_])\w)(?:(?![{_SPACELESS}_])[\w{MARKS}])*")
# Accents of Latin, Greek and Cyrillic, vowel points of Hebrew and Arabic: people leave them out.
_COMBINING = re.compile("[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1-\u05c2\u05c4-\u05c5\u05c7\u064b-\u065f\u0670\u0640]+")
# Letters that no decomposition folds, and apostrophes that people leave out.
_FOLD = str.maketrans(
    {
        "\u0131": "i",  # Turkish dotless i
        "ø": "o",
        "đ": "d",
        "ł": "l",
        "æ": "ae",
        "œ": "oe",
        "'": "",
        "\u2019": "",
        "\u2018": "",
        "\u02bc": "",
        "`": "",
        "\u00b4": "",
        "_": " ",
        "\u0649": "\u064a",  # Arabic and Persian forms of one letter
        "\u06cc": "\u064a",
        "\u06a9": "\u0643",
        "\u0629": "\u0647",
    }
)
_WRITTEN = str.maketrans({"\u2019": "'", "\u2018": "'", "\u02bc": "'", "\u00b4": "'", "`": "'", "\u0130": "I"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One wording to try: a whole message, or a sentence of a long one.

    Attributes:
        text: For a sentence encoder: lower case, with punctuation, apostrophes and accents.
        words: For n-grams: folded, without punctuation; those of `text`, then those of the hashtags that end it.
        original: As it was written, without what is no part of it: names, links, emoji, quotes, signature.
    """

    text: str
    words: tuple[str, ...]
    original: str


def fold(text: str) -> str:
    """Fold case, accents, width, apostrophes and drawn-out letters; drop links, mentions and invisible marks."""
    text = without_pictures(without_names_and_links(_unified(text))).casefold().translate(_FOLD)
    if not text.isascii():
        text = unicodedata.normalize("NFC", _COMBINING.sub("", unicodedata.normalize("NFD", text)))
    return _REPEATED.sub(r"\1\1", text)


def words(text: str) -> list[str]:
    """Give the words of a text; emoji and punctuation are none."""
    return _WORD.findall(fold(text))


def spoken(text: str) -> str:
    """Give a message or phrasing as a sentence encoder is to read it; empty if it has no words."""
    original, _ = _written(text)
    return _encoded(original)


def message_parts(text: str) -> list[Part]:
    """Give the wordings to try: the whole message and, above 25 words, each of its sentences, none empty.

    A long sentence is cut every 25 words. At most 12 parts, the first and the last, so that a rant costs no more.
    """
    original, tags = _written(text)
    whole = _part(original, tags)
    if whole is None:
        return []
    if _length(whole.words) <= SPLIT_ABOVE_WORDS:
        return [whole]
    pieces = [piece for sentence in _STOP.split(original) for piece in _pieces(sentence)]
    if len(pieces) >= MAX_PARTS:  # what somebody wants stands at the beginning or at the end
        pieces = pieces[: MAX_PARTS // 2 - 1] + pieces[-MAX_PARTS // 2 :]
    return [whole, *filter(None, map(_part, pieces))]


def _unified(text: str) -> str:
    """One form for letters of any width or style, look-alikes, and no invisible marks."""
    # Some characters become 18 under NFKC, hence the second cut.
    return plain_letters(unicodedata.normalize("NFKC", visible(text[:MAX_CHARS]))[:MAX_CHARS])


def _written(text: str) -> tuple[str, str]:
    """Give the author's own words with their lines and case, and the words of the hashtags that end them."""
    text = without_names_and_links(own_words(_unified(text)))
    body, tags = without_tags(without_pictures(text).strip())
    lines = (_SPACE.sub(" ", line).strip() for line in body.splitlines())
    return "\n".join(filter(None, lines)), tags


def _encoded(original: str) -> str:
    text = _LONE_MARKS.sub("", original.translate(_WRITTEN)).lower()
    text = _SPACE.sub(" ", _DRAWN_OUT.sub(r"\1\1\1\2", _REPEATED.sub(r"\1\1", text))).strip()
    return text if any(map(str.isalnum, text)) else ""


def _length(spoken: Sequence[str]) -> float:
    """Count the words; in scripts without spaces two characters are about one."""
    return sum(0.5 if _SPACELESS_CHAR.match(word) else 1 for word in spoken)


def _part(original: str, tags: str = "") -> Part | None:
    text = _encoded(original)
    if len(text) > MAX_WORDS:  # an encoder's work grows with the text
        text = text[: next((found.start() for found in islice(_WORD.finditer(text), MAX_WORDS, None)), None)].rstrip()
    found = _WORD.findall(fold(text)) + _WORD.findall(fold(tags))
    return Part(text=text, words=tuple(found[:MAX_WORDS]), original=original) if found else None


def _pieces(sentence: str) -> list[str]:
    """Cut a sentence every 25 words."""
    starts, length = [], float(SENTENCE_WORDS)
    for found in _WORD.finditer(sentence):
        if length >= SENTENCE_WORDS:
            starts.append(found.start())
            length = 0.0
        length += _length([found[0]])
    return [sentence[a:b].strip() for a, b in pairwise([*starts, len(sentence)])]
