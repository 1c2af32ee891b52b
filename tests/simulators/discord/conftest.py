"""A simulated Discord with a guild, a bot and people in it; the real discord.py and bare HTTP, over a socket."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
import discord
import pytest
from yarl import URL

from simulators.discord import Bot, Channel, DiscordSimulator, Guild, User


@pytest.fixture
async def sim(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordSimulator]:
    async with DiscordSimulator() as simulator:
        monkeypatch.setattr(discord.http.Route, "BASE", simulator.api_base)
        monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", URL(simulator.gateway))
        yield simulator
    assert simulator.schema_errors == []


@pytest.fixture
def bot(sim: DiscordSimulator) -> Bot:
    return sim.add_bot()


@pytest.fixture
def ana(sim: DiscordSimulator) -> User:
    return sim.add_user("ana", global_name="Ana", locale="nl")


@pytest.fixture
def mila(sim: DiscordSimulator) -> User:
    return sim.add_user("mila", global_name="Mila")


@pytest.fixture
def guild(sim: DiscordSimulator, bot: Bot, ana: User, mila: User) -> Guild:
    guild = sim.add_guild("Shop", locale="de", members=[ana.id, mila.id])
    role = sim.add_role(guild.id, "moderators", permissions=["manage_messages", "mention_everyone", "manage_threads"])
    sim.give_role(guild.id, mila.id, role.id)
    return guild


@pytest.fixture
def place(sim: DiscordSimulator, guild: Guild) -> Channel:
    return sim.add_channel(guild.id, "help")


class Rest:
    """The REST API without an SDK, as a bot."""

    def __init__(self, http: aiohttp.ClientSession, sim: DiscordSimulator, bot: Bot) -> None:
        self.http = http
        self.bot = bot
        self.headers = {"Authorization": f"Bot {bot.token}"}
        self._sim = sim

    async def answer(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any, Any]:
        url = f"{self._sim.api_base}{path}"
        async with self.http.request(method, url, json=body, headers=self.headers | headers) as response:
            is_json = response.headers.get("Content-Type") == "application/json"
            return response.status, await (response.json() if is_json else response.text()), response.headers

    async def __call__(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        status, answer, _ = await self.answer(method, path, body)
        return status, answer

    async def say(self, channel_id: str, text: str, **fields: Any) -> tuple[int, Any]:
        return await self("POST", f"/channels/{channel_id}/messages", {"content": text, **fields})


@pytest.fixture
async def rest(sim: DiscordSimulator, bot: Bot) -> AsyncIterator[Rest]:
    async with aiohttp.ClientSession() as http:
        yield Rest(http, sim, bot)


class Client(discord.Client):
    """The real discord.py with a command, an entry of the context menu, and an ear."""

    def __init__(self, **options: Any) -> None:
        super().__init__(guild_ready_timeout=0.05, **options)
        self.tree = discord.app_commands.CommandTree(self)
        self.heard: list[discord.Message] = []
        self.raw: list[str] = []
        self.readies = 0

    async def setup_hook(self) -> None:
        await self.tree.sync()

    async def on_ready(self) -> None:
        self.readies += 1

    async def on_message(self, message: discord.Message) -> None:
        self.heard.append(message)

    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        self.raw.append(f"edit {event.message_id} {event.data['content']}")

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        self.raw.append(f"delete {event.message_id}")

    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        self.raw.append(f"bulk {sorted(event.message_ids)}")


@asynccontextmanager
async def started(client: discord.Client, token: str) -> AsyncIterator[asyncio.Task[None]]:
    """Let a client of discord.py run beside the block; it is ready when the block begins."""
    task = asyncio.create_task(client.start(token))
    try:
        await asyncio.wait_for(_ready(client, task), 10)
        yield task
    finally:
        await client.close()
        with suppress(asyncio.CancelledError):
            await task


async def _ready(client: discord.Client, task: asyncio.Task[None]) -> None:
    while not client.is_ready():
        if task.done():
            await task
        await asyncio.sleep(0.01)


async def until(is_true: Callable[[], bool], timeout_s: float = 5.0) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(timeout_s):
        while not is_true():
            await asyncio.sleep(0.01)
