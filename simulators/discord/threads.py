"""Threads and forum posts: how they begin, and what is told when they change."""

from simulators.discord.objects import channel_object, user_object
from simulators.discord.posting import Draft, Posting, reference_to
from simulators.discord.wire import ApiError, Json
from simulators.discord.world import Channel, ChannelType, Event, MessageFlag, MessageType, User, World


def begin(  # noqa: PLR0913  a thread is who, where, what
    world: World,
    posting: Posting,
    parent: Channel,
    owner: User,
    name: str,
    *,
    starter: Json | None = None,
    is_private: bool = False,
) -> Channel:
    """Begin a thread under a message, or without one, or (in a forum) as a post that still lacks its first message.

    Raises `ApiError` where the message has a thread already.
    """
    if starter is not None and starter["flags"] & MessageFlag.HAS_THREAD:
        raise ApiError(400, 160004, "A thread has already been created for this message")
    assert parent.guild is not None  # noqa: S101  there are no threads in direct messages
    now = world.now()
    thread = Channel(
        id=starter["id"] if starter is not None else world.new_id(),
        type=ChannelType.PRIVATE_THREAD if is_private else ChannelType.PUBLIC_THREAD,
        guild=parent.guild,
        name=name,
        parent_id=parent.id,
        owner_id=owner.id,
        changed_at=now,
        created_at=now,
        joined={owner.id: now},
    )
    parent.guild.channels[thread.id] = thread
    body = channel_object(thread) | {"newly_created": True}
    world.announce(Event(name="THREAD_CREATE", body=body, guild=thread.guild, channel=thread))
    if parent.type is ChannelType.FORUM:
        parent.last_message_id = thread.id
    elif starter is not None:
        posting.change(parent, starter, {"flags": starter["flags"] | MessageFlag.HAS_THREAD}, edited=False)
        quoting = Draft(author=user_object(owner), type=MessageType.THREAD_STARTER_MESSAGE, reply_to=starter)
        _post_first(posting, thread, parent, quoting, starter)
    else:
        extra = ("message_reference", {"type": 0, "channel_id": thread.id, "guild_id": parent.guild.id})
        note = Draft(author=user_object(owner), text=name, type=MessageType.THREAD_CREATED, extra=(extra,))
        posting.post(parent, note)
    return thread


def _post_first(posting: Posting, thread: Channel, parent: Channel, draft: Draft, starter: Json) -> None:
    extra = (("message_reference", reference_to(parent, starter)),)
    posting.post(thread, Draft(author=draft.author, type=draft.type, extra=extra))


def update(
    world: World, thread: Channel, *, archived: bool | None = None, locked: bool | None = None, name: str | None = None
) -> None:
    """Archive, lock or rename a thread, or undo it."""
    thread.is_archived = thread.is_archived if archived is None else archived
    thread.is_locked = thread.is_locked if locked is None else locked
    thread.name = name or thread.name
    thread.changed_at = world.now()
    world.announce(Event(name="THREAD_UPDATE", body=channel_object(thread), guild=thread.guild, channel=thread))


def remove_channel(world: World, channel: Channel) -> None:
    """Delete a channel, with its threads, or a thread."""
    assert channel.guild is not None  # noqa: S101  direct messages are not deleted
    guild = channel.guild
    if channel.is_thread:
        body: Json = {"id": channel.id, "type": int(channel.type), "guild_id": guild.id}
        body["parent_id"] = channel.parent_id
        world.announce(Event(name="THREAD_DELETE", body=body, guild=guild, channel=channel))
        del guild.channels[channel.id]
        return
    for thread in [item for item in guild.channels.values() if item.parent_id == channel.id]:
        del guild.channels[thread.id]
    del guild.channels[channel.id]
    world.announce(Event(name="CHANNEL_DELETE", body=channel_object(channel), guild=guild, channel=channel))
