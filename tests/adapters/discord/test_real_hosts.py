"""The unmodified adapter and SDK, with Discord's real addresses, over TLS: only names lead to this machine."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

import aiohttp
import pytest
import trustme
from aiohttp.abc import AbstractResolver, ResolveResult

from adapters.base import Unreachable
from adapters.discord import DiscordAdapter, Settings
from adapters.discord.wire import InteractionWire, outcome
from simulators.discord import DiscordSimulator
from tests.adapters.discord.stage import TOKEN, Stage, ready, reply_to, running, world
from tests.adapters.ground import Ground, ran

if TYPE_CHECKING:
    from pathlib import Path


class Loopback(AbstractResolver):
    """Every name is this machine; remembers which were asked for."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.asked: set[str] = set()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.add(f"{host}:{port}")
        return [
            ResolveResult(
                hostname=host, host="127.0.0.1", port=self._port, family=family, proto=0, flags=socket.AI_NUMERICHOST
            )
        ]

    async def close(self) -> None:
        pass


async def test_it_speaks_to_the_real_hosts_over_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    authority = trustme.CA()
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("discord.com", "gateway.discord.gg").configure_cert(serving)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    trusting = ssl.create_default_context(cafile=tmp_path / "ca.pem")
    async with DiscordSimulator(ssl_context=serving, public_gateway="wss://gateway.discord.gg/") as sim:
        names, ground = Loopback(sim.port), Ground()
        on = world(sim)
        adapter = DiscordAdapter(
            "discord",
            Settings.model_validate({"token": TOKEN, "ready_wait_s": 0.05}),
            ground.surroundings(),
            connect=lambda: aiohttp.TCPConnector(resolver=names, ssl=trusting, limit=0),
        )
        stage = Stage(world=on, adapter=adapter, ground=ground)
        async with ran(adapter, stage.deliver):
            await ready(stage)
            message = await stage.says("where is my money")
            await adapter.send(reply_to(message.reply_to, "Here."))
            command = await stage.next_after(lambda: sim.slash(on.ana.id, "help", {}, channel_id=on.lounge.id))
            await adapter.send(reply_to(command.reply_to, "Ask me.", key="in:2:help"))
            sim.drop_gateway()
            await sim.wait_for_logins(1, kind="resume", timeout_s=10)
            await stage.says("and now?")
        assert [sent.text for sent in sim.sent()] == ["Here.", "Ask me."]
        assert names.asked == {"discord.com:443", "gateway.discord.gg:443"}


async def test_it_goes_through_the_proxy_that_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    gateway = "ws://discord.invalid/gateway"
    async with DiscordSimulator(public_gateway=gateway) as sim:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{sim.port}")
        async with running(sim, api_base="http://discord.invalid/api/v10") as stage:
            message = await stage.says("where is my money")
            await stage.adapter.send(reply_to(message.reply_to, "Here."))
            on = stage.world
            command = await stage.next_after(lambda: sim.slash(on.ana.id, "help", {}, channel_id=on.lounge.id))
            await stage.adapter.send(reply_to(command.reply_to, "Ask me.", key="in:2:help"))
        assert [sent.text for sent in sim.sent()] == ["Here.", "Ask me."]
        monkeypatch.setenv("no_proxy", "discord.invalid")
        adapter = DiscordAdapter(
            "discord",
            Settings.model_validate({"token": TOKEN, "api_base": "http://discord.invalid/api/v10"}),
            Ground().surroundings(),
        )
        assert not any(finding.ok for finding in await adapter.check())


async def test_a_proxy_that_refuses_has_posted_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    base = "https://discord.invalid/api/v10"
    async with DiscordSimulator() as sim:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{sim.port}")  # which knows no CONNECT
        wire = InteractionWire(base, None)
        adapter = DiscordAdapter(
            "discord", Settings.model_validate({"token": TOKEN, "api_base": base}), Ground().surroundings()
        )
        try:
            with pytest.raises(Unreachable):
                await wire.call("POST", "/interactions/1/token/callback", {})
            async with adapter._client() as client:  # noqa: SLF001 - the one that the adapter posts with
                with pytest.raises(aiohttp.ClientHttpProxyError) as caught:
                    await client.login(TOKEN)
            assert isinstance(outcome(caught.value), Unreachable)
        finally:
            await wire.close()
