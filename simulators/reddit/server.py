"""The HTTP side: Reddit's paths, with and without a slash at their end, and ``/control/<name>``."""

import asyncio
import json
import socket
import ssl
import struct
from collections.abc import Callable
from operator import attrgetter
from typing import Any, Self

from aiohttp import web

from simulators.driving import ControlHttp
from simulators.reddit import mailing as _mailing
from simulators.reddit import reading as _reading
from simulators.reddit import writing as _writing
from simulators.reddit.control import Control
from simulators.reddit.faults import Fault, FaultKind
from simulators.reddit.journal import Call
from simulators.reddit.site import Answer, Ask, find
from simulators.reddit.wire import ApiError, FormError, Moved, escaped, rate_limited
from simulators.reddit.world import Subreddit, User

METHODS = (_mailing, _reading, _writing)
"""The modules whose methods are registered by being imported."""

_PAGE = "<!doctype html>\n<html>\n  <head><title>Ow! -- reddit.com</title></head>\n  <body>{}</body>\n</html>\n"
_BROKEN = _PAGE.format("<p>we took too long to make this page for you</p>")
_PARDNER = _PAGE.format("<h1>whoa there, pardner!</h1><p>your user agent is that of a library: choose your own</p>")
_LIBRARIES = ("python", "java", "curl", "go-http", "aiohttp", "okhttp")
_REFUSALS = frozenset(
    {FaultKind.TOO_MANY_REQUESTS, FaultKind.ERROR, FaultKind.FORM_ERROR, FaultKind.RATELIMIT, FaultKind.HTML_BEFORE}
)
_TOKEN_PATH = "/api/v1/access_token"
_WRITERS: dict[type, Callable[[Any], str]] = {User: attrgetter("name"), Subreddit: attrgetter("name")}


class RedditSimulator(Control):
    """A local Reddit. ``async with RedditSimulator() as sim`` listens on `sim.url` until the end.

    `url` is both the `reddit_url` and the `oauth_url` of an SDK. `port` 0 takes a free one. With a `control_token` the
    control wants ``Authorization: Bearer`` and it. A log-in lasts `token_lifetime_s`. With `tls` it serves HTTPS.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        control_token: str = "",
        token_lifetime_s: int = 86_400,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(token_lifetime_s=token_lifetime_s)
        self._host = host
        self.port = port
        self._control_token = control_token
        self._tls = tls
        self._closing = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._listener: web.TCPSite | None = None

    @property
    def url(self) -> str:
        """The address of the server."""
        return f"{'https' if self._tls else 'http'}://{self._host}:{self.port}"

    @property
    def control_url(self) -> str:
        """The address of the control: the name of a method of `Control` follows it."""
        return f"{self.url}/control/"

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=1024 * 1024)
        ControlHttp(control=self, offers=Control, answer=_json, token=self._control_token, writers=_WRITERS).add_to(app)
        app.router.add_get("/media/{name}", self._file)
        app.router.add_route("*", "/{path:.*}", self._api)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await self._listen(is_on=True)
        self._world.media_url = f"{self.url}/media"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing.set()
        self._files.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _listen(self, *, is_on: bool) -> None:
        if self._listener is not None:
            await self._listener.stop()
            self._listener = None
        if is_on and self._runner is not None:
            self._listener = web.TCPSite(self._runner, self._host, self.port, ssl_context=self._tls)
            await self._listener.start()
            self.port = self._runner.addresses[0][1]

    async def _file(self, request: web.Request) -> web.StreamResponse:
        media = self._world.media.get(request.match_info["name"])
        is_known = request.headers.get("User-Agent", "").lower().startswith(_LIBRARIES)
        return await self._files.answer(request, media.content if media is not None and not is_known else None)

    # --- the API ----------------------------------------------------------------------------------------------------

    async def _api(self, request: web.Request) -> web.StreamResponse:
        path = request.path.rstrip("/")
        form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        call = self._journal.open(request.method, path, dict(request.query) | form, host=request.host)
        fault = self._faults.take(request.method, path)
        try:
            response = await self._answer(request, call, form, fault)
            return await self._hand_over(request, response, call)
        finally:
            if call.ended_at is None:
                self._journal.close(call, status=None, delivered=False)

    async def _answer(
        self, request: web.Request, call: Call, form: dict[str, str], fault: Fault | None
    ) -> web.Response | None:
        """Return the answer; None where the connection is to be cut without one."""
        if self._listener is None:
            return None
        kind = fault.kind if fault is not None else None
        if fault is not None:
            if kind in _REFUSALS:
                return _refusal(fault)
            if kind is FaultKind.HANG_BEFORE:
                await self._hang(fault.seconds)
            if kind is FaultKind.CUT_BEFORE or _is_gone(request):
                return None
        response = self._apply(request, call, form)
        if fault is not None and kind is FaultKind.HANG_AFTER:
            await self._hang(fault.seconds)
        if fault is not None and kind is FaultKind.HTML_AFTER:
            return _html(_BROKEN, fault.status)
        return None if kind is FaultKind.CUT_AFTER else response

    def _apply(self, request: web.Request, call: Call, form: dict[str, str]) -> web.Response:
        agent = request.headers.get("User-Agent", "")
        if not agent or agent.lower().startswith(_LIBRARIES):
            return _html(_PARDNER, 429)
        if (request.method, call.path) == ("POST", _TOKEN_PATH):
            return self._log_in(request, call, form)
        is_allowed, headers = self._quota.take()
        if not is_allowed:
            return _json(ApiError(429).body(), 429, headers | {"retry-after": headers["x-ratelimit-reset"]})
        status, answer = 200, None
        try:
            viewer = self._tokens.user_of(request.headers.get("Authorization", ""))
            call.user = viewer.name if viewer else ""
            method, parts = find(request.method, call.path)
            ask = Ask(call=call, viewer=viewer, query=dict(request.query), form=form, parts=parts)
            status, answer = method(self._site, ask)
            call.applied = True
        except ApiError as error:
            status, answer, headers = error.status, error.body(), headers | error.headers
        except FormError as error:
            answer = error.body()
        except Moved as moved:
            return web.Response(status=302, headers=headers | {"Location": str(request.url.origin()) + moved.path})
        is_raw = request.query.get("raw_json") == "1"
        return _json(answer if is_raw else escaped(answer), status, headers)

    def _log_in(self, request: web.Request, call: Call, form: dict[str, str]) -> web.Response:
        try:
            user, answer = self._tokens.grant(request.headers.get("Authorization", ""), form)
        except ApiError as error:
            return _json(error.body(), error.status, error.headers)
        call.user = user.name if user else ""
        call.applied = "access_token" in answer
        return _json(answer, 200)

    async def _hand_over(self, request: web.Request, response: web.Response | None, call: Call) -> web.StreamResponse:
        """Write the answer, note whether a living connection took it, and return what aiohttp still needs."""
        if response is None or request.transport is None:
            _cut(request)
            self._journal.close(call, status=None, delivered=False)
            return web.Response()
        try:
            await response.prepare(request)
            await response.write_eof()
        except ConnectionError:
            self._journal.close(call, status=response.status, delivered=False)
            return response
        self._journal.close(call, status=response.status, delivered=not _is_gone(request))
        return response

    async def _hang(self, seconds: float) -> None:
        """Wait, but not beyond the end of the simulator."""
        try:
            await asyncio.wait_for(self._closing.wait(), seconds)
        except TimeoutError:
            return


def _json(body: Answer | object, status: int, headers: dict[str, str] | None = None) -> web.Response:
    text = b"" if body is None else json.dumps(body).encode()
    kind = {"Content-Type": "application/json; charset=UTF-8"}
    return web.Response(body=text, status=status, headers=kind | (headers or {}))


def _html(text: str, status: int) -> web.Response:
    return web.Response(text=text, status=status, content_type="text/html")


def _refusal(fault: Fault) -> web.Response:
    match fault.kind:
        case FaultKind.TOO_MANY_REQUESTS:
            headers = {"retry-after": f"{fault.seconds:g}"} if fault.seconds >= 0 else {}
            return _json(ApiError(429).body(), 429, headers)
        case FaultKind.ERROR:
            error = ApiError(fault.status)
            return _json(error.body(), fault.status, error.headers)
        case FaultKind.FORM_ERROR:
            return _json(FormError(fault.code, fault.message, fault.form_field).body(), 200)
        case FaultKind.RATELIMIT:
            return _json(rate_limited(fault.seconds).body(), 200)
        case _:
            return _html(_BROKEN, fault.status)


def _is_gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


def _cut(request: web.Request) -> None:
    """Reset the connection, so that the client sees an error and not an orderly end."""
    if request.transport is None:
        return
    connection: socket.socket = request.transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.transport.abort()
