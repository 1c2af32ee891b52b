"""Cut a reply into parts that a platform takes, at the most readable place."""

from __future__ import annotations

import unicodedata

from adapters.markup import Rendered, Span, render, write

_PLACES = (("\n\n", 0), ("\n", 0), (". ", 1), ("! ", 1), ("? ", 1), ("。", 1), (" ", 0))
_ZERO_WIDTH_JOINER = "\u200d"
_MAX_GLUED = 64  # a longer run that must not be torn is no sequence of any script, but somebody's joke


def length(text: str, unit: str) -> int:
    """Length of plain text in `unit`s: "codepoint" or "utf16"."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2 if unit == "utf16" else len(text)


def split(markup: str, *, max_len: int, unit: str = "codepoint") -> list[str]:
    """Parts of at most `max_len` units each once rendered; nothing but white space at the cuts is lost.

    Cuts at a paragraph, else a line, a sentence, a word, else between characters (never inside an emoji sequence, a
    flag or a letter with its accents). A bold or code span that is cut goes on in the next part. One part, perhaps
    empty, where everything fits; a single character that does not fit is a part all the same.
    """
    markup = markup.strip()
    if length(markup, unit) <= max_len:  # the cheap test settles nearly every reply
        return [markup]
    whole = render(markup)
    if length(whole.text, unit) <= max_len:
        return [markup]
    text, start = whole.text, 0
    parts: list[str] = []
    while start < len(text):
        if text[start].isspace():
            start += 1
            continue
        end = _cut(text, start, max_len, unit)
        kept = text[start:end].rstrip()
        parts.append(write(_clipped(whole, start, start + len(kept))))
        start = end
    return parts or [""]


def _clipped(whole: Rendered, start: int, end: int) -> Rendered:
    spans = (
        Span(kind=span.kind, start=max(span.start, start) - start, end=min(span.end, end) - start)
        for span in whole.spans
        if span.start < end and span.end > start
    )
    return Rendered(text=whole.text[start:end], spans=tuple(spans))


def _cut(text: str, start: int, max_len: int, unit: str) -> int:
    """Where the part that begins at `start` ends."""
    limit = _fitting(text, start, max_len, unit)
    if limit == len(text):
        return limit
    for mark, keep in _PLACES:
        at = text.rfind(mark, start + (limit - start) // 3, limit + len(mark) - keep)
        if at > start:
            return at + keep
    for cut in range(limit, max(start, limit - _MAX_GLUED), -1):
        if not _glued(text, cut):
            return cut
    return limit


def _fitting(text: str, start: int, max_len: int, unit: str) -> int:
    """The end of the longest piece from `start`, at least a character, that is at most `max_len` units long."""
    if unit != "utf16":
        return min(len(text), start + max(max_len, 1))
    used = 0
    for i in range(start, len(text)):
        used += 2 if ord(text[i]) > 0xFFFF else 1  # noqa: PLR2004 - the end of the Basic Multilingual Plane
        if used > max_len:
            return max(i, start + 1)
    return len(text)


def _glued(text: str, cut: int) -> bool:
    """Whether a cut here would tear one visible character apart."""
    before, after = text[cut - 1], text[cut]
    if _is_regional(before) and _is_regional(after):
        run = cut - 1
        while run > 0 and cut - run < _MAX_GLUED and _is_regional(text[run - 1]):
            run -= 1
        return (cut - run) % 2 == 1  # flags are pairs
    return (
        _ZERO_WIDTH_JOINER in {before, after}
        or unicodedata.category(after) in {"Mn", "Me", "Mc"}  # accents, variation selectors, the frame of a keycap
        or "\U0001f3fb" <= after <= "\U0001f3ff"  # skin tones
        or "\U000e0020" <= after <= "\U000e007f"  # the tags of a flag
    )


def _is_regional(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"
