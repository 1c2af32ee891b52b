"""The simulator beyond one SDK: hikari, the real hosts over TLS, another process, the control, the schema, speed."""

import asyncio
import json
import os
import socket
import ssl
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import discord
import hikari
import pytest
import trustme

from simulators.discord import Bot, Channel, DiscordSimulator, User
from simulators.discord.schema import SPECS_FILE, SPECS_VARIABLE, Schema

from .conftest import Client, Rest, started, until

INTENTS = hikari.Intents.ALL_UNPRIVILEGED | hikari.Intents.MESSAGE_CONTENT


# --- a second SDK -----------------------------------------------------------------------------------------------------


async def test_hikari_answers_messages_commands_and_the_context_menu(
    caplog: pytest.LogCaptureFixture, sim: DiscordSimulator, bot: Bot, place: Channel, ana: User
) -> None:
    assert place.guild is not None
    app = hikari.GatewayBot(
        bot.token, rest_url=sim.api_base, intents=INTENTS, banner=None, logs=None, suppress_optimization_warning=True
    )

    @app.listen()
    async def answer(event: hikari.MessageCreateEvent) -> None:
        if event.is_human:
            await event.message.respond("pong", reply=True, mentions_reply=True)

    @app.listen()
    async def act(event: hikari.InteractionCreateEvent) -> None:
        interaction = event.interaction
        assert isinstance(interaction, hikari.CommandInteraction)
        await interaction.create_initial_response(
            hikari.ResponseType.DEFERRED_MESSAGE_CREATE, flags=hikari.MessageFlag.EPHEMERAL
        )
        targets = interaction.resolved.messages.values() if interaction.resolved else ()
        await interaction.edit_initial_response(f"{interaction.command_name} {[item.content for item in targets]}")

    await app.start(check_for_updates=False)
    try:
        own = await app.rest.fetch_application()
        ask = app.rest.slash_command_builder("ask", "Ask a question")
        menu = app.rest.context_menu_command_builder(hikari.CommandType.MESSAGE, "Ticket")
        await app.rest.set_application_commands(own, [ask, menu])
        forum = sim.add_channel(place.guild.id, "questions", kind="forum")
        question = sim.write(ana.id, "ping", channel_id=place.id)
        sim.begin_thread(ana.id, forum.id, "Post", text="ping")
        sim.write(ana.id, "ping")
        sim.slash(ana.id, "ask", channel_id=place.id)
        sim.menu(ana.id, place.id, question["id"], "Ticket")
        sent = await sim.wait_for_sent(5)
        assert sorted(message.text for message in sent) == ["Ticket ['ping']", "ask []", "pong", "pong", "pong"]
        assert {message.only_for for message in sent if message.kind == "response"} == {ana.id}
        thread = await app.rest.create_message_thread(int(place.id), int(question["id"]), "Talk")
        history = await app.rest.fetch_messages(int(place.id)).limit(10)
        assert [message.content for message in history][-1] == "ping"
        await app.rest.edit_channel(thread.id, archived=True)
        sim.close_dms(ana.id)
        channel = await app.rest.create_dm_channel(int(ana.id))
        with pytest.raises(hikari.ForbiddenError, match="50007"):
            await channel.send("hello?")
    finally:
        await app.close()
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


# --- the real hosts ---------------------------------------------------------------------------------------------------


class _Loopback(aiohttp.abc.AbstractResolver):
    """Finds every host here."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def resolve(
        self, host: str, _port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[aiohttp.abc.ResolveResult]:
        return [{"hostname": host, "host": "127.0.0.1", "port": self._port, "family": family, "proto": 0, "flags": 0}]

    async def close(self) -> None:
        return


async def test_the_real_hosts_over_tls_need_nothing_but_a_connector() -> None:
    authority = trustme.CA()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("discord.com", "gateway.discord.gg", "gateway-us-east1-b.discord.gg").configure_cert(server)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    public = "wss://gateway-us-east1-b.discord.gg"
    async with DiscordSimulator(ssl_context=server, public_gateway=public) as sim:
        bot, ana = sim.add_bot(), sim.add_user("ana")
        guild = sim.add_guild(members=[ana.id])
        place = sim.add_channel(guild.id, "help")
        connector = aiohttp.TCPConnector(resolver=_Loopback(sim.port), ssl=trusting, limit=0)
        intents = discord.Intents(guilds=True, messages=True, message_content=True)
        client = Client(intents=intents, connector=connector)
        async with started(client, bot.token):
            sim.drop_gateway()
            sim.write(ana.id, "hello", channel_id=place.id)
            await until(lambda: len(client.heard) == 1, 10)
            await client.heard[0].reply("hi")
            assert [sent.text for sent in sim.sent()] == ["hi"]
            assert [login.kind for login in sim.logins()] == ["identify", "resume"]
        assert sim.schema_errors == []


# --- the control ------------------------------------------------------------------------------------------------------


async def test_the_control_is_driven_over_http(sim: DiscordSimulator, bot: Bot) -> None:
    async with aiohttp.ClientSession() as http:

        async def do(name: str, /, **arguments: Any) -> tuple[int, Any]:
            async with http.post(f"{sim.control_url}{name}", json=arguments) as response:
                return response.status, await response.json()

        async with http.get(f"{sim.url}/control") as response:
            assert {"write", "slash", "menu", "press", "arm", "wait_for_sent"} <= (await response.json()).keys()
        user = (await do("add_user", username="bram"))[1]["result"]
        guild = (await do("add_guild", name="Shop", members=[user["id"]]))[1]["result"]
        place = (await do("add_channel", guild_id=guild["id"], name="help"))[1]["result"]
        status, answer = await do("write", user_id=user["id"], channel_id=place["id"], text="hello")
        assert (status, answer["result"]["content"]) == (200, "hello")
        await Rest(http, sim, bot).say(place["id"], "hi there")
        (sent,) = (await do("wait_for_sent", wanted=1, contains="there"))[1]["result"]
        assert (sent["text"], sent["pings"]["users"]) == ("hi there", [])
        (call,) = (await do("calls", method="POST"))[1]["result"]
        assert (call["status"], call["applied"], call["body"]["content"]) == (200, True, "hi there")
        for at, number in ((call["started_at"], 1), (call["ended_at"], 1), ("2000-01-01T00:00:00+00:00", 0)):
            assert len((await do("open_calls", at=at))[1]["result"]) == number
        later = (datetime.fromisoformat(call["ended_at"]) + timedelta(seconds=1)).isoformat()
        assert (await do("open_calls", at=later))[1]["result"] == []
        assert len((await do("open_calls", at=later, margin_s=1.5))[1]["result"]) == 1
        assert (await do("add_bot", token="second"))[1]["result"]["token"] == "second"
        steps = [{"do": "close_dms", "user_id": user["id"]}, {"do": "connected"}]
        assert await do("batch", steps=steps) == (200, {"result": [None, 0]})
        assert (await do("wait_for_sent", wanted=9, timeout_s=0.01))[0] == 408
        for name, arguments in (("fly", {}), ("_bot", {}), ("write", {"user": "1"}), ("arm", {"kind": "flood"})):
            status, answer = await do(name, **arguments)
            assert (status, list(answer)) == (400, ["error"])


async def test_the_control_wants_its_token() -> None:
    async with DiscordSimulator(control_token="secret") as sim, aiohttp.ClientSession() as http:
        for given, status in (("", 401), ("Bearer wrong", 401), ("Bearer sécret", 401), ("Bearer secret", 200)):
            async with http.post(f"{sim.control_url}connected", headers={"Authorization": given}) as response:
                assert response.status == status
            async with http.get(f"{sim.url}/control", headers={"Authorization": given}) as response:
                assert response.status == status
        async with http.get(f"{sim.api_base}/gateway") as response:
            assert response.status == 401  # the API has its own


async def test_it_runs_as_a_process_of_its_own() -> None:
    command = (sys.executable, "-m", "simulators.discord", "--token", "a-token", "--control-token", "secret")
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        url = (await asyncio.wait_for(process.stdout.readline(), 20)).decode().strip()
        async with aiohttp.ClientSession() as http:
            async with http.get(f"{url}/api/v10/users/@me", headers={"Authorization": "Bot a-token"}) as response:
                assert (await response.json())["username"] == "firstline"
            async with http.post(f"{url}/control/commands", headers={"Authorization": "Bearer secret"}) as response:
                assert await response.json() == {"result": []}
    finally:
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 10) == 0


# --- the schema, and speed --------------------------------------------------------------------------------------------


async def test_the_schema_notices_what_discord_does_not_say() -> None:
    folder = os.environ.get(SPECS_VARIABLE)
    if not folder:
        pytest.skip(f"{SPECS_VARIABLE} does not name the folder of Discord's schema; answers are not checked")
    schema = Schema(json.loads((Path(folder) / SPECS_FILE).read_text(encoding="utf-8")))
    user = {"id": "1", "username": "ana", "avatar": None, "discriminator": "0", "public_flags": 0}
    assert "'flags' is a required property" in schema.check_answer("GET", "/users/{id}", 200, user)
    whole = user | {"flags": 0, "global_name": None, "primary_guild": None}
    assert schema.check_answer("GET", "/users/{id}", 200, whole) == ""
    assert "$.id" in schema.check_answer("GET", "/users/{id}", 200, whole | {"id": 1})
    assert "no such address" in schema.check_answer("GET", "/rockets", 200, {})
    assert "never answers 302" in schema.check_answer("GET", "/users/{id}", 302, {})
    assert "has no body" in schema.check_answer("DELETE", "/channels/{id}/messages/{message}", 204, {})
    assert schema.check_answer("GET", "/users/{id}", 404, {"message": "Unknown User", "code": 10013}) == ""
    assert "$.code" in schema.check_answer("GET", "/users/{id}", 404, {"message": "x", "code": "10013"})


async def test_a_hundred_messages_a_second_are_no_burden(
    sim: DiscordSimulator, bot: Bot, place: Channel, ana: User, rest: Rest
) -> None:
    began = time.perf_counter()
    for number in range(100):
        sim.write(ana.id, f"question {number}", channel_id=place.id)
        assert (await rest.say(place.id, f"answer {number}"))[0] == 200
    assert time.perf_counter() - began < 5  # about 0.2 s without the schema; the machine may be busy
