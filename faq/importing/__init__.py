"""Turns an existing FAQ into entries: Markdown, CSV, JSON, a Zendesk Help Center's or Freshdesk's articles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from faq.importing import files, freshdesk, json_lists, json_text, markdown_pages, tables, zendesk
from faq.importing.drafts import Draft, Imported, Note, SourceError
from faq.importing.settling import settle
from faq.importing.writing import write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from faq.entries import Faq

__all__ = ["FORMATS", "Draft", "Format", "Imported", "Note", "SourceError", "read", "write"]

Format = Literal["markdown", "csv", "json", "zendesk", "freshdesk"]
FORMATS: tuple[Format, ...] = get_args(Format)
SUFFIXES: dict[Format, tuple[str, ...]] = {
    "markdown": (".md", ".markdown", ".mdown"),
    "csv": (".csv", ".tsv", ".tab"),
    "json": (".json", ".jsonl", ".ndjson"),
    "zendesk": (".json", ".jsonl", ".ndjson"),
    "freshdesk": (".json", ".jsonl", ".ndjson"),
}


def read(path: Path, form: Format | None = None, *, language: str = "en", known: Faq | None = None) -> Imported:
    """Read a file, or the files of a folder by name.

    Args:
        path: What to import; a file must hold text.
        form: The format; by default each file's ending and, in JSON, its keys say it.
        language: Of the entries whose source names none.
        known: An FAQ that the entries are to join: what it has is left out.

    Raises:
        SourceError: A file cannot be read as what it is said to be.
    """
    suffixes = SUFFIXES[form] if form else sorted({suffix for some in SUFFIXES.values() for suffix in some})
    drafts = [draft for file in files.files(path, suffixes) for draft in _drafts(file, form)]
    return settle(drafts, language=language, known=known)


def _drafts(path: Path, form: Format | None) -> Iterator[Draft]:
    text = files.text_of(path)
    form = form or next((form for form in FORMATS if path.suffix.lower() in SUFFIXES[form]), None)
    if form == "markdown":
        return markdown_pages.drafts(path, text)
    if form == "csv":
        return tables.drafts(path, text)
    if form:
        return _json_drafts(path, json_text.documents(path, text), None if form == "json" else form)
    raise SourceError(
        path, 0, f"the ending '{path.suffix}' says no format", f"add --format with one of {', '.join(FORMATS)}"
    )


def _json_drafts(path: Path, documents: list[Any], form: Format | None) -> Iterator[Draft]:
    form = form or _form_of(documents)
    if form == "zendesk":
        return zendesk.drafts(path, documents)
    return freshdesk.drafts(path, documents) if form == "freshdesk" else json_lists.drafts(path, documents)


def _form_of(documents: list[Any]) -> Format:
    """What the first object that is an article of a helpdesk says."""
    for _, found, _ in json_text.objects(documents, {**zendesk.LISTS, **freshdesk.LISTS}):
        if zendesk.is_article(found):
            return "zendesk"
        if freshdesk.is_article(found):
            return "freshdesk"
    return "json"
