"""The state of the simulated X: accounts, posts with their versions, and direct messages."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from simulators.twitter.writing import MENTION, Writing, written

_SNOWFLAKE_EPOCH_MS = 1_288_834_974_657


@dataclass(slots=True, kw_only=True)
class User:
    """An account. `receives_dms`: it may be written to once it has written; `wrote_to`: the accounts it wrote to."""

    id: str
    name: str
    username: str
    created_at: datetime
    description: str = ""
    is_protected: bool = False
    is_suspended: bool = False
    receives_dms: bool = True
    wrote_to: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A photo or a video; `name` is the last part of its address."""

    key: str
    name: str
    content: bytes

    @property
    def kind(self) -> str:
        """What X calls it."""
        return "video" if self.name.endswith(".mp4") else "photo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One version of a post. `first_id` is the same in all its versions; `prefix` is what X put in front of a reply.

    `mentions` holds the ids of the accounts mentioned; `created_at` is that of the first version.
    """

    id: str
    first_id: str
    author_id: str
    writing: Writing
    created_at: datetime
    conversation_id: str
    mentions: tuple[str, ...]
    prefix: str = ""
    reply_to: str = ""
    reply_to_user: str = ""
    quotes: str = ""
    lang: str = "en"
    reply_settings: str = "everyone"
    media: tuple[Media, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A direct message between two accounts."""

    id: str
    conversation_id: str
    sender_id: str
    to_id: str
    writing: Writing
    created_at: datetime
    media: tuple[Media, ...] = ()


class World:
    """Everything there is. Ids grow with time, as X's do."""

    def __init__(self) -> None:
        self.users: dict[str, User] = {}
        self._by_name: dict[str, User] = {}
        self.posts: dict[str, Post] = {}
        self.order: list[str] = []  # ids of all versions, oldest first
        self.versions: dict[str, list[str]] = {}  # by a post's first id, oldest first
        self.deleted: set[str] = set()  # first ids
        self.messages: list[Message] = []
        self.media: dict[str, Media] = {}  # by name
        self.media_url = ""
        self._ahead_s = 0.0
        self.revision = 0  # grows with every change
        self._last_id = 0
        self._said: dict[tuple[str, str], datetime] = {}

    def advance(self, seconds: float) -> None:
        """Let time pass at once; less than nothing turns it back."""
        self._ahead_s += seconds

    def clock(self) -> float:
        """Return the time, in seconds since the epoch."""
        return time.time() + self._ahead_s

    def now(self) -> datetime:
        """Return the time."""
        return datetime.fromtimestamp(self.clock(), UTC)

    def new_id(self) -> str:
        """Return a snowflake, greater than all before."""
        wanted = (int(self.clock() * 1000) - _SNOWFLAKE_EPOCH_MS) << 22
        self._last_id = max(wanted, self._last_id + 1)
        return str(self._last_id)

    def user_named(self, username: str) -> User | None:
        """Return the account with a handle, however its letters are cased."""
        return self._by_name.get(username.lower())

    def add_user(self, user: User) -> None:
        """Let an account exist."""
        self.users[user.id] = user
        self._by_name[user.username.lower()] = user

    def post(  # noqa: PLR0913  a post is an author, a text and what it refers to
        self,
        author: User,
        text: str,
        *,
        reply_to: str = "",
        quotes: str = "",
        lang: str = "en",
        reply_settings: str = "everyone",
        media: tuple[Media, ...] = (),
    ) -> Post:
        """Publish; a reply gets the handles of those it answers in front, as the apps of X put them there."""
        new_id = self.new_id()
        parent = self.posts.get(reply_to)
        prefix = self._prefix(author, parent, text) if parent is not None else ""
        post = Post(
            id=new_id,
            first_id=new_id,
            author_id=author.id,
            writing=written(prefix + text, int(new_id)),
            created_at=self.now(),
            conversation_id=parent.conversation_id if parent is not None else new_id,
            mentions=self._mentioned(prefix + text),
            prefix=prefix,
            reply_to=reply_to,
            reply_to_user=parent.author_id if parent is not None else "",
            quotes=quotes,
            lang=lang,
            reply_settings=reply_settings,
            media=media,
        )
        self.versions[new_id] = []
        self._said[author.id, prefix + text] = post.created_at
        return self._kept(post)

    def edit(self, post: Post, text: str) -> Post:
        """Publish another version of a post: it has an id of its own."""
        new_id = self.new_id()
        whole = post.prefix + text
        edited = replace(post, id=new_id, writing=written(whole, int(new_id)), mentions=self._mentioned(whole))
        return self._kept(edited)

    def upload(self, name: str, content: bytes) -> Media:
        """Keep a photo or a video under a name of its own, as X does: the one that it had is forgotten."""
        number = self.new_id()
        ending = "mp4" if name.endswith(".mp4") else "png" if name.endswith(".png") else "jpg"
        media = Media(key=f"{13 if ending == 'mp4' else 3}_{number}", name=f"F{number[-11:]}.{ending}", content=content)
        self.media[media.name] = media
        return media

    def send(self, sender: User, to: User, text: str, media: tuple[Media, ...] = ()) -> Message:
        """Send a direct message."""
        new_id = self.new_id()
        message = Message(
            id=new_id,
            conversation_id=conversation_of(sender.id, to.id),
            sender_id=sender.id,
            to_id=to.id,
            writing=written(text, int(new_id)),
            created_at=self.now(),
            media=media,
        )
        self.messages.append(message)
        self.revision += 1
        sender.wrote_to.add(to.id)
        return message

    def delete(self, post: Post) -> None:
        """Delete a post in all its versions."""
        self.deleted.add(post.first_id)
        self.revision += 1

    def latest(self, post: Post) -> Post:
        """Return the last version of a post."""
        return self.posts[self.versions[post.first_id][-1]]

    def is_deleted(self, post: Post) -> bool:
        """Return whether a post is gone, in all its versions."""
        return post.first_id in self.deleted

    def is_visible(self, post: Post, viewer: User | None) -> bool:
        """Return whether somebody sees a post: it is there, and its author is neither suspended nor protected."""
        author = self.users[post.author_id]
        is_hidden = author.is_suspended or (author.is_protected and viewer is not author)
        return not (self.is_deleted(post) or is_hidden)

    def timeline(self, viewer: User | None) -> Iterator[Post]:
        """Return the posts somebody sees in their last version, newest first."""
        for post_id in reversed(self.order):
            post = self.posts[post_id]
            if self.versions[post.first_id][-1] == post_id and self.is_visible(post, viewer):
                yield post

    def is_summoned(self, post: Post, account: User) -> bool:
        """Return whether an account may answer a post: it is mentioned there, quoted, or the author."""
        quoted = self.posts.get(post.quotes)
        is_quoted = quoted is not None and quoted.author_id == account.id
        return account.id in post.mentions or is_quoted or post.author_id == account.id

    def is_duplicate(self, author: User, text: str, reply_to: str) -> bool:
        """Return whether the account published the same within a day, even if it deleted that since."""
        parent = self.posts.get(reply_to)
        whole = (self._prefix(author, parent, text) if parent is not None else "") + text
        last = self._said.get((author.id, whole))
        return last is not None and last > self.now() - timedelta(hours=24)

    def _kept(self, post: Post) -> Post:
        self.posts[post.id] = post
        self.order.append(post.id)
        self.versions[post.first_id].append(post.id)
        self.revision += 1
        return post

    def _prefix(self, author: User, parent: Post, text: str) -> str:
        ids = [parent.author_id, *parent.mentions]
        named = {match[1].lower() for match in MENTION.finditer(text)}
        names = [self.users[user_id].username for user_id in dict.fromkeys(ids) if user_id != author.id]
        return "".join(f"@{name} " for name in names if name.lower() not in named)

    def _mentioned(self, text: str) -> tuple[str, ...]:
        users = (self.user_named(match[1]) for match in MENTION.finditer(text))
        return tuple(dict.fromkeys(user.id for user in users if user is not None))


def conversation_of(one: str, other: str) -> str:
    """Return the id of the conversation between two accounts."""
    return "-".join(sorted((one, other), key=int))
