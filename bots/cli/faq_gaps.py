"""`firstline faq gaps`: what people ask that the FAQ does not answer, as proposed entries."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bots.cli import setting_up
from bots.cli.setting_up import ConfigOption, Usage, to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from config.settings import Settings
    from faq.authoring.gaps import Gap
    from faq.entries import Faq

_SHOWN = 20
_EXAMPLES = 3
_MAX_CHARS = 500  # of one message: what a question is stands in it


def gaps(  # noqa: PLR0913, PLR0917 - one argument an option
    days: Annotated[int, typer.Option(min=1, max=3650, help="How far to look back.")] = 28,
    at_least: Annotated[int, typer.Option("--min", min=1, help="Messages in a group.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="For machines; all groups.")] = False,
    draft: Annotated[
        Path | None, typer.Option(metavar="FILE.yaml", help="Write the proposed entries, to be finished by you.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write the draft over an existing file.")] = False,
    config: ConfigOption = None,
) -> None:
    """Group the questions that were not answered into entries that the FAQ could have."""
    from faq.entries import load

    settings = setting_up.load(config)
    if draft is not None:
        _check_place(draft, settings, force=force)
    faq = load(settings.faq_path)
    found, count = _find(settings, faq, days, at_least)
    if as_json:
        typer.echo(to_json({"days": days, "unanswered": count, "gaps": [asdict(gap) for gap in found]}))
    else:
        _print(found, count, days, at_least)
    if draft is not None:
        _write(draft, found, faq, quiet=as_json)


def _check_place(draft: Path, settings: Settings, *, force: bool) -> None:
    if draft.exists() and not force:
        raise Usage(f"{draft} exists already. Choose another name, or write over it with --force.")
    folder = settings.faq_path if settings.faq_path.is_dir() else settings.faq_path.parent
    if draft.resolve() == settings.faq_path.resolve() or (
        settings.faq_path.is_dir() and draft.resolve().parent == folder.resolve()
    ):
        raise Usage(
            f"{draft} would be part of the FAQ at once, with answers that nobody wrote yet. Choose a place outside"
            f" {folder}, finish the draft there, and move it in."
        )


def _find(settings: Settings, faq: Faq, days: int, at_least: int) -> tuple[list[Gap], int]:
    """Give the groups, and how many messages were not answered."""
    from bots.ledger.feedback import asked
    from bots.pipeline.phrases import is_small_talk
    from faq.authoring import gaps as faq_gaps
    from faq.authoring.drafts import masked
    from faq.encoders import load as load_encoders
    from faq.text.languages import Detector

    now = datetime.now(UTC)
    detector = Detector(faq)
    questions = [
        faq_gaps.Question(
            text=text,
            at=one.at,
            language=detector.detect(one.text, one.language).language or "",
            why=one.why,
        )
        for one in asked(settings.ledger_place, now - timedelta(days=days))
        if one.unanswered and not is_small_talk(one.text) and (text := masked(one.text[:_MAX_CHARS]))
    ]
    distinct = faq_gaps.distinct(questions)
    known = faq_gaps.phrasings(faq)
    if not distinct:
        return [], 0
    kind = "lexical" if settings.faq.matcher == "lexical" else "default"  # what its thresholds were measured with
    places = faq_gaps.space(distinct, known, load_encoders(kind))
    return faq_gaps.find(distinct, known, places, now=now, days=days, at_least=at_least), len(questions)


def _print(found: list[Gap], count: int, days: int, at_least: int) -> None:
    """Print calmly: the words passed `masked`, so none of them steers a terminal."""
    typer.echo(f"{count} questions of the last {days} days were not answered.")
    if not found:
        typer.echo(f"No {at_least} of them are alike. Look further back (--days) or for smaller groups (--min).")
        return
    typer.echo(f"{sum(gap.count for gap in found)} of them form {len(found)} group{'s' * (len(found) > 1)}:")
    for number, gap in enumerate(found[:_SHOWN], 1):
        proposal = f"add wordings to {gap.nearest}" if gap.covered else "new entry"
        nearest = f" (nearest: {gap.nearest}, {gap.likeness:.2f})" if gap.nearest and not gap.covered else ""
        typer.echo(f"\n{number:>3}. {proposal}{nearest}: {gap.question}")
        typer.echo(f"     {gap.count} times; {_trend(gap, days)}{_spoken(gap)}; {_listed(gap.reasons)}")
        for example in gap.examples[1 : 1 + _EXAMPLES]:
            typer.echo(f"       - {example.text}")
    if len(found) > _SHOWN:
        typer.echo(
            f"\n{len(found) - _SHOWN} more groups: --json shows all, --min {found[_SHOWN - 1].count} the largest."
        )


def _trend(gap: Gap, days: int) -> str:
    return f"{gap.recent} in the last {days / 4:g} days, {gap.before} in the {days / 4:g} before"


def _spoken(gap: Gap) -> str:
    known = {name: count for name, count in gap.languages.items() if name}
    return f"; {', '.join(f'{name} {count}' for name, count in known.items())}" if known else ""


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def _write(place: Path, found: list[Gap], faq: Faq, *, quiet: bool) -> None:
    from faq.authoring.drafts import draft

    text = draft(found, language=faq.languages[0], taken={entry.id for entry in faq.entries})
    if text is None:
        typer.echo("There is no new entry to draft.", err=quiet)
        return
    place.write_text(text, encoding="utf-8")
    typer.echo(f"\nThe draft is in {place}. Write the answers before you move it into the FAQ.", err=quiet)
