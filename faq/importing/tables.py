"""CSV and TSV: one question a row, under a row of names."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from faq.importing import columns, markdown_text
from faq.importing.drafts import Draft, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

DELIMITERS = ",;\t|"
MAX_COLUMNS_NAMED = 20


def drafts(path: Path, text: str) -> Iterator[Draft]:
    """Read a table; a cell is text, whatever it begins with.

    Raises:
        SourceError: The question's or the answer's column is not there.
    """
    lines = text.splitlines(keepends=True)
    skipped = 0
    if lines and lines[0].lower().startswith("sep="):  # what Excel writes for itself
        skipped = 1
    while skipped < len(lines) and not lines[skipped].strip():
        skipped += 1
    delimiter = _delimiter(path, lines[skipped:], skipped + 1)
    rows = csv.reader(lines[skipped:], delimiter=delimiter)
    try:
        names = [name.strip() for name in next(rows)]
        found = columns.fields_of(names)
        number = rows.line_num
        for row in rows:
            line, number = skipped + number + 1, rows.line_num
            if any(cell.strip() for cell in row):
                yield _draft(f"{path.name}:{line}", dict(zip(names, row, strict=False)), found)
    except csv.Error as error:
        raise SourceError(
            path, skipped + rows.line_num, f"the table cannot be read ({error})", "check quotes"
        ) from error


def _delimiter(path: Path, lines: Sequence[str], line: int) -> str:
    """The delimiter under which the first row names a question and an answer."""
    best: list[str] = []
    for delimiter in DELIMITERS:
        try:
            names = [name.strip() for name in next(csv.reader(lines, delimiter=delimiter), [])]
        except csv.Error:
            continue
        if {"question", "answer"} <= columns.fields_of(names).keys():
            return delimiter
        best = max(best, names, key=len)
    shown = ", ".join(repr(name[:40]) for name in best[:MAX_COLUMNS_NAMED]) or "none"
    raise SourceError(
        path,
        line,
        f"no column for the question or none for the answer; the columns are {shown}",
        "name two of them 'question' and 'answer' in the first row",
    )


def _draft(source: str, row: Mapping[str, str], found: Mapping[str, str]) -> Draft:
    def cell(field: str) -> str:
        return row.get(found.get(field, ""), "").strip()

    answer = columns.answer(cell("answer"))
    return Draft(
        source=source,
        question=markdown_text.plain(cell("question")),
        answer=answer.markup(),
        also=columns.several(cell("also")),
        key=cell("id"),
        language=cell("language"),
        tags=columns.tags(cell("tags")),
        links=columns.several(cell("links")),
        remarks=answer.remarks(),
    )
