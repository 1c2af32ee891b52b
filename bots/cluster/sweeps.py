"""What is to be done every so often by one process of all, as the work of a lease."""

from __future__ import annotations

import asyncio
import logging
import random
from typing import TYPE_CHECKING

from bots.troubles import trouble

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from bots.ledger.database import Lease

SWEEP = "sweep"
"""The name of the lease."""

_log = logging.getLogger(__name__)


def sweeping(sweeps: Mapping[str, tuple[float, Callable[[], Awaitable[object]]]]) -> Callable[[Lease], Awaitable[None]]:
    """The work of a lease: each sweep at once, then again at its interval, whatever becomes of the others.

    Args:
        sweeps: by name, the seconds from one end to the next beginning, and what to do. It may be done more often than
            that, since it is done when the lease moves, and is cancelled when the lease is lost.
    """

    async def again_and_again(name: str, interval_s: float, sweep: Callable[[], Awaitable[object]]) -> None:
        while True:
            try:
                await sweep()
            except Exception as error:
                _log.error("The sweep %s failed: %s", name, trouble(error), extra={"action": "sweep_failed"})
            await asyncio.sleep(interval_s * random.uniform(0.95, 1.05))  # noqa: S311 - not a secret

    async def work(lease: Lease) -> None:  # noqa: ARG001 - every work takes its lease
        async with asyncio.TaskGroup() as group:
            for name, (interval_s, sweep) in sweeps.items():
                group.create_task(again_and_again(name, interval_s, sweep))

    return work
