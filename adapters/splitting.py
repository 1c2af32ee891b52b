"""Cut a reply into parts that a platform takes, at the most readable place."""

from __future__ import annotations

from adapters.markup import render

_ZERO_WIDTH_JOINER = "\u200d"


def length(text: str, unit: str) -> int:
    """Length of plain text in `unit`s: "codepoint" or "utf16"."""
    return len(text.encode("utf-16-le")) // 2 if unit == "utf16" else len(text)


def split(markup: str, *, max_len: int, unit: str = "codepoint") -> list[str]:
    """Parts of at most `max_len` units each once rendered; never empty; nothing but white space at the cuts is lost.

    Cuts at a paragraph, else a line, a sentence, a word, else between characters (never inside a surrogate pair or an
    emoji sequence, and never inside a bold or code span where another place is to be had).
    """
    parts: list[str] = []
    rest = markup.strip()
    while rest and _too_long(rest, max_len, unit):
        cut = _cut(rest, max_len, unit)
        part = rest[:cut].rstrip()
        if part:
            parts.append(part)
        rest = rest[cut:].lstrip()
    if rest or not parts:
        parts.append(rest)
    return parts


def _too_long(markup: str, max_len: int, unit: str) -> bool:
    # The markup is at least as long as what it renders to, so the cheap test settles nearly every reply.
    return length(markup, unit) > max_len and length(render(markup).text, unit) > max_len


def _cut(text: str, max_len: int, unit: str) -> int:
    """Where to cut `text`, which is too long. Conservative: counts the marks as if they were shown."""
    limit = _fitting(text, max_len, unit)
    for mark, keep in (("\n\n", 0), ("\n", 0), (". ", 1), ("! ", 1), ("? ", 1), ("。", 1), (" ", 0)):
        at = text.rfind(mark, limit // 3, limit)
        if at > 0 and _spans_survive(text, at + keep):
            return at + keep
    while limit > 1 and (_glued(text, limit) or text[limit - 1] == "\\"):
        limit -= 1
    return max(limit, 1)


def _fitting(text: str, max_len: int, unit: str) -> int:
    """The longest prefix, in code points, that is at most `max_len` units long."""
    if unit != "utf16":
        return min(len(text), max_len)
    used = 0
    for i, char in enumerate(text):
        used += 2 if ord(char) > 0xFFFF else 1  # noqa: PLR2004 - the end of the Basic Multilingual Plane
        if used > max_len:
            return i
    return len(text)


def _spans_survive(text: str, cut: int) -> bool:
    """Marks never reach beyond their line, so only the cut's own line can be broken."""
    start = text.rfind("\n", 0, cut) + 1
    end = text.find("\n", cut)
    line = text[start : end if end >= 0 else len(text)]
    head, tail = line[: cut - start], line[cut - start :]
    return render(head).text + render(tail).text == render(line).text


def _glued(text: str, cut: int) -> bool:
    """Whether a cut here would tear one visible character apart."""
    after = text[cut : cut + 1]
    return (
        text[cut - 1] == _ZERO_WIDTH_JOINER
        or after in {_ZERO_WIDTH_JOINER, "\ufe0f"}
        or "\U0001f3fb" <= after <= "\U0001f3ff"
    )
