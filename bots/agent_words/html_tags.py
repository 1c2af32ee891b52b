"""Cuts HTML into text and tags, in time that grows with its length and no faster.

The standard library's parser takes seconds for 100 kB of ``<a<a<a`` and raises for ``<![`` (until Python 3.11.14).
Nothing of the text is lost: what begins like a tag and never ends is text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

RAW = ("script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes")
"""Elements whose content is no HTML."""

_COMMENT = re.compile(r"<(?:[!?]|/[^a-zA-Z])")
_BEGINS = re.compile(r"</?[a-zA-Z]")
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*+)((?:[^>\"']++|\"[^\"]*+\"|'[^']*+')*+)>")
_CARELESS_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*+)([^>]*+)>")
_ATTRIBUTE = re.compile(r"([^\s=/\"'>]++)(?:\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'>]++)))?")
_HUGE_NUMBER = re.compile(r"&#(?:[0-9]{8,}|[xX][0-9a-fA-F]{8,})")  # `unescape` refuses numbers of thousands of digits
_ENDS = {tag: re.compile(rf"</{tag}(?=[\s/>])", re.IGNORECASE) for tag in RAW}


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text, the beginning of an element with its attributes, or its end."""

    kind: Literal["text", "start", "end"]
    name: str = ""  # of the element, in lower case
    text: str = ""
    attributes: str = ""

    def read_attributes(self) -> dict[str, str]:
        """The attributes by name, in lower case; "" for one without a value. Of two with one name the first counts."""
        read: dict[str, str] = {}
        for found in _ATTRIBUTE.finditer(self.attributes):
            read.setdefault(found[1].casefold(), _unescaped(found[2] or found[3] or found[4] or ""))
        return read


def pieces(html: str) -> Iterator[Piece]:
    """The pieces of a text, in order; comments and the content of `RAW` elements are left out."""
    text_from = 0
    for start, end, found in _marks(html):
        if start > text_from:
            yield Piece("text", text=_unescaped(html[text_from:start]))
        text_from = end
        if found is not None:
            yield Piece("end" if found[1] else "start", found[2].casefold(), attributes=found[3])
    if text_from < len(html):
        yield Piece("text", text=_unescaped(html[text_from:]))


def _marks(html: str) -> Iterator[tuple[int, int, re.Match[str] | None]]:
    """Where everything that is no text begins and ends, and the tag that it begins with, if it does."""
    tag, at = _TAG, 0
    while (start := html.find("<", at)) >= 0:
        if _COMMENT.match(html, start):
            at = _after_comment(html, start)
            yield start, at, None
            continue
        if not _BEGINS.match(html, start):
            at = start + 1
            continue
        found = tag.match(html, start)
        if found is None:  # a quotation mark that is never closed, from here to the end
            tag = _CARELESS_TAG
            found = tag.match(html, start)
        if found is None:
            return
        at = found.end()
        raw = None if found[1] else _ENDS.get(found[2].casefold())
        if raw is not None:
            closing = raw.search(html, at)
            at = closing.start() if closing else len(html)
        yield start, at, None if raw else found


def _after_comment(html: str, start: int) -> int:
    """Where a comment, or what browsers take for one, is over."""
    closing = "-->" if html.startswith("<!--", start) else ">"
    end = html.find(closing, start + 2)
    return end + len(closing) if end >= 0 else len(html)


def _unescaped(text: str) -> str:
    return unescape(_HUGE_NUMBER.sub("\ufffd", text)) if "&" in text else text
