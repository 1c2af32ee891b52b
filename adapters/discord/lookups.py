"""What a payload does not say: what its channel is, and who moderates there."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import discord

from adapters.discord import interactions, messages
from adapters.discord.places import Account, Place, Roles
from adapters.discord.wire import FAILURES, told

if TYPE_CHECKING:
    from adapters.discord.settings import Settings
    from adapters.discord.wire import Client

logger = logging.getLogger(__name__)

_KEPT: Final = 20_000
_ROLES_KEPT_S: Final = 60.0


class ServerAway(discord.DiscordException):
    """A channel's server is not there now: an outage, or the gateway has yet to tell of it."""


class Lookups:
    """Asks the client, and where it does not know, Discord; remembers the answers."""

    def __init__(self, name: str, settings: Settings) -> None:
        self._name = name
        self._settings = settings
        self._fetched: dict[str, Place] = {}
        self._roles: dict[tuple[str, str], tuple[float, Roles]] = {}

    async def place(self, client: Client | None, payload: dict[str, Any]) -> Place:
        """The channel of a payload: as the gateway told of it, else asked for once."""
        channel_id = str(payload["channel_id"])
        channel = client.get_channel(int(channel_id)) if client else None
        guild_id = payload.get("guild_id")
        if not guild_id and not isinstance(channel, discord.abc.GuildChannel | discord.Thread):
            return Place(id=channel_id, kind="dm")
        if channel is not None:
            return known_place(channel)
        try:
            return await self.find(client, channel_id)
        except FAILURES as error:
            logger.warning(
                "Discord does not say what channel %s is (%s).",
                channel_id,
                told(error),
                extra={"action": "place_unknown", "channel": self._name},
            )
            return Place(id=channel_id, kind="channel")

    async def find(self, client: Client | None, channel_id: str) -> Place:
        """A channel by its id alone. Raises `FAILURES`, with them `ServerAway` where its server is not known now."""
        if client is None:
            raise ConnectionError("not logged in")
        channel = client.get_channel(int(channel_id))
        if channel is None and channel_id in self._fetched:
            return self._fetched[channel_id]
        if channel is None:
            async with asyncio.timeout(self._settings.request_timeout_s):
                channel = await client.fetch_channel(int(channel_id))
        guild = getattr(channel, "guild", None)
        if guild is not None and guild.unavailable:  # who moderates there, and what a thread hangs under, is not known
            raise ServerAway(f"server {guild.id} is not there")
        if len(self._fetched) >= _KEPT:
            self._fetched.clear()
        self._fetched[channel_id] = known_place(channel)
        return self._fetched[channel_id]

    async def roles(self, client: Client | None, account: Account, user_id: str, channel_id: str) -> Roles:
        """Whether the user moderates the channel; ((), "") where Discord would not say."""
        if user_id in self._settings.moderators:
            return ("moderator",), "settings"
        now = time.monotonic()
        self._roles = {key: kept for key, kept in self._roles.items() if kept[0] > now}
        if (channel_id, user_id) not in self._roles:
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
                    extra={"action": "roles_unknown", "channel": self._name},
                )
                return (), ""
            held: dict[str, Any] = {
                "roles": [role.id for role in member.roles],
                "permissions": str(permissions.value),
            }
            roles = interactions.is_moderator(held, messages.person({"id": user_id}, account), account)
            self._roles[channel_id, user_id] = now + _ROLES_KEPT_S, roles
        return self._roles[channel_id, user_id][1]


def known_place(channel: Any) -> Place:
    """A channel of the SDK's as a value."""
    guild = getattr(channel, "guild", None)
    if guild is None:
        return Place(id=str(channel.id), kind="dm")
    own = getattr(guild, "self_role", None)
    here = Place(id=str(channel.id), kind="channel", guild_id=str(guild.id), bot_role_id=str(own.id) if own else "")
    if not isinstance(channel, discord.Thread):
        return here
    return replace(
        here,
        kind="post" if isinstance(channel.parent, discord.ForumChannel) else "thread",
        parent_id=str(channel.parent_id),
        title=channel.name,
        owner_id=str(channel.owner_id or ""),
    )
