"""The simulated X with its cast, for the playground: `TwitterScene` is a `simulators.scene.Scene`."""

import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from simulators.driving import SimulatorError
from simulators.scene import FAULTS, Person, Place, Post, SceneError, Sent, View
from simulators.twitter.faults import FaultKind
from simulators.twitter.server import TwitterSimulator
from simulators.twitter.world import Post as Said
from simulators.twitter.world import User, conversation_of

TIMELINE = "timeline"
_FAULTS = {"rate_limit": FaultKind.TOO_MANY_REQUESTS, "server_error": FaultKind.UNAVAILABLE_BEFORE}
_LIMITED_S = 3.0


class TwitterScene:
    """Ana and Bram who ask, Mila who moderates, and @firstline_bot: a public timeline, and messages with the bot."""

    network = "twitter"

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0) -> None:
        # Nobody is told the token: whoever plays here comes through the scene.
        self._sim = TwitterSimulator(host=host, port=port, control_token=secrets.token_urlsafe())
        self._bot = self._sim.add_bot("Firstline", username="firstline_bot")
        names = {"ana": "Ana", "bram": "Bram", "mila": "Mila"}
        self._cast = {role: self._sim.add_user(name, username=role) for role, name in names.items()}
        self._faults: set[str] = set()
        self._changes = 0

    @property
    def simulator(self) -> TwitterSimulator:
        """The network itself, for what the page does not offer."""
        return self._sim

    async def start(self) -> None:
        """Serve on a free port of 127.0.0.1 with the cast in place."""
        await self._sim.__aenter__()

    async def stop(self) -> None:
        """Stop serving."""
        await self._sim.__aexit__()

    def connection(self) -> Mapping[str, Any]:
        """The section of `firstline.toml` that connects a bot to it."""
        keys = self._sim.credentials()
        names = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
        return {
            "kind": "twitter",
            "api_base": self._sim.url,
            "file_hosts": [self._sim.url],
            **{name: keys[name] for name in names},
            "staff": [self._cast["mila"].id],
            "automated_label_confirmed": True,
            "poll_interval_s": 0.5,
            "message_poll_interval_s": 0.5,
            "direct_messages": True,
        }

    def view(self) -> View:
        """Everything the page shows."""
        people = [_person(user, "moderator" if role == "mila" else "user") for role, user in self._cast.items()]
        posts = (*self._public_posts(), *self._messages())
        return View(
            network=self.network,
            title="X",
            revision=self._sim.world.revision + self._changes,
            people=(*people, _person(self._bot, "bot")),
            places=tuple(self._places()),
            posts=tuple(sorted(posts, key=lambda post: int(post.id))),
            acts=("reply", "edit", "delete"),
            faults=tuple(sorted(self._faults)),
        )

    def sent(self) -> list[Sent]:
        """What the bot sent."""
        calls = {call.number: call for call in self._sim.calls()}
        return [
            Sent(
                id=one.id,
                place=TIMELINE if one.kind == "post" else one.conversation_id,
                text=one.text,
                at=one.date.isoformat(),
                is_heard=calls[one.call].delivered,
            )
            for one in self._sim.sent()
        ]

    async def join(self, name: str) -> str:
        """Let one more person come."""
        try:
            user = self._cast[name.lower()] = self._sim.add_user(name, username=name.lower())
        except SimulatorError as error:
            raise SceneError(str(error)) from error
        self._changes += 1
        return user.id

    async def repeat(self) -> str:
        """A bot asks X for what is new, and is told as often as it asks."""
        return "0"

    async def say(self, person: str, place: str, text: str, *, reply_to: str = "", title: str = "") -> str:
        """Post or write as a person."""
        author = self._actor(person)
        if title:
            raise SceneError("Posts on X have no title.")
        if not text.strip():
            raise SceneError("There is nothing to post.")
        try:
            if place == TIMELINE:
                return str(self._sim.post(author.id, text, reply_to=reply_to, lang="und")["id"])
            if place == conversation_of(author.id, self._bot.id):
                return str(self._sim.dm(author.id, text)["id"])
        except SimulatorError as error:
            raise SceneError(str(error)) from error
        raise SceneError("Those direct messages belong to somebody else.")

    async def slash(self, person: str, place: str, command: str, text: str) -> None:
        """X has no slash commands."""
        raise SceneError(f"X has no slash commands: {person} cannot use /{command} {text} in {place}.")

    async def menu(self, person: str, post: str) -> None:
        """X has no commands in a post's menu."""
        raise SceneError(f"X has no commands in a post's menu: {person} can answer {post} instead.")

    async def press(self, person: str, post: str, button: str) -> None:
        """X has no buttons under posts."""
        raise SceneError(f"X has no buttons under posts: {person} cannot press {button} under {post}.")

    async def edit(self, person: str, post: str, text: str) -> None:
        """Change one's own post; X gives it a new id."""
        try:
            self._own(person, post)
            self._sim.edit(post, text)
        except SimulatorError as error:
            raise SceneError(str(error)) from error

    async def delete(self, person: str, post: str) -> None:
        """Delete one's own post."""
        try:
            self._own(person, post)
            self._sim.delete(post)
        except SimulatorError as error:
            raise SceneError(str(error)) from error

    async def fault(self, name: str, *, on: bool) -> None:
        """Switch a failure on or off."""
        if name not in FAULTS:
            raise SceneError(f"There is no failure {name!r}: there are {', '.join(FAULTS)}.")
        if on is (name in self._faults):
            return
        self._faults ^= {name}
        self._changes += 1
        if name == "offline":
            await (self._sim.go_offline() if on else self._sim.go_online())
        elif on:
            method = "POST" if name == "rate_limit" else ""
            self._sim.arm(_FAULTS[name], http_method=method, times=0, seconds=_LIMITED_S)
        else:
            self._sim.disarm(_FAULTS[name])

    # --- inside -----------------------------------------------------------------------------------------------------

    def _places(self) -> Iterator[Place]:
        yield Place(id=TIMELINE, kind="timeline", title="Posts")
        for user in self._cast.values():
            conversation = conversation_of(user.id, self._bot.id)
            title = f"{user.name} and {self._bot.name}"
            yield Place(id=conversation, kind="dm", title=title, private_to=user.id)

    def _public_posts(self) -> Iterator[Post]:
        world = self._sim.world
        for first_id, versions in world.versions.items():
            post = world.posts[versions[-1]]
            parent = world.posts.get(post.reply_to)
            state = "deleted" if first_id in world.deleted else "edited" if len(versions) > 1 else ""
            yield Post(
                id=post.id,
                place=TIMELINE,
                author=post.author_id,
                text=post.writing.typed.removeprefix(post.prefix),
                at=post.created_at.isoformat(),
                reply_to=world.latest(parent).id if parent is not None else "",
                state=state,
            )

    def _messages(self) -> Iterator[Post]:
        for message in self._sim.world.messages:
            yield Post(
                id=message.id,
                place=message.conversation_id,
                author=message.sender_id,
                text=message.writing.typed,
                at=message.created_at.isoformat(),
            )

    def _actor(self, person: str) -> User:
        found = next((user for user in self._cast.values() if user.id == person), None)
        if found is None:
            raise SceneError(f"There is nobody {person!r} to act as.")
        return found

    def _own(self, person: str, post_id: str) -> Said:
        author = self._actor(person)
        post = self._sim.world.posts.get(post_id)
        if post is None or post.author_id != author.id:
            raise SceneError(f"{author.name} can change only posts of their own.")
        return post


def _person(user: User, role: str) -> Person:
    return Person(id=user.id, name=user.name, handle=user.username, role=role)
