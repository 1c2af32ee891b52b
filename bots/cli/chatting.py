"""`firstline chat`: talk to the pipeline in the terminal, with a ledger that is thrown away."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bots.cli import setting_up
from bots.cli.setting_up import ConfigOption

if TYPE_CHECKING:
    from adapters.base import Button, IncomingMessage
    from bots.supervisor import Bot
    from config.settings import Settings

_PLACE = "terminal"
_INTRO = "Ask a question. /help, /ticket, /status and /language work; a number chooses a button; Ctrl-D ends."


def chat(
    config: ConfigOption = None,
    language: Annotated[str | None, typer.Option(help="Your language: en or nl.")] = None,
) -> None:
    """Talk to the bot here, without any channel; nothing is kept."""
    settings = setting_up.load(config)
    setting_up.set_up_logs(settings, level="error")
    with tempfile.TemporaryDirectory(prefix="firstline-chat-") as folder:
        ledger = settings.ledger.model_copy(update={"path": Path(folder) / "chat.db"})
        asyncio.run(_talk(settings.model_copy(update={"ledger": ledger, "channels": {}}), language))


async def _talk(settings: Settings, language: str | None) -> None:
    from bots.supervisor import Bot

    settings = settings.model_copy(update={"web": settings.web.model_copy(update={"port": 0})})
    typer.echo("Reading the FAQ …")
    async with Bot(settings) as bot:
        typer.echo(_INTRO)
        shown, count = 0, 0
        buttons: tuple[Button, ...] = ()
        while (line := await asyncio.to_thread(_read)) is not None:
            if not line.strip():
                continue
            count += 1
            await bot.worker.deliver([_message(line.strip(), count, buttons, language)])
            await bot.worker.idle()
            shown, buttons = await _print_news(bot, shown)


def _read() -> str | None:
    if sys.stdin.isatty():
        sys.stdout.write("> ")
        sys.stdout.flush()
    line = sys.stdin.readline()
    return line or None


def _message(line: str, count: int, buttons: tuple[Button, ...], language: str | None) -> IncomingMessage:
    from adapters.base import Addressed, Author, IncomingMessage, Kind, ReplyTarget, Visibility

    command, _, rest = line[1:].partition(" ") if line.startswith("/") else ("", "", line)
    tapped = int(line) - 1 if line.isdecimal() and len(line) == 1 else -1
    action = buttons[tapped].action if 0 <= tapped < len(buttons) else ""
    kind = Kind.ACTION if action else Kind.COMMAND if command else Kind.CREATED
    target = ReplyTarget(channel=_PLACE, place=_PLACE, visibility=Visibility.PRIVATE, buttons=True, max_len=100_000)
    return IncomingMessage(
        dedupe_key=f"{_PLACE}:local:{kind}:{count}",
        kind=kind,
        channel=_PLACE,
        account="local",
        conversation_key=f"{_PLACE}:local",
        message_id=str(count),
        author=Author(id="you", display_name="You"),
        text="" if action else rest,
        command=command,
        action=action,
        visibility=Visibility.PRIVATE,
        addressed=Addressed.DIRECT,
        language_hint=language,
        sent_at=datetime.now(UTC),
        reply_to=target,
    )


async def _print_news(bot: Bot, shown: int) -> tuple[int, tuple[Button, ...]]:
    """Print what the bot would post that was not printed yet; the buttons of the last of it."""
    from adapters.markup import render

    buttons: tuple[Button, ...] = ()
    for outgoing in bot.ledger.outbox.unfinished(_PLACE, after=shown):
        shown, buttons = outgoing.id, outgoing.reply.buttons
        typer.echo(render(outgoing.reply.text).text)
        for i, button in enumerate(buttons, 1):
            typer.echo(f"  [{i}] {button.label}")
    typer.echo()
    return shown, buttons
