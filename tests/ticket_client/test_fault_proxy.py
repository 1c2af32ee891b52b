"""The proxy does to requests what it is told, and nothing to the others."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientConnectorError, ClientPayloadError, ClientSession, ServerDisconnectedError, web

from tests.ticket_client.fault_proxy import (
    AWAY,
    BAD_GATEWAY,
    BAD_GATEWAY_APPLIED,
    CUT,
    DROP,
    HANG,
    LOSE,
    TOO_MANY,
    Fault,
    FaultProxy,
    late,
    reads,
    slow,
    writes,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@dataclass(kw_only=True)
class Stage:
    """A server that notes what it gets, the proxy before it and a client."""

    proxy: FaultProxy
    http: ClientSession
    got: list[str] = field(default_factory=list)

    async def post(self, words: str = "x") -> tuple[int, str]:
        async with self.http.post(f"{self.proxy.url}/tickets", data=words.encode()) as answer:
            return answer.status, await answer.text()


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """All three, started."""
    got: list[str] = []

    async def handle(request: web.Request) -> web.Response:
        got.append(f"{request.method} {request.raw_path} {await request.text()}".strip())
        if request.path == "/moved":
            raise web.HTTPFound("/elsewhere")
        given = {name: request.headers.get(name, "") for name in ("Authorization", "Content-Type", "User-Agent")}
        return web.json_response(given, status=201, headers={"X-RateLimit-Remaining": "3"})

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        async with FaultProxy(f"http://127.0.0.1:{runner.addresses[0][1]}") as proxy, ClientSession() as http:
            yield Stage(proxy=proxy, http=http, got=got)
    finally:
        await runner.cleanup()


async def test_without_faults_everything_passes_as_it_is(stage: Stage) -> None:
    async with stage.http.put(
        f"{stage.proxy.url}/a%2Fb?q=%22x%22&n=1", data=b"\xd0\xb6", headers={"Authorization": "Basic x"}
    ) as answer:
        assert (answer.status, answer.headers["X-RateLimit-Remaining"]) == (201, "3")
        given = await answer.json()
    assert given["Authorization"] == "Basic x"
    assert given["Content-Type"] == "application/octet-stream"
    assert "aiohttp" in given["User-Agent"]
    async with stage.http.get(f"{stage.proxy.url}/moved", allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (302, "/elsewhere")
    assert stage.got == ["PUT /a%2Fb?q=%22x%22&n=1 ж", "GET /moved"]
    assert [(call.method, call.path, call.query) for call in stage.proxy.calls] == [
        ("PUT", "/a%2Fb", "q=%22x%22&n=1"),
        ("GET", "/moved", ""),
    ]
    assert (stage.proxy.count(writes), stage.proxy.count(reads), stage.proxy.peak) == (1, 1, 1)


@pytest.mark.parametrize(
    ("fault", "applied"), [(LOSE, True), (DROP, False)], ids=["lose", "drop"]
)  # fmt: skip
async def test_an_answer_is_lost(stage: Stage, fault: Fault, applied: bool) -> None:  # noqa: FBT001 - a case
    rule = stage.proxy.fail(fault, when=writes)
    with pytest.raises((ServerDisconnectedError, ConnectionResetError)):
        await stage.post()
    assert rule.met.is_set()
    assert len(stage.got) == applied
    assert (await stage.post())[0] == 201


async def test_an_answer_is_cut_in_the_middle(stage: Stage) -> None:
    stage.proxy.fail(CUT)
    async with stage.http.post(f"{stage.proxy.url}/tickets") as answer:
        assert answer.status == 201
        with pytest.raises(ClientPayloadError):
            await answer.read()
    assert len(stage.got) == 1


async def test_an_answer_never_comes_until_it_is_released(stage: Stage) -> None:
    rule = stage.proxy.fail(HANG)
    waiting = asyncio.create_task(stage.post())
    await rule.met.wait()
    assert len(stage.got) == 1
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.shield(waiting), 0.1)
    assert not waiting.done()
    stage.proxy.release()
    with pytest.raises((ServerDisconnectedError, ConnectionResetError)):
        await waiting


@pytest.mark.parametrize(
    ("fault", "status", "applied"),
    [(BAD_GATEWAY, 502, 0), (BAD_GATEWAY_APPLIED, 502, 1), (TOO_MANY, 429, 0), (AWAY, 503, 0)],
    ids=["502", "502 applied", "429", "503"],
)
async def test_a_gateway_answers_for_the_server(stage: Stage, fault: Fault, status: int, applied: int) -> None:
    stage.proxy.fail(fault)
    async with stage.http.post(f"{stage.proxy.url}/tickets") as answer:
        assert answer.status == status
        assert answer.headers.get("Retry-After") == fault.headers.get("Retry-After")
        assert "gateway" in await answer.text()
    assert len(stage.got) == applied


async def test_a_request_is_slow_or_arrives_after_the_client_left(stage: Stage) -> None:
    stage.proxy.fail(slow(0.1))
    started = asyncio.get_running_loop().time()
    assert (await stage.post())[0] == 201
    assert asyncio.get_running_loop().time() - started >= 0.1

    rule = stage.proxy.fail(late(0.2))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(stage.post("late"), 0.05)
    assert len(stage.got) == 1
    await rule.met.wait()
    assert stage.got[1:] == ["POST /tickets late"]


async def test_the_nth_matching_request_is_hit_as_often_as_said(stage: Stage) -> None:
    rule = stage.proxy.fail(AWAY, when=lambda call: call.body == b"b", after=1, times=2)
    statuses = [(await stage.post(words))[0] for words in ("a", "b", "a", "b", "b", "b")]
    assert statuses == [201, 201, 201, 503, 503, 201]
    assert rule.hits == 2
    stage.proxy.fail(AWAY, times=99)
    assert (await stage.post())[0] == 503
    stage.proxy.mend()
    assert (await stage.post())[0] == 201


async def test_a_closed_port_refuses_and_opens_again_at_the_same_address(stage: Stage) -> None:
    assert (await stage.post())[0] == 201
    url = stage.proxy.url
    await stage.proxy.refuse()
    for _ in range(2):
        with pytest.raises(ClientConnectorError):
            await stage.post()
    await stage.proxy.accept()
    assert (await stage.post())[0] == 201
    assert (stage.proxy.url, len(stage.got), len(stage.proxy.calls)) == (url, 2, 2)


async def test_what_is_at_work_at_one_time_is_counted(stage: Stage) -> None:
    stage.proxy.fail(slow(0.1), times=3)
    await asyncio.gather(*(stage.post() for _ in range(3)))
    await stage.post()
    assert stage.proxy.peak == 3


async def test_a_server_that_is_gone_gives_no_answer(stage: Stage) -> None:
    async with FaultProxy("http://127.0.0.1:1") as proxy:
        with pytest.raises((ServerDisconnectedError, ConnectionResetError)):
            await stage.http.post(proxy.url)
