"""Reddit's Markdown: what somebody said in it, and the neutral markup written in it.

A text of ours names nobody, draws no table, opens no spoiler: whatever Reddit would read as more than a letter is
escaped, each character with one backslash at most, so that a text of `MAX_PLAIN` characters always fits.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from adapters.markup import Span, render

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BODY: Final = 10_000
MAX_PLAIN: Final = 4_600
SIGN: Final = "!"
COMMANDS: Final = ("ticket", "status", "faq", "help", "claim", "language", "stop", "start")
_QUOTE: Final = re.compile(r"^[ ]{0,3}>(?!!).*$", re.MULTILINE)
_ESCAPED: Final = re.compile(r"\\([!-/:-@\[-`{-~])")
_COMMAND: Final = re.compile(r"([!/])([A-Za-z]{1,20})(?![\w/])")
_LITERAL: Final = str.maketrans({char: f"\\{char}" for char in "\\`*_~^[]<>|&"})
# Reddit links u/name and r/name, and tells the user who is named.
_NAMED: Final = re.compile(r"(?<![A-Za-z0-9])([ur])/(?=[\w-])", re.IGNORECASE)
_LINK: Final = re.compile(r"https?://[^\s<>\\`*\[\]()|^\"']+")
_BLOCK: Final = re.compile(r"[-+=#]|[0-9]{1,9}(?=[.)])")
_PLAIN_LINK: Final = re.compile(r"[\w:/.?#=%,+@;-]+", re.ASCII)


def clean(text: str) -> str:
    """Text that every database takes: no NUL, no half of a surrogate pair."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\0", "").strip()


@lru_cache(maxsize=8)
def _mention(username: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w/\\])/?u/{re.escape(username)}(?![\w-])", re.IGNORECASE | re.ASCII)


def mentions(markdown: str, username: str) -> bool:
    """Whether the account is named outside of a quotation."""
    return _mention(username).search(_own_words(markdown)) is not None


def words(markdown: str, username: str) -> str:
    """What somebody says: without what they quote, without the account's name, without the editor's backslashes."""
    return clean(_ESCAPED.sub(r"\1", _mention(username).sub("", _own_words(markdown))))


def leading_command(said: str, marks: str) -> tuple[str, str] | None:
    """(command, what follows) where `words` begin with one of ours behind one of the marks: ``!ticket …``."""
    match = _COMMAND.match(said)
    if match is None or match[1] not in marks or match[2].lower() not in COMMANDS:
        return None
    return match[2].lower(), said[match.end() :].strip()


def _own_words(markdown: str) -> str:
    own = _QUOTE.sub("", markdown)
    return own if own.strip() else markdown


def written(markup: str, *, room: int = MAX_BODY) -> str:
    """The neutral markup as Reddit's Markdown of at most `room` characters.

    Where the marks make it longer than that, they and the line breaks within paragraphs are left out.
    """
    plain = render(markup)
    full = _lines("".join(_pieces(plain.text, plain.spans)), breaks="  \n")
    return full if len(full) <= room else _lines(_literal(plain.text), breaks=" ")


def _pieces(text: str, spans: tuple[Span, ...]) -> Iterator[str]:
    at = 0
    for span in spans:
        yield _literal(text[at : span.start])
        inner = text[span.start : span.end]
        if span.kind == "code" and "`" not in inner:
            yield f"`{inner}`"
        elif inner.strip():
            bare = inner.strip()
            before, after = inner.split(bare, 1)
            yield f"{before}**{_literal(bare)}**{after}" if span.kind == "bold" else _literal(inner)
        at = span.end
    yield _literal(text[at:])


def _literal(text: str) -> str:
    """Words that are nothing but words; only bare links stay links."""
    done, at = [], 0
    for link in _LINK.finditer(text):
        address = link[0].rstrip(".,;:!?")
        done += [_escaped(text[at : link.start()]), _address(address)]
        at = link.start() + len(address)
    return "".join([*done, _escaped(text[at:])])


def _address(link: str) -> str:
    """A link in which no letter is read as a mark."""
    return link if _PLAIN_LINK.fullmatch(link) and "_" not in link else f"<{link}>"


def _escaped(text: str) -> str:
    return _NAMED.sub(r"\1\\/", text.translate(_LITERAL))


def _lines(markdown: str, *, breaks: str) -> str:
    """The same with its line breaks kept, and with no line that begins a list, a heading or a block of code."""
    paragraphs = re.split(r"\n[^\S\n]*(?:\n[^\S\n]*)+", markdown.strip("\n"))
    return "\n\n".join(breaks.join(_line(line) for line in paragraph.split("\n")) for paragraph in paragraphs)


def _line(line: str) -> str:
    words_ = line.lstrip()
    indent = "\N{NO-BREAK SPACE}" * (len(line) - len(words_))
    block = _BLOCK.match(words_)
    if block is None:
        return indent + words_.rstrip()
    cut = 0 if block[0] in "-+=#" else block.end()
    return f"{indent}{words_[:cut]}\\{words_[cut:].rstrip()}"
