"""A simulated Telegram, a bot in it, and the real python-telegram-bot connected over a socket."""

from collections.abc import AsyncIterator

import pytest
from telegram import Bot
from telegram.request import HTTPXRequest

from simulators.telegram import TelegramSimulator, User

TOKEN = "110201543:simulated"


@pytest.fixture(autouse=True)
def _timedelta(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let python-telegram-bot give durations as timedelta, as its next major version will; ints make it warn."""
    monkeypatch.setenv("PTB_TIMEDELTA", "1")


@pytest.fixture
async def sim() -> AsyncIterator[TelegramSimulator]:
    async with TelegramSimulator() as simulator:
        simulator.add_bot(TOKEN)
        yield simulator
    assert simulator.schema_errors == []


@pytest.fixture
async def bot(sim: TelegramSimulator) -> AsyncIterator[Bot]:
    async with connected(sim) as connected_bot:
        yield connected_bot


@pytest.fixture
def alice(sim: TelegramSimulator) -> User:
    return sim.add_user("Alice", username="alice", language_code="nl")


def connected(sim: TelegramSimulator, token: str = TOKEN, read_timeout_s: float = 5.0) -> Bot:
    """Return the real SDK, pointed at the simulator."""
    requests = [HTTPXRequest(read_timeout=read_timeout_s) for _ in range(2)]
    return Bot(
        token,
        base_url=sim.base_url,
        base_file_url=sim.base_file_url,
        request=requests[0],
        get_updates_request=requests[1],
    )
