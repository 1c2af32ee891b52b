"""`firstline approvals`: texts that wait until a moderator sends them, words them anew or dismisses them."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from bots.cli import setting_up
from bots.cli.ledgers import ask
from bots.cli.setting_up import ConfigOption, Usage, plain, to_json
from bots.ledger import approvals
from bots.ledger.database import LedgerError

app = typer.Typer(
    help="Texts that wait for a moderator before others read them.", no_args_is_help=True, rich_markup_mode=None
)
IdArgument = Annotated[int, typer.Argument(metavar="ID", help="As listed.")]
_MAX_CHARS = 20_000


@app.command("list")
def list_waiting(
    config: ConfigOption = None, as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False
) -> None:
    """List what waits, oldest first, with the reason."""
    found = approvals.waiting(setting_up.load(config).ledger_place)
    if as_json:
        typer.echo(to_json(json.loads(json.dumps([asdict(text) for text in found], default=str))))
        return
    if not found:
        typer.echo("Nothing is waiting for approval.")
    for text in found:
        _print(text)


@app.command()
def send(identity: IdArgument, config: ConfigOption = None) -> None:
    """Let a text out; one that the platform refuses from the bot is printed, for you to post."""
    path = setting_up.load(config).ledger_place
    found = next((text for text in approvals.waiting(path) if text.id == identity), None)
    if found is None:
        raise LedgerError(f"No text {identity} is waiting. See: firstline approvals list")
    ask("approvals_send", {"id": identity}, config)  # first: of two moderators, one is to post it
    if found.by_hand:
        where = f" under {plain(found.url)}" if found.url else ""
        typer.echo(f"{found.channel} does not take this from the bot ({plain(found.why)}). Post it yourself{where}:\n")
        typer.echo("\n".join(plain(line) for line in found.text.splitlines()))


@app.command()
def edit(
    identity: IdArgument,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The new text; - reads it from standard input.")],
    config: ConfigOption = None,
) -> None:
    """Word a text anew; it still waits."""
    words = (sys.stdin.read() if text == "-" else text).strip()
    if not words or len(words) > _MAX_CHARS:
        raise Usage(f"The text has {len(words)} characters; it needs 1 to {_MAX_CHARS}.")
    ask("approvals_edit", {"id": identity, "text": words}, config)


@app.command()
def dismiss(identity: IdArgument, config: ConfigOption = None) -> None:
    """Decide that a text is not sent."""
    ask("approvals_dismiss", {"id": identity}, config)


def _print(text: approvals.Waiting) -> None:
    how = "to post by hand" if text.by_hand else "to send"
    whom = plain(text.to) or "somebody"
    typer.echo(f"{text.id}  {text.at:%Y-%m-%d %H:%M}Z  {text.channel}, for {whom}, {how}: {plain(text.why)}")
    if text.question:
        typer.echo(f"    They wrote: {plain(text.question)[:300]}")
    if text.url:
        typer.echo(f"    {plain(text.url)}")
    typer.echo("\n".join(f"    > {plain(line)}" for line in text.text.splitlines()) + "\n")
