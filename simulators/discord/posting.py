"""How messages come to be, change and go, and what is said of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from simulators.discord.mentions import NOBODY, Pings
from simulators.discord.objects import channel_object, member_object, user_object
from simulators.discord.wire import Json
from simulators.discord.world import Channel, Event, MessageFlag, MessageType, User, World

REPLYABLE = frozenset(
    {MessageType.DEFAULT, MessageType.REPLY, MessageType.CHAT_INPUT_COMMAND, MessageType.CONTEXT_MENU_COMMAND}
)
"""The kinds of message that can be answered; the others are notes of the system."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message before it has an id. `extra`: further fields as Discord names them; `only_for` makes it ephemeral."""

    author: Json
    text: str = ""
    type: MessageType = MessageType.DEFAULT
    pings: Pings = NOBODY
    reply_to: Json | None = None
    components: Sequence[Json] = ()
    embeds: Sequence[Json] = ()
    attachments: Sequence[Json] = ()
    flags: int = 0
    only_for: str = ""
    extra: tuple[tuple[str, Any], ...] = ()
    message_id: str = ""  # where it is given: the starter of a forum post has the thread's


class Posting:
    """Puts messages into channels, changes them and takes them away; the bots that may see it are told."""

    def __init__(self, world: World) -> None:
        self._world = world

    def post(self, channel: Channel, draft: Draft) -> Json:
        """Put a message into a channel. A thread that was archived is opened by it, and its author joins."""
        message = self._made(channel, draft)
        if draft.only_for:
            self._world.ephemeral[message["id"]] = (draft.only_for, message)
            self._world.revision += 1
            return message
        channel.messages[message["id"]] = message
        channel.last_message_id = message["id"]
        if channel.is_thread:
            self._enliven(channel, draft.author["id"] if "webhook_id" not in message else "")
        self._world.announce(self._event("MESSAGE_CREATE", channel, message))
        return message

    def change(self, channel: Channel, message: Json, changes: Json, *, edited: bool = True) -> Json:
        """Replace fields of a message; `edited` notes when, as people see it."""
        changed = message | changes | ({"edited_timestamp": self._world.now()} if edited else {})
        if message["id"] in self._world.ephemeral:
            only_for, _ = self._world.ephemeral[message["id"]]
            self._world.ephemeral[message["id"]] = (only_for, changed)
            self._world.revision += 1
            return changed
        channel.messages[message["id"]] = changed
        self._world.announce(self._event("MESSAGE_UPDATE", channel, changed))
        return changed

    def remove(self, channel: Channel, message_ids: Sequence[str], *, at_once: bool = False) -> None:
        """Delete messages, one by one or all at once."""
        ids = [message_id for message_id in message_ids if channel.messages.pop(message_id, None) is not None]
        for message_id in message_ids:
            self._world.ephemeral.pop(message_id, None)
        where: Json = {"channel_id": channel.id}
        if channel.guild is not None:
            where["guild_id"] = channel.guild.id
        if at_once and ids:
            body = where | {"ids": ids}
            self._world.announce(Event(name="MESSAGE_DELETE_BULK", body=body, guild=channel.guild, channel=channel))
            return
        for message_id in ids:
            body = where | {"id": message_id}
            self._world.announce(Event(name="MESSAGE_DELETE", body=body, guild=channel.guild, channel=channel))

    def shown(self, message: Json) -> Json:
        """Return a message as it is shown now, with the message that it answers and the thread that grew from it."""
        body = dict(message)
        reference = message.get("message_reference")
        if reference is not None:
            place = self._world.channel(reference["channel_id"])
            parent = place.messages.get(reference.get("message_id", "")) if place is not None else None
            body["referenced_message"] = None if parent is None else dict(parent)
        thread = self._world.channel(message["id"]) if message["flags"] & MessageFlag.HAS_THREAD else None
        if thread is not None:
            body["thread"] = channel_object(thread)
        return body

    def _made(self, channel: Channel, draft: Draft) -> Json:
        flags = draft.flags | (MessageFlag.EPHEMERAL if draft.only_for else 0)
        message: Json = {
            "id": draft.message_id or self._world.new_id(),
            "type": int(draft.type),
            "channel_id": channel.id,
            "author": draft.author,
            "content": draft.text,
            "timestamp": self._world.now(),
            "edited_timestamp": None,
            "tts": False,
            "pinned": False,
            "mention_everyone": draft.pings.everyone,
            "mentions": [user_object(self._world.users[user_id]) for user_id in draft.pings.users],
            "mention_roles": list(draft.pings.roles),
            "attachments": list(draft.attachments),
            "embeds": list(draft.embeds),
            "components": numbered(draft.components),
            "flags": int(flags),
        }
        if draft.reply_to is not None:
            message["message_reference"] = reference_to(channel, draft.reply_to)
        if channel.is_thread:
            message["position"] = len(channel.messages)
        return message | dict(draft.extra)

    def _enliven(self, thread: Channel, author_id: str) -> None:
        if thread.is_archived:
            thread.is_archived = False
            thread.changed_at = self._world.now()
            self._world.announce(
                Event(name="THREAD_UPDATE", body=channel_object(thread), guild=thread.guild, channel=thread)
            )
        if author_id and author_id not in thread.joined:
            join(self._world, thread, author_id)

    def _event(self, name: str, channel: Channel, message: Json) -> Event:
        body = self.shown(message) | {"channel_type": int(channel.type)}
        if channel.guild is not None:
            body["guild_id"] = channel.guild.id
            member = channel.guild.members.get(message["author"]["id"])
            if member is not None and "webhook_id" not in message:
                body["member"] = member_object(member, with_user=False)
        return Event(name=name, body=body, guild=channel.guild, channel=channel, message=True)


def join(world: World, thread: Channel, user_id: str) -> None:
    """Let somebody join a thread."""
    assert thread.guild is not None  # noqa: S101  a thread stands in a guild
    thread.joined[user_id] = world.now()
    body = {
        "id": thread.id,
        "guild_id": thread.guild.id,
        "member_count": len(thread.joined),
        "added_members": [
            {"id": thread.id, "user_id": user_id, "join_timestamp": thread.joined[user_id], "flags": 0}
            | {"member": member_object(thread.guild.members[user_id]), "presence": None}
        ],
    }
    world.announce(Event(name="THREAD_MEMBERS_UPDATE", body=body, guild=thread.guild, channel=thread))


def reference_to(channel: Channel, message: Json) -> Json:
    """Return the reference to a message of the channel."""
    body: Json = {"type": 0, "channel_id": channel.id, "message_id": message["id"]}
    return body if channel.guild is None else body | {"guild_id": channel.guild.id}


def numbered(components: Sequence[Json]) -> list[Json]:
    """Return components as Discord gives them back: each with a number, and what it adds where it was left out."""
    numbers = count(1)

    def one(component: Json) -> Json:
        body: Json = {"id": next(numbers)} | component
        if body["type"] == 3:
            body = {"min_values": 1, "max_values": 1} | body
        if "components" in body:
            body["components"] = [one(child) for child in body["components"]]
        return {key: value for key, value in body.items() if value is not None}

    return [one(component) for component in components]


def system_draft(kind: MessageType, author: User, text: str = "") -> Draft:
    """Return a note of the system, which carries the name of who caused it."""
    return Draft(author=user_object(author), type=kind, text=text)
