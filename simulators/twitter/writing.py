"""What X makes of a text: short links, escaped characters, mentions, and what it weighs."""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from twitter_text import parse_tweet  # type: ignore[import-untyped]  # it comes without types
from twitter_text.extract_urls import extract_urls_with_indices  # type: ignore[import-untyped]

from simulators.twitter.wire import Json

MAX_WEIGHT = 280
LINK_WEIGHT = 23
MENTION = re.compile(r"(?<![\w@/])@(\w{1,15})(?!\w)", re.ASCII)
_HASHTAG = re.compile(r"(?<![\w&/])#(\w*[^\W\d]\w*)")
_CASHTAG = re.compile(r"(?<!\w)\$[A-Za-z]{1,6}(?!\w)")
_WORD = re.compile(r"\s*\S+|\s+$")  # with the space before it, which tells the parser that a word begins
_PLAIN_LINK = re.compile(r"https?://\S+")
# The parser's time grows with the square of a word: 13 ms for 100 characters of "a.a.a", minutes for 10,000.
_MAX_PARSED_CHARS = 3_000
_MAX_PARSED_DOTS = 20
_PREFIX = re.compile(r"(?:@\w{1,15}\s+)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Writing:
    """A text as it was typed, and as X hands it out; `links` leads from the short address to the one typed.

    `is_long`: longer than what everybody may write; subscribers may.
    """

    typed: str
    shown: str
    is_long: bool
    links: Mapping[str, str] = field(default_factory=dict)


def written(text: str, serial: int) -> Writing:
    """Return what X makes of a text: every address becomes a short one of 23 characters."""
    shown, links, end = "", {}, 0
    for number, (start, stop) in enumerate(_links(text)):
        short = f"https://t.co/{serial % 10**8:08d}{number % 100:02d}"
        links[short] = text[start:stop]
        shown += text[end:start] + short
        end = stop
    shown += text[end:]
    return Writing(text, shown, is_too_long(without_prefix(shown)), links)


def has_link(text: str) -> bool:
    """Return whether X would bill this text as a post with an address."""
    return bool(_links(text))


def _links(text: str) -> list[tuple[int, int]]:
    """Return where the addresses in a text are."""
    words = ((match.start(), _links_in_word(match[0])) for match in _WORD.finditer(text))
    return [(start + first, start + last) for start, found in words for first, last in found]


def _links_in_word(word: str) -> tuple[tuple[int, int], ...]:
    if not _is_parsed(word):
        return tuple(match.span() for match in _PLAIN_LINK.finditer(word))
    return tuple(tuple(link["indices"]) for link in extract_urls_with_indices(word))


def cashtags(text: str) -> int:
    """Return how many cashtags are in a text."""
    return len(_CASHTAG.findall(text))


def is_too_long(text: str) -> bool:
    """Return whether a text is longer than what everybody may write."""
    is_short = len(text) <= MAX_WEIGHT // 2 and "." not in text  # nothing weighs more than two but an address
    return not is_short and weight(text) > MAX_WEIGHT


def weight(text: str) -> int:
    """Return the weighted length, by X's own rules: addresses 23, most of Latin 1, most of the rest 2."""
    return sum(_weight(word) for word in _WORD.findall(text))


def _weight(word: str) -> int:
    if not _is_parsed(word):
        left = _PLAIN_LINK.sub("0" * LINK_WEIGHT, word)
        return len(left) + sum(ord(letter) > 0x10FF for letter in left)
    return int(parse_tweet(word).weightedLength)


def _is_parsed(word: str) -> bool:
    return len(word) <= _MAX_PARSED_CHARS and word.count(".") <= _MAX_PARSED_DOTS


def without_prefix(text: str) -> str:
    """Return a reply's text without the mentions in front, which weigh nothing."""
    return text[_PREFIX.match(text).end() :]  # type: ignore[union-attr]  # it matches the empty text


def wire_text(writing: Writing, *, cut: bool = True) -> str:
    """Return the text as the API sends it: with `&`, `<` and `>` escaped, and a long post's cut."""
    shown = writing.shown
    if cut and writing.is_long:
        shown = shown[: MAX_WEIGHT - 1].rstrip() + "…"
    return html.escape(shown, quote=False)


def entities(text: str, writing: Writing, user_ids: Mapping[str, str]) -> Json:
    """Return the marks in a text sent over the wire; positions count its code points."""
    mentions = [
        {"start": match.start(), "end": match.end(), "username": match[1], "id": user_ids[match[1].lower()]}
        for match in MENTION.finditer(text)
        if match[1].lower() in user_ids
    ]
    hashtags = [{"start": m.start(), "end": m.end(), "tag": m[1]} for m in _HASHTAG.finditer(text)]
    urls = [
        {"start": start, "end": start + len(short), "url": short, "expanded_url": _whole(typed), "display_url": typed}
        for short, typed in writing.links.items()
        if (start := text.find(short)) >= 0
    ]
    found = {"mentions": mentions, "hashtags": hashtags, "urls": urls}
    return {kind: marks for kind, marks in found.items() if marks}


def _whole(address: str) -> str:
    return address if "://" in address else f"http://{address}"
