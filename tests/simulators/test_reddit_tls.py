"""PRAW and Async PRAW, unmodified, with Reddit's real addresses, over TLS to a simulator with a test authority."""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import aiohttp
import asyncpraw
import praw
import pytest
import requests
import trustme
from aiohttp.abc import AbstractResolver, ResolveResult

from simulators.reddit import RedditSimulator

from .reddit_stage import BOT, USER_AGENT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

HOSTS = ("www.reddit.com", "oauth.reddit.com")
LOGIN: dict[str, Any] = {
    "client_id": "client",
    "client_secret": "secret",
    "username": BOT,
    "password": "pass",
    "user_agent": USER_AGENT,
    "check_for_updates": False,
}


@pytest.fixture
def authority(tmp_path: Path) -> trustme.CA:
    ca = trustme.CA()
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    return ca


@pytest.fixture
async def sim(authority: trustme.CA) -> AsyncIterator[RedditSimulator]:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*HOSTS).configure_cert(tls)
    async with RedditSimulator(tls=tls) as simulator:
        simulator.add_client("client", "secret")
        simulator.add_user("ana")
        simulator.add_user(BOT, password="pass")
        simulator.add_subreddit("acme")
        simulator.submit("acme", "ana", "It broke")
        yield simulator


@asynccontextmanager
async def tunnel(port: int) -> AsyncIterator[str]:
    """A proxy that leads every CONNECT to a port of this machine; gives its address."""
    ways: set[asyncio.Task[None] | None] = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while part := await reader.read(65_536):
                writer.write(part)
                await writer.drain()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ways.add(asyncio.current_task())
        await reader.readuntil(b"\r\n\r\n")
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))

    async with await asyncio.start_server(lead, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await asyncio.gather(*filter(None, ways))


class Loopback(AbstractResolver):
    """Every host is this machine."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        del port
        address = ResolveResult(hostname=host, host="127.0.0.1", port=self._port, family=family, proto=0, flags=0)
        return [address]

    async def close(self) -> None:
        """Hold nothing."""


def _hosts(sim: RedditSimulator) -> list[tuple[str, str]]:
    return [(call.host, call.path) for call in sim.calls()]


async def test_praw_at_the_real_addresses(sim: RedditSimulator, authority: trustme.CA, tmp_path: Path) -> None:
    def answer(proxy: str) -> None:
        with requests.Session() as session:
            session.trust_env = False
            session.proxies, session.verify = {"https": proxy}, str(tmp_path / "ca.pem")
            reddit = praw.Reddit(**LOGIN, check_for_async=False, requestor_kwargs={"session": session})
            submission: Any = next(reddit.subreddit("acme").new())
            submission.reply(body="Try this")

    async with tunnel(sim.port) as proxy:
        await asyncio.to_thread(answer, proxy)
    assert [one.text for one in sim.sent()] == ["Try this"]
    assert _hosts(sim) == [
        ("www.reddit.com", "/api/v1/access_token"),
        ("oauth.reddit.com", "/r/acme/new"),
        ("oauth.reddit.com", "/api/comment"),
    ]


@pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning")  # asyncprawcore 4.0 still uses both
@pytest.mark.filterwarnings("ignore:The 'auth' parameter is deprecated:DeprecationWarning")
async def test_async_praw_at_the_real_addresses(sim: RedditSimulator, authority: trustme.CA, tmp_path: Path) -> None:
    trusting = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    connector = aiohttp.TCPConnector(resolver=Loopback(sim.port), ssl=trusting)
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        asyncpraw.Reddit(**LOGIN, requestor_kwargs={"session": session}) as reddit,
    ):
        acme = await reddit.subreddit("acme")
        async for submission in acme.new():
            await submission.reply(body="Try that")
    assert [one.text for one in sim.sent()] == ["Try that"]
    assert {host for host, _ in _hosts(sim)} == set(HOSTS)
