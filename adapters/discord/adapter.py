"""One bot on Discord: the connection that is kept up, and what comes over it, in its order."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NoReturn

import discord

from adapters.base import ChannelSetupError, RateLimits
from adapters.discord import interactions, messages
from adapters.discord.catching_up import complain, is_gone, note_gaps, pages
from adapters.discord.check import findings, register
from adapters.discord.places import Account, Memory, Place, Roles, snowflake
from adapters.discord.sending import Sender
from adapters.discord.wire import FAILURES, Client, InteractionWire, TooManyStarts, told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapters.base import Deliver, Finding, IncomingMessage, Reply, Surroundings
    from adapters.discord.settings import Settings
    from adapters.discord.wire import Connect

logger = logging.getLogger(__name__)

_BATCH: Final = 100
_WAITING: Final = 20_000
_SAVE_EVERY_S: Final = 1.0
_GAPS_AGAIN_S: Final = 60.0
_FILLED_WITHIN_S: Final = 60.0
_ROLES_KEPT_S: Final = 60.0
_DAY_S: Final = 24 * 3600.0
_CLOSED_WITHIN_S: Final = 2.0
_HEALTHY_S: Final = 60.0
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
        self._reads_content = settings.intents != "mentions"
        self._memory: Memory | None = None
        self._saved = ""
        self._account: Account | None = None
        self._queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._missed = False
        self._fetched: dict[str, Place] = {}
        self._roles: dict[tuple[str, str], tuple[float, Roles]] = {}
        self._background: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        return f"DiscordAdapter({self.name!r})"

    # --- the connection ---------------------------------------------------------------------------------------------

    async def run(self, deliver: Deliver) -> None:
        """Receive until cancelled. Raises `ChannelSetupError` where Discord refuses the bot."""
        self._memory = Memory.load(await self._surroundings.load_state(f"{self.name}:memory"))
        self._queue = asyncio.Queue()
        tasks = {
            asyncio.create_task(step) for step in (self._stay_connected(), self._take(deliver), self._keep_saving())
        }
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await _end(tasks)
            await self._try_to_save()

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
            wait_s = min(self._settings.max_backoff_s, 0.5 * 2 ** min(failures, 16))
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
        if isinstance(error, discord.LoginFailure):
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
            heard=self._heard,
            started=self._count_start,
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
                self._account = self._known_as(str(client.user.id))
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
        starts = [at for at in json.loads(await self._surroundings.load_state(key) or "[]") if at > now - _DAY_S]
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

    # --- receiving --------------------------------------------------------------------------------------------------

    def _heard(self, event: dict[str, Any]) -> None:
        """Queue what the gateway says; an interaction is told to wait at once, however much is queued."""
        payload = event["d"]
        if event["t"] == "INTERACTION_CREATE":
            self._sender.acknowledge(payload)
        elif (
            event["t"] == "MESSAGE_CREATE"
            and self._account
            and self._account.bot_id == payload.get("author", {}).get("id")
        ):
            self._sender.saw(payload)
        if event["t"] == "MESSAGE_CREATE" and self._queue.qsize() >= _WAITING:
            self._known_memory().missed(str(payload.get("channel_id", "")))
            self._missed = True
            return
        self._queue.put_nowait(event)

    async def _take(self, deliver: Deliver) -> NoReturn:
        """Hand on what was heard, in its order. What the ledger raises goes up: then nothing counts as received."""
        looked = time.monotonic()
        while True:
            batch: list[dict[str, Any]] = []
            with contextlib.suppress(TimeoutError):  # `wait_for` can swallow a cancellation that comes with an event
                async with asyncio.timeout(_GAPS_AGAIN_S):
                    batch.append(await self._queue.get())
            while not self._queue.empty() and len(batch) < _BATCH:
                batch.append(self._queue.get_nowait())
            rest: list[dict[str, Any]] = []
            for event in batch:
                if event["t"] == "READY":
                    await self._hand_on(rest, deliver)
                    rest = []
                    await self._catch_up(deliver)
                    looked = time.monotonic()
                else:
                    rest.append(event)
            await self._hand_on(rest, deliver)
            if self._missed and self._queue.empty():
                self._missed, looked = False, time.monotonic()
                await self._fill_gaps(deliver)
            elif time.monotonic() - looked > _GAPS_AGAIN_S:
                looked = time.monotonic()
                await self._fill_gaps(deliver)

    async def _hand_on(self, events: Sequence[dict[str, Any]], deliver: Deliver) -> None:
        found = [message for event in events for message in await self._read(event)]
        if found:
            await deliver(found)
        memory = self._known_memory()
        for event in events:
            if event["t"] == "MESSAGE_CREATE":
                memory.heard(str(event["d"].get("id", "")))

    async def _read(self, event: dict[str, Any]) -> list[IncomingMessage]:
        """What one event says; nothing where it cannot be read."""
        payload = event["d"]
        try:
            place = await self._place(payload)
            return await self._said(event["t"], payload, place)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one event, the others are read
            self._left_out(event, error)
            return []

    def _left_out(self, event: dict[str, Any], error: Exception) -> None:
        # Without a traceback, whose last line can quote somebody's words.
        logger.error(
            "Discord sent %s %s, which cannot be read (%s); it is left out.",
            event["t"],
            event["d"].get("id", ""),
            type(error).__name__,
            extra={"action": "update_unreadable", "channel": self.name},
        )

    async def _said(self, name: str, payload: dict[str, Any], place: Place) -> list[IncomingMessage]:
        account, memory = self._known_account(), self._known_memory()
        message: IncomingMessage | None = None
        match name:
            case "MESSAGE_CREATE":
                asked = messages.needs_roles(payload, place, account)
                roles = await self._roles_of(asked, payload) if asked else ((), "")
                message = messages.normalise(payload, place, account, roles=roles)
            case "MESSAGE_UPDATE":
                message = messages.edited(payload, place, account)
            case "INTERACTION_CREATE":
                message = interactions.normalise(payload, place, account)
            case "MESSAGE_DELETE" | "MESSAGE_DELETE_BULK":
                ids = payload.get("ids") or [payload["id"]]
                at = datetime.now(UTC)
                return [
                    messages.deleted(str(gone), memory.authors.get(str(gone), ""), place, account, at) for gone in ids
                ]
        if message is not None:
            _remember(memory, message, place)
        return [message] if message else []

    def _known_account(self) -> Account:
        if self._account is None:
            raise RuntimeError("events are read after the log-in")
        return self._account

    def _known_memory(self) -> Memory:
        if self._memory is None:
            raise RuntimeError("events are read after the memory")
        return self._memory

    async def _place(self, payload: dict[str, Any]) -> Place:
        """The channel of a payload: as the gateway told of it, else asked for once."""
        channel_id = str(payload["channel_id"])
        client = self._sender.client
        channel = client.get_channel(int(channel_id)) if client else None
        guild_id = payload.get("guild_id")
        if not guild_id and not isinstance(channel, discord.abc.GuildChannel | discord.Thread):
            return Place(id=channel_id, kind="dm")
        if channel is not None:
            return known_place(channel)
        if channel_id not in self._fetched and client is not None:
            try:
                found = await client.fetch_channel(int(channel_id))
            except FAILURES as error:
                logger.warning(
                    "Discord does not say what channel %s is (%s).",
                    channel_id,
                    told(error),
                    extra={"action": "place_unknown", "channel": self.name},
                )
                return Place(id=channel_id, kind="channel")
            if len(self._fetched) >= _WAITING:
                self._fetched.clear()
            self._fetched[channel_id] = known_place(found)
        return self._fetched.get(channel_id) or Place(id=channel_id, kind="channel")

    async def _roles_of(self, user_id: str, payload: dict[str, Any]) -> Roles:
        """Whether the user moderates the channel; ((), "") where Discord would not say."""
        if user_id in self._settings.moderators:
            return ("moderator",), "settings"
        channel_id, now = str(payload["channel_id"]), time.monotonic()
        self._roles = {key: kept for key, kept in self._roles.items() if kept[0] > now}
        if (channel_id, user_id) not in self._roles:
            client = self._sender.client
            channel = client.get_channel(int(channel_id)) if client else None
            try:
                if not isinstance(channel, discord.abc.GuildChannel | discord.Thread):
                    raise KeyError(channel_id)
                member = await channel.guild.fetch_member(int(user_id))
                permissions = channel.permissions_for(member)
            except FAILURES as error:
                logger.warning(
                    "Discord does not say who moderates channel %s (%s).",
                    channel_id,
                    told(error),
                    extra={"action": "roles_unknown", "channel": self.name},
                )
                return (), ""
            held: dict[str, Any] = {
                "roles": [role.id for role in member.roles],
                "permissions": str(permissions.value),
            }
            roles = interactions.is_moderator(
                held, messages.person({"id": user_id}, self._known_account()), self._known_account()
            )
            self._roles[channel_id, user_id] = now + _ROLES_KEPT_S, roles
        return self._roles[channel_id, user_id][1]

    # --- what was missed --------------------------------------------------------------------------------------------

    async def _catch_up(self, deliver: Deliver) -> None:
        """After a new session, before anything of it is handed on, so that every conversation keeps its order."""
        client, memory = self._sender.client, self._known_memory()
        if client is None:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FILLED_WITHIN_S):
                await client.filled.wait()
        note_gaps(client, memory, timedelta(hours=self._settings.catch_up_hours))
        memory.mark = memory.mark or snowflake(datetime.now(UTC))
        await self._try_to_save()
        await self._fill_gaps(deliver)

    async def _fill_gaps(self, deliver: Deliver) -> None:
        memory = self._known_memory()
        for channel_id, after in list(memory.gaps.items()):
            client = self._sender.client
            if client is None:
                return
            try:
                async for page in pages(client, channel_id, after):
                    events = [{"t": "MESSAGE_CREATE", "d": self._placed(message, channel_id)} for message in page]
                    await self._hand_on(events, deliver)
                    memory.gaps[channel_id] = int(page[-1]["id"])
            except FAILURES as error:
                complain(channel_id, error)
                if not is_gone(error):
                    continue  # tried again in a while
            memory.gaps.pop(channel_id, None)

    def _placed(self, message: dict[str, Any], channel_id: str) -> dict[str, Any]:
        """A message that was asked for says as little of its server as it may."""
        client = self._sender.client
        channel = client.get_channel(int(channel_id)) if client else None
        guild = getattr(channel, "guild", None)
        return {**message, "guild_id": str(guild.id)} if guild else message

    # --- memory -----------------------------------------------------------------------------------------------------

    async def _keep_saving(self) -> NoReturn:
        """What is written late is read again and known by the ledger: so not with every message."""
        while True:
            await asyncio.sleep(_SAVE_EVERY_S)
            await self._try_to_save()

    async def _try_to_save(self) -> None:
        try:
            await self._save()
        except Exception as error:  # noqa: BLE001 - a ledger that cannot be written; the next second tries again
            logger.warning(
                "Discord: how far was read could not be written down (%s).",
                type(error).__name__,
                extra={"action": "mark_not_stored", "channel": self.name},
            )

    async def _save(self) -> None:
        dumped = self._known_memory().dump()
        if dumped != self._saved:
            await self._surroundings.save_state(f"{self.name}:memory", dumped)
            self._saved = dumped

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

    async def check(self) -> list[Finding]:
        """Log in and say in plain words what the bot may do here."""
        return await findings(self._settings, self._client())

    async def close(self) -> None:
        """Release connections; idempotent."""
        tasks = list(self._background)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _end(tasks: set[asyncio.Task[NoReturn]]) -> None:
    """Cancel the tasks until they have ended: the SDK can swallow a cancellation, and waits long for a dead peer."""
    while tasks:
        for task in tasks:
            task.cancel()
        _, tasks = await asyncio.wait(tasks, timeout=_CLOSED_WITHIN_S)


def known_place(channel: Any) -> Place:
    """A channel of the SDK's as a value."""
    guild = getattr(channel, "guild", None)
    if guild is None:
        return Place(id=str(channel.id), kind="dm")
    own = getattr(guild, "self_role", None)
    role_id = str(own.id) if own else ""
    if not isinstance(channel, discord.Thread):
        return Place(id=str(channel.id), kind="channel", parent_id=str(channel.category_id or ""), bot_role_id=role_id)
    return Place(
        id=str(channel.id),
        kind="post" if isinstance(channel.parent, discord.ForumChannel) else "thread",
        parent_id=str(channel.parent_id),
        title=channel.name,
        owner_id=str(channel.owner_id or ""),
        bot_role_id=role_id,
    )


def _remember(memory: Memory, message: IncomingMessage, place: Place) -> None:
    """What a deletion will not tell: whose words the bot holds."""
    if place.kind == "dm":
        memory.talked(place.id)
    elif message.addressed != "ambient":
        memory.wrote(message.message_id, message.author.id)
    parent = message.parent
    if parent and parent.author and message.on_behalf_of:
        memory.wrote(parent.message_id, parent.author.id)
