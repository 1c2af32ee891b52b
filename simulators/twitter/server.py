"""The HTTP side: ``/2/...`` as api.twitter.com has it, and ``/control/<name>``."""

import asyncio
import re
import socket
import ssl
import struct
from collections.abc import Mapping
from functools import partial
from typing import Self

from aiohttp import web

from simulators.driving import ControlHttp
from simulators.twitter.auth import Caller, unsupported
from simulators.twitter.billing import Item
from simulators.twitter.context import Context
from simulators.twitter.control import Control
from simulators.twitter.endpoints import ENDPOINTS, Endpoint
from simulators.twitter.faults import Fault, FaultKind
from simulators.twitter.journal import Call
from simulators.twitter.listener import Listener
from simulators.twitter.wire import (
    ApiError,
    Params,
    credits_depleted,
    json_response,
    problem,
    read_params,
    too_many_requests,
)
from simulators.twitter.world import World

_UNAVAILABLE = (
    "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n"
)
_DATE = re.compile(rb"(T\d\d:\d\d:\d\d)\.000Z")
_MAX_BODY_BYTES = 1024 * 1024


class TwitterSimulator(Control):
    """A local X API. ``async with TwitterSimulator() as sim`` listens on `sim.url` until the end.

    `port` 0 takes a free one. With a `control_token`, /control wants it as ``Authorization: Bearer``. Streams get an
    empty line every `keep_alive_s`. `tls` makes it a server of HTTPS.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        control_token: str = "",
        keep_alive_s: float = 20.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(listener=Listener(host, port, tls), keep_alive_s=keep_alive_s)
        self._control_token = control_token
        self._closing = asyncio.Event()

    @property
    def port(self) -> int:
        """The port of the server."""
        return self._listener.port

    @property
    def world(self) -> World:
        """Everything there is, to look at."""
        return self._world

    @property
    def url(self) -> str:
        """The address of the server; it stands for https://api.twitter.com."""
        scheme = "http" if self._listener.tls is None else "https"
        return f"{scheme}://{self._listener.host}:{self._listener.port}"

    @property
    def control_url(self) -> str:
        """The address of the control: the name of a method of `Control` follows it."""
        return f"{self.url}/control/"

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=_MAX_BODY_BYTES)
        for endpoint in ENDPOINTS:
            app.router.add_route(endpoint.method, endpoint.path, partial(self._api, endpoint))
        app.router.add_get("/media/{name}", self._file)
        ControlHttp(
            control=self, offers=Control, answer=json_response, token=self._control_token, refusal="Unauthorized"
        ).add_to(app)
        await self._listener.start(app)
        self._world.media_url = f"{self.url}/media"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing.set()
        self._files.close()
        self._streams.disconnect(quietly=True)
        await self._listener.stop()

    async def _file(self, request: web.Request) -> web.StreamResponse:
        media = self._world.media.get(request.match_info["name"])
        return await self._files.answer(request, media.content if media is not None else None)

    async def _api(self, endpoint: Endpoint, request: web.Request) -> web.StreamResponse:
        if self._listener.is_offline:
            _cut(request)
            return web.Response()
        try:
            caller = self._gate.caller(request.method, request.raw_path, request.headers.get("Authorization", ""))
            params = await read_params(request)
        except ApiError as error:
            return _error(error, {})
        username = caller.bot.user.username if caller.bot is not None else ""
        call = self._journal.open(username, endpoint.name, {**params.path, **params.query, **params.body})
        fault = self._faults.take(endpoint.name)
        try:
            return await self._answer_and_hand_over(request, endpoint, call, caller, params, fault)
        finally:
            if call.ended_at is None:
                self._journal.close(call, status=None, delivered=False)

    async def _answer_and_hand_over(  # noqa: PLR0913, PLR0917  the whole of one call
        self,
        request: web.Request,
        endpoint: Endpoint,
        call: Call,
        caller: Caller,
        params: Params,
        fault: Fault | None,
    ) -> web.StreamResponse:
        headers: dict[str, str] = {}
        try:
            if fault is not None:
                await self._before(fault)
            if (fault is not None and fault.kind is FaultKind.CUT_BEFORE) or _is_gone(request):
                return self._cut_off(request, call)
            headers = self._admit(endpoint, caller)
            if endpoint.handle is None:
                return await self._stream(request, call, params, headers)
            context = Context(
                world=self._world,
                journal=self._journal,
                meter=self._meter,
                streams=self._streams,
                call=call,
                caller=caller,
                params=params,
            )
            response = json_response(endpoint.handle(context), endpoint.status, headers)
        except _Page as page:
            response = page.response
        except ApiError as error:
            response = _error(error, headers)
        return await self._hand_over(request, response, call, fault)

    async def _before(self, fault: Fault) -> None:
        """Do what a failure does before the call has an effect. Raises `ApiError` or `_Page` where that is the end."""
        if fault.kind is FaultKind.HANG_BEFORE:
            await self._hang(fault.seconds)
        elif fault.kind is FaultKind.TOO_MANY_REQUESTS:
            reset = str(int(self._world.clock() + fault.seconds + 0.999))
            raise too_many_requests(
                {"x-rate-limit-limit": "100", "x-rate-limit-remaining": "0", "x-rate-limit-reset": reset}
            )
        elif fault.kind is FaultKind.TOO_MANY_REQUESTS_BARE:
            raise too_many_requests()
        elif fault.kind is FaultKind.PAYMENT_REQUIRED:
            raise credits_depleted(self._gate.app.id)
        elif fault.kind is FaultKind.ERROR:
            raise problem(fault.code, fault.title, fault.detail)
        elif fault.kind is FaultKind.UNAVAILABLE_BEFORE:
            raise _Page

    def _admit(self, endpoint: Endpoint, caller: Caller) -> dict[str, str]:
        """Return the headers of the limits. Raises `ApiError` where the call may not be made."""
        if not any(caller.method in kinds for kinds in endpoint.takes):
            raise unsupported(caller, ", ".join(endpoint.takes))
        user_id = caller.bot.user.id if caller.bot is not None else ""
        headers = self._limits.count(endpoint.name, endpoint.limit, app_id=self._gate.app.id, user_id=user_id)
        if self._meter.is_empty:
            raise credits_depleted(self._gate.app.id)
        if caller.bot is not None and caller.bot.user.is_suspended:
            raise problem(403, "Forbidden", "Your account is suspended and is not permitted to access this feature.")
        return headers

    async def _hand_over(
        self, request: web.Request, response: web.Response, call: Call, fault: Fault | None
    ) -> web.StreamResponse:
        """Write the answer, and note whether a living connection took it."""
        kind = fault.kind if fault is not None else None
        if fault is not None and kind is FaultKind.HANG_AFTER:
            await self._hang(fault.seconds)
        if kind is FaultKind.CUT_AFTER or _is_gone(request):
            return self._cut_off(request, call)
        if kind is FaultKind.UNAVAILABLE_AFTER:
            response = _Page().response
        if kind is FaultKind.ODD_DATES and isinstance(response.body, bytes):
            response.body = _DATE.sub(rb"\1Z", response.body)
        try:
            await response.prepare(request)
            await response.write_eof()
        except ConnectionError:
            self._journal.close(call, status=response.status, delivered=False)
            return response
        self._journal.close(call, status=response.status, delivered=not _is_gone(request))
        return response

    async def _stream(
        self, request: web.Request, call: Call, params: Params, headers: Mapping[str, str]
    ) -> web.StreamResponse:
        queue = self._streams.connect()
        response = web.StreamResponse(headers={"Content-Type": "application/json; charset=utf-8", **headers})
        lines = self._streams.lines(queue, params)
        try:
            await response.prepare(request)
            async for line, post in lines:
                await response.write(line)
                if post is not None:
                    call.cost += self._meter.read(Item.POST_READ, post.id)
        except ConnectionError:
            call.status = 200
        finally:
            await lines.aclose()
        self._journal.close(call, status=200, delivered=not _is_gone(request))
        return response

    async def _hang(self, seconds: float) -> None:
        """Wait, but not beyond the end of the simulator."""
        try:
            await asyncio.wait_for(self._closing.wait(), seconds)
        except TimeoutError:
            return

    def _cut_off(self, request: web.Request, call: Call) -> web.StreamResponse:
        _cut(request)
        self._journal.close(call, status=None, delivered=False)
        return web.Response()


class _Page(Exception):
    """A page of HTML instead of the API's answer: it comes from what stands in front of X's servers."""

    @property
    def response(self) -> web.Response:
        return web.Response(text=_UNAVAILABLE, status=503, content_type="text/html")


def _error(error: ApiError, headers: Mapping[str, str]) -> web.Response:
    return json_response(error.body, error.status, {**headers, **error.headers})


def _is_gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


def _cut(request: web.Request) -> None:
    """Reset the connection, so that the client sees an error and not an orderly end."""
    if request.transport is None:
        return
    connection: socket.socket = request.transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.transport.abort()
