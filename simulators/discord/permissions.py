"""Who may do what where: Discord's bits, and how roles and a channel's overwrites add up."""

from __future__ import annotations

from enum import IntFlag
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulators.discord.world import Channel, Guild


class Permission(IntFlag):
    """The permissions that matter here, with Discord's numbers."""

    KICK_MEMBERS = 1 << 1
    BAN_MEMBERS = 1 << 2
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    MANAGE_ROLES = 1 << 28
    MANAGE_WEBHOOKS = 1 << 29
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38
    MODERATE_MEMBERS = 1 << 40
    PIN_MESSAGES = 1 << 51
    BYPASS_SLOWMODE = 1 << 52


ALL = Permission(sum(Permission))
NONE = Permission(0)
EVERYONE = (
    Permission.ADD_REACTIONS
    | Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.USE_APPLICATION_COMMANDS
    | Permission.CREATE_PUBLIC_THREADS
    | Permission.SEND_MESSAGES_IN_THREADS
)
"""What @everyone may do in a new guild of this simulator."""
MODERATOR = (
    Permission.KICK_MEMBERS
    | Permission.MANAGE_MESSAGES
    | Permission.MANAGE_THREADS
    | Permission.MENTION_EVERYONE
    | Permission.MODERATE_MEMBERS
    | Permission.PIN_MESSAGES
    | Permission.BYPASS_SLOWMODE
)
DIRECT = EVERYONE & ~(Permission.CREATE_PUBLIC_THREADS | Permission.SEND_MESSAGES_IN_THREADS)
"""What both sides may do in a direct message."""


def named(names: Iterable[str]) -> Permission:
    """Return the permissions of these names. Raises `KeyError` where there is none of that name."""
    found = NONE
    for name in names:
        found |= Permission[name.upper()]
    return found


def in_guild(guild: Guild, user_id: str) -> Permission:
    """Return what a member may do in the whole guild; nothing where they are no member."""
    member = guild.members.get(user_id)
    if member is None:
        return NONE
    granted = guild.roles[guild.id].permissions
    for role_id in member.role_ids:
        granted |= guild.roles[role_id].permissions
    if user_id == guild.owner_id or Permission.ADMINISTRATOR in granted:
        return ALL
    return granted


def in_channel(channel: Channel, user_id: str) -> Permission:
    """Return what somebody may do in a channel. A thread takes the overwrites of its parent."""
    if channel.guild is None:
        return DIRECT if any(user.id == user_id for user in channel.recipients) else NONE
    granted = in_guild(channel.guild, user_id)
    member = channel.guild.members.get(user_id)
    if member is None or Permission.ADMINISTRATOR in granted:
        return granted
    place = channel.guild.channels[channel.parent_id] if channel.is_thread else channel
    everyone = place.overwrites.get(channel.guild.id)
    if everyone is not None:
        granted = (granted & ~everyone.deny) | everyone.allow
    roles = [place.overwrites[role_id] for role_id in member.role_ids if role_id in place.overwrites]
    for overwrite in roles:
        granted &= ~overwrite.deny
    for overwrite in roles:
        granted |= overwrite.allow
    if (own := place.overwrites.get(user_id)) is not None:
        granted = (granted & ~own.deny) | own.allow
    return granted if Permission.VIEW_CHANNEL in granted else NONE


def may_speak(channel: Channel, user_id: str) -> bool:
    """Return whether somebody may write here; in a thread another permission counts than in its channel."""
    needed = Permission.SEND_MESSAGES_IN_THREADS if channel.is_thread else Permission.SEND_MESSAGES
    return needed in in_channel(channel, user_id)


def is_locked_out(channel: Channel, user_id: str) -> bool:
    """Return whether a thread is locked for somebody: for all but moderators."""
    return channel.is_locked and Permission.MANAGE_THREADS not in in_channel(channel, user_id)
