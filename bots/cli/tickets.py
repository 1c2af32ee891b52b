"""`firstline tickets`: the built-in desk for agents."""

from __future__ import annotations

import getpass
import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from bots.cli import setting_up
from bots.cli.ledgers import ask
from bots.cli.setting_up import ConfigOption, Usage, plain
from bots.ledger import report

if TYPE_CHECKING:
    from bots.ledger.report import DeskTicket

app = typer.Typer(help="Work on the tickets of the built-in desk.", no_args_is_help=True, rich_markup_mode=None)
NumberArgument = Annotated[str, typer.Argument(metavar="NUMBER", help="Such as FL-1042.")]
AgentOption = Annotated[
    str, typer.Option("--agent", help="Who answers; by default your login name.", default_factory=getpass.getuser)
]
JsonOption = Annotated[bool, typer.Option("--json", help="For machines.")]
_MAX_CHARS = 20_000
_SPEAKERS = {"user": "User", "reply": "Reply by", "note": "Note by", "status": "Status by"}


@app.command("list")
def list_tickets(
    config: ConfigOption = None,
    all_of_them: Annotated[bool, typer.Option("--all", help="Resolved and closed ones, too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List open tickets, newest first."""
    found = report.tickets(setting_up.load(config).ledger_path, all_of_them=all_of_them)
    if as_json:
        typer.echo(json.dumps([_jsonable(ticket) for ticket in found], indent=2))
        return
    if not found:
        typer.echo("No tickets." if all_of_them else "No open tickets. (--all shows resolved ones, too.)")
    for ticket in found:
        whom = plain(ticket.requester.name or ticket.requester.handle)[:20]
        where = ticket.requester.external_id.partition(":")[0]
        at = f"{ticket.created_at:%Y-%m-%d %H:%M}Z"
        typer.echo(f"{ticket.number:<10} {ticket.status:<9} {at}  {where}, {whom}: {plain(ticket.subject)}")


@app.command()
def show(number: NumberArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show a ticket with everything that was said."""
    ticket = report.ticket(setting_up.load(config).ledger_path, number)
    if as_json:
        typer.echo(json.dumps(_jsonable(ticket), indent=2))
        return
    typer.echo(f"{ticket.number}  {ticket.status}  {ticket.priority}  [{', '.join(ticket.tags)}]")
    typer.echo(f"Subject:    {plain(ticket.subject)}")
    typer.echo(f"Requester:  {plain(ticket.requester.name) or '(no name)'} ({ticket.requester.external_id})")
    if ticket.rating is not None:
        typer.echo(f"Rating:     {ticket.rating} of 5")
    for entry in ticket.entries:
        typer.echo(f"\n{entry.at:%Y-%m-%d %H:%M}Z  {_SPEAKERS[entry.kind]} {plain(entry.author)}".rstrip())
        typer.echo("\n".join(f"    {plain(line)}" for line in entry.text.splitlines()))
    for trouble in ticket.undelivered:
        if trouble.what == "held":
            typer.echo(f"\nWAITS to be sent to the user ({plain(trouble.reason)})")
            typer.echo(f"    See: firstline approvals list, then: firstline approvals send {trouble.id}")
            continue
        typer.echo(f"\nNOT DELIVERED to the user ({trouble.what}): {plain(trouble.reason)}")
        typer.echo(f"    Look at the channel, then: firstline ledger resend {trouble.id}")


@app.command()
def reply(
    number: NumberArgument,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What the user reads; - reads it from standard input.")],
    agent: AgentOption,
    config: ConfigOption = None,
) -> None:
    """Answer the user; they hear it where they first asked."""
    words = (sys.stdin.read() if text == "-" else text).strip()
    if not words:
        raise Usage("The reply is empty. Write it in quotes after the number.")
    if len(words) > _MAX_CHARS:
        raise Usage(f"The reply has {len(words)} characters; at most {_MAX_CHARS} are sent.")
    ask("tickets_reply", {"number": number, "text": words, "agent": agent}, config)


@app.command()
def resolve(number: NumberArgument, agent: AgentOption, config: ConfigOption = None) -> None:
    """Mark a ticket as resolved; the user is told and may reopen it by answering."""
    ask("tickets_resolve", {"number": number, "agent": agent}, config)


def _jsonable(ticket: DeskTicket) -> object:
    return json.loads(json.dumps(asdict(ticket), default=str))
