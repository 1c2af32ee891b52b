"""The page's server: the page itself, the state it shows, and what its buttons do.

Only who knows the run's token may ask for anything but the page's files; it travels in the address behind the ``#``,
which browsers send nowhere. The Host header is checked, so that no web site can rebind its own name to this server.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from aiohttp import web

from bots.ledger.database import LedgerError
from bots.playground.folder import PlaygroundError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp.typedefs import Handler

    Answer = Callable[[web.Request], Awaitable[web.Response]]

_STATIC = Path(__file__).parent / "static"
_LONGEST_WAIT_S = 20.0
_LOOK_EVERY_S = 0.1
_MAX_CHARS = 20_000
_AGENT = "Noor"
_DESK = {"reply": "tickets_reply", "resolve": "tickets_resolve"}
_APPROVALS = {"send": "approvals_send", "edit": "approvals_edit", "dismiss": "approvals_dismiss"}


class Board(Protocol):
    """What the server shows and does."""

    async def state(self) -> dict[str, Any]:
        """Everything the page shows."""

    async def act(self, network: str, act: str, arguments: dict[str, Any]) -> str:
        """Do something on a network."""

    async def order(self, name: str, arguments: dict[str, Any]) -> str:
        """Ask the bot for something through its ledger, as the command line does; gives its sentence."""

    def kill(self) -> None:
        """SIGKILL the bot."""

    def start(self) -> None:
        """Start the bot again."""


class Server:
    """Serves on 127.0.0.1 until closed."""

    def __init__(self, board: Board, *, token: str, port: int, chat: str) -> None:
        self._board = board
        self._token = token
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        self._port = port
        self._closing = False
        self._runner: web.AppRunner | None = None
        self._headers = {
            "Content-Security-Policy": (
                f"default-src 'none'; script-src 'self' {chat}; style-src 'self'; img-src 'self' data:; "
                f"connect-src 'self' {chat} {chat.replace('http', 'ws', 1)}; "
                "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
            ),
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",
        }

    async def open(self) -> None:
        """Start to serve. Raises `PlaygroundError`."""
        app = web.Application(middlewares=[self._guard])
        app.router.add_get("/", self._index)
        app.router.add_static("/static/", _STATIC)
        app.router.add_get("/api/state", self._state)
        app.router.add_post("/api/desk/{act}", self._desk)
        app.router.add_post("/api/bot/{act}", self._bot)
        app.router.add_post("/api/approvals/{act}", self._approvals)
        app.router.add_post("/api/{network}/{act}", self._network)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        except OSError as error:
            raise PlaygroundError(f"The page cannot be served on port {self._port} ({error.strerror}).") from error

    async def close(self) -> None:
        """Stop serving."""
        self._closing = True
        if self._runner is not None:
            await self._runner.cleanup()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            answer = self._refusal(request) or await handler(request)
        except (PlaygroundError, LedgerError) as error:
            answer = _problem(str(error), HTTPStatus.BAD_REQUEST)
        except web.HTTPException as error:
            answer = _problem(f"{error.reason}: {request.method} {request.path}", HTTPStatus(error.status))
        answer.headers.update(self._headers)
        return answer

    def _refusal(self, request: web.Request) -> web.Response | None:
        origin = request.headers.get("Origin")
        if request.host not in self._hosts or (origin and origin.removeprefix("http://") not in self._hosts):
            return _problem("This server is for the playground's own page only.", HTTPStatus.FORBIDDEN)
        shown = request.headers.get("Authorization", "").encode()
        if request.path.startswith("/api/") and not hmac.compare_digest(shown, f"Bearer {self._token}".encode()):
            return _problem("Open the address that the playground printed when it started.", HTTPStatus.UNAUTHORIZED)
        return None

    async def _index(self, _: web.Request) -> web.StreamResponse:
        return web.FileResponse(_STATIC / "index.html")

    async def _state(self, request: web.Request) -> web.Response:
        """The state once it is another than the one that the page has; 204 where that takes too long."""
        since = request.query.get("since", "")
        until = asyncio.get_running_loop().time() + _LONGEST_WAIT_S
        while True:
            state = await self._board.state()
            mark = hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()[:16]
            if mark != since:
                return web.json_response({"mark": mark, **state})
            if self._closing or asyncio.get_running_loop().time() > until:
                return web.Response(status=HTTPStatus.NO_CONTENT)
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _network(self, request: web.Request) -> web.Response:
        body = await _body(request)
        post = await self._board.act(request.match_info["network"], request.match_info["act"], body)
        return web.json_response({"said": "", "post": post})

    async def _desk(self, request: web.Request) -> web.Response:
        act, body = request.match_info["act"], await _body(request)
        arguments = {"number": _text(body, "number"), "agent": _AGENT}
        if act == "reply":
            arguments["text"] = _text(body, "text")
        return await self._ordered(_DESK, act, arguments)

    async def _approvals(self, request: web.Request) -> web.Response:
        act, body = request.match_info["act"], await _body(request)
        identity = body.get("id")
        if not isinstance(identity, int):
            raise PlaygroundError("Say which reply: its id, a number.")
        arguments: dict[str, Any] = {"id": identity}
        if act == "edit":
            arguments["text"] = _text(body, "text")
        return await self._ordered(_APPROVALS, act, arguments)

    async def _bot(self, request: web.Request) -> web.Response:
        match request.match_info["act"]:
            case "kill":
                self._board.kill()
                said = "The bot is killed. What people write now waits on their networks."
            case "start":
                self._board.start()
                said = "The bot is starting; it takes up what waits."
            case _:
                raise PlaygroundError("The bot can be killed (kill) and started again (start).")
        return web.json_response({"said": said})

    async def _ordered(self, names: dict[str, str], act: str, arguments: dict[str, Any]) -> web.Response:
        if act not in names:
            raise PlaygroundError(f"There is no {act!r} here; there are {', '.join(names)}.")
        return web.json_response({"said": await self._board.order(names[act], arguments)})


async def _body(request: web.Request) -> dict[str, Any]:
    """The request's JSON object. Raises `PlaygroundError`."""
    try:
        body = await request.json() if request.content_type == "application/json" else None
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise PlaygroundError("The body must be a JSON object, sent as application/json.")
    return body


def _text(body: dict[str, Any], name: str) -> str:
    text = body.get(name)
    if not isinstance(text, str) or not text.strip():
        raise PlaygroundError(f"Write something first: {name} is empty.")
    if len(text) > _MAX_CHARS:
        raise PlaygroundError(f"That has {len(text)} characters; at most {_MAX_CHARS} are sent.")
    return text.strip()


def _problem(sentence: str, status: HTTPStatus) -> web.Response:
    return web.json_response({"error": sentence}, status=status)
