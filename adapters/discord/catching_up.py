"""What was said while the bot was away: Discord replays a broken connection, but never a lost session."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import discord

from adapters.base import Rejected
from adapters.discord.places import said_at, snowflake
from adapters.discord.wire import outcome, told

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from adapters.discord.places import Memory, Place
    from adapters.discord.wire import Client

logger = logging.getLogger(__name__)

PAGE: Final = 100
_PAGES: Final = 10
_PARENTS: Final = (discord.TextChannel, discord.ForumChannel)
_TYPES: Final = (discord.TextChannel, discord.VoiceChannel, discord.StageChannel, discord.Thread)


def note_gaps(client: Client, memory: Memory, help_channels: Iterable[str], furthest: timedelta) -> None:
    """Write down which channels may hold what was not heard, and after which message.

    A channel whose newest message is older is not asked, so that a start costs a request for each that has news.
    """
    now = datetime.now(UTC)
    since, most = memory.since(furthest, now), snowflake(now - furthest)
    memory.gaps = {channel_id: max(after, most) for channel_id, after in memory.gaps.items()}
    memory.archives = {channel_id: max(after, most) for channel_id, after in memory.archives.items()}
    absent = {server_id: max(after, most) for server_id, after in memory.absent.items()}
    memory.absent = {}
    for guild in client.guilds:
        after = min(since, absent.get(str(guild.id), since))
        if not guild.unavailable:
            note_server(guild, memory, help_channels, after)
        elif memory.mark:
            memory.absent[str(guild.id)] = after
    if memory.mark:
        # What the gateway did not tell of: direct conversations, and a thread to help in that is archived.
        threads = (channel_id for channel_id in help_channels if client.get_channel(int(channel_id)) is None)
        for channel_id in (*memory.direct, *threads):
            memory.gaps.setdefault(channel_id, since)


def note_server(guild: discord.Guild, memory: Memory, help_channels: Iterable[str], since: int) -> None:
    """Write down the same of one server's channels."""
    for channel in _readable(guild):
        if memory.mark and str(channel.id) in help_channels and isinstance(channel, _PARENTS):
            memory.archives.setdefault(str(channel.id), since)
        if isinstance(channel, _TYPES) and channel.last_message_id is not None and channel.last_message_id > since:
            memory.gaps.setdefault(str(channel.id), since)


def _readable(guild: discord.Guild) -> Iterator[Any]:
    for channel in (*guild.channels, *guild.threads):
        try:
            permissions = channel.permissions_for(guild.me)
        except (AttributeError, discord.ClientException):
            continue
        if permissions.view_channel and permissions.read_message_history:
            yield channel


async def archived_since(client: Client, channel_id: str, since: int) -> list[str]:
    """The threads of a channel that were archived with something said after `since`. Raises the SDK's errors."""
    found: list[str] = []
    path, params = "/channels/{channel_id}/threads/archived/public", {"limit": PAGE}
    before: dict[str, str] = {}
    for _ in range(_PAGES):
        page = await client.call("GET", path, channel_id=channel_id, params=params | before)
        for thread in page["threads"]:  # the last one archived comes first
            archived_at = str(thread["thread_metadata"]["archive_timestamp"])
            if datetime.fromisoformat(archived_at) < said_at(str(since)):
                return found
            if int(thread.get("last_message_id") or thread["id"]) > since:
                found.append(str(thread["id"]))
            before = {"before": archived_at}
        if not page.get("has_more") or not page["threads"]:
            return found
    return found


async def page_after(client: Client, place: Place, after: int) -> list[dict[str, Any]]:
    """At most `PAGE` messages of a place after this one, oldest first. Raises the SDK's errors."""
    params = {"limit": PAGE, "after": str(after)}
    page = await client.call("GET", "/channels/{channel_id}/messages", channel_id=place.id, params=params)
    server = {"guild_id": place.guild_id} if place.guild_id else {}  # which Discord leaves out here
    return [message | server for message in sorted(page, key=lambda message: int(message["id"]))]


def is_gone(error: Exception) -> bool:
    """Whether the channel cannot be read, now or later."""
    return isinstance(outcome(error), Rejected)


def complain(channel_id: str, error: Exception) -> None:
    """Say that a channel could not be read."""
    logger.warning(
        "Discord: what was said in channel %s meanwhile could not be read (%s).",
        channel_id,
        told(error),
        extra={"action": "catch_up_failed"},
    )
