"""The words of posts and direct messages, as they come from X and as they go there."""

from __future__ import annotations

import re
import unicodedata
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
_SLASH: Final = re.compile(r"[/!](ticket|status|language|help|start|claim|stop)(?!\w)\s*", re.IGNORECASE)
# What X's own rules make a mention (its full-width sign too), a hashtag, a cashtag.
_MENTION: Final = re.compile(
    r"(?:(?<![A-Za-z0-9_])|(?<![A-Za-z0-9_+~.-][rR][tT])(?<=[rR][tT]))[@\uff20]+(?=[A-Za-z0-9_])"
)
_HASHTAG: Final = re.compile(r"(?<![\w&])[#\uff03]+(?=\w*[^\W\d_])")
_CASHTAG: Final = re.compile(r"(?<!\w)\$(?=[A-Za-z]{1,6}(?![A-Za-z]))")
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


def clean(text: str) -> str:
    """Text that every database takes: no NUL, no half of a surrogate pair."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\0", "").strip()


def for_post(markup: str, *, allow_links: bool) -> str:
    """Plain text for the public: it names nobody, has no hashtag, one cashtag at most, and no link unless allowed.

    Signs are taken away and not replaced, because X reads a full-width @ as a mention too, and so that nothing grows
    over the limit. A link leaves ``…`` in its place.
    """
    text = unicodedata.normalize("NFC", render(markup).text)
    text = _HASHTAG.sub("", _MENTION.sub("", text))
    first = _CASHTAG.search(text)
    if first is not None:
        text = text[: first.end()] + _CASHTAG.sub("", text[first.end() :])
    if not allow_links:
        text = without_links(text)
    # Without its sign, "@example.com" is a link and weighs more.
    return (
        text
        if length(text, "x_weighted") <= MAX_WEIGHT
        else split(escape(text), max_len=MAX_WEIGHT, unit="x_weighted")[0]
    )


def for_message(markup: str) -> str:
    """Plain text for a direct message, which notifies nobody but its reader."""
    return render(markup).text


def has_link(text: str) -> bool:
    """Whether X bills the post as one with a link."""
    return without_links(text) != text


def without_links(text: str) -> str:
    """The text with ``…`` for every link."""
    return _WORD.sub(lambda word: _unlinked(word[0]), text)


def _unlinked(word: str) -> str:
    for _ in range(_MAX_DOTS):
        if "." not in word:
            return word
        if len(word) > _MAX_WORD or word.count(".") > _MAX_DOTS:
            break
        links = extract_urls_with_indices(word)
        if not links:
            return word
        for link in reversed(links):
            start = link["indices"][0]
            word = f"{word[:start]}…{word[start + len(link['url']) :]}"
    return word.replace(".", "·")


def _own(username: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w@/])@{re.escape(username)}(?!\w)\s?", re.IGNORECASE | re.ASCII)


def _note(post: Json) -> Json:
    return _mapping(post.get("note_tweet") or post.get("note_post"))


def _mapping(value: object) -> Json:
    return value if isinstance(value, Mapping) else {}
