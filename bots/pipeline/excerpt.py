"""A few of somebody's own words, to be said back to them: nothing in them acts, names anybody or leads anywhere."""

from __future__ import annotations

import re
import unicodedata

MAX_CHARS = 100
_ELLIPSIS = "…"
# Names, commands, tags, addresses and marks of the channels' own: a word that holds one of these is left out.
# A dot before a letter may begin the end of a domain's name ("t2.me"); "3.50" and "22.11.2026" lead nowhere.
_ACTS = re.compile(
    r"[@\uff20#\uff03/\\<>\[\]{}|~]"
    r"|\S[.\u2024\u3002\uff0e\uff61][^\W\d_]"
    r"|(?:\d{1,3}[.\u2024\u3002\uff0e\uff61]){3}\d"
    r"|[$\uff04][^\W\d_]"
    r"|:\S"
)
_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs", "Cn"})
_QUOTES = str.maketrans("“”„", '"""')


def excerpt(text: str) -> str:
    """The beginning of a text, on one line, at most 100 characters; empty if no words are left.

    It is not escaped: what becomes of markup is for whoever puts it into a sentence.
    """
    seen = "".join(char if unicodedata.category(char) not in _UNSEEN else " " * char.isspace() for char in text)
    words = [word for word in seen.translate(_QUOTES).split() if not _ACTS.search(word)]
    line = " ".join(words)
    if len(line) > MAX_CHARS:
        cut = line[: MAX_CHARS - len(_ELLIPSIS)]
        line = (cut.rpartition(" ")[0] or cut).rstrip(" ,;:-") + _ELLIPSIS
    return line if any(map(str.isalnum, line)) else ""
