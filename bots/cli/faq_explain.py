"""`firstline faq explain`: what the bot would do with one message, and why."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bots.cli import setting_up
from bots.cli.setting_up import ConfigOption, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faq.explaining import Explanation

_DOES = {"answer": "answers with", "suggest": "offers", "ticket": "opens a ticket"}


def explain(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The message, in quotes.")],
    faq: Annotated[
        Path | None, typer.Argument(metavar="FAQ", help="A FAQ file or folder; by default the configured one.")
    ] = None,
    language: Annotated[str | None, typer.Option(metavar="CODE", help="Its language, where known: en, nl, …")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as one JSON object.")] = False,
    config: ConfigOption = None,
) -> None:
    """Say which entry a message finds, what speaks for it, what came second and what decided."""
    from faq.entries import load
    from faq.explaining import explain as look
    from faq.matching import FaqMatcher, Promises

    settings = setting_up.load(config)
    promises = Promises(answer_precision=settings.faq.answer_precision, suggest_recall=settings.faq.suggest_recall)
    explanation = look(FaqMatcher(load(faq or settings.faq_path), promises), text, language)
    if as_json:
        typer.echo(json.dumps(asdict(explanation), indent=2, ensure_ascii=False))
        return
    for line in report(explanation):
        typer.echo(plain(line))


def report(told: Explanation) -> Iterator[str]:
    """Say it in lines for people."""
    entries = [candidate.entry for candidate in told.candidates]
    offered = ", ".join(entries) if told.decision == "suggest" else "".join(entries[:1])
    yield f"The bot {_DOES[told.decision]}{f' {offered}' if told.decision != 'ticket' else ''}."
    yield told.reason
    if not told.candidates:
        return
    yield ""
    yield "What was matched"
    if not told.whole:
        yield f"  of the long message   {told.part}"
    for word, taken in told.repairs.items():
        yield f"  mended                {word} -> {taken}"
    words = ", ".join(f"{word.word}{_mark(word.covered)}" for word in told.words) or "none that says much"
    yield f"  words                 {words}"
    yield f"  known to the entry    {told.covered:.0%} of what they say; ? in part, ! not at all"
    yield ""
    yield "What speaks for the entries"
    for place, candidate in enumerate(told.candidates, start=1):
        points = " + ".join(f"{points:.2f} {name}" for name, points in candidate.evidence.items())
        yield f"  {place}. {candidate.entry}, score {candidate.score:.2f}"
        yield f"     nearest  {candidate.nearest} ({candidate.language}), {candidate.likeness:.0%} alike"
        yield f"     points   {points} = {sum(candidate.evidence.values()):.2f}"
    yield ""
    begin = f"Answers begin at {_from(told.answer_from)}, suggestions at {_from(told.suggest_from)}"
    yield f"{begin}; below, a ticket is opened."


def _mark(covered: float) -> str:
    return "" if covered >= 1 else "?" if covered > 0 else "!"


def _from(score: float) -> str:
    return f"a score of {score:.2f}" if score <= 1 else "no score"
