"""What `firstline check` says about a bot on Discord, and the commands it registers."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

import discord

from adapters.base import Profile
from adapters.discord.interactions import are_registered, definitions
from adapters.discord.wire import FAILURES, told
from config.findings import Finding

if TYPE_CHECKING:
    from adapters.discord.settings import Settings
    from adapters.discord.wire import Client

logger = logging.getLogger(__name__)

PROFILE: Final = Profile(
    title="Discord",
    hears="Direct messages, mentions, replies to it, slash commands and the context menu; with the message content "
    "intent every message of its help channels, their threads and forum posts",
    speaks="In answer to these, under the message that asked; to a slash command only its user reads the answer",
    private="Direct messages; answers that only one person sees",
    moderator="Context menu on a message: Open a support ticket; or a reply with `!ticket` or a mention and `ticket`",
    buttons="Yes",
    longest="2,000 characters a message, longer texts in several",
    certainty="A nonce that Discord keeps for some minutes, then a look at the channel",
    costs="Nothing",
    forbidden="Reading messages that do not name it without the message content intent (to be approved by Discord from "
    "10,000 users on); writing first to people who share no server with it",
)

_PORTAL: Final = "discord.com/developers/applications"
_NEEDED: Final = {
    "view_channel": "View Channel",
    "send_messages": "Send Messages",
    "send_messages_in_threads": "Send Messages in Threads",
    "read_message_history": "Read Message History",
}


async def register(client: Client) -> bool:
    """Register the commands, where others are registered; whether that was needed. Raises the SDK's errors."""
    application_id = client.application_id
    if application_id is None:
        raise ValueError("no application is known")
    path = "/applications/{application_id}/commands"
    found = await client.call("GET", path, application_id=application_id, params={"with_localizations": "true"})
    if are_registered(found):
        return False
    await client.call("PUT", path, application_id=application_id, json=definitions())
    logger.info("Discord: the slash commands are registered.", extra={"action": "commands_registered"})
    return True


async def findings(settings: Settings, client: Client) -> list[Finding]:
    """What the bot may and may not do, without starting a session."""
    try:
        async with client:
            await client.login(settings.token.get_secret_value())
            return await _found(settings, client)
    except discord.LoginFailure:
        cure = f"Make a new one: {_PORTAL}, Bot, Reset Token."
        return [Finding(ok=False, text="Discord refuses the token.", cure=cure)]
    except FAILURES as error:
        cure = "Check the network, and `api_base` if you changed it."
        return [Finding(ok=False, text=f"Discord cannot be reached ({told(error)}).", cure=cure)]


async def _found(settings: Settings, client: Client) -> list[Finding]:
    user = client.user
    name = user.name if user else ""
    guilds = [guild async for guild in client.fetch_guilds(limit=200)]
    found = [Finding(ok=True, text=f"Logged in as {name} (id {user.id if user else ''}).")]
    found.append(_content(settings, client))
    if guilds:
        names = ", ".join(guild.name for guild in guilds[:10]) + (", …" if len(guilds) > 10 else "")  # noqa: PLR2004
        found.append(Finding(ok=True, text=f"The bot is in {len(guilds)} servers: {names}"))
    else:
        address = (
            f"https://discord.com/oauth2/authorize?client_id={client.application_id}&scope=bot+applications.commands"
        )
        found.append(Finding(ok=False, text="The bot is in no server.", cure=f"Invite it: {address}"))
    found.extend([await _help_channel(client, channel_id) for channel_id in settings.help_channels])
    found.append(await _commands(client))
    starts = (await client.call("GET", "/gateway/bot")).get("session_start_limit") or {}
    left, total = starts.get("remaining"), starts.get("total")
    if isinstance(left, int):
        text = f"Discord lets the bot start {left} more sessions of {total} in these 24 hours."
        found.append(Finding(ok=left > 0, text=text, cure="" if left else "Wait; find out why it starts so often."))
    return found


def _content(settings: Settings, client: Client) -> Finding:
    flags = client.application_flags
    granted = flags.gateway_message_content or flags.gateway_message_content_limited
    cure = f"For help channels: {_PORTAL}, Bot, Privileged Gateway Intents, Message Content Intent."
    if settings.intents == "mentions":
        return Finding(ok=True, text="The bot reads only what names it, as configured (intents = mentions).")
    if granted:
        return Finding(ok=True, text="The bot may read every message of the channels it sees (message content intent).")
    text = "The bot may read only mentions, replies, direct messages, slash commands and the context menu."
    return Finding(ok=settings.intents == "auto" and not settings.help_channels, text=text, cure=cure)


async def _help_channel(client: Client, channel_id: str) -> Finding:
    try:
        channel: Any = await client.fetch_channel(int(channel_id))
        guild = await client.fetch_guild(channel.guild.id, with_counts=False)
        member = await guild.fetch_member(client.user.id if client.user else 0)
        # A thread has the rights of what it hangs under.
        above: Any = channel
        if isinstance(channel, discord.Thread):
            above = await client.fetch_channel(channel.parent_id)
        above.guild = guild  # without a session, the SDK knows no roles
        permissions = above.permissions_for(member)
    except FAILURES as error:
        cure = "Check the id; invite the bot to the server; give it the right View Channel."
        return Finding(ok=False, text=f"Help channel {channel_id} cannot be seen ({told(error)}).", cure=cure)
    missing = [title for right, title in _NEEDED.items() if not getattr(permissions, right)]
    if missing:
        text = f"In help channel #{channel.name} the bot lacks rights: {', '.join(missing)}."
        return Finding(ok=False, text=text, cure="Give them to the bot's role, or in the channel's own settings.")
    return Finding(ok=True, text=f"In help channel #{channel.name} the bot has all the rights it needs.")


async def _commands(client: Client) -> Finding:
    path = "/applications/{application_id}/commands"
    found = await client.call("GET", path, application_id=client.application_id, params={"with_localizations": "true"})
    if are_registered(found):
        return Finding(ok=True, text="The slash commands and the context menu are registered.")
    return Finding(ok=True, text="The slash commands and the context menu are registered when the bot starts.")
