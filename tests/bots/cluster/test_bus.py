"""What processes tell each other, over connections that get lost."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import psycopg
import pytest

from bots.cluster.bus import NOTIFY, Bus
from bots.ledger.connection import INBOUND, REPLIES
from tests.bots.cluster.processes import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.postgres import PostgresServer


def _tell(url: str, topic: str, payload: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(NOTIFY, (topic, payload))


async def test_what_is_told_is_heard_by_its_topic(postgres_url: str) -> None:
    heard: list[tuple[str, str | None]] = []
    bus = Bus(postgres_url)
    bus.on(INBOUND, lambda payload: heard.append((INBOUND, payload)))
    bus.on(REPLIES, lambda payload: heard.append((REPLIES, payload)))
    async with bus:
        await until(lambda: len(heard) == 2, "it listens, and says that something may have been missed")
        assert heard == [(INBOUND, None), (REPLIES, None)]
        assert bus.is_listening
        for topic, payload in ((INBOUND, "7"), (REPLIES, "telegram"), (INBOUND, "")):
            await asyncio.to_thread(_tell, postgres_url, topic, payload)
        await until(lambda: len(heard) == 5, "all is heard")
        assert heard[2:] == [(INBOUND, "7"), (REPLIES, "telegram"), (INBOUND, None)]
        with pytest.raises(RuntimeError, match="before the bus is entered"):
            bus.on(INBOUND, heard.clear)  # type: ignore[arg-type] # it is refused
    assert not bus.is_listening


async def test_a_callback_that_fails_stops_nobody(postgres_url: str, caplog: pytest.LogCaptureFixture) -> None:
    heard: list[str | None] = []

    def fails(payload: str | None) -> None:
        raise ValueError(payload)

    bus = Bus(postgres_url)
    bus.on(INBOUND, fails)
    bus.on(INBOUND, heard.append)
    async with bus:
        await until(lambda: heard == [None], "it listens")
        await asyncio.to_thread(_tell, postgres_url, INBOUND, "secret words")
        await until(lambda: heard == [None, "secret words"], "the other one heard it")
    assert "ValueError" in caplog.text
    assert "secret words" not in caplog.text


async def test_it_listens_again_after_a_restart_and_says_that_something_may_have_been_missed(
    own_postgres: PostgresServer, own_url: str
) -> None:
    heard: list[str | None] = []
    bus = Bus(own_url)
    bus.on(INBOUND, heard.append)
    async with bus:
        await until(lambda: heard == [None], "it listens")
        own_postgres.stop()
        await until(lambda: not bus.is_listening, "it knows that it hears nothing")
        own_postgres.start()
        took_s = await until(lambda: heard == [None, None], "it listens again")
        print(f"listened again {took_s:.2f} s after the server was back")
        await asyncio.to_thread(_tell, own_url, INBOUND, "1")
        await until(lambda: heard[-1] == "1", "it hears")


@contextlib.asynccontextmanager
async def _between(socket: Path, folder: Path) -> AsyncIterator[asyncio.Event]:
    """A way to the server through `folder`, silent for as long as the event is not set: a half-open connection."""
    flowing = asyncio.Event()
    flowing.set()
    ways: set[asyncio.Task[None]] = set()

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError), contextlib.closing(writer):
            while octets := await reader.read(65536):
                await flowing.wait()
                writer.write(octets)
                await writer.drain()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(socket)
        for way in (copy(reader, back), copy(there, writer)):
            task = asyncio.create_task(way)
            ways.add(task)
            task.add_done_callback(ways.discard)

    server = await asyncio.start_unix_server(accept, folder / socket.name)
    try:
        yield flowing
    finally:
        flowing.set()
        server.close()
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


async def test_a_connection_that_is_silent_for_too_long_is_given_up(
    postgres_server: PostgresServer, postgres_url: str, tmp_path: Path
) -> None:
    heard: list[str | None] = []
    async with _between(postgres_server.socket, tmp_path) as flowing:
        bus = Bus(postgres_url.partition("?")[0] + f"?host={tmp_path}", alive_s=0.5)
        bus.on(INBOUND, heard.append)
        async with bus:
            await until(lambda: heard == [None], "it listens")
            flowing.clear()
            took_s = await until(lambda: not bus.is_listening, "it gave up")
            print(f"a half-open connection was given up after {took_s:.2f} s")
            flowing.set()
            await until(lambda: heard[:2] == [None, None], "it listens again")
