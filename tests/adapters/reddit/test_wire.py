"""The unmodified SDK against Reddit's own host names, and a server that never comes to an end."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests
import trustme
from requests.adapters import HTTPAdapter

from adapters.reddit import RedditAdapter, Settings
from adapters.reddit.wire import AmbiguousWrite, Line, NotAnswered, Quota
from simulators.reddit import RedditSimulator
from tests.adapters.ground import Ground, ran
from tests.adapters.reddit.stage import BOT, PASSWORD, SUB, populate, reply_to, seen

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from adapters.base import IncomingMessage

HOSTS = ("www.reddit.com", "oauth.reddit.com")


class ToLoopback(HTTPAdapter):
    """Leads one host to a port here; the name stays in TLS and in the Host header."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, server_hostname=self._host, assert_hostname=self._host, **kwargs)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        assert request.url is not None
        request.headers["Host"] = self._host
        request.url = request.url.replace(f"https://{self._host}/", f"https://127.0.0.1:{self._port}/", 1)
        return super().send(request, *args, **kwargs)


@contextlib.asynccontextmanager
async def tls_before(port: int, authority: trustme.CA, names: set[str]) -> AsyncIterator[int]:
    """The simulator behind TLS with the real names; its port. `names` collects whom the clients asked for."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*HOSTS).configure_cert(context)
    context.sni_callback = lambda _socket, name, _context: names.add(name or "")

    async def pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()
        sink.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pass_on(reader, to_writer), pass_on(to_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_praw_as_it_is_with_reddits_own_names_over_tls(tmp_path: Path) -> None:
    authority, names = trustme.CA(), set[str]()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    settings = Settings.model_validate(
        {"client_id": "client-id", "client_secret": "CANARY-secret-7", "username": BOT, "password": PASSWORD}
        | {"subreddits": [SUB], "poll_interval_s": 0.05}
    )
    arrived: asyncio.Queue[IncomingMessage] = asyncio.Queue()

    async def deliver(messages: Sequence[IncomingMessage]) -> None:
        for message in messages:
            arrived.put_nowait(message)

    async with RedditSimulator() as sim, tls_before(sim.port, authority, names) as port:
        populate(sim)

        def session() -> requests.Session:
            made = requests.Session()
            made.trust_env = False
            made.verify = str(tmp_path / "ca.pem")
            for host in HOSTS:
                made.mount(f"https://{host}/", ToLoopback(host, port))
            return made

        adapter = RedditAdapter("reddit", settings, Ground().surroundings(), session=session)
        async with ran(adapter, deliver):
            asked = sim.submit(SUB, "ana", "!ticket is this the real Reddit?")["name"]
            message = await asyncio.wait_for(arrived.get(), 10)
            await adapter.send(reply_to(message.reply_to, "No."))
        await adapter.close()
        assert message.text == "is this the real Reddit?"
        assert [(one.parent, seen(one.text)) for one in sim.sent()] == [(asked, "No.")]
        assert names == set(HOSTS)


async def test_an_answer_that_drips_is_left_behind() -> None:
    drips = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal drips
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while request := await reader.readuntil(b"\r\n\r\n"):
                if b"POST /api/v1/access_token" in request:
                    await reader.read(65536)
                    body = b'{"access_token": "x", "expires_in": 3600, "scope": "*"}'
                    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
                    continue
                drips += 1
                if drips > 1:
                    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
                    continue
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
                while not stop.is_set():
                    writer.write(b" ")
                    await writer.drain()
                    await asyncio.sleep(0.05)
        writer.close()

    stop = asyncio.Event()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    login = {"client_id": "id", "client_secret": "secret-1", "username": BOT, "password": PASSWORD}
    given = {"reddit_url": url, "oauth_url": url, "request_timeout_s": 0.2, "subreddits": [SUB]}
    settings = Settings.model_validate({**login, **given})
    line = Line(settings, Quota(), use="test", reserve=0, session=requests.Session)
    before = threading.active_count()
    async with server:
        began = time.monotonic()
        with pytest.raises(AmbiguousWrite):
            await line.call(lambda reddit: reddit.request(method="GET", path="drip"))
        assert time.monotonic() - began < 1.5
        assert await line.call(lambda reddit: reddit.request(method="GET", path="sound")) == {}
        await line.close()
        with pytest.raises(NotAnswered):
            await line.call(lambda reddit: reddit.request(method="GET", path="late"))
        stop.set()
        async with asyncio.timeout(5):
            while threading.active_count() > before:
                await asyncio.sleep(0.02)


async def test_whoever_is_cancelled_leaves_the_next_all_their_patience() -> None:
    login = {"client_id": "id", "client_secret": "secret-1", "username": BOT, "password": PASSWORD}
    settings = Settings.model_validate({**login, "request_timeout_s": 0.15, "subreddits": [SUB]})  # 0.6 s a call
    line = Line(settings, Quota(), use="test", reserve=0, session=requests.Session)
    done: list[int] = []
    began = asyncio.Event()
    loop = asyncio.get_running_loop()

    def work(number: int) -> int:
        loop.call_soon_threadsafe(began.set)
        time.sleep(0.4)
        done.append(number)
        return threading.get_ident()

    first = asyncio.create_task(line.call(lambda _reddit: work(1)))
    await began.wait()
    never = asyncio.create_task(line.call(lambda _reddit: work(2)))
    await asyncio.sleep(0)
    first.cancel()
    never.cancel()
    thread = await line.call(lambda _reddit: work(3))
    assert done == [1, 3], "what nobody waits for is not begun"
    assert await line.call(lambda _reddit: threading.get_ident()) == thread, "it never hung"
    await line.close()


def test_headers_that_make_no_sense_stop_nobody() -> None:
    quota = Quota()
    for headers in ({}, {"x-ratelimit-remaining": "x"}, {"x-ratelimit-remaining": "0"}, {"date": "never"}):
        quota.note(headers)
        assert quota.wait_s(0) == 0
    quota.note({"x-ratelimit-remaining": "0.0", "x-ratelimit-used": "1000", "x-ratelimit-reset": "86400"})
    assert 590 < quota.wait_s(0) <= 600
    quota.note({"x-ratelimit-remaining": "5.0", "x-ratelimit-used": "995", "x-ratelimit-reset": "100"})
    assert quota.wait_s(0) == 0
    assert 90 < quota.wait_s(10) <= 100
    quota.note({"date": "Tue, 24 Nov 2099 04:00:00 GMT"})
    assert quota.now() > time.time() + 1000
