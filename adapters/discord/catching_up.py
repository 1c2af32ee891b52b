"""What was said while the bot was away: Discord replays a broken connection, but never a lost session."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import discord

from adapters.discord.places import snowflake
from adapters.discord.wire import is_discords, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from adapters.discord.places import Memory, Place
    from adapters.discord.wire import Client

logger = logging.getLogger(__name__)

PAGE: Final = 100
_TYPES: Final = (discord.TextChannel, discord.VoiceChannel, discord.StageChannel, discord.Thread)


def note_gaps(client: Client, memory: Memory, furthest: timedelta) -> None:
    """Write down which channels may hold what was not heard, and after which message.

    A channel whose newest message is older is not asked, so that a start costs a request for each that has news.
    """
    now = datetime.now(UTC)
    since = memory.since(furthest, now)
    memory.gaps = {channel_id: max(after, snowflake(now - furthest)) for channel_id, after in memory.gaps.items()}
    for channel in _readable(client):
        if channel.last_message_id is not None and channel.last_message_id > since:
            memory.gaps.setdefault(str(channel.id), since)
    if memory.mark:
        for channel_id in memory.direct:
            memory.gaps.setdefault(channel_id, since)


def _readable(client: Client) -> Iterator[Any]:
    for guild in client.guilds:
        for channel in (*guild.channels, *guild.threads):
            if not isinstance(channel, _TYPES):
                continue
            try:
                permissions = channel.permissions_for(guild.me)
            except (AttributeError, discord.ClientException):
                continue
            if permissions.view_channel and permissions.read_message_history:
                yield channel


async def page_after(client: Client, place: Place, after: int) -> list[dict[str, Any]]:
    """At most `PAGE` messages of a place after this one, oldest first. Raises the SDK's errors."""
    params = {"limit": PAGE, "after": str(after)}
    page = await client.call("GET", "/channels/{channel_id}/messages", channel_id=place.id, params=params)
    server = {"guild_id": place.guild_id} if place.guild_id else {}  # which Discord leaves out here
    return [message | server for message in sorted(page, key=lambda message: int(message["id"]))]


def is_gone(error: Exception) -> bool:
    """Whether the channel cannot be read, now or later."""
    return isinstance(error, discord.Forbidden | discord.NotFound) and is_discords(error)


def complain(channel_id: str, error: Exception) -> None:
    """Say that a channel could not be read."""
    logger.warning(
        "Discord: what was said in channel %s meanwhile could not be read (%s).",
        channel_id,
        told(error),
        extra={"action": "catch_up_failed"},
    )
