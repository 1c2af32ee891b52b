"""The Telegram adapter with the real SDK, over a socket to the simulator."""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from telegram import error as errors

from adapters.base import (
    Addressed,
    Busy,
    Button,
    ChannelError,
    ChannelSetupError,
    IncomingMessage,
    Kind,
    MaybePosted,
    Moved,
    Rejected,
    ReplyTarget,
    Unreachable,
    Visibility,
)
from adapters.markup import escape, render
from adapters.splitting import length
from adapters.telegram import Settings, TelegramAdapter, create
from adapters.telegram.wire import OUTCOMES, rendered
from bots.ledger.database import LedgerUnwritable
from simulators.telegram import TelegramSimulator
from simulators.telegram.entities import found
from tests.adapters.ground import Ground, ran
from tests.adapters.telegram.stage import BOT_ID, TOKEN, Stage, reply_to, running, settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence


async def until(happens: Callable[[], bool], timeout_s: float = 10) -> None:
    async with asyncio.timeout(timeout_s):
        while not happens():
            await asyncio.sleep(0.01)


async def nowhere(messages: Sequence[IncomingMessage]) -> None:
    raise AssertionError(f"{len(messages)} messages came from a bot that cannot log in")


@pytest.fixture
async def sim() -> AsyncIterator[TelegramSimulator]:
    async with TelegramSimulator() as simulator:
        yield simulator


@pytest.fixture
async def stage(sim: TelegramSimulator) -> AsyncIterator[Stage]:
    async with running(sim) as started:
        yield started


async def test_a_private_question_comes_in_and_the_reply_goes_out(stage: Stage) -> None:
    asked = await stage.user_says("Where is my deposit?")

    assert asked.kind is Kind.CREATED
    assert asked.addressed is Addressed.DIRECT
    assert asked.visibility is Visibility.PRIVATE
    assert asked.text == "Where is my deposit?"
    assert asked.account == BOT_ID
    assert asked.author.id == str(stage.alice.id)
    assert asked.author.handle == "alice"
    assert asked.language_hint == "nl"
    assert asked.conversation_key == f"telegram:{BOT_ID}:{stage.alice.id}"
    assert asked.dedupe_key.startswith(f"telegram:{BOT_ID}:update:8000000")

    posted_id = await stage.adapter.send(reply_to(asked.reply_to, "It is on its **way**."))

    [posted] = stage.posted()
    assert posted.text == "It is on its way."
    assert posted.chat_id == stage.alice.id
    assert posted.reply_to == int(asked.message_id)
    assert posted_id == str(posted.message_id)


# --- receiving -----------------------------------------------------------------------------------------------------


async def test_an_update_is_confirmed_only_after_it_was_delivered(sim: TelegramSimulator) -> None:
    sim.add_bot(TOKEN)
    alice = sim.add_user("Alice")
    sim.write(alice.id, "one")
    sim.write(alice.id, "two")
    entered = asyncio.Event()
    inbox: list[IncomingMessage] = []

    async def never(messages: Sequence[IncomingMessage]) -> None:
        inbox.extend(messages)
        entered.set()
        await asyncio.Event().wait()

    killed = create("telegram", settings(sim), Ground().surroundings())
    async with ran(killed, never):
        await asyncio.wait_for(entered.wait(), 5)
        await asyncio.sleep(0.1)
        assert sim.pending() == ["message", "message"]
    await killed.close()
    assert sim.pending() == ["message", "message"]
    assert len(sim.calls("getUpdates")) == 1

    again: list[IncomingMessage] = []

    async def store(messages: Sequence[IncomingMessage]) -> None:
        again.extend(messages)

    restarted = create("telegram", settings(sim), Ground().surroundings())
    async with ran(restarted, store):
        await until(lambda: not sim.pending())
    await restarted.close()
    assert [message.dedupe_key for message in again] == [message.dedupe_key for message in inbox]
    assert [message.text for message in again] == ["one", "two"]


async def test_a_broken_update_stops_no_other(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    broken: list[dict[str, Any]] = [
        {"message": "a secret word"},
        {"message": {"message_id": "x", "text": "a secret word"}},
        {"message": {"message_id": 1, "date": 1, "chat": {"id": 1}, "text": "a secret word"}},
        {"callback_query": {"id": 5, "from": []}},
        {"edited_message": {"message_id": 1, "date": "a secret word", "chat": {"id": 1, "type": "private"}}},
        {"message": None},
        {"guest_message": {"new": "a secret word"}},
        {"purchased_paid_media": 7},
        {},
    ]
    for update in broken:
        stage.sim.push_raw(update)
    got = await stage.user_says("still there?")

    assert got.text == "still there?"
    assert len(stage.inbox) == 1
    await until(lambda: not stage.sim.pending())
    unreadable = [record for record in caplog.records if getattr(record, "action", "") == "update_unreadable"]
    assert len(unreadable) >= 4
    assert "secret" not in caplog.text


async def test_an_update_without_a_number_is_not_fetched_in_a_hot_loop(sim: TelegramSimulator) -> None:
    sim.add_bot(TOKEN)
    sim.push_raw({"update_id": "broken"})
    adapter = create("telegram", settings(sim), Ground().surroundings())
    async with ran(adapter, nowhere):
        await until(lambda: len(sim.calls("getUpdates")) >= 2)
        await asyncio.sleep(1)
    await adapter.close()

    assert len(sim.calls("getUpdates")) <= 13  # the back-off is at least 0.1 s here


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "cut_before"},
        {"kind": "cut_after"},
        {"kind": "bad_gateway_before"},
        {"kind": "too_many_requests"},
        {"kind": "error", "code": 500},
        {"kind": "error", "code": 200},  # JSON, but not Telegram's
    ],
)
async def test_receiving_survives_the_network(stage: Stage, fault: dict[str, Any]) -> None:
    await stage.user_says("first")
    stage.sim.arm(**fault, method="getUpdates", times=3)
    stage.sim.write(stage.alice.id, "second")

    async with asyncio.timeout(15):
        assert (await stage.arrives(2)).text == "second"


async def test_an_answer_that_drips_does_not_hold_the_channel(sim: TelegramSimulator) -> None:
    async with running(sim, poll_timeout_s=0, request_timeout_s=0.3) as stage:
        await stage.user_says("first")
        stage.sim.arm("drip", method="getUpdates", seconds=60)

        assert (await stage.user_says("second")).text == "second"


async def test_it_starts_before_telegram_can_be_reached(sim: TelegramSimulator) -> None:
    sim.arm("cut_before", method="getMe", times=2)
    sim.arm("error", method="getMe", code=200)
    sim.arm("bad_gateway_before", method="deleteWebhook", times=2)
    async with running(sim) as stage:
        assert (await stage.user_says("hello")).text == "hello"


async def test_another_poller_is_reported_and_not_raced(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    await stage.user_says("first")
    before = len(stage.sim.calls("getUpdates"))
    stage.sim.arm(
        "error", method="getUpdates", times=3, code=409, description="Conflict: terminated by other getUpdates"
    )
    await until(lambda: len(stage.sim.calls("getUpdates")) >= before + 5)
    refused = [call.started_at for call in stage.sim.calls("getUpdates") if call.status == 409]

    assert len(refused) == 3
    assert all((later - earlier).total_seconds() >= 0.3 for earlier, later in pairwise(refused))
    assert (await stage.user_says("second")).text == "second"
    assert any(getattr(record, "action", "") == "channel_conflict" for record in caplog.records)


async def test_polling_begins_with_the_end_of_any_webhook(stage: Stage) -> None:
    await stage.user_says("first")
    [removal] = stage.sim.calls("deleteWebhook")

    assert removal.number < stage.sim.calls("getUpdates")[0].number
    assert str(removal.params["drop_pending_updates"]).lower() == "false"


async def test_a_webhook_left_behind_is_removed_without_losing_anything(sim: TelegramSimulator) -> None:
    sim.add_bot("110201544:other")
    async with running(sim) as stage:
        await stage.user_says("first", bot_id=int(BOT_ID))
        async with aiohttp.ClientSession() as session:
            url = f"{sim.base_url}{TOKEN}/setWebhook"
            await session.post(url, json={"url": "http://127.0.0.1:1/nowhere"})
        assert (await stage.user_says("second", bot_id=int(BOT_ID))).text == "second"


async def test_a_wrong_token_is_a_sentence_without_the_token(sim: TelegramSimulator) -> None:
    sim.add_bot("110201544:other")
    adapter = create("telegram", settings(sim), Ground().surroundings())
    try:
        with pytest.raises(ChannelSetupError, match="BotFather") as caught:
            await asyncio.wait_for(adapter.run(nowhere), 5)
        assert "CANARY" not in "".join(traceback.format_exception(caught.value))
        [finding] = await adapter.check()
        assert not finding.ok
    finally:
        await adapter.close()


async def test_what_a_failing_ledger_says_ends_the_run_and_confirms_nothing(sim: TelegramSimulator) -> None:
    sim.add_bot(TOKEN)
    sim.write(sim.add_user("Alice").id, "one")
    adapter = create("telegram", settings(sim), Ground().surroundings())

    async def full(messages: Sequence[IncomingMessage]) -> None:
        raise OSError(f"no space left for {len(messages)}")

    with pytest.raises(OSError, match="no space left for 1"):
        await asyncio.wait_for(adapter.run(full), 5)
    await adapter.close()
    assert sim.pending() == ["message"]


@pytest.mark.parametrize("broken", ["unreadable", "unwritable"])
async def test_what_a_failing_ledger_says_of_places_confirms_nothing_either(
    sim: TelegramSimulator, broken: str
) -> None:
    sim.add_bot(TOKEN, can_read_all_group_messages=True)
    alice = sim.add_user("Alice")
    group = sim.add_chat("Exchange users", kind="group", members=[alice.id])
    sim.set_member(group.id, int(BOT_ID), "member", quietly=True)
    sim.migrate(group.id)  # what the adapter has to write down
    sim.write(alice.id, "do not lose me")
    waiting = len(sim.pending())
    ground = Ground()
    setattr(ground, broken, LedgerUnwritable("no space left"))
    adapter = create("telegram", settings(sim), ground.surroundings())

    with pytest.raises(LedgerUnwritable, match="no space left"):
        await asyncio.wait_for(adapter.run(nowhere), 5)
    assert len(sim.pending()) == waiting

    setattr(ground, broken, None)
    stored: list[IncomingMessage] = []

    async def store(messages: Sequence[IncomingMessage]) -> None:
        stored.extend(messages)

    async with ran(adapter, store):
        await until(lambda: not sim.pending())
    await adapter.close()
    assert stored[-1].text == "do not lose me"
    assert len(stored) == waiting


async def test_a_tap_is_delivered_and_its_clock_stopped(stage: Stage) -> None:
    asked = await stage.user_says("hi")
    buttons = (Button(label="Yes", action="helped:yes"), Button(label="No", action="helped:no"))
    posted_id = await stage.adapter.send(reply_to(asked.reply_to, "Did this help?", buttons=buttons))
    assert stage.posted()[0].buttons == ((("Yes", "helped:yes"), ("No", "helped:no")),)

    stage.sim.arm("error", method="answerCallbackQuery", code=400, description="Bad Request: query is too old")
    stage.sim.tap(stage.alice.id, int(posted_id), "No")
    tapped = await stage.arrives(2)
    assert (tapped.kind, tapped.action, tapped.message_id) == (Kind.ACTION, "helped:no", posted_id)
    assert tapped.conversation_key == asked.conversation_key
    stage.sim.tap(stage.alice.id, int(posted_id), "Yes", is_old=True)
    assert (await stage.arrives(3)).action == "helped:yes"
    await until(lambda: len(stage.sim.calls("answerCallbackQuery")) == 2)
    assert (await stage.user_says("bye")).text == "bye"


async def test_the_menu_is_set_in_two_languages(stage: Stage) -> None:
    await until(lambda: len(stage.sim.calls("setMyCommands")) == 2)
    [general, dutch] = stage.sim.calls("setMyCommands")
    offered = [each["command"] for each in general.params["commands"]]
    assert offered == ["help", "ticket", "status", "claim", "language"]
    assert dutch.params["language_code"] == "nl"


# --- groups, topics, comments --------------------------------------------------------------------------------------


async def test_the_reply_stays_in_the_topic(stage: Stage) -> None:
    forum = stage.group(is_forum=True)
    topic = stage.sim.add_topic(forum.id, "Deposits", by_user_id=stage.alice.id)
    await stage.arrives(1)
    asked = await stage.user_says("@firstline_bot where?", chat_id=forum.id, thread_id=topic)
    assert asked.addressed is Addressed.MENTION
    assert asked.parent is None
    await stage.adapter.send(reply_to(asked.reply_to, "Here."))

    [posted] = stage.posted()
    assert (posted.thread_id, posted.reply_to) == (topic, int(asked.message_id))
    followed = await stage.user_says("thanks", chat_id=forum.id, thread_id=topic, reply_to=posted.message_id)
    assert followed.addressed is Addressed.REPLY_TO_BOT
    assert followed.conversation_key == asked.conversation_key


async def test_a_deleted_topic_does_not_lose_the_reply(stage: Stage) -> None:
    forum = stage.group(is_forum=True)
    asked = await stage.user_says("@firstline_bot where?", chat_id=forum.id)
    gone = replace(asked.reply_to, address={**asked.reply_to.address, "thread_id": "4711"})
    await stage.adapter.send(reply_to(gone, "Here."))

    [posted] = stage.posted()
    assert posted.thread_id is None


async def test_comments_under_a_post_are_answered_where_they_stand(stage: Stage) -> None:
    channel = stage.sim.add_chat("News", kind="channel")
    group = stage.group(linked_channel_id=channel.id)
    forward = stage.sim.post(channel.id, "A new coin")[1]
    assert (await stage.arrives(1)).author.is_system
    asked = await stage.user_says("@firstline_bot when?", chat_id=group.id, reply_to=forward["message_id"])
    await stage.adapter.send(reply_to(asked.reply_to, "Now."))
    [posted] = stage.posted()
    followed = await stage.user_says("ok", chat_id=group.id, reply_to=posted.message_id)

    assert asked.thread_key == followed.thread_key == str(forward["message_id"])
    assert asked.conversation_key == followed.conversation_key
    assert f"{group.id}:{forward['message_id']}" in stage.ground.state["telegram:places"]


async def test_a_group_that_moved_is_followed(stage: Stage) -> None:
    old = stage.group(kind="group")
    asked = await stage.user_says("@firstline_bot where?", chat_id=old.id)
    new = stage.sim.migrate(old.id)
    await stage.arrives(3)
    await stage.adapter.send(reply_to(asked.reply_to, "Here."))

    [posted] = stage.posted()
    assert (posted.chat_id, posted.reply_to) == (new.id, None)
    again = await stage.user_says("@firstline_bot and now?", chat_id=new.id)
    assert again.conversation_key == asked.conversation_key


async def test_a_move_that_nobody_told_of_is_learnt_from_the_refusal(stage: Stage) -> None:
    old = stage.group(kind="group")
    asked = await stage.user_says("@firstline_bot where?", chat_id=old.id)
    stage.sim.set_member(old.id, int(BOT_ID), "left", quietly=True)
    new = stage.sim.migrate(old.id)
    stage.sim.set_member(new.id, int(BOT_ID), "member", quietly=True)
    with pytest.raises(Moved) as caught:
        await stage.adapter.send(reply_to(asked.reply_to, "Here."))
    assert caught.value.target.address == {"chat_id": str(new.id)}
    assert caught.value.target.place == str(new.id)
    await stage.adapter.send(reply_to(caught.value.target, "Here."))
    await stage.adapter.send(reply_to(asked.reply_to, "And here."))

    assert [posted.chat_id for posted in stage.posted()] == [new.id, new.id]


@pytest.mark.parametrize("broken", ["unreadable", "unwritable"])
async def test_a_move_that_cannot_be_written_down_is_reported_all_the_same(sim: TelegramSimulator, broken: str) -> None:
    sim.add_bot(TOKEN)
    old = sim.add_chat("Exchange users", kind="group")
    sim.set_member(old.id, int(BOT_ID), "member", quietly=True)
    new = sim.migrate(old.id)
    ground = Ground()
    setattr(ground, broken, LedgerUnwritable("no space left"))
    adapter = create("telegram", settings(sim), ground.surroundings())
    target = ReplyTarget(
        channel="telegram", place=str(old.id), address={"chat_id": str(old.id)}, visibility=Visibility.MEMBERS
    )
    try:
        with pytest.raises(Moved) as caught:
            await adapter.send(reply_to(target, "Here."))
        await adapter.send(reply_to(caught.value.target, "Here."))
    finally:
        await adapter.close()

    assert [posted.chat_id for posted in sim.sent()] == [new.id]


async def complaint_in(stage: Stage) -> tuple[int, int, int]:
    """A group with a moderator and Bob's complaint: chat id, moderator's id, message id."""
    group = stage.group()
    bob = stage.sim.add_user("Bob")
    moderator = stage.sim.add_user("Mo")
    stage.sim.set_member(group.id, moderator.id, "administrator", quietly=True)
    complaint = stage.sim.write(bob.id, "my money is gone", chat_id=group.id)
    await stage.arrives(len(stage.inbox) + 1)
    return group.id, moderator.id, complaint["message_id"]


async def test_a_moderator_is_looked_up_once_a_minute(stage: Stage) -> None:
    chat_id, moderator_id, complaint_id = await complaint_in(stage)
    before = len(stage.inbox)
    for _ in range(2):
        stage.sim.write(moderator_id, "/ticket look", chat_id=chat_id, reply_to=complaint_id)
    acts = [await stage.arrives(before + 1), await stage.arrives(before + 2)]

    for act in acts:
        assert act.author.roles == ("moderator",)
        assert act.on_behalf_of is not None
        assert act.on_behalf_of.display_name == "Bob"
    assert len(stage.sim.calls("getChatMember")) == 1
    staff = acts[0].staff_reply_to
    assert staff is not None
    await stage.adapter.send(reply_to(staff, "Done.", quiet=True))
    assert stage.posted()[0].reply_to == int(acts[0].message_id)
    assert stage.sim.calls("sendMessage")[0].params["disable_notification"] in {True, "true", "True"}


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "error", "code": 500},
        {"kind": "cut_after"},
        {"kind": "error", "code": 200},  # JSON, but not Telegram's
    ],
)
async def test_a_member_is_no_moderator_and_a_failed_look_up_is_told_apart(stage: Stage, fault: dict[str, Any]) -> None:
    chat_id, _, complaint_id = await complaint_in(stage)
    member = await stage.user_says("/ticket", chat_id=chat_id, reply_to=complaint_id)
    assert (member.author.roles_source, member.on_behalf_of, member.staff_reply_to) == ("getChatMember", None, None)

    mallory = stage.sim.add_user("Mallory")
    stage.sim.arm(method="getChatMember", **fault)
    stage.sim.write(mallory.id, "/ticket", chat_id=chat_id, reply_to=complaint_id)
    unknown = await stage.arrives(len(stage.inbox) + 1)
    assert (unknown.author.roles, unknown.author.roles_source, unknown.on_behalf_of) == ((), "", None)
    assert unknown.staff_reply_to is not None


async def test_a_configured_moderator_needs_no_look_up(sim: TelegramSimulator) -> None:
    sim.add_user("Mo", user_id=77)
    async with running(sim, moderators=["77"]) as stage:
        chat_id, _, complaint_id = await complaint_in(stage)
        sim.write(77, "/ticket", chat_id=chat_id, reply_to=complaint_id)
        act = await stage.arrives(len(stage.inbox) + 1)

    assert (act.author.roles, act.author.roles_source) == (("moderator",), "settings")
    assert act.on_behalf_of is not None
    assert sim.calls("getChatMember") == []


async def test_messages_are_deleted_where_the_bot_may(stage: Stage) -> None:
    group = stage.group()
    secret = await stage.user_says("twelve words", chat_id=group.id)
    assert await stage.adapter.delete(secret) is False
    stage.sim.set_member(group.id, int(BOT_ID), "administrator", quietly=True)
    assert await stage.adapter.delete(secret) is True
    assert int(secret.message_id) not in [message["message_id"] for message in stage.sim.history(group.id)]
    assert await stage.adapter.delete(replace(secret, message_ref={})) is False


# --- sending -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "error", "posted"),
    [
        ({"kind": "too_many_requests", "seconds": 7}, Busy, 0),
        ({"kind": "error", "code": 403, "description": "Forbidden: bot was blocked by the user"}, Rejected, 0),
        ({"kind": "error", "code": 400, "description": "Bad Request: chat not found"}, Rejected, 0),
        ({"kind": "error", "code": 401, "description": "Unauthorized"}, Unreachable, 0),
        ({"kind": "error", "code": 500, "description": "Internal Server Error"}, MaybePosted, 0),
        ({"kind": "error", "code": 200, "description": "nothing of Telegram's"}, MaybePosted, 0),
        ({"kind": "bad_gateway_before"}, MaybePosted, 0),
        ({"kind": "bad_gateway_after"}, MaybePosted, 1),
        ({"kind": "cut_before"}, MaybePosted, 0),
        ({"kind": "cut_after"}, MaybePosted, 1),
        ({"kind": "hang_after", "seconds": 5}, MaybePosted, 1),
    ],
)
async def test_every_failure_says_whether_the_reply_was_posted(
    sim: TelegramSimulator, fault: dict[str, Any], error: type[ChannelError], posted: int
) -> None:
    async with running(sim, request_timeout_s=0.5) as stage:
        asked = await stage.user_says("hi")
        stage.sim.arm(**fault, method="sendMessage")
        with pytest.raises(error) as caught:
            await stage.adapter.send(reply_to(asked.reply_to, "Hello."))

    assert type(caught.value) is error
    assert len(stage.posted()) == posted
    assert len(stage.sim.calls("sendMessage")) == 1
    if isinstance(caught.value, Busy):
        assert caught.value.retry_after_s == 7


async def test_nobody_listens_is_unreachable(sim: TelegramSimulator, unused_tcp_port: int) -> None:
    async with running(sim) as stage:
        asked = await stage.user_says("hi")
    away = settings(sim, api_base=f"http://127.0.0.1:{unused_tcp_port}/bot")
    adapter = create("telegram", away, Ground().surroundings())
    with pytest.raises(Unreachable):
        await adapter.send(reply_to(asked.reply_to, "Hello."))
    [finding] = await adapter.check()
    assert not finding.ok
    assert "CANARY" not in finding.text
    await adapter.close()
    await adapter.close()


async def test_a_user_who_blocked_the_bot_is_a_refusal(stage: Stage) -> None:
    asked = await stage.user_says("hi")
    stage.sim.set_blocked(stage.alice.id)
    with pytest.raises(Rejected, match="blocked"):
        await stage.adapter.send(reply_to(asked.reply_to, "Hello."))


def test_every_error_of_the_sdk_is_mapped() -> None:
    everything = {errors.TelegramError}
    while more := {sub for each in everything for sub in each.__subclasses__()} - everything:
        everything |= more
    assert {each for each in everything if each.__module__.startswith("telegram")} == set(OUTCOMES)


async def test_a_question_that_was_deleted_is_answered_all_the_same(stage: Stage) -> None:
    asked = await stage.user_says("hi")
    stage.sim.delete(stage.alice.id, int(asked.message_id))
    await stage.adapter.send(reply_to(asked.reply_to, "Hello."))
    assert stage.posted()[0].reply_to is None


async def test_formatting_is_counted_in_utf16_and_nothing_is_parsed(stage: Stage) -> None:
    asked = await stage.user_says("hi")
    await stage.adapter.send(reply_to(asked.reply_to, "🎉 **bold 🎉** `code` <b>_x_</b> [a](http://b) \\*not\\*"))

    message = stage.sim.history(stage.alice.id)[-1]
    assert message["text"] == "🎉 bold 🎉 code <b>_x_</b> [a](http://b) *not*"
    ours = [each for each in message["entities"] if each["type"] in {"bold", "code"}]
    assert ours == [{"type": "bold", "offset": 3, "length": 7}, {"type": "code", "offset": 11, "length": 4}]
    params = stage.sim.calls("sendMessage")[0].params
    assert "parse_mode" not in params
    assert params["link_preview_options"] == {"is_disabled": True}
    assert params["reply_parameters"]["allow_sending_without_reply"] is True


@pytest.mark.parametrize(
    "text",
    [
        "\u202e\u200f right to left \u200b\u2060 zero width",
        "**`_[](){}<script>&amp;</script>||~~# > +-=|.!\\",
        "👨‍👩‍👧‍👦🏳️‍🌈" * 50,
        "x" * 4096,
        "🎉" * 2048,
        "@alice " * 580,
    ],
)
async def test_hostile_text_is_posted_as_it_is(stage: Stage, text: str) -> None:
    asked = await stage.user_says("hi")
    await stage.adapter.send(reply_to(asked.reply_to, escape(text)))

    assert stage.posted()[0].text == text.replace("@", "＠").strip()


@given(
    st.lists(
        st.sampled_from(["@", "@", "alice", "all_1", "**", "`", "\\", " ", "é", "🎉", "\n", ".", "/"]), max_size=40
    )
)
def test_no_reply_ever_names_anybody(pieces: list[str]) -> None:
    markup = "".join(pieces)
    text, entities = rendered(markup)

    assert [each for each in found(text) if each["type"] == "mention"] == []
    assert length(text, "utf16") == length(render(markup).text, "utf16")
    assert len(entities) == len(render(markup).spans)


def test_an_address_of_mail_stays_readable() -> None:
    assert rendered("Write to support@exchange.example")[0] == "Write to support@exchange.example"


# --- webhook -------------------------------------------------------------------------------------------------------


class Hooked:
    """A web server with the adapter's routes, which come into being after its address is known."""

    def __init__(self) -> None:
        self.adapter: TelegramAdapter | None = None
        self.begun: list[str] = []
        self.statuses: list[int] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        assert self.adapter is not None
        self.begun.append(request.path)
        for route in self.adapter.routes():
            if isinstance(route, web.RouteDef) and request.path == route.path:
                response: web.StreamResponse = await route.handler(request)
                self.statuses.append(response.status)
                return response
        raise web.HTTPNotFound


@pytest.fixture
async def hook() -> AsyncIterator[tuple[Hooked, str]]:
    hooked = Hooked()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", hooked.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield hooked, f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_a_webhook_is_confirmed_after_delivery_and_checks_its_secret(
    sim: TelegramSimulator, hook: tuple[Hooked, str]
) -> None:
    hooked, url = hook
    ground = Ground(public_url=url)
    async with running(sim, ground=ground, mode="webhook") as stage:
        hooked.adapter = stage.adapter
        await until(lambda: bool(sim.calls("setWebhook")))
        secret = sim.calls("setWebhook")[0].params["secret_token"]
        assert len(secret) == 64
        assert (await stage.user_says("through the hook")).text == "through the hook"
        await until(lambda: not sim.pending())

        headers = {"X-Telegram-Bot-Api-Secret-Token": secret}
        wrong = [{}, {"X-Telegram-Bot-Api-Secret-Token": secret[:-1]}, {"X-Telegram-Bot-Api-Secret-Token": "é"}]
        async with aiohttp.ClientSession() as session:
            for bad in wrong:
                async with session.post(f"{url}/webhooks/telegram", data=b"{no json", headers=bad) as response:
                    assert response.status == 403
            async with session.post(f"{url}/webhooks/telegram", data=b"{no json", headers=headers) as response:
                assert response.status == 400
            async with session.post(f"{url}/webhooks/telegram", json={"update_id": 1}, headers=headers) as response:
                assert response.status == 200
        assert len(stage.inbox) == 1


async def test_a_webhook_that_could_not_deliver_is_sent_again(sim: TelegramSimulator, hook: tuple[Hooked, str]) -> None:
    hooked, url = hook
    sim.add_bot(TOKEN)
    adapter = create("telegram", settings(sim, mode="webhook"), Ground(public_url=url).surroundings())
    hooked.adapter = adapter
    stored: list[IncomingMessage] = []
    tries = 0

    async def deliver(messages: Sequence[IncomingMessage]) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise OSError("disk full")
        stored.extend(messages)

    async with ran(adapter, deliver):
        sim.write(sim.add_user("Alice").id, "do not lose me")
        await until(lambda: bool(stored))
        await until(lambda: not sim.pending())
    await adapter.close()
    assert [message.text for message in stored] == ["do not lose me"]


async def test_a_hook_that_stops_takes_nothing_more_and_loses_nothing(
    sim: TelegramSimulator, hook: tuple[Hooked, str]
) -> None:
    hooked, url = hook
    sim.add_bot(TOKEN)
    alice = sim.add_user("Alice")
    adapter = create("telegram", settings(sim, mode="webhook"), Ground(public_url=url).surroundings())
    hooked.adapter = adapter
    stored: list[str] = []

    async def store(messages: Sequence[IncomingMessage]) -> None:
        stored.extend(message.text for message in messages)

    async with ran(adapter, store):
        sim.write(alice.id, "before")
        await until(lambda: stored == ["before"])
    sim.write(alice.id, "while it stops")
    await until(lambda: 503 in hooked.statuses)
    assert stored == ["before"]
    assert sim.pending() == ["message"]

    async with ran(adapter, store):
        await until(lambda: not sim.pending())
    await adapter.close()
    assert stored == ["before", "while it stops"]


async def test_a_hook_that_stops_while_it_reads_does_not_confirm_what_it_did_not_store(
    sim: TelegramSimulator, hook: tuple[Hooked, str]
) -> None:
    hooked, url = hook
    ground = Ground(public_url=url)
    sim.add_bot(TOKEN, can_read_all_group_messages=True)
    adapter = create("telegram", settings(sim, mode="webhook", request_timeout_s=5), ground.surroundings())
    hooked.adapter = adapter
    stored: list[str] = []

    async def store(messages: Sequence[IncomingMessage]) -> None:
        stored.extend(message.text for message in messages)

    alice, mo = sim.add_user("Alice"), sim.add_user("Mo")
    group = sim.add_chat("Exchange users", members=[alice.id, mo.id])
    sim.set_member(group.id, int(BOT_ID), "member", quietly=True)
    async with ran(adapter, store):
        complaint = sim.write(alice.id, "gone", chat_id=group.id)
        await until(lambda: stored == ["gone"])
        sim.arm("hang_before", method="getChatMember", seconds=0.3)
        sim.write(mo.id, "/ticket look", chat_id=group.id, reply_to=complaint["message_id"])
        await until(lambda: len(hooked.begun) == 2)
        await asyncio.sleep(0.1)  # it now asks who Mo is
    await until(lambda: len(hooked.statuses) == 2)
    await adapter.close()

    assert (hooked.statuses[1] == 200) == (stored == ["gone", "look"])


async def test_hooks_at_the_same_moment_forget_nothing_of_each_other(
    sim: TelegramSimulator, hook: tuple[Hooked, str]
) -> None:
    hooked, url = hook
    ground = Ground(public_url=url)
    async with running(sim, ground=ground, mode="webhook") as stage:
        hooked.adapter = stage.adapter
        await until(lambda: bool(sim.calls("setWebhook")))
        headers = {"X-Telegram-Bot-Api-Secret-Token": str(sim.calls("setWebhook")[0].params["secret_token"])}
        moves = {f"-{old}": f"-100{old}" for old in range(1, 9)}

        async def told(session: aiohttp.ClientSession, old: str, new: str) -> int:
            chat = {"id": int(old), "type": "group", "title": "Users"}
            moved = {"message_id": 1, "date": 1_790_000_000, "chat": chat, "migrate_to_chat_id": int(new)}
            update = {"update_id": -int(old), "message": moved}
            async with session.post(f"{url}/webhooks/telegram", json=update, headers=headers) as response:
                return response.status

        async with aiohttp.ClientSession() as session:
            statuses = await asyncio.gather(*(told(session, old, new) for old, new in moves.items()))

    assert set(statuses) == {200}
    assert json.loads(ground.state["telegram:places"])["moved"] == moves


async def test_polling_has_no_routes(stage: Stage) -> None:
    assert stage.adapter.routes() == []


# --- settings, check, secrets --------------------------------------------------------------------------------------


def test_settings_refuse_handles_and_take_numbers() -> None:
    given_ids = Settings.model_validate({"token": "1:x", "moderators": [77], "help_channels": [-1001, "-1001/17"]})
    assert given_ids.moderators == ("77",)
    assert given_ids.help_channels == ("-1001", "-1001/17")
    for wrong, said in (
        ({"moderators": ["@mo"]}, "no user id"),
        ({"help_channels": ["exchange_users"]}, "no place"),
        ({"webhook_secret": "not allowed!"}, "1 to 256"),
        ({"token": ""}, "token"),
        ({"poll_time": 3}, "poll_time"),
    ):
        with pytest.raises(ValidationError, match=said):
            Settings.model_validate({"token": "1:x", **wrong})


async def test_check_says_what_the_bot_may_do(sim: TelegramSimulator) -> None:
    sim.add_bot(TOKEN, can_read_all_group_messages=False)
    adapter = create("telegram", settings(sim), Ground().surroundings())
    try:
        findings = await adapter.check()
        text = " ".join(finding.text + finding.cure for finding in findings)
        assert "@firstline_bot" in text
        assert "privacy mode is on" in text
        assert "/setprivacy" in text
        assert all(finding.ok for finding in findings)
        async with aiohttp.ClientSession() as session:
            await session.post(f"{sim.base_url}{TOKEN}/setWebhook", json={"url": "http://127.0.0.1:1/x?secret"})
        assert [finding.text for finding in await adapter.check() if not finding.ok] == [
            "Telegram sends this bot's messages to a webhook at 127.0.0.1; it is removed when the bot starts."
        ]
    finally:
        await adapter.close()


async def test_the_token_is_in_no_log_error_or_repr(
    sim: TelegramSimulator, caplog: pytest.LogCaptureFixture, unused_tcp_port: int
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("telegram", "httpx", "httpcore", "telegram.Bot"):
        caplog.set_level(logging.DEBUG, logger=name)
    traces = []
    faults = ["cut_before", "bad_gateway_before", "error", "too_many_requests", "hang_before"]
    async with running(sim, request_timeout_s=0.3) as stage:
        asked = await stage.user_says("hi")
        for kind in faults:
            stage.sim.arm(kind, method="sendMessage")
            stage.sim.arm(kind, method="getUpdates")
            with pytest.raises(ChannelError) as caught:
                await stage.adapter.send(reply_to(asked.reply_to, "Hello."))
            traces.append("".join(traceback.format_exception(caught.value)))
        await stage.user_says("still here")
        shown = f"{stage.adapter!r} {stage.adapter.__dict__} {settings(sim)!r}"
    away = create(
        "telegram", settings(sim, api_base=f"http://127.0.0.1:{unused_tcp_port}/bot"), stage.ground.surroundings()
    )
    with pytest.raises(Unreachable) as refused:
        await away.send(reply_to(asked.reply_to, "Hello."))
    traces.append("".join(traceback.format_exception(refused.value)))
    await away.close()

    assert "HTTP Request: POST" in caplog.text
    assert "Can not load" not in caplog.text  # the SDK would log whole answers
    assert len(traces) == 6
    for place in (caplog.text, shown, *traces, *(str(vars(record)) for record in caplog.records)):
        assert "CANARY" not in place
