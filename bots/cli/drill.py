"""`firstline drill`: the bot under load and faults on simulated networks, and whether everything adds up."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from bots.drill.run import Result
    from bots.drill.schedule import Schedule

Desk = Literal["freshdesk", "zendesk", "local"]
_SHOWN = 20
_NETWORKS = ("telegram", "discord", "twitter", "reddit")


def drill(  # noqa: PLR0913, PLR0917 - a command's options
    seed: Annotated[int, typer.Option(help="Makes the traffic and the faults.")] = 1,
    seeds: Annotated[int, typer.Option(help="So many drills, from this seed on.", min=1)] = 1,
    multiple: Annotated[float, typer.Option(help="Of 100 conversations a minute.", min=0.01)] = 7.0,
    minutes: Annotated[float, typer.Option(help="How long people write.", min=0.05)] = 1.0,
    networks: Annotated[str, typer.Option(help="With commas between.")] = ",".join(_NETWORKS),
    desk: Annotated[Desk, typer.Option(help="Where tickets are opened.")] = "freshdesk",
    faults: Annotated[str, typer.Option(help="With commas between (docs/drill.md), all, or none.")] = "all",
    processes: Annotated[int, typer.Option(help="Of the bot; more than one need --ledger.", min=1, max=8)] = 1,
    ledger: Annotated[str, typer.Option(help="postgresql://… of an empty database; else SQLite.")] = "",
    schedule: Annotated[
        Path | None, typer.Option(help="Repeat that of a report, or a recorded one.", exists=True, dir_okay=False)
    ] = None,
    replay: Annotated[
        Path | None, typer.Option(help="Decide a report's messages once more.", exists=True, dir_okay=False)
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write everything to this file.", dir_okay=False)] = None,
    folder: Annotated[
        Path | None, typer.Option(help="An empty folder to keep ledger and logs in; else a temporary one.")
    ] = None,
) -> None:
    """Let everything go wrong on simulated networks, and check that nothing is lost or doubled."""
    from bots.drill.faults import NAMES
    from bots.drill.run import plan
    from bots.drill.schedule import ScheduleError, read

    if replay is not None:
        command = [sys.executable, "-P", "-m", "bots.drill.again", str(replay)]
        raise typer.Exit(subprocess.run(command, check=False).returncode)  # noqa: S603 - ourselves
    names = {"all": NAMES, "none": ()}.get(faults) or tuple(name for name in faults.split(",") if name != "none")
    if processes > 1 and not ledger:
        raise typer.BadParameter("Several processes share a ledger on PostgreSQL: name an empty database, --ledger.")
    if seeds > 1 and (ledger or folder or report or schedule):
        raise typer.BadParameter("Several drills keep nothing: no --ledger, --folder, --report, --schedule.")
    if unknown := [name for name in names if name not in NAMES]:
        raise typer.BadParameter(f"There is no fault {unknown[0]!r}; there are {', '.join(NAMES)}.")
    if unknown := [name for name in networks.split(",") if name not in _NETWORKS]:
        raise typer.BadParameter(f"There is no network {unknown[0]!r}; there are {', '.join(_NETWORKS)}.")
    if report is not None and not os.access(report.resolve().parent, os.W_OK):
        raise typer.BadParameter(f"No file can be written in {report.resolve().parent}: choose another --report.")
    try:
        recorded = read(schedule) if schedule else None
    except ScheduleError as error:
        raise typer.BadParameter(str(error)) from error
    is_wrong = False
    for number in range(seed, seed + seeds):
        planned = recorded or plan(
            number,
            multiple=multiple,
            minutes=minutes,
            networks=tuple(networks.split(",")),
            desk=desk,
            names=names,
            processes=processes,
            is_shared=bool(ledger),
        )
        result = _one(planned, folder, report, processes=processes, ledger=ledger, is_quiet=seeds > 1)
        is_wrong = is_wrong or bool(result.audit.wrong)
    if is_wrong:
        raise typer.Exit(1)


def _one(  # noqa: PLR0913 - a command's options
    planned: Schedule, folder: Path | None, report: Path | None, *, processes: int, ledger: str, is_quiet: bool
) -> Result:
    with tempfile.TemporaryDirectory() as temporary:
        place = (folder or Path(temporary)).resolve()
        place.mkdir(parents=True, exist_ok=True)
        if any(place.iterdir()):
            raise typer.BadParameter(f"{place} is not empty; a drill begins with nothing.")
        result = asyncio.run(_run(planned, place, processes=processes, ledger=ledger, is_quiet=is_quiet))
        if report is not None:
            _write(report, result)
    if is_quiet:
        typer.echo(_line(result))
    else:
        _print(result)
    return result


def _line(result: Result) -> str:
    from bots.drill import table

    whole = table.total(result.audit.figures.values())
    slowest = max(whole.first_replies_s, default=0.0)
    says = [f"seed {result.schedule.seed}: {whole.messages} messages, {len(result.happened.windows)} faults"]
    says += [f"{result.audit.tickets} tickets, {whole.replies} replies, {whole.ambiguous} ambiguous"]
    says += [f"slowest first reply {slowest:.1f} s, {len(result.audit.wrong)} wrong"]
    return "\n  WRONG ".join([", ".join(says), *map(str, result.audit.wrong[:_SHOWN])])


async def _run(planned: Schedule, place: Path, *, processes: int, ledger: str, is_quiet: bool) -> Result:
    from bots.drill.run import DrillError, drill

    task = asyncio.current_task()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, lambda: task.cancel() if task else None)
    try:
        tell = (lambda _: None) if is_quiet else typer.echo
        return await drill(planned, place, processes=processes, ledger=ledger, tell=tell)
    except DrillError as error:
        typer.echo(f"firstline: {error}", err=True)
        raise typer.Exit(1) from error
    except asyncio.CancelledError:
        typer.echo("Stopped; nothing is left running.", err=True)
        raise typer.Exit(130) from None


def _write(file: Path, result: Result) -> None:
    from bots.drill.report import as_json

    file.write_text(json.dumps(as_json(result), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _print(result: Result) -> None:
    from rich.console import Console

    from bots.drill import table

    console = Console(width=160)
    console.print(table.counts(result.audit))
    console.print(table.times(result.audit))
    happened = ", ".join(
        f"{number} {name}"
        for name in sorted({w.fault.name for w in result.happened.windows})
        if (number := result.happened.number(name))
    )
    typer.echo(f"Faults: {happened or 'none'}. The bot was started {result.starts} times.")
    typer.echo(f"Tickets: {result.audit.tickets}; agents' answers that arrived: {result.audit.agents_answers}.")
    for line in result.audit.ambiguous:
        typer.echo(f"Ambiguous, as the network cannot be asked: {line}")
    for line in result.refused:
        typer.echo(f"Not taken by the simulated network: {line}")
    wrong = result.audit.wrong
    for each in wrong[:_SHOWN]:
        typer.echo(f"WRONG: {each}", err=True)
    if len(wrong) > _SHOWN:
        typer.echo(f"… and {len(wrong) - _SHOWN} more; --report writes them all.", err=True)
    typer.echo(
        f"It does not add up: {len(wrong)} discrepancies." if wrong else "It adds up: nothing lost, nothing doubled."
    )
