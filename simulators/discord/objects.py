"""Discord's objects as JSON, with every field that its published schema demands."""

from typing import Any

from simulators.discord.permissions import in_channel
from simulators.discord.wire import Json
from simulators.discord.world import Bot, Channel, ChannelType, Guild, Member, Overwrite, Role, User, World

_VERIFY_KEY = "0" * 64
_INTENT_FLAGS = {"guild_presences": 1 << 13, "guild_members": 1 << 15, "message_content": 1 << 19}


def user_object(user: User) -> Json:
    """Return a User."""
    body: Json = {
        "id": user.id,
        "username": user.username,
        "global_name": user.global_name,
        "discriminator": "0",
        "avatar": None,
        "banner": None,
        "accent_color": None,
        "avatar_decoration_data": None,
        "primary_guild": None,
        "public_flags": 0,
        "flags": 0,
    }
    return body | {"bot": True} if user.is_bot else body


def own_user_object(bot: Bot) -> Json:
    """Return what a bot is told of itself."""
    private = {"mfa_enabled": True, "locale": "en-US", "verified": True, "email": None}
    return user_object(bot.user) | private


def application_object(bot: Bot) -> Json:
    """Return the application behind a bot; `flags` tell which privileged intents it was granted."""
    flags = sum(_INTENT_FLAGS[name] for name in bot.privileged)
    owner = User(id=str(int(bot.user.id) - 1), username="developer")
    return {
        "id": bot.user.id,
        "name": bot.user.username,
        "icon": None,
        "description": "",
        "type": None,
        "bot": user_object(bot.user),
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": _VERIFY_KEY,
        "flags": flags,
        "flags_new": str(flags),
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "owner": user_object(owner),
        "approximate_guild_count": 1,
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "team": None,
        "eligible_oauth2_scopes": [],
    }


def member_object(member: Member, *, with_user: bool = True) -> Json:
    """Return a GuildMember."""
    body: Json = {
        "avatar": None,
        "banner": None,
        "communication_disabled_until": None,
        "flags": 0,
        "joined_at": member.joined_at,
        "nick": member.nick,
        "pending": False,
        "premium_since": None,
        "roles": list(member.role_ids),
        "mute": False,
        "deaf": False,
    }
    return body | {"user": user_object(member.user)} if with_user else body


def role_object(role: Role) -> Json:
    """Return a Role."""
    body: Json = {
        "id": role.id,
        "name": role.name,
        "permissions": str(int(role.permissions)),
        "position": role.position,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": bool(role.bot_id),
        "mentionable": role.mentionable,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }
    return body | {"tags": {"bot_id": role.bot_id}} if role.bot_id else body


def overwrite_object(overwrite: Overwrite) -> Json:
    """Return an Overwrite."""
    return {
        "id": overwrite.id,
        "type": int(overwrite.is_member),
        "allow": str(int(overwrite.allow)),
        "deny": str(int(overwrite.deny)),
    }


def channel_object(channel: Channel, seen_by: str = "") -> Json:
    """Return a Channel of any kind. `seen_by`: a thread tells whom it is shown to whether they joined."""
    body: Json = {"id": channel.id, "type": int(channel.type), "flags": 0, "last_message_id": channel.last_message_id}
    if channel.guild is None:
        return body | {"recipients": [user_object(user) for user in channel.recipients if user.id != seen_by]}
    body |= {"guild_id": channel.guild.id, "name": channel.name, "parent_id": channel.parent_id or None}
    body |= {"rate_limit_per_user": 0}
    if channel.is_thread:
        body |= _thread_fields(channel)
        return body | {"member": thread_member_object(channel, seen_by)} if seen_by in channel.joined else body
    body |= {
        "position": channel.position,
        "topic": channel.topic,
        "nsfw": False,
        "permission_overwrites": [overwrite_object(overwrite) for overwrite in channel.overwrites.values()],
    }
    if channel.type is ChannelType.FORUM:
        body |= {"available_tags": [], "default_reaction_emoji": None, "default_sort_order": None}
        body |= {"default_forum_layout": 0}
    return body


def _thread_fields(thread: Channel) -> Json:
    count = len(thread.messages)
    return {
        "owner_id": thread.owner_id,
        "thread_metadata": {
            "archived": thread.is_archived,
            "archive_timestamp": thread.changed_at,
            "auto_archive_duration": 1440,
            "locked": thread.is_locked,
            "create_timestamp": thread.created_at,
        },
        "message_count": count,
        "member_count": len(thread.joined),
        "total_message_sent": count,
        "applied_tags": [],
    }


def thread_member_object(thread: Channel, user_id: str) -> Json:
    """Return a ThreadMember."""
    return {"id": thread.id, "user_id": user_id, "join_timestamp": thread.joined[user_id], "flags": 0}


def guild_object(guild: Guild) -> Json:
    """Return a Guild as the REST API gives it."""
    null_fields = (
        "icon", "description", "home_header", "splash", "discovery_splash", "banner", "application_id",
        "afk_channel_id", "system_channel_id", "widget_channel_id", "max_presences", "vanity_url_code",
        "rules_channel_id", "safety_alerts_channel_id", "public_updates_channel_id", "incidents_data",
    )  # fmt: skip
    zero_fields = (
        "system_channel_flags", "verification_level", "default_message_notifications", "mfa_level",
        "explicit_content_filter", "premium_tier", "premium_subscription_count", "nsfw_level",
    )  # fmt: skip
    body: Json = dict.fromkeys(null_fields) | dict.fromkeys(zero_fields, 0)
    return body | {
        "id": guild.id,
        "name": guild.name,
        "owner_id": guild.owner_id,
        "features": [],
        "region": "deprecated",
        "afk_timeout": 300,
        "widget_enabled": False,
        "roles": [role_object(role) for role in guild.roles.values()],
        "max_members": 500_000,
        "max_stage_video_channel_users": 50,
        "max_video_channel_users": 25,
        "preferred_locale": guild.locale,
        "premium_progress_bar_enabled": False,
        "nsfw": False,
        "emojis": [],
        "stickers": [],
    }


def guild_create_body(world: World, guild: Guild, bot: Bot, *, with_members: bool) -> Json:
    """Return the body of GUILD_CREATE: what a bot sees of a guild; of its members, only itself where not allowed."""
    threads = [item for item in guild.channels.values() if item.is_thread and world.sees(bot.user.id, item)]
    channels = [item for item in guild.channels.values() if not item.is_thread]  # hidden ones, too
    members = [member for member in guild.members.values() if with_members or member.user is bot.user]
    empty: dict[str, list[Any]] = {
        "voice_states": [], "presences": [], "stage_instances": [], "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }  # fmt: skip
    seen: Json = {
        "joined_at": guild.members[bot.user.id].joined_at,
        "large": False,
        "unavailable": False,
        "member_count": len(guild.members),
        "members": [member_object(member) for member in members],
        "channels": [channel_object(channel) for channel in channels],
        "threads": [channel_object(thread, bot.user.id) for thread in threads if not thread.is_archived],
    }
    return guild_object(guild) | empty | seen


def permissions_text(channel: Channel, user_id: str) -> str:
    """Return what somebody may do in a channel, as Discord writes it."""
    return str(int(in_channel(channel, user_id)))
