"""Receiving never dies silently: whatever a line does to it, what was written meanwhile arrives once it is mended."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import TYPE_CHECKING, Any, get_args

import pytest
import trustme

from simulators.discord import DiscordSimulator
from simulators.reddit import RedditSimulator
from simulators.telegram import TelegramSimulator
from simulators.twitter import TwitterSimulator
from tests.adapters.discord import stage as discord_stage
from tests.adapters.reddit import stage as reddit_stage
from tests.adapters.telegram import stage as telegram_stage
from tests.adapters.twitter import stage as twitter_stage
from tests.failures.line import Break, Line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    Says = Callable[[str], object]
    Heard = Callable[[], list[str]]
    Started = tuple[Line, Says, Heard]

_QUICK: dict[str, Any] = {"request_timeout_s": 0.6, "max_backoff_s": 0.2}
_BROKEN_S = 0.8
_PATIENCE_S = 20.0


def at(line: Line, address: str, port: int, tls: ssl.SSLContext | None) -> str:
    """The address by way of the line."""
    moved = address.replace(f":{port}", f":{line.port}")
    return moved.replace("http://", "https://") if tls else moved


@contextlib.asynccontextmanager
async def telegram(tls: ssl.SSLContext | None = None) -> AsyncIterator[Started]:
    async with TelegramSimulator() as sim, Line(sim.port, tls) as line:
        api_base = at(line, sim.base_url, sim.port, tls)
        async with telegram_stage.running(sim, api_base=api_base, poll_timeout_s=0, **_QUICK) as stage:
            yield line, lambda text: sim.write(stage.alice.id, text), lambda: [one.text for one in stage.inbox]


@contextlib.asynccontextmanager
async def discord(tls: ssl.SSLContext | None = None) -> AsyncIterator[Started]:
    async with DiscordSimulator(heartbeat_interval_s=0.2) as sim, Line(sim.port, tls) as line:
        given: dict[str, Any] = {"api_base": at(line, sim.api_base, sim.port, tls)}
        # Another host than that of the API, as in reality: their connections are not each other's.
        given["gateway"] = sim._gateway.resume_address = f"{'wss' if tls else 'ws'}://localhost:{line.port}/gateway"  # noqa: SLF001
        async with discord_stage.running(sim, help_channels=["help"], **_QUICK, **given) as stage:
            where = stage.world.help.id
            yield (
                line,
                lambda text: sim.write(stage.world.ana.id, text, channel_id=where),
                lambda: [one.text for one in stage.inbox if not one.author.is_system],
            )


@contextlib.asynccontextmanager
async def twitter(tls: ssl.SSLContext | None = None) -> AsyncIterator[Started]:
    async with TwitterSimulator() as sim, Line(sim.port, tls) as line:
        api_base = at(line, sim.url, sim.port, tls)
        async with twitter_stage.running(sim, api_base=api_base, **_QUICK) as stage:
            yield (
                line,
                lambda text: sim.post(stage.ana.id, f"@firstline_bot {text}"),
                lambda: [one.text for one in stage.inbox],
            )


@contextlib.asynccontextmanager
async def reddit(tls: ssl.SSLContext | None = None) -> AsyncIterator[Started]:
    async with RedditSimulator() as sim, Line(sim.port, tls) as line:
        here = at(line, sim.url, sim.port, tls)
        async with reddit_stage.running(sim, reddit_url=here, oauth_url=here, **_QUICK) as stage:
            yield (
                line,
                lambda text: sim.comment(stage.thread, "ana", f"u/{reddit_stage.BOT} {text}"),
                lambda: [one.text for one in stage.inbox],
            )


NETWORKS = {"telegram": telegram, "discord": discord, "twitter": twitter, "reddit": reddit}


async def until(says: Says, heard: Heard, text: str) -> None:
    says(text)
    async with asyncio.timeout(_PATIENCE_S):
        while text not in heard():
            await asyncio.sleep(0.01)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gateway counts as dead sooner than after the minute that real heartbeats ask for."""
    monkeypatch.setattr("adapters.discord.wire._SILENT_S", 0.5)


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """What a server of this computer speaks; every channel trusts it."""
    authority, serving = trustme.CA(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(serving)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(name, str(tmp_path / "ca.pem"))
    trusting = ssl.create_default_context(cafile=tmp_path / "ca.pem")
    monkeypatch.setattr("aiohttp.connector._SSL_CONTEXT_VERIFIED", trusting)
    return serving


async def suffer(network: str, how: Break, tls: ssl.SSLContext | None) -> None:
    async with NETWORKS[network](tls) as (line, says, heard):
        await until(says, heard, "before")
        line.break_(how)
        says("meanwhile")
        async with asyncio.timeout(_PATIENCE_S):
            await line.met.wait()
        await asyncio.sleep(_BROKEN_S)
        line.mend()
        await until(says, heard, "after")
        async with asyncio.timeout(_PATIENCE_S):
            while "meanwhile" not in heard():
                await asyncio.sleep(0.01)
        assert sorted(set(heard())) == ["after", "before", "meanwhile"]


@pytest.mark.parametrize("how", get_args(Break))
async def test_a_broken_line_is_noticed_and_what_was_said_meanwhile_arrives(how: Break, tls: ssl.SSLContext) -> None:
    ends = await asyncio.gather(
        *(suffer(network, how, tls if how == "eof" else None) for network in NETWORKS), return_exceptions=True
    )
    assert dict(zip(NETWORKS, ends, strict=True)) == dict.fromkeys(NETWORKS)
