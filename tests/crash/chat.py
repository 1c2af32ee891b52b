"""The same over the live chat, whose replies have a key that the page shows once: nothing is ambiguous there."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections import Counter, deque
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any
from uuid import UUID

from aiohttp import ClientError, ClientSession, WSMsgType

from tests.crash import audit
from tests.crash.processes import Firstline
from tests.crash.traffic import Line, Traffic, faq_yaml

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp import ClientWebSocketResponse

_DRAIN_S = 60.0


@dataclass(slots=True, kw_only=True)
class Counts:
    """What a run came to, for people."""

    messages: int
    kills: int
    visitors: int
    connections: int
    sent_again: int
    tickets: int
    replies: int
    stop_s: float

    def __str__(self) -> str:
        return "\n".join(f"  {f.name.replace('_', ' '):<26} {getattr(self, f.name)}" for f in fields(self))


@dataclass(slots=True, kw_only=True)
class Visitor:
    """A browser without a page: keeps what was not acknowledged and sends it again after a reconnect."""

    lines: deque[Line]
    chance: random.Random
    token: str | None = None
    written: list[tuple[str, Line]] = field(default_factory=list)
    unconfirmed: dict[str, str] = field(default_factory=dict)
    connections: int = 0
    sent_again: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)

    async def visit(self, http: ClientSession, address: str) -> None:
        """One connection, until it breaks or is cancelled."""
        with contextlib.suppress(ClientError, ConnectionError):
            origin = {"Origin": address}
            async with http.ws_connect(f"{address}/chat/socket", headers=origin, max_msg_size=0) as socket:
                await socket.send_json({"type": "hello", "token": self.token, "language": "en"})
                self.connections += 1
                talking: asyncio.Task[None] | None = None
                try:
                    async for message in socket:
                        if message.type is not WSMsgType.TEXT:
                            break
                        frame = json.loads(message.data)
                        if frame["type"] == "welcome":
                            self.token, self.history = frame["token"], frame["lines"]
                            talking = asyncio.create_task(self._talk(socket))
                        elif frame["type"] == "ack":
                            self.unconfirmed.pop(frame["id"], None)
                        assert frame["type"] != "refused", frame
                finally:
                    if talking is not None:
                        talking.cancel()
                        await asyncio.gather(talking, return_exceptions=True)

    async def _talk(self, socket: ClientWebSocketResponse) -> None:
        for identity, text in list(self.unconfirmed.items()):
            self.sent_again += 1
            await socket.send_json({"type": "message", "id": identity, "text": text})
        while self.lines:
            await asyncio.sleep(self.chance.uniform(0.05, 1.0))
            line = self.lines.popleft()
            identity = str(UUID(int=self.chance.getrandbits(128)))
            self.written.append((identity, line))
            self.unconfirmed[identity] = line.text
            await socket.send_json({"type": "message", "id": identity, "text": line.text})


async def crash(messages: int, kills: int, seed: int, folder: Path) -> Counts:
    """One whole run in an empty folder. Raises `AssertionError` with what is wrong."""
    traffic = Traffic(messages, seed)
    visitors = [Visitor(lines=conversation.lines, chance=traffic.random) for conversation in traffic.conversations]
    async with ClientSession() as http, Firstline(folder) as bot:
        _write_configuration(bot)
        for _ in range(kills):
            await bot.start()
            visits = [asyncio.create_task(visitor.visit(http, bot.address)) for visitor in visitors]
            await asyncio.sleep(traffic.random.uniform(0.1, 1.2))
            await bot.kill()
            await asyncio.gather(*visits)
        await bot.start()
        visits = [asyncio.create_task(visitor.visit(http, bot.address)) for visitor in visitors]
        async with asyncio.timeout(_DRAIN_S):
            while any(visitor.lines or visitor.unconfirmed for visitor in visitors):
                await asyncio.sleep(0.1)
        await audit.wait_until_drained(bot, _DRAIN_S)
        await _close(visits)
        await _close([asyncio.create_task(visitor.visit(http, bot.address)) for visitor in visitors], after_s=2.0)
        stop_s = await bot.stop()
    assert stop_s <= audit.STOP_S, f"winding down took {stop_s:.1f} s"
    return _compare(bot, visitors, stop_s)


async def _close(visits: list[asyncio.Task[None]], *, after_s: float = 0.0) -> None:
    await asyncio.sleep(after_s)
    for visit in visits:
        visit.cancel()
    for result in await asyncio.gather(*visits, return_exceptions=True):
        if isinstance(result, Exception):
            raise result


def _write_configuration(bot: Firstline) -> None:
    (bot.config.parent / "faq.yaml").write_text(faq_yaml(), encoding="utf-8")
    bot.config.write_text(
        f"""
data_dir = "data"
[faq]
path = "faq.yaml"
matcher = "lexical"
suggest_recall = 0.5
[ledger]
path = "{bot.ledger}"
[web]
port = 0
[log]
level = "warning"
[channels.webchat]
messages_per_minute = 100000
messages_per_minute_per_address = 100000
new_sessions_per_minute = 100000
max_connections_per_address = 10000
""",
        encoding="utf-8",
    )


def _compare(bot: Firstline, visitors: list[Visitor], stop_s: float) -> Counts:
    """Every line of every visitor has its row and outcome; each reply is in the history once; nothing is ambiguous."""
    states = {
        row["state"]: row["n"] for row in audit.rows(bot, "SELECT state, count(*) n FROM outgoing GROUP BY state")
    }
    assert set(states) == {"sent"}, states
    opened = 0
    for visitor in visitors:
        first = visitor.written[0][0]
        (key,) = (r[0] for r in audit.rows(bot, "SELECT conversation_key FROM inbound WHERE message_id = ?", (first,)))
        stored = audit.rows(
            bot,
            "SELECT i.message_id, o.outcome, o.rule FROM inbound i JOIN outcomes o ON o.inbound_id = i.id"
            " WHERE i.conversation_key = ? ORDER BY i.id",
            (key,),
        )
        assert [tuple(row) for row in stored] == [(identity, *line.expected) for identity, line in visitor.written]
        replies = [r["key"] for r in audit.rows(bot, "SELECT key FROM outgoing WHERE conversation_key = ?", (key,))]
        shown = Counter(line["id"] for line in visitor.history)
        assert shown == Counter(replies + [identity for identity, _ in visitor.written]), f"not once each: {shown}"
        tickets = audit.rows(bot, "SELECT number FROM tickets WHERE conversation_key = ?", (key,))
        wanted = sum(line.expected[0] == "ticket_opened" for _, line in visitor.written)
        assert len(tickets) == wanted, f"one complaint, one ticket: {tickets}"
        opened += len(tickets)
    count = sum(len(visitor.written) for visitor in visitors)
    assert audit.rows(bot, "SELECT count(*) AS n FROM inbound")[0]["n"] == count, "rows that nobody wrote"
    assert audit.rows(bot, "SELECT count(*) AS n FROM desk_tickets")[0]["n"] == opened
    return Counts(
        messages=count,
        kills=len(bot.kills),
        visitors=len(visitors),
        connections=sum(visitor.connections for visitor in visitors),
        sent_again=sum(visitor.sent_again for visitor in visitors),
        tickets=opened,
        replies=states["sent"],
        stop_s=round(stop_s, 2),
    )
