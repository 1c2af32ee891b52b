"""The adapter as it is in production: Telegram's own address, over TLS; only the way there leads to the simulator."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import TYPE_CHECKING

import pytest
import trustme

from adapters.base import ReplyTarget, Unreachable, Visibility
from adapters.telegram import Settings
from simulators.telegram import Attachment, TelegramSimulator
from tests.adapters.telegram.stage import reply_to, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

HOST = "api.telegram.org"
HERE = ReplyTarget(channel="telegram", place="1", address={"chat_id": "1"}, visibility=Visibility.PRIVATE)
REAL = {name: Settings.model_fields[name].default for name in ("api_base", "file_base")}


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def sim(authority: trustme.CA) -> AsyncIterator[TelegramSimulator]:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(HOST).configure_cert(tls)
    async with TelegramSimulator(tls=tls) as simulator:
        yield simulator


@pytest.fixture
async def asked(sim: TelegramSimulator, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[set[str]]:
    """A proxy on the way out, as many companies have one, that leads to the simulator; the hosts it was asked for."""
    hosts: set[str] = set()

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        hosts.add(request.split()[1].decode())
        back, forth = await asyncio.open_connection("127.0.0.1", sim.port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(_pour(reader, forth), _pour(back, writer))

    server = await asyncio.start_server(tunnel, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
    yield hosts
    server.close()


async def _pour(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while piece := await source.read(65_536):
            target.write(piece)
            await target.drain()
    target.close()


async def test_telegrams_own_address_over_tls(
    sim: TelegramSimulator, authority: trustme.CA, asked: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificates = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(certificates))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates))
    async with running(sim, **REAL) as stage:
        message = await stage.user_says("hello")
        await stage.adapter.send(reply_to(message.reply_to, "hello to you"))
        assert [sent.text for sent in stage.posted()] == ["hello to you"]
        file = (await stage.user_says("see", attachment=Attachment(content=b"%PDF", name="a.pdf"))).attachments[0]
        assert await stage.adapter.fetch(file, max_bytes=4) == b"%PDF"
        assert sim.file_requests() == ["documents/file_2.pdf"]
    assert asked == {f"{HOST}:443"}


async def test_a_server_with_another_certificate_is_told_nothing(sim: TelegramSimulator, asked: set[str]) -> None:
    async with running(sim, **REAL) as stage:
        with pytest.raises(Unreachable):
            await stage.adapter.send(reply_to(HERE, "hello"))
    assert sim.calls() == []
    assert asked == {f"{HOST}:443"}
