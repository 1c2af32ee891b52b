"""What processes tell each other through PostgreSQL's LISTEN and NOTIFY: that there is something to look at, no more.

A notification is lost when nobody listens, so it only saves waiting: whoever hears also looks by itself now and then.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from typing import TYPE_CHECKING, Self

import psycopg
from psycopg import sql

from bots.cluster.connections import answered_within, watched
from bots.troubles import trouble
from bots.within import within

if TYPE_CHECKING:
    from collections.abc import Callable

NOTIFY = "SELECT pg_notify(%s, %s)"
"""Tell a topic (at most 63 bytes) a payload (under 8000 bytes), when the transaction commits; equal ones come once."""
_FIRST_DELAY_S = 0.05
_MOST_DELAY_S = 5.0
_log = logging.getLogger(__name__)


class Bus:
    """Hears what is told to topics, for as long as the ``async with`` lasts, however often the connection is lost.

    Args:
        url: of the PostgreSQL database. A pooler that hands out connections by the transaction does not do.
        alive_s: after how many silent seconds the connection is tried, and how long it then has to answer.
    """

    def __init__(self, url: str, *, alive_s: float = 10.0) -> None:
        self._url = url
        self._alive_s = alive_s
        self._callbacks: dict[str, list[Callable[[str | None], None]]] = {}
        self._is_listening = False
        self._task: asyncio.Task[None] | None = None

    @property
    def is_listening(self) -> bool:
        """Whether what is told now will be heard."""
        return self._is_listening

    def on(self, topic: str, callback: Callable[[str | None], None]) -> None:
        """Call back with each payload, or with None: look at everything, something may have been missed.

        None comes each time that listening has begun, the first time included. To be called before entering.
        """
        if self._task is not None:
            raise RuntimeError("topics are named before the bus is entered")
        self._callbacks.setdefault(topic, []).append(callback)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._hear_for_ever())
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        self._is_listening = False

    async def _hear_for_ever(self) -> None:
        delay_s = _FIRST_DELAY_S
        while True:
            try:
                await self._hear()
            except Exception as error:
                level = logging.WARNING if self._is_listening else logging.DEBUG  # once for each time that it is lost
                _log.log(level, "Other processes are not heard: %s", trouble(error), extra={"action": "bus_failed"})
            if self._is_listening:
                delay_s = _FIRST_DELAY_S
            self._is_listening = False
            await asyncio.sleep(random.uniform(delay_s / 2, delay_s))  # noqa: S311 - not a secret
            delay_s = min(2 * delay_s, _MOST_DELAY_S)

    async def _hear(self) -> None:
        async with await within(
            self._alive_s, psycopg.AsyncConnection.connect(watched(self._url), autocommit=True)
        ) as connection:
            with answered_within(self._alive_s, connection):
                for topic in self._callbacks:
                    await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(topic)))
            self._is_listening = True
            for topic in self._callbacks:
                self._tell(topic, None)
            while True:
                async for notification in connection.notifies(timeout=0):
                    self._tell(notification.channel, notification.payload or None)
                if not await _is_readable(connection.fileno(), self._alive_s):
                    with answered_within(self._alive_s, connection):
                        await connection.execute("SELECT 1")

    def _tell(self, topic: str, payload: str | None) -> None:
        for callback in self._callbacks.get(topic, ()):
            try:
                callback(payload)
            except Exception as error:
                _log.error("What %s told failed: %s", topic, trouble(error), extra={"action": "bus_callback_failed"})


async def _is_readable(fileno: int, limit_s: float) -> bool:
    """Whether there is something to read within the time. Psycopg's own waiting wakes up ten times a second for it."""
    loop, readable = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(fileno, readable.set)
    try:
        with contextlib.suppress(TimeoutError):
            await within(limit_s, readable.wait())
    finally:
        loop.remove_reader(fileno)
    return readable.is_set()
