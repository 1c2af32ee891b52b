"""What X makes of a text: short links, escaped characters, mentions, and what it weighs."""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from twitter_text import parse_tweet  # type: ignore[import-untyped]  # it comes without types
from twitter_text.extract_urls import extract_urls_with_indices  # type: ignore[import-untyped]

from simulators.twitter.wire import Json

MAX_WEIGHT = 280
MENTION = re.compile(r"(?<![\w@/])@(\w{1,15})(?!\w)", re.ASCII)
_HASHTAG = re.compile(r"(?<![\w&/])#(\w*[^\W\d]\w*)")
_CASHTAG = re.compile(r"(?<!\w)\$[A-Za-z]{1,6}(?!\w)")
_PREFIX = re.compile(r"(?:@\w{1,15}\s+)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Writing:
    """A text as it was typed, and as X hands it out; `links` leads from the short address to the one typed."""

    typed: str
    shown: str
    links: Mapping[str, str] = field(default_factory=dict)


def written(text: str, serial: int) -> Writing:
    """Return what X makes of a text: every address becomes a short one of 23 characters."""
    shown, links, end = "", {}, 0
    for number, link in enumerate(extract_urls_with_indices(text)):
        start, stop = link["indices"]
        short = f"https://t.co/{serial % 10**8:08d}{number % 100:02d}"
        links[short] = link["url"]
        shown += text[end:start] + short
        end = stop
    return Writing(text, shown + text[end:], links)


def has_link(text: str) -> bool:
    """Return whether X would bill this text as a post with an address."""
    return bool(extract_urls_with_indices(text))


def cashtags(text: str) -> int:
    """Return how many cashtags are in a text."""
    return len(_CASHTAG.findall(text))


def weight(text: str) -> int:
    """Return the weighted length, by X's own rules: addresses 23, most of Latin 1, most of the rest 2."""
    return int(parse_tweet(text).weightedLength)


def without_prefix(text: str) -> str:
    """Return a reply's text without the mentions in front, which weigh nothing."""
    return text[_PREFIX.match(text).end() :]  # type: ignore[union-attr]  # it matches the empty text


def is_long(writing: Writing) -> bool:
    """Return whether a post is longer than what everybody may write; subscribers may."""
    return weight(without_prefix(writing.shown)) > MAX_WEIGHT


def wire_text(writing: Writing, *, cut: bool = True) -> str:
    """Return the text as the API sends it: with `&`, `<` and `>` escaped, and a long post's cut."""
    shown = writing.shown
    if cut and is_long(writing):
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
