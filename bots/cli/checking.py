"""`firstline check`: validates everything and logs in everywhere, in plain words."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

import typer

from bots.cli import setting_up
from bots.cli.setting_up import ConfigOption

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from adapters.base import TranscriptLine
    from config.findings import Finding
    from config.settings import Settings

_LOGIN_TIMEOUT_S = 20.0


def check(config: ConfigOption = None) -> None:
    """Validate everything, log in to each channel and the desk, and say what to change."""
    settings = setting_up.load(config)
    setting_up.set_up_logs(settings, level="error")
    typer.echo(f"ok      configuration: {settings.source or 'the defaults (no file)'}")
    if not asyncio.run(_check(settings)):
        typer.echo("Mend what is marked WRONG or CHANGE, then check again.")
        raise typer.Exit(1)
    typer.echo("All is well. Start the bot with: firstline run")


async def _check(settings: Settings) -> bool:
    fine = all([_check_faq(settings), _check_wording(settings), _check_ledger(settings)])
    for name in settings.channels:
        fine = await _shown(f"channel {name}", partial(_channel, settings, name)) and fine
    return await _shown(f"desk {settings.desk.kind}", partial(_desk, settings)) and fine


def _check_faq(settings: Settings) -> bool:
    from bots.cli import matchers
    from faq.entries import FaqError, load

    try:
        faq = load(settings.faq_path)
    except FaqError as error:
        typer.echo(f"WRONG   faq: {error}")
        return False
    typer.echo(f"ok      faq: {len({entry.id for entry in faq.entries})} entries in {', '.join(faq.languages)}")
    return all([_told("matcher", matchers.in_use(settings)), _told("calibration", matchers.calibrated(settings, faq))])


def _check_wording(settings: Settings) -> bool:
    from bots.wording import Wording, WordingError

    try:
        languages = Wording(settings.bot.default_language, settings.wording.folder, settings.bot.languages).languages
    except WordingError as error:
        typer.echo(f"WRONG   wording: {error}")
        return False
    typer.echo(f"ok      wording: {', '.join(languages)}")
    return True


def _check_ledger(settings: Settings) -> bool:
    from bots.ledger.database import LedgerError, make_folder

    try:
        make_folder(settings.ledger_path)
    except LedgerError as error:
        typer.echo(f"WRONG   ledger: {error}")
        return False
    typer.echo(f"ok      ledger: {settings.ledger_path}")
    return True


async def _shown(what: str, findings: Callable[[], Awaitable[list[Finding]]]) -> bool:
    from adapters.base import ChannelSetupError
    from ticket_client.base import DeskError

    try:
        found = await asyncio.wait_for(findings(), _LOGIN_TIMEOUT_S)
    except TimeoutError:
        typer.echo(f"WRONG   {what}: no answer within {_LOGIN_TIMEOUT_S:g} s. Is the address right and the network up?")
        return False
    except (ChannelSetupError, DeskError, OSError) as error:
        typer.echo(f"WRONG   {what}: {error}")
        return False
    return _told(what, found)


def _told(what: str, found: Sequence[Finding]) -> bool:
    for finding in found:
        typer.echo(f"{'ok    ' if finding.ok else 'CHANGE'}  {what}: {finding.text}")
        if finding.cure:
            typer.echo(f"          -> {finding.cure}")
    return all(finding.ok for finding in found)


async def _channel(settings: Settings, name: str) -> list[Finding]:
    from adapters import registry
    from adapters.base import Surroundings

    surroundings = Surroundings(
        transcript=_Nothing(),
        secret=bytes(32),
        public_url=settings.public_url,
        load_state=_nothing_known,
        save_state=_nothing_kept,
    )
    section = settings.channels[name]
    adapter = registry.channel(section.kind).create(name, section, surroundings)
    try:
        return await adapter.check()
    finally:
        await adapter.close()


async def _desk(settings: Settings) -> list[Finding]:
    from ticket_client import registry

    desk = registry.desk(settings.desk.kind).create("desk", settings.desk, {"store": None})
    try:
        return await desk.check()
    finally:
        await desk.close()


class _Nothing:
    """A check reads no history."""

    async def lines(self, conversation_key: str, *, limit: int) -> list[TranscriptLine]:  # noqa: ARG002 - the port's form
        return []


async def _nothing_known(_: str) -> str | None:
    return None


async def _nothing_kept(_: str, __: str) -> None:
    return None
