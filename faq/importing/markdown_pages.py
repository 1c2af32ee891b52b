"""Markdown pages: which heading, `Q:` line, bold line or `<summary>` is a question, and what answers it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from faq.importing import markdown_text
from faq.importing.drafts import Draft

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MARKED = 7  # the level of a question that is no heading: below all headings
QUESTION_MARKS = ("?", "\uff1f", "\u061f", "\u037e", "\u055e")  # also full-width, Arabic, Greek, Armenian
_LANGUAGE = re.compile(r"lang(?:uage)?\s{0,9}[:=]\s{0,9}[\"']?([A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,2})[\"']?\s*$")
_START = r"[ \t]*+(?:[-*+][ \t]++)?(?:#{1,6}[ \t]++)?(\*\*|__)?[ \t]*+"
_Q = re.compile(
    _START + r"(?:Q|Question|Vraag|Frage|Pregunta|Domanda)[ \t]?[0-9]{0,4}(?:\*\*|__)?[ \t]?[:.)](.*)", re.IGNORECASE
)
_A = re.compile(
    _START + r"(?:A|Answer|Antwoord|Antwort|Respuesta|Réponse|Risposta)[ \t]?[0-9]{0,4}(?:\*\*|__)?[ \t]?[:.)]"
    r"[ \t]?(?:\*\*|__)?",
    re.IGNORECASE,
)
_BOLD = re.compile(r"[ \t]*+(?:[0-9]{1,4}[.)][ \t]++)?(?:\*\*|__)([^*_]++)(?:\*\*|__)[ \t]*+:?[ \t]*+$")
_SUMMARY = re.compile(r"<summary[^<>]*+>(.*?)</summary>(.*)", re.IGNORECASE)
_ANCHOR = re.compile(r"(?<![ \t])[ \t]*+\{#([^{}\s]{1,100})[^{}]*\}$")


@dataclass(slots=True)
class _Section:
    """A heading or question and the lines below it, up to the next that is not part of its answer."""

    level: int
    title: str
    line: int
    asks: bool
    body: list[str] = field(default_factory=list)
    has_parts: bool = False

    @property
    def has_body(self) -> bool:
        """Whether anything is written below the title; blank lines come first, so this looks no further than them."""
        return any(line.strip() for line in self.body)


def drafts(path: Path, text: str) -> Iterator[Draft]:
    """Read a page.

    A title that asks is a question, and what is below it is its answer, headings that do not ask included. A title
    that does not ask is taken where text stands below it, and no further heading does (which would make it a chapter).
    """
    lines = text.splitlines()
    start, language = _front_matter(lines)
    definitions = markdown_text.definitions_of(lines)
    for section in _sections(lines, start):
        title, key = _anchor(section.title)
        chapter = section.has_parts and not section.asks
        if section.level == 0 or (not section.has_body and not section.asks):
            continue
        answer = markdown_text.compose("\n".join(section.body), definitions=definitions, wrapped=True)
        yield Draft(
            source=f"{path.name}:{section.line}",
            question=markdown_text.plain(title),
            answer=answer.markup(),
            key=key,
            language=language,
            refusal="text that introduces a chapter and answers no question of its own" if chapter else "",
            remarks=answer.remarks(),
        )


def asks(title: str) -> bool:
    """Whether a title ends as a question does."""
    return title.rstrip(" \t*_:.!\"'\u00bb\u201d)").endswith(QUESTION_MARKS)


def _anchor(title: str) -> tuple[str, str]:
    found = _ANCHOR.search(title) if title.endswith("}") else None
    return (title[: found.start()], found[1]) if found else (title, "")


def _front_matter(lines: list[str]) -> tuple[int, str]:
    """Where the page begins, and the language that its front matter names."""
    mark = lines[0].strip() if lines else ""
    if mark not in {"---", "+++"}:
        return 0, ""
    end = next((i for i, line in enumerate(lines[1:], start=1) if line.strip() in {mark, "..."}), 0)
    found = next((match for line in lines[1:end] if (match := _LANGUAGE.match(line))), None)
    return (end + 1, found[1]) if end and found else (end + 1 if end else 0, "")


def _sections(lines: list[str], start: int) -> list[_Section]:
    """Split a page where something begins that is not part of the answer above it."""
    sections = [_Section(level=0, title="", line=0, asks=False)]
    around = [sections[0]]  # those that the current one is part of, and itself
    opened, comment = "", False
    for number, line in enumerate(lines[start:], start=start + 1):
        current = sections[-1]
        if comment or (not opened and line.lstrip().startswith("<!--")):
            comment = "-->" not in line
            continue
        if opened:
            opened = "" if markdown_text.closes(line, opened) else opened
        elif not (opened := markdown_text.fence(line)):
            if _is_underline(line, current):
                title = current.body.pop().strip()
                _begin(
                    sections,
                    around,
                    _Section(level=1 if "=" in line else 2, title=title, line=number - 1, asks=asks(title)),
                )
                continue
            if (found := _beginning(line, number)) and _begin(sections, around, found):
                continue
        current = sections[-1]
        begins = current.level == MARKED and not current.has_body
        current.body.append(_without_answer_mark(line) if begins else line.replace("</details>", ""))
    return sections


def _begin(sections: list[_Section], around: list[_Section], section: _Section) -> bool:
    """Begin a section, unless it is part of the answer to the question above it; whether the line is dealt with."""
    above = sections[-1]
    if above.asks and above.level < section.level and not section.asks:
        above.body.append(f"###### {section.title}")
        return True
    while around[-1].level >= section.level:
        around.pop()
    around[-1].has_parts = True
    around.append(section)
    sections.append(section)
    return True


def _beginning(line: str, number: int) -> _Section | None:
    """What begins on this line, if anything does."""
    if found := _Q.match(line):
        # `**Q:** Why?`, `**Q: Why?**`, and `**Q: Why?** Because.`, where what follows is the answer
        title, _, rest = found[2].strip().removeprefix(found[1] or "\n").partition(found[1] or "\n")
        body = [rest] if rest else []
        return _Section(level=MARKED, title=title.strip(), line=number, asks=True, body=body) if title else None
    if heading := markdown_text.heading(line):
        level, title = heading
        return _Section(level=level, title=title, line=number, asks=asks(_anchor(title)[0]))
    if (found := _BOLD.match(line)) and asks(found[1]):
        return _Section(level=MARKED, title=found[1].strip(), line=number, asks=True)
    at = line.lower().find("<summary")
    if at >= 0 and (found := _SUMMARY.match(line, at)):
        return _Section(level=MARKED, title=found[1].strip(), line=number, asks=True, body=[found[2]])
    return None


def _is_underline(line: str, current: _Section) -> bool:
    marks = line.strip()
    if len(marks) < 2 or (marks.strip("=") and marks.strip("-")):  # noqa: PLR2004 - `==` at least
        return False
    above = current.body[-1].strip() if current.body else ""
    alone = len(current.body) == 1 or not current.body[-2].strip() if current.body else False
    return alone and bool(above) and not above.startswith(("|", "-", "*", "+", ">", "#", "<"))


def _without_answer_mark(line: str) -> str:
    found = _A.match(line)
    if not found:
        return line
    rest, mark = line[found.end() :].strip(), found[1] or ""
    # `**A: all of it bold**`: the mark that opened before the A is gone, so is the one that closes.
    return rest.removesuffix(mark) if mark and rest.count(mark) % 2 else rest
