"""A gateway client of bare WebSockets, to say what no SDK would say."""

import asyncio
import json
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

import aiohttp

from simulators.discord import DiscordSimulator

ALL_INTENTS = 1 | 1 << 1 | 1 << 9 | 1 << 12 | 1 << 15


class Gateway:
    """One connection; what comes is kept until it is asked for."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.seq = 0
        self.packets: list[bytes] = []
        self._inflate = zlib.decompressobj()

    @classmethod
    @asynccontextmanager
    async def open(
        cls, sim: DiscordSimulator, query: str = "?v=10&encoding=json", path: str = ""
    ) -> AsyncIterator[Self]:
        """Connect, and take HELLO."""
        async with aiohttp.ClientSession() as http, http.ws_connect(f"{path or sim.gateway}{query}") as socket:
            yield cls(socket)

    @classmethod
    @asynccontextmanager
    async def connected(cls, sim: DiscordSimulator, token: str, *, intents: int = ALL_INTENTS) -> AsyncIterator[Self]:
        """Connect and identify, over one zlib stream."""
        async with cls.open(sim, "?v=10&encoding=json&compress=zlib-stream") as gateway:
            assert (await gateway.next())["op"] == 10
            await gateway.identify(token, intents)
            assert (await gateway.event("READY"))["session_id"]
            yield gateway

    async def identify(self, token: str, intents: int = ALL_INTENTS) -> None:
        await self.send(2, {"token": token, "intents": intents, "properties": {}})

    async def send(self, op: int, body: object) -> None:
        await self.socket.send_str(json.dumps({"op": op, "d": body}))

    async def next(self) -> dict[str, Any]:
        """The next payload; a close is one with its code."""
        message = await self.socket.receive(timeout=5)
        if message.type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING}:
            return {"op": None, "code": self.socket.close_code}
        data = message.data
        if message.type is aiohttp.WSMsgType.BINARY:
            self.packets.append(data)
            data = self._inflate.decompress(data)
        payload: dict[str, Any] = json.loads(data)
        self.seq = payload["s"] or self.seq
        return payload

    async def event(self, name: str) -> dict[str, Any]:
        """The body of the next event of this name; others are passed over."""
        async with asyncio.timeout(5):
            while True:
                payload = await self.next()
                assert payload["op"] is not None, payload
                if payload["t"] == name:
                    body: dict[str, Any] = payload["d"]
                    return body
