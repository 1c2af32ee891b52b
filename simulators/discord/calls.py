"""One call of the REST API, from the socket to the answer: failures, limits, the token, the schema."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aiohttp import web

from simulators.discord.faults import Fault, FaultKind, Faults
from simulators.discord.journal import Call, Journal
from simulators.discord.limits import BAN_PAGE, Limits, Refusal
from simulators.discord.rest import Handler, Request
from simulators.discord.wire import ApiError, not_found, plain_answer, read_body, unauthorised
from simulators.discord.world import Bot, World

if TYPE_CHECKING:
    from simulators.discord.schema import Schema

_BAD_GATEWAY = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>cloudflare</body>\r\n</html>\r\n"
_UNAVAILABLE = "<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>"
_TOKENLESS = ("/interactions/", "/webhooks/")


class Calls:
    """Serves the calls of all bots. `problems` gathers what does not fit Discord's schema."""

    def __init__(self, world: World, journal: Journal, limits: Limits, faults: Faults) -> None:
        self._world = world
        self._journal = journal
        self._limits = limits
        self._faults = faults
        self.schema: Schema | None = None
        self.problems: list[str] = []
        self.closing = asyncio.Event()
        self.is_offline = False

    def served(self, route: str, handler: Handler | None) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """Return what serves an address; without a handler, it does not exist."""

        async def serve(request: web.Request) -> web.StreamResponse:
            if self.is_offline:
                return cut(request)
            if self._limits.is_banned():
                return _html(BAN_PAGE, 429)
            bot = self._sender(request)
            call = self._journal.open(
                bot_id=bot.user.id if bot is not None else "",
                method=request.method,
                route=route or request.path,
                path=request.path,
                query=dict(request.query),
            )
            fault = self._faults.take(request.method, route, request.path)
            response: web.StreamResponse = _Nothing()
            try:
                response = await self._answer(request, call, bot, handler, fault)
            finally:
                call.ended_at = datetime.now(UTC)
                call.status = None if isinstance(response, _Nothing) else response.status
                self._journal.grow()
            return response

        return serve

    def _sender(self, request: web.Request) -> Bot | None:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        bot = self._world.bots.get(token) if kind == "Bot" else None
        return None if bot is None or bot.is_token_reset else bot

    async def _answer(
        self, request: web.Request, call: Call, bot: Bot | None, handler: Handler | None, fault: Fault | None
    ) -> web.StreamResponse:
        is_interaction = call.route.startswith(_TOKENLESS)
        headers, refusal = self._limits.take(
            request.method, call.route, request.match_info, is_interaction=is_interaction
        )
        if fault is not None:
            if fault.kind is FaultKind.TOO_MANY_REQUESTS:
                refusal = Refusal(retry_after_s=fault.seconds, scope=fault.scope)
            elif (broken := await self._before(request, fault)) is not None:
                return broken
        if refusal is not None:
            self._limits.note(429, refusal.scope)
            self._judge(call, 429, refusal.body())
            return plain_answer(refusal.body(), 429, headers | refusal.headers())
        status, body = await self._apply(request, call, bot, handler, is_interaction=is_interaction)
        self._limits.note(status)
        if fault is not None and (broken := await self._after(request, fault)) is not None:
            return broken
        if body is None:
            return web.Response(status=status, headers=headers)
        return plain_answer(body, status, headers)

    async def _apply(
        self, request: web.Request, call: Call, bot: Bot | None, handler: Handler | None, *, is_interaction: bool
    ) -> tuple[int, object]:
        """Do what is asked; return the status and the body of the answer."""
        try:
            if bot is None and not is_interaction:
                raise unauthorised()
            if handler is None:
                raise not_found()
            call.body, files = await read_body(request)
            wanted = Request(sender=bot, params=request.match_info, query=request.query, body=call.body, files=files)
            result = handler(wanted)
            status, body = await result if inspect.isawaitable(result) else result
            call.applied = True
        except ApiError as error:
            status, body = error.status, error.answer()
        if handler is not None:
            self._judge(call, status, body)
        return status, body

    def _judge(self, call: Call, status: int, body: object) -> None:
        """Hold an answer against Discord's schema."""
        if self.schema is not None and (problem := self.schema.check_answer(call.method, call.route, status, body)):
            self.problems.append(problem)

    async def _before(self, request: web.Request, fault: Fault) -> web.StreamResponse | None:
        """Return the answer of a failure that keeps the call from having an effect; None where it has one."""
        match fault.kind:
            case FaultKind.BAD_GATEWAY_BEFORE:
                return _html(_BAD_GATEWAY, 502)
            case FaultKind.UNAVAILABLE:
                return _html(_UNAVAILABLE, 503)
            case FaultKind.BAN_PAGE:
                self._limits.note(429)
                return _html(BAN_PAGE, 429)
            case FaultKind.ERROR:
                self._limits.note(fault.status)
                return plain_answer(ApiError(fault.status, fault.code, fault.message).answer(), fault.status)
            case FaultKind.CUT_BEFORE:
                return cut(request)
            case FaultKind.SLOW_BEFORE:
                await self._wait(fault.seconds)
        return None

    async def _after(self, request: web.Request, fault: Fault) -> web.StreamResponse | None:
        """Return what the caller gets in place of the answer; None where it gets the answer."""
        match fault.kind:
            case FaultKind.BAD_GATEWAY_AFTER:
                return _html(_BAD_GATEWAY, 502)
            case FaultKind.CUT_AFTER:
                return cut(request)
            case FaultKind.SLOW_AFTER:
                await self._wait(fault.seconds)
        return None

    async def _wait(self, seconds: float) -> None:
        """Wait, but not beyond the end of the simulator."""
        try:
            await asyncio.wait_for(self.closing.wait(), seconds)
        except TimeoutError:
            return


def _html(text: str, status: int) -> web.Response:
    return web.Response(text=text, status=status, content_type="text/html")


class _Nothing(web.Response):
    """Stands for an answer on a connection that was cut."""


def cut(request: web.Request) -> web.Response:
    """Abort the connection, so that the client sees an error and not an orderly end."""
    if request.transport is not None:
        request.transport.abort()
    return _Nothing()
