"""Ids made of questions: readable in any script, the same on every import."""

from __future__ import annotations

import hashlib
import unicodedata

MAX_CHARS = 60
_MARK_CHARS = 6


def slug(text: str) -> str:
    """Letters and digits in lower case, joined by hyphens; Latin letters lose their accents.

    What is cut, or has no letter at all, ends in a few characters of the text's digest, so that it stays unique.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    kept = "".join(_base(char) if unicodedata.category(char)[0] in "LNM" else " " for char in folded)
    whole = "-".join(kept.split())
    if len(whole) <= MAX_CHARS and any(char.isalnum() for char in whole):
        return whole
    head = whole[: MAX_CHARS - _MARK_CHARS - 1].rpartition("-")[0] or whole[: MAX_CHARS - _MARK_CHARS - 1]
    return f"{head or 'entry'}-{mark(text)}"


def mark(text: str) -> str:
    """A few characters that tell this text from others."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_MARK_CHARS]


def _base(char: str) -> str:
    base = unicodedata.normalize("NFD", char)[0]
    return base if base.isascii() else char
