"""One bot on Discord: the connection that is kept up, and what comes over it, in its order."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from random import SystemRandom
from typing import TYPE_CHECKING, Any, Final, NoReturn

import discord

from adapters.base import ChannelSetupError, RateLimits
from adapters.discord.check import findings, register
from adapters.discord.files import Files
from adapters.discord.intake import Intake
from adapters.discord.places import Account
from adapters.discord.sending import Sender
from adapters.discord.wire import FAILURES, Client, InteractionWire, TooManyStarts, is_discords, told

if TYPE_CHECKING:
    from adapters.base import Attachment, Deliver, IncomingMessage, Reply, Surroundings
    from adapters.discord.settings import Settings
    from adapters.discord.wire import Connect
    from config.findings import Finding

logger = logging.getLogger(__name__)

_DAY_S: Final = 24 * 3600.0
_CLOSED_WITHIN_S: Final = 2.0
_HEALTHY_S: Final = 60.0
_HEARTBEATS_S: Final = 120.0  # in which at least two are due
_SETUP: Final = {
    4004: "Discord refuses the token. Make a new one in the developer portal (Bot, Reset Token).",
    4011: "The bot is in so many servers that Discord wants it in several parts, which firstline does not do.",
    4013: "Discord does not know an intent that was asked for. Update firstline.",
}
"""Close codes that no waiting cures."""
_NO_CONTENT: Final = (
    "Discord does not let this bot read messages that do not name it: it hears mentions, replies, direct messages, "
    "slash commands and the context menu only. For help channels switch on Message Content Intent in the developer "
    "portal (Bot, Privileged Gateway Intents)"
)


def create(name: str, settings: Settings, surroundings: Surroundings) -> DiscordAdapter:
    """The adapter for the section `name`; opens no connection yet."""
    return DiscordAdapter(name, settings, surroundings)


class DiscordAdapter:
    """One bot on Discord. `connect` makes the connector of each of its HTTP sessions; the usual one by default."""

    def __init__(
        self, name: str, settings: Settings, surroundings: Surroundings, *, connect: Connect | None = None
    ) -> None:
        self.name = name
        self.limits = RateLimits(overall=(settings.messages_per_second, 1))
        self._settings = settings
        self._surroundings = surroundings
        self._connect = connect
        self._sender = Sender()
        self._files = Files(settings, lambda: self._sender.client, connect)
        self._reads_content = settings.intents != "mentions"
        self._intake = Intake(name, settings, surroundings, self._sender)
        self._background: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        return f"DiscordAdapter({self.name!r})"

    # --- the connection ---------------------------------------------------------------------------------------------

    async def run(self, deliver: Deliver) -> None:
        """Receive until cancelled. Raises `ChannelSetupError` where Discord refuses the bot."""
        await self._intake.load()
        tasks = {
            asyncio.create_task(step)
            for step in (self._stay_connected(), self._intake.take(deliver), self._intake.keep_saving())
        }
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await _end(tasks)
            await self._intake.try_to_save(is_last=True)

    async def _stay_connected(self) -> NoReturn:
        """One client after the other; the SDK keeps a connection up, and some failures end it."""
        failures = 0
        while True:
            began = time.monotonic()
            try:
                await self._be_connected()
                error: Exception = ConnectionError("the connection ended")
            except TooManyStarts as stop:
                await self._pause(stop.wait_s)
                continue
            except FAILURES as failure:
                error = failure
            if self._falls_back(error):
                continue
            failures = 0 if time.monotonic() - began > _HEALTHY_S else failures
            wait_s = min(self._settings.max_backoff_s, 0.5 * 2 ** min(failures, 16)) * SystemRandom().uniform(0.5, 1)
            failures += 1
            logger.warning(
                "Discord cannot be reached (%s), trying again in %.1f s.",
                told(error),
                wait_s,
                extra={"action": "channel_unreachable", "channel": self.name},
            )
            await asyncio.sleep(wait_s)

    async def _pause(self, wait_s: float) -> None:
        logger.error(
            "Discord: %d sessions were begun within 24 hours. At 1,000 Discord would take the token away, so the next "
            "one waits for %.0f minutes. Find out why connections end.",
            self._settings.starts_per_day,
            wait_s / 60,
            extra={"action": "channel_paused", "channel": self.name},
        )
        await asyncio.sleep(wait_s)

    def _falls_back(self, error: Exception) -> bool:
        """Whether to go on at once with less. Raises `ChannelSetupError` where there is nothing to go on with."""
        if isinstance(error, discord.LoginFailure) and not _is_a_page(error.__cause__):
            raise ChannelSetupError(f"`{self.name}`: {_SETUP[4004]}") from error
        if isinstance(error, discord.ConnectionClosed) and error.code in _SETUP:
            raise ChannelSetupError(f"`{self.name}`: {_SETUP[error.code]}") from error
        if not isinstance(error, discord.PrivilegedIntentsRequired):
            return False
        if self._settings.intents == "full" or not self._reads_content:
            raise ChannelSetupError(f"`{self.name}`: {_NO_CONTENT}; or set intents to auto or mentions.") from error
        self._reads_content = False
        logger.warning(
            "%s, and start firstline again.", _NO_CONTENT, extra={"action": "channel_limited", "channel": self.name}
        )
        return True

    def _client(self) -> Client:
        return Client(
            self._settings,
            reads_content=self._reads_content,
            heard=self._intake.heard,
            started=self._count_start,
            alive=lambda: self._surroundings.alive(self.name, _HEARTBEATS_S),
            connector=self._connect() if self._connect else None,
        )

    async def _be_connected(self) -> None:
        client = self._client()
        wire = InteractionWire(self._settings.api_base, self._connect() if self._connect else None)
        try:
            async with client:
                await client.login(self._settings.token.get_secret_value())
                if client.user is None:
                    raise ConnectionError("Discord did not say who the bot is")
                self._intake.account = self._known_as(str(client.user.id))
                self._sender.client, self._sender.wire = client, wire
                logger.info(
                    "Discord: logged in as %s.",
                    client.user.name,
                    extra={"action": "channel_connected", "channel": self.name},
                )
                self._start(register(client))
                await client.connect()
        finally:
            self._sender.client = self._sender.wire = None
            await wire.close()

    def _known_as(self, bot_id: str) -> Account:
        return Account(
            name=self.name,
            bot_id=bot_id,
            help_channels=frozenset(self._settings.help_channels),
            moderators=frozenset(self._settings.moderators),
            moderator_roles=frozenset(self._settings.moderator_roles),
        )

    async def _count_start(self) -> None:
        """Write the new session down first. Raises `TooManyStarts` where the day had as many as it may have."""
        key, now = f"{self.name}:starts", time.time()
        stored = json.loads(await self._surroundings.load_state(key) or "[]")
        starts = [at for at in stored if now - _DAY_S < at <= now]  # later ones: a clock that was ahead
        if len(starts) >= self._settings.starts_per_day:
            raise TooManyStarts(starts[-self._settings.starts_per_day] + _DAY_S - now)
        await self._surroundings.save_state(key, json.dumps([*starts, now]))

    def _start(self, call: Any) -> None:
        """Do something beside the main job; its failure is said and nothing more."""

        async def quietly() -> None:
            try:
                await call
            except FAILURES as error:
                logger.warning("Discord: %s", told(error), extra={"action": "call_failed", "channel": self.name})

        task = asyncio.create_task(quietly())
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    # --- sending ----------------------------------------------------------------------------------------------------

    async def send(self, reply: Reply) -> str:
        """Post one reply. Raises `ChannelError`."""
        return await self._sender.send(reply)

    async def find(self, reply: Reply) -> str | None:
        """The id of a reply that was perhaps posted. Raises `ChannelError`."""
        return await self._sender.find(reply)

    async def delete(self, message: IncomingMessage) -> bool:
        """Remove somebody's message; False where the bot may not. Raises `ChannelError`."""
        return bool(message.message_ref) and await self._sender.delete(message.message_ref)

    async def fetch(self, attachment: Attachment, *, max_bytes: int) -> bytes:
        """A file that somebody sent. Raises `NotFetched`, `Busy` or `Unreachable`."""
        return await self._files.fetch(attachment, max_bytes=max_bytes)

    async def check(self) -> list[Finding]:
        """Log in and say in plain words what the bot may do here."""
        return await findings(self._settings, self._client())

    async def close(self) -> None:
        """Release connections; idempotent."""
        tasks = list(self._background)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._files.close()


def _is_a_page(error: BaseException | None) -> bool:
    """Whether the refusal came from something before Discord, which knows nothing of the token."""
    return isinstance(error, discord.HTTPException) and not is_discords(error)


async def _end(tasks: set[asyncio.Task[NoReturn]]) -> None:
    """Cancel the tasks until they have ended: the SDK can swallow a cancellation, and waits long for a dead peer."""
    while tasks:
        for task in tasks:
            task.cancel()
        _, tasks = await asyncio.wait(tasks, timeout=_CLOSED_WITHIN_S)
