"""The BIP-39 word lists of every language, folded, and the checksum of a phrase."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from hashlib import sha256

LENGTHS = (12, 15, 18, 21, 24)
INVISIBLE = "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff"
INVISIBLE_CHARS = "".join(re.findall(f"[{INVISIBLE}]", "".join(map(chr, range(0x10000)))))
_FOLDED_AWAY = dict.fromkeys([*range(0x300, 0x370), *map(ord, INVISIBLE_CHARS)])


@cache
def vocabulary() -> dict[str, list[tuple[str, int]]]:
    """Folded word -> (language, index) for every list that `mnemonic` brings; about 25,000 words, read once."""
    from mnemonic import Mnemonic  # noqa: PLC0415 - short messages need no list

    words: dict[str, list[tuple[str, int]]] = {}
    for language in sorted(Mnemonic.list_languages()):
        for index, word in enumerate(Mnemonic(language).wordlist):
            # mnemonic 0.21 ships one Russian word with a broken letter
            words.setdefault(fold(word.replace("\ufffd\ufffd", "в")), []).append((language, index))
    return words


def fold(word: str) -> str:
    """Without case, accents and invisible characters; no two words of one list fold to the same."""
    if word.isascii():
        return word.lower()
    return unicodedata.normalize("NFKD", word).casefold().translate(_FOLDED_AWAY).replace("\u0131", "i")


def joined(indexes: list[int]) -> int:
    """The words of a phrase as one number, 11 bits each."""
    value = 0
    for index in indexes:
        value = value << 11 | index
    return value


def checksum_is_right(value: int, length: int) -> bool:
    """BIP-39: `length` words are 11 bits each; the last `length` / 3 bits begin the SHA-256 of the others."""
    bits = length // 3
    entropy = (value >> bits).to_bytes(length * 4 // 3, "big")
    return sha256(entropy).digest()[0] >> (8 - bits) == value & ((1 << bits) - 1)
