"""The lines of an agent's reply, and where what it quotes of earlier e-mails begins."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from adapters.markup import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

Style = Literal["plain", "bold", "code"]

_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\ud800-\udfff]")  # no channel shows them, some refuse them
_MAX_INTRODUCTION = 400  # characters of "On … wrote:", the address of its writer included
_INTRODUCES = ("wrote:", "schreef:", "geschreven:", "schrieb:", "écrit\xa0:", "écrit :", "écrit:", "escribió:",
               "scritto:", "escreveu:", "yazd\u0131:", "написал:", "написала:", "пишет:")  # fmt: skip
_SCHREEF = re.compile(r"^Op .* schreef\b.*:$")  # the Dutch put the name after it
_ABOVE = "please type your reply above this line"
_ORIGINAL = re.compile(
    r"^-{2,}\s*(?:Original Message|Oorspronkelijk bericht|Ursprüngliche Nachricht)\s*-{2,}$", re.IGNORECASE
)
_SENDER = re.compile(r"^(?:From|Van|Von):", re.IGNORECASE)


@dataclass(slots=True)
class Line:
    """One line: what leads it in (a bullet, "> "), pieces with their styles, and whether it is surely a quotation."""

    lead: str = ""
    runs: list[tuple[str, Style]] = field(default_factory=list)
    is_quotation: bool = False

    @property
    def text(self) -> str:
        """The words alone."""
        return "".join(text for text, _ in self.runs).strip()

    @property
    def markup(self) -> str:
        """The line in neutral markup."""
        pieces = [escape(self.lead)]
        for style, group in groupby(self.runs, key=lambda run: run[1]):
            text = _CONTROL.sub("", "".join(text for text, _ in group))
            inner = text.strip() if style == "bold" else text.rstrip()
            if style == "plain" or not inner:
                pieces.append(escape(text))
            else:
                mark = "**" if style == "bold" else "`"
                before, _, after = text.partition(inner)
                pieces += [before, mark, escape(inner), mark, after]
        return "".join(pieces).rstrip()


def without_history(lines: Sequence[Line]) -> list[Line]:
    """The lines without an earlier e-mail that they end with; all of them where nothing else would be left.

    Only what ends the reply is left out: under a quotation somebody may have written on.
    """
    kept = list(lines[: _divider(lines)])
    end = len(kept)
    while end and (kept[end - 1].is_quotation or not kept[end - 1].text):
        end -= 1
    quoted = end
    while quoted and (_is_marked(kept[quoted - 1]) or not kept[quoted - 1].text):
        quoted -= 1
    has_quotation = any(line.text for line in kept[quoted:])
    if has_quotation and (start := _introduction(kept[:quoted])) < quoted:
        end = start
    return kept[:end] if any(line.text for line in kept[:end]) else list(lines)


def _is_marked(line: Line) -> bool:
    return line.is_quotation or f"{line.lead}{line.text}".startswith(">")


def _introduction(lines: Sequence[Line]) -> int:
    """Where "On … wrote:" begins with which these lines end, perhaps on two of them; else how many they are."""
    for count in (1, 2):
        said = " ".join(line.text for line in lines[-count:])
        if len(said) > _MAX_INTRODUCTION or not any(map(str.isdigit, said)) or not said[:1].isalnum():
            continue
        if said.endswith(_INTRODUCES) or _SCHREEF.match(said):
            return len(lines) - count if len(lines) >= count else 0
    return len(lines)


def _divider(lines: Sequence[Line]) -> int:
    """The line from which on a helpdesk or a mail program put the earlier message, else how many lines there are."""
    for at, line in enumerate(lines):
        original = len(line.text) < _MAX_INTRODUCTION and _ORIGINAL.match(line.text) is not None
        if original and any(_SENDER.match(below.text) for below in lines[at + 1 : at + 4]):
            return at
        if line.text[:1] in {"#", "-"} and line.text.strip("#- ").casefold() == _ABOVE:
            return at
    return len(lines)
