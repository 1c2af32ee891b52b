"""Entries as the YAML files that a person goes on editing."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from faq.entries import SUFFIXES, Entry, load
from faq.importing.drafts import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_WIDTH = 2**30  # a scalar stays on its line


def write(entries: Sequence[Entry], out: Path, *, force: bool = False) -> list[Path]:
    """Write the file `out`, or, where its name has no YAML ending, one file for each language into the folder `out`.

    Every file is written beside its place, read back, compared and only then moved there.

    Returns:
        The files, in the order of their languages' first entries.

    Raises:
        SourceError: A file is already there, or one file is to hold several languages.
        OSError: The files cannot be written.
    """
    by_language: dict[str, list[Entry]] = {}
    for entry in entries:
        by_language.setdefault(entry.language, []).append(entry)
    targets = _targets(list(by_language), out)
    there = [path for path in targets.values() if path.exists()]
    if there and not force:
        raise SourceError(there[0], 0, "this file is already there", "name another, or add --force to replace it")
    written: list[tuple[Path, Path]] = []
    try:
        for language, path in targets.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            beside = _beside(path)
            written.append((beside, path))
            beside.write_text(text_of(language, by_language[language]), encoding="utf-8", newline="\n")
            _check(beside, by_language[language])
        for beside, path in written:
            beside.replace(path)
    finally:
        for beside, _ in written:
            beside.unlink(missing_ok=True)
    return list(targets.values())


def text_of(language: str, entries: Sequence[Entry]) -> str:
    """The file of one language."""
    return f"language: {_scalars([language])[0]}\nentries:\n" + "\n".join(_entries(entries))


def _entries(entries: Sequence[Entry]) -> Iterator[str]:
    short = [text for entry in entries for text in (entry.id, entry.question, *entry.also, *entry.tags, *entry.links)]
    scalars = iter(_scalars(short))
    for entry in entries:
        lines = [f"  - id: {next(scalars)}", f"    question: {next(scalars)}"]
        lists = {name: [next(scalars) for _ in getattr(entry, name)] for name in ("also", "tags", "links")}
        lines += _list("also", lists["also"])
        lines += ["    answer: |", *(f"      {line}".rstrip() for line in entry.answer.split("\n"))]
        lines += _list("tags", lists["tags"]) + _list("links", lists["links"])
        yield "\n".join(lines) + "\n"


def _list(name: str, scalars: Sequence[str]) -> list[str]:
    return [f"    {name}:", *(f"      - {scalar}" for scalar in scalars)] if scalars else []


def _scalars(texts: Sequence[str]) -> list[str]:
    """Each text on one line, in quotes where YAML would read it as something else."""
    if not texts:
        return []
    dumped = yaml.dump(list(texts), Dumper=yaml.CSafeDumper, default_flow_style=False, allow_unicode=True, width=_WIDTH)
    return [line.removeprefix("- ") for line in dumped.removesuffix("\n").split("\n")]


def _targets(languages: Sequence[str], out: Path) -> dict[str, Path]:
    if out.suffix not in SUFFIXES:
        return {language: out / f"{language}.yaml" for language in languages}
    if len(languages) > 1:
        raise SourceError(
            out, 0, f"one file holds one language, here are {', '.join(languages)}", "give a folder as --out"
        )
    return dict.fromkeys(languages, out)


def _beside(path: Path) -> Path:
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=".yaml", dir=path.parent)
    os.close(handle)
    beside = Path(name)
    beside.chmod(0o644)
    return beside


def _check(path: Path, entries: Sequence[Entry]) -> None:
    """Read back what was written; a difference is a mistake of ours and stops before anything is replaced."""
    read = tuple(replace(entry, source="") for entry in load(path).entries)
    if read != tuple(replace(entry, source="") for entry in entries):
        raise SourceError(path, 0, "what was written reads back differently", "report this with the file imported")
