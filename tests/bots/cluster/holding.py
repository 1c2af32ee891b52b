"""A process that holds leases, for tests: ``python -m tests.bots.cluster.holding URL NAME...``.

While it holds a lease it writes rows into table ``acts``, with whether the lease's epoch was current; it says on its
standard output what it begins and ends to hold. SIGTERM ends it in order.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from typing import TYPE_CHECKING

import psycopg_pool

from bots.cluster.leases import Leases

if TYPE_CHECKING:
    from bots.ledger.database import Lease

_ACT = """
INSERT INTO acts (name, epoch, fenced)
SELECT %(name)s, %(epoch)s, EXISTS (SELECT 1 FROM leases WHERE name = %(name)s AND epoch = %(epoch)s)
"""


async def hold(url: str, names: list[str]) -> None:
    """Hold what there is to hold until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with psycopg_pool.AsyncConnectionPool(url, min_size=1, max_size=2, open=False) as pool:

        async def work(lease: Lease) -> None:
            print("begin", lease.name, lease.epoch, flush=True)
            try:
                while True:
                    with contextlib.suppress(psycopg_pool.PoolTimeout):
                        async with pool.connection(timeout=0.5) as connection:
                            await connection.execute(_ACT, {"name": lease.name, "epoch": lease.epoch})
                    await asyncio.sleep(0.25)
            finally:
                await asyncio.sleep(0.01)  # an end that takes its time
                print("end", lease.name, lease.epoch, flush=True)

        async with Leases(url, dict.fromkeys(names, work)):
            print("ready", flush=True)
            await stop.wait()


if __name__ == "__main__":
    asyncio.run(hold(sys.argv[1], sys.argv[2:]))
