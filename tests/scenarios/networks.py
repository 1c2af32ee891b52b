"""One bot on one simulated network, whichever: what all four must do, said once. Built on `simulators.scene`."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bots.cli import setting_up
from bots.ledger import approvals, commands, report
from bots.supervisor import Bot
from simulators.__main__ import found

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from bots.ledger.approvals import Waiting
    from bots.ledger.report import DeskTicket, Report
    from simulators.scene import Post, Scene

_HERE = Path(__file__).parent
_PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How one does on a network what all networks have."""

    address: str  # what comes before words that are for the bot where others read
    act: str  # what a moderator answers a complaint with; "menu" is the context menu
    posts_for_agents: bool  # whether the network lets the bot post what comes later without a moderator's release


MANNERS = {
    "telegram": Manners(address="@firstline_bot ", act="/ticket urgent", posts_for_agents=True),
    "discord": Manners(address="", act="menu", posts_for_agents=True),
    "twitter": Manners(address="@firstline_bot ", act="@firstline_bot ticket urgent", posts_for_agents=False),
    "reddit": Manners(address="u/firstline_bot ", act="!ticket urgent", posts_for_agents=True),
}


class NetworkStage:
    """A running bot whose only network is a scene."""

    def __init__(self, scene: Scene, folder: Path) -> None:
        self.scene = scene
        self.manners = MANNERS[scene.network]
        self.folder = folder
        self.bot: Bot
        view = scene.view()
        by_name = {person.name.split()[0]: person.id for person in view.people}
        self.ana, self.bram, self.mila = by_name["Ana"], by_name["Bram"], by_name["Mila"]
        self.us = next(person.id for person in view.people if person.role == "bot")
        shared = [place for place in view.places if not place.private_to]
        self.shared = shared[0].id
        # Where the bot is not asked by every word: the same place, but for a channel made for questions.
        self.unasked = next((place.id for place in shared if "general" in place.title), shared[0].id)
        self._known = {post.id for post in view.posts}
        self.settings = setting_up.load(self._config())

    def _config(self) -> Path:
        faq = self.folder / "faq"
        faq.mkdir(parents=True, exist_ok=True)
        shutil.copy(_HERE / "faq.yaml", faq / "en.yaml")
        file = self.folder / "firstline.toml"
        name = self.scene.network
        section = "\n".join(f"{key} = {_toml(value)}" for key, value in self.scene.connection().items())
        file.write_text(
            f'data_dir = "{self.folder}/data"\n[faq]\npath = "{faq}"\nmatcher = "lexical"\n[web]\nport = 0\n'
            f"[channels.{name}]\n{section}\n",
            encoding="utf-8",
        )
        return file

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Bot]:
        """The bot, started and wound down."""
        async with Bot(self.settings) as bot:
            self.bot = bot
            await self._connected()
            yield bot

    async def _connected(self) -> None:
        """What was said before a bot's very first log-in is not for it: wait until it hears."""
        async with asyncio.timeout(_PATIENCE_S):
            while not self.posted():
                await self.write(self.bram, "hello")
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(2):
                        while not self.posted():
                            await asyncio.sleep(0.05)
        self._known = {post.id for post in self.scene.view().posts}

    # --- what people do ---------------------------------------------------------------------------------------------

    def private(self, person: str) -> str:
        """Where somebody and the bot are alone."""
        return next(place.id for place in self.scene.view().places if place.private_to == person)

    async def ask(self, person: str, text: str, *, reply_to: str = "") -> str:
        """Say something to the bot where others read."""
        return await self.scene.say(person, self.shared, f"{self.manners.address}{text}", reply_to=reply_to)

    async def write(self, person: str, text: str) -> str:
        """Say something to the bot in private."""
        return await self.scene.say(person, self.private(person), text)

    async def redirect(self, moderator: str, complaint: str) -> str:
        """The moderator's act on somebody's post; the post that did it, where it is one."""
        if self.manners.act == "menu":
            await self.scene.menu(moderator, complaint)
            return ""
        place = next(post.place for post in self.scene.view().posts if post.id == complaint)
        return await self.scene.say(moderator, place, self.manners.act, reply_to=complaint)

    # --- what people see --------------------------------------------------------------------------------------------

    def posted(self) -> list[Post]:
        """What the bot posted, in order, as far as it is there still."""
        return [p for p in self.scene.view().posts if p.author == self.us and p.id not in self._known]

    async def reads(self, *parts: str, person: str = "", place: str = "", reply_to: str = "") -> Post:
        """Wait for a post of the bot with these parts; `person`: in private, with that person."""
        place = self.private(person) if person else place

        def fits(post: Post) -> bool:
            is_there = place in {"", post.place} and reply_to in {"", post.reply_to}
            return is_there and all(part in post.text for part in parts)

        async with asyncio.timeout(_PATIENCE_S):
            while not (seen := [post for post in self.posted() if fits(post)]):
                await asyncio.sleep(0.05)
        return seen[-1]

    async def until(self, true: Callable[[], object]) -> None:
        """Wait until it is true."""
        async with asyncio.timeout(_PATIENCE_S):
            while not true():
                await asyncio.sleep(0.05)

    async def order(self, name: str, **arguments: object) -> str:
        """What another process asks of the running bot."""
        state, result = await asyncio.to_thread(commands.submit, self.settings.ledger_place, name, arguments)
        assert state == "done", result
        return result

    async def release(self, part: str) -> Waiting:
        """Let a waiting text out, as a moderator does; it must come."""
        await self.until(lambda: self._waiting(part))
        waiting = self._waiting(part)
        assert waiting is not None
        await self.order("approvals_send", id=waiting.id)
        return waiting

    def _waiting(self, part: str) -> Waiting | None:
        return next((text for text in approvals.waiting(self.settings.ledger_place) if part in text.text), None)

    def report(self) -> Report:
        """What `firstline ledger` shows."""
        return report.report(self.settings.ledger_place)

    def ticket(self, number: str) -> DeskTicket:
        """What `firstline tickets show` shows."""
        return report.ticket(self.settings.ledger_place, number)

    def tickets(self) -> list[DeskTicket]:
        """What `firstline tickets list --all` shows."""
        return report.tickets(self.settings.ledger_place, all_of_them=True)


@contextlib.asynccontextmanager
async def stage_on(network: str, folder: Path) -> AsyncIterator[NetworkStage]:
    """A running bot on that network; afterwards every message must have exactly one outcome."""
    (scene,) = found([network])
    await scene.start()
    try:
        stage = NetworkStage(scene, folder)
        async with stage.running():
            yield stage
        counted = stage.report()
        assert counted.adds_up
        assert counted.undecided == 0
        assert counted.failed == ()
        assert counted.ambiguous == ()
    finally:
        await scene.stop()


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(str(key))} = {_toml(each)}" for key, each in value.items()) + "}"
    return json.dumps(list(value) if isinstance(value, tuple) else value)
