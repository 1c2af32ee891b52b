"""The wire that fails."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web

from bots.drill.proxy import Wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bots.drill.proxy import State


@asynccontextmanager
async def served() -> AsyncIterator[tuple[Wire, list[str]]]:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(await request.text())
        return web.Response(text=asked[-1].upper())

    app = web.Application()
    app.router.add_post("/", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with Wire(runner.addresses[0][1]) as wire:
            yield wire, asked
    finally:
        await runner.cleanup()


async def say(wire: Wire, text: str, http: aiohttp.ClientSession) -> tuple[int, str]:
    async with http.post(f"http://127.0.0.1:{wire.port}/", data=text) as answer:
        return answer.status, await answer.text()


async def test_whole_it_passes_everything_on_one_connection() -> None:
    async with served() as (wire, _), aiohttp.ClientSession() as http:
        long = "x" * 300_000
        assert await say(wire, long, http) == (200, long.upper())
        assert await say(wire, "b", http) == (200, "B")


@pytest.mark.parametrize(("state", "status"), [("busy", 429), ("broken", 503)])
async def test_a_gateway_answers_and_nothing_arrives(state: State, status: int) -> None:
    async with served() as (wire, asked), aiohttp.ClientSession() as http:
        await wire.turn(state)
        assert (await say(wire, "a", http))[0] == status
        await wire.turn("whole")
        assert await say(wire, "b", http) == (200, "B")
        assert asked == ["b"]


async def test_cut_it_cuts_what_stands_and_what_comes() -> None:
    async with served() as (wire, asked), aiohttp.ClientSession() as http:
        assert (await say(wire, "a", http))[0] == 200
        await wire.turn("cut")
        for _ in range(2):
            with pytest.raises(aiohttp.ClientError):
                await say(wire, "b", http)
        await wire.turn("whole")
        assert await say(wire, "c", http) == (200, "C")
        assert asked == ["a", "c"]


async def test_silent_it_stands_and_nothing_passes_until_it_is_cut() -> None:
    async with served() as (wire, asked), aiohttp.ClientSession() as http:
        assert (await say(wire, "a", http))[0] == 200
        await wire.turn("silent")
        waiting = asyncio.create_task(say(wire, "b", http))
        done, _ = await asyncio.wait([waiting], timeout=0.3)
        assert not done, "half-open: no answer and no error"
        await wire.turn("whole")
        with pytest.raises(aiohttp.ClientError):
            await waiting
        assert await say(wire, "c", http) == (200, "C")
        assert asked == ["a", "c"]
