"""What stands between us and a desk, or in its place: maintenance pages, and a desk that refuses one ticket."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.ticket_client.fault_proxy import Call, Fault, FaultProxy

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


def refuse(proxy: FaultProxy, status: int, *, part: str, writes: bool) -> None:
    """From now on the desk answers what reads, or what writes, a path with this part like that."""

    def meant(call: Call) -> bool:
        return part in call.path and (call.method != "GET") is writes

    proxy.fail(Fault(applies=False, answer=status), when=meant, times=1000)
