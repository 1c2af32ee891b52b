"""A wire between the bot and a server that can be cut, gone silent, or answered by a gateway."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Literal, Self

State = Literal["whole", "cut", "silent", "busy", "broken"]
_CHUNK = 65_536
_ANSWERS = {
    "busy": b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 2\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    "broken": b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
}


class Wire:
    """``async with Wire(port) as wire`` listens on `wire.port` of 127.0.0.1 and forwards to `port` of `host`.

    The host may also be the folder of a PostgreSQL server's socket.

    "cut": connections are cut, and new ones refused; "silent": they stay, and nothing passes in either direction, what
    was under way is lost when that ends; "busy" and "broken": whoever asks is answered 429 or 503 and nothing is
    applied.
    """

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self._target = (host, port)
        self._server: asyncio.Server | None = None
        self._links: set[_Link] = set()
        self.state: State = "whole"
        self.port = 0

    async def __aenter__(self) -> Self:
        await self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._refuse()

    async def turn(self, state: State) -> None:
        """Change what happens on it. What was silent is cut, as its bytes are lost."""
        was, self.state = self.state, state
        if state == "cut":
            await self._refuse()
        elif state != "silent" or was == "silent":
            self._drop()
        if was == "cut" != state:
            await self._listen()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
        self._drop()
        await asyncio.sleep(0)

    def _drop(self) -> None:
        for link in tuple(self._links):
            link.cut()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = _Link(self, writer)
        self._links.add(link)
        try:
            if answer := _ANSWERS.get(self.state):
                await reader.read(_CHUNK)
                writer.write(answer)
                await writer.drain()
            else:
                await link.join(reader, self._target)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            link.cut()
            self._links.discard(link)


class _Link:
    """One connection of the bot and ours to the server."""

    def __init__(self, wire: Wire, near: asyncio.StreamWriter) -> None:
        self._wire = wire
        self._near = near
        self._far: asyncio.StreamWriter | None = None

    async def join(self, reader: asyncio.StreamReader, target: tuple[str, int]) -> None:
        host, port = target
        if host.startswith("/"):
            far_reader, self._far = await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        else:
            far_reader, self._far = await asyncio.open_connection(host, port)
        both = [asyncio.create_task(self._pass(*ends)) for ends in ((reader, self._far), (far_reader, self._near))]
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        self.cut()
        await asyncio.gather(*both, return_exceptions=True)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(_CHUNK):
            if self._wire.state == "silent":
                continue
            writer.write(data)
            await writer.drain()

    def cut(self) -> None:
        for writer in (self._near, self._far):
            if writer is not None and not writer.is_closing():
                with contextlib.suppress(OSError, RuntimeError):
                    writer.transport.abort()
