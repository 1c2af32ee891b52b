"""A line between a channel and its platform that breaks as lines do, byte for byte: it knows nothing of HTTP.

::

    async with Line(sim.port) as line:
        ...                                    # the adapter is told `line.port` instead of `sim.port`
        line.break_("blackhole")               # what is open is dead, what is begun is swallowed
        await line.met.wait()                  # somebody tried
        line.mend()                            # from now on new connections work; dead ones stay dead
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import TYPE_CHECKING, Literal, Self

if TYPE_CHECKING:
    import ssl

Break = Literal["reset", "blackhole", "half_open", "drip", "eof"]
"""`reset`: all is reset, and so is what comes. `blackhole`: nothing arrives any more, on no connection, and none ends.
`half_open`: the same for what is open now; new connections work. `drip`: answers come a byte at a time. `eof`: both
sides' connections end in the middle, TLS without a farewell, and new ones before they are made.
"""
_DRIP_S = 0.2
_PIECE_BYTES = 65_536


class Line:
    """Forwards connections to a port of this computer; `tls` is spoken to the clients alone."""

    def __init__(self, to_port: int, tls: ssl.SSLContext | None = None) -> None:
        self.port = 0
        self.met = asyncio.Event()
        self._to_port = to_port
        self._tls = tls
        self._broken: Break | None = None
        self._open: set[_Pair] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._taken, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for pair in list(self._open):
            pair.end()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _taken(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._take(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def break_(self, how: Break) -> None:
        """Break it until `mend`."""
        self._broken = how
        self.met.clear()
        for pair in list(self._open):
            pair.suffer(how)
        if how == "half_open":
            self._broken = None

    def mend(self) -> None:
        """New connections work again; those that suffered do not."""
        self._broken = None

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self._broken in {"reset", "eof"}:
                await _greeting(reader)
                self.met.set()
                (_reset if self._broken == "reset" else asyncio.StreamWriter.close)(writer)
                return
            if self._tls:
                await writer.start_tls(self._tls)
            there = await asyncio.open_connection("127.0.0.1", self._to_port)
            pair = _Pair(self, (reader, writer), there)
            self._open.add(pair)
            if self._broken:
                pair.suffer(self._broken)
            try:
                await pair.run()
            finally:
                self._open.discard(pair)
                pair.end()
        except OSError:  # also what TLS says
            writer.close()


Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Pair:
    """A client's connection and the one to the server that belongs to it."""

    def __init__(self, line: Line, client: Stream, server: Stream) -> None:
        self._line = line
        self._client, self._server = client, server
        self._suffers: Break | None = None

    async def run(self) -> None:
        await asyncio.gather(
            self._pour(self._client[0], self._server[1], is_answer=False),
            self._pour(self._server[0], self._client[1], is_answer=True),
        )

    def suffer(self, how: Break) -> None:
        self._suffers = how
        if how == "reset":
            self._line.met.set()
            _reset(self._client[1])
            _reset(self._server[1])
        elif how == "eof":
            self._line.met.set()
            with contextlib.suppress(OSError):  # on the socket: TLS says no farewell
                self._client[1].get_extra_info("socket").shutdown(socket.SHUT_RDWR)
            self._server[1].close()

    def end(self) -> None:
        for _, writer in (self._client, self._server):
            writer.transport.abort()

    async def _pour(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, is_answer: bool) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(_PIECE_BYTES):
                if self._suffers in {"blackhole", "half_open"}:
                    self._line.met.set()
                    continue
                if self._suffers == "drip" and is_answer:
                    await self._drip(data, target)
                    continue
                target.write(data)
                await target.drain()
        if self._suffers in {"blackhole", "half_open"}:
            await asyncio.Event().wait()  # the one end never hears that the other has gone
        with contextlib.suppress(OSError):
            target.close()

    async def _drip(self, data: bytes, target: asyncio.StreamWriter) -> None:
        for byte in data:
            self._line.met.set()
            target.write(bytes((byte,)))
            await target.drain()
            await asyncio.sleep(_DRIP_S)


async def _greeting(reader: asyncio.StreamReader) -> None:
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(0.2):
            await reader.read(_PIECE_BYTES)


def _reset(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        linger = struct.pack("ii", 1, 0)  # closing sends RST
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()
