"""What is small on the line and huge in memory: the web server and the downloads keep to their limits."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web as aio

from adapters.base import NotFetched
from adapters.downloads import Downloads
from bots import web
from bots.desk_calls import routes
from simulators.files import FileHost
from ticket_client.zendesk import Settings, create

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

MIB = 1 << 20
HUGE = 100 * MIB
LIMIT = 4 * MIB


@pytest.fixture(autouse=True)
def traced() -> Iterable[None]:
    tracemalloc.start(1)
    yield
    tracemalloc.stop()


def peak_after() -> int:
    return tracemalloc.get_traced_memory()[1]


@pytest.fixture
async def url(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """A web server with a helpdesk's door, as the bot has it."""
    monkeypatch.setattr(web, "_SHUTDOWN_S", 0.1)
    given = {"url": "https://acme.zendesk.com", "email": "a@b.example", "token": "t" * 20, "webhook_secret": "s" * 20}
    desk = create("zendesk", Settings.model_validate(given), {})
    runner, port = await web.start("127.0.0.1", 0, routes(desk, lambda _: None))
    yield f"http://127.0.0.1:{port}"
    await runner.cleanup()
    await desk.close()


async def endless() -> AsyncIterator[bytes]:
    for _ in range(HUGE // MIB):
        yield bytes(MIB)


@pytest.mark.parametrize("kind", ["gzip", "deflate", "endless", "declared"])
async def test_no_body_of_a_call_fills_the_memory(url: str, kind: str) -> None:
    squeezed: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "deflate": zlib.compress}
    headers = {"Content-Type": "application/json"}
    data: object = endless()
    if kind in squeezed:
        data = squeezed[kind](bytes(HUGE))
        headers["Content-Encoding"] = kind
    elif kind == "declared":
        headers["Content-Length"] = str(10**15)
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session:
        try:
            async with session.post(f"{url}/webhooks/desk", data=data, headers=headers) as answer:
                assert answer.status in {400, 404, 413}
        except aiohttp.ClientError:
            pass  # hung up on in the middle
        async with session.get(f"{url}/nowhere") as answer:
            assert answer.status == 404
    assert peak_after() - before < 30 * MIB


async def test_no_file_fills_the_memory() -> None:
    files = FileHost()

    async def serve(request: aio.Request) -> aio.StreamResponse:
        return await files.answer(request, b"x")

    app = aio.Application()
    app.router.add_get("/{path:.*}", serve)
    runner = aio.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await aio.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    downloads = Downloads([address], timeout_s=20)
    try:
        for fault in ("endless", "packed"):
            files.arm(fault, 1, "")
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            with pytest.raises(NotFetched):
                await downloads.get(f"{address}/a", max_bytes=LIMIT)
            assert peak_after() - before < 4 * LIMIT
    finally:
        await downloads.close()
        files.close()
        await runner.cleanup()
