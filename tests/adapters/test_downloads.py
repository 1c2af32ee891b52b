"""Where files are fetched from, how much of them, and for how long; over sockets, and never anywhere else."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from adapters.base import Busy, NotFetched, Unreachable
from adapters.downloads import Downloads, Gone, check_answer, known
from simulators.files import FileHost

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HOSTS = ("https://cdn.example.com", "https://media.example.com:8443")
CONTENT = bytes(range(256)) * 400


@pytest.mark.parametrize(
    "address",
    [
        "https://cdn.example.com/a/b.png?ex=1&hm=2",
        "https://CDN.example.com/a",
        "https://cdn.example.com:443/a",
        "https://media.example.com:8443/a",
    ],
)
def test_the_platforms_own_hosts_are_known(address: str) -> None:
    assert known(address, HOSTS).host in {"cdn.example.com", "media.example.com"}


@pytest.mark.parametrize(
    "address",
    [
        "",
        "cdn.example.com/a",
        "//cdn.example.com/a",
        "http://cdn.example.com/a",
        "http://cdn.example.com:443/a",
        "ftp://cdn.example.com/a",
        "ftp://cdn.example.com:443/a",
        "file:///etc/passwd",
        "https://cdn.example.com:8443/a",
        "https://media.example.com/a",
        "https://cdn.example.com.evil.test/a",
        "https://evil.test/cdn.example.com",
        "https://evilcdn.example.com/a",
        "https://cdn.example.com@evil.test/a",
        "https://cdn.example.com:pass@evil.test/a",
        "https://somebody@cdn.example.com/a",
        "https://:@cdn.example.com/a",
        "https://evil.test\\@cdn.example.com/a",
        "https://evil.test#@cdn.example.com/a",
        "https://evil.test?@cdn.example.com/a",
        "https://cdn.example.com\\.evil.test/a",
        "https://cdn.example.com./a",
        "https://cdn。example。com.evil.test/a",
        "https://127.0.0.1/a",
        "https://[::1]/a",
        "https://[::ffff:127.0.0.1]/a",
        "https://2130706433/a",
        "https://0x7f000001/a",
        "https://017700000001/a",
        "https://localhost/a",
        "https://169.254.169.254/latest/meta-data",
        "https://[cdn.example.com/a",
        "https://cdn.example.com:99999/a",
        "javascript:alert(1)",
        "data:text/plain,x",
    ],
)
def test_nothing_else_is(address: str) -> None:
    with pytest.raises(NotFetched):
        known(address, HOSTS)


@given(st.text(max_size=60), st.sampled_from(["", "https://", "https://cdn.example.com", "https://cdn.example.com@"]))
def test_whatever_is_written_an_address_leads_to_a_known_host_or_nowhere(text: str, start: str) -> None:
    try:
        url = known(start + text, HOSTS)
    except NotFetched:
        return
    assert str(url.origin()) in HOSTS
    assert url.user is None


@asynccontextmanager
async def host(content: bytes | None = CONTENT) -> AsyncIterator[tuple[FileHost, str]]:
    """A files' host with one file at every path, and its address."""
    files = FileHost()

    async def serve(request: web.Request) -> web.StreamResponse:
        return await files.answer(request, content)

    app = web.Application()
    app.router.add_get("/{path:.*}", serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield files, f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        files.close()
        await runner.cleanup()


async def fetched(address: str, *, max_bytes: int = 1_000_000, timeout_s: float = 10) -> bytes:
    """The file at path /a there."""
    downloads = Downloads([address], timeout_s=timeout_s)
    try:
        return await downloads.get(f"{address}/a", max_bytes=max_bytes)
    finally:
        await downloads.close()


async def test_a_file_comes_as_it_is() -> None:
    async with host() as (_, address):
        assert await fetched(address, max_bytes=len(CONTENT)) == CONTENT


async def test_a_file_of_nothing_is_a_file() -> None:
    async with host(b"") as (_, address):
        assert await fetched(address) == b""


async def test_a_file_that_says_it_is_too_large_is_not_read() -> None:
    async with host(bytes(50_000_000)) as (files, address):
        with pytest.raises(NotFetched, match="larger than 1000 bytes"):
            await fetched(address, max_bytes=1000)
        assert files.requests == ["/a"]


async def test_a_file_without_an_end_is_left_at_the_limit() -> None:
    async with host() as (files, address):
        files.arm("endless", 1, "")
        with pytest.raises(NotFetched, match="larger than 1000000 bytes"):
            await fetched(address)
        await asyncio.sleep(0.1)
        assert files.sent_bytes < 20_000_000
        sent = files.sent_bytes
        await asyncio.sleep(0.1)
        assert files.sent_bytes == sent


async def test_a_file_that_drips_is_left_in_time() -> None:
    async with host() as (files, address):
        files.arm("slow", 1, "")
        before = asyncio.get_running_loop().time()
        with pytest.raises(Unreachable):
            await fetched(address, timeout_s=0.3)
        assert asyncio.get_running_loop().time() - before < 2


@pytest.mark.parametrize(
    ("fault", "error"),
    [("gone", Gone), ("packed", NotFetched), ("broken", Unreachable), ("cut", Unreachable)],
)
async def test_what_goes_wrong(fault: str, error: type[Exception]) -> None:
    async with host() as (files, address):
        files.arm(fault, 1, "")
        with pytest.raises(error):
            await fetched(address)
        assert await fetched(address) == CONTENT


async def test_a_host_that_asks_to_wait_is_waited_for() -> None:
    async with host() as (files, address):
        files.arm("busy", 1, "")
        with pytest.raises(Busy) as busy:
            await fetched(address)
        assert busy.value.retry_after_s == 7


async def test_nobody_follows_where_a_host_sends_them() -> None:
    async with host(b"secret") as (inside, elsewhere), host() as (files, address):
        for location in (f"{elsewhere}/metadata", "/b", f"{address}/b"):
            files.arm("moved", 1, location)
            with pytest.raises(NotFetched, match="elsewhere"):
                await fetched(address)
        assert inside.requests == []
        assert files.requests == ["/a"] * 3


async def test_a_host_that_is_not_there_may_be_later() -> None:
    async with host() as (_, address):
        pass
    with pytest.raises(Unreachable):
        await fetched(address)


async def test_no_connection_goes_anywhere_else() -> None:
    """Neither to this computer, however it is written, nor to whom a user of the address names."""
    async with host(b"secret") as (inside, elsewhere), host() as (_, address):
        port = elsewhere.rpartition(":")[2]
        downloads = Downloads([address], timeout_s=5)
        for written in (
            elsewhere,
            f"http://[::1]:{port}",
            f"http://[::ffff:127.0.0.1]:{port}",
            f"http://2130706433:{port}",
            f"http://0x7f.1:{port}",
            f"http://localhost:{port}",
            f"{address}@127.0.0.1:{port}",
            f"http://user:pass@127.0.0.1:{port}",
        ):
            with pytest.raises(NotFetched, match="own hosts"):
                await downloads.get(f"{written}/a", max_bytes=1000)
        await downloads.close()
        assert inside.requests == []


async def test_a_closed_channel_fetches_nothing() -> None:
    async with host() as (files, address):
        downloads = Downloads([address], timeout_s=5)
        assert await downloads.get(f"{address}/a", max_bytes=1_000_000) == CONTENT
        await downloads.close()
        await downloads.close()
        with pytest.raises(Unreachable):
            await downloads.get(f"{address}/a", max_bytes=1_000_000)
        assert files.requests == ["/a"]


@pytest.mark.parametrize("length", ["-1", "many", "", "10", "0x7f", "²"])
def test_a_length_that_fits_or_makes_no_sense_is_read_on(length: str) -> None:
    check_answer(200, {"Content-Length": length}, max_bytes=10)


@pytest.mark.parametrize("length", ["11", "1" * 30, "9" * 10_000])
def test_a_length_that_is_too_large_is_the_end(length: str) -> None:
    with pytest.raises(NotFetched, match="larger"):
        check_answer(200, {"Content-Length": length}, max_bytes=10)


@pytest.mark.parametrize(("said", "waited_s"), [("nan", 60), ("soon", 60), ("-5", 1), ("1e9", 3600), ("12.5", 12.5)])
def test_how_long_a_host_asks_to_wait(said: str, waited_s: float) -> None:
    with pytest.raises(Busy) as busy:
        check_answer(429, {"Retry-After": said}, max_bytes=1)
    assert busy.value.retry_after_s == waited_s
