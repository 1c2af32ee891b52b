"""`firstline playground`: the bot on simulated networks, with a page to play on."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bots.cli import setting_up

if TYPE_CHECKING:
    from bots.playground import Playground

Matcher = Literal["lexical", "default", "strongest"]
Desk = Literal["built-in", "django-helpdesk"]

_TITLES = {"telegram": "Telegram", "discord": "Discord", "twitter": "X", "reddit": "Reddit"}


def playground(  # noqa: PLR0913, PLR0917 - a command's options
    port: Annotated[
        int, typer.Option(help="Of the page; the next free one where it is taken.", min=0, max=65535)
    ] = 8090,
    chat_port: Annotated[int, typer.Option(help="Of the live chat; likewise.", min=0, max=65535)] = 8080,
    folder: Annotated[
        Path | None, typer.Option(help="Its own, emptied at each start; `playground` in the data folder by default.")
    ] = None,
    faq: Annotated[
        Path | None, typer.Option(help="Your FAQ, a file or a folder; else the sample.", exists=True)
    ] = None,
    matcher: Annotated[
        Matcher, typer.Option(help="How questions are compared; lexical starts at once and knows words alone.")
    ] = "default",
    desk: Annotated[
        Desk,
        typer.Option(
            help="Where tickets are opened: in the bot, or at a real helpdesk beside it (needs `make setup-dev`)."
        ),
    ] = "built-in",
    only: Annotated[str, typer.Option(help="Some networks, with commas between: telegram,reddit.")] = "",
    open_page: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in your browser.")] = True,
) -> None:
    """Try everything on simulated networks; nothing leaves this computer."""
    place = folder or setting_up.load().data_dir / "playground"

    async def play() -> None:
        from bots.playground import Playground

        helpdesk = "" if desk == "built-in" else desk
        made = Playground(place, port=port, chat_port=chat_port, only=only, faq=faq, matcher=matcher, desk=helpdesk)
        await _play(made, place, open_page=open_page and _has_browser())

    asyncio.run(play())


async def _play(playground: Playground, folder: Path, *, open_page: bool) -> None:
    from bots.playground import PlaygroundError

    task = asyncio.current_task()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, lambda: task.cancel() if task else None)
    typer.echo("The playground is starting: the simulated networks, then the bot (the first time it takes longer) …")
    try:
        async with playground as running:
            _print(running, folder)
            if open_page:
                await asyncio.to_thread(webbrowser.open, running.url)
            await running.failed
    except PlaygroundError as error:
        typer.echo(f"firstline: {error}", err=True)
        raise typer.Exit(1) from error
    except asyncio.CancelledError:
        typer.echo("Stopped. The next playground begins anew.")


def _print(running: Playground, folder: Path) -> None:
    networks = ", ".join(_TITLES.get(name, name) for name in running.networks)
    pages = running.desk.pages if running.desk else None
    lines = [
        "The playground is running. Stop it with Ctrl-C.",
        f"  Open        {running.url}",
        f"  Networks    {networks} (simulated: nothing leaves this computer)",
        f"  Live chat   {running.chat_url}",
        *(
            [f"  Helpdesk    {pages['url']} (log in as {pages['agent']}, password {pages['password']})"]
            if pages
            else []
        ),
        f"  Kept in     {folder.resolve()} (emptied at each start)",
    ]
    typer.echo("\n".join(lines))


def _has_browser() -> bool:
    """Whether a page can be opened for the person who sits here."""
    is_graphical = sys.platform == "darwin" or "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
    return sys.stdout.isatty() and is_graphical
