"""`firstline ledger`: how every message ended, what needs a person, and acting on it."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from bots.cli import ledger_copy, setting_up
from bots.cli.setting_up import ConfigOption, Usage
from bots.ledger import commands, report
from bots.ledger.database import engine_at

if TYPE_CHECKING:
    from bots.ledger.report import Report, Trouble

app = typer.Typer(help="How every message ended, and what needs a person.", rich_markup_mode=None)
_AGO = re.compile(r"(\d{1,6})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
app.command()(ledger_copy.copy)


@app.callback(invoke_without_command=True)
def ledger(
    context: typer.Context,
    config: ConfigOption = None,
    since: Annotated[
        str | None, typer.Option(help="Only since then: 2026-11-22, 2026-11-22T10:00 or 30m, 12h, 7d ago.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Count how messages ended; it must add up."""
    if context.invoked_subcommand:
        setting_up.state.config = config or setting_up.state.config
        return
    result = report.report(setting_up.load(config).ledger_place, _since(since))
    if as_json:
        typer.echo(json.dumps({**asdict(result), "adds_up": result.adds_up}, indent=2))
    else:
        _print(result)
    if not result.adds_up:
        raise typer.Exit(1)


@app.command()
def retry(
    identity: Annotated[int, typer.Argument(metavar="ID", help="Of a failed message.")], config: ConfigOption = None
) -> None:
    """Work on a failed message again."""
    ask("ledger_retry", {"id": identity}, config)


@app.command()
def resend(
    identity: Annotated[int, typer.Argument(metavar="ID", help="Of an ambiguous or refused reply.")],
    config: ConfigOption = None,
) -> None:
    """Post a reply again after you have looked at the channel."""
    ask("ledger_resend", {"id": identity}, config)


def ask(name: str, arguments: dict[str, object], config: ConfigOption = None) -> None:
    """Have the running bot do something, and print what came of it."""
    path = setting_up.load(config).ledger_place
    with report.reading(path):
        pass  # a clear sentence where there is no ledger
    state, result = commands.submit(path, name, arguments)
    if state == "failed":
        typer.echo(f"firstline: {result}", err=True)
        raise typer.Exit(1)
    if state != "done":
        busy = engine_at(path).is_served()
        result = (
            "Noted. The bot is busy and carries it out as soon as it can."
            if busy
            else "Noted. No bot is running on this ledger now; the next one carries it out at its start."
        )
    typer.echo(result)


def _since(text: str | None) -> datetime | None:
    if text is None:
        return None
    if ago := _AGO.fullmatch(text):
        return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise Usage(
            f"--since {text!r} is no time. Write 2026-11-22, 2026-11-22T10:00 or, for how long ago, 30m, 12h, 7d."
        ) from error
    return at.astimezone(UTC)


def _print(result: Report) -> None:
    typer.echo(f"{result.messages} messages")
    for outcome, rules in result.outcomes.items():
        detail = ", ".join(f"{rule} {count}" for rule, count in rules.items())
        typer.echo(f"  {sum(rules.values()):>7}  {outcome.replace('_', ' '):<14} {detail}")
    typer.echo(f"  {result.undecided:>7}  undecided")
    typer.echo("  It adds up." if result.adds_up else "  IT DOES NOT ADD UP: please report this with the ledger file.")
    _line("Replies", result.replies)
    _line("Tickets", result.tickets)
    _line("Ratings", result.ratings)
    _line("At the helpdesk", result.intents)
    _troubles("Failed messages (firstline ledger retry ID)", result.failed)
    _troubles("Replies that may not have arrived (look, then: firstline ledger resend ID)", result.ambiguous)
    _troubles("Replies that a channel refused (firstline ledger resend ID)", result.refused)


def _line(title: str, counts: dict[str, int]) -> None:
    if counts:
        typer.echo(f"{title}: " + ", ".join(f"{count} {name}" for name, count in counts.items()))


def _troubles(title: str, troubles: tuple[Trouble, ...]) -> None:
    if troubles:
        typer.echo(f"\n{title}")
        for trouble in troubles:
            typer.echo(f"  {trouble.id:>6}  {trouble.at[:19]}Z  {trouble.channel}: {trouble.what}: {trouble.reason}")
