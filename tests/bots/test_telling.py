"""What a channel's instances tell each other, from process to process, on one PostgreSQL."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, closing
from typing import TYPE_CHECKING

import psycopg
from aiohttp import ClientSession
from psycopg import sql

from bots.cluster.bus import Bus
from bots.ledger.connection import CHANNELS
from bots.ledger.database import Writer, engine_at
from bots.telling import Telling
from tests.adapters.webchat.stage import Client
from tests.bots.lanes import until
from tests.crash import audit
from tests.crash.processes import Firstline
from tests.crash.traffic import FAQ, faq_yaml

if TYPE_CHECKING:
    from pathlib import Path

    from tests.postgres import PostgresServer


def _configure(bot: Firstline) -> None:
    bot.config.parent.mkdir()
    (bot.config.parent / "faq.yaml").write_text(faq_yaml(), encoding="utf-8")
    bot.config.write_text(
        f"""
data_dir = "data"
[faq]
path = "faq.yaml"
matcher = "lexical"
suggest_recall = 0.5
[ledger]
url = "{bot.ledger}"
[web]
port = 0
[channels.webchat]
""",
        encoding="utf-8",
    )


def _replies(bot: Firstline, client: Client) -> list[str]:
    """The keys of what the ledger has for a visitor, in order, once all of it is posted."""
    said = next(frame["id"] for frame in client.frames if frame["type"] == "ack")
    rows = audit.rows(
        bot,
        "SELECT key, state FROM outgoing WHERE conversation_key ="
        " (SELECT conversation_key FROM inbound WHERE message_id = ?) ORDER BY id",
        (said,),
    )
    return [row["key"] for row in rows]


def _shown(client: Client) -> list[str]:
    lines = [frame["line"] for frame in client.frames if frame["type"] == "line"]
    return [line["id"] for line in lines if line["author"] == "bot"]


async def test_visitors_of_two_processes_are_shown_every_reply_once_and_in_order(
    postgres_url: str, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(ClientSession())
        bots = [Firstline(tmp_path / name, postgres_url) for name in ("one", "two")]
        for bot in bots:
            _configure(bot)
            await stack.enter_async_context(bot)
        await asyncio.gather(*(bot.start() for bot in bots))

        async def visit(bot: Firstline, token: str | None = None) -> Client:
            socket = await http.ws_connect(f"{bot.address}/chat/socket", headers={"Origin": bot.address})
            stack.push_async_callback(socket.close)
            return await Client(socket).hello(token)

        visitors = [await visit(bot) for bot in bots]
        other_tab = await visit(bots[0], visitors[1].welcome["token"])  # the second visitor's, on the first process
        clients = [*visitors, other_tab]
        for number, (question, _, _) in enumerate(list(FAQ.values())[:3], start=1):
            for visitor in visitors:
                await visitor.say(question)
            for client in clients:
                while len(_shown(client)) < 2 * number:  # the answer, and whether it helped
                    await client.next("line")
        while len([frame for frame in other_tab.frames if frame["type"] == "line"]) < 9:  # with what its visitor said
            await other_tab.next("line")
        for client in clients:
            await client.socket.send_json({"type": "ping"})
            await client.next("pong")
        posting = audit.rows(bots[0], "SELECT holder FROM leases WHERE name = 'channel:webchat'")
        for visitor, bot in zip(visitors, bots, strict=True):
            assert _shown(visitor) == _replies(bot, visitor), posting
        assert _shown(other_tab) == _shown(visitors[1])
        assert set(_shown(visitors[0])).isdisjoint(_shown(visitors[1]))
        asked = [frame["id"] for frame in visitors[1].frames if frame["type"] == "ack"]
        echoed = [frame["line"]["id"] for frame in other_tab.frames if frame["type"] == "line"]
        assert [line for line in echoed if line in asked] == asked


async def test_what_is_told_while_the_database_is_out_of_reach_is_heard_afterwards(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    heard: list[str | None] = []
    bus = Bus(postgres_url)
    bus.on(CHANNELS, heard.append)
    with closing(psycopg.connect(postgres_server.url_of("postgres"), autocommit=True)) as operator:
        name = psycopg.conninfo.conninfo_to_dict(postgres_url)["dbname"]
        allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
        async with bus:
            with Writer(engine_at(postgres_url)) as writer:
                telling = Telling(writer)
                await until(lambda: heard == [None])
                telling("webchat", "before")
                await until(lambda: heard == [None, "webchat:before"])
                operator.execute(allow.format(sql.Identifier(str(name)), sql.SQL("false")))
                operator.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                    " WHERE datname = %s AND query NOT LIKE 'LISTEN%%'",
                    (name,),
                )
                telling("webchat", "meanwhile")
                await asyncio.sleep(0.3)
                assert heard == [None, "webchat:before"]
                operator.execute(allow.format(sql.Identifier(str(name)), sql.SQL("true")))
                await until(lambda: heard == [None, "webchat:before", "webchat:meanwhile"])
