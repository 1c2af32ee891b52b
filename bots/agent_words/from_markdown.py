"""Reads an agent's Markdown as lines: what chats cannot show is rewritten, all else stays as it was typed.

Markdown is made to be read as it stands, and agents type "2 * 3" and "<more>" without a thought of it: lists, quotes
and single stars are left alone, and HTML is text.
"""

from __future__ import annotations

import re
from string import whitespace
from typing import TYPE_CHECKING

from bots.agent_words.lines import Line, Style
from bots.agent_words.links import address, is_same

if TYPE_CHECKING:
    from collections.abc import Callable

_FENCE = re.compile(r"\s{0,3}(?:```|~~~)")
_HEADING = re.compile(r"\s{0,3}#{1,6}\s+(?=\S)")
_STAR = re.compile(r"(\s*)[*+]\s+(?=\S)")
_MARK = re.compile(
    r"\\(?P<literal>[!-/:-@\[-`{-~])"
    r"|`(?P<code>[^`]++)`"
    r"|\*\*(?P<bold>[^*\s](?:[^*]*[^*\s])?)\*\*"
    r"|(?<!\w)__(?P<strong>[^_\s](?:[^_]*[^_\s])?)__(?!\w)"
    r"|(?P<image>!?)\[(?P<words>[^\[\]]{0,500}+)\]\(<?(?P<link>[^\s()<>]{1,2000}+)>?(?:\s+\"[^\"]{0,200}+\")?\s*+\)"
    r"|<(?P<bare>(?:https?://|mailto:)[^\s<>]{1,2000}+)>"
)


def lines(text: str, picture: Callable[[str, str], str]) -> list[Line]:
    """The lines of a text in Markdown; `picture` gives the words for an image from its address and its words."""
    read: list[Line] = []
    fenced = False
    for line in text.splitlines():
        if _FENCE.match(line):
            fenced = not fenced
        elif fenced:
            read.append(Line(runs=[(line, "code")]))
        elif heading := _HEADING.match(line):
            words = line[heading.end() :]
            words = words[0] + words[1:].rstrip(f"#{whitespace}")
            read.append(Line(runs=[(_flat(words, picture), "bold")]))
        elif star := _STAR.match(line):
            read.append(Line(runs=_runs(f"{star[1]}- {line[star.end() :]}", picture)))
        else:
            read.append(Line(runs=_runs(line, picture)))
    return read


def _flat(text: str, picture: Callable[[str, str], str]) -> str:
    return "".join(words for words, _ in _runs(text, picture))


def _runs(line: str, picture: Callable[[str, str], str]) -> list[tuple[str, Style]]:
    runs: list[tuple[str, Style]] = []
    at = 0
    for found in _MARK.finditer(line):
        runs.append((line[at : found.start()], "plain"))
        at = found.end()
        if found["code"]:
            runs.append((found["code"], "code"))
        elif inner := found["bold"] or found["strong"]:
            runs.append((inner, "bold"))
        else:
            runs.append((_plain(found, picture), "plain"))
    return [*runs, (line[at:], "plain")]


def _plain(found: re.Match[str], picture: Callable[[str, str], str]) -> str:
    if found["literal"]:
        return found["literal"]
    if found["bare"]:
        return address(found["bare"]) or found[0]
    if found["image"]:
        return picture(found["link"], found["words"])
    link, words = address(found["link"]), found["words"].strip()
    if not link:
        return words
    return link if not words else words if is_same(words, link) else f"{words} ({link})"
