"""`firstline faq calibrate`: learn from what happened how much the matcher's scores are worth."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bots.cli import matchers, setting_up
from bots.cli.setting_up import ConfigOption, Usage, plain

if TYPE_CHECKING:
    from bots.ledger.feedback import Asked
    from config.settings import Settings
    from faq.authoring.learning import Kept, Outcome, Source
    from faq.learned import Learned
    from faq.matching import FaqMatcher, Matches, Promises

_LABEL_KEYS = {"text", "entry", "language", "channel", "id"}
_TRAFFIC = 5000  # messages whose scores say what thresholds mean here; more take minutes and change nothing
_NAMES = {
    "label": "labelled messages",
    "choice": "choices among suggestions",
    "thumb": "thumbs on answers",
    "ticket": "tickets soon after an answer",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A message, and what is known of the right entry: this one, none at all, or only that it is not this one."""

    text: str
    language: str | None
    channel: str
    source: Source
    entry: str | None
    wrong: bool = False

    def judge(self, found: str) -> bool | None:
        """Whether the first candidate is right; None where nobody knows."""
        if self.wrong:
            return False if found == self.entry else None
        return self.entry == found


def calibrate(
    labels: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.jsonl", help='Lines {"text": …, "entry": id or null, "language": …}, made by people.'
        ),
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=3650, help="How far to look back in the ledger.")] = 90,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be learnt, and keep nothing.")] = False,
    config: ConfigOption = None,
) -> None:
    """Learn from thumbs, choices, tickets and labelled messages how much the scores are worth here."""
    from faq.authoring.learning import learn, validate
    from faq.entries import load
    from faq.learned import FILE, save

    settings = setting_up.load(config)
    faq = load(settings.faq_path)
    known = {entry.id for entry in faq.entries}
    labelled = read_labels(labels, known) if labels is not None else []
    asked = _asked(settings, days, needed=not labelled)
    by_hand = {one.text for one in labelled}
    heard = [one for question in asked if question.text not in by_hand and (one := _told(question)) is not None]
    told = [*labelled, *(one for one in heard if one.entry in known)]  # what is no longer in the FAQ tells nothing
    promises = matchers.promises(settings)
    matcher = matchers.by_the_faq_alone(settings, faq)
    rows = _outcomes(told, matcher)
    newest = asked[-_TRAFFIC:]
    traffic = [found.score for found in matcher.match([q.text for q in newest], [q.language for q in newest])]
    if not rows:
        typer.echo("Nothing is known yet of how answers were received: no thumbs, no choices, no labelled messages.")
        typer.echo("Label 50 to 100 real messages and give them with --labels FILE.jsonl.")
        raise typer.Exit(1)
    now = datetime.now(UTC).replace(microsecond=0)
    learned = replace(learn(rows, traffic, faq=faq, at=now), matcher=settings.faq.matcher)
    answer_from, suggest_from = _thresholds(matcher)
    _print(learned, len(labelled) + len(heard) - len(rows))
    _print_effect(*validate(rows, traffic, promises, answer_from), promises)
    _print_thresholds((answer_from, suggest_from), learned.thresholds(promises, answer_from, suggest_from), learned)
    if dry_run:
        typer.echo("\nNothing was kept (--dry-run).")
        return
    place = settings.data_dir / FILE
    save(learned, place)
    typer.echo(f"\nKept in {place}; a running bot takes it up by itself.")


def _thresholds(matcher: FaqMatcher) -> tuple[float, float]:
    return matcher.calibration.answer_from, matcher.calibration.suggest_from


def _asked(settings: Settings, days: int, *, needed: bool) -> list[Asked]:
    from bots.ledger.database import engine_at
    from bots.ledger.feedback import asked

    if not needed and not engine_at(settings.ledger_place).exists():
        return []
    return asked(settings.ledger_place, datetime.now(UTC) - timedelta(days=days))


def _told(question: Asked) -> Told | None:
    """What a question's end says of the right entry; None where it says nothing."""
    from bots.ledger.feedback import Verdict

    sources: dict[Verdict, tuple[Source, bool]] = {
        Verdict.HELPED: ("thumb", False),
        Verdict.CHOSEN: ("choice", False),
        Verdict.REFUSED: ("choice", True),
        Verdict.UNHELPFUL: ("thumb", True),
        Verdict.TICKET_AFTER: ("ticket", True),
    }
    if question.entry is None or question.verdict not in sources or not question.tells_of_the_score:
        return None
    source, wrong = sources[question.verdict]
    return Told(
        text=question.text,
        language=question.language,
        channel=question.channel,
        source=source,
        entry=question.entry,
        wrong=wrong,
    )


def _outcomes(told: list[Told], matcher: FaqMatcher) -> list[Outcome]:
    """Match the messages anew: the scores that were acted on then may come from another FAQ, or be bent already."""
    found: list[Matches] = matcher.match([one.text for one in told], [one.language for one in told])
    rows = []
    for one, matches in zip(told, found, strict=True):
        first = matches.candidates[0].entry if matches.candidates else ""
        right = one.judge(first)
        if right is not None:
            rows.append(_row(one, matches, right=right))
    return rows


def _row(one: Told, matches: Matches, *, right: bool) -> Outcome:
    from faq.authoring.learning import Outcome

    return Outcome(
        score=matches.score,
        right=right,
        answered=matches.decision == "answer",
        source=one.source,
        channel=one.channel,
        outside=one.entry is None if one.source == "label" else None,
    )


def read_labels(file: Path, known: set[str]) -> list[Told]:
    """Read labelled messages. Raises `Usage` with the first line that is none."""
    try:
        lines = file.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise Usage(f"{file} is not UTF-8. Save it as UTF-8.") from error
    except OSError as error:
        raise Usage(f"{file} cannot be read ({error.strerror}). Check the path and its permissions.") from error
    found = [_label(line, f"{file}:{number}", known) for number, line in enumerate(lines, 1) if line.strip()]
    if not found:
        raise Usage(f'{file} holds no line. Write lines such as {{"text": "where is my money", "entry": "refund"}}.')
    return found


def _label(line: str, place: str, known: set[str]) -> Told:
    try:
        value: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Usage(f"{place}: this is not JSON. Write one object a line.") from error
    if not isinstance(value, dict) or not isinstance(value.get("text"), str) or "entry" not in value:
        raise Usage(f'{place}: a line has "text" and "entry" (an id, or null where no entry answers it).')
    if unknown := set(value) - _LABEL_KEYS:
        raise Usage(f"{place}: a line has no key {min(unknown)[:60]!r}; the keys are {', '.join(sorted(_LABEL_KEYS))}.")
    entry, language, channel = value["entry"], value.get("language"), value.get("channel") or ""
    if entry is not None and not (isinstance(entry, str) and entry in known):
        raise Usage(
            f"{place}: the FAQ has no entry {str(entry)[:60]!r}. Write null where no entry answers the message."
        )
    if not isinstance(language, str | None) or not isinstance(channel, str):
        raise Usage(f"{place}: language and channel are texts.")
    return Told(text=value["text"], language=language, channel=plain(channel), source="label", entry=entry)


def _print(learned: Learned, left_out: int) -> None:
    typer.echo(f"{learned.rows} messages tell how good the first candidate was:")
    for source, count in Counter(learned.sources).most_common():
        typer.echo(f"  {count:>6}  {_NAMES[source]}")
    if learned.channels:
        typer.echo("  by channel: " + ", ".join(f"{name} {count}" for name, count in learned.channels.items()))
    if left_out:
        typer.echo(f"  {left_out} more tell nothing of today's first candidate and are left out.")
    if not learned.sources.get("label"):
        typer.echo("  None is labelled: thumbs and choices know only messages that were answered or offered something.")
    if learned.outside_share is not None:
        typer.echo(f"About {learned.outside_share:.0%} of the messages have no answer in the FAQ.")


def _print_effect(before: Kept, after: Kept, promises: Promises) -> None:
    typer.echo(f"\nOn these messages (promised: {promises.answer_precision:.0%} of the answers right)")
    typer.echo("               answered   right of these")
    for name, kept in (("by the FAQ", before), ("learnt", after)):
        right = "-" if math.isnan(kept.precision) else f"{kept.precision:.0%}"
        typer.echo(f"  {name:<12} {kept.answered:>8.0%}   {right:>8}")
    typer.echo("  (each message judged by what the others teach)")


def _print_thresholds(before: tuple[float, float], after: tuple[float, float], learned: Learned) -> None:
    from faq.learned import ENOUGH

    typer.echo("\nThe score from which the bot")
    for name, old, new in zip(("answers", "suggests"), before, after, strict=True):
        typer.echo(f"  {name:<9} {_score(old)} -> {_score(new)}")
    if not learned.may_loosen:
        typer.echo(
            f"These rows weigh {learned.weight:g}; from {ENOUGH:g} on more may be answered than the FAQ alone allows."
            " Until then answers can only become fewer."
        )


def _score(value: float) -> str:
    return "never" if value > 1 else f"{value:.2f}"
