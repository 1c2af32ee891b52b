"""The HTTP side: ``/bot<token>/<method>``, ``/file/bot<token>/<path>`` and ``/control/<name>``."""

import asyncio
import json
import socket
import ssl
import struct
from collections.abc import Callable
from typing import Any, Self

from aiohttp import web

from simulators.driving import ControlHttp
from simulators.telegram.control import Control
from simulators.telegram.faults import Fault, FaultKind
from simulators.telegram.journal import Call
from simulators.telegram.methods import METHODS, Methods
from simulators.telegram.people import Attachment
from simulators.telegram.wire import ApiError, Json, Params, read_params, too_many_requests
from simulators.telegram.world import Bot, Chat, User

_BAD_GATEWAY = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>nginx</body>\r\n</html>\r\n"
_NOT_FOUND = ApiError(404, "Not Found")
_UNAUTHORISED = ApiError(401, "Unauthorized")
_REFUSALS = frozenset({FaultKind.TOO_MANY_REQUESTS, FaultKind.ERROR, FaultKind.BAD_GATEWAY_BEFORE})
_MAX_BODY_BYTES = 64 * 1024 * 1024
_WRITERS: dict[type, Callable[[Any], Json]] = {User: User.wire, Chat: Chat.wire}


class TelegramSimulator(Control):
    """A local Bot API server. ``async with TelegramSimulator() as sim`` listens on `sim.base_url` until the end.

    `port` 0 takes a free one. For `polling_penalties` see `Mailbox`; a webhook is tried again after `webhook_retry_s`.
    """

    def __init__(  # noqa: PLR0913  each has a default; a test names the one it is about
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        first_update_id: int = 800_000_001,
        polling_penalties: bool = False,
        webhook_retry_s: float = 0.2,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(
            first_update_id=first_update_id, polling_penalties=polling_penalties, webhook_retry_s=webhook_retry_s
        )
        self._host = host
        self.port = port
        self._tls = tls
        self._closing = asyncio.Event()
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """The address of the server."""
        return f"{'https' if self._tls else 'http'}://{self._host}:{self.port}"

    @property
    def base_url(self) -> str:
        """The address to give to an SDK: token and method follow it."""
        return f"{self.url}/bot"

    @property
    def base_file_url(self) -> str:
        """The address of files: token and path follow it."""
        return f"{self.url}/file/bot"

    @property
    def control_url(self) -> str:
        """The address of the control: the name of a method of `Control` follows it."""
        return f"{self.url}/control/"

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=_MAX_BODY_BYTES)
        app.router.add_route("*", "/bot{token}/{method}", self._bot_api)
        app.router.add_get("/file/bot{token}/{path:.+}", self._file)
        self._add_control(app)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self.port, ssl_context=self._tls)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing.set()
        self._files.close()
        for bot in self._world.bots.values():
            bot.mailbox.close()
        if self._runner is not None:
            await self._runner.cleanup()

    def _add_control(self, app: web.Application) -> None:
        readers = {"attachment": Attachment.from_json}
        ControlHttp(control=self, offers=Control, answer=_json, writers=_WRITERS, readers=readers).add_to(app)

    # --- the Bot API ------------------------------------------------------------------------------------------------

    async def _bot_api(self, request: web.Request) -> web.StreamResponse:
        bot = self._world.bots.get(request.match_info["token"])
        method = request.match_info["method"]
        try:
            if bot is None:
                raise _UNAUTHORISED
            params = await read_params(request)
        except ApiError as error:
            return _error(error)
        call = self._journal.open(bot.user.id, method, params.values)
        fault = self._faults.take(method, params.values.get("chat_id"))
        try:
            response = await self._answer(request, call, bot, params, fault)
            return await self._hand_over(request, response, call, fault)
        finally:
            if call.ended_at is None:
                self._journal.close(call, status=None, delivered=False)

    async def _answer(
        self, request: web.Request, call: Call, bot: Bot, params: Params, fault: Fault | None
    ) -> web.Response | None:
        """Return the answer; None where the connection is to be cut without one."""
        kind = fault.kind if fault is not None else None
        if fault is not None:
            if kind in _REFUSALS:
                return _refusal(fault)
            if kind is FaultKind.HANG_BEFORE:
                await self._hang(fault.seconds)
            if kind is FaultKind.CUT_BEFORE or _is_gone(request):
                return None
        response = await self._apply(call, bot, params)
        if fault is not None and kind is FaultKind.HANG_AFTER:
            await self._hang(fault.seconds)
        if kind is FaultKind.CUT_AFTER:
            return None
        return _bad_gateway() if kind is FaultKind.BAD_GATEWAY_AFTER else response

    async def _apply(self, call: Call, bot: Bot, params: Params) -> web.Response:
        method = METHODS.get(call.method.lower())
        try:
            if method is None:
                raise _NOT_FOUND
            result = await method(self._methods, call, bot, params)
        except ApiError as error:
            return _error(error)
        call.applied = True
        # Updates were checked when they were made, except those pushed raw, which may be wrong on purpose.
        check = self._check if method is not Methods.get_updates else None
        if check is not None and (problem := check(call.method, result)):
            self.schema_errors.append(problem)
            return _error(ApiError(500, f"The simulator's answer does not fit the Bot API: {problem}"))
        return _json({"ok": True, "result": result})

    async def _hand_over(
        self, request: web.Request, response: web.Response | None, call: Call, fault: Fault | None
    ) -> web.StreamResponse:
        """Write the answer, note whether a living connection took it, and return what aiohttp still needs."""
        if response is None or request.transport is None:
            _cut(request)
            self._journal.close(call, status=None, delivered=False)
            return web.Response()
        answer: web.StreamResponse = response
        try:
            if fault is not None and fault.kind is FaultKind.DRIP:
                answer = await self._drip(request, response, fault.seconds)
            else:
                await response.prepare(request)
                await response.write_eof()
        except ConnectionError:
            self._journal.close(call, status=response.status, delivered=False)
            return answer
        self._journal.close(call, status=response.status, delivered=not _is_gone(request))
        return answer

    async def _drip(self, request: web.Request, response: web.Response, seconds: float) -> web.StreamResponse:
        body = response.body if isinstance(response.body, bytes) else b""
        slow = web.StreamResponse(status=response.status, headers={"Content-Type": "application/json"})
        slow.content_length = len(body)
        await slow.prepare(request)
        for index in range(len(body)):
            await self._hang(seconds / len(body))
            await slow.write(body[index : index + 1])
        await slow.write_eof()
        return slow

    async def _hang(self, seconds: float) -> None:
        """Wait, but not beyond the end of the simulator."""
        try:
            await asyncio.wait_for(self._closing.wait(), seconds)
        except TimeoutError:
            return

    async def _file(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["token"] not in self._world.bots:
            return _error(_UNAUTHORISED)
        path = request.match_info["path"]
        file = next((file for file in self._world.files.values() if file.path == path), None)
        if file is None:
            return _error(_NOT_FOUND)
        return await self._files.answer(request, file.content)


def _json(body: Json, status: int = 200) -> web.Response:
    return web.Response(body=json.dumps(body).encode(), status=status, content_type="application/json")


def _error(error: ApiError) -> web.Response:
    return _json(error.answer(), status=error.code)


def _bad_gateway() -> web.Response:
    return web.Response(text=_BAD_GATEWAY, status=502, content_type="text/html")


def _refusal(fault: Fault) -> web.Response:
    if fault.kind is FaultKind.TOO_MANY_REQUESTS:
        return _error(too_many_requests(int(fault.seconds)))
    if fault.kind is FaultKind.ERROR:
        return _error(ApiError(fault.code, fault.description))
    return _bad_gateway()


def _is_gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


def _cut(request: web.Request) -> None:
    """Reset the connection, so that the client sees an error and not an orderly end."""
    if request.transport is None:
        return
    connection: socket.socket = request.transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.transport.abort()
