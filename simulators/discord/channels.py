"""The REST API of channels, threads, forum posts and direct messages."""

from typing import Any

from simulators.discord import threads
from simulators.discord.messages import Messages
from simulators.discord.objects import channel_object, thread_member_object
from simulators.discord.permissions import Permission, in_channel
from simulators.discord.posting import Posting, join
from simulators.discord.rest import NO_CONTENT, Answer, Request, Routes, channel_of, guild_of, message_of, need
from simulators.discord.wire import ApiError, Json, invalid_form, missing_permissions, snowflake, unknown
from simulators.discord.world import Channel, ChannelType, Event, World


class Channels:
    """Channels as a bot sees and changes them."""

    def __init__(self, world: World, posting: Posting, messages: Messages) -> None:
        self._world = world
        self._posting = posting
        self._messages = messages

    def routes(self) -> Routes:
        """Return what is served here."""
        one = "/channels/{channel_id}"
        return {
            ("GET", one): self.get,
            ("PATCH", one): self.change,
            ("DELETE", one): self.delete,
            ("POST", f"{one}/messages/{{message_id}}/threads"): self.begin_from_message,
            ("POST", f"{one}/threads"): self.begin,
            ("GET", f"{one}/threads/archived/public"): self.archived,
            ("GET", f"{one}/thread-members"): self.thread_members,
            ("PUT", f"{one}/thread-members/@me"): self.join,
            ("DELETE", f"{one}/thread-members/@me"): self.leave,
            ("GET", "/guilds/{guild_id}/channels"): self.of_guild,
            ("GET", "/guilds/{guild_id}/threads/active"): self.active_threads,
            ("POST", "/users/@me/channels"): self.open_direct,
        }

    def get(self, request: Request) -> Answer:
        """Return a channel."""
        return 200, channel_object(channel_of(self._world, request), request.bot.user.id)

    def change(self, request: Request) -> Answer:
        """Archive, lock or rename a thread; rename a channel or set its topic."""
        channel = channel_of(self._world, request)
        form = request.form
        if not channel.is_thread:
            need(channel, request.bot, Permission.MANAGE_CHANNELS)
            channel.name, channel.topic = form.get("name", channel.name), form.get("topic", channel.topic)
            self._world.announce(
                Event(name="CHANNEL_UPDATE", body=channel_object(channel), guild=channel.guild, channel=channel)
            )
            return 200, channel_object(channel)
        granted = in_channel(channel, request.bot.user.id)
        is_mine = channel.owner_id == request.bot.user.id and not channel.is_locked and "locked" not in form
        if Permission.MANAGE_THREADS not in granted and not is_mine:
            raise missing_permissions()
        if channel.is_archived and form.get("archived", True):
            raise ApiError(400, 50083, "Thread is archived")
        archived, locked = form.get("archived"), form.get("locked")
        threads.update(self._world, channel, archived=archived, locked=locked, name=form.get("name"))
        return 200, channel_object(channel, request.bot.user.id)

    def delete(self, request: Request) -> Answer:
        """Delete a channel or thread; a direct message is only put away."""
        channel = channel_of(self._world, request)
        body = channel_object(channel, request.bot.user.id)
        if channel.guild is not None:
            right = Permission.MANAGE_THREADS if channel.is_thread else Permission.MANAGE_CHANNELS
            need(channel, request.bot, right)
            threads.remove_channel(self._world, channel)
        return 200, body

    # --- threads ----------------------------------------------------------------------------------------------------

    def begin_from_message(self, request: Request) -> Answer:
        """Begin a thread under a message; it gets the message's id."""
        parent = channel_of(self._world, request)
        _need_threads(parent)
        need(parent, request.bot, Permission.CREATE_PUBLIC_THREADS)
        starter = message_of(parent, request.params["message_id"])
        name = _name(request.form)
        thread = threads.begin(self._world, self._posting, parent, request.bot.user, name, starter=starter)
        return 201, channel_object(thread, request.bot.user.id)

    def begin(self, request: Request) -> Answer:
        """Begin a thread without a message, or a post in a forum, whose first message comes with it."""
        parent = channel_of(self._world, request)
        form = request.form
        name = _name(form)
        bot = request.bot
        if parent.type is not ChannelType.FORUM:
            _need_threads(parent)
            is_private = form.get("type", ChannelType.PRIVATE_THREAD) == ChannelType.PRIVATE_THREAD
            right = Permission.CREATE_PRIVATE_THREADS if is_private else Permission.CREATE_PUBLIC_THREADS
            need(parent, bot, right)
            thread = threads.begin(self._world, self._posting, parent, bot.user, name, is_private=is_private)
            return 201, channel_object(thread, bot.user.id)
        need(parent, bot, Permission.SEND_MESSAGES)
        content: Any = form.get("message")
        if not isinstance(content, dict):
            raise invalid_form("message", "BASE_TYPE_REQUIRED", "This field is required")
        thread = threads.begin(self._world, self._posting, parent, bot.user, name)
        try:
            message = self._messages.send(thread, request, content, message_id=thread.id)
        except ApiError:
            threads.remove_channel(self._world, thread)
            raise
        return 201, channel_object(thread, bot.user.id) | {"message": self._posting.shown(message)}

    def archived(self, request: Request) -> Answer:
        """Return the archived threads of a channel, the latest first."""
        parent = channel_of(self._world, request)
        need(parent, request.bot, Permission.READ_MESSAGE_HISTORY)
        found = [thread for thread in _threads_of(parent) if thread.is_archived]
        found.sort(key=lambda thread: thread.changed_at, reverse=True)
        return 200, _listing(found, request.bot.user.id) | {"has_more": False}

    def active_threads(self, request: Request) -> Answer:
        """Return the threads of a guild that are not archived, as far as the bot sees them."""
        guild = guild_of(self._world, request)
        mine = request.bot.user.id
        seen = [item for item in guild.channels.values() if item.is_thread and self._world.sees(mine, item)]
        return 200, _listing([thread for thread in seen if not thread.is_archived], mine) | {"has_more": False}

    def thread_members(self, request: Request) -> Answer:
        """Return who joined a thread."""
        thread = _thread(channel_of(self._world, request))
        return 200, [thread_member_object(thread, user_id) for user_id in thread.joined]

    def join(self, request: Request) -> Answer:
        """Let the bot join a thread."""
        thread = _thread(channel_of(self._world, request))
        if thread.is_archived:
            raise ApiError(400, 50083, "Thread is archived")
        if request.bot.user.id not in thread.joined:
            join(self._world, thread, request.bot.user.id)
        return NO_CONTENT

    def leave(self, request: Request) -> Answer:
        """Let the bot leave a thread."""
        _thread(channel_of(self._world, request)).joined.pop(request.bot.user.id, None)
        return NO_CONTENT

    # --- guilds and people --------------------------------------------------------------------------------------------

    def of_guild(self, request: Request) -> Answer:
        """Return the channels of a guild, without threads."""
        guild = guild_of(self._world, request)
        return 200, [channel_object(channel) for channel in guild.channels.values() if not channel.is_thread]

    def open_direct(self, request: Request) -> Answer:
        """Open the direct message with a person. That they take none shows only when one writes."""
        user_id = snowflake(request.form.get("recipient_id"))
        user = self._world.users.get(user_id)
        if user is None:
            raise unknown("User")
        if user.is_bot:
            raise ApiError(403, 50007, "Cannot send messages to this user")
        return 200, channel_object(self._world.direct_channel(request.bot, user), request.bot.user.id)


def _need_threads(parent: Channel) -> None:
    if parent.type not in {ChannelType.TEXT, ChannelType.ANNOUNCEMENT}:
        raise ApiError(400, 50024, "Cannot execute action on this channel type")


def _thread(channel: Channel) -> Channel:
    if not channel.is_thread:
        raise ApiError(400, 50024, "Cannot execute action on this channel type")
    return channel


def _threads_of(parent: Channel) -> list[Channel]:
    assert parent.guild is not None  # noqa: S101  only a guild's channels have threads
    return [item for item in parent.guild.channels.values() if item.is_thread and item.parent_id == parent.id]


def _listing(found: list[Channel], user_id: str) -> Json:
    members = [thread_member_object(thread, user_id) for thread in found if user_id in thread.joined]
    return {"threads": [channel_object(thread, user_id) for thread in found], "members": members}


def _name(form: Json) -> str:
    name = str(form.get("name") or "")
    if not 1 <= len(name) <= 100:
        raise invalid_form("name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
    return name
