"""The state of the simulated Reddit: users, subreddits, submissions, comments, inboxes and modmail."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from simulators.driving import SimulatorError
from simulators.reddit.wire import base36, now

_MENTION = re.compile(r"(?<![\w/])/?u/([\w-]{3,20})", re.ASCII)
_MOST_MENTIONS = 3
"""A comment that names more users than this notifies none of them."""


@dataclass(slots=True, kw_only=True)
class User:
    """An account. `unread` and `inbox` hold fullnames of comments, newest last."""

    id: str
    name: str
    created_at: float
    is_suspended: bool = False
    is_deleted: bool = False
    inbox: dict[str, str] = field(default_factory=dict)
    unread: dict[str, None] = field(default_factory=dict)

    @property
    def fullname(self) -> str:
        """Its name in the API."""
        return f"t2_{self.id}"


@dataclass(slots=True, kw_only=True)
class Subreddit:
    """A community. `kind` is public, restricted (only `members` write) or private (only they read)."""

    id: str
    name: str
    title: str
    kind: str
    language: str
    created_at: float
    moderators: dict[str, frozenset[str]] = field(default_factory=dict)
    moderators_since: dict[str, float] = field(default_factory=dict)
    members: set[str] = field(default_factory=set)
    banned: set[str] = field(default_factory=set)

    @property
    def fullname(self) -> str:
        """Its name in the API."""
        return f"t5_{self.id}"

    def is_moderator(self, user: User | None, permission: str = "") -> bool:
        """Say whether somebody moderates here and has a permission, which "all" includes."""
        held = self.moderators.get(user.name) if user else None
        return held is not None and (not permission or bool(held & {"all", permission}))

    def may_read(self, user: User | None) -> bool:
        """Say whether somebody sees what is here."""
        return self.kind != "private" or (user is not None and (user.name in self.members or self.is_moderator(user)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A picture or a video, at `url`."""

    id: str
    ending: str
    content: bytes
    url: str

    @property
    def name(self) -> str:
        """The last part of its address."""
        return f"{self.id}.{self.ending}"


@dataclass(slots=True, kw_only=True)
class Thing:
    """A submission (kind t3, with `title`) or a comment (t1, with `parent`). Removed by a moderator it is not gone.

    `comments` counts those of a submission which are not deleted.
    """

    kind: str
    id: str
    subreddit: Subreddit
    author: User
    text: str
    created_at: float
    title: str = ""
    flair: str | None = None
    parent: "Thing | None" = None
    edited_at: float | None = None
    is_deleted: bool = False
    removed_by: str | None = None
    removed_by_category: str | None = None
    removed_at: float | None = None
    is_spam: bool = False
    approved_by: str | None = None
    approved_at: float | None = None
    is_locked: bool = False
    is_archived: bool = False
    is_stickied: bool = False
    distinguished: str | None = None
    media: tuple[Media, ...] = ()
    replies: "list[Thing]" = field(default_factory=list)
    comments: int = 0

    @property
    def fullname(self) -> str:
        """Its name in the API."""
        return f"{self.kind}_{self.id}"

    @property
    def submission(self) -> "Thing":
        """The submission it belongs to, which may be itself."""
        thing = self
        while thing.parent is not None:
            thing = thing.parent
        return thing

    @property
    def slug(self) -> str:
        """The title in the address."""
        return re.sub(r"[^a-z0-9]+", "_", self.submission.title.lower())[:50].strip("_") or "_"

    @property
    def permalink(self) -> str:
        """Its path on the site."""
        path = f"/r/{self.subreddit.name}/comments/{self.submission.id}/{self.slug}/"
        return path if self.kind == "t3" else f"{path}{self.id}/"

    def descendants(self) -> "Iterator[Thing]":
        """Give the comments below it."""
        for reply in self.replies:
            yield reply
            yield from reply.descendants()

    def is_listed_for(self, viewer: User | None) -> bool:
        """Say whether it is in listings; removed things are for their author and the moderators."""
        if self.is_deleted or not self.subreddit.may_read(viewer):
            return False
        return self.removed_at is None or self.author is viewer or self.subreddit.is_moderator(viewer)


class World:
    """Everything there is. Control and methods change it and call `touch`; watchers of `revision` see that."""

    def __init__(self) -> None:
        self.users: dict[str, User] = {}
        self.subreddits: dict[str, Subreddit] = {}
        self.things: dict[str, Thing] = {}
        self.media: dict[str, Media] = {}  # by name
        self.media_url = ""
        self.revision = 0
        self._numbers = {
            kind: count(int(first, 36))
            for kind, first in {"t1": "n1000a0", "t2": "1abcde0", "t3": "1lf00a0", "t5": "9xk1a"}.items()
        }

    def touch(self) -> None:
        """Note a change."""
        self.revision += 1

    def new_id(self, kind: str) -> str:
        """Return the next id of a kind; they grow, as Reddit's do."""
        return base36(next(self._numbers[kind]))

    def user(self, name: str) -> User:
        """Return a user by name, in whatever case."""
        if user := self.users.get(name.lower()):
            return user
        raise SimulatorError(f"There is no user {name!r}.")

    def subreddit(self, name: str) -> Subreddit:
        """Return a subreddit by name, in whatever case."""
        if subreddit := self.subreddits.get(name.lower()):
            return subreddit
        raise SimulatorError(f"There is no subreddit {name!r}.")

    def thing(self, fullname: str) -> Thing:
        """Return a submission or a comment by its fullname."""
        if thing := self.things.get(fullname):
            return thing
        raise SimulatorError(f"There is no {fullname!r}.")

    def upload(self, name: str, content: bytes) -> Media:
        """Keep a picture or a video under a name of its own; the one that it had is forgotten."""
        media_id = f"m{len(self.media):012d}"
        ending = name.rpartition(".")[2]
        media = Media(id=media_id, ending=ending, content=content, url=f"{self.media_url}/{media_id}.{ending}")
        self.media[media.name] = media
        return media

    def submit(  # noqa: PLR0913, PLR0917  a submission is a place, an author and what it holds
        self,
        subreddit: Subreddit,
        author: User,
        title: str,
        text: str,
        flair: str | None,
        media: tuple[Media, ...] = (),
    ) -> Thing:
        """Create a submission of text, or of pictures, or of a video."""
        thing = Thing(
            kind="t3",
            id=self.new_id("t3"),
            subreddit=subreddit,
            author=author,
            title=title,
            text=text,
            flair=flair,
            media=media,
            created_at=now(),
        )
        self.things[thing.fullname] = thing
        self.touch()
        return thing

    def comment(self, parent: Thing, author: User, text: str, media: tuple[Media, ...] = ()) -> Thing:
        """Create a comment and tell those whom it answers or names."""
        thing = Thing(
            kind="t1",
            id=self.new_id("t1"),
            subreddit=parent.subreddit,
            author=author,
            text=text,
            parent=parent,
            media=media,
            created_at=now(),
        )
        self.things[thing.fullname] = thing
        parent.replies.append(thing)
        thing.submission.comments += 1
        self._notify(thing, parent)
        self.touch()
        return thing

    def delete(self, thing: Thing) -> None:
        """Let the author delete something."""
        if thing.kind == "t1" and not thing.is_deleted:
            thing.submission.comments -= 1
        thing.is_deleted = True
        self.touch()

    def things_in(
        self, kind: str, *, subreddit: Subreddit | None = None, author: User | None = None
    ) -> Iterator[Thing]:
        """Give submissions or comments, newest first."""
        for thing in reversed(self.things.values()):
            if thing.kind == kind and subreddit in (None, thing.subreddit) and author in (None, thing.author):
                yield thing

    def _notify(self, thing: Thing, parent: Thing) -> None:
        told = {}
        if not parent.is_deleted:
            told[parent.author.name] = "comment_reply" if parent.kind == "t1" else "post_reply"
        named = {name.lower() for name in _MENTION.findall(thing.text)}
        if len(named) <= _MOST_MENTIONS:
            for name in sorted(named & self.users.keys()):
                told.setdefault(self.users[name].name, "username_mention")
        told.pop(thing.author.name, None)
        for name, reason in told.items():
            user = self.user(name)
            if thing.subreddit.may_read(user):
                user.inbox[thing.fullname] = reason
                user.unread[thing.fullname] = None
