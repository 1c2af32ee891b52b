"""`firstline ledger copy`: a backup beside a running bot, restoring it, and moving to another engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bots.cli import setting_up
from bots.cli.setting_up import ConfigOption, Usage, plain

if TYPE_CHECKING:
    from bots.ledger.database import Place

_CONFIGURED = "By default the one that is configured."


def copy(
    source: Annotated[
        str | None, typer.Option("--from", metavar="LEDGER", help=f"sqlite:PATH or postgresql://… {_CONFIGURED}")
    ] = None,
    target: Annotated[
        str | None, typer.Option("--to", metavar="LEDGER", help=f"The same; empty, or not there yet. {_CONFIGURED}")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Copy a ledger. SQLite to SQLite is a backup, also while the bot runs; to PostgreSQL and back, it is stopped."""
    from bots.ledger import copying
    from bots.ledger.database import engine_at

    if source is None and target is None:
        raise Usage("Say where to: firstline ledger copy --to sqlite:backup.db")
    ours, theirs = _place(source, config), _place(target, config)
    copied = copying.copy(ours, theirs)
    for table, count in copied.rows.items():
        typer.echo(f"  {count:>9}  {table.replace('_', ' ')}")
    total = sum(copied.rows.values())
    typer.echo(plain(f"Copied {total} rows from {engine_at(ours).title} to {engine_at(theirs).title}."))
    if copied.without_nul:
        typer.echo(
            f"{copied.without_nul} texts held a character that PostgreSQL cannot keep (U+0000); it is U+FFFD there."
        )


def _place(text: str | None, config: ConfigOption) -> Place:
    from bots.ledger import copying

    return setting_up.load(config).ledger_place if text is None else copying.place(text)
