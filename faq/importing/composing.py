"""Composes an answer's neutral markup: `**bold**`, `` `code` ``, bare links, one list item a line.

The readers of HTML and Markdown say what comes (`text`, `start`, `end`); nothing here looks back further than its own
line, and nesting is counted, not kept, so that hostile text costs no more than its length.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Literal

Kind = Literal["plain", "bold", "code"]

BOLD = frozenset({"b", "strong", "summary", "dt", "th", "h1", "h2", "h3", "h4", "h5", "h6"})
CODE = frozenset({"code", "kbd", "samp", "tt"})
PARAGRAPHS = frozenset(
    {"p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "table", "hr", "dl", "details", "section", "article", "pre"}
)
LINES = frozenset({"div", "tr", "dt", "dd", "summary", "figcaption", "header", "footer", "aside", "center"})
EMBEDDED = frozenset({"iframe", "video", "audio", "embed", "object"})
MAX_INDENT = 3  # list levels
MAX_LINK_CHARS = 2000
_SPACE = re.compile(r"[ \t\n\r\f\v]+")
# Only what would be read as a mark is escaped, so that a person finds `2 * 3` as it was.
_SPECIAL = re.compile(r"`|\*(?=\*)|(?<=\*)\*|\\(?=[\\*`])")
_SPECIAL_BESIDE_MARKS = re.compile(r"`|\A\*|\*(?=\*|\Z)|(?<=\*)\*|\\(?=[\\*`]|\Z)")


def escape(text: str, *, alone: bool = False) -> str:
    """Make a run of text literal: between any neighbours, or where it is `alone` on its line."""
    return (_SPECIAL if alone else _SPECIAL_BESIDE_MARKS).sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    return "\\" + found[0]


@dataclass(slots=True)
class _Line:
    """One line: what an item of a list begins with, and the words of each kind."""

    lead: str = ""
    runs: list[tuple[Kind, str]] = field(default_factory=list)

    def markup(self) -> str:
        """Neighbours of one kind joined, spaces outside of the marks and never two."""
        if len(self.runs) <= 1 and (not self.runs or self.runs[0][0] == "plain"):
            return (self.lead + "".join(escape(text.strip(), alone=True) for _, text in self.runs)).rstrip()
        out: list[str] = []
        alone = all(kind == "plain" for kind, _ in self.runs)
        spaced = True  # whether a space here would be one too many
        for kind, run in groupby(self.runs, key=itemgetter(0)):
            text = "".join(text for _, text in run)
            words = text if kind == "code" else text.strip()
            if kind == "code":
                out.append(f"`{escape(words)}`" if words.strip() else "")
                spaced = False
                continue
            if text[0].isspace() and not spaced:
                out.append(" ")
            spaced = not words or text[-1].isspace()
            if words:
                out += [f"**{escape(words)}**" if kind == "bold" else escape(words, alone=alone), " " * spaced]
        return (self.lead + "".join(out)).rstrip()


class Composer:
    """Takes text and tags in the order of the source; `markup()` gives the result."""

    def __init__(self, *, addresses: bool = True) -> None:
        self._addresses = addresses  # whether a link's address follows its label
        self.images = 0
        self.embedded = 0
        self.dead_links = 0
        self._lines = [_Line()]
        self._bold = 0
        self._code = 0
        self._pre = 0
        self._lists: list[int | None] = []  # of an ordered list, the number of its last item
        self._href: str | None = None
        self._label: list[str] = []

    def text(self, text: str) -> None:
        """Add words; white space is one space, except in `<pre>`, where a line is a line."""
        if self._pre:
            first, *others = text.split("\n")
            self.put(first.rstrip("\r"), "code")
            for line in others:
                self.line()
                self.put(line.rstrip("\r"), "code")
        else:
            kind: Kind = "bold" if self._bold else "code" if self._code else "plain"
            self.put(_SPACE.sub(" ", text), kind)

    def put(self, text: str, kind: Kind) -> None:
        """Add words of one kind to the current line."""
        if text:
            self._lines[-1].runs.append((kind, text))
            if self._href is not None:
                self._label.append(text)

    def line(self) -> None:
        """Begin a new line."""
        self._lines.append(_Line())

    def paragraph(self) -> None:
        """Leave a blank line before what comes."""
        self._lines += [_Line(), _Line()]

    def item(self, mark: str, level: int) -> None:
        """Begin an item of a list; `level` counts from 0."""
        self._end_line()
        self._lines[-1].lead = "  " * min(level, MAX_INDENT) + mark + " "

    def link(self, href: str) -> None:
        """What follows is the label of a link."""
        self.unlink()
        self._href, self._label = href, []

    def unlink(self) -> None:
        """End the label; the address follows it where it says something else."""
        href, self._href = self._href, None
        if href is None:
            return
        label = "".join(self._label).strip()
        address = bare(href)
        if label and not self._addresses:
            return
        if not address:
            self.dead_links += bool(href)
        elif not label:
            self.put(address, "plain")
        elif label.rstrip("/") not in {address.rstrip("/"), address.removeprefix("mailto:")}:
            self.put(f" ({address.removeprefix('mailto:')})", "plain")

    def start(self, tag: str, href: str = "") -> None:
        """Begin an element (an empty one, too); `tag` is in lower case."""
        if tag in {"ul", "ol"}:
            self._separate()
            self._lists.append(0 if tag == "ol" else None)
        elif tag == "li":
            self._item()
        elif tag == "br":
            self.line()
        elif tag == "img":
            self.images += 1
        elif tag in EMBEDDED:
            self.embedded += 1
        elif tag == "a":
            self.link(href)
        elif tag in {"td", "th"} and self._lines[-1].runs:
            self.put(" | ", "plain")
        self._count(tag, 1)

    def end(self, tag: str) -> None:
        """End an element; one that was never begun changes nothing."""
        if tag in {"ul", "ol"}:
            if self._lists:
                self._lists.pop()
            self._separate()
        elif tag == "a":
            self.unlink()
        self._count(tag, -1)

    def _count(self, tag: str, step: int) -> None:
        if (tag in PARAGRAPHS or tag in LINES) and not self.in_item():
            if tag in LINES or self._lists:
                self._end_line()
            else:
                self.paragraph()
        self._bold = max(0, self._bold + step * (tag in BOLD))
        self._code = max(0, self._code + step * (tag in CODE))
        self._pre = max(0, self._pre + step * (tag == "pre"))

    def _separate(self) -> None:
        if len(self._lists) == 0:
            self.paragraph()

    def _item(self) -> None:
        mark = "-"
        if self._lists and (number := self._lists[-1]) is not None:
            self._lists[-1] = number + 1
            mark = f"{number + 1}."
        self.item(mark, len(self._lists) - 1)

    def _end_line(self) -> None:
        line = self._lines[-1]
        if line.lead or any(text.strip() for _, text in line.runs):
            self.line()

    def in_item(self) -> bool:
        """Whether the current line is an item without words yet."""
        return bool(self._lines[-1].lead) and not any(text.strip() for _, text in self._lines[-1].runs)

    def markup(self) -> str:
        """Everything so far; no blank line at either end, never two together."""
        self.unlink()
        out: list[str] = []
        for line in (line.markup() for line in self._lines):
            if line or (out and out[-1]):
                out.append(line)
        return "\n".join(out).strip()

    def remarks(self) -> tuple[str, ...]:
        """What was lost on the way."""
        found = (
            (self.images, "an image was dropped", "{} images were dropped"),
            (self.embedded, "a video or frame was dropped", "{} videos or frames were dropped"),
            (self.dead_links, "a link leads nowhere outside its page and lost its address", "{} links lost theirs"),
        )
        return tuple(one if count == 1 else many.format(count) for count, one, many in found if count)


def bare(href: str) -> str:
    """The address as bare text that stays one link; empty where it leads nowhere from a chat."""
    address = href.strip().replace(" ", "%20").replace("(", "%28").replace(")", "%29")
    known = address.lower().startswith(("https://", "http://", "mailto:"))
    return address if known and len(address) <= MAX_LINK_CHARS and address.isprintable() else ""
