"""What goes wrong between the adapter and Discord, over the socket: nothing is missed, nothing is doubled."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from adapters.base import (
    Addressed,
    Busy,
    ChannelSetupError,
    Idempotency,
    MaybePosted,
    Rejected,
    Unreachable,
    Visibility,
)
from adapters.discord import create
from adapters.discord.sending import nonce_of
from simulators.discord import DiscordSimulator
from simulators.discord.objects import guild_create_body
from simulators.discord.wire import plain_answer
from tests.adapters.discord.stage import Stage, ready, reply_to, running, settings, world
from tests.adapters.ground import Ground, ran

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from adapters.base import IncomingMessage
    from simulators.discord import Guild

POST = "/channels/{channel_id}/messages"


@pytest.fixture
async def sim() -> AsyncIterator[DiscordSimulator]:
    async with DiscordSimulator() as sim:
        yield sim
        assert sim.schema_errors == []


async def until(is_true: Callable[[], object], within_s: float = 10) -> None:
    async with asyncio.timeout(within_s):
        while not is_true():
            await asyncio.sleep(0.01)


def texts(messages: Sequence[IncomingMessage]) -> list[str]:
    return [message.text for message in messages if not message.author.is_system]


def actions(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [getattr(record, "action", "") for record in caplog.records]


# --- posting ----------------------------------------------------------------------------------------------------------


async def test_a_reply_whose_first_answer_was_a_502_is_posted_once(sim: DiscordSimulator) -> None:
    async with running(sim) as stage:
        message = await stage.says("hello")
        sim.arm("bad_gateway_after", method="POST", route=POST)
        posted = await stage.adapter.send(reply_to(message.reply_to, "Hello."))
        assert [sent.message_id for sent in stage.posted()] == [posted]
        assert len(sim.calls("POST", POST)) == 2  # the SDK's own repetition, with the same nonce


@pytest.mark.parametrize("fault", ["cut_after", "slow_after"])
async def test_a_reply_whose_answer_is_lost_is_found(sim: DiscordSimulator, fault: str) -> None:
    async with running(sim, help_channels=["help"], request_timeout_s=1) as stage:
        there = stage.world.help.id
        earlier = await stage.says("hello", channel_id=there)
        await stage.adapter.send(reply_to(earlier.reply_to, "*Hello*.", key="in:0:answer"))
        message = await stage.says("hello again", channel_id=there)
        reply = reply_to(message.reply_to, "*Hello*.")
        assert message.reply_to.idempotency is Idempotency.FINDABLE
        assert await stage.adapter.find(reply) is None
        sim.arm(fault, method="POST", route=POST, seconds=3)
        with pytest.raises(MaybePosted):
            await stage.adapter.send(reply)
        posted = stage.posted()[-1].message_id
        assert await stage.adapter.find(reply) == posted
        stage.adapter._sender._posted.pop(nonce_of(reply.key), None)  # noqa: SLF001 - as after a restart
        assert await stage.adapter.find(reply) == posted
        assert await stage.adapter.find(reply_to(message.reply_to, "Something else.", key="in:3:answer")) is None


async def test_the_same_words_under_another_message_are_another_reply(sim: DiscordSimulator) -> None:
    async with running(sim, help_channels=["help"]) as stage:
        first = await stage.says("one", channel_id=stage.world.help.id)
        second = await stage.says("two", channel_id=stage.world.help.id)
        await stage.adapter.send(reply_to(second.reply_to, "Thank you."))
        await stage.says("three")  # by now the bot was told of its own message
        stage.adapter._sender._posted.clear()  # noqa: SLF001 - as after a restart
        assert await stage.adapter.find(reply_to(first.reply_to, "Thank you.", key="in:9:answer")) is None


def away(_world: object, guild: Guild, _bot: object, **_given: object) -> dict[str, Any]:
    """What the gateway tells of a server in an outage."""
    return {"id": guild.id, "unavailable": True}


def tell_of(stage: Stage) -> None:
    """The server is there (again)."""
    body = guild_create_body(stage.sim._world, stage.world.guild, stage.world.bot, with_members=False)  # noqa: SLF001
    stage.sim.push_raw("GUILD_CREATE", body)


def forget_what_was_posted(stage: Stage) -> None:
    """As after a restart."""
    stage.adapter._sender._posted.clear()  # noqa: SLF001


async def test_a_reply_is_found_however_much_was_said_after_the_question(sim: DiscordSimulator) -> None:
    async with running(sim, help_channels=["help"]) as stage:
        there, bram = stage.world.help.id, stage.world.bram.id
        message = await stage.says("hello", channel_id=there)
        for i in range(130):
            sim.write(bram, f"talk {i}", channel_id=there)
        reply = reply_to(message.reply_to, "Hello.")
        posted = await stage.adapter.send(reply)
        for i in range(130):
            sim.write(bram, f"more talk {i}", channel_id=there)
        await stage.says("done", channel_id=there)
        forget_what_was_posted(stage)
        assert await stage.adapter.find(reply) == posted
        forget_what_was_posted(stage)
        assert await stage.adapter.find(reply_to(message.reply_to, "Never posted.")) is None


async def test_where_too_much_was_said_since_the_bot_does_not_claim_to_know(
    sim: DiscordSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.discord.sending._PAGES_LOOKED_BACK", 1)
    async with running(sim, help_channels=["help"]) as stage:
        there = stage.world.help.id
        message = await stage.says("hello", channel_id=there)
        for i in range(100):
            sim.write(stage.world.bram.id, f"talk {i}", channel_id=there)
        with pytest.raises(Rejected, match="cannot find out"):
            await stage.adapter.find(reply_to(message.reply_to, "Hello."))


async def test_where_the_history_is_closed_the_bot_does_not_claim_that_nothing_was_posted(
    sim: DiscordSimulator,
) -> None:
    async with running(sim, help_channels=["help"]) as stage:
        there, bot_id = stage.world.help.id, stage.world.bot.user.id
        thread = sim.begin_thread(stage.world.ana.id, there, "card")
        messages = [await stage.says("hello", channel_id=channel_id) for channel_id in (there, thread.id)]
        replies = [reply_to(message.reply_to, "Hello.", key=message.message_id) for message in messages]
        for reply in replies:
            await stage.adapter.send(reply)
        sim.take_permissions(bot_id, there, ["read_message_history"])
        sim.set_thread(thread.id, archived=True)  # now the gateway tells no more of it
        await stage.says("hello again", channel_id=there)
        forget_what_was_posted(stage)
        for reply in replies:
            with pytest.raises(Rejected, match="Read Message History"):
                await stage.adapter.find(reply)


async def test_a_message_of_a_channel_that_is_not_known_yet_is_removed_later(
    sim: DiscordSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(sim, help_channels=["help"]) as stage:
        on, there = stage.world, stage.world.help.id
        thread = sim.begin_thread(on.ana.id, there, "card")
        direct = await stage.says("my seed is …")
        message = await stage.says("my seed is …", channel_id=thread.id)
        sim.allow(there, on.bot.user.id, allow=["manage_messages"])
        await stage.says("hello", channel_id=there)
        assert await stage.adapter.delete(direct) is False
        sim.push_raw("THREAD_DELETE", {"id": thread.id, "guild_id": on.guild.id, "parent_id": there, "type": 11})
        await stage.says("hello again", channel_id=there)
        monkeypatch.setattr("adapters.discord.sending._FETCHED_WITHIN_S", 0.2)
        sim.arm("slow_before", method="GET", route="/channels/{channel_id}", seconds=1)
        with pytest.raises(Unreachable):
            await stage.adapter.delete(message)
        assert await stage.adapter.delete(message) is True


async def test_while_a_server_is_away_nothing_is_claimed_of_its_channels(
    sim: DiscordSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(sim, help_channels=["help"]) as stage:
        on = stage.world
        message = await stage.says("my seed is …", channel_id=on.help.id)
    monkeypatch.setattr("simulators.discord.gateway.guild_create_body", away)
    async with running(sim, on=on, help_channels=["help"]) as stage:
        with pytest.raises(Unreachable, match="server"):
            await stage.adapter.delete(message)
        with pytest.raises(Unreachable, match="server"):
            await stage.adapter.find(reply_to(message.reply_to, "Hello."))


async def test_a_send_that_was_cut_before_it_arrived_may_have_been_posted(sim: DiscordSimulator) -> None:
    async with running(sim) as stage:
        message = await stage.says("hello")
        sim.arm("cut_before", method="POST", route=POST)
        reply = reply_to(message.reply_to, "Hello.")
        with pytest.raises(MaybePosted):
            await stage.adapter.send(reply)
        assert await stage.adapter.find(reply) is None
        await stage.adapter.send(reply)
        assert len(stage.posted()) == 1


@pytest.mark.parametrize(
    ("fault", "given", "raised", "words"),
    [
        ("too_many_requests", {"seconds": 45}, Busy, "asks to wait"),
        ("ban_page", {}, Busy, "blocked"),
        ("unavailable", {}, MaybePosted, "503"),
        ("error", {"status": 403, "code": 50013, "message": "Missing Permissions"}, Rejected, "50013"),
        ("error", {"status": 403, "code": 50007, "message": "Cannot send"}, Rejected, "50007"),
        ("error", {"status": 404, "code": 10003, "message": "Unknown Channel"}, Rejected, "10003"),
        ("error", {"status": 401, "code": 0, "message": "401: Unauthorized"}, Unreachable, "token"),
    ],
)
async def test_every_refusal_says_whether_the_reply_was_posted(
    sim: DiscordSimulator, fault: str, given: dict[str, Any], raised: type[Exception], words: str
) -> None:
    async with running(sim) as stage:
        message = await stage.says("hello")
        sim.arm(fault, method="POST", route=POST, **given)
        with pytest.raises(raised, match=words) as caught:
            await stage.adapter.send(reply_to(message.reply_to, "Hello."))
        if isinstance(caught.value, Busy):
            assert caught.value.retry_after_s >= 45


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is refused is refused with a page, as by a proxy or by the servers in front of Discord."""

    def answered(body: object, status: int, headers: Mapping[str, str] | None = None) -> web.Response:
        page = web.Response(text="<html>Access denied</html>", status=status, content_type="text/html")
        return page if status >= 400 else plain_answer(body, status, headers or {})

    monkeypatch.setattr("simulators.discord.calls.plain_answer", answered)


@pytest.mark.usefixtures("pages")
@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_page_in_place_of_discords_answer_is_no_refusal(sim: DiscordSimulator, status: int) -> None:
    async with running(sim, help_channels=["help"]) as stage:
        message = await stage.says("hello", channel_id=stage.world.help.id)
        command = await stage.next_after(
            lambda: sim.slash(stage.world.ana.id, "help", {}, channel_id=stage.world.help.id)
        )
        for reply in (reply_to(message.reply_to, "Hello."), reply_to(command.reply_to, "Ask me.", key="in:2:help")):
            sim.arm("error", method="GET|POST", path="/channels/", status=status)
            sim.arm("error", method="GET", path="/webhooks/", status=status)
            with pytest.raises(Unreachable, match="before Discord"):
                await stage.adapter.send(reply)
            sim.disarm()
            await stage.adapter.send(reply)


@pytest.mark.usefixtures("pages")
async def test_a_channel_that_a_page_keeps_closed_is_read_later(
    sim: DiscordSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.discord.intake._GAPS_AGAIN_S", 0.3)
    ground = Ground()
    async with running(sim, ground=ground, help_channels=["help"]) as stage:
        on = stage.world
    sim.write(on.ana.id, "missed", channel_id=on.help.id)
    sim.arm("error", method="GET", route=POST, status=403)
    async with running(sim, ground=ground, on=on, help_channels=["help"]) as stage:
        await stage.comes(lambda message: message.text == "missed")


@pytest.mark.usefixtures("pages")
async def test_a_page_does_not_stop_the_channel_for_a_wrong_token(
    sim: DiscordSimulator, caplog: pytest.LogCaptureFixture
) -> None:
    sim.arm("error", method="GET", path="/users/@me", status=401, times=2)
    async with running(sim) as stage:
        await stage.says("hello")
    assert actions(caplog).count("channel_unreachable") == 2


async def test_where_nobody_listens_nothing_was_posted() -> None:
    async with DiscordSimulator() as sim, running(sim) as stage:
        message = await stage.says("hello")
        await sim.__aexit__()
        await asyncio.sleep(0.1)  # until the old connections are known to be closed
        with pytest.raises(Unreachable):
            await stage.adapter.send(reply_to(message.reply_to, "Hello."))


async def test_before_the_log_in_nothing_is_posted(sim: DiscordSimulator) -> None:
    on = world(sim)
    adapter = create("discord", settings(sim), Ground().surroundings())
    async with running(sim, on=on) as stage:
        message = await stage.says("hello")
        with pytest.raises(Unreachable):
            await adapter.send(reply_to(message.reply_to, "Hello."))


async def test_short_limits_are_waited_out(sim: DiscordSimulator) -> None:
    async with running(sim) as stage:
        message = await stage.says("hello")
        sim.set_limits(bucket_size=2, bucket_s=0.3)
        for i in range(5):
            await stage.adapter.send(reply_to(message.reply_to, f"Hello {i}.", key=f"in:{i}:answer"))
        assert len(stage.posted()) == 5
        assert sim.invalid_requests() == 0


async def test_a_storm_of_limits_is_no_block(sim: DiscordSimulator) -> None:
    async with running(sim) as stage:
        message = await stage.says("hello")
        sim.arm("too_many_requests", method="POST", route=POST, times=5, seconds=0.1)
        with pytest.raises(Busy, match="again and again") as caught:
            await stage.adapter.send(reply_to(message.reply_to, "Hello."))
        assert caught.value.retry_after_s == 0.1
        await stage.adapter.send(reply_to(message.reply_to, "Hello."))
        assert [one.text for one in stage.posted()] == ["Hello."]


# --- the connection ---------------------------------------------------------------------------------------------------


async def test_a_broken_connection_is_resumed_and_nothing_is_missed(sim: DiscordSimulator) -> None:
    async with running(sim, help_channels=["help"]) as stage:
        await stage.says("one", channel_id=stage.world.help.id)
        sim.drop_gateway()
        sim.write(stage.world.ana.id, "two", channel_id=stage.world.help.id)
        await stage.arrives(2)
        assert texts(stage.inbox) == ["one", "two"]
        assert [login.kind for login in sim.logins()] == ["identify", "resume"]


async def test_after_a_lost_session_what_was_said_meanwhile_is_read(sim: DiscordSimulator) -> None:
    async with running(sim, help_channels=["help", "forum"]) as stage:
        ana, there = stage.world.ana.id, stage.world.help.id
        await stage.says("direct one")
        await stage.says("one", channel_id=there)
        sim.invalidate_session()
        sim.drop_gateway()
        sim.write(ana, "two", channel_id=there)
        sim.write(ana, "direct two")
        thread = sim.begin_thread(ana, there, "a thread", text="three")
        sim.begin_thread(ana, stage.world.forum.id, "a post", text="four")
        sim.write(ana, "not for the bot", channel_id=stage.world.lounge.id)
        await until(lambda: len(texts(stage.inbox)) >= 7)
        await sim.wait_for_logins(2, kind="identify")
        said = {message.text: message for message in stage.inbox}
        expected = {"direct one", "one", "two", "direct two", "three", "a post\nfour", "not for the bot"}
        assert {message.text for message in stage.inbox if not message.author.is_system} == expected
        assert said["three"].thread_key == thread.id
        assert said["two"].addressed is Addressed.HELP_CHANNEL
        assert said["direct two"].addressed is Addressed.DIRECT
        assert said["not for the bot"].addressed is Addressed.AMBIENT
        await stage.says("five", channel_id=there)


async def test_what_was_said_while_the_bot_was_off_is_read_at_its_start(sim: DiscordSimulator) -> None:
    ground = Ground()
    async with running(sim, ground=ground, help_channels=["help"]) as stage:
        await stage.says("one", channel_id=stage.world.help.id)
        await until(lambda: json.loads(ground.state["discord:memory"])["mark"] >= int(stage.inbox[0].message_id))
        on = stage.world
    for i in range(150):  # more than a page
        sim.write(on.ana.id, f"{i}", channel_id=on.help.id)
    async with running(sim, ground=ground, on=on, help_channels=["help"]) as stage:
        await until(lambda: len(stage.inbox) >= 151)
        assert texts(stage.inbox) == ["one", *map(str, range(150))]


async def test_at_the_very_first_start_nothing_old_is_answered(sim: DiscordSimulator) -> None:
    on = world(sim)
    sim.write(on.ana.id, "old", channel_id=on.help.id)
    sim.advance(1)
    async with running(sim, on=on, help_channels=["help"]) as stage:
        await stage.says("new", channel_id=on.help.id)
        assert texts(stage.inbox) == ["new"]


async def test_what_lies_too_far_back_is_left(sim: DiscordSimulator) -> None:
    ground = Ground()
    async with running(sim, ground=ground, help_channels=["help"]) as stage:
        on = stage.world
    sim.write(on.ana.id, "long ago", channel_id=on.help.id)
    await asyncio.sleep(0.6)
    async with running(sim, ground=ground, on=on, help_channels=["help"], catch_up_hours=0.5 / 3600) as stage:
        await stage.says("now", channel_id=on.help.id)
        assert texts(stage.inbox) == ["now"]


async def test_a_channel_that_cannot_be_read_now_is_read_later(
    sim: DiscordSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.discord.intake._GAPS_AGAIN_S", 0.3)
    ground = Ground()
    async with running(sim, ground=ground, help_channels=["help"]) as stage:
        on = stage.world
    sim.write(on.ana.id, "missed", channel_id=on.help.id)
    sim.arm("unavailable", method="GET", route=POST, times=1)
    async with running(sim, ground=ground, on=on, help_channels=["help"]) as stage:
        await stage.comes(lambda message: message.text == "missed")
        await until(lambda: json.loads(ground.state["discord:memory"])["gaps"] == {})


async def test_a_channel_that_is_closed_to_the_bot_is_asked_once(sim: DiscordSimulator) -> None:
    ground = Ground()
    async with running(sim, ground=ground, help_channels=["help"]) as stage:
        on = stage.world
    sim.write(on.ana.id, "missed", channel_id=on.help.id)
    sim.take_permissions(on.bot.user.id, on.help.id, ["read_message_history"])
    sim.write(on.ana.id, "missed, too", channel_id=on.lounge.id)
    sim.arm("error", method="GET", route=POST, status=403, code=50001, message="Missing Access")
    async with running(sim, ground=ground, on=on, help_channels=["help"]) as stage:
        await stage.says("hello")
        assert stage.adapter._intake._memory.gaps == {}  # noqa: SLF001 - it would be asked again in a minute
        assert len(sim.calls("GET", POST)) == 1


async def test_a_thread_that_was_archived_meanwhile_is_no_direct_conversation(sim: DiscordSimulator) -> None:
    ground = Ground()
    async with running(sim, ground=ground, help_channels=["help"]) as stage:
        on = stage.world
        thread = sim.begin_thread(on.ana.id, on.help.id, "card")
        talk = sim.begin_thread(on.ana.id, on.lounge.id, "weather")
        first = await stage.says("stuck", channel_id=thread.id)
    for there in (thread, talk):
        sim.write(on.bram.id, f"in {there.id}", channel_id=there.id)
        sim.set_thread(there.id, archived=True)
    memory = json.loads(ground.state["discord:memory"])
    gaps = {there.id: int(first.message_id) for there in (thread, talk)}
    ground.state["discord:memory"] = json.dumps(memory | {"gaps": gaps})
    sim.arm("unavailable", method="GET", path=f"/channels/{talk.id}", times=-1)
    async with running(sim, ground=ground, on=on, help_channels=["help"], request_timeout_s=0.5) as stage:
        missed = await stage.comes(lambda message: message.text == f"in {thread.id}")
        await stage.says("hello")
        assert (missed.addressed, missed.visibility) == (Addressed.HELP_CHANNEL, Visibility.MEMBERS)
        assert missed.thread_key == thread.id
        assert f"in {talk.id}" not in texts(stage.inbox)  # which nobody could place yet
        memory_now = stage.adapter._intake._memory  # noqa: SLF001
        assert talk.id in memory_now.gaps  # it is read later
        assert thread.id not in memory_now.gaps
        assert not {talk.id, thread.id} & set(memory_now.direct)


async def test_threads_that_were_begun_and_archived_meanwhile_are_read(sim: DiscordSimulator) -> None:
    ground, helping = Ground(), ["help", "forum"]
    on = world(sim)
    old = sim.begin_thread(on.ana.id, on.help.id, "old")
    sim.write(on.ana.id, "old words", channel_id=old.id)
    sim.set_thread(old.id, archived=True)
    sim.advance(120)
    async with running(sim, ground=ground, on=on, help_channels=helping):
        pass
    thread = sim.begin_thread(on.ana.id, on.help.id, "card")
    sim.write(on.ana.id, "stuck", channel_id=thread.id)
    post = sim.begin_thread(on.ana.id, on.forum.id, "a post", text="four")
    other = sim.begin_thread(on.ana.id, on.lounge.id, "weather")
    for there in (thread, post, other):
        sim.set_thread(there.id, archived=True)
    sim.arm("error", method="GET", path=f"/{on.help.id}/threads/archived", status=403, code=50001)
    async with running(sim, ground=ground, on=on, help_channels=helping) as stage:
        message = await stage.comes(lambda message: message.text == "a post\nfour")
        assert (message.addressed, message.thread_key) == (Addressed.HELP_CHANNEL, post.id)
        await until(lambda: json.loads(ground.state["discord:memory"])["archives"] == {})
    # As after a first attempt that failed.
    ground.state["discord:memory"] = json.dumps(
        json.loads(ground.state["discord:memory"]) | {"archives": {on.help.id: int(thread.id) - 1}}
    )
    async with running(sim, ground=ground, on=on, help_channels=helping) as stage:
        await stage.comes(lambda message: message.text == "stuck")
        assert "old words" not in texts(stage.inbox)
        asked = {call.path for call in sim.calls("GET", "/channels/{channel_id}/threads/archived/public")}
        assert {path.split("/")[-4] for path in asked} == {on.help.id, on.forum.id}
        assert not [call for call in sim.calls("GET", POST) if other.id in call.path]


async def test_what_archives_hold_is_looked_for_again_where_discord_did_not_answer(
    sim: DiscordSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.discord.intake._GAPS_AGAIN_S", 0.3)
    ground = Ground()
    async with running(sim, ground=ground, help_channels=["help"]) as stage:
        on = stage.world
    thread = sim.begin_thread(on.ana.id, on.help.id, "card")
    sim.write(on.ana.id, "stuck", channel_id=thread.id)
    sim.set_thread(thread.id, archived=True)
    sim.arm("slow_before", method="GET", path="/threads/archived", seconds=2)
    async with running(sim, ground=ground, on=on, help_channels=["help"], request_timeout_s=0.5) as stage:
        await stage.comes(lambda message: message.text == "stuck")


async def test_a_thread_to_help_in_that_was_archived_is_read(sim: DiscordSimulator) -> None:
    ground, on = Ground(), world(sim)
    thread = sim.begin_thread(on.ana.id, on.lounge.id, "support")
    async with running(sim, ground=ground, on=on, help_channels=[thread.id]):
        pass
    sim.write(on.ana.id, "stuck", channel_id=thread.id)
    sim.set_thread(thread.id, archived=True)
    async with running(sim, ground=ground, on=on, help_channels=[thread.id]) as stage:
        message = await stage.comes(lambda message: message.text == "stuck")
        assert message.addressed is Addressed.HELP_CHANNEL


async def test_a_server_that_comes_late_is_read_then(sim: DiscordSimulator) -> None:
    ground = Ground()
    async with running(sim, ground=ground, help_channels=["help"]) as stage:
        on = stage.world
    sim.write(on.ana.id, "missed", channel_id=on.help.id)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("simulators.discord.gateway.guild_create_body", away)
        async with running(sim, ground=ground, on=on, help_channels=["help"]) as stage:
            sim.advance(300)
            await stage.says("hello")
            assert texts(stage.inbox) == ["hello"]
        # and it is not forgotten over a restart
        async with running(sim, ground=ground, on=on, help_channels=["help"]) as stage:
            await stage.says("hello again")
            patch.undo()
            tell_of(stage)
            await stage.comes(lambda message: message.text == "missed")


async def test_what_was_said_in_a_servers_outage_is_read_after_it(
    sim: DiscordSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(sim, help_channels=["help"]) as stage:
        on = stage.world
        await stage.says("one", channel_id=on.help.id)
        sim.push_raw("GUILD_DELETE", {"id": on.guild.id, "unavailable": True})
        with monkeypatch.context() as patch:
            patch.setattr(sim._world, "tell", lambda _event: None)  # noqa: SLF001 - nothing is told in an outage
            sim.write(on.ana.id, "two", channel_id=on.help.id)
        sim.advance(300)
        await stage.says("direct")
        tell_of(stage)
        await stage.comes(lambda message: message.text == "two")


async def test_authors_are_written_down_seldom_and_at_the_end(
    sim: DiscordSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.discord.intake._SAVE_EVERY_S", 0.05)
    async with running(sim, help_channels=["help"]) as stage:
        there = stage.world.help.id
        message = await stage.says("one", channel_id=there)
        await until(lambda: message.message_id in stage.ground.state.get("discord:authors", ""))
        more = await stage.says("two", channel_id=there)
        await until(lambda: json.loads(stage.ground.state["discord:memory"])["mark"] >= int(more.message_id))
        assert more.message_id not in stage.ground.state["discord:authors"]
        assert stage.world.ana.id not in stage.ground.state["discord:memory"]
    assert json.loads(stage.ground.state["discord:authors"])[more.message_id] == stage.world.ana.id
    async with running(sim, ground=stage.ground, on=stage.world, help_channels=["help"]) as stage:
        gone = await stage.next_after(lambda: sim.delete(there, more.message_id))
        assert gone.author.id == stage.world.ana.id


async def test_where_discord_does_not_answer_what_is_said_now_waits_for_one_channel_only(
    sim: DiscordSimulator,
) -> None:
    ground = Ground()
    async with running(sim, ground=ground, help_channels=["help"]) as stage:
        on = stage.world
    more = [sim.add_channel(on.guild.id, f"more-{i}") for i in range(5)]
    for there in more:
        sim.write(on.ana.id, "missed", channel_id=there.id)
    sim.arm("unavailable", method="GET", route=POST, times=-1)
    async with running(sim, ground=ground, on=on, help_channels=["help"], request_timeout_s=0.5) as stage:
        await stage.says("hello")
        assert len({call.path for call in sim.calls("GET", POST)}) == 1
        assert set(stage.adapter._intake._memory.gaps) >= {there.id for there in more}  # noqa: SLF001


async def test_what_the_ledger_refuses_while_catching_up_is_no_trouble_of_discords(sim: DiscordSimulator) -> None:
    ground = Ground()
    async with running(sim, ground=ground, help_channels=["help"]) as stage:
        on = stage.world
    sim.write(on.ana.id, "missed", channel_id=on.help.id)
    adapter = create("discord", settings(sim, help_channels=[on.help.id]), ground.surroundings())
    stage = Stage(world=on, adapter=adapter, ground=ground, refuses=OSError("disk full"))
    with pytest.raises(OSError, match="disk full"):
        await asyncio.wait_for(adapter.run(stage.deliver), 10)
    stage.refuses = None
    async with ran(adapter, stage.deliver):
        await stage.comes(lambda message: message.text == "missed")


async def test_the_first_gap_is_read_before_what_is_said_after_it(sim: DiscordSimulator) -> None:
    ground = Ground()
    async with running(sim, ground=ground, help_channels=["help"]) as stage:
        on = stage.world
    sim.write(on.ana.id, "first", channel_id=on.help.id)
    sim.arm("slow_before", method="GET", route=POST, times=-1, seconds=0.3)
    async with running(sim, ground=ground, on=on, help_channels=["help"]) as stage:
        await stage.says("second", channel_id=on.help.id)
        await stage.comes(lambda message: message.text == "first")
        assert texts(stage.inbox) == ["first", "second"]


async def test_what_is_said_behind_a_gap_that_cannot_be_read_yet_does_not_overtake_it(
    sim: DiscordSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.discord.intake._GAPS_SOON_S", 0.2)
    ground = Ground()
    async with running(sim, ground=ground, help_channels=["help"]) as stage:
        on = stage.world
    sim.write(on.ana.id, "first", channel_id=on.help.id)
    sim.arm("unavailable", method="GET", route=POST, times=-1)
    async with running(sim, ground=ground, on=on, help_channels=["help"], request_timeout_s=0.5) as stage:
        await until(lambda: sim.calls("GET", POST))
        sim.write(on.ana.id, "second", channel_id=on.help.id)
        await stage.says("elsewhere")
        assert texts(stage.inbox) == ["elsewhere"]
        sim.disarm()
        await stage.comes(lambda message: message.text == "second")
        assert texts(stage.inbox) == ["elsewhere", "first", "second"]


async def test_what_the_ledger_refuses_counts_as_not_received(sim: DiscordSimulator) -> None:
    ground, on = Ground(), world(sim)
    adapter = create("discord", settings(sim, help_channels=[on.help.id]), ground.surroundings())
    stage = Stage(world=on, adapter=adapter, ground=ground)
    run = asyncio.create_task(adapter.run(stage.deliver))
    await ready(stage)
    stage.refuses = OSError("disk full")
    sim.write(on.ana.id, "keep me", channel_id=on.help.id)
    with pytest.raises(OSError, match="disk full"):
        await asyncio.wait_for(run, 5)
    stage.refuses = None
    async with ran(adapter, stage.deliver):
        assert (await stage.comes(lambda message: message.text == "keep me")).text == "keep me"


async def test_a_gateway_that_cannot_be_reached_at_first_is_tried_again(
    sim: DiscordSimulator, caplog: pytest.LogCaptureFixture
) -> None:
    on = world(sim)
    sim.refuse_gateway()
    adapter = create("discord", settings(sim), Ground().surroundings())
    stage = Stage(world=on, adapter=adapter, ground=Ground())
    async with ran(adapter, stage.deliver):
        await until(lambda: actions(caplog).count("channel_unreachable") >= 2)
        sim.refuse_gateway(is_on=False)
        await sim.wait_for_logins(1, timeout_s=10)
        await until(sim.connected)
        await stage.says("hello")


async def test_a_gateway_that_hangs_up_at_once_is_not_stormed(sim: DiscordSimulator) -> None:
    async with running(sim, max_backoff_s=60) as stage:
        stop = asyncio.create_task(_hang_up(sim))
        await asyncio.sleep(3)
        stop.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await stop
        assert len(sim.logins()) <= 8
        assert stage.inbox == []


async def _hang_up(sim: DiscordSimulator) -> None:
    while True:
        sim.drop_gateway()
        await asyncio.sleep(0.001)


async def test_sessions_of_a_clock_that_was_ahead_do_not_count(sim: DiscordSimulator) -> None:
    ground = Ground()
    ground.state["discord:starts"] = json.dumps([time.time() + 90_000] * 3)
    async with running(sim, ground=ground, starts_per_day=3) as stage:
        await stage.says("hello")
        assert len(json.loads(ground.state["discord:starts"])) == 1


async def test_no_more_sessions_are_begun_than_a_day_may_have(
    sim: DiscordSimulator, caplog: pytest.LogCaptureFixture
) -> None:
    ground = Ground()
    ground.state["discord:starts"] = json.dumps([time.time() - 90_000, *[time.time() - 100] * 2])
    async with running(sim, ground=ground, starts_per_day=3):
        for _ in range(4):
            sim.invalidate_session()
            await asyncio.sleep(0.2)
        await until(lambda: "channel_paused" in actions(caplog))
        assert len(sim.logins("identify")) == 1
        assert len(json.loads(ground.state["discord:starts"])) == 3


async def test_without_the_content_intent_the_bot_hears_what_names_it(
    sim: DiscordSimulator, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(sim, bot={"privileged": []}, help_channels=["help"]) as stage:
        there, bot = stage.world.help.id, stage.world.bot
        assert [login.outcome for login in sim.logins()] == ["disallowed_intents", "ready"]
        unread = await stage.says("my card is stuck", channel_id=there)
        read = await stage.says(f"<@{bot.user.id}> my card is stuck", channel_id=there)
        command = await stage.next_after(lambda: sim.slash(stage.world.ana.id, "help", {}, channel_id=there))
        assert (unread.text, read.text, command.command) == ("", "my card is stuck", "help")
    assert actions(caplog).count("channel_limited") == 1
    assert any("Message Content Intent" in record.getMessage() for record in caplog.records)


async def test_the_content_intent_may_be_done_without(sim: DiscordSimulator) -> None:
    async with running(sim, bot={"privileged": []}, intents="mentions"):
        assert [(login.outcome, bool(login.intents & 1 << 15)) for login in sim.logins()] == [("ready", False)]


async def run_to_the_end(sim: DiscordSimulator, **given: Any) -> None:
    adapter = create("discord", settings(sim, **given), Ground().surroundings())

    async def deliver(_messages: Sequence[IncomingMessage]) -> None:
        raise AssertionError("nothing is received")

    async with asyncio.timeout(10):
        await adapter.run(deliver)


async def test_a_bot_that_demands_the_content_intent_stops_without_it(sim: DiscordSimulator) -> None:
    world(sim, privileged=[])
    with pytest.raises(ChannelSetupError, match="Message Content Intent"):
        await run_to_the_end(sim, intents="full")
    assert len(sim.logins()) == 1


async def test_a_refused_token_stops_the_channel(sim: DiscordSimulator) -> None:
    with pytest.raises(ChannelSetupError, match="Reset Token"):
        await run_to_the_end(sim)


async def test_a_token_that_is_reset_while_running_stops_the_channel(sim: DiscordSimulator) -> None:
    on = world(sim)
    adapter = create("discord", settings(sim), Ground().surroundings())
    stage = Stage(world=on, adapter=adapter, ground=Ground())
    run = asyncio.create_task(adapter.run(stage.deliver))
    await until(sim.connected)
    on.bot.is_token_reset = True
    sim.invalidate_session()
    with pytest.raises(ChannelSetupError, match="Reset Token"):
        await asyncio.wait_for(run, 10)


async def test_offline_and_online_again(sim: DiscordSimulator) -> None:
    async with running(sim, help_channels=["help"]) as stage:
        sim.set_offline()
        sim.write(stage.world.ana.id, "while offline", channel_id=stage.world.help.id)
        await asyncio.sleep(0.5)
        sim.set_offline(is_on=False)
        await stage.comes(lambda message: message.text == "while offline")


async def test_an_event_that_cannot_be_read_is_left_out(
    sim: DiscordSimulator, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(sim) as stage:
        for body in ({}, {"id": "x", "channel_id": "nowhere", "author": {}}, {"id": "1", "channel_id": "1"}):
            for name in ("MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE", "INTERACTION_CREATE"):
                sim.push_raw(name, body)
        await stage.says("hello")
        assert len(sim.logins()) == 1
        assert "update_unreadable" in actions(caplog)


async def test_more_than_can_be_kept_waiting_is_read_again(
    sim: DiscordSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.discord.intake._WAITING", 5)
    async with running(sim, help_channels=["help"]) as stage:
        stage.gate.clear()
        for i in range(300):
            sim.write(stage.world.ana.id, f"{i}", channel_id=stage.world.help.id)
        await asyncio.sleep(0.3)
        stage.gate.set()
        await until(lambda: len(stage.inbox) == 300)
        assert {message.text for message in stage.inbox} == set(map(str, range(300)))


async def test_how_far_was_read_is_written_down_even_where_the_disk_fails_at_times(
    sim: DiscordSimulator, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.discord.intake._SAVE_EVERY_S", 0.05)
    caplog.set_level(logging.WARNING)
    async with running(sim) as stage:
        stage.ground.unwritable = OSError("disk full")
        message = await stage.says("hello")
        await until(lambda: "mark_not_stored" in actions(caplog))
        stage.ground.unwritable = None
        await until(lambda: json.loads(stage.ground.state["discord:memory"])["mark"] == int(message.message_id))
