"""A live chat on a real socket, with the least of a bot behind it: messages are kept once, replies written down."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

from aiohttp import ClientSession, ClientWebSocketResponse, web
from aiohttp.test_utils import BaseTestServer, TestServer

from adapters.base import (
    Button,
    IncomingMessage,
    Kind,
    Reply,
    ReplyTarget,
    Surroundings,
    TranscriptLine,
    Visibility,
    alone,
)
from adapters.webchat import Settings, WebchatAdapter, create

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

SECRET = bytes(range(32))


class MemoryTranscript:
    """What a ledger would give back: one list of lines for each conversation."""

    def __init__(self) -> None:
        self.conversations: dict[str, list[TranscriptLine]] = {}

    async def lines(self, conversation_key: str, *, limit: int) -> list[TranscriptLine]:
        await asyncio.sleep(0)
        return self.conversations.get(conversation_key, [])[-limit:]

    def add(self, conversation_key: str, line: TranscriptLine) -> None:
        self.conversations.setdefault(conversation_key, []).append(line)


def reply_to(message: IncomingMessage, text: str, *, key: str = "", buttons: Iterable[Button] = ()) -> Reply:
    return Reply(
        key=key or f"reply-{uuid4()}",
        target=message.reply_to,
        text=text,
        buttons=tuple(buttons),
        visibility=Visibility.PRIVATE,
    )


def target_of(session: str) -> ReplyTarget:
    return ReplyTarget(
        channel="webchat", place=f"webchat:{session}", address={"session": session}, visibility=Visibility.PRIVATE
    )


class Client:
    """A widget without a page: speaks the frames over a WebSocket."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self.socket = socket
        self.frames: list[dict[str, Any]] = []
        self.welcome: dict[str, Any] = {}

    async def next(self, kind: str) -> dict[str, Any]:
        """The next frame of this type; the others are kept in `frames`."""
        while True:
            frame: dict[str, Any] = await self.socket.receive_json(timeout=5)
            self.frames.append(frame)
            if frame["type"] == kind:
                return frame

    async def hello(self, token: str | None = None, language: str = "en") -> Self:
        await self.socket.send_json({"type": "hello", "token": token, "language": language})
        self.welcome = await self.next("welcome")
        return self

    async def say(self, text: str, *, message_id: str | None = None) -> str:
        message_id = message_id or uuid4().hex
        await self.socket.send_json({"type": "message", "id": message_id, "text": text})
        return message_id

    async def tap(self, line: str, action: str) -> str:
        tap_id = uuid4().hex
        await self.socket.send_json({"type": "action", "id": tap_id, "line": line, "action": action})
        return tap_id

    async def quiet_for(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            self.frames.append(await self.socket.receive_json(timeout=seconds))
            return False
        return True


@dataclass
class Stage:
    """A started live chat. `answer` is called for every message that was stored, and its replies are sent."""

    adapter: WebchatAdapter
    server: BaseTestServer
    transcript: MemoryTranscript
    http: ClientSession
    inbox: list[IncomingMessage] = field(default_factory=list)
    deliveries: int = 0
    answer: Callable[[IncomingMessage], Sequence[Reply]] = lambda _: ()
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    sockets: list[ClientWebSocketResponse] = field(default_factory=list)
    user: Client | None = None
    running: asyncio.Task[None] | None = None
    sending: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return str(self.server.make_url("/")).rstrip("/")

    async def deliver(self, messages: Sequence[IncomingMessage]) -> None:
        """Store each message once, as the ledger does, then answer in the background."""
        self.deliveries += len(messages)
        await self.gate.wait()
        for message in messages:
            if any(known.dedupe_key == message.dedupe_key for known in self.inbox):
                continue
            self.inbox.append(message)
            if message.kind is not Kind.ACTION:
                words = f"/{message.command} {message.text}".strip() if message.command else message.text
                line = TranscriptLine(id=message.message_id, author="user", text=words, at=message.sent_at)
                self.transcript.add(message.conversation_key, line)
            for reply in self.answer(message):
                task = asyncio.create_task(self.post(reply))
                self.sending.add(task)
                task.add_done_callback(self.sending.discard)

    async def post(self, reply: Reply, *, write_down: bool = True) -> None:
        """Send a reply and, unless told otherwise, mark it as sent."""
        key = await self.adapter.send(reply)
        if write_down:
            line = TranscriptLine(id=key, author="bot", text=reply.text, buttons=reply.buttons, at=datetime.now(tz=UTC))
            self.transcript.add(reply.target.place, line)

    async def user_says(self, text: str) -> str:
        """One visitor, always the same, says something and waits until it is stored; gives the message's id."""
        if self.user is None:
            self.user = await self.client()
        message_id = await self.user.say(text)
        await self.user.next("ack")
        return message_id

    async def posted(self) -> dict[str, str]:
        """The plain texts that this visitor was shown by the bot, by id, in order."""
        if self.user is None:
            return {}
        await self.user.socket.send_json({"type": "ping"})
        await self.user.next("pong")  # what was sent before it is there before it
        lines = [frame["line"] for frame in self.user.frames if frame["type"] == "line"]
        return {line["id"]: "".join(run["text"] for run in line["runs"]) for line in lines if line["author"] == "bot"}

    async def start(self) -> None:
        self.running = asyncio.create_task(self.adapter.run(self.deliver))
        await asyncio.sleep(0)

    async def stop(self) -> None:
        if self.running is not None:
            self.running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.running
            self.running = None

    async def socket(self, **headers: str) -> ClientWebSocketResponse:
        """A socket that has said nothing yet, from the page's own origin unless `headers` say otherwise."""
        headers = {"Origin": self.url, **headers}
        socket = await self.http.ws_connect(f"{self.url}/chat/socket", headers=headers, max_msg_size=0)
        self.sockets.append(socket)
        return socket

    async def client(self, token: str | None = None, language: str = "en") -> Client:
        return await Client(await self.socket()).hello(token, language)


@contextlib.asynccontextmanager
async def stage(
    settings: Settings | None = None,
    *,
    started: bool = True,
    port: int = 0,
    transcript: MemoryTranscript | None = None,
    tell_others: Callable[[str, str], None] = alone,
) -> AsyncIterator[Stage]:
    """A live chat served on a port of this machine, taking messages unless `started` is false."""
    transcript = transcript or MemoryTranscript()
    states: dict[str, str] = {}

    async def load_state(key: str) -> str | None:
        return states.get(key)

    async def save_state(key: str, value: str) -> None:
        states[key] = value

    surroundings = Surroundings(
        transcript=transcript,
        secret=SECRET,
        public_url="http://127.0.0.1",
        load_state=load_state,
        save_state=save_state,
        tell_others=tell_others,
    )
    adapter = create("webchat", settings or Settings(), surroundings)
    app = web.Application()
    app.add_routes(adapter.routes())
    async with TestServer(app, port=port or None) as server, ClientSession() as http:
        on_stage = Stage(adapter=adapter, server=server, transcript=transcript, http=http)
        on_stage.gate.set()
        if started:
            await on_stage.start()
        try:
            yield on_stage
        finally:
            await on_stage.stop()
            for socket in on_stage.sockets:
                await socket.close()
