"""Setting the scene: bots, people, guilds, roles, channels, threads and who may do what."""

import base64
from collections.abc import Sequence

from simulators.discord import threads
from simulators.discord.acting import Acting
from simulators.discord.applications import Applications
from simulators.discord.calls import Calls
from simulators.discord.channels import Channels
from simulators.discord.content import Composer
from simulators.discord.faults import Faults
from simulators.discord.gateway import Gateway
from simulators.discord.guilds import Guilds
from simulators.discord.interactions import Interactions
from simulators.discord.journal import Journal
from simulators.discord.limits import Limits
from simulators.discord.messages import Messages
from simulators.discord.objects import (
    channel_object,
    guild_create_body,
    guild_object,
    member_object,
    role_object,
    user_object,
)
from simulators.discord.permissions import Permission, named
from simulators.discord.posting import Posting, system_draft
from simulators.discord.rest import Routes
from simulators.discord.wire import Json
from simulators.discord.world import (
    Bot,
    Channel,
    ChannelType,
    Event,
    Guild,
    Member,
    MessageType,
    Overwrite,
    Role,
    User,
    World,
)
from simulators.driving import SimulatorError
from simulators.files import FileHost

PRIVILEGED = ("message_content", "guild_members")


class Stage:
    """The half of the control that sets the scene. Ids are texts, as on the wire. Raises `SimulatorError`."""

    def __init__(self, *, heartbeat_interval_s: float, identify_limit: int) -> None:
        self._world = World()
        self._journal = Journal()
        self._faults = Faults()
        self._limits = Limits()
        self._posting = Posting(self._world)
        self._gateway = Gateway(
            self._world, self._journal, heartbeat_interval_s=heartbeat_interval_s, identify_limit=identify_limit
        )
        self._composer = Composer(self._world)
        self._messages = Messages(self._world, self._journal, self._posting, self._composer)
        self._interactions = Interactions(self._world, self._journal, self._posting, self._composer)
        self._guilds = Guilds(self._world, self._gateway)
        self._acting = Acting(self._world, self._posting)
        self._files = FileHost()
        self._calls = Calls(self._world, self._journal, self._limits, self._faults)

    def _routes(self) -> Routes:
        parts = (Channels(self._world, self._posting, self._messages), Applications(self._world))
        routes = self._guilds.routes() | self._messages.routes() | self._interactions.routes()
        for part in parts:
            routes |= part.routes()
        return routes

    def add_bot(self, token: str = "", *, username: str = "firstline", privileged: Sequence[str] = PRIVILEGED) -> Bot:
        """Create an application with its bot. `privileged`: which privileged intents it was granted.

        Without a token one is made as Discord makes them: it begins with the bot's id.
        """
        user = User(id=self._world.new_id(), username=username, global_name=username.title(), is_bot=True)
        token = token or f"{base64.urlsafe_b64encode(user.id.encode()).decode().rstrip('=')}.simulated.token"
        if token in self._world.bots:
            raise SimulatorError(f"There is a bot with this token already: {token!r}")
        self._world.users[user.id] = user
        bot = Bot(token=token, user=user, privileged=frozenset(privileged))
        self._world.bots[token] = bot
        return bot

    def add_user(
        self, username: str = "ana", *, global_name: str | None = None, locale: str = "en-US", is_bot: bool = False
    ) -> User:
        """Create a person, or a bot of others; `locale` is the language of their client."""
        user = User(id=self._world.new_id(), username=username, global_name=global_name, locale=locale, is_bot=is_bot)
        self._world.users[user.id] = user
        return user

    def add_guild(
        self,
        name: str = "Guild",
        *,
        locale: str = "en-US",
        members: Sequence[str] = (),
        bot_permissions: Sequence[str] = (),
    ) -> Guild:
        """Create a guild with these people and with every bot; `bot_permissions` is what the bots' role adds."""
        owner = self.add_user("owner")
        guild = self._world.new_guild(name, owner, locale)
        for user_id in members:
            self._enter(guild, self._user(user_id))
        for bot in self._world.bots.values():
            role = Role(id=self._world.new_id(), name=bot.user.username, permissions=named(bot_permissions), position=1)
            role.bot_id = bot.user.id
            guild.roles[role.id] = role
            self._enter(guild, bot.user).role_ids.append(role.id)
        for bot in self._world.bots.values():
            self._tell_arrival(guild, bot)
        return guild

    def add_member(self, guild_id: str, user_id: str, *, roles: Sequence[str] = (), is_announced: bool = False) -> None:
        """Let somebody join a guild, a bot too, with these roles. `is_announced`: the first channel says so."""
        guild, user = self._guild(guild_id), self._user(user_id)
        member = self._enter(guild, user)
        member.role_ids += [role_id for role_id in roles if role_id not in member.role_ids]
        body = member_object(member) | {"guild_id": guild.id}
        self._world.announce(Event(name="GUILD_MEMBER_ADD", body=body, guild=guild))
        if (bot := self._world.bot(user_id)) is not None:
            self._tell_arrival(guild, bot)
        if is_announced:
            channel = next(item for item in guild.channels.values() if item.type is ChannelType.TEXT)
            self._posting.post(channel, system_draft(MessageType.USER_JOIN, user))

    def remove_member(self, guild_id: str, user_id: str) -> None:
        """Let somebody leave a guild, or a bot be thrown out of it."""
        guild, user = self._guild(guild_id), self._user(user_id)
        del guild.members[user_id]
        body = {"guild_id": guild.id, "user": user_object(user)}
        self._world.announce(Event(name="GUILD_MEMBER_REMOVE", body=body, guild=guild))
        if self._world.bot(user_id) is not None:
            self._world.announce(Event(name="GUILD_DELETE", body={"id": guild.id}, only=user_id))

    def add_role(self, guild_id: str, name: str, *, permissions: Sequence[str] = (), mentionable: bool = False) -> Role:
        """Create a role."""
        guild = self._guild(guild_id)
        position = len(guild.roles)
        role = Role(id=self._world.new_id(), name=name, position=position, mentionable=mentionable)
        role.permissions = named(permissions)
        guild.roles[role.id] = role
        body = {"guild_id": guild.id, "role": role_object(role)}
        self._world.announce(Event(name="GUILD_ROLE_CREATE", body=body, guild=guild))
        return role

    def give_role(self, guild_id: str, user_id: str, role_id: str, *, is_on: bool = True) -> None:
        """Give a member a role, or take it away."""
        guild = self._guild(guild_id)
        member = guild.members[user_id]
        member.role_ids = [item for item in member.role_ids if item != role_id] + ([role_id] if is_on else [])
        body = member_object(member) | {"guild_id": guild.id}
        self._world.announce(Event(name="GUILD_MEMBER_UPDATE", body=body, guild=guild))

    def add_channel(self, guild_id: str, name: str, *, kind: str = "text", topic: str | None = None) -> Channel:
        """Create a channel; `kind`: text, announcement, forum or category."""
        guild = self._guild(guild_id)
        channel = Channel(id=self._world.new_id(), type=ChannelType[kind.upper()], guild=guild, name=name, topic=topic)
        channel.position = len(guild.channels)
        guild.channels[channel.id] = channel
        self._tell_channel("CHANNEL_CREATE", channel)
        return channel

    def delete_channel(self, channel_id: str) -> None:
        """Delete a channel or a thread."""
        threads.remove_channel(self._world, self._channel(channel_id))

    def allow(
        self,
        channel_id: str,
        target_id: str,
        *,
        allow: Sequence[str] = (),
        deny: Sequence[str] = (),
    ) -> None:
        """Set what a channel allows and denies to a role or a member (a bot too); with neither, forget it.

        The permissions are named as Discord names them, in any case: "send_messages".
        """
        channel = self._channel(channel_id)
        guild = self._guild(channel.guild.id if channel.guild is not None else "")
        if target_id not in guild.roles and target_id not in guild.members:
            raise SimulatorError(f"There is no role or member {target_id} in guild {guild.id}.")
        overwrite = Overwrite(id=target_id, is_member=target_id in guild.members)
        overwrite.allow, overwrite.deny = _named(allow), _named(deny)
        channel.overwrites.pop(target_id, None)
        if allow or deny:
            channel.overwrites[target_id] = overwrite
        self._tell_channel("CHANNEL_UPDATE", channel)

    def set_role_permissions(self, guild_id: str, role_id: str, permissions: Sequence[str]) -> None:
        """Set what a role may do in the whole guild; the role with the guild's id is @everyone."""
        guild = self._guild(guild_id)
        role = guild.roles[role_id]
        role.permissions = _named(permissions)
        body = {"guild_id": guild.id, "role": role_object(role)}
        self._world.announce(Event(name="GUILD_ROLE_UPDATE", body=body, guild=guild))

    def take_permissions(self, bot_id: str, channel_id: str, permissions: Sequence[str]) -> None:
        """Take permissions from a bot in one channel."""
        self.allow(channel_id, bot_id, deny=permissions)

    def close_dms(self, user_id: str, *, is_closed: bool = True) -> None:
        """Let a person take no direct messages: bots get 403 50007."""
        self._user(user_id).takes_dms = not is_closed

    def rename_guild(self, guild_id: str, name: str) -> None:
        """Rename a guild."""
        guild = self._guild(guild_id)
        guild.name = name
        self._world.announce(Event(name="GUILD_UPDATE", body=guild_object(guild), guild=guild))

    # --- finding ----------------------------------------------------------------------------------------------------

    def _enter(self, guild: Guild, user: User) -> Member:
        if user.id not in guild.members:
            guild.members[user.id] = Member(user=user, joined_at=self._world.now())
        return guild.members[user.id]

    def _tell_arrival(self, guild: Guild, bot: Bot) -> None:
        body = guild_create_body(self._world, guild, bot, with_members="guild_members" in bot.privileged)
        self._world.announce(Event(name="GUILD_CREATE", body=body, only=bot.user.id))

    def _tell_channel(self, name: str, channel: Channel) -> None:
        self._world.announce(Event(name=name, body=channel_object(channel), guild=channel.guild, channel=channel))

    def _bot(self, bot_id: str = "") -> Bot:
        bots = [bot for bot in self._world.bots.values() if bot_id in {"", bot.user.id}]
        if len(bots) != 1:
            raise SimulatorError(f"{len(bots)} bots fit bot_id {bot_id!r}: name one that exists.")
        return bots[0]

    def _user(self, user_id: str) -> User:
        if user_id not in self._world.users:
            raise SimulatorError(f"There is no user {user_id}: create one with add_user.")
        return self._world.users[user_id]

    def _guild(self, guild_id: str) -> Guild:
        if guild_id not in self._world.guilds:
            raise SimulatorError(f"There is no guild {guild_id}: create one with add_guild.")
        return self._world.guilds[guild_id]

    def _channel(self, channel_id: str) -> Channel:
        channel = self._world.channel(channel_id)
        if channel is None:
            raise SimulatorError(f"There is no channel {channel_id}: create one with add_channel.")
        return channel

    def _message(self, channel: Channel, message_id: str) -> Json:
        if message_id in self._world.ephemeral:
            return self._world.ephemeral[message_id][1]
        if message_id not in channel.messages:
            raise SimulatorError(f"Message {message_id} is not in channel {channel.id}.")
        return channel.messages[message_id]


def _named(names: Sequence[str]) -> Permission:
    try:
        return named(names)
    except KeyError as error:
        raise SimulatorError(f"There is no permission {error}.") from None
