"""A simulated X, a bot on it, and the real SDKs connected over a socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from tweepy.asynchronous import AsyncClient  # type: ignore[import-untyped]  # it comes without types
from yarl import URL

from simulators.twitter import TwitterSimulator, User

REAL = "https://api.twitter.com"


class Swapped:
    """An aiohttp session for tweepy whose calls go to the simulator, though they are signed for the real address."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url
        self.headers = session.headers
        self.closed = False

    def request(self, method: str, url: str | URL, **arguments: Any) -> Any:
        swapped = URL(str(url).replace(REAL, self._url, 1), encoded=True)
        return self._session.request(method, swapped, **arguments)

    async def close(self) -> None:
        self.closed = True


@pytest.fixture
async def sim() -> AsyncIterator[TwitterSimulator]:
    async with TwitterSimulator() as simulator:
        simulator.add_bot("Firstline", username="firstline_bot")
        yield simulator


@pytest.fixture
def bot(sim: TwitterSimulator) -> User:
    found = sim.world.user_named("firstline_bot")
    assert found is not None
    return found


@pytest.fixture
def ana(sim: TwitterSimulator) -> User:
    return sim.add_user("Ana")


@pytest.fixture
async def client(sim: TwitterSimulator) -> AsyncIterator[AsyncClient]:
    async with connected(sim) as one:
        yield one


@asynccontextmanager
async def connected(sim: TwitterSimulator, timeout_s: float = 5.0, **arguments: Any) -> AsyncIterator[AsyncClient]:
    """Give the real tweepy, pointed at the simulator, as OAuth 1.0a user."""
    keys = sim.credentials()
    del keys["oauth2_token"]
    client = AsyncClient(**keys, **arguments)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=timeout_s)) as session:
        client.session = Swapped(session, sim.url)
        yield client
