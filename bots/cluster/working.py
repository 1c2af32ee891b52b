"""The work of a lease: begun again when it fails, and ended for certain."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from bots.cluster.jobs import backoff
from bots.troubles import trouble

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bots.ledger.database import Lease

_FIRST_DELAY_S = 0.2
_MOST_DELAY_S = 30.0
_LASTED_S = 30.0
"""A work that ran for so long is not failing again and again."""

_log = logging.getLogger(__name__)


async def work_on(lease: Lease, work: Callable[[Lease], Awaitable[None]], ended: asyncio.Event) -> None:
    """Run a lease's work, again and again, until cancelled, or until it ends by itself after `ended`."""
    loop = asyncio.get_running_loop()
    delays_s = backoff(_FIRST_DELAY_S, _MOST_DELAY_S)
    while not ended.is_set():
        began_at = loop.time()
        why = "it ended by itself"
        try:
            await work(lease)
        except Exception as error:
            why = trouble(error)
        if ended.is_set():
            return
        _log.error(
            "The work of lease %s begins again: %s",
            lease.name,
            why,
            extra={"action": "lease_work_ended", "lease": lease.name},
        )
        if loop.time() - began_at > _LASTED_S:
            delays_s = backoff(_FIRST_DELAY_S, _MOST_DELAY_S)
        await asyncio.sleep(next(delays_s))


async def cancelled(task: asyncio.Task[None], name: str, again_s: float) -> None:
    """Cancel a task and wait until it has ended, through every cancellation of the one who waits, raised afterwards.

    It is cancelled again from time to time: `asyncio.wait_for` of Python 3.11, which libraries use, loses a
    cancellation that arrives with the result (https://github.com/python/cpython/issues/86296).
    """
    told: asyncio.CancelledError | None = None
    while not task.done():
        task.cancel()
        try:
            _, pending = await asyncio.wait([task], timeout=again_s)
        except asyncio.CancelledError as error:
            told = error
        else:
            if pending:
                _log.warning(
                    "The work of lease %s was told to end, and goes on",
                    name,
                    extra={"action": "lease_work_lingers", "lease": name},
                )
    if told is not None:
        raise told
