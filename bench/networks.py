"""All channels in one bot: memory, start-up, and the time from a post to its reply, on each simulated network.

``python -m bench.networks [--rate 100] [--seconds 60]``. The four simulators run in this process, the bot in its own.
The networks' own limits on a bot are lifted (no real network lets one answer 25 people a second); the pauses between
two looks at X and Reddit are a second, so that half of one is the least that a median can be there.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from simulators.discord.server import DiscordSimulator
from simulators.reddit.server import RedditSimulator
from simulators.telegram import TelegramSimulator
from simulators.twitter.server import TwitterSimulator

_ROOT = Path(__file__).parents[1]
_PROGRAM = Path(sys.executable).with_name("firstline")
_QUESTION = "my withdrawal is stuck"
_FAQ = """
language: en
entries:
  - id: withdrawal
    question: Why is my withdrawal still pending?
    also: [my withdrawal is stuck]
    answer: Every withdrawal is checked first.
  - id: fees
    question: What does a trade cost?
    answer: A trade costs 0.1 percent.
"""
_TELEGRAM_TOKEN = "110201543:bench"  # noqa: S105 - of a local server
_PEOPLE = 40
_ANSWERED_WITHIN_S = 120.0


@dataclass(kw_only=True)
class Network:
    """One simulated network: how somebody asks there, and when which question was answered."""

    name: str
    section: dict[str, Any]
    ask: Callable[[int], str]  # the n-th question; gives what its reply will name
    answers: Callable[[], Iterable[tuple[str, datetime]]]
    asked: dict[str, datetime] = field(default_factory=dict)

    def put(self, number: int) -> None:
        """Ask."""
        at = datetime.now(UTC)
        self.asked[self.ask(number)] = at

    def latencies_s(self) -> list[float]:
        """From post to reply, of those answered."""
        replied = {key: at for key, at in reversed(list(self.answers())) if key in self.asked}
        return [(at - self.asked[key]).total_seconds() for key, at in replied.items()]


async def telegram(stack: AsyncExitStack) -> Network:
    """Everybody in a private chat of their own, as Telegram lets a bot say one message a second in each."""
    sim = await stack.enter_async_context(TelegramSimulator())
    sim.add_bot(_TELEGRAM_TOKEN)

    def ask(_: int) -> str:
        user = sim.add_user("Ana", language_code="en")
        sim.write(user.id, _QUESTION)
        return str(user.id)

    return Network(
        name="telegram",
        section={
            "token": _TELEGRAM_TOKEN,
            "api_base": sim.base_url,
            "file_base": sim.base_file_url,
            "messages_per_second": 1000,
        },
        ask=ask,
        answers=lambda: ((str(sent.chat_id), sent.date) for sent in sim.sent() if "checked" in sent.text),
    )


async def discord(stack: AsyncExitStack) -> Network:
    """People in direct messages: a channel takes five messages in five seconds."""
    sim = await stack.enter_async_context(DiscordSimulator())
    sim.add_bot("bench.simulated.token")
    guild = sim.add_guild("Acme")

    def ask(number: int) -> str:
        user = sim.add_user(f"user{number}")
        sim.add_member(guild.id, user.id)
        return str(sim.write(user.id, _QUESTION)["id"])

    return Network(
        name="discord",
        section={
            "token": "bench.simulated.token",
            "api_base": sim.api_base,
            "gateway": sim.gateway,
            "messages_per_second": 50,
        },
        ask=ask,
        answers=lambda: ((sent.reply_to, sent.date) for sent in sim.sent() if "checked" in sent.text),
    )


async def twitter(stack: AsyncExitStack) -> Network:
    """Mentions."""
    sim = await stack.enter_async_context(TwitterSimulator())
    bot = sim.add_bot()
    keys = sim.credentials(bot.id)
    people = itertools.count()

    def ask(_: int) -> str:
        user = sim.add_user(f"Ana {next(people)}")
        return str(sim.mention(user.id, f"@firstline_bot {_QUESTION}")["id"])

    names = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
    return Network(
        name="twitter",
        section={
            **{name: keys[name] for name in names},
            "api_base": sim.url,
            "automated_label_confirmed": True,
            "poll_interval_s": 1,
            "posts_per_15_minutes": 1_000_000,
            "daily_budget_usd": 100_000,
        },
        ask=ask,
        answers=lambda: ((sent.reply_to, sent.date) for sent in sim.sent("post")),
    )


async def reddit(stack: AsyncExitStack) -> Network:
    """Comments that name the bot, below one submission."""
    sim = await stack.enter_async_context(RedditSimulator())
    sim.add_client("bench", "bench-secret")
    sim.add_user("firstline_bot", password="bench-password")  # noqa: S106 - of a local server
    sim.add_subreddit("acme")
    people = [sim.add_user(f"user{number}").name for number in range(_PEOPLE)]
    place = sim.submit("acme", people[0], "Questions")["name"]

    def ask(number: int) -> str:
        return str(sim.comment(place, people[number % _PEOPLE], f"u/firstline_bot {_QUESTION}")["name"])

    return Network(
        name="reddit",
        section={
            "reddit_url": sim.url,
            "oauth_url": sim.url,
            "client_id": "bench",
            "client_secret": "bench-secret",
            "username": "firstline_bot",
            "password": "bench-password",
            "subreddits": ["acme"],
            "poll_interval_s": 1,
            "messages_per_minute": 1_000_000,
        },
        ask=ask,
        answers=lambda: ((sent.parent, sent.date) for sent in sim.sent()),
    )


async def measure(rate: float, seconds: float) -> None:
    """Start everything, ask, wait for the last answer, print."""
    with TemporaryDirectory(dir=_ROOT, prefix=".bench-") as name:
        async with AsyncExitStack() as stack:
            networks = [await make(stack) for make in (telegram, discord, twitter, reddit)]
            config = _configured(Path(name), networks)
            started = time.perf_counter()
            process = await asyncio.create_subprocess_exec(
                _PROGRAM,
                "run",
                "--config",
                config,
                stdout=asyncio.subprocess.PIPE,
                stderr=(config.parent / "log").open("wb"),
            )
            stack.push_async_callback(_stopped, process)
            assert process.stdout is not None
            while b"Channels" not in await process.stdout.readline():
                pass
            running_s = time.perf_counter() - started
            await _connected(networks)
            connected_s = time.perf_counter() - started
            bot = psutil.Process(process.pid)
            idle = bot.memory_info().rss
            cpu_before = _cpu_s(bot)
            await _asked(networks, rate, seconds)
            spent_s = await _answered(networks)
            print(
                f"All channels connected: {running_s:.1f} s until it runs, {connected_s:.1f} s until each has answered"
            )
            print(f"  RSS {idle / 1e6:.0f} MB, after the load {bot.memory_info().rss / 1e6:.0f} MB")
            share = (_cpu_s(bot) - cpu_before) / spent_s
            print(f"  {rate:.0f} messages/s for {seconds:.0f} s; the bot took {share:.0%} of a core")
            for network in networks:
                took = network.latencies_s()
                cuts = statistics.quantiles(took, n=100)
                print(
                    f"  {network.name:<10} {len(took)} of {len(network.asked)} answered,"
                    f" p50 {cuts[49] * 1e3:.0f} ms, p99 {cuts[98] * 1e3:.0f} ms"
                )


def _configured(folder: Path, networks: list[Network]) -> Path:
    (folder / "faq.yaml").write_text(_FAQ, encoding="utf-8")
    lines = ['data_dir = "data"', "[faq]", 'path = "faq.yaml"', "[web]", "port = 0", "[log]", 'level = "warning"']
    lines += ["[limits]", "undecided_messages = 10000"]
    for network in networks:
        lines += [
            f"[channels.{network.name}]",
            *(f"{key} = {json.dumps(value)}" for key, value in network.section.items()),
        ]
    file = folder / "firstline.toml"
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


async def _connected(networks: list[Network]) -> None:
    """Ask each until it answers: what was said before a first log-in is not for the bot."""
    async with asyncio.timeout(_ANSWERED_WITHIN_S):
        waiting = list(networks)
        for number in itertools.count(1_000_000):
            for network in waiting:
                network.put(number)
            await asyncio.sleep(0.5)
            waiting = [network for network in waiting if not network.latencies_s()]
            if not waiting:
                break
    await asyncio.sleep(3)  # whatever is under way still
    for network in networks:
        network.asked.clear()


async def _asked(networks: list[Network], rate: float, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    start = loop.time()
    for number in range(int(rate * seconds)):
        networks[number % len(networks)].put(number)
        await asyncio.sleep(max(0.0, start + (number + 1) / rate - loop.time()))


async def _answered(networks: list[Network]) -> float:
    """Wait for the last answer; how many seconds passed since the first question."""
    first = min(at for network in networks for at in network.asked.values())
    async with asyncio.timeout(_ANSWERED_WITHIN_S):
        while any(len(network.latencies_s()) < len(network.asked) for network in networks):  # noqa: ASYNC110 - polled
            await asyncio.sleep(0.5)
    return (datetime.now(UTC) - first).total_seconds()


def _cpu_s(process: psutil.Process) -> float:
    spent = process.cpu_times()
    return spent.user + spent.system


async def _stopped(process: asyncio.subprocess.Process) -> None:
    process.terminate()
    await process.wait()


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.networks", description=__doc__)
    parser.add_argument("--rate", type=float, default=100, help="messages a second, over all networks (100)")
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args(arguments)
    asyncio.run(measure(options.rate, options.seconds))


if __name__ == "__main__":
    main()
