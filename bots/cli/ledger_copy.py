"""`firstline ledger copy`: a backup beside a running bot, restoring it, and moving to another engine."""

from __future__ import annotations

from typing import Annotated

import typer

from bots.cli.setting_up import plain


def copy(
    source: Annotated[
        str, typer.Option("--from", metavar="LEDGER", help="sqlite:PATH or postgresql://USER@HOST/NAME.")
    ],
    target: Annotated[str, typer.Option("--to", metavar="LEDGER", help="The same; empty, or not there yet.")],
) -> None:
    """Copy a ledger. SQLite to SQLite is a backup, also while the bot runs; to PostgreSQL and back, it is stopped."""
    from bots.ledger import copying

    ours, theirs = copying.place(source), copying.place(target)
    copied = copying.copy(ours, theirs)
    for table, count in copied.rows.items():
        typer.echo(f"  {count:>9}  {table.replace('_', ' ')}")
    typer.echo(plain(f"Copied {sum(copied.rows.values())} rows from {copying.shown(ours)} to {copying.shown(theirs)}."))
    if copied.without_nul:
        typer.echo(
            f"{copied.without_nul} texts held a character that PostgreSQL cannot keep (U+0000); it is U+FFFD there."
        )
