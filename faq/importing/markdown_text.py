"""Markdown as neutral markup: what an answer needs of it, in time linear in its length.

markdown-it-py reads more of Markdown, but takes 50 to 190 ms for 10 kB of `[` or `![`; an answer is to be read within
10 ms whatever it holds.
"""

from __future__ import annotations

import re
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from faq.importing.composing import EMBEDDED, Composer
from faq.importing.html_text import TAG, href_of, unescape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_FENCE = re.compile(r"[ \t]*+(?:[-*+][ \t]++)?(`{3,}+|~{3,}+)")
_ITEM = re.compile(r"([ \t]*+)([-*+•]|[0-9]{1,9}[.)])[ \t]++(?:\[[ xX]\] )?")
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]++|$)(.*)")
_RULE = re.compile(r" {0,3}(?:(?:-[ \t]*+){3,}+|(?:\*[ \t]*+){3,}+|(?:_[ \t]*+){3,}+)$")
_TABLE_RULE = re.compile(r"[ \t]*+\|?[ \t]*+:?-{2,}+:?[ \t]*+(?:\|[ \t]*+:?-*+:?[ \t]*+)*+$")
_DEFINITION = re.compile(r" {0,3}\[([^\[\]]{1,200})\]:[ \t]*+<?([^\s<>]++)")
_IMAGE = re.compile(r"!\[[^\[\]]*+\](?:\((?:[^()\n]++|\([^()\n]*+\))*+\)|\[[^\[\]]*+\])?")
_TOKEN = re.compile(
    r"\\([!-/:-@\[-`{-~])"  # 1 a character made literal
    r"|(`++)"  # 2 code
    r"|\[([^\[\]]*+)\](?:\(\s{0,9}(?:<([^<>\n]*+)>|((?:[^\s()<>]++|\([^\s()<>]*+\))*+))[^()\[\]\n]*+\)|\[([^\[\]]*+)\])"
    r"|<((?:https?://|mailto:)[^\s<>]++)>"  # 7
    r"|(https?://[^\s<>\"`\[\]*]++)"  # 8
    r"|(\*\*|__|\*|_)"  # 9
    r"|(<!--|<(?=[/A-Za-z]))"  # 10
)
_ANY_MARK = re.compile(r"[\\`\[<*_&]|://")


@dataclass(slots=True)
class _Mark:
    """A `**`, `__`, `*` or `_` that opens or closes something once its partner is found."""

    text: str
    opens: bool
    closes: bool
    paired: str = ""


def compose(source: str, *, definitions: Mapping[str, str] | None = None, wrapped: bool = False) -> Composer:
    """Read Markdown; take `markup()` and `remarks()` of what is returned.

    Args:
        source: The text.
        definitions: Addresses by name in lower case, for `[label][name]`.
        wrapped: A line end inside a paragraph is a space (as in a file), not a line end (as in a table's cell).
    """
    composer = Composer()
    _Blocks(composer, definitions or {}, wrapped=wrapped).read(source.splitlines())
    return composer


def definitions_of(lines: Iterable[str]) -> dict[str, str]:
    """Find lines such as `[name]: https://…`."""
    return {found[1].lower(): found[2] for line in lines if (found := _DEFINITION.match(line))}


def heading(line: str) -> tuple[int, str] | None:
    """The level (1 to 6) and the text of a `#` heading."""
    found = _HEADING.match(line)
    if not found:
        return None
    text = found[2].strip()
    closed = text.rstrip("#")
    return len(found[1]), (closed.rstrip() if closed == "" or closed[-1] in " \t" else text)


def fence(line: str) -> str:
    """The marks that begin a block of code; empty if none does."""
    found = _FENCE.match(line)
    return found[1] if found else ""


def closes(line: str, opened: str) -> bool:
    """Whether the line ends the block of code that `opened` began."""
    marks = line.strip()
    return len(marks) >= len(opened) and not marks.strip(opened[0])


def plain(source: str) -> str:
    """One line of Markdown without its marks: a question."""
    composer = Composer(addresses=False)
    _inline(composer, source, {})
    lines = composer.markup().split("\n")
    return re.sub(r"\\([\\*`])|\*\*|`", r"\1", " ".join(lines)).strip()


class _Blocks:
    """Reads line by line; a paragraph is gathered until something ends it."""

    def __init__(self, composer: Composer, definitions: Mapping[str, str], *, wrapped: bool) -> None:
        self.composer = composer
        self.definitions = definitions
        self.wrapped = wrapped
        self.gathered: list[str] = []
        self.table = False

    def read(self, lines: Sequence[str]) -> None:
        opened = ""
        for line in lines:
            if opened:
                if closes(line, opened):
                    opened = ""
                    self.composer.paragraph()
                else:
                    self.composer.line()
                    self.composer.put(line.rstrip(), "code")
            elif opened := fence(line):
                self.flush()
                self.composer.paragraph()
            else:
                self.one(line)
        self.flush()

    def one(self, line: str) -> None:
        """Read a line outside of blocks of code."""
        line = _unquoted(line)
        if line[:1].isalpha() and not self.table:
            self.gathered.append(line)  # most lines; nothing below begins with a letter
        elif not line.strip():
            self.flush()
            self.composer.paragraph()
            self.table = False
        elif found := heading(line):
            self.flush()
            self.composer.start("h6")
            self.inline(found[1])
            self.composer.end("h6")
        elif self.gathered and line.lstrip()[:1] == "=" and not line.strip(" ="):
            self.flush()
        elif _TABLE_RULE.match(line) and "|" in line:
            self.flush()
            self.table = True
        elif _RULE.match(line):
            self.flush()
            self.composer.paragraph()
        elif item := _ITEM.match(line):
            self.flush()
            mark = item[2].replace(")", ".") if item[2][0].isdigit() else "-"
            self.composer.item(mark, len(item[1].expandtabs(4)) // 2)
            self.gathered.append(line[item.end() :])
        elif line.lstrip().startswith("|") or self.table:
            self.flush()
            self.composer.line()
            self.inline(" | ".join(cell.strip() for cell in line.strip().strip("|").split("|")))
        elif not _DEFINITION.match(line):
            self.gathered.append(line)

    def flush(self) -> None:
        """Write the paragraph or item gathered so far."""
        pieces: list[str] = []
        for i, line in enumerate(self.gathered):
            breaks = not self.wrapped or line.endswith(("  ", "\\"))
            last = i == len(self.gathered) - 1
            pieces.append(line.strip().removesuffix("\\") if line.endswith("\\") else line.strip())
            pieces.append("" if last else "\n" if breaks else " ")
        if self.gathered:
            if not self.composer.in_item():
                self.composer.line()
            self.inline("".join(pieces))
        self.gathered.clear()

    def inline(self, text: str) -> None:
        _inline(self.composer, text, self.definitions)


def _unquoted(line: str) -> str:
    quoted = line.lstrip(" ")
    return quoted.lstrip("> ") if quoted.startswith(">") else line


def _inline(composer: Composer, text: str, definitions: Mapping[str, str]) -> None:
    text, images = _IMAGE.subn("", text)
    composer.images += images
    pieces = list(_pieces(text, definitions)) if _ANY_MARK.search(text) else [text]
    _pair([piece for piece in pieces if isinstance(piece, _Mark)])
    for piece in pieces:
        if isinstance(piece, str):
            for i, line in enumerate(piece.split("\n")):
                if i:
                    composer.line()
                composer.text(line)
        elif isinstance(piece, _Mark):
            if not piece.paired:
                composer.text(piece.text)
            elif len(piece.text) > 1:
                (composer.start if piece.paired == "opens" else composer.end)("b")
        else:
            _apply(composer, piece)


def _apply(composer: Composer, piece: tuple[str, str, str]) -> None:
    kind, first, second = piece
    if kind == "code":
        composer.put(first, "code")
    elif kind == "link":
        composer.link(second)
        composer.text(first)
        composer.unlink()
    elif kind == "end":
        composer.end(first)
    elif first in {"br", "img", "a", "b", "strong", "code", "kbd", "p", "ul", "ol", "li", "div", "summary"} | EMBEDDED:
        composer.start(first, second)


def _pieces(text: str, definitions: Mapping[str, str]) -> Iterator[str | _Mark | tuple[str, str, str]]:
    """Split into words, marks, and `(kind, …)`: code, links, tags."""
    runs: defaultdict[int, deque[int]] = defaultdict(deque)
    for run in re.finditer(r"`++", text):
        runs[len(run[0])].append(run.start())
    at = done = 0
    while found := _TOKEN.search(text, at):
        at = found.end()
        piece: str | _Mark | tuple[str, str, str] | None
        if found[1]:
            piece = found[1]
        elif found[2]:
            piece, at = _code(text, found, runs[len(found[2])])
        elif found[9]:
            piece = _mark(text, found)
        elif found[10]:
            piece, at = _tag(text, found)
        elif found[7] or found[8]:
            piece = found[7] or found[8]
        else:
            piece = _link(found, definitions)
        if piece is not None:
            if done < found.start():
                yield unescape(text[done : found.start()])
            yield piece
            done = at
    yield unescape(text[done:])


def _code(text: str, found: re.Match[str], runs: deque[int]) -> tuple[str | tuple[str, str, str], int]:
    """The code up to the next run of as many backticks, else the backticks; and where to read on."""
    while runs and runs[0] < found.end():
        runs.popleft()
    if not runs:
        return found[2], found.end()
    inner = text[found.end() : runs[0]].replace("\n", " ")
    return ("code", inner.strip() or inner, ""), runs[0] + len(found[2])


def _mark(text: str, found: re.Match[str]) -> _Mark:
    before, after = text[found.start() - 1 : found.start()], text[found.end() : found.end() + 1]
    single = found[9] != "**"
    return _Mark(
        text=found[9],
        opens=bool(after.strip()) and not (single and before.isalnum()),
        closes=bool(before.strip()) and not (single and after.isalnum()),
    )


def _pair(marks: list[_Mark]) -> None:
    waiting: dict[str, _Mark] = {}
    for mark in marks:
        opener = waiting.get(mark.text)
        if opener and mark.closes:
            opener.paired, mark.paired = "opens", "closes"
            del waiting[mark.text]
        elif mark.opens:
            waiting[mark.text] = mark


def _tag(text: str, found: re.Match[str]) -> tuple[str | tuple[str, str, str] | None, int]:
    if found[10] == "<!--":
        end = text.find("-->", found.end())
        return "", end + 3 if end >= 0 else len(text)
    tag = TAG.match(text, found.start())
    if tag is None:
        return None, found.end()
    name = tag[2].lower()
    return ("end" if tag[1] else "start", name, href_of(tag[3]) if name == "a" else ""), tag.end()


def _link(found: re.Match[str], definitions: Mapping[str, str]) -> tuple[str, str, str] | None:
    label = plain_label(found[3])
    if found[6] is not None:
        address = definitions.get((found[6] or found[3]).lower())
        return ("link", label, address) if address else None
    return "link", label, unescape(found[4] if found[4] is not None else found[5] or "")


def plain_label(label: str) -> str:
    """A link's label without its marks."""
    return unescape(label.replace("**", "").replace("`", ""))
