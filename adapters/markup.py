"""The neutral markup of replies: `**bold**`, `` `code` `` and bare links; a backslash makes the next character literal.

Only text written by the operator (catalogues, FAQ answers) is markup; everybody else's words pass through `escape`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

_SPECIAL = frozenset("\\*`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """`kind` applies to the code points ``start <= i < end`` of the plain text."""

    kind: Literal["bold", "code"]
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """Plain text and the spans over it; spans never overlap and are in order."""

    text: str
    spans: tuple[Span, ...]


def escape(text: str) -> str:
    """Make somebody's words literal."""
    return "".join("\\" + char if char in _SPECIAL else char for char in text)


def render(markup: str) -> Rendered:
    """Read the markup; an unclosed mark is literal. Linear in the length of the text."""
    plain: list[str] = []
    spans: list[Span] = []
    i = 0
    while i < len(markup):
        char = markup[i]
        if char == "\\" and i + 1 < len(markup) and markup[i + 1] in _SPECIAL:
            plain.append(markup[i + 1])
            i += 2
            continue
        mark = "**" if markup.startswith("**", i) else "`" if char == "`" else ""
        close = _closing(markup, i + len(mark), mark) if mark else -1
        if close < 0:
            plain.append(char)
            i += 1
            continue
        inner = _literal(markup[i + len(mark) : close])
        spans.append(Span(kind="bold" if mark == "**" else "code", start=len(plain), end=len(plain) + len(inner)))
        plain.extend(inner)
        i = close + len(mark)
    return Rendered(text="".join(plain), spans=tuple(spans))


def write(rendered: Rendered) -> str:
    """The markup that renders to this."""
    pieces: list[str] = []
    end = 0
    for span in rendered.spans:
        mark = "**" if span.kind == "bold" else "`"
        pieces += [escape(rendered.text[end : span.start]), mark, escape(rendered.text[span.start : span.end]), mark]
        end = span.end
    return "".join([*pieces, escape(rendered.text[end:])])


def _closing(markup: str, start: int, mark: str) -> int:
    """Where the mark closes: on the same line, around at least one character."""
    end = markup.find("\n", start)
    end = len(markup) if end < 0 else end
    i = start
    while i < end:
        if markup[i] == "\\":
            i += 2
        elif markup.startswith(mark, i):
            return i if i > start else -1
        else:
            i += 1
    return -1


def _literal(text: str) -> str:
    out: list[str] = []
    i = 0
    while i < len(text):
        if text[i] == "\\" and i + 1 < len(text) and text[i + 1] in _SPECIAL:
            i += 1
        out.append(text[i])
        i += 1
    return "".join(out)
