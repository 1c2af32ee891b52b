"""What the adapter knows besides an update: its own account, and what chats became."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from telegram import Update

_MAX_THREADS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """What was learnt of chats and must outlive a restart.

    `moved` leads from a group's id to that of the supergroup it became. `comments` holds ``chat:thread`` of threads
    that are comments under a channel's post: a later comment's payload does not tell them from a chain of replies.
    """

    moved: Mapping[str, str] = field(default_factory=dict)
    comments: tuple[str, ...] = ()

    def current(self, chat_id: str) -> str:
        """Where the chat is now."""
        return self.moved.get(chat_id, chat_id)

    def original(self, chat_id: str) -> str:
        """The id under which the chat was first known, so that its conversations stay what they were."""
        return next((old for old, new in self.moved.items() if new == chat_id), chat_id)

    def learnt(self, update: Update) -> Places:
        """The same places, or more where this update tells of a move or of a thread of comments."""
        message = update.message
        if message is None:
            return self
        chat_id = str(message.chat.id)
        if message.migrate_to_chat_id:
            return self.with_move(chat_id, str(message.migrate_to_chat_id))
        if message.migrate_from_chat_id:
            return self.with_move(str(message.migrate_from_chat_id), chat_id)
        post = message if message.is_automatic_forward else message.reply_to_message
        if post is None or not post.is_automatic_forward:
            return self
        thread = f"{chat_id}:{post.message_id}"
        return self if thread in self.comments else replace(self, comments=(*self.comments, thread)[-_MAX_THREADS:])

    def with_move(self, old: str, new: str) -> Places:
        """The same places after a group became a supergroup (which happens once in its life)."""
        return self if self.moved.get(old) == new else replace(self, moved={**self.moved, old: new})

    def dump(self) -> str:
        """As JSON, for `Surroundings.save_state`."""
        return json.dumps({"moved": dict(self.moved), "comments": self.comments})

    @classmethod
    def load(cls, dumped: str | None) -> Places:
        """What `dump` gave, or nothing."""
        stored = json.loads(dumped) if dumped else {}
        return cls(moved=stored.get("moved", {}), comments=tuple(stored.get("comments", ())))


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The bot as Telegram knows it, and how it is configured."""

    name: str
    bot_id: str
    username: str
    help_channels: frozenset[str] = frozenset()
