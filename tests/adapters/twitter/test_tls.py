"""The adapter as it is in production: X's own address, over TLS, by way of a resolver that leads to the simulator."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import trustme
from aiohttp.abc import AbstractResolver, ResolveResult

from adapters.base import Unreachable
from adapters.twitter import Settings, TwitterAdapter
from simulators.twitter import TwitterSimulator
from tests.adapters.twitter.stage import reply_to, running, settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

REAL = Settings.model_fields["api_base"].default


class Loopback(AbstractResolver):
    """Leads X to the simulator, and every other host nowhere."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def resolve(self, host: str, *_: Any, **__: Any) -> list[ResolveResult]:
        assert host == "api.twitter.com"
        return [
            ResolveResult(
                hostname=host,
                host="127.0.0.1",
                port=self._port,
                family=socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    async def close(self) -> None:
        """There is nothing to close."""


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def sim(authority: trustme.CA) -> AsyncIterator[TwitterSimulator]:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("api.twitter.com").configure_cert(tls)
    async with TwitterSimulator(tls=tls) as simulator:
        yield simulator


def led_to(sim: TwitterSimulator, trusted: ssl.SSLContext) -> Callable[[], aiohttp.BaseConnector]:
    return lambda: aiohttp.TCPConnector(resolver=Loopback(sim.port), ssl=trusted)


async def test_the_unchanged_address_is_called_signed_and_over_tls(
    sim: TwitterSimulator, authority: trustme.CA
) -> None:
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)
    async with running(sim, connector=led_to(sim, trusted), api_base=REAL, stream=True) as stage:
        asked = await stage.user_posts("is this the real X?")
        posted_id = await stage.adapter.send(reply_to(asked.reply_to, "It is."))
        assert await stage.adapter.find(reply_to(asked.reply_to, "It is.")) == posted_id
        written = await stage.user_writes("and this: a b&c=d?")
        await stage.adapter.send(reply_to(written.reply_to, "Too: é 你 %20 +"))
    assert [sent.text for sent in sim.sent()] == ["It is.", "Too: é 你 %20 +"]
    assert {call.status for call in sim.calls() if call.ended_at is not None} <= {200, 201, None}


async def test_a_certificate_of_somebody_else_is_refused_before_anything_is_sent(
    sim: TwitterSimulator, authority: trustme.CA
) -> None:
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)
    async with running(sim, connector=led_to(sim, trusted), api_base=REAL) as stage:
        asked = await stage.user_posts("is this the real X?")
        others = ssl.create_default_context()
        wanted = settings(sim, api_base=REAL)
        stranger = TwitterAdapter("twitter", wanted, stage.ground.surroundings(), led_to(sim, others))
        with pytest.raises(Unreachable):
            await stranger.send(reply_to(asked.reply_to, "It is."))
        await stranger.close()
    assert not sim.sent()
