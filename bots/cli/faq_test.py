"""`firstline faq test`: does the bot do what the entries' `expect` and `expect_not` say?"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bots.cli import matchers, setting_up
from bots.cli.matchers import MatcherOption
from bots.cli.setting_up import ConfigOption, plain, to_json

if TYPE_CHECKING:
    from faq.authoring.expectations import Checked, Summary


def check(
    faq: Annotated[
        Path | None, typer.Argument(metavar="FAQ", help="A FAQ file or folder; by default the configured one.")
    ] = None,
    matcher: MatcherOption = None,
    config: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for machines.")] = False,
) -> None:
    """Check the messages that the entries expect, and expect not, to answer; exit code 1 if one turns out otherwise."""
    from faq.authoring import expectations
    from faq.entries import load

    settings = setting_up.load(config)
    loaded = load(faq or settings.faq_path)
    checked = expectations.check(matchers.like_the_bots(settings, loaded, faq, matcher))
    summary = expectations.summarise(checked)
    broken = [one for one in checked if not one.kept]
    if as_json:
        result = {"summary": asdict(summary), "broken": [_machine_readable(one) for one in broken]}
        typer.echo(to_json(result))
    else:
        for one in broken:
            typer.echo(_readable(one))
        typer.echo(_closing(summary))
    if broken:
        raise typer.Exit(1)


def _machine_readable(one: Checked) -> dict[str, Any]:
    candidates = [asdict(candidate) for candidate in one.matches.candidates]
    told = {"decision": one.decision, "candidates": candidates, "found": one.found, "cure": one.cure}
    return {**asdict(one.expectation), **told}


def _readable(one: Checked) -> str:
    expectation = one.expectation
    wanted = "is expected" if expectation.kind == "expect" else "is not to answer"
    scores = ", ".join(f"{candidate.entry} {candidate.score:.2f}" for candidate in one.matches.offered)
    return (
        f"{expectation.source}: '{expectation.entry}' {wanted}, but {one.found}.\n"
        f"    message  {plain(expectation.text)}\n"
        f"    first    {scores or 'no entry'}\n"
        f"    to do    {one.cure}\n"
    )


def _closing(summary: Summary) -> str:
    if not summary.kept + summary.broken:
        return "No entry has expectations yet. Add 'expect:' and 'expect_not:' with lists of messages."
    lines = [
        f"{summary.kept} of {summary.kept + summary.broken} expectations kept, {summary.broken} broken.",
        f"  expected:     {summary.answered} answered, {summary.suggested} suggested, {summary.missed} broken",
        f"  not expected: {summary.left} kept, {summary.taken} broken",
    ]
    if summary.copied:
        lines.append(
            f"Of the expected messages, {summary.copied} stand word for word among the phrasings: they prove nothing."
        )
    return "\n".join(lines)
