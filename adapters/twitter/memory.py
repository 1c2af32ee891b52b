"""What the adapter knows of X's timelines and must outlive a restart."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from adapters.base import Addressed
from adapters.twitter.targets import id_at, written_at

if TYPE_CHECKING:
    from adapters.base import IncomingMessage

_CLOCK_MAY_BE_AHEAD: Final = timedelta(minutes=5)
_MAX_WATCHED: Final = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A post that was delivered: its newest version, and what its deletion has to say."""

    latest_id: str
    conversation_key: str
    thread: str
    author_id: str


@dataclass(slots=True, kw_only=True)
class Memory:
    """`mentions` and `messages`: the newest ids that were delivered; `watched`: posts by the id of their first version.

    Those come first in `watched` that nobody has looked for the longest.
    On its first start the bot begins with what is written from then on.
    """

    mentions: str
    messages: str
    watched: dict[str, Watched] = field(default_factory=dict)
    looked_at: datetime

    def watch(self, message: IncomingMessage, latest_id: str) -> None:
        """Notice from now on when a post is deleted whose words are kept, or the complaint that it hands over."""
        if message.addressed is Addressed.AMBIENT:
            return
        if (known := self.watched.get(message.message_id)) is not None:
            self.watched[message.message_id] = replace(known, latest_id=latest_id)
            return
        place = {"conversation_key": message.conversation_key, "thread": message.reply_to.place}
        self.watched[message.message_id] = Watched(latest_id=latest_id, author_id=message.author.id, **place)
        parent = message.parent
        if parent and parent.text and parent.author:
            seen = Watched(latest_id=parent.message_id, author_id=parent.author.id, **place)
            self.watched.setdefault(parent.message_id, seen)

    def forget(self, before: datetime) -> None:
        """Watch no post any more that was written before, nor more than there is room for."""
        young = [first for first in sorted(self.watched, key=int) if written_at(first) >= before]
        kept = frozenset(young[-_MAX_WATCHED:])
        self.watched = {first: post for first, post in self.watched.items() if first in kept}

    def looked(self, post_id: str) -> None:
        """It is still there: all others are looked for before it is again."""
        if (post := self.watched.pop(post_id, None)) is not None:
            self.watched[post_id] = post

    def dump(self) -> str:
        """As JSON, for `Surroundings.save_state`."""
        watched = {
            first: [post.latest_id, post.conversation_key, post.thread, post.author_id]
            for first, post in self.watched.items()
        }
        stored = {"mentions": self.mentions, "messages": self.messages, "watched": watched}
        return json.dumps(stored | {"looked_at": self.looked_at.isoformat()})

    @classmethod
    def load(cls, dumped: str | None, *, now: datetime) -> Memory:
        """What `dump` gave, or the beginning."""
        if not dumped:
            beginning = id_at(now - _CLOCK_MAY_BE_AHEAD)
            return cls(mentions=beginning, messages=beginning, looked_at=now)
        stored: dict[str, Any] = json.loads(dumped)
        return cls(
            mentions=stored["mentions"],
            messages=stored["messages"],
            watched={
                first: Watched(latest_id=latest, conversation_key=key, thread=thread, author_id=author)
                for first, (latest, key, thread, author) in stored["watched"].items()
            },
            looked_at=datetime.fromisoformat(stored["looked_at"]).astimezone(UTC),
        )
