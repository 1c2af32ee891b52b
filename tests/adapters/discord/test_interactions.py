"""Slash commands, the context menu and buttons over the socket."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from adapters.base import Addressed, Busy, Button, Kind, MaybePosted, Rejected, Visibility
from adapters.discord.interactions import MENU
from bots.pipeline.plan import ticket_key
from simulators.discord import DiscordSimulator
from tests.adapters.discord.stage import as_read, reply_to, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from adapters.base import IncomingMessage
    from tests.adapters.discord.stage import Stage

YES, NO = Button(label="Yes", action="helpful:1"), Button(label="No", action="unhelpful:1")
ORIGINAL = "/webhooks/{webhook_id}/{webhook_token}/messages/@original"
CALLBACK = "/interactions/{interaction_id}/{interaction_token}/callback"


@pytest.fixture
async def sim() -> AsyncIterator[DiscordSimulator]:
    async with DiscordSimulator() as sim:
        yield sim
        assert sim.schema_errors == []


async def asks(stage: Stage, command: str, *, private: bool = False, **options: str) -> IncomingMessage:
    """Ana uses a slash command in the lounge, or in private."""
    where = "" if private else stage.world.lounge.id
    return await stage.next_after(lambda: stage.sim.slash(stage.world.ana.id, command, options, channel_id=where))


async def seen(stage: Stage, user_id: str, channel_id: str = "") -> list[str]:
    """What the bot's messages in the lounge say to somebody."""
    history = stage.sim.history(channel_id or stage.world.lounge.id, seen_by=user_id)
    return [as_read(message["content"]) for message in history if message["author"]["id"] == stage.world.bot.user.id]


async def settled(stage: Stage) -> None:
    """Wait until Discord has heard of every interaction."""
    async with asyncio.timeout(5):
        while any(asked.state == "waiting" for asked in stage.sim.asked()):
            await asyncio.sleep(0.01)


async def test_a_slash_command_is_told_to_wait_and_answered_for_one_persons_eyes(sim: DiscordSimulator) -> None:
    async with running(sim) as stage:
        ana, bram = stage.world.ana, stage.world.bram
        command = await asks(stage, "ticket", text="my card is stuck")
        await settled(stage)
        assert [asked.state for asked in sim.asked()] == ["deferred"]
        await stage.adapter.send(reply_to(command.reply_to, "Your ticket is **FL-7**."))
        assert await seen(stage, ana.id) == ["Your ticket is FL-7."]
        assert await seen(stage, bram.id) == []
    assert (command.kind, command.command, command.text) == (Kind.COMMAND, "ticket", "my card is stuck")
    assert command.addressed is Addressed.COMMAND
    assert command.visibility is command.reply_to.visibility is Visibility.PRIVATE
    assert command.language_hint == "nl"
    assert command.reply_to.url == f"https://discord.com/channels/{stage.world.guild.id}/{command.reply_to.place}"
    assert command.reply_to.fallback is not None
    assert command.reply_to.fallback.visibility is Visibility.MEMBERS
    assert command.reply_to.fallback.address == {"channel_id": stage.world.lounge.id, "after": command.message_id}
    assert command.reply_to.expires_at is not None
    assert timedelta(minutes=13) < command.reply_to.expires_at - command.sent_at < timedelta(minutes=15)


async def test_an_interaction_belongs_to_the_same_conversation_as_words_there(sim: DiscordSimulator) -> None:
    async with running(sim, help_channels=["lounge"]) as stage:
        said = await stage.says("hello", channel_id=stage.world.lounge.id)
        command = await asks(stage, "status")
        assert command.conversation_key == said.conversation_key
        assert command.reply_to.place == said.reply_to.place


async def test_ask_is_a_question(sim: DiscordSimulator) -> None:
    async with running(sim) as stage:
        question = await asks(stage, "ask", question="where is my card?")
    assert (question.kind, question.command, question.text) == (Kind.CREATED, "", "where is my card?")


@pytest.mark.parametrize("command", ["help", "status", "claim"])
async def test_a_command_may_stand_alone(sim: DiscordSimulator, command: str) -> None:
    async with running(sim) as stage:
        assert (await asks(stage, command)).command == command


async def test_in_private_a_slash_command_is_answered_where_it_stays(sim: DiscordSimulator) -> None:
    async with running(sim) as stage:
        command = await asks(stage, "help", private=True)
        assert command.reply_to.url == f"https://discord.com/channels/@me/{command.reply_to.place}"
        await stage.adapter.send(reply_to(command.reply_to, "Ask me."))
        assert [message.only_for for message in stage.posted()] == [""]
        assert command.reply_to.fallback is None


async def test_two_replies_are_one_answer_and_the_same_twice_is_once(sim: DiscordSimulator) -> None:
    async with running(sim) as stage:
        question = await asks(stage, "ask", question="where is my card?")
        first = reply_to(question.reply_to, "It is *here*.")
        second = reply_to(question.reply_to, "Did this help?", key="in:1:helped", buttons=(YES, NO))
        for reply in (first, first, second, second):
            await stage.adapter.send(reply)
        assert await seen(stage, stage.world.ana.id) == ["It is *here*.\n\nDid this help?"]
        assert not sim.calls("POST", "/channels/{channel_id}/messages")


async def test_an_answer_longer_than_a_message_goes_on_in_private(sim: DiscordSimulator) -> None:
    async with running(sim) as stage:
        ana = stage.world.ana
        question = await asks(stage, "ask", question="tell me everything")
        first = await stage.adapter.send(reply_to(question.reply_to, "a" * 1900))
        second = replace(reply_to(question.reply_to, "b" * 1900, key="in:1:answer:1"), follows=first)
        posted = await stage.adapter.send(second)
        third = replace(reply_to(question.reply_to, "c", key="in:1:answer:2"), follows=posted)
        await stage.adapter.send(third)
        assert await seen(stage, ana.id) == ["a" * 1900]
        assert await seen(stage, ana.id, sim.direct_channel_id(ana.id)) == ["b" * 1900, "c"]


async def test_a_part_whose_fate_is_unknown_is_posted_once_even_after_a_restart(sim: DiscordSimulator) -> None:
    async with running(sim) as stage:
        ana = stage.world.ana
        question = await asks(stage, "ask", question="tell me everything")
        first = await stage.adapter.send(reply_to(question.reply_to, "a" * 1900))
        more = replace(reply_to(question.reply_to, "b" * 1900, key="in:1:answer:1"), follows=first)
        posted = await stage.adapter.send(more)
        await stage.says("thanks")  # by now the bot was told of its own message
        sim.advance(600)  # and Discord has forgotten the nonce
        on = stage.world
    async with running(sim, on=on) as stage:
        assert await stage.adapter.send(more) == posted
        assert await seen(stage, ana.id, sim.direct_channel_id(ana.id)) == ["b" * 1900]
        assert await seen(stage, ana.id) == ["a" * 1900]


async def test_a_lost_answer_to_an_interaction_is_made_up_for(sim: DiscordSimulator) -> None:
    async with running(sim) as stage:
        command = await asks(stage, "help")
        await settled(stage)
        sim.arm("bad_gateway_after", method="PATCH", route=ORIGINAL)
        reply = reply_to(command.reply_to, "Ask me.")
        with pytest.raises(MaybePosted):
            await stage.adapter.send(reply)
        await stage.adapter.send(reply)
        assert await seen(stage, stage.world.ana.id) == ["Ask me."]


async def test_a_limit_on_an_interaction_is_waited_for_by_the_lane(sim: DiscordSimulator) -> None:
    async with running(sim) as stage:
        command = await asks(stage, "help")
        await settled(stage)
        sim.arm("too_many_requests", method="PATCH", route=ORIGINAL, seconds=7)
        with pytest.raises(Busy) as caught:
            await stage.adapter.send(reply_to(command.reply_to, "Ask me."))
        assert caught.value.retry_after_s == 7


async def test_an_expired_answer_goes_to_the_person_in_private_once(sim: DiscordSimulator) -> None:
    async with running(sim) as stage:
        ana = stage.world.ana
        command = await asks(stage, "ticket", text="my card is stuck")
        await settled(stage)
        past = replace(command.reply_to, expires_at=datetime.now(UTC) - timedelta(seconds=1))
        reply = reply_to(past, "An agent says: it is blue.")
        first = await stage.adapter.send(reply)
        await stage.says("thanks")  # by now the bot was told of its own message
        sim.advance(3600)  # and Discord has forgotten the nonce
        stage.adapter._sender._posted.clear()  # noqa: SLF001 - as after a restart
        assert await stage.adapter.send(reply) == first
        assert await seen(stage, ana.id, sim.direct_channel_id(ana.id)) == ["An agent says: it is blue."]


async def test_a_token_that_discord_forgot_before_its_time_leads_to_private_too(sim: DiscordSimulator) -> None:
    async with running(sim) as stage:
        ana = stage.world.ana
        command = await asks(stage, "status")
        await settled(stage)
        sim.advance(1000)
        await stage.adapter.send(reply_to(command.reply_to, "FL-7 is open."))
        assert await seen(stage, ana.id, sim.direct_channel_id(ana.id)) == ["FL-7 is open."]


async def test_an_expired_answer_to_who_takes_no_direct_messages_is_refused(sim: DiscordSimulator) -> None:
    async with running(sim) as stage:
        command = await asks(stage, "status")
        sim.close_dms(stage.world.ana.id)
        past = replace(command.reply_to, expires_at=datetime.now(UTC) - timedelta(seconds=1))
        with pytest.raises(Rejected, match="50007"):
            await stage.adapter.send(reply_to(past, "FL-7 is open."))
        assert await seen(stage, stage.world.bram.id) == []


async def test_an_interaction_that_was_acknowledged_too_late_is_answered_in_private(sim: DiscordSimulator) -> None:
    async with running(sim) as stage:
        ana = stage.world.ana
        sim.arm("error", route=CALLBACK, status=404, code=10062, message="Unknown interaction")
        command = await asks(stage, "status")
        await stage.adapter.send(reply_to(command.reply_to, "FL-7 is open."))
        assert await seen(stage, ana.id, sim.direct_channel_id(ana.id)) == ["FL-7 is open."]


async def test_an_interaction_is_told_to_wait_while_the_bot_is_busy(sim: DiscordSimulator) -> None:
    async with running(sim) as stage:
        stage.gate.clear()
        sim.write(stage.world.ana.id, "hello")
        await asyncio.sleep(0.1)
        sim.slash(stage.world.ana.id, "help", {}, channel_id=stage.world.lounge.id)
        await settled(stage)
        assert [asked.state for asked in sim.asked()] == ["deferred"]
        assert stage.inbox == []
        stage.gate.set()


# --- the context menu -------------------------------------------------------------------------------------------------


async def test_a_moderators_menu_opens_for_the_messages_author(sim: DiscordSimulator) -> None:
    async with running(sim) as stage:
        there, ana, mila = stage.world.lounge.id, stage.world.ana, stage.world.mila
        complaint = await stage.says("the app ate my money", channel_id=there)
        act = await stage.next_after(lambda: sim.menu(mila.id, there, complaint.message_id, MENU))
        assert act.staff_reply_to is not None
        await stage.adapter.send(reply_to(act.reply_to, "Your ticket is FL-7."))
        await stage.adapter.send(reply_to(act.staff_reply_to, "Done: FL-7.", key="in:1:staff"))
        assert sorted(await seen(stage, mila.id)) == ["Done: FL-7.", "Your ticket is FL-7."]
        assert await seen(stage, ana.id) == ["Your ticket is FL-7."]
        (public,) = [sent for sent in stage.posted() if not sent.only_for]
        assert public.reply_to == complaint.message_id
    assert (act.kind, act.command) == (Kind.COMMAND, "ticket")
    assert (act.author.id, act.author.roles, act.author.roles_source) == (mila.id, ("moderator",), "payload")
    assert act.on_behalf_of is not None
    assert act.on_behalf_of.id == ana.id
    assert act.conversation_key == complaint.conversation_key
    assert act.parent is not None
    assert (act.parent.message_id, act.parent.text) == (complaint.message_id, "the app ate my money")
    assert act.staff_reply_to.visibility is Visibility.PRIVATE


def key_of(message: IncomingMessage, message_id: str) -> str:
    return ticket_key(message.conversation_key, message.reply_to.place, message_id)


async def test_ones_own_message_is_the_same_ticket_as_by_a_moderator(sim: DiscordSimulator) -> None:
    async with running(sim) as stage:
        there, ana, mila = stage.world.lounge.id, stage.world.ana, stage.world.mila
        complaint = await stage.says("the app ate my money", channel_id=there)
        own = await stage.next_after(lambda: sim.menu(ana.id, there, complaint.message_id, MENU))
        act = await stage.next_after(lambda: sim.menu(mila.id, there, complaint.message_id, MENU))
    assert (own.command, own.text, own.message_id) == ("ticket", "the app ate my money", complaint.message_id)
    assert own.staff_reply_to is None
    assert own.on_behalf_of is None
    assert own.reply_to.visibility is Visibility.PRIVATE
    assert own.dedupe_key != complaint.dedupe_key
    assert act.parent is not None
    assert key_of(own, own.message_id) == key_of(act, act.parent.message_id)


async def test_anothers_message_is_not_for_who_is_no_moderator(sim: DiscordSimulator) -> None:
    async with running(sim) as stage:
        there = stage.world.lounge.id
        complaint = await stage.says("the app ate my money", channel_id=there)
        act = await stage.next_after(lambda: sim.menu(stage.world.bram.id, there, complaint.message_id, MENU))
    assert act.on_behalf_of is None
    assert act.staff_reply_to is None
    assert act.parent is not None
    assert act.parent.author is not None
    assert act.parent.author.id == stage.world.ana.id
    assert act.reply_to.visibility is Visibility.PRIVATE
    assert act.text == ""


async def test_a_programs_message_has_nobody_to_open_for(sim: DiscordSimulator) -> None:
    async with running(sim) as stage:
        there = stage.world.lounge.id
        webhook = await stage.next_after(lambda: sim.write_as_webhook(there, "proxy", "ate my money"))
        act = await stage.next_after(lambda: sim.menu(stage.world.mila.id, there, webhook.message_id, MENU))
    assert act.on_behalf_of is None
    assert act.staff_reply_to is not None
    assert act.staff_reply_to.visibility is Visibility.PRIVATE


# --- buttons ----------------------------------------------------------------------------------------------------------


async def test_a_button_in_a_shared_place_comes_from_whoever_presses_it(sim: DiscordSimulator) -> None:
    async with running(sim, help_channels=["lounge"]) as stage:
        there, ana, bram = stage.world.lounge.id, stage.world.ana, stage.world.bram
        question = await stage.says("my card is stuck", channel_id=there)
        posted = await stage.adapter.send(reply_to(question.reply_to, "Did this help?", buttons=(YES, NO)))
        own = await stage.next_after(lambda: sim.press(ana.id, there, posted, "No"))
        other = await stage.next_after(lambda: sim.press(bram.id, there, posted, "No"))
        await settled(stage)
        assert {asked.state for asked in sim.asked()} == {"updated"}
        assert [sent.buttons for sent in stage.posted()] == [((("Yes", "helpful:1"), ("No", "unhelpful:1")),)]
        await stage.adapter.send(reply_to(own.reply_to, "I open a ticket.", key="in:2:ticket"))
        assert [sent.reply_to for sent in stage.posted()] == [question.message_id, question.message_id]
    assert (own.kind, own.action, own.message_id) == (Kind.ACTION, "unhelpful:1", posted)
    assert own.conversation_key == question.conversation_key
    assert other.conversation_key != question.conversation_key
    assert other.author.id == bram.id


async def test_a_button_in_an_answer_for_ones_eyes_is_answered_there(sim: DiscordSimulator) -> None:
    async with running(sim) as stage:
        ana, there = stage.world.ana, stage.world.lounge.id
        question = await asks(stage, "ask", question="where is my card?")
        posted = await stage.adapter.send(reply_to(question.reply_to, "Did this help?", buttons=(YES, NO)))
        tap = await stage.next_after(lambda: sim.press(ana.id, there, posted, "Yes"))
        await settled(stage)
        await stage.adapter.send(reply_to(tap.reply_to, "Glad to hear.", key="in:2:helpful"))
        assert await seen(stage, ana.id) == ["Did this help?\n\nGlad to hear."]
        assert await seen(stage, stage.world.bram.id) == []
        (shown,) = [m for m in sim.history(there, seen_by=ana.id) if m["id"] == posted]
        assert shown["components"] == []
    assert tap.conversation_key == question.conversation_key


# --- registration -----------------------------------------------------------------------------------------------------


async def test_commands_are_registered_only_where_they_differ(sim: DiscordSimulator) -> None:
    path = "/applications/{application_id}/commands"
    async with running(sim) as stage:
        assert {command["name"] for command in sim.commands()} == {
            "ask", "ticket", "status", "language", "help", "claim", MENU,
        }  # fmt: skip
        world = stage.world
    assert len(sim.calls("PUT", path)) == 1
    async with running(sim, on=world):
        await asyncio.sleep(0.2)
    assert len(sim.calls("PUT", path)) == 1
    world.bot.commands[""] = [{**command, "description": "old"} for command in sim.commands()]
    async with running(sim, on=world):
        async with asyncio.timeout(5):
            while len(sim.calls("PUT", path)) == 1:
                await asyncio.sleep(0.01)
