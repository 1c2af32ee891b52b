"""The gateway over bare WebSockets: sessions, replay, close codes, compression, and who is told of what."""

import asyncio
from typing import TYPE_CHECKING

import aiohttp
import pytest

from simulators.discord import Bot, Channel, Close, DiscordSimulator, Guild, SimulatorError, User

from .conftest import Rest
from .gateway_client import ALL_INTENTS, Gateway

if TYPE_CHECKING:
    from collections.abc import Callable

SYNC_FLUSH = b"\x00\x00\xff\xff"


async def test_each_payload_ends_with_a_sync_flush_of_one_stream(
    sim: DiscordSimulator, bot: Bot, place: Channel, ana: User
) -> None:
    async with Gateway.connected(sim, bot.token) as gateway:
        for number in range(3):
            sim.write(ana.id, f"the same words, {number}", channel_id=place.id)
            await gateway.event("MESSAGE_CREATE")
        assert len(gateway.packets) == 6  # HELLO, READY, GUILD_CREATE and three messages
        assert all(packet.endswith(SYNC_FLUSH) for packet in gateway.packets)
        assert len(gateway.packets[5]) < len(gateway.packets[3]) / 3  # it knows the words already


async def test_ready_and_guild_create(sim: DiscordSimulator, bot: Bot, guild: Guild, place: Channel, ana: User) -> None:
    thread = sim.begin_thread(ana.id, place.id, "talk")
    old = sim.begin_thread(ana.id, place.id, "old")
    sim.set_thread(old.id, archived=True)
    async with Gateway.open(sim) as gateway:
        assert (await gateway.next())["d"] == {"heartbeat_interval": 41250}
        await gateway.identify(bot.token)
        ready = (await gateway.next())["d"]
        assert ready["guilds"] == [{"id": guild.id, "unavailable": True}]
        assert ready["resume_gateway_url"] == f"{sim.gateway}/resume"
        assert ready["user"]["id"] == bot.user.id
        assert ready["application"] == {"id": bot.user.id, "flags": 1 << 15 | 1 << 19}
        created = await gateway.event("GUILD_CREATE")
        assert [channel["id"] for channel in created["channels"]] == [place.id]
        assert [item["id"] for item in created["threads"]] == [thread.id]
        assert {member["user"]["username"] for member in created["members"]} >= {"ana", "mila", "firstline"}
    async with Gateway.open(sim) as gateway:
        await gateway.identify(bot.token, intents=1)
        created = await gateway.event("GUILD_CREATE")
        assert [member["user"]["username"] for member in created["members"]] == ["firstline"]


async def test_a_heartbeat_is_acknowledged_unless_that_is_switched_off(sim: DiscordSimulator) -> None:
    async with Gateway.open(sim) as gateway:
        await gateway.next()
        await gateway.send(1, None)
        assert (await gateway.next())["op"] == 11
        sim.ignore_heartbeats()
        await gateway.send(1, None)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(gateway.next(), 0.1)


async def test_the_close_codes(sim: DiscordSimulator, bot: Bot) -> None:
    async def code(*payloads: object, query: str = "?v=10&encoding=json") -> int:
        async with Gateway.open(sim, query) as gateway:
            for payload in payloads:
                await (
                    gateway.socket.send_str(payload) if isinstance(payload, str) else gateway.socket.send_json(payload)
                )
            while (came := await gateway.next())["op"] is not None:
                pass
            return int(came["code"])

    def identify(**fields: object) -> object:
        return {"op": 2, "d": {"token": bot.token, "intents": 1, "properties": {}} | fields}

    assert await code("no json") == Close.DECODE_ERROR
    assert await code("5") == Close.DECODE_ERROR
    assert await code('{"op": 1, "d": "' + "x" * 4100 + '"}') == Close.DECODE_ERROR
    assert await code({"op": 99}) == Close.UNKNOWN_OPCODE
    assert await code({"op": 3, "d": {}}) == Close.NOT_AUTHENTICATED
    assert await code(identify(token="wrong")) == Close.AUTHENTICATION_FAILED
    assert await code(identify(), identify()) == Close.ALREADY_AUTHENTICATED
    assert await code(identify(intents=1 << 30)) == Close.INVALID_INTENTS
    assert await code(query="?v=6") == Close.INVALID_API_VERSION
    assert await code(*[{"op": 1}] * 121) == Close.RATE_LIMITED
    sim.add_bot("t", privileged=[])
    assert await code(identify(token="t", intents=1 << 15)) == Close.DISALLOWED_INTENTS
    assert await code(identify(token="Bot t", intents=1 << 1)) == Close.DISALLOWED_INTENTS


async def test_resume_replays_what_came_after_a_number(
    sim: DiscordSimulator, bot: Bot, place: Channel, ana: User
) -> None:
    async with Gateway.open(sim) as gateway:
        await gateway.identify(bot.token)
        session = (await gateway.event("READY"))["session_id"]
        await gateway.event("GUILD_CREATE")
        seen = gateway.seq
        sim.drop_gateway(4000)
        assert (await gateway.next())["code"] == 4000
    for text in ("one", "two"):
        sim.write(ana.id, text, channel_id=place.id)
    resume = {"token": bot.token, "session_id": session, "seq": seen}
    for _ in range(2):  # the client may have lost what was replayed
        async with Gateway.open(sim, path=f"{sim.gateway}/resume") as gateway:
            await gateway.next()
            await gateway.send(6, resume)
            texts = [(await gateway.event("MESSAGE_CREATE"))["content"] for _ in range(2)]
            assert texts == ["one", "two"]
            await gateway.event("RESUMED")
            await gateway.socket.close(code=4000)
        await asyncio.sleep(0.05)
    async with Gateway.open(sim) as gateway:
        await gateway.next()
        await gateway.send(6, resume | {"seq": 999})
        assert (await gateway.next())["code"] == Close.INVALID_SEQ
    async with Gateway.open(sim) as gateway:
        await gateway.next()
        await gateway.send(6, resume | {"token": "another"})
        assert await gateway.next() == {"op": 9, "d": False, "s": None, "t": None}
    assert [login.outcome for login in sim.logins("resume")] == ["resumed", "resumed", "invalid_seq", "invalid_session"]


async def test_a_client_that_says_goodbye_ends_its_session(sim: DiscordSimulator, bot: Bot) -> None:
    async with Gateway.open(sim) as gateway:
        await gateway.identify(bot.token)
        session = (await gateway.event("READY"))["session_id"]
        assert sim.connected() == 1
        await gateway.socket.close(code=1000)
    async with Gateway.open(sim) as gateway:
        await gateway.next()
        await gateway.send(6, {"token": bot.token, "session_id": session, "seq": 1})
        assert (await gateway.next())["op"] == 9


async def test_an_invalid_session_that_can_be_resumed(
    sim: DiscordSimulator, bot: Bot, place: Channel, ana: User
) -> None:
    async with Gateway.open(sim) as gateway:
        await gateway.identify(bot.token)
        session = (await gateway.event("READY"))["session_id"]
        await gateway.event("GUILD_CREATE")
        sim.invalidate_session(resumable=True)
        assert (await gateway.next())["d"] is True
        await gateway.send(6, {"token": bot.token, "session_id": session, "seq": gateway.seq})
        await gateway.event("RESUMED")


async def test_too_many_logins_reset_the_token(sim: DiscordSimulator, bot: Bot, rest: Rest) -> None:
    sim.set_identify_limit(2)
    limit = (await rest("GET", "/gateway/bot"))[1]["session_start_limit"]
    assert (limit["total"], limit["remaining"]) == (2, 2)
    for remaining in (1, 0):
        async with Gateway.open(sim) as gateway:
            await gateway.identify(bot.token)
            await gateway.event("READY")
        assert (await rest("GET", "/gateway/bot"))[1]["session_start_limit"]["remaining"] == remaining
    sim.advance(24 * 3600)
    assert (await rest("GET", "/gateway/bot"))[1]["session_start_limit"]["remaining"] == 2
    sim.set_identify_limit(0)
    async with Gateway.open(sim) as gateway:
        await gateway.next()
        await gateway.identify(bot.token)
        assert (await gateway.next())["code"] == Close.AUTHENTICATION_FAILED
    assert await rest("GET", "/users/@me") == (401, {"message": "401: Unauthorized", "code": 0})


async def test_a_gateway_that_refuses_and_a_network_that_is_down(sim: DiscordSimulator, bot: Bot, rest: Rest) -> None:
    sim.refuse_gateway()
    with pytest.raises(aiohttp.WSServerHandshakeError):
        async with Gateway.open(sim):
            pass
    assert (await rest("GET", "/users/@me"))[0] == 200
    sim.refuse_gateway(is_on=False)
    async with Gateway.connected(sim, bot.token) as gateway:
        sim.set_offline()
        assert (await gateway.next())["code"] == 1006
        with pytest.raises(aiohttp.ClientError):
            await rest("GET", "/users/@me")
        with pytest.raises(aiohttp.ClientError):
            async with Gateway.open(sim):
                pass
        sim.set_offline(is_on=False)
        assert (await rest("GET", "/users/@me"))[0] == 200


async def test_who_is_told_of_what(sim: DiscordSimulator, bot: Bot, guild: Guild, place: Channel, ana: User) -> None:
    async with Gateway.connected(sim, bot.token) as gateway:
        hidden = sim.add_channel(guild.id, "staff")
        assert (await gateway.event("CHANNEL_CREATE"))["id"] == hidden.id
        sim.take_permissions(bot.user.id, hidden.id, ["view_channel"])
        assert (await gateway.event("CHANNEL_UPDATE"))["permission_overwrites"][0]["deny"] == str(1 << 10)
        sim.write(ana.id, "unseen", channel_id=hidden.id)
        sim.write(ana.id, "seen", channel_id=place.id)
        message = await gateway.event("MESSAGE_CREATE")
        assert (message["content"], message["guild_id"], message["channel_type"]) == ("seen", guild.id, 0)
        assert message["member"]["roles"] == []
        assert "user" not in message["member"]
        thread = sim.begin_thread(ana.id, place.id, "talk")
        assert (await gateway.event("THREAD_CREATE"))["id"] == thread.id
        sim.set_thread(thread.id, archived=True)
        assert (await gateway.event("THREAD_UPDATE"))["thread_metadata"]["archived"] is True
        sim.delete_channel(thread.id)
        assert (await gateway.event("THREAD_DELETE"))["parent_id"] == place.id
        sim.delete_channel(place.id)
        assert (await gateway.event("CHANNEL_DELETE"))["id"] == place.id
        sim.rename_guild(guild.id, "New name")
        assert (await gateway.event("GUILD_UPDATE"))["name"] == "New name"
        sim.set_role_permissions(guild.id, guild.id, ["view_channel"])
        assert (await gateway.event("GUILD_ROLE_UPDATE"))["role"]["permissions"] == str(1 << 10)
        sim.push_raw("SOMETHING_NEW", {"odd": []})
        assert await gateway.event("SOMETHING_NEW") == {"odd": []}


async def test_arrivals_and_departures(sim: DiscordSimulator, bot: Bot, guild: Guild, place: Channel) -> None:
    newcomer, other = sim.add_user("newcomer"), sim.add_bot()
    async with Gateway.connected(sim, bot.token) as mine, Gateway.connected(sim, other.token) as theirs:
        sim.add_member(guild.id, newcomer.id)
        assert (await mine.event("GUILD_MEMBER_ADD"))["user"]["username"] == "newcomer"
        sim.remove_member(guild.id, newcomer.id)
        assert (await mine.event("GUILD_MEMBER_REMOVE"))["user"]["id"] == newcomer.id
        sim.add_member(guild.id, other.user.id)
        assert (await theirs.event("GUILD_CREATE"))["channels"][0]["id"] == place.id
        sim.remove_member(guild.id, other.user.id)
        assert (await theirs.event("GUILD_DELETE"))["id"] == guild.id


async def test_a_session_without_an_intent_is_not_told(
    sim: DiscordSimulator, bot: Bot, guild: Guild, place: Channel, ana: User
) -> None:
    async with Gateway.connected(sim, bot.token, intents=ALL_INTENTS & ~(1 << 9)) as gateway:
        sim.write(ana.id, "in the guild", channel_id=place.id)
        sim.write(ana.id, "in private")
        assert (await gateway.event("MESSAGE_CREATE"))["content"] == "in private"


async def test_webhooks_other_bots_and_notes_are_marked(
    sim: DiscordSimulator, bot: Bot, guild: Guild, place: Channel, ana: User
) -> None:
    async with Gateway.connected(sim, bot.token) as gateway:
        sim.write_as_webhook(place.id, "Status", "All is well")
        hook = await gateway.event("MESSAGE_CREATE")
        assert (hook["webhook_id"], hook["author"]["bot"]) == (hook["author"]["id"], True)
        assert "member" not in hook
        robot = sim.add_user("robot", is_bot=True)
        sim.add_member(guild.id, robot.id)
        sim.write(robot.id, "beep", channel_id=place.id)
        assert (await gateway.event("MESSAGE_CREATE"))["author"]["bot"] is True
        sim.system_note(place.id, ana.id, "pinned")
        assert (await gateway.event("MESSAGE_CREATE"))["type"] == 6


async def test_a_nonce_is_told_to_its_author_only(
    sim: DiscordSimulator, bot: Bot, guild: Guild, rest: Rest, place: Channel
) -> None:
    other = sim.add_bot()
    sim.add_member(guild.id, other.user.id)
    async with Gateway.connected(sim, bot.token) as mine, Gateway.connected(sim, other.token) as theirs:
        await rest.say(place.id, "hello", nonce="n-1")
        assert (await mine.event("MESSAGE_CREATE"))["nonce"] == "n-1"
        assert "nonce" not in await theirs.event("MESSAGE_CREATE")


async def test_what_cannot_be_done_is_said(sim: DiscordSimulator, guild: Guild, place: Channel, ana: User) -> None:
    stranger = sim.add_user("stranger")
    attempts: list[Callable[[], object]] = [
        lambda: sim.write(stranger.id, "x", channel_id=place.id),
        lambda: sim.write("1", "x"),
        lambda: sim.write(ana.id, " "),
        lambda: sim.write(ana.id, "x" * 4001),
        lambda: sim.write(ana.id, "x", channel_id="1"),
        lambda: sim.write(ana.id, "x", channel_id=place.id, reply_to="1"),
        lambda: sim.edit(place.id, "1", "x"),
        lambda: sim.delete(place.id, "1"),
        lambda: sim.add_bot(sim.add_bot().token),
        lambda: sim.allow(place.id, stranger.id, deny=["send_messages"]),
        lambda: sim.allow(place.id, guild.id, deny=["fly"]),
        lambda: sim.add_member("1", ana.id),
    ]
    for attempt in attempts:
        with pytest.raises(SimulatorError, match=r".{10,}"):
            attempt()
