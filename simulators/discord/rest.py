"""What all parts of the REST API share: a request, its answer, and the checks that come before anything is done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simulators.discord.permissions import Permission, in_channel, is_locked_out, may_speak
from simulators.discord.wire import ApiError, Json, Upload, missing_access, missing_permissions, snowflake, unknown
from simulators.discord.world import Bot

if TYPE_CHECKING:
    from simulators.discord.world import Channel, Guild, World

Answer = tuple[int, object]
NO_CONTENT: Answer = (204, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call of a bot, already read. `bot` is the one whose token came with it; addresses with a token need none."""

    sender: Bot | None
    params: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    files: list[Upload] = field(default_factory=list)

    @property
    def bot(self) -> Bot:
        """The bot that asks."""
        assert self.sender is not None  # noqa: S101  the server refuses such addresses without a token
        return self.sender

    @property
    def form(self) -> Json:
        """The body where it must be an object. Raises `ApiError`."""
        if isinstance(self.body, dict):
            return self.body
        raise ApiError(400, 50035, "Invalid Form Body")


Handler = Callable[[Request], Awaitable[Answer] | Answer]
Routes = dict[tuple[str, str], Handler]


def channel_of(world: World, request: Request) -> Channel:
    """Return the channel that is named, if the bot may see it. Raises `ApiError`."""
    channel = world.channel(snowflake(request.params["channel_id"]))
    if channel is None:
        raise unknown("Channel")
    if not world.sees(request.bot.user.id, channel):
        raise missing_access()
    return channel


def message_of(channel: Channel, message_id: object) -> Json:
    """Return a message of a channel. Raises `ApiError`."""
    message = channel.messages.get(snowflake(message_id))
    if message is None:
        raise unknown("Message")
    return message


def guild_of(world: World, request: Request) -> Guild:
    """Return the guild that is named, if the bot is in it. Raises `ApiError`."""
    guild = world.guilds.get(snowflake(request.params["guild_id"]))
    if guild is None:
        raise unknown("Guild")
    if request.bot.user.id not in guild.members:
        raise missing_access()
    return guild


def need(channel: Channel, bot: Bot, permission: Permission) -> None:
    """Raise `ApiError` where a bot lacks a permission in a channel."""
    if permission not in in_channel(channel, bot.user.id):
        raise missing_permissions()


def need_speech(world: World, channel: Channel, bot: Bot) -> None:
    """Raise `ApiError` where a bot cannot write to a channel."""
    if channel.guild is None:
        person = next(user for user in channel.recipients if not user.is_bot)
        shares_guild = any({person.id, bot.user.id} <= guild.members.keys() for guild in world.guilds.values())
        if not person.takes_dms or not shares_guild:
            raise ApiError(403, 50007, "Cannot send messages to this user")
        return
    if not channel.holds_messages:
        raise ApiError(400, 50008, "Cannot send messages in a non-text channel")
    if not may_speak(channel, bot.user.id):
        raise missing_permissions()
    if is_locked_out(channel, bot.user.id):
        archived, locked = ApiError(403, 50083, "Thread is archived"), ApiError(403, 160005, "Thread is locked")
        raise archived if channel.is_archived else locked
