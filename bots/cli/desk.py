"""`firstline desk`: what is pending at the helpdesk and why, looking there now, and trying again what failed."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from bots.cli import checking, setting_up
from bots.cli.ledgers import ask
from bots.cli.setting_up import ConfigOption, Usage, plain, to_json
from bots.ledger import pending, replaying, report
from bots.ledger.database import LedgerError, engine_at
from ticket_client import registry as desks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bots.ledger.pending import DeskState, OpenTickets, Pending
    from config.findings import Finding
    from config.settings import Settings

app = typer.Typer(
    help="What is pending at the helpdesk and why; look there now; try again what failed.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_PATIENCE = timedelta(minutes=1)  # so long may something take that is in order
_UNITS = (("days", timedelta(days=2)), ("hours", timedelta(hours=2)), ("min", timedelta(minutes=2)))
_MAX_DIGITS = 18
_MOST_SHOWN = 50  # of each kind; the first ones say why the others wait
_SECONDS = {"days": 86_400, "hours": 3_600, "min": 60}


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What the doctor saw. `answered`: whether the desk itself did."""

    kind: str
    at: datetime
    is_running: bool
    state: DeskState
    answered: bool
    findings: list[Finding]

    @property
    def ill(self) -> list[Pending]:
        """What failed, failed once and waits, or waits longer than it should."""
        return [each for each in self.state.pending if each.error or self.at - each.created_at > _PATIENCE]

    @property
    def is_well(self) -> bool:
        """Whether nobody need look."""
        return not self.ill and all(finding.ok for finding in self.findings)


@app.command()
def doctor(
    config: ConfigOption = None, as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False
) -> None:
    """Say what is pending and why, what is open, and log in to the desk; the exit code is 0 where all is well."""
    settings = setting_up.load(config)
    setting_up.set_up_logs(settings, level="error")
    seen = examine(settings)
    typer.echo(to_json(_jsonable(seen)) if as_json else "\n".join(lines(seen)))
    if not seen.is_well:
        raise typer.Exit(1)


@app.command()
def sync(config: ConfigOption = None) -> None:
    """Have the bot look at the desk now: every open ticket is read, and everything that waits is tried."""
    ask("desk_sync", {}, config)


@app.command()
def replay(
    what: Annotated[
        list[str] | None, typer.Argument(metavar="[ID…]", help="As `doctor` lists them, or such as FL-1042.")
    ] = None,
    tickets: Annotated[
        list[str] | None, typer.Option("--ticket", metavar="NUMBER", help="A ticket by a number of digits only.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that failed.")] = False,
    config: ConfigOption = None,
) -> None:
    """Try again what failed; the desk is asked for it first, so that nothing is done twice."""
    if everything == bool(what or tickets):
        raise Usage("Say what to try again: IDs or ticket numbers, or --all for everything that failed.")
    settings = setting_up.load(config)
    ids = [name for name in what or () if name.isdecimal() and len(name) <= _MAX_DIGITS]
    wanted = replaying.Wanted(
        desk=desks.identity(settings.desk),
        ids=tuple(int(name) for name in ids),
        tickets=(*(name for name in what or () if name not in ids), *(tickets or ())),
        everything=everything,
    )
    with report.reading(settings.ledger_place) as connection:
        try:
            found = replaying.chosen(connection, wanted)
        except LookupError as error:
            raise LedgerError(str(error)) from error
    if not found:
        typer.echo("Nothing of that has failed; nothing is to be tried again.")
        return
    ask("desk_replay", asdict(wanted), config)


def examine(settings: Settings) -> Examination:
    """Read the ledger and log in to the desk. Raises `LedgerError`."""
    now = datetime.now(UTC)
    state = pending.state(settings.ledger_place, desks.identity(settings.desk), now)
    answered, findings = asyncio.run(checking.desk_findings(settings))
    return Examination(
        kind=settings.desk.kind,
        at=now,
        is_running=engine_at(settings.ledger_place).is_served(),
        state=state,
        answered=answered,
        findings=findings,
    )


def lines(seen: Examination) -> list[str]:
    """The examination for people."""
    state, waiting = seen.state, [each for each in seen.state.pending if not each.has_failed]
    failed = [each for each in seen.state.pending if each.has_failed]
    told = [
        f"Bot       {'running' if seen.is_running else 'not running: nothing is done until it is started'}",
        f"News      {_news(seen.at, state.cursor_at)}",
        f"Tickets   {_tickets(state.tickets)}",
    ]
    for desk, count in state.elsewhere.items():
        told.append(f"          {count} open at the desk {desk}, which is not the one in use: nobody hears of them")
    told += _listed("Waiting (to have it tried now: firstline desk sync)", waiting, seen)
    told += _listed("Failed (to try it again: firstline desk replay ID, or --all)", failed, seen)
    told.append("")
    for finding in seen.findings:
        mark = "ok    " if finding.ok else "CHANGE" if seen.answered else "WRONG "
        told.append(f"{mark}  desk {seen.kind}: {plain(finding.text)}")
        told += [f"          -> {plain(finding.cure)}"] if finding.cure else []
    if state.held:
        told.append(f"Waiting for a moderator: {state.held} (firstline approvals list)")
    if seen.is_well:
        return [*told, "All is well."]
    if not all(finding.ok for finding in seen.findings):
        told.append("Mend what is marked WRONG or CHANGE; what waits is then tried by itself.")
    reason = next((f" {plain(finding.text)}" for finding in seen.findings if not finding.ok), "")
    away = f" The desk {seen.kind} does not let us in:{reason}" if not seen.answered else ""
    return [*told, f"Not all is well.{away} Waiting or failed at the desk: {len(seen.ill)}."]


def _news(at: datetime, asked_at: datetime | None) -> str:
    """When the desk was asked last, which is noted once a minute."""
    if asked_at is None:
        return "never asked for yet"
    age = at - asked_at
    if age < _PATIENCE:
        return "asked for within the last minute"
    return "asked for within the last 2 min" if age < 2 * _PATIENCE else f"last asked for {_span(age)} ago"


def _listed(title: str, pending: Sequence[Pending], seen: Examination) -> list[str]:
    if not pending:
        return []
    left = len(pending) - _MOST_SHOWN
    more = [f"          and {left} more; --json has them all"] if left > 0 else []
    return ["", title, *(line for each in pending[:_MOST_SHOWN] for line in described(each, seen)), *more]


def described(each: Pending, seen: Examination) -> list[str]:
    """One thing that waits or failed: what and where, how often tried and when again, and why."""
    elsewhere = f" at the desk {each.desk}" if each.desk != seen.kind else ""
    what = f"  {each.id:>6}  {each.action:<7}  {plain(each.ticket):<10}  {each.channel}{elsewhere}"
    told = [f"{what}  {_span(seen.at - each.created_at)} old, {_tried(each)}{_next(each, seen)}"]
    if each.error:
        name, _, said = each.error.partition(": ")
        words, cure = checking.in_plain_words(name, said) if name.isidentifier() else (each.error, "")
        told.append(f"          {plain(words)}")
        told += [f"          -> {cure}"] if each.has_failed and cure else []
    return told


def _tried(each: Pending) -> str:
    if not each.attempts and (each.error or each.at_work):
        return "nothing sent yet"  # what comes before it, such as finding the requester, was tried
    return {0: "not tried yet", 1: "tried once"}.get(each.attempts, f"tried {each.attempts} times")


def _next(each: Pending, seen: Examination) -> str:
    if each.has_failed:
        return ""
    if each.at_work:
        return ", being done now"
    if each.waits_for is not None:
        return f", waits for {each.waits_for}"
    if not seen.is_running:
        return ", at the next start"
    wait = each.next_try - seen.at if each.next_try else timedelta()
    again = "looked for" if each.is_sending else "next try"
    return f", {again} in {_span(wait)}" if wait > timedelta() else f", {again} now"


def _span(span: timedelta) -> str:
    for unit, least in _UNITS:
        if span >= least:
            return f"{span.total_seconds() // _SECONDS[unit]:.0f} {unit}"
    return f"{max(span.total_seconds(), 0):.0f} s"


def _tickets(groups: tuple[OpenTickets, ...]) -> str:
    if not groups:
        return "none open"
    parts = [f"{group.count} {_status(group)}" for group in groups]
    return f"{sum(group.count for group in groups)} open: {', '.join(parts)}"


def _status(group: OpenTickets) -> str:
    if not group.at_desk:
        return "not opened at the desk yet"
    known = group.raw_status in {"", group.status}
    return group.status if known else f'{group.status} ("{plain(group.raw_status)}" there)'


def _jsonable(seen: Examination) -> object:
    found = {
        "desk": seen.kind,
        "at": seen.at.isoformat(),
        "well": seen.is_well,
        "running": seen.is_running,
        "answered": seen.answered,
        "findings": [asdict(finding) for finding in seen.findings],
        "news_at": seen.state.cursor_at,
        "tickets": [asdict(group) for group in seen.state.tickets],
        "tickets_of_other_desks": seen.state.elsewhere,
        "waiting_for_a_moderator": seen.state.held,
        "pending": [asdict(each) for each in seen.state.pending],
    }
    return json.loads(json.dumps(found, default=datetime.isoformat))
