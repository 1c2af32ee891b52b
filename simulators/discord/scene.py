"""Discord as the playground shows it: a guild with #help, #general and a forum, and direct messages."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulators.discord.breaking import WRITES
from simulators.discord.faults import FaultKind
from simulators.discord.journal import buttons_of
from simulators.discord.permissions import EVERYONE, MODERATOR
from simulators.discord.server import DiscordSimulator
from simulators.discord.wire import ApiError, Json
from simulators.discord.world import Channel, ChannelType, MessageFlag, MessageType
from simulators.driving import SimulatorError
from simulators.scene import FAULTS, Choice, Person, Place, Post, SceneError, Sent, View

if TYPE_CHECKING:
    from collections.abc import Mapping

_NOBODY = Person(id="", name="", handle="", role="bot")
_MENU = "Open a support ticket"
_KINDS = {
    ChannelType.TEXT: "channel",
    ChannelType.FORUM: "forum",
    ChannelType.DM: "dm",
    ChannelType.PUBLIC_THREAD: "thread",
    ChannelType.PRIVATE_THREAD: "thread",
}
_USER = re.compile(r"<@!?(\d{1,20})>")
_MARKS = re.compile(r"\*\*|__|~~|\|\||`{1,3}|(?m:^(?:> ?|-# |#{1,3} ))")
_ESCAPED = re.compile(r"\\([^\w\s])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A slash command that the bot registered."""

    name: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscordView(View):
    """The network as it is now, with the slash commands that the client offers when one types a slash."""

    commands: tuple[Command, ...]


class DiscordScene:
    """The scene of this network (see `simulators.scene.Scene`). The simulator itself is `sim`.

    `control_token` guards the simulator's own /control; without one it is closed. The id of a post is the channel's
    and the message's.
    """

    network = "discord"

    def __init__(self, *, port: int = 0, control_token: str = "") -> None:
        self.sim = DiscordSimulator(port=port, control_token=control_token or secrets.token_urlsafe())
        self._people: dict[str, Person] = {}
        self._faults: set[str] = set()
        self._token = ""
        self._guild = ""
        self._help: tuple[str, ...] = ()
        self._switched = 0

    async def start(self) -> None:
        """Serve on a free port of 127.0.0.1 with the cast in place."""
        await self.sim.__aenter__()
        bot = self.sim.add_bot(username="firstline")
        self._token = bot.token
        cast = [
            (self.sim.add_user("ana", global_name="Ana"), "user"),
            (self.sim.add_user("bram", global_name="Bram"), "user"),
            (self.sim.add_user("mila", global_name="Mila"), "moderator"),
            (bot.user, "bot"),
        ]
        for user, role in cast:
            name = user.global_name or user.username
            self._people[user.id] = Person(id=user.id, name=name, handle=f"@{user.username}", role=role)
        guild = self.sim.add_guild("Firstline shop", members=[user.id for user, role in cast if role != "bot"])
        self._guild = guild.id
        moderators = self.sim.add_role(
            guild.id, "Moderators", permissions=[flag.name or "" for flag in EVERYONE | MODERATOR]
        )
        self.sim.give_role(guild.id, cast[2][0].id, moderators.id)
        places = [
            self.sim.add_channel(guild.id, "help", topic="Ask here"),
            self.sim.add_channel(guild.id, "general"),
            self.sim.add_channel(guild.id, "questions", kind="forum"),
        ]
        self._help = (places[0].id, places[2].id)
        for user, kind in cast:
            if kind != "bot":
                self.sim.direct_channel_id(user.id)

    async def stop(self) -> None:
        """Stop serving."""
        await self.sim.__aexit__(None, None, None)

    def connection(self) -> Mapping[str, Any]:
        """The section ``[channels.discord]`` that connects a bot to it."""
        return {
            "kind": "discord",
            "token": self._token,
            "api_base": self.sim.api_base,
            "gateway": self.sim.gateway,
            "file_hosts": [self.sim.url],
            "help_channels": list(self._help),
        }

    def view(self) -> DiscordView:
        """Everything the page shows."""
        channels = list(self.sim.channels())
        return DiscordView(
            network=self.network,
            title="Discord",
            revision=self.sim.revision() + self._switched,
            people=tuple(self._people.values()),
            places=tuple(self._place(channel) for channel in channels),
            posts=tuple(post for channel in channels for post in self._posts(channel)),
            acts=("reply", "edit", "delete", "slash", "menu"),
            faults=tuple(sorted(self._faults)),
            commands=tuple(Command(name=item["name"], description=item["description"]) for item in self._slashes()),
        )

    def sent(self) -> list[Sent]:
        """What the bot sent; an answer to an interaction with all that it came to say."""
        later: dict[str, list[str]] = {}
        for edit in self.sim.edits():
            later.setdefault(edit.message_id, []).append(edit.text)
        return [
            Sent(
                id=f"{one.channel_id}/{one.message_id}",
                place=one.channel_id,
                text="\n".join((one.text, *later.get(one.message_id, ()))),
                at=one.date.isoformat(),
            )
            for one in self.sim.sent()
        ]

    # --- what people do ---------------------------------------------------------------------------------------------

    async def join(self, name: str) -> str:
        """Let one more person come, into the guild."""
        with _Explained():
            user = self.sim.add_user(name.lower(), global_name=name)
            self._people[user.id] = Person(id=user.id, name=name, handle=f"@{user.username}", role="user")
            self.sim.add_member(self._guild, user.id)
            self.sim.direct_channel_id(user.id)
            return user.id

    async def repeat(self) -> str:
        """Dispatch the last messages once more."""
        return str(self.sim.repeat())

    async def say(self, person: str, place: str, text: str, *, reply_to: str = "", title: str = "") -> str:
        """Post as a person; with a title in a forum it becomes a post there."""
        with _Explained():
            if self._people.get(person, _NOBODY).role == "bot":
                raise SceneError("The bot speaks for itself.")
            if self.sim.kind(place) is ChannelType.FORUM:
                thread = self.sim.begin_thread(person, place, title or text[:80], text=text)
                return f"{thread.id}/{thread.id}"
            parent = _split(reply_to)[1] if reply_to else ""
            return _post_id(self.sim.write(person, text, channel_id=place, reply_to=parent))

    async def slash(self, person: str, place: str, command: str, text: str) -> None:
        """Use a slash command; the text goes to its first option that takes text."""
        with _Explained():
            known = [item for item in self._slashes() if item["name"] == command]
            options: list[Json] = known[0].get("options", []) if known else []
            name = next((option["name"] for option in options if option["type"] == 3), "")
            self.sim.slash(person, command, {name: text} if name and text else {}, channel_id=place)

    async def menu(self, person: str, post: str) -> None:
        """Use the context menu's "Open a support ticket" on a post."""
        with _Explained():
            self.sim.menu(person, *_split(post), _MENU)

    async def press(self, person: str, post: str, button: str) -> None:
        """Press a button under a post."""
        if button.startswith("https://"):
            raise SceneError(f"This button is a link: {button}")
        with _Explained():
            self.sim.press(person, *_split(post), button)

    async def edit(self, person: str, post: str, text: str) -> None:
        """Change one's own post."""
        with _Explained():
            self._own(person, post)
            self.sim.edit(*_split(post), text)

    async def delete(self, person: str, post: str) -> None:
        """Delete one's own post."""
        with _Explained():
            self._own(person, post)
            self.sim.delete(*_split(post))

    async def fault(self, name: str, *, on: bool) -> None:
        """Switch one of `FAULTS` on or off."""
        if name not in FAULTS:
            raise SceneError(f"There is no fault {name!r}: there are {', '.join(FAULTS)}.")
        if name == "offline":
            self.sim.set_offline(is_on=on)
        else:
            self.sim.disarm(name)
            kind = FaultKind.TOO_MANY_REQUESTS if name == "rate_limit" else FaultKind.UNAVAILABLE
            if on:
                self.sim.arm(kind, method=WRITES, times=-1, name=name)
        (self._faults.add if on else self._faults.discard)(name)
        self._switched += 1

    # --- inside -----------------------------------------------------------------------------------------------------

    def _slashes(self) -> list[Json]:
        """What the bot registered, each name once: what is for the guild goes before what is for everywhere."""
        registered = [*self.sim.commands(), *self.sim.commands(guild_id=self._guild)]
        return list({item["name"]: item for item in registered if item["type"] == 1}.values())

    def _own(self, person: str, post: str) -> None:
        channel_id, message_id = _split(post)
        history = self.sim.history(channel_id)
        if not any(item["id"] == message_id and item["author"]["id"] == person for item in history):
            raise SceneError("Only one's own posts can be changed or deleted.")

    def _place(self, channel: Channel) -> Place:
        person = next((user for user in channel.recipients if not user.is_bot), None)
        title = f"#{channel.name}" if channel.type is ChannelType.TEXT else channel.name
        if person is not None:
            title = person.global_name or person.username
        private_to = person.id if person is not None else ""
        return Place(id=channel.id, kind=_KINDS[channel.type], title=title, private_to=private_to)

    def _posts(self, channel: Channel) -> list[Post]:
        posts = [self._post(message, "") for message in self.sim.history(channel.id)]
        for person in self._people:
            seen = self.sim.history(channel.id, seen_by=person)
            posts += [self._post(message, person) for message in seen if message["flags"] & MessageFlag.EPHEMERAL]
        return sorted(posts, key=lambda post: post.at)

    def _post(self, message: Json, only_for: str) -> Post:
        reference: Json = message.get("message_reference", {})
        is_loading = message["flags"] & MessageFlag.LOADING
        text = "is thinking…" if is_loading else self._plain(message["content"])
        is_reply = message["type"] == MessageType.REPLY
        return Post(
            id=_post_id(message),
            place=message["channel_id"],
            author=message["author"]["id"],
            text=text,
            at=message["timestamp"],
            reply_to=f"{message['channel_id']}/{reference['message_id']}" if is_reply else "",
            only_for=only_for,
            state="edited" if message["edited_timestamp"] else "",
            buttons=tuple(Choice(id=button, label=label) for row in buttons_of(message) for label, button in row),
        )

    def _plain(self, text: str) -> str:
        """Return a text as a reader sees it: mentions by name, Discord's marks taken away."""
        named = _USER.sub(lambda match: f"@{self._name(match[1])}", text)
        return _ESCAPED.sub(r"\1", _MARKS.sub("", named))

    def _name(self, user_id: str) -> str:
        person = self._people.get(user_id)
        return person.name if person is not None else "unknown"


class _Explained:
    """Turns the simulator's refusals into `SceneError`."""

    def __enter__(self) -> None:
        return

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, SimulatorError | ApiError):
            raise SceneError(str(error)) from error


def _post_id(message: Json) -> str:
    return f"{message['channel_id']}/{message['id']}"


def _split(post: str) -> tuple[str, str]:
    channel_id, _, message_id = post.partition("/")
    if not message_id:
        raise SceneError(f"There is no post {post!r}.")
    return channel_id, message_id
