"""Many processes of one bot on one PostgreSQL: ``python -m tests.crash.many --messages 2000 --faults 20 [--seed N]``.

While messages flow in, processes are killed with kill -9, frozen until others have taken over and let go on, and
restarted in order; PostgreSQL is stopped and started. Then what the simulated Telegram saw is held against the ledger.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bots.ledger.codec import read_stamp
from tests.crash import audit
from tests.crash.audit import Counts
from tests.crash.crash import configure, feed, set_the_scene
from tests.crash.processes import Firstline, Simulator
from tests.crash.traffic import Traffic
from tests.postgres import PostgresServer, made_cluster, server_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

FAULTS = ("kill", "freeze", "restart", "kill", "database")
_BETWEEN_S = (0.5, 2.0)
_FROZEN_S = 7.0  # longer than others wait before they take over
_DRAIN_S = 120.0


class Fleet:
    """The processes of one bot, each with a folder of its own."""

    def __init__(self, folder: Path, url: str, processes: int) -> None:
        self.ledger = url
        self.members = [Firstline(folder / str(number), url) for number in range(processes)]
        for member in self.members:
            member.config.parent.mkdir()

    @property
    def kills(self) -> list[datetime]:
        """When any of them was killed."""
        return [kill for member in self.members for kill in member.kills]

    @property
    def launches(self) -> list[datetime]:
        """When any of them was started."""
        return [launch for member in self.members for launch in member.launches]

    def posting(self) -> Firstline:
        """The one that is connected to the channel; any, while nobody is."""
        holders = audit.rows(self, "SELECT holder FROM leases WHERE name = 'channel:telegram'")
        pids = {int(row["holder"].split(":")[1]) for row in holders}
        return next((member for member in self.members if member.pid in pids), self.members[0])

    async def command(self, *arguments: str) -> str:
        """What another ``firstline`` prints beside them."""
        return await self.members[0].command(*arguments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`gap_s`: how long any message waited for its outcome, at the most."""

    counts: Counts
    gap_s: float
    posts_by: int  # how many processes posted on the channel, one after another


async def crash(  # noqa: PLR0913 - the run's size
    server: PostgresServer, url: str, folder: Path, *, messages: int, processes: int, faults: list[str], seed: int
) -> Outcome:
    """One whole run in an empty folder. Raises `AssertionError` with what is wrong."""
    traffic = Traffic(messages, seed)
    async with AsyncExitStack() as stack:
        telegram = await stack.enter_async_context(Simulator(folder / "telegram.log"))
        fleet = Fleet(folder, url, processes)
        await set_the_scene(telegram, traffic)
        for member in fleet.members:
            configure(member, telegram, traffic)
            await stack.enter_async_context(member)
        await asyncio.gather(*(member.start() for member in fleet.members))
        feeding = asyncio.create_task(feed(telegram, traffic, 3.0 * len(faults) + 2))
        for fault in faults:
            await asyncio.sleep(traffic.random.uniform(*_BETWEEN_S))
            victim = fleet.posting() if fault == "kill" else traffic.random.choice(fleet.members)
            await _strike(fault, victim, fleet, server)
        await feeding
        await audit.wait_until_drained(fleet, _DRAIN_S)
        counts = await audit.compare(telegram, fleet, traffic)
        posts_by = audit.rows(fleet, "SELECT epoch FROM leases WHERE name = 'channel:telegram'")[0]["epoch"]
        for member in fleet.members:
            counts.stop_s = max(counts.stop_s, await member.stop())
    waits = audit.rows(fleet, "SELECT received_at, decided_at FROM inbound JOIN outcomes ON inbound_id = id")
    gap_s = max((read_stamp(row["decided_at"]) - read_stamp(row["received_at"])).total_seconds() for row in waits)
    return Outcome(counts=counts, gap_s=gap_s, posts_by=posts_by)


async def _strike(fault: str, member: Firstline, fleet: Fleet, server: PostgresServer) -> None:
    match fault:
        case "kill":
            await member.kill()
            audit.note_cut_sends(fleet)
            await member.start()
        case "freeze":
            member.freeze()
            audit.note_cut_sends(fleet)
            await asyncio.sleep(_FROZEN_S)
            member.thaw()
        case "restart":
            await member.stop()
            await member.start()
        case "database":
            await asyncio.to_thread(server.restart)


@contextmanager
def _server() -> Iterator[PostgresServer]:
    with made_cluster() as cluster, server_folder() as folder, PostgresServer(cluster, folder) as server:
        yield server


def main() -> None:
    """Run and print the counts."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.many", description=__doc__)
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--processes", type=int, default=3)
    parser.add_argument("--faults", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    faults = [FAULTS[number % len(FAULTS)] for number in range(options.faults)]
    with tempfile.TemporaryDirectory() as temporary, _server() as server, server.database() as url:
        run = crash(
            server,
            url,
            Path(temporary),
            messages=options.messages,
            processes=options.processes,
            faults=faults,
            seed=options.seed,
        )
        outcome = asyncio.run(run)
    sys.stdout.write(
        f"Nothing lost, nothing doubled.\n{outcome.counts}\n"
        f"  {'longest wait, s':<26} {outcome.gap_s:.1f}\n  {'processes that posted':<26} {outcome.posts_by}\n"
    )


if __name__ == "__main__":
    main()
