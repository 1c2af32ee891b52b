"""What a channel's instance tells those of the other processes, through the ledger that they share."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from bots.ledger.connection import CHANNELS
from bots.ledger.database import LedgerUnwritable
from config import logs

if TYPE_CHECKING:
    from bots.ledger.database import Writer

_AGAIN_S: Final = 1.0


class Telling:
    """Implements `adapters.base.Surroundings.tell_others`.

    What is told within `ChannelAdapter.send` is on its way before the reply counts as sent: the writer keeps the order.
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._tasks: set[asyncio.Task[None]] = set()

    def __call__(self, channel: str, about: str) -> None:
        """Tell it soon, however often the database has to be waited for."""
        task = asyncio.create_task(self._tell(f"{channel}:{about}"), context=logs.unrelated())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell(self, payload: str) -> None:
        while True:
            try:
                return await self._writer.run(lambda connection: connection.tell(CHANNELS, payload))
            except LedgerUnwritable:
                await asyncio.sleep(_AGAIN_S)
