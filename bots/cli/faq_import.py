"""`firstline faq import`: turn an existing FAQ into ours, and say what was taken and what not."""

from __future__ import annotations

from collections import defaultdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bots.cli.setting_up import Usage, plain

if TYPE_CHECKING:
    from faq.entries import Faq
    from faq.importing import Imported, Note

_SHOWN = 5  # places of one warning


class Format(StrEnum):
    """What can be imported."""

    MARKDOWN = "markdown"
    CSV = "csv"
    JSON = "json"
    ZENDESK = "zendesk"
    FRESHDESK = "freshdesk"


def import_faq(  # noqa: PLR0913, PLR0917 - the command's options, which typer passes by name
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="A file, or a folder of files.")],
    out: Annotated[
        Path, typer.Option(metavar="FILE.yaml", help="Where the FAQ goes: a file, or a folder with a file a language.")
    ],
    form: Annotated[
        Format | None, typer.Option("--format", help="By default the file's ending and contents say it.")
    ] = None,
    language: Annotated[
        str, typer.Option(metavar="CODE", help="Of the entries whose source names none, such as en or nl.")
    ] = "en",
    into: Annotated[
        Path | None, typer.Option(metavar="FAQ", help="An FAQ that has some already: those are left out.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Name the place of every warning.")] = False,
) -> None:
    """Turn Markdown, CSV, JSON or a helpdesk's articles into an FAQ."""
    from faq import importing
    from faq.entries import LANGUAGE, load

    if not LANGUAGE.fullmatch(language):
        raise Usage(f"'{language}' is no language code; write for example --language en.")
    known = _without(load(into), out) if into else None
    imported = importing.read(source, form.value if form else None, language=language, known=known)
    if not imported.entries:
        _report(imported, verbose=verbose)
        typer.echo(f"firstline: nothing in {source} could be imported; no file was written.", err=True)
        raise typer.Exit(1)
    written = importing.write(imported.entries, out, force=force)
    _report(imported, verbose=verbose)
    languages = ", ".join(dict.fromkeys(entry.language for entry in imported.entries))
    left_out = sum(note.kind == "left_out" for note in imported.notes)
    typer.echo(
        f"{_entries(len(imported.entries))} imported ({languages}), {left_out} left out; "
        f"written to {', '.join(map(str, written))}."
    )


def _without(known: Faq, out: Path) -> Faq:
    """What an FAQ has besides the file that is to be replaced, which may be one of its own."""
    replaced = out.resolve()
    kept = (entry for entry in known.entries if Path(entry.source.rpartition(":")[0]).resolve() != replaced)
    return type(known)(entries=tuple(kept))


def _report(imported: Imported, *, verbose: bool) -> None:
    """What was left out, each with its reason; then the warnings, together where they are the same."""
    for note in imported.notes:
        if note.kind == "left_out":
            typer.echo(f"left out: {_place(note)}: {plain(note.reason)}.")
    alike: defaultdict[str, list[Note]] = defaultdict(list)
    for note in imported.notes:
        if note.kind == "warning":
            alike[note.reason].append(note)
    for reason, notes in alike.items():
        typer.echo(f"warning: {_entries(len(notes))}: {plain(reason)}:")
        shown = notes if verbose else notes[:_SHOWN]
        for note in shown:
            typer.echo(f"  {_place(note)}")
        if len(shown) < len(notes):
            typer.echo(f"  … and {len(notes) - len(shown)} more (--verbose names them)")


def _place(note: Note) -> str:
    return plain(f"{note.source} '{note.title}'" if note.title else note.source)


def _entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count} entries"
