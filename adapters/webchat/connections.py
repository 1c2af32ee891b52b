"""What the live chat holds in memory: how much each visitor may do, the last sends, the open sockets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from adapters.webchat.frames import Visitor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapters.base import TranscriptLine

RECENT_S: Final = 120.0
"""How long a sent reply is remembered; the ledger writes it down within milliseconds, seconds on a bad day."""
_QUEUED_FRAMES: Final = 256
_MANY_KEYS: Final = 10_000
_KNOWN_LINES: Final = 2_000  # more than a transcript has


class Allowance:
    """`count` events in `period_s` for each key, refilled evenly (generic cell rate algorithm: one number a key)."""

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
        if len(self._used_until) >= _MANY_KEYS and key not in self._used_until:
            self._used_until = {k: until for k, until in self._used_until.items() if until > now}
        self._used_until[key] = used_until + self._each_s
        return 0.0


class RecentSends:
    """The replies of the last `RECENT_S`, by session: sent, and perhaps not yet in the ledger's transcript."""

    def __init__(self) -> None:
        self._lines: defaultdict[str, deque[TranscriptLine]] = defaultdict(deque)
        self._order: deque[tuple[float, str]] = deque()

    def add(self, session: str, line: TranscriptLine) -> None:
        """Remember what is being sent."""
        self._forget_old()
        self._order.append((time.monotonic(), session))
        self._lines[session].append(line)

    def of(self, session: str) -> list[TranscriptLine]:
        """What this session was sent lately, in order."""
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
    """One open socket. Frames wait in a bounded queue: a client that does not read is cut off and catches up later.

    `got` has the ids of the lines that it was sent, each with the button that was chosen there; None before it is
    welcomed: what is to be caught up with by then is `missed`.
    """

    visitor: Visitor
    socket: web.WebSocketResponse
    transport: asyncio.Transport | None
    queue: asyncio.Queue[str] = field(default_factory=lambda: asyncio.Queue(_QUEUED_FRAMES))
    got: dict[str, str] | None = None
    missed: bool = False

    def note(self, line: str, chosen: str = "") -> None:
        """It has this line, and knows what was chosen there."""
        if self.got is not None:
            self.got[line] = chosen or self.got.get(line, "")
            if len(self.got) > _KNOWN_LINES:
                del self.got[next(iter(self.got))]

    def catch_up(self, lines: Sequence[dict[str, Any]]) -> None:
        """Queue what it has not got yet of the conversation's lines."""
        if self.got is None:
            self.missed = True
            return
        for line in lines:
            identity, chosen = line["id"], line.get("chosen", "")
            if identity not in self.got:
                self.push({"type": "line", "line": line})
            elif self.got[identity] != chosen != "":
                self.push({"type": "chosen", "line": identity, "action": chosen})

    def push(self, frame: dict[str, Any]) -> None:
        """Queue a frame; never waits. A full queue ends the connection."""
        if frame["type"] == "line":
            self.note(frame["line"]["id"], frame["line"].get("chosen", ""))
        elif frame["type"] == "chosen":
            self.note(frame["line"], frame["action"])
        try:
            self.queue.put_nowait(json.dumps(frame, ensure_ascii=False))
        except asyncio.QueueFull:
            if self.transport is not None:
                self.transport.abort()

    async def write(self) -> None:
        """Send what is queued until cancelled or the connection is gone."""
        with contextlib.suppress(ConnectionError):
            while True:
                await self.socket.send_str(await self.queue.get())
