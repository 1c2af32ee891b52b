"""A server that is no desk and answers every request with the same JSON, as maintenance pages do."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.test_utils import TestServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MAINTENANCE = {"status": "maintenance"}


@asynccontextmanager
async def impostor(said: object = MAINTENANCE) -> AsyncIterator[str]:
    """The server's address."""

    async def answer(_: web.Request) -> web.Response:
        return web.json_response(said)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")
