"""The state of the simulated Telegram: users, bots, chats, members, topics, files and every message."""

import re
import time
from dataclasses import dataclass, field
from itertools import count

from simulators.telegram.entities import sliced
from simulators.telegram.updates import Mailbox
from simulators.telegram.wire import ApiError, Json, bad_request

ADMIN_RIGHTS = (
    "can_manage_chat", "can_delete_messages", "can_manage_video_chats", "can_restrict_members",
    "can_promote_members", "can_change_info", "can_invite_users", "can_post_stories", "can_edit_stories",
    "can_delete_stories",
)  # fmt: skip
_SUPERGROUP_RIGHTS = ("can_pin_messages", "can_manage_topics")
_CHANNEL_RIGHTS = ("can_post_messages", "can_edit_messages")
PRESENT = frozenset({"creator", "administrator", "member", "restricted"})


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person or a bot."""

    id: int
    first_name: str
    is_bot: bool = False
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None

    def wire(self) -> Json:
        """Return the Bot API's User."""
        values: Json = {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name}
        optional = {"last_name": self.last_name, "username": self.username, "language_code": self.language_code}
        return values | {name: value for name, value in optional.items() if value is not None}


# Accounts of Telegram itself, with their real numbers.
SERVICE_USER = User(id=777000, first_name="Telegram")
GROUP_ANONYMOUS_BOT = User(id=1087968824, first_name="Group", username="GroupAnonymousBot", is_bot=True)
CHANNEL_BOT = User(id=136817688, first_name="Channel", username="Channel_Bot", is_bot=True)


@dataclass(slots=True, kw_only=True)
class Bot:
    """A bot account: its token, its user and its updates."""

    token: str
    user: User
    mailbox: Mailbox
    can_read_all_group_messages: bool = False
    commands: dict[str, list[Json]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """What a user is in a chat: creator, administrator, member, restricted, left or kicked."""

    user: User
    status: str
    is_anonymous: bool = False
    rights: frozenset[str] = frozenset()

    def wire(self, chat_type: str) -> Json:
        """Return the Bot API's ChatMember of the fitting kind."""
        values: Json = {"user": self.user.wire(), "status": self.status}
        if self.status in {"creator", "administrator"}:
            values["is_anonymous"] = self.is_anonymous
        if self.status == "administrator":
            names = ADMIN_RIGHTS + (_CHANNEL_RIGHTS if chat_type == "channel" else _SUPERGROUP_RIGHTS)
            values |= {"can_be_edited": False} | {name: name in self.rights for name in names}
        if self.status == "kicked":
            values["until_date"] = 0
        return values

    def may(self, right: str) -> bool:
        """Return whether this member holds an administrator's right."""
        return self.status == "creator" or (self.status == "administrator" and right in self.rights)


@dataclass(slots=True, kw_only=True)
class Topic:
    """A forum topic; its id is that of the service message which created it."""

    name: str
    is_closed: bool = False


@dataclass(slots=True, kw_only=True)
class Chat:
    """A chat and its history. Stored messages are never changed in place: an edit replaces them."""

    id: int
    type: str
    title: str | None = None
    username: str | None = None
    is_forum: bool = False
    user: User | None = None  # the person of a private chat
    linked_chat_id: int | None = None
    migrated_to: int | None = None
    members: dict[int, Member] = field(default_factory=dict)
    topics: dict[int, Topic] = field(default_factory=dict)
    messages: dict[int, Json] = field(default_factory=dict)
    last_message_id: int = 0
    last_bot_id: int | None = None
    is_deactivated: bool = False

    def wire(self) -> Json:
        """Return the Bot API's Chat."""
        values: Json = {"id": self.id, "type": self.type}
        if self.user is not None:
            values |= {key: value for key, value in self.user.wire().items() if key in _NAMES}
        optional = {"title": self.title, "username": self.username, "is_forum": self.is_forum or None}
        return values | {name: value for name, value in optional.items() if value is not None}

    def member(self, user: User) -> Member:
        """Return what a user is here; ``left`` where they never were."""
        return self.members.get(user.id) or Member(user=user, status="left")


_NAMES = frozenset({"first_name", "last_name", "username"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file that a bot can fetch; `path` is the last part of its address."""

    file_id: str
    path: str
    content: bytes


class World:
    """Everything there is, and the rules by which a message reaches the bots."""

    def __init__(self) -> None:
        self.users: dict[int, User] = {}
        self.bots: dict[str, Bot] = {}
        self.groups: dict[int, Chat] = {}
        self.private: dict[tuple[int, int], Chat] = {}  # by bot and user: each bot has its own chat with a person
        self.files: dict[str, StoredFile] = {}
        self.callbacks: set[str] = set()
        self.numbers = count(1)
        self.clock = time.time

    def chat_for(self, bot: Bot, chat_id: object) -> Chat:
        """Find the chat a bot names by number or @username. Raises `ApiError` as the real server."""
        if chat_id in (None, ""):
            raise bad_request("chat_id is empty")
        name = str(chat_id)
        if name.startswith("@"):
            chats = (chat for chat in self.groups.values() if (chat.username or "").lower() == name[1:].lower())
            chat = next(chats, None)
        else:
            number = int(name) if re.fullmatch(r"-?\d{1,18}", name) else 0
            chat = self.groups.get(number) or self.private.get((bot.user.id, number))
            if chat is None and number in self.users:
                raise ApiError(403, "Forbidden: bot can't initiate conversation with a user")
        if chat is None or (chat.type != "private" and bot.user.id not in chat.members and chat.username is None):
            raise bad_request("chat not found")
        return chat

    def post(  # noqa: PLR0913  a message is a place, a sender and a content
        self,
        chat: Chat,
        sender: Json,
        content: Json,
        *,
        reply_to: int | None = None,
        thread_id: int | None = None,
        author: Bot | None = None,
    ) -> Json:
        """Put a message into a chat; the bots that may see it get an update."""
        chat.last_message_id += 1
        message: Json = {
            "message_id": chat.last_message_id,
            "date": int(self.clock()),
            "chat": chat.wire(),
            **sender,
            **_threading(chat, reply_to, thread_id),
            **content,
        }
        chat.messages[chat.last_message_id] = message
        self.announce(chat, message, edited=False, author=author)
        return message

    def announce(self, chat: Chat, message: Json, *, edited: bool, author: Bot | None = None) -> None:
        """Send a message, or its edit, to every bot that may see it; never to its author."""
        kind = "channel_post" if chat.type == "channel" else "message"
        for bot in self.bots.values():
            if bot is not author and self._sees(bot, chat, message):
                bot.mailbox.push(f"edited_{kind}" if edited else kind, message)

    def _sees(self, bot: Bot, chat: Chat, message: Json) -> bool:
        if chat.type == "private":
            return self.private.get((bot.user.id, chat.id)) is chat
        membership = chat.members.get(bot.user.id)
        if membership is None or membership.status not in PRESENT:
            return False
        sender = message.get("from", {})
        # A bot never hears itself or another bot; Telegram's own accounts stand for people.
        if sender.get("is_bot") and "sender_chat" not in message and sender["id"] in chat.members:
            return False
        if chat.type == "channel" or bot.can_read_all_group_messages:
            return True
        return membership.status in {"administrator", "creator"} or _is_meant_for(bot, chat, message)


def _is_meant_for(bot: Bot, chat: Chat, message: Json) -> bool:
    """Privacy mode: service messages, replies to the bot, mentions of it, and commands to it."""
    text = message.get("text", message.get("caption"))
    if text is None:
        return not any(kind in message for kind in ("document", "photo"))
    if message.get("reply_to_message", {}).get("from", {}).get("id") == bot.user.id:
        return True
    name = f"@{bot.user.username}".lower()
    marks: list[Json] = message.get("entities") or message.get("caption_entities") or []
    for entity in marks:
        part = sliced(text, entity).lower()
        if entity["type"] == "mention" and part == name:
            return True
        if entity["type"] == "text_mention" and entity["user"]["id"] == bot.user.id:
            return True
        # A bare command goes to the bot that spoke last (to all where none did).
        if entity["type"] == "bot_command" and (
            part.endswith(name) or ("@" not in part and chat.last_bot_id in (None, bot.user.id))
        ):
            return True
    return False


def _threading(chat: Chat, reply_to: int | None, thread_id: int | None) -> Json:
    """Return the fields that place a message: its thread, and the message it answers.

    As on the real wire, whatever is written in a topic answers at least the message that created the topic, and in a
    supergroup without topics the thread is the first message of the chain of replies.
    """
    parent = chat.messages.get(reply_to) if reply_to is not None else None
    if thread_id is None and parent is not None and chat.type == "supergroup":
        thread_id = parent.get("message_thread_id")
        if thread_id is None and not chat.is_forum:
            thread_id = parent["message_id"]
    if parent is None and thread_id is not None:
        parent = chat.messages.get(thread_id)
    fields: Json = {}
    if parent is not None:
        fields["reply_to_message"] = {key: value for key, value in parent.items() if key != "reply_to_message"}
    if thread_id is not None:
        fields["message_thread_id"] = thread_id
        if thread_id in chat.topics:
            fields["is_topic_message"] = True
    return fields
