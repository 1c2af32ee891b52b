"""Which bot is told of an event, and how much of a message's content it may read."""

from enum import IntFlag

from simulators.discord.wire import Json
from simulators.discord.world import Bot, Event, World


class Intent(IntFlag):
    """The intents that matter here, with Discord's numbers."""

    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    DIRECT_MESSAGES = 1 << 12
    MESSAGE_CONTENT = 1 << 15


PRIVILEGED = {
    "guild_members": Intent.GUILD_MEMBERS,
    "guild_presences": Intent.GUILD_PRESENCES,
    "message_content": Intent.MESSAGE_CONTENT,
}
HIGHEST = (1 << 26) - 1
SCHEMAS = {
    "MESSAGE_CREATE": "MessageResponse",
    "MESSAGE_UPDATE": "MessageResponse",
    "CHANNEL_CREATE": "GuildChannelResponse",
    "CHANNEL_UPDATE": "GuildChannelResponse",
    "THREAD_CREATE": "ThreadResponse",
    "THREAD_UPDATE": "ThreadResponse",
    "GUILD_CREATE": "GuildResponse",
    "GUILD_MEMBER_ADD": "GuildMemberResponse",
}
"""Events whose bodies have a schema, although the schemas speak only of the REST API."""
_EMPTY: Json = {"content": "", "embeds": [], "attachments": [], "components": []}


def wants(bot: Bot, intents: int, event: Event, world: World) -> bool:
    """Return whether a session with these intents is told of an event."""
    if event.only:
        return event.only == bot.user.id and (event.name == "INTERACTION_CREATE" or bool(intents & Intent.GUILDS))
    if event.guild is not None and bot.user.id not in event.guild.members:
        return False
    is_hidden = event.channel is not None and not world.sees(bot.user.id, event.channel)
    if is_hidden and not event.name.startswith("CHANNEL_"):
        return False
    return bool(intents & _intent_for(bot, event))


def _intent_for(bot: Bot, event: Event) -> int:
    if event.name.startswith("MESSAGE_"):
        return Intent.GUILD_MESSAGES if event.guild is not None else Intent.DIRECT_MESSAGES
    if event.name.startswith("GUILD_MEMBER_"):
        return Intent.GUILD_MEMBERS
    if event.name == "THREAD_MEMBERS_UPDATE":
        is_told = any(member["user_id"] == bot.user.id for member in event.body["added_members"])
        return Intent.GUILDS if is_told else Intent.GUILD_MEMBERS
    return Intent.GUILDS


def readable(bot: Bot, message: Json, *, may_read: bool, is_direct: bool) -> Json:
    """Return a message as a bot may read it.

    Without the privileged intent its content is empty, unless the bot wrote it, is mentioned in it, or stands in a
    direct message.
    """
    body = dict(message)
    if (parent := body.get("referenced_message")) is not None:
        body["referenced_message"] = readable(bot, parent, may_read=may_read, is_direct=is_direct)
    is_own = message["author"]["id"] == bot.user.id
    is_mentioned = any(user["id"] == bot.user.id for user in message["mentions"])
    if may_read or is_direct or is_own or is_mentioned:
        return body
    return body | _EMPTY


def tailored(bot: Bot, intents: int, event: Event) -> Json:
    """Return the body of an event as a session is to see it."""
    if not event.message:
        return event.body
    may_read = bool(intents & Intent.MESSAGE_CONTENT)
    body = readable(bot, event.body, may_read=may_read, is_direct=event.guild is None)
    if "nonce" in body and body["author"]["id"] != bot.user.id:
        del body["nonce"]
    return body
