"""Reads an agent's HTML as lines of text, as a browser would show them: what it hides is left out."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from bots.agent_words.html_tags import Piece, pieces
from bots.agent_words.lines import Line, Style
from bots.agent_words.links import address, is_same

if TYPE_CHECKING:
    from collections.abc import Callable

_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr")
)
_UNSEEN = frozenset(
    ("head", "template", "noscript", "object", "svg", "math", "select", "audio", "video", "canvas", "datalist")
)
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_PARAGRAPHS = frozenset(("p", "blockquote", "pre", "table", "hr", *_HEADINGS))
_BLOCKS = _PARAGRAPHS | frozenset(
    ("address", "article", "aside", "body", "caption", "center", "dd", "details", "dialog", "div", "dl", "dt",
     "fieldset", "figcaption", "figure", "footer", "form", "header", "html", "legend", "li", "main", "menu", "nav",
     "ol", "section", "summary", "tr", "ul")
)  # fmt: skip
_STYLES: dict[str, Style] = {
    **dict.fromkeys(("b", "strong", "th", "dt", *_HEADINGS), "bold"),
    **dict.fromkeys(("code", "kbd", "samp", "tt", "pre"), "code"),
}
_STRUCK = frozenset(("s", "strike", "del"))
_ENDED_BY = {"li": ("li", "p"), "dt": ("dd", "dt", "p"), "dd": ("dd", "dt", "p"), "tr": ("td", "th", "tr", "p"),
             "td": ("td", "th", "p"), "th": ("td", "th", "p")}  # fmt: skip
_HIDDEN = re.compile(
    r"display:none|visibility:hidden|mso-hide:all|(?:font-size|max-height|opacity):0(?:\.0+)?(?:px|pt|em|%)?(?:[;!]|$)"
)
_QUOTED = frozenset(("gmail_quote", "freshdesk_quote", "zendesk_quote", "protonmail_quote", "yahoo_quoted"))
_INTRODUCING = frozenset(("gmail_attr", "moz-cite-prefix"))
_SPACES = re.compile(r"\s+")
_MOST_PIECES = 6000  # tags and texts: a table of a thousand rows; what follows nobody reads in a chat
_MOST_QUOTES, _MOST_LISTS = 3, 4  # a line tells no more of how deep it stands


@dataclass(slots=True)
class _Element:
    """An element that is open, with what holds for the text in it."""

    name: str
    hidden: bool = False
    style: Style = "plain"
    pre: bool = False
    quotes: int = 0
    is_quotation: bool = False
    lists: int = 0
    number: int | None = None  # of a list's next item
    link: str = ""


def lines(html: str, picture: Callable[[str, str], str]) -> list[Line]:
    """The lines of a text in HTML; `picture` gives the words for an image from its `src` and its `alt`."""
    reader = _Reader(picture)
    read = pieces(html)
    for piece in islice(read, _MOST_PIECES):
        reader.read(piece)
    if next(read, None) is not None:
        reader.write("…")
    while len(reader.open) > 1:
        reader.pop()
    return reader.lines


class _Reader:
    def __init__(self, picture: Callable[[str, str], str]) -> None:
        self.picture = picture
        self.lines: list[Line] = []
        self.open = [_Element("")]
        self.names: Counter[str] = Counter()
        self.gap = 1  # line breaks before the next text: 2 leave a line empty
        self.bullet = ""
        self.linked: list[str] = []  # the words of the link that is open
        self.row = 0  # how many lines there were when the table's row began
        self.cells = 0

    def read(self, piece: Piece) -> None:
        if piece.kind == "text":
            self.write(piece.text)
        elif piece.kind == "start":
            self.start(piece)
        elif not self.end(piece.name) and piece.name in {"p", "br"}:  # which browsers take for a whole one
            self.break_line(2 if piece.name == "p" else self.gap + 1)

    # --- elements ---------------------------------------------------------------------------------------------------

    def start(self, piece: Piece) -> None:
        name = piece.name
        ended = ("p",) if name in _BLOCKS and name not in _ENDED_BY else _ENDED_BY.get(name, ())
        while self.open[-1].name in ended:
            self.pop()
        if name == "a":
            self.end("a")
        attributes = piece.read_attributes() if piece.attributes.strip() else {}
        if name in _VOID:
            self.void(name, attributes)
            return
        self.break_around(name)
        element = self.inner(name, attributes)
        if not element.hidden:
            self.enter(name, attributes, element)
        self.open.append(element)
        self.names[name] += 1
        if name in _STRUCK:
            self.write("~~")

    def end(self, name: str) -> bool:
        """End the innermost element of this name and what is open in it; whether there was one."""
        if not self.names[name]:
            return False
        while self.open[-1].name != name:
            self.pop()
        self.pop()
        return True

    def inner(self, name: str, attributes: dict[str, str]) -> _Element:
        """An element inside the innermost one, which hands down what holds for it."""
        outer = self.open[-1]
        style = _STYLES.get(name, outer.style) if outer.style != "code" else "code"
        classes = attributes.get("class", "").casefold().split()
        quotes = name == "blockquote"
        cited = quotes and (attributes.get("type", "").casefold() == "cite" or not _QUOTED.isdisjoint(classes))
        return _Element(
            name,
            hidden=outer.hidden or name in _UNSEEN or _is_hidden(attributes),
            style=style,
            pre=outer.pre or name == "pre",
            quotes=min(outer.quotes + quotes, _MOST_QUOTES),
            is_quotation=outer.is_quotation or cited or not _INTRODUCING.isdisjoint(classes),
            lists=outer.lists + (name in {"ul", "ol", "menu"}),
        )

    def enter(self, name: str, attributes: dict[str, str], element: _Element) -> None:
        if name == "a":
            element.link = address(attributes.get("href", ""))
            self.linked = []
        elif name == "ol":
            element.number = _number(attributes.get("start", ""), 1)
        elif name == "li":
            self.bullet = self.next_bullet(attributes)
        elif name == "tr":
            self.row, self.cells = len(self.lines), 0
        elif name in {"td", "th"}:
            self.cells += 1
            if self.cells > 1 and len(self.lines) > self.row:
                self.gap = 0
                self.write(" | ")

    def next_bullet(self, attributes: dict[str, str]) -> str:
        outer = self.open[-1]
        if outer.name != "ol" or outer.number is None:
            return "- "
        number = _number(attributes.get("value", ""), outer.number)
        outer.number = number + 1
        return f"{number}. "

    def void(self, name: str, attributes: dict[str, str]) -> None:
        if name == "br":
            self.break_line(self.gap + 1)
        elif name == "hr":
            self.break_line(2)
        elif name == "img" and not (self.open[-1].hidden or _is_hidden(attributes) or _is_pixel(attributes)):
            self.write(f" {self.picture(attributes.get('src', ''), attributes.get('alt', ''))} ")

    def pop(self) -> None:
        element = self.open[-1]
        if element.name in _STRUCK:
            self.write("~~")
        self.open.pop()
        self.names[element.name] -= 1
        if element.link:
            words = _SPACES.sub(" ", "".join(self.linked)).strip()
            if not words:
                self.write(element.link)
            elif not is_same(words, element.link):
                self.write(f" ({element.link})")
        self.break_around(element.name)
        if element.name == "tr":
            self.gap = min(self.gap, 1)

    # --- text -------------------------------------------------------------------------------------------------------

    def break_around(self, name: str) -> None:
        if name in _BLOCKS:
            begins_row = self.names["tr"] and len(self.lines) == self.row
            is_apart = name in _PARAGRAPHS and not (self.open[-1].lists or begins_row)
            self.break_line(2 if is_apart else 1)

    def break_line(self, count: int) -> None:
        self.gap = max(self.gap, min(count, 2))

    def write(self, text: str) -> None:
        element = self.open[-1]
        if element.hidden:
            return
        if element.link or self.names["a"]:
            self.linked.append(text)
        if element.pre:
            first, *others = text.split("\n")
            self.add(first)
            for other in others:
                self.break_line(self.gap + 1)
                self.add(other)
            return
        if element.name == "sup" and text[:1].isdigit():
            text = f"^{text}"
        text = _SPACES.sub(" ", text)
        if self.gap or self.lines[-1].runs[-1][0].endswith(" "):
            text = text.removeprefix(" ")
        self.add(text)

    def add(self, text: str) -> None:
        if not text or (self.gap and not text.strip()):
            return
        element = self.open[-1]
        if self.gap:
            if self.gap > 1 and self.lines:
                self.lines.append(Line(is_quotation=element.is_quotation))
            self.lines.append(Line(lead=self.lead(element), is_quotation=element.is_quotation))
            self.gap = 0
        self.lines[-1].runs.append((text, element.style))

    def lead(self, element: _Element) -> str:
        bullet, self.bullet = self.bullet, ""
        depth = min(element.lists, _MOST_LISTS) - (1 if bullet else 0)
        return "> " * element.quotes + "  " * max(depth, 0) + bullet


def _is_hidden(attributes: dict[str, str]) -> bool:
    return "hidden" in attributes or _HIDDEN.search("".join(attributes.get("style", "").split()).casefold()) is not None


def _is_pixel(attributes: dict[str, str]) -> bool:
    """Whether an image only tells somebody that the text was read."""
    return bool({attributes.get("width"), attributes.get("height")} & {"0", "1", "0px", "1px"})


def _number(text: str, otherwise: int) -> int:
    return int(text) if len(text) < 7 and text.isascii() and text.isdecimal() else otherwise  # noqa: PLR2004 - digits
