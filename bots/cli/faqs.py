"""`firstline faq`: try the matcher on a file of questions, look for weak spots of a FAQ."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bots.cli import (
    faq_calibrate,
    faq_eval,
    faq_explain,
    faq_gaps,
    faq_import,
    faq_lint,
    faq_test,
    matchers,
    setting_up,
)
from bots.cli.matchers import MatcherOption
from bots.cli.setting_up import ConfigOption

app = typer.Typer(help="Try and improve the FAQ.", no_args_is_help=True, rich_markup_mode=None)
app.command("calibrate")(faq_calibrate.calibrate)
app.command("eval")(faq_eval.evaluate)
app.command("explain")(faq_explain.explain)
app.command("import")(faq_import.import_faq)
app.command("gaps")(faq_gaps.gaps)
app.command("lint")(faq_lint.lint)
app.command("test")(faq_test.check)


@app.command()
def match(
    faq: Annotated[Path, typer.Argument(metavar="FAQ", help="A FAQ file or folder.")],
    queries: Annotated[Path, typer.Option(metavar="FILE.jsonl", help='Lines {"id": …, "text": …}.')],
    out: Annotated[Path, typer.Option(metavar="FILE.jsonl", help="Where the results go, in the order of the queries.")],
    matcher: MatcherOption = None,
    config: ConfigOption = None,
) -> None:
    """Match every question of a file and write what the bot would do."""
    from faq.batch import match_file

    settings = setting_up.load(config)
    count = match_file(faq, queries, out, lambda loaded: matchers.like_the_bots(settings, loaded, faq, matcher))
    typer.echo(f"{count} questions matched; results in {out}.")
