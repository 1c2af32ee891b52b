"""The crash test on the other networks: ``python -m tests.crash.networks --only discord,twitter,reddit``.

The simulated network and the real bot run as processes. While Ana and Bram ask and complain, the bot is killed with
kill -9 at random moments and started again. Afterwards every question has exactly one reply under it, every complaint
one ticket, and the ledger adds up. Nothing is ambiguous: on these networks the bot can look.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import secrets
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from aiohttp import ClientSession

from bots.ledger import report
from tests.crash.processes import Firstline
from tests.crash.traffic import faq_yaml

if TYPE_CHECKING:
    from collections.abc import Sequence

NETWORKS = ("discord", "twitter", "reddit")
_ADDRESS = {"discord": "", "twitter": "@firstline_bot ", "reddit": "u/firstline_bot "}
_PACE = {
    "discord": {"messages_per_second": 50},
    "twitter": {"posts_per_15_minutes": 10_000, "daily_budget_usd": 1000},
    "reddit": {"messages_per_minute": 6000},
}
_SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]
_QUESTION = "my withdrawal is stuck"
_LIFE_S = (0.4, 2.5)
_DRAIN_S = 120.0
_CONNECTS_S = 30.0


class Network:
    """One simulated network as a process, driven as the playground drives it."""

    def __init__(self, name: str, log: Path) -> None:
        self.name = name
        self._log = log
        self._token = secrets.token_hex(8)

    async def __aenter__(self) -> Self:
        environment = {**os.environ, "SIMULATORS_TOKEN": self._token, "PYTHONPATH": str(Path(__file__).parents[2])}
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "simulators", "--only", self.name),
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=environment,
            )
        assert self._process.stdout is not None
        said = json.loads(await self._process.stdout.readline())
        self.connection: dict[str, Any] = said["connections"][self.name]
        self._http = ClientSession(said["url"], headers={"Authorization": f"Bearer {self._token}"})
        view = await self.view()
        people = {person["name"].split()[0]: person["id"] for person in view["people"]}
        self.people = [people["Ana"], people["Bram"]]
        self.us = next(person["id"] for person in view["people"] if person["role"] == "bot")
        self.shared = next(place["id"] for place in view["places"] if not place["private_to"])
        self.private = {place["private_to"]: place["id"] for place in view["places"] if place["private_to"]}
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()
        self._process.terminate()
        await self._process.wait()

    async def view(self) -> dict[str, Any]:
        """The network as it is now."""
        async with self._http.get(f"/scenes/{self.name}") as response:
            view: dict[str, Any] = await response.json()
            return view

    async def say(self, person: str, place: str, text: str) -> str:
        """Post as a person; gives the post's id."""
        async with self._http.post(
            f"/scenes/{self.name}/say", json={"person": person, "place": place, "text": text}
        ) as response:
            said = await response.json()
            assert response.status == 200, said
            return str(said["post"])

    async def replies(self) -> list[dict[str, Any]]:
        """What the bot posted."""
        return [post for post in (await self.view())["posts"] if post["author"] == self.us]


async def crash(name: str, messages: int, kills: int, seed: int, folder: Path) -> Counter[str]:
    """One whole run in an empty folder. Raises `AssertionError` with what is wrong."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, no secret
    async with Network(name, folder / "network.log") as network, Firstline(folder) as bot:
        _configure(bot, network, folder)
        await bot.start()
        await _connected(network)
        feeding = asyncio.create_task(_feed(network, chance, messages, kills))
        for _ in range(kills):
            await asyncio.sleep(chance.uniform(*_LIFE_S))
            await bot.kill()
            await bot.start()
        asked = await feeding
        await _drained(bot)
        counts = _audit(bot, asked, await network.replies())
        await bot.stop()
    return counts


def _configure(bot: Firstline, network: Network, folder: Path) -> None:
    (folder / "faq.yaml").write_text(faq_yaml(), encoding="utf-8")
    section = {**network.connection, **_PACE[network.name]}
    bot.config.write_text(
        f'data_dir = "data"\n[faq]\npath = "faq.yaml"\nmatcher = "lexical"\nsuggest_recall = 0.5\n'
        f'[ledger]\npath = "{bot.ledger}"\n[web]\nport = 0\n[limits]\nopen_tickets_per_person = 100000\n'
        f"[channels.{network.name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in section.items()),
        encoding="utf-8",
    )


async def _connected(network: Network) -> None:
    """What was said before a bot's very first log-in is not for it: wait until it hears."""
    person = network.people[1]
    async with asyncio.timeout(_CONNECTS_S):
        while True:
            await network.say(person, network.private[person], "hello")
            for _ in range(40):
                if await network.replies():
                    await asyncio.sleep(1)  # and the replies to earlier ones
                    return
                await asyncio.sleep(0.05)


async def _feed(network: Network, chance: random.Random, messages: int, kills: int) -> dict[str, str]:
    """Ask and complain in public, spread over about the time that the kills take; the posts and what each says."""
    asked = {}
    pause_s = kills * sum(_LIFE_S) / messages
    for number in range(messages):
        words = _QUESTION if number % 2 else " ".join("".join(chance.choices(_SYLLABLES, k=4)) for _ in range(6))
        text = f"{_ADDRESS[network.name]}{words}"
        asked[await network.say(network.people[number % 2], network.shared, text)] = words
        await asyncio.sleep(pause_s)
    return asked


async def _drained(bot: Firstline) -> None:
    """Wait until nothing is undecided or on its way, twice in a row: a poll may be under way."""
    quiet = 0
    async with asyncio.timeout(_DRAIN_S):
        while quiet < 6:
            await asyncio.sleep(0.5)
            counted = await asyncio.to_thread(report.report, bot.ledger)
            busy = counted.undecided or counted.replies.get("pending") or counted.replies.get("sending")
            quiet = 0 if busy else quiet + 1


def _audit(bot: Firstline, asked: dict[str, str], replies: Sequence[dict[str, Any]]) -> Counter[str]:
    counted = report.report(bot.ledger)
    assert counted.adds_up
    assert counted.failed == ()
    assert counted.ambiguous == ()
    under = Counter(reply["reply_to"] for reply in replies if reply["reply_to"] in asked)
    wrong = {(post, words): under[post] for post, words in asked.items() if under[post] != 1}
    assert not wrong, f"replies under these: {wrong}; refused: {counted.refused}"
    tickets = [report.ticket(bot.ledger, ticket.number) for ticket in report.tickets(bot.ledger, all_of_them=True)]
    # Where a channel is one conversation, the second complaint is added to the ticket of the first.
    entries = [entry.text for ticket in tickets for entry in ticket.entries]
    complaints = [words for words in asked.values() if words != _QUESTION]
    missed = {words: times for words in complaints if (times := sum(words in entry for entry in entries)) != 1}
    assert not missed, f"complaints in the tickets: {missed}"
    return Counter(messages=len(asked), tickets=len(tickets), kills=len(bot.kills), replies=under.total())


def main() -> None:
    """Run and print the counts."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.networks", description=__doc__)
    parser.add_argument("--only", default=",".join(NETWORKS))
    parser.add_argument("--messages", type=int, default=200)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for name in options.only.split(","):
        with tempfile.TemporaryDirectory() as folder:
            counts = asyncio.run(crash(name, options.messages, options.kills, options.seed, Path(folder)))
            sys.stdout.write(f"{name}: nothing lost, nothing doubled, nothing ambiguous. {dict(counts)}\n")


if __name__ == "__main__":
    main()
