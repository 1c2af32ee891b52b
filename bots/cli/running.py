"""`firstline run`: the bot, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import asyncio
import gc
import signal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from bots.cli import setting_up
from bots.cli.setting_up import ConfigOption, Usage
from bots.roles import ROLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bots.roles import Role
    from bots.supervisor import Outline
    from config.settings import Settings


class Task(StrEnum):
    """What a process can be there for."""

    WORKER = "worker"
    CONNECTOR = "connector"
    WEB = "web"
    ALL = "all"


def run(
    config: ConfigOption = None,
    role: Annotated[
        list[Task] | None,
        typer.Option(
            help="Where several processes share a PostgreSQL ledger, what this one does: worker decides and works with"
            " the helpdesk, connector is connected to channels, web serves the live chat and webhooks. May be repeated."
        ),
    ] = None,
) -> None:
    """Run the bot. With no configuration: live chat, built-in desk, sample FAQ."""
    settings = setting_up.load(config)
    wanted = set(role or [Task.ALL])
    if settings.ledger.url is None and Task.ALL not in wanted:
        raise Usage("--role is for processes that share a ledger on PostgreSQL: [ledger] url = … (docs/operations.md).")
    setting_up.set_up_logs(settings)
    asyncio.run(_serve(settings, ROLES if Task.ALL in wanted else [name for name in ROLES if name in wanted]))


async def _serve(settings: Settings, roles: Sequence[Role]) -> None:
    gc.disable()  # a tenth of the time that imports take, to find that none of what they make is garbage
    from bots.supervisor import Bot

    gc.enable()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    typer.echo("firstline is starting: reading the FAQ …")
    async with Bot(settings, roles) as bot:
        _print(settings, bot.outline, roles)
        bot.failed.add_done_callback(lambda _: stop.set())
        gc.collect()
        gc.freeze()  # what is there now stays: no later collection walks over all of it again while messages wait
        await stop.wait()
        if bot.failed.done():
            bot.failed.result()
        typer.echo(f"Stopping: finishing what was accepted (at most {settings.limits.drain_s:g} s) …")
    typer.echo("Stopped. Nothing accepted is lost; what is left over waits in the ledger.")


def _print(settings: Settings, outline: Outline, roles: Sequence[Role]) -> None:
    chats = [section for section in settings.channels.values() if section.kind == "webchat" and "web" in roles]
    others = [name for name in outline.channels if settings.channels[name].kind != "webchat"]
    shown = ", ".join(others) or "none yet (see docs/channels.md to connect Telegram)"
    desk = "built in; work on tickets with: firstline tickets list" if outline.desk == "local" else outline.desk
    lines = [
        *(f"  Live chat   {outline.url}{getattr(chat, 'path', '').rstrip('/')}" for chat in chats),
        f"  Channels    {shown}",
        f"  FAQ         {outline.entries} entries in {', '.join(outline.languages)} from {outline.faq}",
        f"  Desk        {desk}",
        f"  Ledger      {outline.ledger}",
    ]
    if len(roles) < len(ROLES):
        lines.append(f"  Role        {', '.join(roles)}; other processes do the rest")
    if outline.undecided or outline.unposted:
        lines.append(f"  Taken up    {outline.undecided} messages and {outline.unposted} replies of the last run")
    typer.echo("firstline is running. Stop it with Ctrl-C.")
    typer.echo("\n".join(lines))
