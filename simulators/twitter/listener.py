"""The listening socket, which can be taken away and brought back on the same port."""

import asyncio
import ssl

from aiohttp import web


class Listener:
    """Serves an application; while `is_offline`, new connections are refused and requests on old ones are to be cut."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        self.host = host
        self.port = port
        self.tls = tls
        self.is_offline = False
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._return: asyncio.Task[None] | None = None

    async def start(self, app: web.Application) -> None:
        """Listen; port 0 becomes the one that was free."""
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await self._listen()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop serving."""
        if self._return is not None:
            self._return.cancel()
        if self._runner is not None:
            await self._runner.cleanup()

    async def go_offline(self, seconds: float) -> None:
        """Refuse connections, for so long or until `go_online` where 0."""
        self.is_offline = True
        if self._site is not None:
            await self._site.stop()
            self._site = None
        if seconds:
            self._return = asyncio.create_task(self._return_after(seconds))

    async def go_online(self) -> None:
        """Listen again, on the same port."""
        self.is_offline = False
        if self._site is None:
            await self._listen()

    async def _return_after(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self.go_online()

    async def _listen(self) -> None:
        assert self._runner is not None  # noqa: S101  `start` makes it
        self._site = web.TCPSite(self._runner, self.host, self.port, ssl_context=self.tls)
        await self._site.start()
