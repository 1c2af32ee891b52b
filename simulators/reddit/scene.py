"""Reddit for the playground: r/acme with Ana, Bram and its moderator Mila, the bot, and modmail for Ana and Bram."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from simulators.driving import SimulatorError
from simulators.reddit import shown
from simulators.reddit.faults import FaultKind
from simulators.reddit.server import RedditSimulator
from simulators.reddit.wire import ApiError, FormError
from simulators.reddit.writing import MAX_CHARS, check_may_answer
from simulators.scene import FAULTS, Person, Place, SceneError, Sent, View

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from simulators.reddit.world import Thing, User

_SUBREDDIT = "acme"
_BOT = "firstline_bot"
_ANA, _BRAM, _MILA = "ana_writes", "bram_writes", "mila_moderates"
_ACTS = ("reply", "edit", "delete")
_MAX_TITLE_CHARS = 300
_RETRY_AFTER_S = 3.0
_WRITES = "/api/[!v]*"  # all but /api/v1/access_token
_HOUR_S = 3_600.0


class RedditScene:
    """The network as `simulators.scene.Scene`. People go by their names, posts by their fullnames.

    A place of modmail is ``modmail/NAME``: what one person and the moderators wrote to each other. A message there has
    the id ``modmail/CONVERSATION/MESSAGE``. A moderator who deletes somebody else's post removes it.
    """

    network = "reddit"

    def __init__(self) -> None:
        self._client = ("simulated-client", secrets.token_urlsafe(16))
        self._password = secrets.token_urlsafe(16)
        self._sim = _Simulator(control_token=secrets.token_urlsafe(32))
        self._sim.add_client(*self._client)
        for name in (_ANA, _BRAM, _MILA):
            self._sim.add_user(name)
        self._sim.add_user(_BOT, password=self._password)
        self._sim.add_subreddit(_SUBREDDIT, title="Acme, by its customers")
        self._sim.add_moderator(_SUBREDDIT, _MILA)
        self._sim.add_moderator(_SUBREDDIT, _BOT, ["posts", "mail"])
        welcome = "Talk about Acme here, and help each other. Be kind."
        for author, title, text, flair, hours in (
            (_MILA, "Welcome to r/acme", welcome, "Announcement", 48),
            (_BRAM, "Two years with the same kettle", "Still going strong.", "Discussion", 5),
        ):
            made = self._sim.submit(_SUBREDDIT, author, title, text, flair=flair)
            self._sim.age(made["name"], hours * _HOUR_S)
        self._people = tuple(
            Person(id=name, name=called, handle=name, role=role)
            for name, called, role in (
                (_ANA, "Ana", "user"),
                (_BRAM, "Bram", "user"),
                (_MILA, "Mila", "moderator"),
                (_BOT, "firstline", "bot"),
            )
        )
        self._places = (
            Place(id=_SUBREDDIT, kind="subreddit", title=f"r/{_SUBREDDIT}"),
            *(_modmail(person) for person in self._people if person.role == "user"),
        )
        self._faults: tuple[str, ...] = ()
        self._fault_changes = 0
        self._view: View | None = None

    async def start(self) -> None:
        """Serve on a free port of 127.0.0.1."""
        await self._sim.__aenter__()

    async def stop(self) -> None:
        """Stop serving."""
        await self._sim.__aexit__(None, None, None)

    def connection(self) -> Mapping[str, Any]:
        """The section ``[channels.reddit]``; pauses are short, so that one sees the bot answer."""
        return {
            "kind": "reddit",
            "reddit_url": self._sim.url,
            "oauth_url": self._sim.url,
            "file_hosts": [self._sim.url],
            "client_id": self._client[0],
            "client_secret": self._client[1],
            "username": _BOT,
            "password": self._password,
            "user_agent": f"linux:firstline.playground:1 (by u/{_MILA})",
            "subreddits": [_SUBREDDIT],
            "poll_interval_s": 0.5,
            "answer_titles": [_SUBREDDIT],
            "lookup_interval_s": 2.0,
            "max_backoff_s": 2.0,
        }

    def view(self) -> View:
        """What readers see; of a conversation, internal notes are for the moderator alone."""
        revision = self._sim.revision + self._fault_changes
        if self._view is not None and self._view.revision == revision:
            return self._view
        posts = [*map(shown.post, self._sim.things()), *shown.letters(self._sim.conversations(), note_reader=_MILA)]
        self._view = View(
            network=self.network,
            title="Reddit",
            revision=revision,
            people=self._people,
            places=self._places,
            posts=tuple(sorted(posts, key=lambda post: post.at)),
            acts=_ACTS,
            faults=self._faults,
        )
        return self._view

    def sent(self) -> list[Sent]:
        """What the bot sent; of modmail, also internal notes."""
        calls = {call.number: call for call in self._sim.calls()}
        people = {one.id: one.participant.name for one in self._sim.conversations() if one.participant}
        return [
            Sent(
                id=f"{shown.MODMAIL}/{one.parent}/{one.name}" if one.is_modmail else one.name,
                place=f"{shown.MODMAIL}/{people.get(one.parent, '')}" if one.is_modmail else one.subreddit,
                text=one.text,
                at=one.date.isoformat(),
                is_heard=calls[one.call].delivered,
            )
            for one in self._sim.sent()
        ]

    async def join(self, name: str) -> str:
        """Let one more person come."""
        try:
            self._sim.add_user(name)
        except SimulatorError as error:
            raise SceneError(str(error)) from error
        person = Person(id=name, name=name, handle=name, role="user")
        self._people = (*self._people, person)
        self._places = (*self._places, _modmail(person))
        self._fault_changes += 1
        return name

    async def repeat(self) -> str:
        """A bot asks Reddit for what is new, and is told as often as it asks."""
        return "0"

    async def say(self, person: str, place: str, text: str, *, reply_to: str = "", title: str = "") -> str:
        """Submit to the subreddit, with the first line as title where none is given; comment; or write modmail."""
        found = self._may_be(person, place)
        _check_text(text if reply_to or found.kind == shown.MODMAIL else text or title)
        if found.kind == shown.MODMAIL:
            return self._write(person, found, text, reply_to, title)
        if reply_to:
            thing = self._thing(reply_to)
            try:
                check_may_answer(self._sim.user(person), thing)
            except FormError as error:
                raise SceneError(f"Reddit says: {error.error[1]}") from error
            except ApiError as error:
                raise SceneError("Reddit does not let them write here.") from error
            return str(self._sim.comment(reply_to, person, text)["name"])
        if not title:
            title, _, text = text.strip().partition("\n")
        if len(title) > _MAX_TITLE_CHARS:
            raise SceneError(f"A title has at most {_MAX_TITLE_CHARS} characters: put the rest into the text.")
        return str(self._sim.submit(place, person, title.strip(), text.strip())["name"])

    async def slash(self, person: str, place: str, command: str, text: str) -> None:
        """Reddit has no such commands."""
        del person, place, text
        raise SceneError(f"Reddit has no slash commands: comment !{command} instead.")

    async def menu(self, person: str, post: str) -> None:
        """Reddit has no context menu for bots."""
        del person, post
        raise SceneError("Reddit has no such menu: a moderator answers the post with !ticket.")

    async def press(self, person: str, post: str, button: str) -> None:
        """Reddit has no buttons."""
        del person, post, button
        raise SceneError("Reddit has no buttons.")

    async def edit(self, person: str, post: str, text: str) -> None:
        """Change one's own text; a title stays."""
        _check_text(text)
        self._may_be(person, _SUBREDDIT)
        thing = self._thing(post)
        if thing.author.name != person:
            raise SceneError("Only its author can change a post.")
        self._sim.edit(post, text)

    async def delete(self, person: str, post: str) -> None:
        """Delete one's own post; a moderator removes those of others."""
        self._may_be(person, _SUBREDDIT)
        thing = self._thing(post)
        if thing.author.name == person:
            self._sim.delete(post)
        elif person == _MILA:
            self._sim.remove(post, person)
        else:
            raise SceneError("Only its author can delete a post, and only a moderator can remove it.")

    async def fault(self, name: str, *, on: bool) -> None:
        """Switch a failure on or off, for the requests that come from now on."""
        if name not in FAULTS:
            raise SceneError(f"There is no fault {name!r}; there are {', '.join(FAULTS)}.")
        self._faults = tuple(fault for fault in FAULTS if (on if fault == name else fault in self._faults))
        self._fault_changes += 1
        self._sim.disarm()
        for fault in self._faults:
            match fault:
                case "offline":
                    self._sim.arm(FaultKind.CUT_BEFORE, times=0)
                case "rate_limit":
                    self._sim.arm(
                        FaultKind.TOO_MANY_REQUESTS, http_method="POST", path=_WRITES, seconds=_RETRY_AFTER_S, times=0
                    )
                case _:
                    self._sim.arm(FaultKind.HTML_BEFORE, times=0)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _write(self, person: str, place: Place, text: str, reply_to: str, title: str) -> str:
        """Write modmail: into the conversation that is answered, else the latest one; a title opens a new one."""
        known = [
            one for one in self._sim.conversations() if one.participant and one.participant.name == place.private_to
        ]
        if reply_to:
            known = [one for one in known if reply_to.startswith(f"{shown.MODMAIL}/{one.id}/")]
            if not known:
                raise SceneError("This message is not in that conversation.")
        if known and not title:
            one = known[-1]
            self._sim.answer_modmail(one.id, person, text)
        elif person == place.private_to:
            made = self._sim.write_modmail(
                _SUBREDDIT, person, text, subject=title or text.strip().partition("\n")[0][:80]
            )
            one = next(one for one in self._sim.conversations() if one.id == made)
        else:
            raise SceneError("Only the person can begin a conversation here.")
        return shown.letter_id(one, one.messages[-1])

    def _may_be(self, person: str, place: str) -> Place:
        known = next((one for one in self._people if one.id == person and one.role != "bot"), None)
        if known is None:
            raise SceneError(f"There is nobody {person!r} to play here.")
        found = next((one for one in self._places if one.id == place), None)
        if found is None:
            raise SceneError(f"There is no place {place!r} here.")
        if found.private_to not in {"", person} and known.role != "moderator":
            raise SceneError(f"{found.title}: nobody else can be there.")
        return found

    def _thing(self, name: str) -> Thing:
        if name.startswith(shown.MODMAIL):
            raise SceneError("Modmail cannot be changed any more.")
        try:
            thing = self._sim.thing(name)
        except SimulatorError as error:
            raise SceneError(str(error)) from error
        if thing.is_deleted:
            raise SceneError("This has been deleted.")
        return thing


class _Simulator(RedditSimulator):
    """The simulator with its world open to the scene."""

    @property
    def revision(self) -> int:
        """What grows with every change of the world."""
        return self._world.revision

    def things(self) -> Iterator[Thing]:
        """Give everything that was submitted or commented, oldest first."""
        yield from self._world.things.values()

    def thing(self, name: str) -> Thing:
        """Return a submission or a comment. Raises `SimulatorError`."""
        return self._world.thing(name)

    def user(self, name: str) -> User:
        """Return somebody. Raises `SimulatorError`."""
        return self._world.user(name)


def _modmail(person: Person) -> Place:
    title = f"{person.name} and the moderators"
    return Place(id=f"{shown.MODMAIL}/{person.id}", kind=shown.MODMAIL, title=title, private_to=person.id)


def _check_text(text: str) -> None:
    if not text.strip():
        raise SceneError("An empty text cannot be sent.")
    if len(text) > MAX_CHARS:
        raise SceneError(f"Reddit takes at most {MAX_CHARS} characters.")
