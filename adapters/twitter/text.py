"""The words of posts and direct messages, as they come from X and as they go there."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from twitter_text import extract_urls_with_indices  # type: ignore[import-untyped]  # has no types

from adapters.markup import escape, render
from adapters.splitting import length, split

Json: TypeAlias = Mapping[str, Any]
"""An object as X sent it; whatever it holds is looked at with suspicion."""

MAX_WEIGHT: Final = 280
_LEADING: Final = re.compile(r"\s*(?:@\w{1,15}(?:\s+|$))*", re.ASCII)
_WORD: Final = re.compile(r"\s?\S+")
_ASKS: Final = re.compile(r"[/!](?:ask|faq)(?!\w)[\s:,.-]*", re.IGNORECASE)
_SLASH: Final = re.compile(r"[/!](ticket|status|language|help|start|claim|stop)(?!\w)\s*", re.IGNORECASE)
# What makes a mention (X takes the full-width sign too), a hashtag or a cashtag. Whole runs, because "#@ana" without
# its @ would be a hashtag.
_SIGNS: Final = re.compile(r"(?<![@#$\uff20\uff03])[@#$\uff20\uff03]++(?=\w)")
_HANDLE: Final = re.compile(r"[A-Za-z0-9_]")
_TAG: Final = re.compile(r"\w*[^\W\d_]")
_SYMBOL: Final = re.compile(r"[A-Za-z]{1,6}(?![A-Za-z])")
_RETWEET: Final = re.compile(r"(?:^|[^A-Za-z0-9_+~.-])rt$", re.IGNORECASE)
# A word of another shape is not shown to X's expression for links, which takes seconds for "a.a.a.a.".
_MAX_WORD, _MAX_DOTS = 256, 8


def objects(holder: Json, *names: str) -> list[Json]:
    """The objects listed under the first of these names that there is."""
    for name in names:
        if isinstance(listed := holder.get(name), list):
            return [each for each in listed if isinstance(each, Mapping)]
    return []


def entities(post: Json, kind: str) -> list[Json]:
    """The mentions or links that X found in a post; a long post keeps them beside its whole text."""
    found = [each for holder in (post, _note(post)) for each in objects(_mapping(holder.get("entities")), kind)]
    return list({str(each.get("start")) + str(each.get("url", each.get("username"))): each for each in found}.values())


def whole(post: Json) -> str:
    """All that was written: long posts whole, links as they were typed, without the address of what is attached."""
    text = str(_note(post).get("text") or post.get("text") or "")
    quoted = [str(each.get("id")) for each in objects(post, "referenced_tweets", "referenced_posts")]
    for link in entities(post, "urls"):
        short, expanded = str(link.get("url") or ""), str(link.get("expanded_url") or link.get("url") or "")
        is_attached = "media_key" in link or expanded.rpartition("/status/")[2] in quoted
        if short:
            text = text.replace(short, "" if is_attached else expanded)
    return clean(text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))


def after_leading_names(text: str) -> str:
    """The words after the handles in front."""
    return text[_LEADING.match(text).end() :]  # type: ignore[union-attr]  # the same


def without_names(text: str, username: str) -> str:
    """The words after the handles in front, without the account's own handle anywhere."""
    return _own(username).sub("", after_leading_names(text)).strip()


def names(text: str, username: str) -> bool:
    """Whether the text holds the account's handle."""
    return _own(username).search(text) is not None


def command(text: str) -> tuple[str, str] | None:
    """(command, what follows it) where the text begins with one of the bot's, after a slash or an exclamation mark."""
    found = _SLASH.match(text)
    return (found[1].lower(), text[found.end() :].strip()) if found else None


def asked(text: str) -> str:
    """The question without the word that other networks want in front of it."""
    found = _ASKS.match(text)
    return text[found.end() :] if found else text


def clean(text: str) -> str:
    """Text that every database takes: no NUL, no half of a surrogate pair."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\0", "").strip()


def for_post(markup: str, *, allow_links: bool) -> str:
    """Plain text for the public: it names nobody, has no hashtag, one cashtag at most, and no link unless allowed.

    Signs are taken away and not replaced, because X reads a full-width @ as a mention too, and so that nothing grows
    over the limit. A link leaves ``…`` in its place.
    """
    text = unicodedata.normalize("NFC", render(markup).text)
    before = ""
    while text != before:  # "@example.com" is a link without its sign, and "@a.co@ana" a name without its link
        before = text
        text = _quietened(text if allow_links else without_links(text), allow_links=allow_links)
    # There it weighs more than it did.
    return (
        text
        if length(text, "x_weighted") <= MAX_WEIGHT
        else split(escape(text), max_len=MAX_WEIGHT, unit="x_weighted")[0]
    )


def marked(text: str, post_id: str) -> str:
    """The text with the end of what it answers behind it: X takes no text twice, and many ask the same."""
    mark = f" ({post_id[-5:]})"
    room = MAX_WEIGHT - len(mark)
    fits = length(text, "x_weighted") <= room
    return (text if fits else split(escape(text), max_len=room - 2, unit="x_weighted")[0] + "…") + mark


def for_message(markup: str) -> str:
    """Plain text for a direct message, which notifies nobody but its reader."""
    return render(markup).text


def has_link(text: str) -> bool:
    """Whether X bills the post as one with a link."""
    return without_links(text) != text


def without_links(text: str) -> str:
    """The text with ``…`` for every link."""
    return _WORD.sub(lambda word: _unlinked(word[0]), text)


def _quietened(text: str, *, allow_links: bool) -> str:
    """The text without the signs that would notify somebody or be found under a tag, except within its links."""
    links = [span for word in _WORD.finditer(text) for span in _links(word[0], word.start())] if allow_links else []
    cashtags = 0

    def quieter(signs: re.Match[str]) -> str:
        nonlocal cashtags
        run, (start, end) = signs[0], signs.span()
        at = bisect(links, (start, len(text))) - 1
        if at >= 0 and links[at][0] <= start < links[at][1]:
            return run
        if run == "$":
            is_cashtag = _SYMBOL.match(text, end) is not None
            cashtags += is_cashtag
            return "" if is_cashtag and cashtags > 1 else run
        is_tag = run in "#\uff03"
        if len(run) == 1 and not (_TAG if is_tag else _HANDLE).match(text, end):
            return run  # #1042
        before = text[max(0, start - 3) : start]
        is_within_word = re.search(r"\w$", before, 0 if is_tag else re.ASCII) is not None
        is_harmless = len(run) == 1 and is_within_word and (is_tag or not _RETWEET.search(before))
        return run if is_harmless else ""  # somebody@example.invalid, C#sharp

    return _SIGNS.sub(quieter, text)


def _links(word: str, offset: int = 0) -> list[tuple[int, int]]:
    """Where the links in a word begin and end; none in a word whose shape makes X's expression slow."""
    if "." not in word or not _is_sane(word):
        return []
    found = [(link["indices"][0], len(link["url"])) for link in extract_urls_with_indices(word)]
    return [(offset + start, offset + start + length) for start, length in found]


def _is_sane(word: str) -> bool:
    return len(word) <= _MAX_WORD and word.count(".") <= _MAX_DOTS


def _unlinked(word: str) -> str:
    for _ in range(_MAX_DOTS):
        links = _links(word)
        if not links and _is_sane(word):
            return word
        if not links:
            break
        for start, end in reversed(links):
            word = f"{word[:start]}…{word[end:]}"
    return word.replace(".", "·")


def _own(username: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w@/])@{re.escape(username)}(?!\w)\s?", re.IGNORECASE | re.ASCII)


def _note(post: Json) -> Json:
    return _mapping(post.get("note_tweet") or post.get("note_post"))


def _mapping(value: object) -> Json:
    return value if isinstance(value, Mapping) else {}
