"""The REST API of messages: send, look back, edit, delete."""

from typing import Any

from simulators.discord.content import MAX_NONCE_CHARS, Composer
from simulators.discord.dispatch import readable
from simulators.discord.journal import Journal
from simulators.discord.objects import user_object
from simulators.discord.permissions import Permission, in_channel
from simulators.discord.posting import REPLYABLE, Draft, Posting
from simulators.discord.rest import NO_CONTENT, Answer, Request, Routes, channel_of, message_of, need, need_speech
from simulators.discord.wire import ApiError, Json, invalid_form, snowflake
from simulators.discord.world import Bot, Channel, MessageType, World

_NONCE_KEPT_S = 300.0
_MAX_PAGE = 100
_BULK_AGE_MS = 14 * 24 * 3600 * 1000


class Messages:
    """Messages of guild channels, threads and direct messages."""

    def __init__(self, world: World, journal: Journal, posting: Posting, composer: Composer) -> None:
        self._world = world
        self._journal = journal
        self._posting = posting
        self._composer = composer
        self._nonces: dict[tuple[str, str], tuple[float, Channel, str]] = {}

    def routes(self) -> Routes:
        """Return what is served here."""
        one = "/channels/{channel_id}/messages/{message_id}"
        return {
            ("POST", "/channels/{channel_id}/messages"): self.create,
            ("GET", "/channels/{channel_id}/messages"): self.history,
            ("POST", "/channels/{channel_id}/messages/bulk-delete"): self.bulk_delete,
            ("GET", one): self.get,
            ("PATCH", one): self.edit,
            ("DELETE", one): self.delete,
            ("POST", "/channels/{channel_id}/typing"): self.typing,
        }

    def create(self, request: Request) -> Answer:
        """Send a message; one whose nonce is enforced is sent once, and a repeat gets the first."""
        channel = channel_of(self._world, request)
        form = request.form
        nonce = _nonce(form)
        if nonce and form.get("enforce_nonce") and (first := self._first(request.bot, nonce)) is not None:
            return 200, first
        need_speech(self._world, channel, request.bot)
        message = self.send(channel, request, form, nonce)
        if nonce:
            key = (request.bot.user.id, nonce)
            self._nonces[key] = (self._world.now_s(), channel, message["id"])
        return 200, self._posting.shown(message)

    def send(self, channel: Channel, request: Request, form: Json, nonce: str = "", message_id: str = "") -> Json:
        """Check what is to be said, say it and note it. Raises `ApiError`."""
        parent = self._parent(channel, request.bot, form)
        replied_to = parent["author"]["id"] if parent is not None and "webhook_id" not in parent else None
        content = self._composer.read(channel, request, form, replied_to)
        draft = Draft(
            author=user_object(request.bot.user),
            text=content.text,
            type=MessageType.REPLY if parent is not None else MessageType.DEFAULT,
            pings=content.pings,
            reply_to=parent,
            components=content.components,
            embeds=content.embeds,
            attachments=content.attachments,
            flags=content.flags,
            extra=(("nonce", form["nonce"]),) if nonce else (),
            message_id=message_id,
        )
        message = self._posting.post(channel, draft)
        self._journal.add_sent(request.bot.user.id, "message", message)
        return message

    def _first(self, bot: Bot, nonce: str) -> Json | None:
        at, channel, message_id = self._nonces.get((bot.user.id, nonce), (0.0, None, ""))
        if channel is None or self._world.now_s() - at > _NONCE_KEPT_S or message_id not in channel.messages:
            return None
        return self._posting.shown(channel.messages[message_id])

    def _parent(self, channel: Channel, bot: Bot, form: Json) -> Json | None:
        """Return the message that is answered; None where none is, or where it is gone and need not be there."""
        reference: Json | None = form.get("message_reference")
        if reference is None:
            return None
        if Permission.READ_MESSAGE_HISTORY not in in_channel(channel, bot.user.id):
            raise ApiError(403, 160002, "Cannot reply without permission to read message history")
        where = reference.get("channel_id")
        parent = channel.messages.get(snowflake(reference["message_id"]))
        is_elsewhere = where is not None and snowflake(where) != channel.id
        if parent is None or is_elsewhere:
            if reference.get("fail_if_not_exists", True):
                raise invalid_form("message_reference", "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message")
            return None
        if parent["type"] not in REPLYABLE:
            text = "Cannot reply to a system message"
            raise invalid_form("message_reference", "REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE", text)
        return parent

    def history(self, request: Request) -> Answer:
        """Look back: newest first, at most 100. Who may not read the history gets an empty list."""
        channel = channel_of(self._world, request)
        if not channel.holds_messages:
            raise ApiError(403, 50024, "Cannot execute action on this channel type")
        limit = _limit(request.query.get("limit", "50"))
        if Permission.READ_MESSAGE_HISTORY not in in_channel(channel, request.bot.user.id):
            return 200, []
        messages = sorted(channel.messages.values(), key=lambda message: int(message["id"]))
        chosen = _page(messages, request, limit)
        return 200, [self._as_read(request.bot, channel, message) for message in reversed(chosen)]

    def get(self, request: Request) -> Answer:
        """Return one message."""
        channel = channel_of(self._world, request)
        need(channel, request.bot, Permission.READ_MESSAGE_HISTORY)
        return 200, self._as_read(request.bot, channel, message_of(channel, request.params["message_id"]))

    def edit(self, request: Request) -> Answer:
        """Change an own message."""
        channel = channel_of(self._world, request)
        message = message_of(channel, request.params["message_id"])
        if message["author"]["id"] != request.bot.user.id:
            raise ApiError(403, 50005, "Cannot edit a message authored by another user")
        if channel.is_archived:
            raise ApiError(400, 50083, "Thread is archived")
        changes = self._composer.read_changes(channel, request, request.form, message)
        changed = self._posting.change(channel, message, changes)
        self._journal.add_edit(request.bot.user.id, changed)
        return 200, self._posting.shown(changed)

    def delete(self, request: Request) -> Answer:
        """Delete a message: one's own, or any with the right to manage messages."""
        channel = channel_of(self._world, request)
        message = message_of(channel, request.params["message_id"])
        if message["author"]["id"] != request.bot.user.id:
            if channel.guild is None:
                raise ApiError(403, 50003, "Cannot execute action on a DM channel")
            need(channel, request.bot, Permission.MANAGE_MESSAGES)
        self._posting.remove(channel, [message["id"]])
        return NO_CONTENT

    def bulk_delete(self, request: Request) -> Answer:
        """Delete 2 to 100 messages of the last two weeks."""
        channel = channel_of(self._world, request)
        need(channel, request.bot, Permission.MANAGE_MESSAGES)
        ids = [snowflake(item) for item in request.form.get("messages") or []]
        if not 2 <= len(ids) <= 100:
            raise invalid_form("messages", "BASE_TYPE_BAD_LENGTH", "Must be between 2 and 100 in length.")
        oldest = int(self._world.new_id()) - (_BULK_AGE_MS << 22)
        if any(int(message_id) < oldest for message_id in ids):
            raise ApiError(400, 50034, "You can only bulk delete messages that are under 14 days old.")
        self._posting.remove(channel, ids, at_once=True)
        return NO_CONTENT

    def typing(self, request: Request) -> Answer:
        """Show that something is being written."""
        need_speech(self._world, channel_of(self._world, request), request.bot)
        return NO_CONTENT

    def _as_read(self, bot: Bot, channel: Channel, message: Json) -> Json:
        may_read = "message_content" in bot.privileged
        shown = self._composer.refreshed(self._posting.shown(message))
        shown.pop("nonce", None)
        return readable(bot, shown, may_read=may_read, is_direct=channel.guild is None)


def _nonce(form: Json) -> str:
    nonce: Any = form.get("nonce")
    if nonce is None or nonce == "":
        return ""
    if len(str(nonce)) > MAX_NONCE_CHARS:
        raise invalid_form("nonce", "NONCE_TYPE_TOO_LONG", f"Must be {MAX_NONCE_CHARS} or fewer in length.")
    return str(nonce)


def _limit(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _MAX_PAGE:
        raise invalid_form("limit", "NUMBER_TYPE_MAX", "int value should be between 1 and 100.")
    return int(text)


def _page(messages: list[Json], request: Request, limit: int) -> list[Json]:
    """Return the page that is asked for, oldest first; `messages` is the whole channel, oldest first."""
    query = request.query
    if "around" in query:
        middle = int(snowflake(query["around"]))
        before = [message for message in messages if int(message["id"]) < middle][-(limit // 2) :]
        after = [message for message in messages if int(message["id"]) >= middle][: limit - len(before)]
        return before + after
    if "after" in query:
        start = int(snowflake(query["after"]))
        return [message for message in messages if int(message["id"]) > start][:limit]
    if "before" in query:
        end = int(snowflake(query["before"]))
        messages = [message for message in messages if int(message["id"]) < end]
    return messages[-limit:]
