"""`firstline faq`: try the matcher on a file of questions, look for weak spots of a FAQ."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bots.cli import faq_eval, faq_test, setting_up
from bots.cli.setting_up import ConfigOption

app = typer.Typer(help="Try and improve the FAQ.", no_args_is_help=True, rich_markup_mode=None)
app.command("eval")(faq_eval.evaluate)
app.command("test")(faq_test.check)


@app.command()
def match(
    faq: Annotated[Path, typer.Argument(metavar="FAQ", help="A FAQ file or folder.")],
    queries: Annotated[Path, typer.Option(metavar="FILE.jsonl", help='Lines {"id": …, "text": …}.')],
    out: Annotated[Path, typer.Option(metavar="FILE.jsonl", help="Where the results go, in the order of the queries.")],
) -> None:
    """Match every question of a file and write what the bot would do."""
    from faq.batch import match_file

    count = match_file(faq, queries, out)
    typer.echo(f"{count} questions matched; results in {out}.")


@app.command()
def lint(
    faq: Annotated[
        Path | None, typer.Argument(metavar="FAQ", help="A FAQ file or folder; by default the configured one.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Find mistakes and weak spots: entries that are easily confused, too few phrasings, missing translations."""
    from faq.lint import lint as look

    for finding in look(faq or setting_up.load(config).faq_path):
        typer.echo(f"{finding.source}: {finding.message}" if finding.source else finding.message)
