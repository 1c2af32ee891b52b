"""The files that people attach, as a network's own hosts serve them, and what goes wrong with them."""

import asyncio
import gzip
from enum import StrEnum
from typing import Final

from aiohttp import web

_PIECE: Final = 64 * 1024


class FileFault(StrEnum):
    """How the fetching of a file goes wrong."""

    GONE = "gone"  # 404
    BUSY = "busy"  # 429
    BROKEN = "broken"  # 503
    MOVED = "moved"  # 302 to another address
    CUT = "cut"  # the connection ends within the file
    ENDLESS = "endless"  # no length is told, and no end comes
    SLOW = "slow"  # byte after byte
    PACKED = "packed"  # with gzip, which nobody asked for


_REFUSALS: Final = {FileFault.BUSY: 429, FileFault.BROKEN: 503, FileFault.MOVED: 302}


class FileHost:
    """Serves files. `requests` holds the paths asked for, `sent_bytes` how much of all files went out."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.sent_bytes = 0
        self._armed: list[tuple[FileFault, str]] = []
        self._closing = asyncio.Event()

    def arm(self, kind: str, times: int, location: str) -> None:
        """Let the next requests fail."""
        self._armed += [(FileFault(kind), location)] * times

    def close(self) -> None:
        """End what is still being sent."""
        self._closing.set()

    async def answer(
        self, request: web.Request, content: bytes | None, media_type: str = "application/octet-stream"
    ) -> web.StreamResponse:
        """Serve a file, or 404 where there is none."""
        self.requests.append(request.path)
        fault, location = self._armed.pop(0) if self._armed else (None, "")
        if content is None or fault is FileFault.GONE:
            return web.Response(status=404, text="This content is no longer available.")
        if fault in _REFUSALS:
            headers = {FileFault.BUSY: {"Retry-After": "7"}, FileFault.MOVED: {"Location": location}}.get(fault)
            return web.Response(status=_REFUSALS[fault], headers=headers)
        if fault is FileFault.PACKED:
            packed = gzip.compress(content)
            return web.Response(body=packed, content_type=media_type, headers={"Content-Encoding": "gzip"})
        if fault is None:
            self.sent_bytes += len(content)
            return web.Response(body=content, content_type=media_type)
        return await self._badly(request, content, media_type, fault)

    async def _badly(
        self, request: web.Request, content: bytes, media_type: str, fault: FileFault
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": media_type})
        if fault is not FileFault.ENDLESS:
            response.content_length = len(content)
        await response.prepare(request)
        try:
            if fault is FileFault.CUT:
                await self._write(response, content[: len(content) // 2])
                if request.transport is not None:
                    request.transport.close()
            while not self._closing.is_set() and fault is FileFault.ENDLESS:
                await self._write(response, bytes(_PIECE))
            for at in range(len(content) if fault is FileFault.SLOW else 0):
                await self._write(response, content[at : at + 1])
                if await self._ends_within(0.05):
                    break
        except ConnectionError:
            pass
        return response

    async def _write(self, response: web.StreamResponse, piece: bytes) -> None:
        await response.write(piece)
        self.sent_bytes += len(piece)

    async def _ends_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._closing.wait(), seconds)
        except TimeoutError:
            return False
        return True
