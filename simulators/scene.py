"""What every simulated network shows and lets people do: the playground's page speaks this, whatever the network.

A network's own control can do more (its package's `control`); a scene is the part that all four share, with a cast and
places ready to play: Ana and Bram who ask, Mila who moderates, and the bot.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody on the stage; `role` is "user", "moderator" or "bot"."""

    id: str
    name: str
    handle: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where things are said. `private_to` is the person who shares it with the bot alone, or "" where others read.

    `kind` is the network's own word: "group", "private", "channel", "thread", "dm", "timeline", "subreddit", "modmail".
    """

    id: str
    kind: str
    title: str
    private_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A button under a post."""

    id: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """Something said. `text` is plain (what a reader sees, the network's markup taken away).

    `only_for`: the one person who sees it (an ephemeral answer), or "". `title`: of a submission. `state`: "" or
    "edited", "deleted", "removed", "locked".
    """

    id: str
    place: str
    author: str
    text: str
    at: str  # ISO 8601, UTC
    reply_to: str = ""
    title: str = ""
    only_for: str = ""
    state: str = ""
    buttons: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """Something the bot posted, as it was then; it stays here whatever becomes of the post.

    `text` is the network's own markup. `is_heard`: whether the bot was handed the whole answer, None where the network
    does not note it.
    """

    id: str
    place: str
    text: str
    at: str  # ISO 8601, UTC
    is_heard: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A network as it is now.

    `acts` are what the page offers on a post or in a place beside plain words: "reply", "edit", "delete", "slash"
    (slash commands), "menu" (the context menu's "Open a support ticket"). `revision` grows with every change.
    """

    network: str  # "telegram" | "discord" | "twitter" | "reddit"
    title: str  # as people call it
    revision: int
    people: tuple[Person, ...]
    places: tuple[Place, ...]
    posts: tuple[Post, ...]
    acts: tuple[str, ...]
    faults: tuple[str, ...]  # those switched on now


class SceneError(Exception):
    """What was asked for cannot be done; the message says why, for people."""


FAULTS = ("offline", "rate_limit", "server_error")
"""What can go wrong, on every network: connections are cut and refused; every write is answered 429; every 5xx."""


class Scene(Protocol):
    """One simulated network with its cast. Ids are the network's own, as text. Every method may raise `SceneError`."""

    @property
    def network(self) -> str:
        """Its name, as in `View.network`."""

    async def start(self) -> None:
        """Serve on a free port of 127.0.0.1 with the cast in place."""

    async def stop(self) -> None:
        """Stop serving."""

    def connection(self) -> Mapping[str, Any]:
        """The section ``[channels.NETWORK]`` of `firstline.toml` that connects a bot to it, `kind` included."""

    def view(self) -> View:
        """Everything the page shows."""

    def sent(self) -> list[Sent]:
        """Everything the bot posted, in order."""

    async def join(self, name: str) -> str:
        """Let one more person come, into every place that is open to all; gives their id."""

    async def repeat(self) -> str:
        """Tell the bot once more what people said last, in another order; gives how much, "0" where it only asks."""

    async def say(self, person: str, place: str, text: str, *, reply_to: str = "", title: str = "") -> str:
        """Post as a person; gives the post's id. `title` makes it a submission where the network has them."""

    async def slash(self, person: str, place: str, command: str, text: str) -> None:
        """Use a slash command of the bot (`command` without its slash)."""

    async def menu(self, person: str, post: str) -> None:
        """Use the context menu's "Open a support ticket" on a post."""

    async def press(self, person: str, post: str, button: str) -> None:
        """Press a button under a post."""

    async def edit(self, person: str, post: str, text: str) -> None:
        """Change one's own post."""

    async def delete(self, person: str, post: str) -> None:
        """Delete one's own post."""

    async def fault(self, name: str, *, on: bool) -> None:
        """Switch one of `FAULTS` on or off."""
