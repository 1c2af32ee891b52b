"""One connection to the gateway, and the session that outlives it."""

import asyncio
import json
import time
import zlib
from collections import deque
from dataclasses import dataclass, field
from enum import IntEnum

from aiohttp import web

from simulators.discord.wire import Json
from simulators.discord.world import Bot

_MAX_SENDS, _SENDS_WINDOW_S = 120, 60.0
_KEPT_EVENTS = 100_000


class Op(IntEnum):
    """Discord's numbers."""

    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    PRESENCE_UPDATE = 3
    VOICE_STATE_UPDATE = 4
    RESUME = 6
    RECONNECT = 7
    REQUEST_GUILD_MEMBERS = 8
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11


class Close(IntEnum):
    """Discord's close codes. A client that closes with 1000 or 1001 ends its session."""

    UNKNOWN_ERROR = 4000
    UNKNOWN_OPCODE = 4001
    DECODE_ERROR = 4002
    NOT_AUTHENTICATED = 4003
    AUTHENTICATION_FAILED = 4004
    ALREADY_AUTHENTICATED = 4005
    INVALID_SEQ = 4007
    RATE_LIMITED = 4008
    SESSION_TIMED_OUT = 4009
    INVALID_API_VERSION = 4012
    INVALID_INTENTS = 4013
    DISALLOWED_INTENTS = 4014


class Connection:
    """One WebSocket. What is sent goes through a queue, so that events keep their order."""

    def __init__(self, request: web.Request, socket: web.WebSocketResponse) -> None:
        self.socket = socket
        self.address = request.path
        self._transport = request.transport
        self.session: Session | None = None
        self.is_closed_by_us = False
        self._deflate = zlib.compressobj() if request.query.get("compress") == "zlib-stream" else None
        self._queue: asyncio.Queue[Json | int] = asyncio.Queue()
        self._received: deque[float] = deque()

    def send(self, op: Op, body: object = None, *, name: str | None = None, seq: int | None = None) -> None:
        """Queue a payload."""
        self._queue.put_nowait({"op": int(op), "d": body, "s": seq, "t": name})

    def acknowledge(self, *, is_on: bool) -> None:
        """Answer a heartbeat, unless that is switched off."""
        if is_on:
            self.send(Op.HEARTBEAT_ACK)

    def close(self, code: int) -> None:
        """Close after what is queued."""
        self.is_closed_by_us = True
        self._queue.put_nowait(code)

    def cut(self) -> None:
        """End the connection without a word."""
        if self._transport is not None:
            self._transport.abort()

    async def write(self) -> None:
        """Write what is queued until it is closed."""
        while True:
            item = await self._queue.get()
            try:
                if isinstance(item, int):
                    await self.socket.close(code=item)
                    return
                text = json.dumps(item)
                if self._deflate is None:
                    await self.socket.send_str(text)
                else:
                    packed = self._deflate.compress(text.encode()) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
                    await self.socket.send_bytes(packed)
            except ConnectionError:
                return

    def is_hasty(self) -> bool:
        """Count a payload of the client; more than 120 a minute are too many."""
        now = time.monotonic()
        self._received.append(now)
        while self._received[0] <= now - _SENDS_WINDOW_S:
            self._received.popleft()
        return len(self._received) > _MAX_SENDS


@dataclass(slots=True, kw_only=True, eq=False)
class Session:
    """What IDENTIFY begins: it outlives its connection, and keeps what was dispatched for RESUME."""

    id: str
    bot: Bot
    intents: int
    connection: Connection | None = None
    seq: int = 0
    log: deque[tuple[int, str, Json]] = field(default_factory=lambda: deque(maxlen=_KEPT_EVENTS))

    def dispatch(self, name: str, body: Json) -> None:
        """Number an event, keep it, and send it where there is a connection."""
        self.seq += 1
        self.log.append((self.seq, name, body))
        if self.connection is not None:
            self.connection.send(Op.DISPATCH, body, name=name, seq=self.seq)
