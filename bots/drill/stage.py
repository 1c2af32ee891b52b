"""The drill's stage: simulated networks and a desk, wires to them that can fail, and the bot in its processes."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import aiohttp

from bots.drill.proxy import Wire
from bots.drill.schedule import MODERATOR, Line, Schedule
from bots.drill.traffic import faq_yaml
from bots.playground.folder import PlaygroundError, tables
from bots.playground.networks import Networks
from bots.playground.processes import BotProcess, Simulators, announced, end

if TYPE_CHECKING:
    from pathlib import Path

_CONNECTS_WITHIN_S = 60.0
_GREETS_WITHIN_LOOKS = 300
_DESK_TIMEOUT = aiohttp.ClientTimeout(total=30.0)
_POSTGRES = 5432
_LOCAL_URL = re.compile(r"127\.0\.0\.1:(\d+)")
# What a drill at many times the usual load needs a network to take; the real ones take less, and then one waits longer.
_PACE: Final[dict[str, dict[str, Any]]] = {
    "telegram": {"messages_per_second": 200},
    "discord": {"messages_per_second": 50},
    "twitter": {"posts_per_15_minutes": 100_000, "daily_budget_usd": 100_000},
    "reddit": {"messages_per_minute": 6_000},
}
_DESK_PACE: Final = {"poll_s": 1.0, "settle_s": 3.0, "timeout_s": 5.0}
_POLLS: Final = {"zendesk": {"poll_s": 6.5}}  # which lets itself be asked ten times a minute


class DrillError(Exception):
    """The drill cannot be done; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A line of the schedule as it came to be; `post` is "" for a menu's use."""

    line: Line
    person: str
    place: str
    post: str
    at: datetime


@dataclass(slots=True)
class Cast:
    """Who and where on one network, as its scene names them."""

    people: list[str]
    moderator: str
    bot: str
    everybody: frozenset[str]
    shared: str
    unasked: str  # where the bot is not addressed by every word
    private: dict[str, str] = field(default_factory=dict)

    def person(self, number: int) -> str:
        """Somebody's id."""
        return self.moderator if number == MODERATOR else self.people[number]


class Stage:
    """``async with Stage(folder, schedule) as stage``; the folder is empty. Raises `DrillError`."""

    def __init__(self, folder: Path, schedule: Schedule, *, processes: int = 1, ledger: str = "") -> None:
        self.folder = folder
        self.schedule = schedule
        self.ledger: Path | str = ledger or folder / "firstline.db"
        self.wires: dict[str, list[Wire]] = {}
        self.cast: dict[str, Cast] = {}
        self.posted: dict[int, Posted] = {}
        self.greetings: set[tuple[str, str]] = set()
        self.before: set[tuple[str, str]] = set()  # what was there before anybody wrote
        self.bots: list[BotProcess] = []
        self._ledger_url = ledger
        self._processes = processes
        self._tasks: list[asyncio.Task[None]] = []
        self._token = secrets.token_urlsafe(24)
        self._desk_url = ""

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            try:
                await self._build(stack)
            except PlaygroundError as error:
                raise DrillError(str(error)) from error
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _build(self, stack: AsyncExitStack) -> None:
        only = ",".join(self.schedule.networks)
        launching = asyncio.create_task(Simulators.launch(self._token, only, self.folder / "simulators.log"))
        try:
            desk = await self._desk(stack)
        finally:
            simulators = await launching
            stack.push_async_callback(simulators.end)
        self.networks = Networks(simulators.url, self._token)
        stack.push_async_callback(self.networks.close)
        sections: dict[str, object] = {}
        for name, connection in simulators.connections.items():
            sections[name] = await self._wired(stack, name, {**connection, **_PACE[name]})
        self._http = await stack.enter_async_context(
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {self._token}"}, timeout=_DESK_TIMEOUT)
        )
        for name in self.schedule.networks:
            await self._people(name)
        (self.folder / "faq.yaml").write_text(faq_yaml(), encoding="utf-8")
        if self._ledger_url:
            self._ledger_url = await self._wired_ledger(stack, self._ledger_url)
        for number in range(self._processes):
            config = self._configure(number, sections, desk)
            bot = BotProcess(config, self.folder / f"bot{number}.log", leash="bots.drill.leash")
            self.bots.append(bot)
            self._keep(stack, bot)
        await asyncio.gather(*(bot.first for bot in self.bots))
        await asyncio.gather(*map(self._connected, self.schedule.networks))
        if "discord" in self.schedule.networks:
            await self._known("discord")

    def _keep(self, stack: AsyncExitStack, bot: BotProcess) -> None:
        task = asyncio.create_task(bot.run())

        async def end_it() -> None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        stack.push_async_callback(end_it)

    async def _desk(self, stack: AsyncExitStack) -> dict[str, object]:
        if self.schedule.desk == "local":
            return {}
        process, said = await announced(
            "simulators.desks",
            [self.schedule.desk, "--leashed"],
            self.folder / "desk.log",
            {"SIMULATORS_TOKEN": self._token},
            what="The simulated desk does",
        )
        stack.push_async_callback(end, process)
        self._desk_url = said["url"]
        return await self._wired(stack, "desk", {**said["section"], **_DESK_PACE, **_POLLS.get(self.schedule.desk, {})})

    async def _wired(self, stack: AsyncExitStack, name: str, section: dict[str, Any]) -> dict[str, Any]:
        """The section with every address replaced by that of a wire to it."""
        text = json.dumps(section)
        self.wires[name] = []
        for port in sorted(set(_LOCAL_URL.findall(text))):
            wire = await stack.enter_async_context(Wire(int(port)))
            self.wires[name].append(wire)
            text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{wire.port}")
        wired: dict[str, Any] = json.loads(text)
        return wired

    async def _wired_ledger(self, stack: AsyncExitStack, url: str) -> str:
        """The same address behind a wire."""
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query))
        host = options.pop("host", parts.hostname or "127.0.0.1")
        wire = await stack.enter_async_context(Wire(parts.port or _POSTGRES, host))
        self.wires["ledger"] = [wire]
        login, at, _ = parts.netloc.rpartition("@")
        netloc = f"{login}{at}127.0.0.1:{wire.port}"
        return urlunsplit(parts._replace(netloc=netloc, query=urlencode(options)))

    def _configure(self, number: int, channels: dict[str, object], desk: dict[str, object]) -> Path:
        sections: dict[str, object] = {
            "bot": {"organisation": "Acme"},
            "faq": {"path": "faq.yaml", "matcher": "lexical", "suggest_recall": 0.5},
            "ledger": {"url": self._ledger_url} if self._ledger_url else {"path": str(self.ledger)},
            "web": {"port": 0},
            "log": {"level": "info"},
            "limits": {"open_tickets_per_person": 1000, "undecided_messages": 100_000, "drain_s": 5},
            "channels": channels,
            **({"desk": desk} if desk else {}),
        }
        file = self.folder / f"firstline{number}.toml"
        file.touch(mode=0o600)
        lines = [f"data_dir = {json.dumps(str(self.folder / f'data{number}'))}", *tables((), sections)]
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return file

    async def _people(self, network: str) -> None:
        for number in range(self.schedule.people[network]):
            await self.networks.act(network, "join", {"name": f"Person{number}"})
        view = next(view for view in await self.networks.views() if view["network"] == network)
        self.before |= {(network, post["id"]) for post in view["posts"]}
        by_name = {person["name"]: person["id"] for person in view["people"]}
        shared = [place for place in view["places"] if not place["private_to"]]
        self.cast[network] = Cast(
            people=[by_name[f"Person{number}"] for number in range(self.schedule.people[network])],
            moderator=next(person["id"] for person in view["people"] if person["role"] == "moderator"),
            bot=next(person["id"] for person in view["people"] if person["role"] == "bot"),
            everybody=frozenset(by_name.values()),
            shared=shared[0]["id"],
            unasked=next((place["id"] for place in shared if "general" in place["title"]), shared[0]["id"]),
            private={place["private_to"]: place["id"] for place in view["places"] if place["private_to"]},
        )

    async def _connected(self, network: str) -> None:
        """What was said before a bot's very first log-in is not for it: wait until it hears."""
        view = next(view for view in await self.networks.views() if view["network"] == network)
        person = next(person["id"] for person in view["people"] if person["name"] == "Bram")
        place = self.cast[network].private[person]
        try:
            async with asyncio.timeout(_CONNECTS_WITHIN_S):
                while not await self.networks.sent(network):
                    post = await self.networks.act(network, "say", {"person": person, "place": place, "text": "hello"})
                    self.greetings.add((network, post))
                    for _ in range(30):
                        if await self.networks.sent(network):
                            break
                        await asyncio.sleep(0.1)
        except TimeoutError:
            raise DrillError(f"The bot does not answer on {network}: see {self.folder}.") from None

    async def _known(self, network: str) -> None:
        """Everybody who will write in private says hello once.

        Discord lists no direct conversations, so that one that begins while no bot is there is not found: not by any
        bot. The drill is about what can be kept.
        """
        cast = self.cast[network]
        private = {line.person for line in self.schedule.lines if line.network == network and line.is_private}
        for number in sorted(private):
            person = cast.person(number)
            said = {"person": person, "place": cast.private[person], "text": "hello"}
            self.greetings.add((network, await self.networks.act(network, "say", said)))
        places = {cast.private[cast.person(number)] for number in private}
        for _ in range(_GREETS_WITHIN_LOOKS):
            if not places - {one["place"] for one in await self.networks.sent(network)}:
                return
            await asyncio.sleep(0.2)
        raise DrillError(f"The bot does not greet everybody on {network}: see {self.folder}.")

    # --- what people and agents do ------------------------------------------------------------------------------------

    async def perform(self, line: Line) -> None:
        """Let somebody do something. Raises `PlaygroundError` where the network refuses."""
        cast = self.cast[line.network]
        person = cast.person(line.person)
        about = self.posted.get(line.about)
        place = cast.private[person] if line.is_private else cast.shared
        if not line.is_private and not line.outcomes:
            place = cast.unasked
        act, arguments = line.act, {"person": person}
        if line.act == "say":
            arguments |= {"place": place, "text": line.text}
        elif about is None:
            return  # what it is about was never said
        elif line.act == "redirect" and line.network != "discord":
            act = "say"
            arguments |= {"place": about.place, "text": line.text, "reply_to": about.post}
        else:
            act = "menu" if line.act == "redirect" else line.act
            arguments |= {"post": about.post} | ({"text": line.text} if line.act == "edit" else {})
        at = datetime.now(UTC)
        post = await self.networks.act(line.network, act, arguments)
        self.posted[line.id] = Posted(line=line, person=person, place=place, post=post, at=at)

    async def fault(self, network: str, name: str, *, on: bool) -> None:
        """Switch a failure of a simulated network on or off."""
        await self.networks.act(network, "fault", {"name": name, "on": on})

    async def tickets(self) -> list[dict[str, Any]]:
        """The tickets at the simulated desk (`simulators.desks.Seen` as JSON)."""
        async with self._http.get(f"{self._desk_url}/tickets") as answer:
            seen: list[dict[str, Any]] = (await answer.json())["tickets"]
            return seen

    async def agent(self, act: str, ticket: str, text: str = "") -> None:
        """Let the agent at the simulated desk "answer" or "solve"."""
        async with self._http.post(f"{self._desk_url}/{act}", json={"id": ticket, "text": text}) as answer:
            if not answer.ok:
                raise DrillError(f"The simulated desk refused {act} of {ticket}: {await answer.text()}")
