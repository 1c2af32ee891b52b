"""Telegram for the playground: a group with Ana, Bram and its administrator Mila, and each one's chat with the bot."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from simulators.driving import SimulatorError
from simulators.scene import FAULTS, Choice, Person, Place, Post, SceneError, Sent, View
from simulators.telegram.faults import FaultKind
from simulators.telegram.server import TelegramSimulator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

    from simulators.telegram.wire import Json
    from simulators.telegram.world import User

_TOKEN = "110201543:playground"
_BOT_NAME = "firstline_bot"
_ACTS = ("reply", "edit", "delete", "slash")
_WRITES = ("sendMessage", "editMessageText", "editMessageReplyMarkup", "deleteMessage", "answerCallbackQuery")
_WITHOUT_END = -1
_RETRY_AFTER_S = 3
_DEEP_LINK = re.compile(rf"https://t\.me/{_BOT_NAME}\?start=([A-Za-z0-9_-]{{1,64}})")


class _Simulator(TelegramSimulator):
    """The simulator without its open control: whoever plays here comes through the scene, with a token."""

    def end_polls(self) -> None:
        """Let every waiting getUpdates return."""
        for bot in self._world.bots.values():
            bot.mailbox.close()

    def _add_control(self, _app: web.Application) -> None:
        """Leave it out."""


class TelegramScene:
    """The network as `simulators.scene.Scene`. A post's id is ``chat/message``, as messages count in each chat anew."""

    network = "telegram"

    def __init__(self) -> None:
        self._sim = _Simulator()
        bot = self._sim.add_bot(_TOKEN, username=_BOT_NAME)
        people = {
            user: role
            for name, role in (("Ana", "user"), ("Bram", "user"), ("Mila", "moderator"))
            for user in (self._sim.add_user(name, username=f"{name.lower()}_writes", language_code="en"),)
        }
        mila = next(user for user, role in people.items() if role == "moderator")
        group = self._sim.add_chat("Community", members=[user.id for user in people])
        self._sim.set_member(group.id, mila.id, "administrator", quietly=True)
        self._sim.set_member(group.id, bot.id, "member", quietly=True)
        self._group = group.id
        self._people: dict[str, Person] = {}
        self._places = [Place(id=str(group.id), kind="group", title=group.title or "")]
        for user, role in [*people.items(), (bot, "bot")]:
            self._enter(user, role)
        self._faults: tuple[str, ...] = ()
        self._revision = 0
        self._shown: tuple[object, ...] = ()

    async def start(self) -> None:
        """Serve on a free port of 127.0.0.1."""
        await self._sim.__aenter__()

    async def stop(self) -> None:
        """Stop serving."""
        await self._sim.__aexit__(None, None, None)

    def connection(self) -> Mapping[str, Any]:
        """The section ``[channels.telegram]``; pauses are short, so that one sees the bot come back."""
        return {
            "kind": "telegram",
            "token": _TOKEN,
            "api_base": self._sim.base_url,
            "file_base": self._sim.base_file_url,
            "conflict_wait_s": 1.0,
            "max_backoff_s": 2.0,
        }

    def view(self) -> View:
        """What people see in their clients; a deleted message is gone for them, too."""
        posts = sorted((post for place in self._places for post in self._posts(place)), key=lambda post: post.at)
        shown = (posts, self._faults, len(self._people))
        if shown != self._shown:
            self._shown = shown
            self._revision += 1
        return View(
            network=self.network,
            title="Telegram",
            revision=self._revision,
            people=tuple(self._people.values()),
            places=tuple(self._places),
            posts=tuple(posts),
            acts=_ACTS,
            faults=self._faults,
        )

    def sent(self) -> list[Sent]:
        """What the bot sent."""
        calls = {call.number: call for call in self._sim.calls("sendMessage")}
        return [
            Sent(
                id=f"{one.chat_id}/{one.message_id}",
                place=str(one.chat_id),
                text=one.text,
                at=one.date.isoformat(),
                is_heard=calls[one.call].delivered if one.call in calls else None,
            )
            for one in self._sim.sent()
        ]

    async def join(self, name: str) -> str:
        """Let one more person come, into the group, too."""
        user = self._sim.add_user(name, username=f"{name.lower()}_writes", language_code="en")
        self._sim.set_member(self._group, user.id, "member", quietly=True)
        self._enter(user, "user")
        return str(user.id)

    async def repeat(self) -> str:
        """Hand out the last updates once more."""
        return str(self._sim.repeat())

    async def say(self, person: str, place: str, text: str, *, reply_to: str = "", title: str = "") -> str:
        """Write in the group, or to the bot. Telegram knows no titles."""
        del title
        self._may_be(person, place)
        if not text.strip():
            raise SceneError("An empty message cannot be sent.")
        if len(text) > 4096:
            raise SceneError("Telegram takes at most 4096 characters in a message.")
        answered = None
        if reply_to:
            chat, answered = _address(reply_to)
            if str(chat) != place:
                raise SceneError("One can answer a message only in the chat that it is in.")
        try:
            chat_id = None if place == person else int(place)
            return _post_id(self._sim.write(int(person), text, chat_id=chat_id, reply_to=answered))
        except SimulatorError as error:
            raise SceneError(str(error)) from error

    async def slash(self, person: str, place: str, command: str, text: str) -> None:
        """Choose a command from the bot's menu; in a group the client adds whose it is."""
        whose = "" if place == person else f"@{_BOT_NAME}"
        await self.say(person, place, f"/{command}{whose} {text}".rstrip())

    async def menu(self, person: str, post: str) -> None:
        """Telegram has no context menu for bots."""
        raise SceneError(f"Telegram has no such menu: answer the message with /ticket. ({person}, {post})")

    async def press(self, person: str, post: str, button: str) -> None:
        """Tap a button; one with a link to the bot opens the private chat and starts it."""
        chat, message = _address(post)
        self._may_be(person, str(chat))
        if link := _DEEP_LINK.fullmatch(button):
            await self.say(person, person, f"/start {link[1]}")
            return
        try:
            self._sim.tap(int(person), message, button, chat_id=chat)
        except SimulatorError as error:
            raise SceneError(str(error)) from error

    async def edit(self, person: str, post: str, text: str) -> None:
        """Change one's own message."""
        chat, message = self._own(person, post)
        if not text.strip():
            raise SceneError("An empty message cannot be sent.")
        self._sim.edit(chat, message, text)

    async def delete(self, person: str, post: str) -> None:
        """Delete one's own message; Telegram tells the bot nothing of it."""
        self._sim.delete(*self._own(person, post))

    async def fault(self, name: str, *, on: bool) -> None:
        """Switch a failure on or off, for the requests that come from now on and for the one that waits for news."""
        if name not in FAULTS:
            raise SceneError(f"There is no fault {name!r}; there are {', '.join(FAULTS)}.")
        self._faults = tuple(fault for fault in FAULTS if (on if fault == name else fault in self._faults))
        self._sim.disarm()
        for fault in self._faults:
            match fault:
                case "offline":
                    self._sim.arm(FaultKind.CUT_BEFORE, times=_WITHOUT_END)
                case "rate_limit":
                    for method in _WRITES:
                        self._sim.arm(
                            FaultKind.TOO_MANY_REQUESTS, method=method, seconds=_RETRY_AFTER_S, times=_WITHOUT_END
                        )
                case _:
                    self._sim.arm(FaultKind.BAD_GATEWAY_BEFORE, times=_WITHOUT_END)
        self._sim.end_polls()

    # --- inside -----------------------------------------------------------------------------------------------------

    def _enter(self, user: User, role: str) -> None:
        person = Person(id=str(user.id), name=user.first_name, handle=user.username or "", role=role)
        self._people[person.id] = person
        if role != "bot":
            title = f"{person.name} and the bot"
            self._places.append(Place(id=person.id, kind="private", title=title, private_to=person.id))

    def _posts(self, place: Place) -> list[Post]:
        try:
            messages = self._sim.history(int(place.id))
        except SimulatorError:
            return []  # nobody has written there yet
        return [self._post(place, message) for message in messages if "text" in message]

    def _post(self, place: Place, message: Json) -> Post:
        author = str(message["from"]["id"])
        is_person = author in self._people and self._people[author].role != "bot"
        rows = message.get("reply_markup", {}).get("inline_keyboard", [])
        parent = message.get("reply_to_message")
        return Post(
            id=_post_id(message),
            place=place.id,
            author=author,
            text=message["text"],
            at=datetime.fromtimestamp(message["date"], UTC).isoformat(),
            reply_to=_post_id(parent) if parent else "",
            state="edited" if is_person and "edit_date" in message else "",
            buttons=tuple(
                Choice(id=button.get("callback_data") or button.get("url", ""), label=button["text"])
                for row in rows
                for button in row
            ),
        )

    def _may_be(self, person: str, place: str) -> None:
        if person not in self._people or self._people[person].role == "bot":
            raise SceneError(f"There is nobody {person!r} to play here.")
        found = next((known for known in self._places if known.id == place), None)
        if found is None:
            raise SceneError(f"There is no place {place!r} here.")
        if found.private_to not in {"", person}:
            raise SceneError(f"{found.title}: nobody else can be there.")

    def _own(self, person: str, post: str) -> tuple[int, int]:
        chat, message = _address(post)
        self._may_be(person, str(chat))
        found = next((known for place in self._places for known in self._posts(place) if known.id == post), None)
        if found is None:
            raise SceneError("This message is not there any more.")
        if found.author != person:
            raise SceneError("Only its author can change or delete a message.")
        return chat, message


def _post_id(message: Json) -> str:
    return f"{message['chat']['id']}/{message['message_id']}"


def _address(post: str) -> tuple[int, int]:
    found = re.fullmatch(r"(-?\d{1,18})/(\d{1,18})", post, re.ASCII)
    if found is None:
        raise SceneError(f"There is no message {post!r}.")
    return int(found[1]), int(found[2])
