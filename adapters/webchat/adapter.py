"""The live chat's settings, its pages and its socket.

What makes it safe to lose a connection at any moment:

* The client names each of its messages (`id`), keeps it until the server's ``ack`` and sends it again after a
  reconnect; the ack follows `Deliver`, so an acknowledged message is on disk, and the id is in the dedupe key, so a
  repetition is stored once.
* A reply's id is `Reply.key`; the client shows a key once. On each connection it is sent the transcript, and with it
  what was sent so recently that the ledger may not have written it down yet (`RecentSends`).
* Where several processes serve the chat, one of them sends. Each tells the others which session to look up: its open
  sockets there are sent what they have not got of the transcript.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import html
import logging
import math
import re
import secrets
from collections import Counter, defaultdict
from datetime import UTC, datetime
from importlib import resources
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlsplit

from aiohttp import WSCloseCode, WSMsgType, web
from itsdangerous import BadData, URLSafeTimedSerializer
from pydantic import Field, ValidationError, field_validator

from adapters.base import Profile, RateLimits, Rejected, TranscriptLine
from adapters.webchat.connections import Allowance, Connection, RecentSends
from adapters.webchat.frames import (
    FRAME,
    Frame,
    Hello,
    Ping,
    Said,
    Tapped,
    Visitor,
    clean,
    history,
    language_hint,
    normalise,
    shown,
)
from config.findings import Finding
from config.settings import Section

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapters.base import Deliver, IncomingMessage, Reply, Surroundings

_log = logging.getLogger(__name__)

_HELLO_WITHIN_S: Final = 10.0
_CLOSE_WITHIN_S: Final = 1.0
_HEARTBEAT_S: Final = 25.0
_LOOK_AGAIN_S: Final = 1.0
_PAGE_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "Cache-Control": "no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_SCRIPT_HEADERS: Final = {
    "Cache-Control": "public, max-age=300",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}


class Settings(Section):
    """``[channels.webchat]``; every key has a default."""

    kind: Literal["webchat"] = "webchat"
    title: str = Field(default="Support", min_length=1, max_length=80)
    path: str = Field(default="/", pattern=r"^/([A-Za-z0-9_-]+/)*$")
    allowed_origins: tuple[str, ...] = ()
    max_chars: int = Field(default=4000, ge=1, le=20_000)
    messages_per_minute: int = Field(default=20, ge=1)
    messages_per_minute_per_address: int = Field(default=60, ge=1)
    new_sessions_per_minute: int = Field(default=10, ge=1)
    max_connections_per_address: int = Field(default=50, ge=1)
    trusted_proxies: tuple[str, ...] = ()
    history_lines: int = Field(default=200, ge=1, le=1000)
    session_days: int = Field(default=180, ge=1)

    @field_validator("allowed_origins")
    @classmethod
    def _are_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            if not re.fullmatch(r"https?://[^/\s*]+", origin):
                raise ValueError(f"{origin!r} is no origin: write it like https://www.example.com, without a path")
        return tuple(origin.lower() for origin in origins)

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        for network in networks:
            ip_network(network)
        return networks


class WebchatAdapter:
    """The live chat of one section. `routes()` are served by the bot's web server; `run` opens them."""

    def __init__(self, name: str, settings: Settings, surroundings: Surroundings) -> None:
        self.name = name
        self.limits = RateLimits()
        self._settings = settings
        self._surroundings = surroundings
        self._tokens = URLSafeTimedSerializer(
            surroundings.secret, salt=f"webchat:{name}", signer_kwargs={"digest_method": hashlib.sha256}
        )
        static = resources.files("adapters.webchat") / "static"
        page = (static / "index.html").read_text("utf-8")
        self._page = page.replace("{{title}}", html.escape(settings.title, quote=True))
        self._script = (static / "widget.js").read_text("utf-8")
        self._etag = hashlib.sha256(self._script.encode()).hexdigest()[:32]
        self._origins = {*settings.allowed_origins, _origin(surroundings.public_url)}
        self._proxies = [ip_network(network) for network in settings.trusted_proxies]
        self._session_allowance = Allowance(settings.messages_per_minute)
        self._address_allowance = Allowance(settings.messages_per_minute_per_address)
        self._new_session_allowance = Allowance(settings.new_sessions_per_minute)
        self._connect_allowance = Allowance(4 * settings.max_connections_per_address)
        self._open: Counter[str] = Counter()
        self._sockets: set[web.WebSocketResponse] = set()
        self._connections: defaultdict[str, set[Connection]] = defaultdict(set)
        self._recent = RecentSends()
        self._deliver: Deliver | None = None
        self._me = secrets.token_hex(4)  # among this chat's instances
        self._behind: dict[str, None] = {}  # sessions that others sent to
        self._looking: asyncio.Task[None] | None = None

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        """The page, the widget and its socket."""
        path = self._settings.path
        return [
            web.get(path, self._serve_page),
            web.get(f"{path}widget.js", self._serve_script),
            web.get(f"{path}chat/socket", self._serve_socket),
        ]

    async def run(self, deliver: Deliver) -> None:
        """Take connections until cancelled; then close them all, and the clients come back by themselves."""
        self._deliver = deliver
        self._surroundings.alive(self.name, math.inf)
        try:
            await asyncio.Event().wait()
        finally:
            await self.close()

    async def send(self, reply: Reply) -> str:
        """Show the reply in every open tab of the session. Without one it waits in the history: nothing is lost."""
        session = reply.target.address.get("session")
        if not session:
            raise Rejected(f"The reply {reply.key} has no live chat session: its target was not made by this channel.")
        line = TranscriptLine(
            id=reply.key, author=reply.speaker, text=reply.text, buttons=reply.buttons, at=datetime.now(tz=UTC)
        )
        self._recent.add(session, line)
        self._push(session, {"type": "line", "line": shown(line)})
        self._surroundings.tell_others(self.name, f"{self._me}/{session}/")
        return reply.key

    def heard(self, about: str | None) -> None:
        """Another instance has news of a session, or removed a message from it; None: there may be news of any."""
        if about is None:
            self._look_up(*self._connections)
            return
        teller, session, removed = about.split("/", 2)
        if teller == self._me:
            return  # every socket here was sent it
        if removed:
            self._push(session, {"type": "removed", "id": removed})
        else:
            self._look_up(session)

    async def find(self, reply: Reply) -> str | None:
        """The reply's key if it was sent lately; never needed, because a repeated key is shown once."""
        session = reply.target.address.get("session", "")
        return next((line.id for line in self._recent.of(session) if line.id == reply.key), None)

    async def delete(self, message: IncomingMessage) -> bool:
        """Take the words off the user's open tabs; the history shows only what the ledger kept."""
        self._push(message.author.id, {"type": "removed", "id": message.message_id})
        self._surroundings.tell_others(self.name, f"{self._me}/{message.author.id}/{message.message_id}")
        return True

    async def check(self) -> list[Finding]:
        """Where the chat is and who may embed it."""
        url = self._surroundings.public_url.rstrip("/") + self._settings.path
        findings = [Finding(ok=True, text=f"The live chat is served at {url}")]
        if self._settings.allowed_origins:
            findings.append(Finding(ok=True, text=f"It may be embedded on {', '.join(self._settings.allowed_origins)}"))
        else:
            cure = f'To embed it, list the sites: [channels.{self.name}] allowed_origins = ["https://www.example.com"]'
            findings.append(Finding(ok=True, text="It may not be embedded on other sites", cure=cure))
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
            cure = "Put a TLS proxy before it, set public_url to its https address and trusted_proxies to its own."
            findings.append(Finding(ok=False, text="The live chat is not encrypted", cure=cure))
        return findings

    async def close(self) -> None:
        """Close every socket with 1001 (going away)."""
        self._deliver = None
        if self._looking is not None:
            self._looking.cancel()
        closings = [
            asyncio.create_task(socket.close(code=WSCloseCode.GOING_AWAY, message=b"restart"))
            for socket in self._sockets
        ]
        if closings:
            await asyncio.wait(closings, timeout=2 * _CLOSE_WITHIN_S)

    def _push(self, session: str, frame: dict[str, Any], *, but: Connection | None = None) -> None:
        for connection in self._connections.get(session, ()):
            if connection is not but:
                connection.push(frame)

    def _look_up(self, *sessions: str) -> None:
        self._behind |= {session: None for session in sessions if session in self._connections}
        if self._behind and (self._looking is None or self._looking.done()):
            self._looking = asyncio.create_task(self._catch_up())

    async def _catch_up(self) -> None:
        """Send the open sockets here what they have not got, session after session, until none is behind."""
        while self._behind:
            session = next(iter(self._behind))
            del self._behind[session]
            try:
                lines = history(await self._lines(session))
            except Exception as error:  # noqa: BLE001 - whatever the ledger suffers from, it will be read again
                _log.warning("The history is out of reach (%s).", type(error).__name__, extra={"action": "look_failed"})
                self._behind[session] = None
                await asyncio.sleep(_LOOK_AGAIN_S)
                continue
            for connection in self._connections.get(session, ()):
                connection.catch_up(lines)
            await asyncio.sleep(0)  # between two sessions others have their turn

    async def _serve_page(self, _request: web.Request) -> web.Response:
        return web.Response(text=self._page, content_type="text/html", headers=_PAGE_HEADERS)

    async def _serve_script(self, request: web.Request) -> web.Response:
        response = web.Response(text=self._script, content_type="text/javascript", headers=_SCRIPT_HEADERS)
        response.etag = self._etag
        if request.if_none_match and any(tag.value == self._etag for tag in request.if_none_match):
            return web.Response(status=304, headers={**_SCRIPT_HEADERS, "ETag": f'"{self._etag}"'})
        return response

    async def _serve_socket(self, request: web.Request) -> web.StreamResponse:
        address = self._address(request)
        if not self._may_embed(request):
            _log.info("A site that is not in allowed_origins was refused.", extra={"action": "socket_refused"})
            return web.Response(status=403, text="This site is not in allowed_origins.")
        if self._deliver is None:
            return web.Response(status=503, text="Starting or stopping; try again.", headers={"Retry-After": "1"})
        if self._open[address] >= self._settings.max_connections_per_address or self._connect_allowance.take(address):
            return web.Response(status=429, text="Too many connections.", headers={"Retry-After": "10"})
        socket = web.WebSocketResponse(
            timeout=_CLOSE_WITHIN_S,
            heartbeat=_HEARTBEAT_S,
            compress=False,
            # A code point takes at most twelve characters of JSON (two escaped surrogates).
            max_msg_size=12 * self._settings.max_chars + 4096,
        )
        self._open[address] += 1
        try:
            await socket.prepare(request)
            await self._guard(socket, request.transport, address)
        finally:
            self._open[address] -= 1
            if not self._open[address]:
                del self._open[address]
        return socket

    async def _guard(
        self, socket: web.WebSocketResponse, transport: asyncio.BaseTransport | None, address: str
    ) -> None:
        self._sockets.add(socket)
        try:
            await self._converse(socket, transport, address)
        except ConnectionError:
            pass  # the visitor went away
        except Exception as error:  # noqa: BLE001 - whatever broke: without an ack the client comes back and repeats
            # Only the kind of error: its text, and a traceback, may hold what somebody wrote.
            _log.error(
                "A live chat connection broke (%s); its visitor reconnects.",
                type(error).__name__,
                extra={"action": "socket_failed"},
            )
            with contextlib.suppress(ConnectionError):
                await socket.close(code=WSCloseCode.INTERNAL_ERROR)
        finally:
            self._sockets.discard(socket)

    async def _converse(
        self, socket: web.WebSocketResponse, transport: asyncio.BaseTransport | None, address: str
    ) -> None:
        hello = await self._read(socket, within_s=_HELLO_WITHIN_S)
        if not isinstance(hello, Hello):
            await socket.close(code=WSCloseCode.POLICY_VIOLATION)
            return
        session, known = self._session(hello.token), True
        if session is None:
            if wait_s := self._new_session_allowance.take(address):
                await socket.send_json(_refusal("too_many_sessions", wait_s=wait_s))
                await socket.close(code=WSCloseCode.TRY_AGAIN_LATER)
                return
            session, known = secrets.token_urlsafe(16), False
        visitor = Visitor(session=session, language=language_hint(hello.language), address=address)
        writable = transport if isinstance(transport, asyncio.Transport) else None
        connection = Connection(visitor=visitor, socket=socket, transport=writable)
        # From here on every reply reaches the queue; what was sent before is in the transcript or among the recent.
        self._connections[session].add(connection)
        writer = None
        try:
            welcome = await self._welcome(session, known=known, had_token=bool(hello.token))
            connection.got = {line["id"]: line.get("chosen", "") for line in welcome["lines"]}
            if connection.missed:
                self._look_up(session)
            await socket.send_json(welcome)
            writer = asyncio.create_task(connection.write())
            while frame := await self._read(socket):
                await self._handle(frame, connection)
        finally:
            self._connections[session].discard(connection)
            if not self._connections[session]:
                del self._connections[session]
            if writer is not None:
                writer.cancel()

    async def _welcome(self, session: str, *, known: bool, had_token: bool) -> dict[str, Any]:
        return {
            "type": "welcome",
            "token": self._tokens.dumps(session),
            "session": "known" if known else "replaced" if had_token else "new",
            "title": self._settings.title,
            "max_chars": self._settings.max_chars,
            "lines": history(await self._lines(session)) if known else [],
        }

    async def _lines(self, session: str) -> list[TranscriptLine]:
        transcript = self._surroundings.transcript
        stored = await transcript.lines(f"{self.name}:{session}", limit=self._settings.history_lines)
        return stored + self._recent.of(session)  # `history` shows what is in both once

    async def _read(self, socket: web.WebSocketResponse, *, within_s: float | None = None) -> Frame | None:
        """The next frame; None when the connection is over, or was closed here because of what came."""
        try:
            message = await socket.receive(timeout=within_s)
        except TimeoutError:
            return None
        if message.type is WSMsgType.TEXT:
            try:
                return FRAME.validate_json(message.data)
            except ValidationError:
                await socket.close(code=WSCloseCode.POLICY_VIOLATION)
        elif message.type is WSMsgType.BINARY:
            await socket.close(code=WSCloseCode.UNSUPPORTED_DATA)
        return None

    async def _handle(self, frame: Frame, connection: Connection) -> None:
        if isinstance(frame, Ping):
            connection.push({"type": "pong"})
        elif isinstance(frame, Hello):
            await connection.socket.close(code=WSCloseCode.POLICY_VIOLATION)
        elif refusal := self._refuse(frame, connection.visitor):
            connection.push(refusal)
        else:
            await self._accept(frame, connection)

    def _refuse(self, frame: Said | Tapped, visitor: Visitor) -> dict[str, Any] | None:
        if isinstance(frame, Said):
            if len(frame.text) > self._settings.max_chars:
                return _refusal("too_long", id=frame.id, max_chars=self._settings.max_chars)
            if not clean(frame.text):
                return _refusal("empty", id=frame.id)
        wait_s = self._session_allowance.take(visitor.session) or self._address_allowance.take(visitor.address)
        return _refusal("too_fast", id=frame.id, wait_s=wait_s) if wait_s else None

    async def _accept(self, frame: Said | Tapped, connection: Connection) -> None:
        visitor, label = connection.visitor, ""
        if isinstance(frame, Tapped):
            offered = await self._offered(visitor.session, frame)
            if offered is None:
                connection.push(_refusal("not_offered", id=frame.id))
                return
            label = offered
        if self._deliver is None:
            return  # closing: the client keeps what was not acknowledged
        message = normalise(frame, visitor, name=self.name, label=label, now=datetime.now(tz=UTC))
        if isinstance(frame, Tapped):
            connection.note(frame.line, frame.action)
        else:
            connection.note(frame.id)
        await self._deliver([message])
        at = message.sent_at.isoformat()
        connection.push({"type": "ack", "id": frame.id, "at": at})
        if isinstance(frame, Tapped):
            echo: dict[str, Any] = {"type": "chosen", "line": frame.line, "action": frame.action}
        else:
            words = TranscriptLine(id=frame.id, author="user", text=clean(frame.text), at=message.sent_at)
            echo = {"type": "line", "line": shown(words)}
        self._push(visitor.session, echo, but=connection)
        self._surroundings.tell_others(self.name, f"{self._me}/{visitor.session}/")

    async def _offered(self, session: str, tap: Tapped) -> str | None:
        """The label of the button, if this session was really shown it."""
        for line in await self._lines(session):
            if line.id == tap.line and line.author != "user":
                return next((button.label for button in line.buttons if button.action == tap.action), None)
        return None

    def _session(self, token: str | None) -> str | None:
        try:
            session = self._tokens.loads(token or "", max_age=self._settings.session_days * 86_400)
        except BadData:
            return None
        return session if isinstance(session, str) else None

    def _may_embed(self, request: web.Request) -> bool:
        origin = request.headers.get("Origin", "").lower()
        own = (f"http://{request.host}".lower(), f"https://{request.host}".lower())
        return origin in self._origins or origin in own

    def _address(self, request: web.Request) -> str:
        """Whom to count against: the peer, or whom a trusted proxy names; IPv6 by its /64, which is one household."""
        chain = ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")
        address = _parsed(request.remote or "")
        while address and any(address in network for network in self._proxies):
            forwarded = _parsed(chain.pop().strip()) if chain else None
            if forwarded is None:
                break
            address = forwarded
        if isinstance(address, IPv6Address):
            address = address.ipv4_mapped or ip_network((address, 64), strict=False).network_address
        return str(address)


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def _refusal(reason: str, *, wait_s: float = 0.0, **more: Any) -> dict[str, Any]:
    return {"type": "refused", "reason": reason, "retry_after_s": round(wait_s + 0.05, 2) if wait_s else 0, **more}


PROFILE: Final = Profile(
    title="Live chat",
    hears="whoever opens the page, or the widget on your site",
    speaks="in that chat",
    private="always: a chat is between its visitor and the bot",
    moderator="none: nobody reads along",
    buttons="yes",
    longest="4,000 characters; longer texts in parts",
    certainty="a reply is shown once, by its key",
    costs="nothing",
    forbidden="nothing",
)


def create(name: str, settings: Settings, surroundings: Surroundings) -> WebchatAdapter:
    """The live chat of the section `name`."""
    return WebchatAdapter(name, settings, surroundings)
