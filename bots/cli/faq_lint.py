"""`firstline faq lint`: mistakes and weak spots of a FAQ, for people and for CI."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bots.cli import matchers, setting_up
from bots.cli.setting_up import ConfigOption, plain, to_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from faq.authoring.lint import Finding

_SHOWN = {"warning": 20, "hint": 6}  # of one kind; more would hide what matters


def lint(
    faq: Annotated[
        Path | None, typer.Argument(metavar="FAQ", help="A FAQ file or folder; by default the configured one.")
    ] = None,
    config: ConfigOption = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 on warnings too, not only on errors.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print every finding as one JSON array.")] = False,
) -> None:
    """Find mistakes and weak spots: wordings in two entries, entries that are confused, unsafe links, long answers.

    The exit code is 1 where there are errors.
    """
    from faq.authoring.lint import lint as look
    from faq.entries import load

    settings = setting_up.load(config)
    findings = look(matchers.by_the_faq_alone(settings, load(faq or settings.faq_path)))
    if as_json:
        typer.echo(to_json([asdict(finding) for finding in findings]))
    else:
        for line in report(findings):
            typer.echo(line)
    severities = {finding.severity for finding in findings}
    if "error" in severities or (strict and "warning" in severities):
        raise typer.Exit(1)


def report(findings: Sequence[Finding]) -> Iterator[str]:
    """Give the lines for people: a block for each file, then what concerns the whole FAQ, then the count."""
    left_out: Counter[tuple[str, str]] = Counter()
    shown: Counter[tuple[str, str]] = Counter()
    for path, found in groupby(findings, key=lambda finding: finding.path):
        block = []
        for finding in found:
            sort = (finding.severity, finding.kind)
            if path and shown[sort] >= _SHOWN.get(finding.severity, len(findings)):
                left_out[sort] += 1
                continue
            shown[sort] += 1
            place = f"{finding.source}: {finding.severity}: " if path else ""
            block.append(plain(f"{place}{finding.message}"))
        if block:
            yield from (*block, "")
    for (severity, kind), count in left_out.items():
        yield f"… and {_counted(count, f'more {severity}')} of the kind '{kind}'; --json lists them all."
    counts = Counter(finding.severity for finding in findings if finding.path)
    yield ", ".join(_counted(counts[severity], severity) for severity in ("error", "warning", "hint")) + "."


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count or 'no'} {noun}s"
