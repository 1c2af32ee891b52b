"""A proxy before a helpdesk's server that does to requests what networks and gateways do.

::

    async with FaultProxy("http://127.0.0.1:8000") as proxy:
        rule = proxy.fail(LOSE, when=writes)         # the next write is applied and its answer lost
        proxy.fail(TOO_MANY, when=writes, after=2)   # of the writes, the third one that meets no earlier rule
        ...                                          # a client talks to `proxy.url`
        await rule.met.wait()                        # it happened
        await proxy.refuse()                         # the port is closed, until `await proxy.accept()`

Every request that reaches it is in `proxy.calls`.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Self

from aiohttp import ClientError, ClientSession, ClientTimeout, web
from yarl import URL

_HOP_BY_HOP = {"connection", "content-length", "keep-alive", "transfer-encoding", "expect"}
_OURS = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")  # what aiohttp would add of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request: `path` without the query, `at` on the loop's clock."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What happens to a request: whether the server gets it, after how long, and what the client hears.

    `answer`: the server's ("whole"), its first half ("half"), none because the connection is closed ("none"), none
    while the connection stays open until `FaultProxy.release` ("never"), or a gateway's own with this status.
    """

    applies: bool
    answer: Literal["whole", "half", "none", "never"] | int
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0


LOSE = Fault(applies=True, answer="none")
DROP = Fault(applies=False, answer="none")
HANG = Fault(applies=True, answer="never")
CUT = Fault(applies=True, answer="half")
BAD_GATEWAY = Fault(applies=False, answer=502)
BAD_GATEWAY_APPLIED = Fault(applies=True, answer=502)
TOO_MANY = Fault(applies=False, answer=429, headers={"Retry-After": "1"})
AWAY = Fault(applies=False, answer=503)


def slow(delay_s: float) -> Fault:
    """The server gets it after `delay_s` and its answer arrives whole."""
    return Fault(applies=True, answer="whole", delay_s=delay_s)


def late(delay_s: float) -> Fault:
    """The server gets it after `delay_s`, when nobody waits for the answer any more."""
    return Fault(applies=True, answer="never", delay_s=delay_s)


def writes(call: Call) -> bool:
    """Whether a request changes something."""
    return call.method not in {"GET", "HEAD", "OPTIONS"}


def reads(call: Call) -> bool:
    """Whether a request changes nothing."""
    return not writes(call)


@dataclass(slots=True, kw_only=True)
class Rule:
    """A fault for the `times` requests that match after `after` others did; `met` once the first got its fault."""

    fault: Fault
    when: Callable[[Call], bool]
    after: int
    times: int
    hits: int = 0
    met: asyncio.Event = field(default_factory=asyncio.Event)

    def takes(self, call: Call) -> bool:
        """Whether this request gets the fault."""
        if self.hits >= self.times or not self.when(call):
            return False
        if self.after:
            self.after -= 1
            return False
        self.hits += 1
        return True


class FaultProxy:
    """Forwards to `upstream` (scheme, host and port); an ``async with`` opens and closes it.

    Attributes:
        url: where clients find it.
        calls: every request so far, in the order of arrival.
        peak: the most requests that were at work at one time.
    """

    def __init__(self, upstream: str) -> None:
        self.url = ""
        self.calls: list[Call] = []
        self.peak = 0
        self._upstream = upstream.rstrip("/")
        self._rules: list[Rule] = []
        self._at_work = 0
        self._released = asyncio.Event()

    async def __aenter__(self) -> Self:
        # Bound and never listening: it holds the port for us, and whoever connects while nobody listens is refused.
        self._holder = _bound(0)
        self._port: int = self._holder.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self._http = ClientSession(auto_decompress=False, timeout=ClientTimeout(total=30))
        self._server = web.Server(self._handle)
        self._runner = web.ServerRunner(self._server, shutdown_timeout=0.2)
        await self._runner.setup()
        await self.accept()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.release()
        await self._runner.cleanup()
        await self._http.close()
        self._holder.close()

    def fail(
        self, fault: Fault, *, when: Callable[[Call], bool] = lambda _: True, after: int = 0, times: int = 1
    ) -> Rule:
        """Have requests meet a fault; of several rules the first that takes a request decides."""
        rule = Rule(fault=fault, when=when, after=after, times=times)
        self._rules.append(rule)
        return rule

    def mend(self) -> None:
        """No faults any more."""
        self._rules.clear()

    def release(self) -> None:
        """Close the connections that are left without an answer."""
        self._released.set()
        self._released = asyncio.Event()

    async def refuse(self) -> None:
        """Close the port and what is open on it."""
        await self._site.stop()
        for connection in list(self._server.connections):
            if connection.transport is not None:
                connection.transport.abort()
        await asyncio.sleep(0.01)  # until those at the other end know

    async def accept(self) -> None:
        """Open the port (again)."""
        self._site = web.SockSite(self._runner, _bound(self._port))
        await self._site.start()

    def count(self, when: Callable[[Call], bool]) -> int:
        """How many such requests came."""
        return sum(map(when, self.calls))

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        call = Call(
            method=request.method,
            path=request.rel_url.raw_path,
            query=request.rel_url.raw_query_string,
            headers=request.headers,
            body=await request.read(),
            at=asyncio.get_running_loop().time(),
        )
        self.calls.append(call)
        self._at_work += 1
        self.peak = max(self.peak, self._at_work)
        try:
            return await self._meet(request, call)
        finally:
            self._at_work -= 1

    async def _meet(self, request: web.BaseRequest, call: Call) -> web.StreamResponse:
        rule = next((rule for rule in self._rules if rule.takes(call)), None)
        if rule is None:
            return await self._forward(call, request.raw_path) or _closed(request)
        fault = rule.fault
        await asyncio.sleep(fault.delay_s)
        answer = await self._forward(call, request.raw_path) if fault.applies else None
        rule.met.set()
        match fault.answer:
            case "whole":
                return answer or _closed(request)
            case "half":
                return await _half(request, answer)
            case "never":
                await self._released.wait()
                return _closed(request)
            case "none":
                return _closed(request)
            case status:
                return web.Response(status=status, headers=fault.headers, text="<html>the gateway's own page</html>")

    async def _forward(self, call: Call, raw_path: str) -> web.Response | None:
        """The server's answer; None where it gave none."""
        headers = [(name, value) for name, value in call.headers.items() if name.lower() not in _HOP_BY_HOP]
        url = URL(self._upstream + raw_path, encoded=True)
        with contextlib.suppress(ClientError, OSError, TimeoutError):
            async with self._http.request(
                call.method,
                url,
                headers=headers,
                data=call.body or None,
                allow_redirects=False,
                skip_auto_headers=_OURS,
            ) as answer:
                body = await answer.read()
                kept = [(name, value) for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP]
                response = web.Response(status=answer.status, reason=answer.reason, body=body)
                response.headers.clear()
                for name, value in kept:
                    response.headers.add(name, value)
                return response
        return None


def _bound(port: int) -> socket.socket:
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    return sock


def _closed(request: web.BaseRequest) -> web.Response:
    """Cut the connection; what is given back goes nowhere."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _half(request: web.BaseRequest, answer: web.Response | None) -> web.StreamResponse:
    if answer is None:
        return _closed(request)
    body = answer.body if isinstance(answer.body, bytes) else b""
    half = web.StreamResponse(status=answer.status, headers=answer.headers)
    half.content_length = len(body) or 1
    half.force_close()
    with contextlib.suppress(ConnectionResetError):  # nobody waits for it
        await half.prepare(request)
        await half.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return half
