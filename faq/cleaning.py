"""From what people type to what is compared: one form for case, accents, spacing, clutter and drawn-out letters.

The FAQ's phrasings and the messages pass through the same functions, so whatever is folded is folded on both sides.
Every regular expression here is linear: fixed prefixes, no nested repetition.
"""

from __future__ import annotations

import re
import unicodedata

MAX_CHARS = 4000  # of one message; what a question is stands well before, and work stays bounded
MAX_WORDS = 160
SPLIT_ABOVE_WORDS = 25  # splitting shorter messages costs a point of top-1 on BANKING77
SENTENCE_WORDS = 25
MAX_PARTS = 12

_CLUTTER = re.compile(
    r"https?://\S+|www\.\S+"  # links
    r"|<[@#:][^<>\s]{1,80}>"  # Discord's mentions and emoji
    r"|(?<![\w.])@\w{1,64}"  # @names, not e-mail addresses
)
_REPEATED = re.compile(r"([^\W\d_])\1{2,}")
_SENTENCE_END = re.compile(r"[.!?;\n…。]+")
# Scripts written without spaces: each character is a word of its own, so that pairs of words are bigrams.
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WORD = re.compile(rf"[{_CJK}]|[^\W_{_CJK}]+")
_COMBINING = re.compile("[\u0300-\u036f]+")
# Letters that no decomposition folds, apostrophes that people leave out, and marks nobody sees.
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
        "`": "",
        "\u00b4": "",
        "\u00ad": "",
        "\u200b": "",
        "\u200c": "",
        "\u200d": "",
        "\u2060": "",
        "\ufeff": "",
        "_": " ",
    }
)


def fold(text: str) -> str:
    """Fold case, accents, width, apostrophes and drawn-out letters; drop links, mentions and invisible marks."""
    text = _CLUTTER.sub(" ", text[:MAX_CHARS])
    # Some characters become 18 under NFKC, hence the second cut.
    text = unicodedata.normalize("NFKC", text)[:MAX_CHARS].casefold().translate(_FOLD)
    text = unicodedata.normalize("NFC", _COMBINING.sub("", unicodedata.normalize("NFD", text)))
    return _REPEATED.sub(r"\1\1", text)


def words(text: str) -> list[str]:
    """Give the words of a text; emoji and punctuation are none."""
    return _WORD.findall(fold(text))


def parts(text: str) -> list[list[str]]:
    """Give the wordings to try: the whole message and, if it is long, each of its sentences, none empty.

    A long message without punctuation is cut every 25 words. At most 12 parts, the first and the last, so that a rant
    costs no more than that.
    """
    folded = fold(text)
    whole = _WORD.findall(folded)
    if not whole:
        return []
    if len(whole) <= SPLIT_ABOVE_WORDS:
        return [whole]
    found = [whole[:MAX_WORDS]]
    for sentence in _SENTENCE_END.split(folded):
        spoken = _WORD.findall(sentence)
        found += [spoken[at : at + SENTENCE_WORDS] for at in range(0, len(spoken), SENTENCE_WORDS)]
    if len(found) > MAX_PARTS:  # what somebody wants stands at the beginning or at the end
        found = found[: MAX_PARTS // 2] + found[-MAX_PARTS // 2 :]
    return found
