"""`firstline faq explain`: what the bot would do with one message, and why."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bots.cli import matchers, setting_up
from bots.cli.matchers import MatcherOption
from bots.cli.setting_up import ConfigOption, plain, to_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faq.authoring.explaining import Explanation

_DOES = {"answer": "answers with", "suggest": "offers", "ticket": "opens a ticket"}


def explain(  # noqa: PLR0913, PLR0917 - one argument an option
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The message, in quotes.")],
    faq: Annotated[
        Path | None, typer.Argument(metavar="FAQ", help="A FAQ file or folder; by default the configured one.")
    ] = None,
    language: Annotated[str | None, typer.Option(metavar="CODE", help="Its language, where known: en, nl, …")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as one JSON object.")] = False,
    matcher: MatcherOption = None,
    config: ConfigOption = None,
) -> None:
    """Say which entry a message finds, what speaks for it, what came second and what decided."""
    from faq.authoring.explaining import explain as look
    from faq.entries import load

    settings = setting_up.load(config)
    built = matchers.like_the_bots(settings, load(faq or settings.faq_path), faq, matcher)
    explanation = look(built, text, language)
    if as_json:
        typer.echo(to_json(asdict(explanation)))
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
    foreign = "" if told.by_letters else ", which the FAQ does not speak: only the meaning counts"
    yield f"  language              {told.language or 'not sure'}{foreign}"
    if not told.whole:
        yield f"  of the long message   {told.part}"
    for word, taken in told.repairs.items():
        yield f"  mended                {word} -> {taken}"
    words = ", ".join(f"{word.word}{_mark(word.covered)}" for word in told.words) or "none that says much"
    if told.by_letters:
        yield f"  words                 {words}"
        yield f"  known to the entry    {told.covered:.0%} of what they say; ? in part, ! not at all"
    yield ""
    yield "What speaks for the entries"
    for place, candidate in enumerate(told.candidates, start=1):
        yield f"  {place}. {candidate.entry}, score {candidate.score:.2f}"
        yield f"     {candidate.likeness:.0%} like  {candidate.nearest} ({candidate.language})"
    yield from _points(told)
    yield ""
    begin = f"Answers begin at {_from(told.answer_from)}, suggestions at {_from(told.suggest_from)}"
    yield f"{begin}; below, a ticket is opened."
    if told.raw != told.score:
        yield f"They are about the score by the FAQ alone, here {told.raw:.2f}: real messages taught what it is worth."


def _points(told: Explanation) -> Iterator[str]:
    """Give a table of what speaks for the entries: a line for each kind of evidence, a column for each entry."""
    names = list(dict.fromkeys(name for candidate in told.candidates for name in candidate.evidence))
    yield ""
    yield f"  {'points':20}" + "".join(f"{place:7}." for place in range(1, len(told.candidates) + 1))
    for name in names:
        yield f"  {name:20}" + "".join(f"{candidate.evidence.get(name, 0):8.2f}" for candidate in told.candidates)
    yield f"  {'together':20}" + "".join(f"{sum(candidate.evidence.values()):8.2f}" for candidate in told.candidates)


def _mark(covered: float) -> str:
    return "" if covered >= 1 else "?" if covered > 0 else "!"


def _from(score: float) -> str:
    return f"a score of {score:.2f}" if score <= 1 else "no score"
