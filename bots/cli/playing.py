"""`firstline playground`: the bot on simulated networks, with a page to play on."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bots.cli import setting_up

if TYPE_CHECKING:
    from bots.playground import Playground

_TITLES = {"telegram": "Telegram", "discord": "Discord", "twitter": "X", "reddit": "Reddit"}


def playground(
    port: Annotated[
        int, typer.Option(help="Of the page; the next free one where it is taken.", min=0, max=65535)
    ] = 8090,
    folder: Annotated[
        Path | None, typer.Option(help="Its own, emptied at each start; `playground` in the data folder by default.")
    ] = None,
    only: Annotated[str, typer.Option(help="Some networks, with commas between: telegram,reddit.")] = "",
    open_page: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in your browser.")] = True,
) -> None:
    """Try everything on simulated networks; nothing leaves this computer."""
    place = folder or setting_up.load().data_dir / "playground"
    asyncio.run(_play(place, port, only, open_page=open_page and _has_browser()))


async def _play(folder: Path, port: int, only: str, *, open_page: bool) -> None:
    from bots.playground import Playground, PlaygroundError

    task = asyncio.current_task()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, lambda: task.cancel() if task else None)
    typer.echo("The playground is starting: the simulated networks, then the bot …")
    try:
        async with Playground(folder, port=port, only=only) as running:
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
    lines = [
        "The playground is running. Stop it with Ctrl-C.",
        f"  Open        {running.url}",
        f"  Networks    {networks} (simulated: nothing leaves this computer)",
        f"  Live chat   {running.chat_url}",
        f"  Kept in     {folder.resolve()} (emptied at each start)",
    ]
    typer.echo("\n".join(lines))


def _has_browser() -> bool:
    """Whether a page can be opened for the person who sits here."""
    is_graphical = sys.platform == "darwin" or "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
    return sys.stdout.isatty() and is_graphical
