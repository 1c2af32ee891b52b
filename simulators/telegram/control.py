"""What people and tests do to the simulated Telegram: create, write, tap, block, break; and look at what the bots did.

Every public method is also ``POST /control/<name>`` with its arguments as a JSON object. Messages are returned as
the Bot API's JSON.
"""

import secrets
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from simulators.telegram import entities as text_entities
from simulators.telegram.faults import Fault, FaultKind, Faults, RateLimits
from simulators.telegram.journal import Call, Journal, SentMessage
from simulators.telegram.methods import Methods
from simulators.telegram.people import Attachment, content_of
from simulators.telegram.updates import Mailbox, pending_kinds
from simulators.telegram.wire import Json
from simulators.telegram.world import (
    ADMIN_RIGHTS,
    CHANNEL_BOT,
    GROUP_ANONYMOUS_BOT,
    PRESENT,
    SERVICE_USER,
    Bot,
    Chat,
    Member,
    SimulatorError,
    StoredFile,
    Topic,
    User,
    World,
)

_ALL_RIGHTS = (*ADMIN_RIGHTS, "can_pin_messages", "can_manage_topics", "can_post_messages", "can_edit_messages")


class Control:
    """The hand on the simulator. Ids are Telegram's own numbers. Raises `SimulatorError` for what cannot be."""

    def __init__(self, *, first_update_id: int, polling_penalties: bool, webhook_retry_s: float) -> None:
        self._world = World()
        self._journal = Journal()
        self._faults = Faults()
        self._methods = Methods(self._world, self._journal)
        self._first_update_id = first_update_id
        self._polling_penalties = polling_penalties
        self._webhook_retry_s = webhook_retry_s
        self.schema_errors: list[str] = []

    # --- accounts and chats -----------------------------------------------------------------------------------------

    def add_bot(
        self,
        token: str = "110201543:simulated",  # noqa: S107  a made-up token of a local server
        *,
        username: str = "firstline_bot",
        first_name: str = "Firstline",
        can_read_all_group_messages: bool = False,
    ) -> User:
        """Create a bot account; its user id is the number before the token's colon."""
        number, _, secret = token.partition(":")
        if not number.isdecimal() or not secret or token in self._world.bots:
            raise SimulatorError(f"A token is 'number:secret' and each is used once; this one is not: {token!r}")
        user = User(id=int(number), first_name=first_name, username=username, is_bot=True)
        mailbox = Mailbox(
            first_update_id=self._first_update_id,
            polling_penalties=self._polling_penalties,
            webhook_retry_s=self._webhook_retry_s,
        )
        bot = Bot(token=token, user=user, mailbox=mailbox, can_read_all_group_messages=can_read_all_group_messages)
        self._world.bots[token] = bot
        self._world.users[user.id] = user
        return user

    def add_user(
        self,
        first_name: str = "Alice",
        *,
        user_id: int | None = None,
        last_name: str | None = None,
        username: str | None = None,
        language_code: str | None = None,
    ) -> User:
        """Create a person. They have no chat with a bot until they write to it."""
        user = User(
            id=user_id or 5_000_000_000 + next(self._world.numbers),
            first_name=first_name,
            last_name=last_name,
            username=username,
            language_code=language_code,
        )
        self._world.users[user.id] = user
        return user

    def add_chat(  # noqa: PLR0913  a control's arguments are its JSON body, all by name
        self,
        title: str,
        *,
        kind: str = "supergroup",
        chat_id: int | None = None,
        username: str | None = None,
        is_forum: bool = False,
        linked_channel_id: int | None = None,
        members: Sequence[int] = (),
    ) -> Chat:
        """Create a group, supergroup or channel with members; a group may discuss the posts of a channel."""
        if kind not in {"group", "supergroup", "channel"}:
            raise SimulatorError(f"A chat is a group, supergroup or channel, not {kind!r}.")
        number = next(self._world.numbers)
        chat_id = chat_id or (-4_000_000 - number if kind == "group" else -1_002_000_000_000 - number)
        chat = Chat(id=chat_id, type=kind, title=title, username=username, is_forum=is_forum)
        self._world.groups[chat_id] = chat
        if linked_channel_id is not None:
            channel = self._chat(linked_channel_id)
            channel.linked_chat_id, chat.linked_chat_id = chat_id, linked_channel_id
        for user_id in members:
            chat.members[user_id] = Member(user=self._user(user_id), status="member")
        return chat

    def set_member(  # noqa: PLR0913  a control's arguments are its JSON body, all by name
        self,
        chat_id: int,
        user_id: int,
        status: str = "member",
        *,
        rights: Sequence[str] = _ALL_RIGHTS,
        is_anonymous: bool = False,
        by_user_id: int | None = None,
        quietly: bool = False,
    ) -> None:
        """Add, promote, restrict or remove a user or bot; the bots get the updates and service messages of that."""
        chat, user = self._chat(chat_id), self._user(user_id)
        old = chat.member(user)
        new = Member(user=user, status=status, is_anonymous=is_anonymous, rights=frozenset(rights))
        chat.members[user_id] = new
        if quietly:
            return
        actor = self._user(by_user_id) if by_user_id else user
        self._tell_membership(chat, actor, old, new)
        was_here, is_here = old.status in PRESENT, status in PRESENT
        if chat.type != "channel" and was_here != is_here:
            content = {"new_chat_members": [user.wire()]} if is_here else {"left_chat_member": user.wire()}
            self._world.post(chat, {"from": actor.wire()}, content, reply_to=None, thread_id=None)

    def add_topic(self, chat_id: int, name: str, *, by_user_id: int) -> int:
        """Create a forum topic and return its message_thread_id."""
        chat = self._chat(chat_id)
        if not chat.is_forum:
            raise SimulatorError("Topics exist in forums only: create the chat with is_forum.")
        thread_id = chat.last_message_id + 1
        chat.topics[thread_id] = Topic(name=name)
        content = {"forum_topic_created": {"name": name, "icon_color": 7322096}}
        sender = {"from": self._user(by_user_id).wire()}
        message = self._world.post(chat, sender, content, reply_to=None, thread_id=thread_id)
        return int(message["message_id"])

    def set_topic_closed(self, chat_id: int, thread_id: int, *, is_closed: bool = True) -> None:
        """Close a topic for everybody but administrators, or open it again."""
        self._chat(chat_id).topics[thread_id].is_closed = is_closed

    def migrate(self, chat_id: int) -> Chat:
        """Turn a group into a supergroup with another id; both get their service message."""
        old = self._chat(chat_id)
        new = self.add_chat(old.title or "", username=old.username)
        new.members = dict(old.members)
        sender = {"from": GROUP_ANONYMOUS_BOT.wire(), "sender_chat": old.wire()}
        self._world.post(old, sender, {"migrate_to_chat_id": new.id}, reply_to=None, thread_id=None)
        old.migrated_to = new.id
        sender = {"from": GROUP_ANONYMOUS_BOT.wire(), "sender_chat": new.wire()}
        self._world.post(new, sender, {"migrate_from_chat_id": chat_id}, reply_to=None, thread_id=None)
        return new

    def set_blocked(self, user_id: int, *, bot_id: int | None = None, is_blocked: bool = True) -> None:
        """Let a user block the bot in their private chat, or unblock it."""
        bot = self._bot(bot_id)
        chat = self._private(bot, self._user(user_id))
        old = chat.member(bot.user)
        new = Member(user=bot.user, status="kicked" if is_blocked else "member")
        chat.members[bot.user.id] = new
        self._tell_membership(chat, self._user(user_id), old, new)

    def deactivate(self, user_id: int) -> None:
        """Delete a user's account: bots get 403."""
        for (_, owner_id), chat in self._world.private.items():
            if owner_id == user_id:
                chat.is_deactivated = True

    # --- what people do ---------------------------------------------------------------------------------------------

    def write(  # noqa: PLR0913  a control's arguments are its JSON body, all by name
        self,
        user_id: int,
        text: str = "",
        *,
        chat_id: int | None = None,
        bot_id: int | None = None,
        reply_to: int | None = None,
        thread_id: int | None = None,
        attachment: Attachment | None = None,
        entities: list[Json] | None = None,
    ) -> Json:
        """Let a user write: to the bot in private where no chat is named. A file takes the text as its caption."""
        user = self._user(user_id)
        chat = self._private(self._bot(bot_id), user) if chat_id is None else self._chat(chat_id)
        if chat.type != "private" and chat.member(user).status not in PRESENT:
            chat.members[user_id] = Member(user=user, status="member")
        return self._say(
            chat,
            {"from": user.wire()},
            text,
            reply_to=reply_to,
            thread_id=thread_id,
            attachment=attachment,
            entities=entities,
        )

    def write_anonymously(
        self, chat_id: int, text: str, *, reply_to: int | None = None, thread_id: int | None = None
    ) -> Json:
        """Let an anonymous administrator write in the name of the group."""
        chat = self._chat(chat_id)
        sender = {"from": GROUP_ANONYMOUS_BOT.wire(), "sender_chat": chat.wire()}
        return self._say(chat, sender, text, reply_to=reply_to, thread_id=thread_id)

    def write_as_channel(
        self, channel_id: int, chat_id: int, text: str, *, reply_to: int | None = None, thread_id: int | None = None
    ) -> Json:
        """Let somebody write in a group in the name of a channel of theirs."""
        sender = {"from": CHANNEL_BOT.wire(), "sender_chat": self._chat(channel_id).wire()}
        return self._say(self._chat(chat_id), sender, text, reply_to=reply_to, thread_id=thread_id)

    def post(self, channel_id: int, text: str, *, attachment: Attachment | None = None) -> list[Json]:
        """Publish in a channel. Returns the post and, where a group discusses it, its automatic forward there.

        A comment is a message in that group that answers the forward.
        """
        channel = self._chat(channel_id)
        post = self._say(channel, {"sender_chat": channel.wire()}, text, attachment=attachment)
        if channel.linked_chat_id is None:
            return [post]
        origin = {"type": "channel", "date": post["date"], "chat": channel.wire(), "message_id": post["message_id"]}
        sender = {"from": SERVICE_USER.wire(), "sender_chat": channel.wire()}
        forward = {"is_automatic_forward": True, "forward_origin": origin}
        group = self._chat(channel.linked_chat_id)
        content = forward | content_of(text, self._stored(attachment), None)
        return [post, self._world.post(group, sender, content, reply_to=None, thread_id=None)]

    def edit(self, chat_id: int, message_id: int, text: str, *, bot_id: int | None = None) -> Json:
        """Let the author change the text, or the caption, of a message."""
        chat, message = self._message(chat_id, message_id, bot_id)
        name, found = ("text", "entities") if "text" in message else ("caption", "caption_entities")
        edited = {key: value for key, value in message.items() if key != found}
        edited |= {name: text, "edit_date": int(self._world.clock())}
        if marks := text_entities.found(text):
            edited[found] = marks
        chat.messages[message_id] = edited
        self._world.announce(chat, edited, edited=True)
        return edited

    def delete(self, chat_id: int, message_id: int, *, bot_id: int | None = None) -> None:
        """Let a person delete a message; Telegram tells no bot."""
        chat, _ = self._message(chat_id, message_id, bot_id)
        del chat.messages[message_id]

    def tap(  # noqa: PLR0913  a control's arguments are its JSON body, all by name
        self,
        user_id: int,
        message_id: int,
        button: str,
        *,
        chat_id: int | None = None,
        bot_id: int | None = None,
        is_old: bool = False,
    ) -> str:
        """Tap a button, named by its text or data, and return the callback query's id.

        The button must be there. `is_old`: the message is over 48 hours old, so that the bot sees only where it was.
        """
        user = self._user(user_id)
        chat, message = self._message(user_id if chat_id is None else chat_id, message_id, bot_id)
        rows = message.get("reply_markup", {}).get("inline_keyboard", [])
        buttons = [item for row in rows for item in row if button in (item["text"], item.get("callback_data"))]
        if not buttons or "callback_data" not in buttons[0]:
            raise SimulatorError(f"Message {message_id} has no button {button!r} that calls back.")
        query_id = str(secrets.randbits(62))
        self._world.callbacks.add(query_id)
        seen = {"message_id": message_id, "chat": chat.wire(), "date": 0} if is_old else message
        query: Json = {"id": query_id, "from": user.wire(), "chat_instance": str(abs(chat.id) * 31)}
        query |= {"message": seen, "data": buttons[0]["callback_data"]}
        author_id = message.get("from", {}).get("id")
        bots = [bot for bot in self._world.bots.values() if bot.user.id == author_id]
        for bot in bots or [self._bot(bot_id)]:
            bot.mailbox.push("callback_query", query)
        return query_id

    def expire_callback(self, query_id: str) -> None:
        """Let a callback query grow too old to be answered."""
        self._world.callbacks.discard(query_id)

    def push_raw(self, update: Json, *, bot_id: int | None = None) -> Json:
        """Queue an update exactly as given, however malformed; `update_id` is added where it is missing."""
        return self._bot(bot_id).mailbox.push_raw(update)

    # --- failures ---------------------------------------------------------------------------------------------------

    def arm(  # noqa: PLR0913  a control's arguments are its JSON body, all by name
        self,
        kind: str,
        *,
        method: str | None = None,
        chat_id: int | None = None,
        times: int = 1,
        seconds: float = 1.0,
        code: int = 500,
        description: str = "Internal Server Error",
    ) -> None:
        """Let the next fitting calls fail; see `FaultKind` and `Fault`."""
        fault = Fault(kind=FaultKind(kind), method=method, chat_id=chat_id, times_left=times, seconds=seconds)
        fault.code, fault.description = code, description
        self._faults.armed.append(fault)

    def disarm(self) -> None:
        """Forget the failures that have not happened."""
        self._faults.armed.clear()

    def set_rate_limits(
        self, *, is_on: bool = True, overall_per_s: int = 30, chat_burst: int = 3, group_per_minute: int = 20
    ) -> None:
        """Hold the bots to Telegram's limits, or stop to."""
        limits = RateLimits(overall_per_s=overall_per_s, chat_burst=chat_burst, group_per_minute=group_per_minute)
        self._methods.rate_limits = limits if is_on else None

    # --- what the bots did ------------------------------------------------------------------------------------------

    def sent(self, chat_id: int | None = None) -> list[SentMessage]:
        """Return the messages the bots sent, in order."""
        return [message for message in self._journal.sent if chat_id in (None, message.chat_id)]

    def calls(self, method: str | None = None) -> list[Call]:
        """Return the calls the bots made, in order; faults and long polls included."""
        return [call for call in self._journal.calls if method in (None, call.method)]

    def open_calls(self, at: datetime, method: str | None = "sendMessage", margin_s: float = 0.0) -> list[Call]:
        """Return the calls that a client killed at a moment may not have finished.

        `margin_s` also counts answers handed over that shortly before, which the client may not have stored yet.
        """
        return self._journal.open_calls(method, at, margin_s)

    async def wait_for_sent(
        self, wanted: int | Callable[[SentMessage], bool], timeout_s: float = 5.0, *, chat_id: int | None = None
    ) -> list[SentMessage]:
        """Wait until so many messages have been sent in all, or one that fits; return them. Raises `TimeoutError`."""
        return await self._journal.wait_for_sent(wanted, chat_id=chat_id, timeout_s=timeout_s)

    def history(self, chat_id: int, *, bot_id: int | None = None) -> list[Json]:
        """Return the messages of a chat as they are now."""
        return list(self._chat(chat_id, bot_id).messages.values())

    def pending(self, bot_id: int | None = None) -> list[str]:
        """Return the kinds of the updates that a bot has not confirmed, oldest first."""
        return pending_kinds(self._bot(bot_id).mailbox.pending)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _say(  # noqa: PLR0913  a control's arguments are its JSON body, all by name
        self,
        chat: Chat,
        sender: Json,
        text: str,
        *,
        reply_to: int | None = None,
        thread_id: int | None = None,
        attachment: Attachment | None = None,
        entities: list[Json] | None = None,
    ) -> Json:
        if reply_to is not None and reply_to not in chat.messages:
            raise SimulatorError(f"Message {reply_to} is not in chat {chat.id}.")
        if thread_id is not None and thread_id not in chat.messages:
            raise SimulatorError(f"Thread {thread_id} is not in chat {chat.id}.")
        content = content_of(text, self._stored(attachment), entities)
        return self._world.post(chat, sender, content, reply_to=reply_to, thread_id=thread_id)

    def _stored(self, attachment: Attachment | None) -> tuple[Attachment, StoredFile] | None:
        if attachment is None:
            return None
        number = next(self._world.numbers)
        suffix = "jpg" if attachment.kind == "photo" else attachment.name.rpartition(".")[2]
        path = f"{attachment.kind}s/file_{number}.{suffix}"
        file = StoredFile(file_id=f"AgAC{number:020d}", path=path, content=attachment.content)
        self._world.files[file.file_id] = file
        return attachment, file

    def _tell_membership(self, chat: Chat, actor: User, old: Member, new: Member) -> None:
        change = {
            "chat": chat.wire(),
            "from": actor.wire(),
            "date": int(time.time()),
            "old_chat_member": old.wire(chat.type),
            "new_chat_member": new.wire(chat.type),
        }
        for bot in self._world.bots.values():
            if bot.user.id == new.user.id:
                bot.mailbox.push("my_chat_member", change)
            elif chat.member(bot.user).status == "administrator":
                bot.mailbox.push("chat_member", change)

    def _bot(self, bot_id: int | None) -> Bot:
        bots = [bot for bot in self._world.bots.values() if bot_id in (None, bot.user.id)]
        if len(bots) != 1:
            raise SimulatorError(f"{len(bots)} bots fit bot_id {bot_id}: name one that exists.")
        return bots[0]

    def _user(self, user_id: int) -> User:
        if user_id not in self._world.users:
            raise SimulatorError(f"There is no user {user_id}: create one with add_user.")
        return self._world.users[user_id]

    def _chat(self, chat_id: int, bot_id: int | None = None) -> Chat:
        chat = self._world.groups.get(chat_id)
        chat = chat or self._world.private.get((self._bot(bot_id).user.id, chat_id))
        if chat is None:
            raise SimulatorError(f"There is no chat {chat_id}: create one with add_chat, or let the user write first.")
        return chat

    def _private(self, bot: Bot, user: User) -> Chat:
        key = (bot.user.id, user.id)
        if key not in self._world.private:
            chat = Chat(id=user.id, type="private", user=user)
            chat.members = {account.id: Member(user=account, status="member") for account in (user, bot.user)}
            self._world.private[key] = chat
        return self._world.private[key]

    def _message(self, chat_id: int, message_id: int, bot_id: int | None) -> tuple[Chat, Json]:
        chat = self._chat(chat_id, bot_id)
        if message_id not in chat.messages:
            raise SimulatorError(f"Message {message_id} is not in chat {chat_id}.")
        return chat, chat.messages[message_id]
