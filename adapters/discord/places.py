"""What the adapter knows besides a payload: its own account, the place, and what must outlive a restart."""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias, TypeVar

V = TypeVar("V")
Roles: TypeAlias = "tuple[tuple[str, ...], str]"
"""Somebody's roles and where they were read from; the source is "" where the look-up failed."""

_EPOCH_MS = 1_420_070_400_000  # Discord counts from 2015
_MAX_DIRECT = 100
_MAX_AUTHORS = 5000
_SLACK = timedelta(seconds=60)  # ids of different channels do not arrive in their order


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The bot as Discord knows it, and how it is configured."""

    name: str
    bot_id: str
    help_channels: frozenset[str] = frozenset()
    moderators: frozenset[str] = frozenset()
    moderator_roles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A channel, a thread in one, a post in a forum, or a direct conversation.

    `owner_id` is who began the thread, `bot_role_id` the role that stands for the bot in this server.
    """

    id: str
    kind: Literal["dm", "channel", "thread", "post"]
    guild_id: str = ""
    parent_id: str = ""
    title: str = ""
    owner_id: str = ""
    bot_role_id: str = ""

    @property
    def is_thread(self) -> bool:
        """Whether it hangs under a channel or a forum."""
        return self.kind in {"thread", "post"}


def said_at(snowflake: str) -> datetime:
    """When the thing with this id came to be."""
    return datetime.fromtimestamp(((int(snowflake) >> 22) + _EPOCH_MS) / 1000, UTC)


def snowflake(at: datetime) -> int:
    """The smallest id of that millisecond."""
    return max(0, int(at.timestamp() * 1000) - _EPOCH_MS) << 22


@dataclass
class Memory:
    """How far everything was received, and whose the messages were.

    `mark` is the newest message handed on, of any channel; `gaps` are channels of which what was said after a message
    is still to be read, `archives` help channels whose archived threads are still to be looked through for such, and
    `absent` servers that are not there now, with the message up to which they were heard; `direct` are the direct
    conversations last heard from, which Discord does not list; `authors` says who wrote a message that the bot may hold
    words of, as a deletion does not.
    """

    mark: int = 0
    gaps: dict[str, int] = field(default_factory=dict)
    archives: dict[str, int] = field(default_factory=dict)
    absent: dict[str, int] = field(default_factory=dict)
    direct: OrderedDict[str, None] = field(default_factory=OrderedDict)
    authors: OrderedDict[str, str] = field(default_factory=OrderedDict)

    def heard(self, message_id: str) -> None:
        """A message was handed on."""
        if message_id.isdecimal():
            self.mark = max(self.mark, int(message_id))

    def missed(self, channel_id: str) -> None:
        """A message of this channel was let go by; it is read again later."""
        self.gaps.setdefault(channel_id, self._behind_mark())

    def lost(self, server_id: str) -> None:
        """A server is not there now."""
        if self.mark:
            self.absent.setdefault(server_id, self._behind_mark())

    def wrote(self, message_id: str, author_id: str) -> None:
        """Remember whose words the bot holds."""
        _remember(self.authors, message_id, author_id, _MAX_AUTHORS)

    def talked(self, channel_id: str) -> None:
        """Remember a direct conversation."""
        _remember(self.direct, channel_id, None, _MAX_DIRECT)

    def since(self, furthest: timedelta, now: datetime) -> int:
        """After which id to read what was missed."""
        return max(snowflake(now - furthest), self._behind_mark()) if self.mark else snowflake(now)

    def _behind_mark(self) -> int:
        return snowflake(said_at(str(self.mark)) - _SLACK)

    def dump(self) -> str:
        """As JSON, for `Surroundings.save_state`; without `authors`, which are many."""
        direct = [*self.direct]
        return json.dumps(
            {"mark": self.mark, "gaps": self.gaps, "archives": self.archives, "absent": self.absent, "direct": direct}
        )

    def dump_authors(self) -> str:
        """The rest, as JSON."""
        return json.dumps(self.authors)

    @classmethod
    def load(cls, dumped: str | None, authors: str | None = None) -> Memory:
        """What `dump` and `dump_authors` gave, or nothing."""
        stored = json.loads(dumped) if dumped else {}
        return cls(
            mark=stored.get("mark", 0),
            gaps=stored.get("gaps", {}),
            archives=stored.get("archives", {}),
            absent=stored.get("absent", {}),
            direct=OrderedDict.fromkeys(stored.get("direct", ())),
            authors=OrderedDict(json.loads(authors) if authors else {}),
        )


def _remember(known: OrderedDict[str, V], key: str, value: V, most: int) -> None:
    known.pop(key, None)
    known[key] = value
    if len(known) > most:
        known.popitem(last=False)
