"""Cut a reply into parts that a platform takes, at the most readable place."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import repeat
from typing import TYPE_CHECKING, Final

from adapters.markup import Rendered, Span, render, write

if TYPE_CHECKING:
    from collections.abc import Sequence

_PLACES = (("\n\n", 0), ("\n", 0), (". ", 1), ("! ", 1), ("? ", 1), ("。", 1), (" ", 0))
_ZERO_WIDTH_JOINER = "\u200d"
_MAX_GLUED = 64  # a longer run that must not be torn is no sequence of any script, but somebody's joke
_WORD: Final = re.compile(r"\s?\S+")  # with what stands before it: that decides whether a link begins there
_LINK_WEIGHT: Final = 23  # X makes every link an address of this length
# X's own expression for links takes seconds for a few thousand characters like "a.a.a.", so it is shown nothing but
# words of a sane shape, composed as X composes them; in any other word each dot counts as a link.
_MAX_WORD, _MAX_DOTS = 256, 8


def length(text: str, unit: str) -> int:
    """Length of plain text in `unit`s: "codepoint", "utf16" or "x_weighted".

    The last is what X counts, or a little above it in odd texts: 2 for CJK and for an emoji, 23 for a link.
    """
    if unit == "x_weighted":
        return sum(_x_weights(text))
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
    weights = _weights(text, unit)
    while start < len(text):
        if text[start].isspace():
            start += 1
            continue
        end = _cut(text, start, max_len, weights)
        kept = text[start:end].rstrip()
        room = max_len  # a link that was torn, or that begins only because the part does, weighs more than in its place
        while unit == "x_weighted" and len(kept) > 1 and (excess := length(kept, unit) - max_len) > 0:
            room -= excess
            end = _cut(text, start, room, weights)
            kept = text[start:end].rstrip()
        parts.append(write(_clipped(whole, start, start + len(kept))))
        start = end
    return parts or [""]


def shortened(markup: str, *, max_len: int, unit: str, max_parts: int | None, ending: str) -> list[str]:
    """Like `split`, in at most `max_parts`; where more would be needed, the last ends with ``…`` and `ending`."""
    parts = split(markup, max_len=max_len, unit=unit)
    if max_parts is None or len(parts) <= max_parts:
        return parts
    kept = parts[: max_parts - 1]
    rest = parts[max_parts - 1]
    ending = f"… {ending}".rstrip()
    room = max_len - length(render(ending).text, unit)
    return [*kept, split(rest, max_len=room, unit=unit)[0] + ending]


def _clipped(whole: Rendered, start: int, end: int) -> Rendered:
    spans = (
        Span(kind=span.kind, start=max(span.start, start) - start, end=min(span.end, end) - start)
        for span in whole.spans
        if span.start < end and span.end > start
    )
    return Rendered(text=whole.text[start:end], spans=tuple(spans))


def _cut(text: str, start: int, max_len: int, weights: Sequence[int]) -> int:
    """Where the part that begins at `start` ends."""
    limit = _fitting(weights, start, max_len)
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


def _fitting(weights: Sequence[int], start: int, max_len: int) -> int:
    """The end of the longest piece from `start`, at least a character, that is at most `max_len` units long."""
    used = 0
    for i in range(start, len(weights)):
        used += weights[i]
        if used > max_len:
            return max(i, start + 1)
    return len(weights)


def _weights(text: str, unit: str) -> Sequence[int]:
    """What each character counts; what counts as a whole does so at its first one."""
    if unit == "x_weighted":
        return _x_weights(text)
    if unit == "utf16":
        return [2 if ord(char) > 0xFFFF else 1 for char in text]  # noqa: PLR2004 - the end of the Basic Multilingual Plane
    return list(repeat(1, len(text)))


def _x_weights(text: str) -> list[int]:
    weights = [_x_weight(char) for char in text]
    # Both take their time to import, and only who is on X needs them.
    from twitter_text import extract_emojis_with_indices, extract_urls_with_indices  # type: ignore[import-untyped] # noqa: PLC0415

    for emoji in extract_emojis_with_indices(text):
        start, end = emoji["indices"]
        weights[start:end] = [2, *repeat(0, end - start - 1)]
    for match in _WORD.finditer(text):
        word = match[0]
        if "." not in word:
            continue
        if len(word) > _MAX_WORD or word.count(".") > _MAX_DOTS or not unicodedata.is_normalized("NFC", word):
            for i in range(match.start(), match.end()):
                weights[i] = _LINK_WEIGHT + 1 if text[i] == "." else _x_weight(text[i])
            continue
        for link in extract_urls_with_indices(word):
            start = match.start() + link["indices"][0]
            end = start + len(link["url"])
            weights[start:end] = [_LINK_WEIGHT, *repeat(0, end - start - 1)]
    return weights


@lru_cache(maxsize=4096)
def _x_weight(char: str) -> int:
    """One for scripts up to Georgian and for common punctuation, else two; composed as X composes it."""
    from twitter_text.config import config  # type: ignore[import-untyped] # noqa: PLC0415
    from twitter_text.get_character_weight import get_character_weight  # type: ignore[import-untyped] # noqa: PLC0415

    rules = config["defaults"]
    weight: int = sum(get_character_weight(each, rules) for each in unicodedata.normalize("NFC", char))
    return weight // int(rules["scale"])


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
