"""The state of the simulated Discord: users, bots, guilds, roles, channels, threads and every message."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum

from simulators.discord.permissions import EVERYONE, NONE, Permission, in_channel
from simulators.discord.wire import Json, iso

_DISCORD_EPOCH_MS = 1_420_070_400_000


class ChannelType(IntEnum):
    """Discord's numbers."""

    TEXT = 0
    DM = 1
    CATEGORY = 4
    ANNOUNCEMENT = 5
    PUBLIC_THREAD = 11
    PRIVATE_THREAD = 12
    FORUM = 15


class MessageType(IntEnum):
    """Discord's numbers; everything but DEFAULT, REPLY and the two commands is a note of the system."""

    DEFAULT = 0
    PINNED = 6
    USER_JOIN = 7
    THREAD_CREATED = 18
    REPLY = 19
    CHAT_INPUT_COMMAND = 20
    THREAD_STARTER_MESSAGE = 21
    CONTEXT_MENU_COMMAND = 23


class MessageFlag(IntEnum):
    """Discord's bits."""

    SUPPRESS_EMBEDS = 1 << 2
    HAS_THREAD = 1 << 5
    EPHEMERAL = 1 << 6
    LOADING = 1 << 7
    SUPPRESS_NOTIFICATIONS = 1 << 12


@dataclass(slots=True, kw_only=True)
class User:
    """A person or a bot. `locale` is the language of their client."""

    id: str
    username: str
    global_name: str | None = None
    is_bot: bool = False
    locale: str = "en-US"
    takes_dms: bool = True


@dataclass(slots=True, kw_only=True)
class Bot:
    """An application with its bot user, which share an id. `privileged` names the privileged intents it was granted."""

    token: str
    user: User
    privileged: frozenset[str]
    commands: dict[str, list[Json]] = field(default_factory=dict)  # by guild, "" for everywhere
    is_token_reset: bool = False


@dataclass(slots=True, kw_only=True)
class Role:
    """A role; the one with the guild's id is @everyone."""

    id: str
    name: str
    permissions: Permission = NONE
    position: int = 0
    mentionable: bool = False
    bot_id: str = ""  # of the role that came with a bot


@dataclass(slots=True, kw_only=True)
class Overwrite:
    """What a channel allows and denies to a role or a member."""

    id: str
    is_member: bool
    allow: Permission = NONE
    deny: Permission = NONE


@dataclass(slots=True, kw_only=True)
class Member:
    """A user in a guild."""

    user: User
    joined_at: str
    role_ids: list[str] = field(default_factory=list)
    nick: str | None = None


@dataclass(slots=True, kw_only=True)
class Guild:
    """A guild ("server"); threads stand beside the channels."""

    id: str
    name: str
    owner_id: str
    locale: str = "en-US"
    roles: dict[str, Role] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    channels: dict[str, "Channel"] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Channel:
    """A channel, thread or direct message with its history. Messages are never changed in place: edits replace them."""

    id: str
    type: ChannelType
    guild: Guild | None = None
    name: str = ""
    topic: str | None = None
    parent_id: str = ""
    position: int = 0
    overwrites: dict[str, Overwrite] = field(default_factory=dict)
    recipients: tuple[User, ...] = ()  # of a direct message: the person and the bot
    messages: dict[str, Json] = field(default_factory=dict)
    last_message_id: str | None = None
    # Of threads:
    owner_id: str = ""
    is_archived: bool = False
    is_locked: bool = False
    changed_at: str = ""
    created_at: str = ""
    joined: dict[str, str] = field(default_factory=dict)  # user -> since when

    @property
    def is_thread(self) -> bool:
        """Whether this is a thread or a post in a forum."""
        return self.type in {ChannelType.PUBLIC_THREAD, ChannelType.PRIVATE_THREAD}

    @property
    def holds_messages(self) -> bool:
        """Whether one can write here; in a forum one can only open a post."""
        return self.type not in {ChannelType.FORUM, ChannelType.CATEGORY}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something bots are told. It reaches those who are in the guild and see the channel; `only` names one bot.

    `message` says that `body` holds a message, whose content not everybody may read.
    """

    name: str
    body: Json
    guild: Guild | None = None
    channel: Channel | None = None
    only: str = ""
    message: bool = False


class World:
    """Everything there is. `tell` hands each event to the gateway."""

    def __init__(self) -> None:
        self.users: dict[str, User] = {}
        self.bots: dict[str, Bot] = {}
        self.guilds: dict[str, Guild] = {}
        self.direct: dict[tuple[str, str], Channel] = {}  # by bot and person
        self._direct_by_id: dict[str, Channel] = {}
        self.ephemeral: dict[str, tuple[str, Json]] = {}  # message -> who sees it, and the message
        self.files: dict[str, bytes] = {}
        self.tell: Callable[[Event], None] = lambda _event: None
        self.clock: Callable[[], float] = time.time
        self.skew_s = 0.0
        self.revision = 0
        self._last_id = 0

    def now_s(self) -> float:
        """Return the time of this world, which the control can turn forward."""
        return self.clock() + self.skew_s

    def now(self) -> str:
        """Return the time as Discord writes it."""
        return iso(self.now_s())

    def new_id(self) -> str:
        """Return the next snowflake: ordered by time, never twice."""
        by_time = (int(self.now_s() * 1000) - _DISCORD_EPOCH_MS) << 22
        self._last_id = max(by_time, self._last_id + 1)
        return str(self._last_id)

    def announce(self, event: Event) -> None:
        """Tell the bots, and note that the world has changed."""
        self.revision += 1
        self.tell(event)

    def channels(self) -> Iterator[Channel]:
        """Go through all channels, threads and direct messages."""
        for guild in self.guilds.values():
            yield from guild.channels.values()
        yield from self.direct.values()

    def channel(self, channel_id: str) -> Channel | None:
        """Find a channel, thread or direct message."""
        for guild in self.guilds.values():
            if (found := guild.channels.get(channel_id)) is not None:
                return found
        return self._direct_by_id.get(channel_id)

    def bot(self, bot_id: str) -> Bot | None:
        """Find a bot by its user's id, which is its application's too."""
        return next((bot for bot in self.bots.values() if bot.user.id == bot_id), None)

    def direct_channel(self, bot: Bot, user: User) -> Channel:
        """Return the direct message between a bot and a person; it is made where there was none."""
        key = (bot.user.id, user.id)
        if key not in self.direct:
            channel = Channel(id=self.new_id(), type=ChannelType.DM, recipients=(user, bot.user))
            self.direct[key] = self._direct_by_id[channel.id] = channel
        return self.direct[key]

    def new_guild(self, name: str, owner: User, locale: str) -> Guild:
        """Make a guild that holds its owner and the role @everyone, and nothing else."""
        guild = Guild(id=self.new_id(), name=name, owner_id=owner.id, locale=locale)
        guild.roles[guild.id] = Role(id=guild.id, name="@everyone", permissions=EVERYONE)
        guild.members[owner.id] = Member(user=owner, joined_at=self.now())
        self.guilds[guild.id] = guild
        return guild

    def sees(self, user_id: str, channel: Channel) -> bool:
        """Return whether somebody may see a channel; a private thread is seen by those in it and by moderators."""
        granted = in_channel(channel, user_id)
        if channel.type is ChannelType.PRIVATE_THREAD and user_id not in channel.joined:
            return Permission.MANAGE_THREADS in granted
        return Permission.VIEW_CHANNEL in granted
