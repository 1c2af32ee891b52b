"""The limit: a coroutine and the matcher, and nothing around them."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from bench.peers.driver import Contestant, Work, answering

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def started(row: str, work: Work) -> AsyncIterator[Contestant]:
    """A task that answers what a queue brings."""
    answer = answering(row, work)
    queue: asyncio.Queue[tuple[str, asyncio.Future[str]]] = asyncio.Queue()

    async def loop() -> None:
        while True:
            text, reply = await queue.get()
            reply.set_result(answer(text))

    async def ask(_: int, text: str) -> str:
        reply: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        queue.put_nowait((text, reply))
        return await reply

    task = asyncio.create_task(loop())
    yield Contestant(ask)
    task.cancel()
