"""`firstline check`: validates everything and logs in everywhere, in plain words."""

from __future__ import annotations

import asyncio
import shlex
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
    file = config or setting_up.state.config
    typer.echo(f"All is well. Start the bot with: firstline run{f' --config {shlex.quote(str(file))}' if file else ''}")


async def _check(settings: Settings) -> bool:
    fine = all([_check_faq(settings), _check_wording(settings), _check_ledger(settings)])
    for name in settings.channels:
        fine = await _shown(f"channel {name}", partial(_channel, settings, name)) and fine
    answered, found = await desk_findings(settings)
    return _told(f"desk {settings.desk.kind}", found, wrong="CHANGE" if answered else "WRONG ") and fine


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
    from bots.ledger.database import LedgerError, engine_at

    try:
        engine = engine_at(settings.ledger_place)
        engine.check()
    except LedgerError as error:
        typer.echo(f"WRONG   ledger: {error}")
        return False
    typer.echo(f"ok      ledger: {engine.title}")
    return True


async def _shown(what: str, findings: Callable[[], Awaitable[list[Finding]]]) -> bool:
    from adapters.base import ChannelSetupError

    try:
        found = await asyncio.wait_for(findings(), _LOGIN_TIMEOUT_S)
    except TimeoutError:
        typer.echo(f"WRONG   {what}: no answer within {_LOGIN_TIMEOUT_S:g} s. Is the address right and the network up?")
        return False
    except (ChannelSetupError, OSError) as error:
        typer.echo(f"WRONG   {what}: {error}")
        return False
    return _told(what, found)


def _told(what: str, found: Sequence[Finding], *, wrong: str = "CHANGE") -> bool:
    for finding in found:
        typer.echo(f"{'ok    ' if finding.ok else wrong}  {what}: {finding.text}")
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


async def desk_findings(settings: Settings) -> tuple[bool, list[Finding]]:
    """Log in to the desk: whether it answered, and what it says, or why it did not and what to do."""
    from config.findings import Finding
    from ticket_client.base import DeskError

    try:
        return True, await asyncio.wait_for(_desk(settings), _LOGIN_TIMEOUT_S)
    except (DeskError, OSError) as error:  # a time-out is one of the latter
        text, cure = in_plain_words(type(error).__name__, str(error))
        return False, [Finding(ok=False, text=text, cure=cure)]


_READ_THE_PAGE = "See the page of your desk in docs/desks."
_DESK_TROUBLES = {
    "AuthFailed": (
        "it does not accept our key, or the key lacks a right",
        f"Make a key for the bot's own account and write it into [desk], or give it that right. {_READ_THE_PAGE}",
    ),
    "RateLimited": (
        "it asks us to wait",
        "It ends by itself. If it comes back: the plan allows too few calls, or other programs use them up.",
    ),
    "Unavailable": (
        "it cannot be reached, or does not answer",
        "Is it up, is `url` in [desk] right, and may this machine reach it? Tickets wait in the ledger meanwhile.",
    ),
    "SetUpRefused": (
        "it refuses tickets because of its set-up",
        "Mend there, or in [desk], what it names. Tickets wait in the ledger and are tried again by themselves.",
    ),
    "NotFound": (
        "it does not have what was asked for",
        f"Is `url` in [desk] right, and is there what [desk] names? {_READ_THE_PAGE}",
    ),
    "Rejected": ("it refuses what was sent", f"Compare [desk] with what is set up there. {_READ_THE_PAGE}"),
    "TicketBusy": ("this one ticket takes nothing for a while, and the desk is well", "It ends by itself."),
    "Closed": ("the ticket takes no more words", ""),
    "Ambiguous": (
        "its answer was lost, so it may have been done: it is looked for before it is sent again",
        "It ends by itself. If it comes back: look at the desk's log, and at the proxies between it and the bot.",
    ),
    "TimeoutError": (
        "it gave no answer in time",
        "Is `url` in [desk] right, and the network up? Tickets wait in the ledger meanwhile.",
    ),
    "FilesLater": ("a file cannot be fetched from the channel yet", "It is tried again by itself."),
}


def in_plain_words(name: str, said: str) -> tuple[str, str]:
    """What a `DeskError` means, by its name and what it said, and what to do about it ("" where nobody knows)."""
    words, cure = _DESK_TROUBLES.get(name, (f"it did not do what was asked: {name}", ""))
    return (f"{words} ({said.rstrip('.')})." if said else f"{words}."), cure


async def _desk(settings: Settings) -> list[Finding]:
    from ticket_client import registry

    desk = registry.desk(settings.desk.kind).create(settings.desk.kind, settings.desk, {"store": None})
    try:
        return [*await desk.check(), *_webhook(settings, desk)]
    finally:
        await desk.close()


def _webhook(settings: Settings, desk: object) -> list[Finding]:
    """Where the desk's webhook leads, which the desk itself cannot know."""
    from yarl import URL

    from bots.desk_calls import PATH
    from config.findings import Finding

    if not hasattr(desk, "verify_webhook") or getattr(settings.desk, "webhook_secret", None) is None:
        return []
    url = URL(settings.web.public_url or "")
    if url.scheme == "https" or url.host in {"127.0.0.1", "localhost", "::1"}:
        secret = "/SECRET-IN-THE-PATH" if getattr(desk, "has_secret_in_path", False) else ""
        text = f"The address to enter for the webhook is {settings.public_url}{PATH}{secret}"
        return [Finding(ok=True, text=f"{text}, with the secret in its place." if secret else f"{text}.")]
    fault = f"is not https: {url}" if settings.web.public_url else "is missing"
    text = f"A webhook_secret is given, and public_url {fault}. So the desk cannot call, and news is only asked for."
    cure = 'Write the address at which your proxy reaches the bot: [web] public_url = "https://support.example.com".'
    return [Finding(ok=False, text=text, cure=cure)]


class _Nothing:
    """A check reads no history."""

    async def lines(self, conversation_key: str, *, limit: int) -> list[TranscriptLine]:  # noqa: ARG002 - the port's form
        return []


async def _nothing_known(_: str) -> str | None:
    return None


async def _nothing_kept(_: str, __: str) -> None:
    return None
