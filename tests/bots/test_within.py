"""Work that is limited in time can be cancelled at any moment of it."""

from __future__ import annotations

import asyncio

import pytest

from bots.within import within


async def test_it_gives_the_result_or_says_that_time_is_up() -> None:
    assert await within(5, asyncio.sleep(0, "done")) == "done"
    with pytest.raises(TimeoutError):
        await within(0.01, asyncio.sleep(5))


async def test_a_cancellation_that_comes_with_the_result_is_not_lost() -> None:
    loop = asyncio.get_running_loop()
    result: asyncio.Future[str] = loop.create_future()

    async def for_ever() -> None:
        while True:
            await within(5, result)
            await asyncio.sleep(5)

    task = asyncio.create_task(for_ever())
    await asyncio.sleep(0.01)
    result.set_result("news")
    task.cancel()
    _, pending = await asyncio.wait({task}, timeout=1)
    assert not pending
