"""Processes that hold leases, seen from a test."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

_ROOT = Path(__file__).parents[3]
DEADLINE_S = 30.0
SHARES = [f"share:{number}" for number in range(32)]
TABLES = """
CREATE TABLE IF NOT EXISTS leases (name text PRIMARY KEY, epoch integer NOT NULL, holder text, since text);
CREATE TABLE acts (id bigserial PRIMARY KEY, name text NOT NULL, epoch integer NOT NULL, fenced boolean NOT NULL);
"""


async def until(truth: Callable[[], object], what: str) -> float:
    """Wait for something to come true; the seconds that it took."""
    began_at = time.monotonic()
    while not truth():
        if time.monotonic() - began_at > DEADLINE_S:
            raise AssertionError(f"not within {DEADLINE_S} s: {what}")
        await asyncio.sleep(0.01)
    return time.monotonic() - began_at


class Holder:
    """A process of `tests.bots.cluster.holding`; `held` is what it says that it holds: names with their epochs."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.held: dict[str, int] = {}
        self.said: list[str] = []
        self.reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.said.append(line.decode().strip())
            match self.said[-1].split():
                case ["begin", name, epoch]:
                    self.held[name] = int(epoch)
                case ["end", name, _]:
                    del self.held[name]

    @property
    def begun(self) -> list[str]:
        """The names that it ever began to hold, in order."""
        return [line.split()[1] for line in self.said if line.startswith("begin")]


@contextlib.asynccontextmanager
async def holder(url: str, names: Sequence[str]) -> AsyncIterator[Holder]:
    """A process that is ready to hold these leases; killed at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bots.cluster.holding", url, *names, stdout=asyncio.subprocess.PIPE, cwd=_ROOT
    )
    one = Holder(process)
    try:
        await until(lambda: "ready" in one.said or one.reading.done(), "the process is ready")
        assert not one.reading.done(), "the process ended"
        yield one
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        await one.reading


def holds_all(names: Sequence[str], *holders: Holder) -> bool:
    """Whether each name is held by exactly one."""
    return sorted(name for one in holders for name in one.held) == sorted(names)


async def assert_no_overlap(url: str, names: Sequence[str], *, unfenced: int = 0) -> None:
    """Nothing was done under an epoch once anything was done under a later one.

    Args:
        url: of the database.
        names: the leases that must have been at work.
        unfenced: how many acts may have come too late, and be told by their epoch.
    """
    async with await psycopg.AsyncConnection.connect(url) as connection:
        rows = await (await connection.execute("SELECT name, epoch, fenced FROM acts ORDER BY id")).fetchall()
    assert {name for name, _, _ in rows} == set(names)
    assert sum(not fenced for _, _, fenced in rows) <= unfenced
    last: dict[str, int] = {}
    for name, epoch, fenced in rows:
        if fenced:
            assert epoch >= last.get(name, 0), f"{name} was worked on under {epoch} after {last[name]}"
            last[name] = epoch
