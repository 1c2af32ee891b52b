"""The live chat: a widget for any site and a page of its own, over a WebSocket.

What makes it safe to lose a connection at any moment:

* The client names each of its messages (`id`), keeps it until the server's ``ack`` and sends it again after a reconnect; the ack
  follows `Deliver`, so an acknowledged message is on disk, and the id is in the dedupe key, so a repetition is stored once.
* A reply's id is `Reply.key`; the client shows a key once. On each connection it is sent the transcript, and with it what was
  sent so recently that the ledger may not have written it down yet (`RecentSends`).

Frames are JSON objects with a ``type``. From the client: hello (first), message, action, ping. From the server: welcome, line,
ack, chosen, removed, refused, pong.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import html
import json
import logging
import re
import secrets
import time
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import resources
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from aiohttp import WSCloseCode, WSMsgType, web
from itsdangerous import BadData, URLSafeTimedSerializer
from pydantic import BaseModel, Field, TypeAdapter, ValidationError, field_validator

from adapters.base import (
    Addressed,
    Author,
    Deliver,
    Finding,
    Idempotency,
    IncomingMessage,
    Kind,
    RateLimits,
    Rejected,
    Reply,
    ReplyTarget,
    Surroundings,
    TranscriptLine,
    Visibility,
)
from adapters.markup import render
from config.settings import Section

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_log = logging.getLogger(__name__)

ACCOUNT: Final = "web"
MAX_REPLY_CHARS: Final = 4000
RECENT_S: Final = 120.0
"""How long a sent reply is remembered; the ledger writes it down within milliseconds, seconds on a bad day."""
_HELLO_WITHIN_S: Final = 10.0
_CLOSE_WITHIN_S: Final = 1.0
_HEARTBEAT_S: Final = 25.0
_QUEUED_FRAMES: Final = 256
_COMMAND: Final = re.compile(r"/([A-Za-z][A-Za-z0-9_]{0,31})(?:\s+(.*))?", re.DOTALL)
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,4}")
_UNPRINTABLE: Final = {code: None for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}
_PAGE_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
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


class Hello(BaseModel):
    """The first frame of every connection; `token` is the session's, where the browser has one."""

    type: Literal["hello"]
    token: str | None = Field(default=None, max_length=512)
    language: str = Field(default="", max_length=64)


class Said(BaseModel):
    """A line that somebody typed; `id` is made by the client and stays the same when it is sent again."""

    type: Literal["message"]
    id: str = Field(pattern=r"^[0-9a-f-]{32,36}$")
    text: str


class Tapped(BaseModel):
    """A tap on the button `action` under the reply `line`."""

    type: Literal["action"]
    id: str = Field(pattern=r"^[0-9a-f-]{32,36}$")
    line: str = Field(max_length=300)
    action: str = Field(max_length=64)


class Ping(BaseModel):
    """Asks whether the server is still there: a browser does not show WebSocket pings to a page."""

    type: Literal["ping"]


_FRAME: Final[TypeAdapter[Hello | Said | Tapped | Ping]] = TypeAdapter(
    Annotated[Hello | Said | Tapped | Ping, Field(discriminator="type")]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Whose connection it is: `session` is the author's id; `address` only counts against limits and is never stored."""

    session: str
    language: str | None
    address: str


class Allowance:
    """`count` events in `period_s` for each key, refilled evenly (the generic cell rate algorithm: one number a key)."""

    def __init__(self, count: int, period_s: float = 60.0) -> None:
        self._each_s = period_s / count
        self._burst_s = period_s - self._each_s
        self._used_until: dict[str, float] = {}

    def take(self, key: str) -> float:
        """Take one; 0.0 if it was there, else the seconds to wait until it will be (and nothing is taken)."""
        now = time.monotonic()
        used_until = max(self._used_until.get(key, now), now)
        wait_s = used_until - now - self._burst_s
        if wait_s > 0:
            return wait_s
        if len(self._used_until) >= 10_000 and key not in self._used_until:
            self._used_until = {k: until for k, until in self._used_until.items() if until > now}
        self._used_until[key] = used_until + self._each_s
        return 0.0


class RecentSends:
    """The replies of the last `RECENT_S`, by session: sent, and perhaps not yet in the ledger's transcript."""

    def __init__(self) -> None:
        self._lines: defaultdict[str, deque[TranscriptLine]] = defaultdict(deque)
        self._order: deque[tuple[float, str]] = deque()

    def add(self, session: str, line: TranscriptLine) -> None:
        self._forget_old()
        self._order.append((time.monotonic(), session))
        self._lines[session].append(line)

    def of(self, session: str) -> list[TranscriptLine]:
        self._forget_old()
        return list(self._lines.get(session, ()))

    def _forget_old(self) -> None:
        oldest = time.monotonic() - RECENT_S
        while self._order and self._order[0][0] < oldest:
            _, session = self._order.popleft()
            self._lines[session].popleft()
            if not self._lines[session]:
                del self._lines[session]


@dataclass(slots=True, kw_only=True, eq=False)
class Connection:
    """One open socket. Frames wait in a bounded queue: a client that does not read is cut off and catches up later."""

    visitor: Visitor
    socket: web.WebSocketResponse
    transport: asyncio.Transport | None
    queue: asyncio.Queue[str] = field(default_factory=lambda: asyncio.Queue(_QUEUED_FRAMES))

    def push(self, frame: dict[str, Any]) -> None:
        try:
            self.queue.put_nowait(json.dumps(frame, ensure_ascii=False))
        except asyncio.QueueFull:
            if self.transport is not None:
                self.transport.abort()

    async def write(self) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                await self.socket.send_str(await self.queue.get())


def clean(text: str) -> str:
    """Somebody's words without control characters (no database stores them all) and without space around them."""
    return text.replace("\r\n", "\n").translate(_UNPRINTABLE).strip()


def normalise(frame: Said | Tapped, visitor: Visitor, *, name: str, label: str = "", now: datetime) -> IncomingMessage:
    """The neutral message. A tap on the same reply counts once, whatever the tab; `label` is what the button said."""
    command = _COMMAND.fullmatch(text) if isinstance(frame, Said) and (text := clean(frame.text)) else None
    if isinstance(frame, Tapped):
        kind, native_id, message_id, text = Kind.ACTION, frame.line, frame.line, label
    else:
        kind, native_id, message_id, text = Kind.CREATED, frame.id, frame.id, clean(frame.text)
    if command:
        kind, text = Kind.COMMAND, command[2] or ""
    conversation_key = f"{name}:{visitor.session}"
    return IncomingMessage(
        dedupe_key=f"webchat:{ACCOUNT}:{kind}:{visitor.session}:{native_id}",
        kind=kind,
        channel=name,
        account=ACCOUNT,
        conversation_key=conversation_key,
        message_id=message_id,
        author=Author(id=visitor.session),
        text=text,
        command=command[1].lower() if command else "",
        action=frame.action if isinstance(frame, Tapped) else "",
        visibility=Visibility.PRIVATE,
        addressed=Addressed.DIRECT,
        language_hint=visitor.language,
        sent_at=now,
        reply_to=ReplyTarget(
            channel=name,
            place=conversation_key,
            address={"session": visitor.session},
            visibility=Visibility.PRIVATE,
            can_private=True,
            buttons=True,
            max_len=MAX_REPLY_CHARS,
            idempotency=Idempotency.NONCE,
        ),
    )


def shown(line: TranscriptLine) -> dict[str, Any]:
    """A line for the client: runs of plain text, each with its kind; never HTML. A user's own words are no markup."""
    runs: list[dict[str, str]] = []
    if line.author == "user":
        runs.append({"kind": "plain", "text": line.text})
    else:
        rendered, end = render(line.text), 0
        for span in rendered.spans:
            runs.append({"kind": "plain", "text": rendered.text[end : span.start]})
            runs.append({"kind": span.kind, "text": rendered.text[span.start : span.end]})
            end = span.end
        runs.append({"kind": "plain", "text": rendered.text[end:]})
    return {
        "id": line.id,
        "author": line.author,
        "runs": [run for run in runs if run["text"]],
        "buttons": [{"label": button.label, "action": button.action} for button in line.buttons],
        "at": line.at.isoformat(),
    }


def history(lines: Iterable[TranscriptLine]) -> list[dict[str, Any]]:
    """Every line once. A user's line with the id of a reply is the tap on it (`normalise`): shown as the choice there."""
    by_id: dict[str, dict[str, Any]] = {}
    for line in lines:
        earlier = by_id.get(line.id)
        if earlier is None:
            by_id[line.id] = shown(line)
        elif line.author == "user":
            for button in earlier["buttons"]:
                if line.text in (button["label"], button["action"]):
                    earlier["chosen"] = button["action"]
    return list(by_id.values())


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
        static = resources.files("adapters") / "webchat_static"
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
        self._connections: defaultdict[str, set[Connection]] = defaultdict(set)
        self._recent = RecentSends()
        self._deliver: Deliver | None = None

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
            id=reply.key, author="bot", text=reply.text, buttons=reply.buttons, at=datetime.now(tz=UTC)
        )
        self._recent.add(session, line)
        self._push(session, {"type": "line", "line": shown(line)})
        return reply.key

    async def find(self, reply: Reply) -> str | None:
        """The reply's key if it was sent lately; never needed, because a repeated key is shown once."""
        session = reply.target.address.get("session", "")
        return next((line.id for line in self._recent.of(session) if line.id == reply.key), None)

    async def delete(self, message: IncomingMessage) -> bool:
        """Take the words off the user's open tabs; the history shows only what the ledger kept."""
        self._push(message.author.id, {"type": "removed", "id": message.message_id})
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
        sockets = [connection.socket for group in self._connections.values() for connection in group]
        closings = [asyncio.create_task(s.close(code=WSCloseCode.GOING_AWAY, message=b"restart")) for s in sockets]
        if closings:
            await asyncio.wait(closings, timeout=2 * _CLOSE_WITHIN_S)

    def _push(self, session: str, frame: dict[str, Any], *, but: Connection | None = None) -> None:
        for connection in self._connections.get(session, ()):
            if connection is not but:
                connection.push(frame)

    async def _serve_page(self, request: web.Request) -> web.Response:
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
            with contextlib.suppress(ConnectionError):
                await self._converse(socket, request.transport, address)
        finally:
            self._open[address] -= 1
            if not self._open[address]:
                del self._open[address]
        return socket

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
        language = hello.language if _LANGUAGE.fullmatch(hello.language) else None
        visitor = Visitor(session=session, language=language, address=address)
        writable = transport if isinstance(transport, asyncio.Transport) else None
        connection = Connection(visitor=visitor, socket=socket, transport=writable)
        # From here on every reply reaches the queue; what was sent before is in the transcript or among the recent ones.
        self._connections[session].add(connection)
        writer = None
        try:
            await socket.send_json(await self._welcome(session, known=known, had_token=bool(hello.token)))
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
        ids = {line.id for line in stored if line.author != "user"}
        return stored + [line for line in self._recent.of(session) if line.id not in ids]

    async def _read(
        self, socket: web.WebSocketResponse, *, within_s: float | None = None
    ) -> Hello | Said | Tapped | Ping | None:
        """The next frame; None when the connection is over, or was closed here because of what came."""
        try:
            message = await socket.receive(timeout=within_s)
        except TimeoutError:
            return None
        if message.type is WSMsgType.TEXT:
            try:
                return _FRAME.validate_json(message.data)
            except ValidationError:
                await socket.close(code=WSCloseCode.POLICY_VIOLATION)
        elif message.type is WSMsgType.BINARY:
            await socket.close(code=WSCloseCode.UNSUPPORTED_DATA)
        return None

    async def _handle(self, frame: Hello | Said | Tapped | Ping, connection: Connection) -> None:
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
        try:
            await self._deliver([message])
        except Exception:
            # Whatever went wrong in the bot: without an ack the client comes back with the message.
            _log.exception(
                "A message could not be stored; its sender will repeat it.", extra={"action": "deliver_failed"}
            )
            await connection.socket.close(code=WSCloseCode.INTERNAL_ERROR)
            return
        at = message.sent_at.isoformat()
        connection.push({"type": "ack", "id": frame.id, "at": at})
        if isinstance(frame, Tapped):
            echo = {"type": "chosen", "line": frame.line, "action": frame.action}
        else:
            runs = [{"kind": "plain", "text": clean(frame.text)}]
            line = {"id": frame.id, "author": "user", "runs": runs, "buttons": [], "at": at}
            echo = {"type": "line", "line": line}
        self._push(visitor.session, echo, but=connection)

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


def _parsed(text: str) -> Any:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def _refusal(reason: str, *, wait_s: float = 0.0, **more: Any) -> dict[str, Any]:
    return {"type": "refused", "reason": reason, "retry_after_s": round(wait_s + 0.05, 2) if wait_s else 0, **more}


def create(name: str, settings: Settings, surroundings: Surroundings) -> WebchatAdapter:
    """The live chat of the section `name`."""
    return WebchatAdapter(name, settings, surroundings)
