"""The real playground as a process, and a hand on it that speaks what its page speaks."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import psutil

from tests.bots.cli.program import PROGRAM

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

FAQ = Path(__file__).parents[2] / "scenarios" / "faq.yaml"
MATTER = "the moon fell on my ledger and now my cat owns everything"
_PATIENCE_S = 60.0


class Player:
    """One running playground. `url` is the page's address without its token."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []
        self.url = ""
        self.token = ""
        self.http = aiohttp.ClientSession()

    async def comes_up(self) -> None:
        """Wait until it says where the page is."""
        await self.says("Kept in")
        address = next(line for line in self.lines if "  Open " in line).split()[-1]
        self.url, _, self.token = address.partition("/#")

    async def says(self, words: str) -> None:
        """Wait for a line on standard output."""
        assert self.process.stdout is not None
        async with asyncio.timeout(_PATIENCE_S):
            while line := (await self.process.stdout.readline()).decode():
                self.lines.append(line.rstrip())
                if words in line:
                    return
        raise AssertionError("\n".join(self.lines))

    async def ends(self) -> int:
        """Wait for its end; the exit code."""
        assert self.process.stdout is not None
        rest = await asyncio.wait_for(self.process.stdout.read(), _PATIENCE_S)
        self.lines += rest.decode().splitlines()
        return await asyncio.wait_for(self.process.wait(), _PATIENCE_S)

    def children(self) -> list[psutil.Process]:
        """The processes that it started."""
        return psutil.Process(self.process.pid).children(recursive=True)

    async def ask(self, method: str, path: str, **given: Any) -> tuple[int, Any]:
        """Ask as the page does; gives the status and the JSON."""
        headers = {"Authorization": f"Bearer {self.token}", **given.pop("headers", {})}
        async with self.http.request(method, f"{self.url}/api/{path}", headers=headers, **given) as answer:
            return answer.status, await answer.json() if answer.status != 204 else None

    async def state(self) -> dict[str, Any]:
        """The state now."""
        status, state = await self.ask("GET", "state")
        assert status == 200, state
        assert isinstance(state, dict)
        return state

    async def do(self, path: str, **body: Any) -> dict[str, Any]:
        """Act; it must work."""
        status, said = await self.ask("POST", path, json=body)
        assert status == 200, said
        assert isinstance(said, dict)
        return said

    async def until(self, fits: Callable[[dict[str, Any]], object], within_s: float = 40.0) -> dict[str, Any]:
        """Watch the state as the page does until it fits."""
        mark = ""
        state: dict[str, Any] = {}
        try:
            async with asyncio.timeout(within_s):
                while True:
                    status, new = await self.ask("GET", f"state?since={mark}")
                    if status == 200:
                        state, mark = new, new["mark"]
                        if fits(state):
                            return state
        except TimeoutError as error:
            raise AssertionError(f"It never came; the last state: {state}") from error


@contextlib.asynccontextmanager
async def playground(
    folder: Path | None, *arguments: str, only: str = "telegram", **environ: str
) -> AsyncIterator[Player]:
    """`firstline playground` on free ports, with a small FAQ; ended at the end if it still runs.

    `folder` None leaves the choice to it. It compares words alone, as that is at hand at once; `arguments` come last.
    """
    async with launched(folder, *arguments, only=only, **environ) as player:
        await player.comes_up()
        yield player


async def refused(folder: Path, *arguments: str) -> str:
    """What it says where it does not start."""
    async with launched(folder, *arguments) as player:
        assert await player.ends() == 1
        return "\n".join(player.lines)


@contextlib.asynccontextmanager
async def launched(
    folder: Path | None, *arguments: str, only: str = "telegram", **environ: str
) -> AsyncIterator[Player]:
    """The same as soon as the process is there."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FIRSTLINE_")}
    place = ("--folder", folder) if folder else ()
    options = ("--port", "0", "--chat-port", "0", "--faq", FAQ, "--matcher", "lexical", "--only", only, "--no-open")
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        "playground",
        *place,
        *options,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**kept, "PYTHONUNBUFFERED": "1", "COLUMNS": "200", **environ},
    )
    player = Player(process)
    try:
        yield player
    finally:
        await player.http.close()
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            await player.ends()


def network(state: dict[str, Any], name: str = "telegram") -> dict[str, Any]:
    """One network of the state."""
    found: dict[str, Any] = next(view for view in state["networks"] if view["network"] == name)
    return found


def person(state: dict[str, Any], name: str, *, of: str = "telegram") -> str:
    """Somebody's id on a network; "bot" is the bot's."""
    people = network(state, of)["people"]
    return str(next(known["id"] for known in people if name in {known["name"], known["role"]}))


def said(state: dict[str, Any], words: str, *, on: str = "telegram") -> list[dict[str, Any]]:
    """The bot's posts on a network with these words."""
    bot = person(state, "bot", of=on)
    return [post for post in network(state, on)["posts"] if post["author"] == bot and words in post["text"]]
