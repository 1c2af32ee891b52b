"""`firstline faq eval`: how good the FAQ is on messages whose right entry is known."""

from __future__ import annotations

import math
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bots.cli import matchers, setting_up
from bots.cli.matchers import MatcherOption
from bots.cli.setting_up import ConfigOption, to_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from faq.authoring.evaluation import Measures, Query
    from faq.matching import Matches

_SHOWN = 8  # wrong answers
_WIDTH = 90  # characters of one


def evaluate(  # noqa: PLR0913, PLR0917 - one argument an option
    queries: Annotated[
        Path, typer.Option(metavar="FILE.jsonl", help='Lines {"id": …, "text": …, "entry": its entry\'s id or null}.')
    ],
    faq: Annotated[
        Path | None, typer.Argument(metavar="FAQ", help="A FAQ file or folder; by default the configured one.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything measured as one JSON object.")] = False,
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE.svg", help="Draw how much can be answered, and how much of it right.")
    ] = None,
    matcher: MatcherOption = None,
    config: ConfigOption = None,
) -> None:
    """Measure the FAQ on messages whose right entry you know."""
    from faq.authoring.evaluation import ask, measure, read_labelled
    from faq.authoring.picture import picture as drawn
    from faq.entries import load

    settings = setting_up.load(config)
    path = faq or settings.faq_path
    loaded = load(path)
    asked = read_labelled(queries, loaded)
    if not asked:
        raise setting_up.Usage(f"{queries} holds no message to measure with.")
    begun = time.perf_counter()
    built = matchers.like_the_bots(settings, loaded, faq, matcher)
    build_s = time.perf_counter() - begun
    found, times_ms = ask(built, asked)
    measures = measure([query.entry for query in asked], found, build_s=build_s, times_ms=times_ms)
    if picture is not None:
        picture.write_text(drawn(measures, f"{path}, asked {queries.name}"), encoding="utf-8")
    wrong = list(_wrong(asked, found))
    if as_json:
        typer.echo(to_json(_without_nan({**asdict(measures), "wrong_answers": wrong}), indent=None))
        return
    for line in report(measures):
        typer.echo(line)
    for line in _told(wrong):
        typer.echo(line)
    if picture is not None:
        typer.echo(f"\nPicture: {picture}")


def _wrong(asked: Sequence[Query], found: Sequence[Matches]) -> Iterator[dict[str, Any]]:
    for query, matches in zip(asked, found, strict=True):
        if matches.decision == "answer" and matches.candidates[0].entry != query.entry:
            answered = matches.candidates[0].entry
            yield {
                "id": query.id, "text": query.text, "entry": query.entry, "answered": answered, "score": matches.score
            }  # fmt: skip


def _without_nan(value: Any) -> Any:
    """Put null where a share could not be shown: JSON knows no NaN."""
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _share(value: float) -> str:
    return "    -  " if math.isnan(value) else f"{value * 100:5.1f} %"


def report(m: Measures) -> Iterator[str]:
    """Say in lines for people what was measured."""
    yield f"{m.messages} messages: {m.answerable} have an entry, {m.messages - m.answerable} have none."
    yield ""
    yield "The right entry"
    yield f"  comes first                     {_share(m.top_1)}   top-1"
    yield f"  is among the first three        {_share(m.top_3)}   top-3"
    yield ""
    yield "What the bot would do now"
    rest = f"suggest {_share(m.suggested).strip()}, ticket {_share(m.ticket).strip()}"
    yield f"  answer                          {_share(m.answered)}   of all messages; {rest}"
    yield f"  right, of its answers           {_share(m.precision)}"
    yield f"  answered rightly                {_share(m.answered_rightly)}   of the messages that have an entry"
    yield f"  answered or offered rightly     {_share(m.helped)}   of the same"
    yield f"  answered though there is none   {_share(m.false_answers)}   of the messages without an entry"
    yield ""
    yield "What it could answer rightly, at the best cut of its score"
    for goal, coverage in m.coverage.items():
        yield f"  if {goal:.0%} of answers are right   {_share(coverage)}   of the messages that have an entry"
    yield f"  tells them from the rest        {_share(m.auroc)}   AUROC; 50 is chance, 100 perfect"
    yield ""
    yield "Is the score what it says? (a score of 0.8 should be right 8 times in 10)"
    yield "  score        messages   mean score    right"
    for part in m.reliability:
        if part.count:
            shares = f"{_share(part.mean_score)}  {_share(part.right)}"
            yield f"  {part.low:.1f} to {part.low + 0.1:.1f} {part.count:11}      {shares}"
    yield f"  off by {m.calibration_error * 100:.1f} points on average (expected calibration error)"
    yield ""
    yield f"Built in {m.build_s:.1f} s; a message takes {m.p50_ms:.1f} ms, the slowest of a hundred {m.p99_ms:.1f} ms."


def _told(wrong: Sequence[dict[str, Any]]) -> Iterator[str]:
    if wrong:
        yield ""
        yield f"Wrong answers{f', the first {_SHOWN} of {len(wrong)}' if len(wrong) > _SHOWN else ''}"
    for one in wrong[:_SHOWN]:
        text = setting_up.plain(one["text"])
        shown = text if len(text) <= _WIDTH else f"{text[:_WIDTH]}…"
        yield f"  {setting_up.plain(one['id'])}: {shown}"
        yield f"      got {one['answered']} ({one['score']:.2f}), right is {one['entry'] or 'no entry'}"
