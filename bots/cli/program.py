"""The program: its commands, and how an error is told: a sentence and an exit code, a traceback with ``--debug``.

Exit codes: 0 all is well, 1 it could not be done, 2 the call or the configuration is wrong, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
import traceback
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from bots.cli import approvals, chatting, checking, desk, drill, faqs, ledgers, playing, running, tickets
from bots.cli.setting_up import ConfigOption, Usage, state

app = typer.Typer(
    name="firstline",
    help="The first line of support on every channel: answers from a FAQ, opens tickets, brings agents' replies back.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(running.run)
app.command("playground")(playing.playground)
app.command("drill")(drill.drill)
app.command("check")(checking.check)
app.command("chat")(chatting.chat)
app.add_typer(faqs.app, name="faq")
app.add_typer(ledgers.app, name="ledger")
app.add_typer(tickets.app, name="tickets")
app.add_typer(desk.app, name="desk")
app.add_typer(approvals.app, name="approvals")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"firstline {version('firstline')}")
        raise typer.Exit


@app.callback()
def firstline(
    config: ConfigOption = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks and debug logs.")] = False,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Remember what holds for every command."""
    state.config = config
    state.debug = debug or bool(os.environ.get("FIRSTLINE_DEBUG"))


def main() -> None:
    """Run the program and leave with its exit code."""
    os.environ.setdefault(
        "OPENBLAS_NUM_THREADS", "1"
    )  # the matcher's small matrices lose time on more (measured: 2.9 s, 1.4 s)
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - the reader is gone; so are we
        sys.exit(0)
    except Exception as error:
        if state.debug or "--debug" in sys.argv:
            traceback.print_exc()
        known = state.is_known(error)
        typer.echo(
            f"firstline: {error}" if known else f"firstline: a mistake of ours: {type(error).__name__}: {error}",
            err=True,
        )
        if not known:
            typer.echo("Run it again with --debug and report what it prints.", err=True)
        sys.exit(2 if isinstance(error, Usage) or state.is_configuration(error) else 1)
