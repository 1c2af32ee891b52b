"""`firstline tickets`: the built-in desk for agents; of another desk, where its tickets are."""

from __future__ import annotations

import getpass
import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from bots.cli import setting_up
from bots.cli.ledgers import ask
from bots.cli.setting_up import ConfigOption, Usage, plain
from bots.ledger import pending, report
from ticket_client import registry as desks

if TYPE_CHECKING:
    from bots.ledger.report import DeskTicket, RemoteTicket, Trouble
    from config.settings import Settings

app = typer.Typer(
    help="Work on the tickets of the built-in desk; find those of another.", no_args_is_help=True, rich_markup_mode=None
)
NumberArgument = Annotated[str, typer.Argument(metavar="NUMBER", help="Such as FL-1042.")]
AgentOption = Annotated[
    str, typer.Option("--agent", help="Who answers; by default your login name.", default_factory=getpass.getuser)
]
JsonOption = Annotated[bool, typer.Option("--json", help="For machines.")]
_BUILT_IN = "local"
_MAX_CHARS = 20_000
_SPEAKERS = {"user": "User", "reply": "Reply by", "note": "Note by", "status": "Status by"}


@app.command("list")
def list_tickets(
    config: ConfigOption = None,
    all_of_them: Annotated[bool, typer.Option("--all", help="Resolved and closed ones, too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List open tickets, newest first."""
    settings = setting_up.load(config)
    path, desk = settings.ledger_place, desks.identity(settings.desk)
    found: list[DeskTicket] | list[RemoteTicket]
    if desk == _BUILT_IN:
        found = here = report.tickets(path, all_of_them=all_of_them)
        lines = [_line(ticket) for ticket in here]
    else:
        found = there = report.remote_tickets(path, desk, all_of_them=all_of_them)
        width = max((len(_status(ticket)) for ticket in there), default=0)
        lines = [_remote_line(ticket, width) for ticket in there]
    if as_json:
        typer.echo(json.dumps([_jsonable(ticket) for ticket in found], indent=2))
        return
    nothing = "No tickets." if all_of_them else "No open tickets. (--all shows resolved ones, too.)"
    typer.echo("\n".join(lines) or nothing)


@app.command()
def show(number: NumberArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show a ticket with everything that was said; of one at another desk, where it is and what is pending."""
    settings = setting_up.load(config)
    if settings.desk.kind != _BUILT_IN:
        _show_remote(settings, number, as_json=as_json)
        return
    ticket = report.ticket(settings.ledger_place, number)
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
    _print_undelivered(ticket.undelivered)


def _print_undelivered(troubles: tuple[Trouble, ...]) -> None:
    for trouble in troubles:
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
    _refuse_elsewhere(setting_up.load(config), number)
    words = (sys.stdin.read() if text == "-" else text).strip()
    if not words:
        raise Usage("The reply is empty. Write it in quotes after the number.")
    if len(words) > _MAX_CHARS:
        raise Usage(f"The reply has {len(words)} characters; at most {_MAX_CHARS} are sent.")
    ask("tickets_reply", {"number": number, "text": words, "agent": agent}, config)


@app.command()
def resolve(number: NumberArgument, agent: AgentOption, config: ConfigOption = None) -> None:
    """Mark a ticket as resolved; the user is told and may reopen it by answering."""
    _refuse_elsewhere(setting_up.load(config), number)
    ask("tickets_resolve", {"number": number, "agent": agent}, config)


def _refuse_elsewhere(settings: Settings, number: str) -> None:
    """Agents work at the desk itself, unless it is the built-in one. Raises `Usage`, `LedgerError`."""
    if settings.desk.kind == _BUILT_IN:
        return
    ticket = report.remote_ticket(settings.ledger_place, desks.identity(settings.desk), number)
    where = f" Open it there: {plain(ticket.url)}" if ticket.url else ""
    raise Usage(
        f"Agents answer and resolve at the desk itself ({settings.desk.kind}), and the user hears it where they"
        f" asked.{where}"
    )


def _line(ticket: DeskTicket) -> str:
    whom = plain(ticket.requester.name or ticket.requester.handle)[:20]
    where = ticket.requester.external_id.partition(":")[0]
    at = f"{ticket.created_at:%Y-%m-%d %H:%M}Z"
    return f"{ticket.number:<10} {ticket.status:<9} {at}  {where}, {whom}: {plain(ticket.subject)}"


def _remote_line(ticket: RemoteTicket, width: int) -> str:
    """One ticket of another desk, on one line; statuses are `width` characters wide."""
    at = f"{ticket.opened_at:%Y-%m-%d %H:%M}Z"
    name = plain(ticket.number) or f"({ticket.reference})"
    return f"{name:<10} {_status(ticket):<{width}}  {at}  {plain(ticket.requester)}  {plain(ticket.url)}".rstrip()


def _status(ticket: RemoteTicket) -> str:
    if not ticket.number:
        return "not opened at the desk yet"
    word = plain(ticket.raw_status)
    return ticket.status if word in {"", ticket.status} else f'{ticket.status} ("{word}" there)'


def _show_remote(settings: Settings, number: str, *, as_json: bool) -> None:
    desk, path = desks.identity(settings.desk), settings.ledger_place
    ticket = report.remote_ticket(path, desk, number)
    left = pending.of_ticket(path, ticket.key, datetime.now(UTC))
    if as_json:
        shown = {**asdict(ticket), "pending": [asdict(each) for each in left]}
        typer.echo(json.dumps(json.loads(json.dumps(shown, default=datetime.isoformat)), indent=2))
        return
    typer.echo(f"{plain(ticket.number) or '(no number yet)'}  {_status(ticket)}  at the desk {desk}")
    typer.echo(f"Open it:    {plain(ticket.url) or '(the desk gave no address)'}")
    typer.echo(f"Requester:  {plain(ticket.requester)} (on {ticket.channel})")
    typer.echo(f"Reference:  {ticket.reference}")
    typer.echo(f"Opened:     {ticket.opened_at:%Y-%m-%d %H:%M}Z, last changed {ticket.changed_at:%Y-%m-%d %H:%M}Z")
    if ticket.rating is not None:
        typer.echo(f"Rating:     {ticket.rating} of 5")
    if left:
        typer.echo(f"\nNOT DONE at the desk: {', '.join(f'{each.id} ({each.action})' for each in left)}")
        typer.echo("    See: firstline desk doctor")
    _print_undelivered(ticket.undelivered)


def _jsonable(ticket: DeskTicket | RemoteTicket) -> object:
    return json.loads(json.dumps(asdict(ticket), default=datetime.isoformat))
