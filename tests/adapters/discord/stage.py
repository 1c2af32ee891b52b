"""A started Discord adapter before the simulator: what its tests, and the contract of all channels, stand on."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from adapters.base import IncomingMessage, Reply, ReplyTarget
from adapters.discord import DiscordAdapter, Settings, create
from simulators.discord import Bot, Channel, DiscordSimulator, Guild, User
from tests.adapters.ground import Ground, ran

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from adapters.base import Button
    from simulators.discord import SentMessage

TOKEN = "MTA0MjU.CANARY.7hQ2xZkP0vJ9sLwE4rT8yU"
RIGHTS = ("view_channel", "send_messages", "send_messages_in_threads", "read_message_history")


def settings(sim: DiscordSimulator, **given: Any) -> Settings:
    quick = {"ready_wait_s": 0.05, "start_pause_s": 0.05, "max_backoff_s": 0.2, "request_timeout_s": 10}
    place = {"token": TOKEN, "api_base": sim.api_base, "gateway": sim.gateway, "file_hosts": [sim.url]}
    return Settings.model_validate({**quick, **place, **given})


@dataclass
class World:
    """A server with a channel, a help channel, a forum, and three people in it."""

    sim: DiscordSimulator
    bot: Bot
    guild: Guild
    ana: User
    bram: User
    mila: User  # who moderates
    lounge: Channel
    help: Channel
    forum: Channel


def world(sim: DiscordSimulator, **bot: Any) -> World:
    made = sim.add_bot(TOKEN, **bot)
    ana, bram = sim.add_user("ana", locale="nl"), sim.add_user("bram")
    mila = sim.add_user("mila", global_name="Mila M.")
    guild = sim.add_guild("Wallet users", members=[ana.id, bram.id, mila.id])
    role = sim.add_role(guild.id, "helpers", permissions=["manage_messages"])
    sim.give_role(guild.id, mila.id, role.id)
    lounge, desk = sim.add_channel(guild.id, "lounge"), sim.add_channel(guild.id, "help")
    forum = sim.add_channel(guild.id, "questions", kind="forum")
    return World(sim=sim, bot=made, guild=guild, ana=ana, bram=bram, mila=mila, lounge=lounge, help=desk, forum=forum)


@dataclass
class Stage:
    world: World
    adapter: DiscordAdapter
    ground: Ground
    inbox: list[IncomingMessage] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event = field(default_factory=asyncio.Event)  # cleared: the bot is busy
    refuses: Exception | None = None

    def __post_init__(self) -> None:
        self.gate.set()

    @property
    def sim(self) -> DiscordSimulator:
        return self.world.sim

    async def deliver(self, messages: Sequence[IncomingMessage]) -> None:
        await self.gate.wait()
        if self.refuses:
            raise self.refuses
        known = {message.dedupe_key for message in self.inbox}  # the ledger takes everything once
        self.inbox.extend(message for message in messages if message.dedupe_key not in known)
        self.came.set()

    async def arrives(self, number: int) -> IncomingMessage:
        """The thing number `number` (from 1) that the adapter delivered."""
        async with asyncio.timeout(10):
            while len(self.inbox) < number:
                self.came.clear()
                await self.came.wait()
        return self.inbox[number - 1]

    async def next_after(self, act: Callable[[], object]) -> IncomingMessage:
        """What comes of an act."""
        before = len(self.inbox)
        act()
        return await self.arrives(before + 1)

    async def says(self, text: str, *, user: User | None = None, **where: Any) -> IncomingMessage:
        """Somebody (Ana) writes, by default in private; what the adapter makes of it."""
        written = self.sim.write((user or self.world.ana).id, text, **where)
        return await self.comes(lambda message: message.message_id == written["id"])

    async def comes(self, fits: Callable[[IncomingMessage], bool]) -> IncomingMessage:
        """The first thing delivered that fits."""
        async with asyncio.timeout(10):
            while not (found := [message for message in self.inbox if fits(message)]):
                self.came.clear()
                await self.came.wait()
        return found[0]

    def posted(self, channel_id: str = "") -> list[SentMessage]:
        """What the bot posted, in order."""
        return self.sim.sent(channel_id)


@asynccontextmanager
async def running(
    sim: DiscordSimulator,
    *,
    ground: Ground | None = None,
    bot: dict[str, Any] | None = None,
    on: World | None = None,
    **given: Any,
) -> AsyncIterator[Stage]:
    """A started adapter in a world; `help_channels` may name the world's channels."""
    on = on or world(sim, **(bot or {}))
    ground = ground or Ground()
    named = {"help": on.help.id, "forum": on.forum.id, "lounge": on.lounge.id}
    if "help_channels" in given:
        given["help_channels"] = [named.get(channel, channel) for channel in given["help_channels"]]
    adapter = create("discord", settings(sim, **given), ground.surroundings())
    stage = Stage(world=on, adapter=adapter, ground=ground)
    async with ran(adapter, stage.deliver):
        await ready(stage)
        try:
            yield stage
        finally:
            await adapter.close()


async def ready(stage: Stage) -> None:
    """Wait until the adapter has caught up with a session, and registered its commands."""
    await stage.sim.wait_for_commands("ticket", timeout_s=10)
    async with asyncio.timeout(10):
        while not stage.sim.connected():
            await asyncio.sleep(0.01)
        while not json.loads(stage.ground.state.get("discord:memory", "{}")).get("mark"):
            await asyncio.sleep(0.01)


def reply_to(
    target: ReplyTarget, text: str, *, key: str = "in:1:answer", buttons: tuple[Button, ...] = (), quiet: bool = False
) -> Reply:
    return Reply(key=key, target=target, text=text, buttons=buttons, visibility=target.visibility, quiet=quiet)


_ESCAPED = re.compile(r"\\([^0-9A-Za-z\s])|\*\*|`")


def as_read(markdown: str) -> str:
    """What a reader sees of Discord's markdown, as far as the bot writes it."""
    return _ESCAPED.sub(lambda match: match[1] or "", markdown)
