"""The adapter for X with the real SDK, over a socket to the simulator."""

from __future__ import annotations

import asyncio
import json
import re
import time
from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from adapters.base import (
    Addressed,
    Busy,
    ChannelError,
    ChannelSetupError,
    IncomingMessage,
    Kind,
    MaybePosted,
    Rejected,
    Release,
    Unreachable,
    Visibility,
)
from adapters.markup import escape
from adapters.twitter import Settings, TwitterAdapter, create
from simulators.twitter import TwitterSimulator
from simulators.twitter.scene import TwitterScene
from tests.adapters.contract import HOSTILE
from tests.adapters.ground import Ground, ran
from tests.adapters.twitter.stage import Stage, people, reply_to, running, settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

MENTIONS = "GET /2/users/:id/mentions"
LOOK_UP = "GET /2/tweets"
POST = "POST /2/tweets"
MESSAGES = "GET /2/dm_events"
MESSAGE = "POST /2/dm_conversations/with/:participant_id/messages"
NEVER: dict[str, Any] = {"poll_interval_s": 3600, "message_poll_interval_s": 3600}


async def until(happens: Callable[[], bool], timeout_s: float = 10) -> None:
    async with asyncio.timeout(timeout_s):
        while not happens():
            await asyncio.sleep(0.01)


@pytest.fixture
async def sim() -> AsyncIterator[TwitterSimulator]:
    async with TwitterSimulator() as simulator:
        yield simulator


@pytest.fixture
async def stage(sim: TwitterSimulator) -> AsyncIterator[Stage]:
    async with running(sim) as started:
        yield started


async def test_a_question_in_public_comes_in_and_the_reply_goes_out(stage: Stage) -> None:
    asked = await stage.user_posts("Where is my deposit?", lang="nl")

    assert asked.kind is Kind.CREATED
    assert asked.addressed is Addressed.MENTION
    assert asked.visibility is Visibility.PUBLIC
    assert asked.text == "Where is my deposit?"
    assert asked.account == stage.bot.id
    assert (asked.author.id, asked.author.handle, asked.author.display_name) == (stage.ana.id, "ana", "Ana")
    assert asked.language_hint == "nl"
    assert asked.conversation_key == f"twitter:{stage.bot.id}:{asked.message_id}:{stage.ana.id}"
    assert asked.dedupe_key == f"twitter:{stage.bot.id}:post:{asked.message_id}"
    assert asked.reply_to.release is Release.AUTOMATIC
    assert asked.reply_to.max_replies == 1

    posted_id = await stage.adapter.send(reply_to(asked.reply_to, "It is on its **way**."))

    [posted] = stage.posted()
    assert (posted.kind, posted.text, posted.reply_to, posted.id) == (
        "post",
        "It is on its way.",
        asked.message_id,
        posted_id,
    )


async def test_a_question_in_private_comes_in_and_the_reply_goes_out(stage: Stage) -> None:
    asked = await stage.user_writes("Where is my deposit?")

    assert asked.addressed is Addressed.DIRECT
    assert asked.visibility is Visibility.PRIVATE
    assert asked.text == "Where is my deposit?"
    assert asked.conversation_key == f"twitter:{stage.bot.id}:dm:{stage.ana.id}"

    posted_id = await stage.adapter.send(reply_to(asked.reply_to, "It is on its **way**."))

    [posted] = stage.posted()
    assert (posted.kind, posted.text, posted.to, posted.id) == ("dm", "It is on its way.", stage.ana.id, posted_id)


# --- receiving -----------------------------------------------------------------------------------------------------


async def test_250_mentions_on_three_pages_come_in_whole_and_in_order(sim: TwitterSimulator) -> None:
    _, ana, *_ = people(sim)
    for number in range(250):
        sim.post(ana.id, f"@firstline_bot question {number}")
    adapter = create("twitter", settings(sim), Ground().surroundings())
    inbox: list[IncomingMessage] = []

    async def deliver(messages: Sequence[IncomingMessage]) -> None:
        inbox.extend(messages)

    async with ran(adapter, deliver):
        await until(lambda: len(inbox) >= 250)
        await until(lambda: len(sim.calls(MENTIONS)) > 5)
    await adapter.close()

    assert [message.text for message in inbox] == [f"question {number}" for number in range(250)]
    first, second, third, later, *_ = sim.calls(MENTIONS)
    assert first.params["since_id"] == second.params["since_id"] == third.params["since_id"]
    assert later.params["since_id"] == inbox[-1].message_id


async def test_the_place_is_marked_only_after_everything_was_delivered(sim: TwitterSimulator) -> None:
    _, ana, *_ = people(sim)
    for number in range(3):
        sim.post(ana.id, f"@firstline_bot question {number}")
    ground = Ground()
    entered = asyncio.Event()
    killed: list[IncomingMessage] = []

    async def never(messages: Sequence[IncomingMessage]) -> None:
        killed.extend(messages)
        entered.set()
        await asyncio.Event().wait()

    adapter = create("twitter", settings(sim), ground.surroundings())
    async with ran(adapter, never):
        await asyncio.wait_for(entered.wait(), 5)
    await adapter.close()

    again: list[IncomingMessage] = []

    async def store(messages: Sequence[IncomingMessage]) -> None:
        again.extend(messages)

    restarted = create("twitter", settings(sim), ground.surroundings())
    async with ran(restarted, store):
        await until(lambda: len(again) >= 3)
        await until(lambda: json.loads(ground.state["twitter:memory"])["mentions"] == again[-1].message_id)
    await restarted.close()
    assert [message.dedupe_key for message in again] == [message.dedupe_key for message in killed]

    last: list[IncomingMessage] = []

    async def nothing(messages: Sequence[IncomingMessage]) -> None:
        last.extend(messages)

    seen = len(sim.calls(MENTIONS))
    third = create("twitter", settings(sim), ground.surroundings())
    async with ran(third, nothing):
        await until(lambda: len(sim.calls(MENTIONS)) > seen + 2)
    await third.close()
    assert not last


async def test_what_was_written_long_before_the_first_start_is_not_answered(
    sim: TwitterSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sim.world, "clock", lambda: time.time() - 3600)
    _, ana, *_ = people(sim)
    sim.post(ana.id, "@firstline_bot an hour ago")
    sim.dm(ana.id, "an hour ago")
    monkeypatch.undo()
    sim.post(ana.id, "@firstline_bot now")
    adapter = create("twitter", settings(sim), Ground().surroundings())
    inbox: list[IncomingMessage] = []

    async def deliver(messages: Sequence[IncomingMessage]) -> None:
        inbox.extend(messages)

    async with ran(adapter, deliver):
        await until(lambda: len(sim.calls(MENTIONS)) > 2 and len(sim.calls(MESSAGES)) > 2)
    await adapter.close()
    assert [message.text for message in inbox] == ["now"]


@pytest.mark.parametrize(
    "kind",
    [
        "unavailable_before",
        "unavailable_after",
        "cut_before",
        "cut_after",
        "too_many_requests_bare",
        "error",
        "odd_dates",
    ],
)
async def test_receiving_survives_the_network(stage: Stage, kind: str) -> None:
    await stage.user_posts("first")
    stage.sim.arm(kind, endpoint=MENTIONS, times=3)
    stage.sim.arm(kind, endpoint=MESSAGES, times=3)
    stage.sim.post(stage.ana.id, "@firstline_bot second")
    stage.sim.dm(stage.ana.id, "third")

    await stage.arrives(3)
    assert {message.text for message in stage.inbox[1:]} == {"second", "third"}
    assert all(message.sent_at.tzinfo is UTC for message in stage.inbox)


async def test_it_starts_before_x_can_be_reached(sim: TwitterSimulator) -> None:
    sim.arm("unavailable_before", endpoint="GET /2/users/me", times=2)
    sim.arm("too_many_requests_bare", endpoint="GET /2/users/me")
    async with running(sim) as stage:
        assert (await stage.user_posts("still there?")).text == "still there?"


async def test_a_429_without_a_reset_never_loops(sim: TwitterSimulator) -> None:
    sim.arm("too_many_requests_bare", endpoint=MENTIONS, times=0)
    async with running(sim):
        await until(lambda: len(sim.calls(MENTIONS)) >= 2)
        await asyncio.sleep(1)
    assert len(sim.calls(MENTIONS)) <= 15  # the back-off is at least 0.1 s here


async def test_a_429_with_a_reset_is_waited_for(stage: Stage) -> None:
    await stage.user_posts("first")
    stage.sim.arm("too_many_requests", endpoint=MENTIONS, seconds=1, times=1)
    stage.sim.post(stage.ana.id, "@firstline_bot second")
    await stage.arrives(2)
    limited = [call for call in stage.sim.calls(MENTIONS) if call.status == 429]
    assert len(limited) == 1
    following = next(call for call in stage.sim.calls(MENTIONS) if call.number > limited[0].number)
    assert (following.started_at - limited[0].started_at).total_seconds() >= 1


async def test_a_post_that_cannot_be_read_stops_no_other_and_is_not_quoted(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    world = stage.sim.world
    broken = stage.sim.post(stage.bram.id, "@firstline_bot a secret word")["id"]
    world.users[""], world.posts[broken] = stage.bram, replace(world.posts[broken], author_id="")
    assert (await stage.user_posts("still there?")).text == "still there?"
    assert any(getattr(record, "action", "") == "post_unreadable" for record in caplog.records)
    assert "secret" not in caplog.text


async def test_an_edit_is_an_edit_and_the_answer_goes_to_the_newest_version(stage: Stage) -> None:
    asked = await stage.user_posts("Where is my deposit")
    edited = stage.sim.edit(asked.message_id, "@firstline_bot Where is my deposit of 5 euro?")
    change = await stage.arrives(2)

    assert (change.kind, change.message_id) == (Kind.EDITED, asked.message_id)
    assert change.text == "Where is my deposit of 5 euro?"
    await stage.adapter.send(reply_to(asked.reply_to, "On its way."))
    [posted] = stage.posted()
    assert posted.reply_to == edited["id"]
    assert await stage.adapter.find(reply_to(asked.reply_to, "On its way.")) == posted.id


async def test_what_is_deleted_suspended_or_protected_is_told(sim: TwitterSimulator) -> None:
    async with running(sim, deletion_check_h=0.0002) as stage:
        asked = [await stage.user_posts("one"), await stage.user_posts("two")]
        sim.post(stage.bram.id, "@firstline_bot three")
        sim.post(stage.mila.id, "@firstline_bot four")
        await stage.arrives(4)
        sim.delete(asked[0].message_id)
        sim.suspend(stage.bram.id)
        sim.set_protected(stage.mila.id)
        await stage.arrives(7)
        await asyncio.sleep(1)  # one more look
    told = stage.inbox[4:]
    assert [message.kind for message in told] == [Kind.DELETED] * 3
    assert {message.message_id for message in told} == {stage.inbox[n].message_id for n in (0, 2, 3)}
    assert told[0].conversation_key in {message.conversation_key for message in stage.inbox[:4]}
    assert len(json.loads(stage.ground.state["twitter:memory"])["watched"]) == 1


async def test_looking_for_deleted_posts_keeps_to_its_share_and_to_their_order(
    sim: TwitterSimulator, caplog: pytest.LogCaptureFixture
) -> None:
    given: dict[str, Any] = {"direct_messages": False, "daily_budget_usd": 0.1, "deletion_budget_share": 0.1}
    async with running(sim, **given) as stage:
        for number in range(5):
            await stage.user_posts(f"question {number}")
        await until(lambda: len(json.loads(stage.ground.state["twitter:memory"])["watched"]) == 5)
    ids = [message.message_id for message in stage.inbox]
    ground = Ground(state={"twitter:memory": stage.ground.state["twitter:memory"]})  # the next day
    sim.delete(ids[4])
    again = create("twitter", settings(sim, **given, deletion_check_h=0.0002), ground.surroundings())
    inbox: list[IncomingMessage] = []

    async def deliver(messages: Sequence[IncomingMessage]) -> None:
        inbox.extend(messages)

    async with ran(again, deliver):
        await asyncio.sleep(3)
    await again.close()
    looked = [call.params["ids"] for call in sim.calls(LOOK_UP)]
    assert looked == [",".join(ids[:2])]
    assert list(json.loads(ground.state["twitter:memory"])["watched"]) == [*ids[2:], *ids[:2]]
    assert json.loads(ground.state["twitter:meter"])["counts"]["post_look"] == 2
    assert not inbox
    assert any(getattr(record, "action", "") == "deletions_late" for record in caplog.records)


async def test_the_deletion_of_a_complaint_that_was_handed_over_is_told(sim: TwitterSimulator) -> None:
    async with running(sim, deletion_check_h=0.0002) as stage:
        complaint = sim.post(stage.ana.id, "they lost my money")
        sim.post(stage.mila.id, "@firstline_bot ticket", reply_to=complaint["id"])
        act = await stage.arrives(1)
        sim.delete(complaint["id"])
        gone = await stage.arrives(2)
    assert (gone.kind, gone.message_id) == (Kind.DELETED, complaint["id"])
    assert (gone.conversation_key, gone.reply_to.place) == (act.conversation_key, act.reply_to.place)


async def test_posts_are_looked_for_no_oftener_than_configured(sim: TwitterSimulator) -> None:
    async with running(sim) as stage:
        await stage.user_posts("one")
        await asyncio.sleep(0.3)
    assert not sim.calls(LOOK_UP)


async def test_many_direct_messages_come_in_whole_and_in_order(sim: TwitterSimulator) -> None:
    async with running(sim, **NEVER) as first:
        await until(lambda: len(sim.calls(MESSAGES)) == 1)
    for number in range(50):
        sim.dm(first.ana.id, f"line {number}")
    inbox: list[IncomingMessage] = []

    async def deliver(messages: Sequence[IncomingMessage]) -> None:
        inbox.extend(messages)

    again = create("twitter", settings(sim), first.ground.surroundings())
    async with ran(again, deliver):
        await until(lambda: len(inbox) == 50)
        await until(lambda: len(sim.calls(MESSAGES)) > 6)
    await again.close()
    assert [message.text for message in inbox] == [f"line {number}" for number in range(50)]


async def test_direct_messages_are_left_alone_where_they_are_off(sim: TwitterSimulator) -> None:
    async with running(sim, direct_messages=False) as stage:
        sim.dm(stage.ana.id, "hello?")
        await stage.user_posts("hello")
    assert not sim.calls(MESSAGES)


async def test_refused_keys_end_it_with_a_sentence(sim: TwitterSimulator) -> None:
    people(sim)
    adapter = create("twitter", settings(sim, consumer_secret="not this one"), Ground().surroundings())
    with pytest.raises(ChannelSetupError, match="refuses the keys of `twitter`") as refused:
        await asyncio.wait_for(adapter.run(nowhere), 5)
    await adapter.close()
    assert "not this one" not in str(refused.value)


async def test_keys_that_are_taken_away_end_it_too(sim: TwitterSimulator) -> None:
    people(sim)
    adapter = create("twitter", settings(sim), Ground().surroundings())
    task = asyncio.create_task(adapter.run(nowhere))
    await until(lambda: len(sim.calls(MENTIONS)) > 1)
    sim.revoke()
    with pytest.raises(ChannelSetupError):
        await asyncio.wait_for(task, 5)
    await adapter.close()


async def test_a_refusal_and_a_log_in_without_an_answer_do_not_end_it(sim: TwitterSimulator) -> None:
    async with running(sim) as stage:
        await stage.user_posts("first")
        sim.arm("error", endpoint=MENTIONS, code=401, title="Unauthorized")
        sim.arm("unavailable_before", endpoint="GET /2/users/me")
        assert (await stage.user_posts("still there?")).text == "still there?"
        await until(lambda: len(sim.calls("GET /2/users/me")) > 1)


async def nowhere(messages: Sequence[IncomingMessage]) -> None:
    raise AssertionError(f"{len(messages)} messages came where nobody wrote")


# --- the moderator's act -------------------------------------------------------------------------------------------


async def test_a_moderator_opens_a_ticket_for_whoever_complained(stage: Stage) -> None:
    complaint = stage.sim.post(stage.ana.id, "@firstline_bot they lost my money")
    await stage.arrives(1)
    stage.sim.post(stage.mila.id, "@firstline_bot ticket very upset", reply_to=complaint["id"])
    act = await stage.arrives(2)

    assert (act.command, act.text) == ("ticket", "very upset")
    assert act.on_behalf_of is not None
    assert (act.on_behalf_of.id, act.on_behalf_of.handle) == (stage.ana.id, "ana")
    assert act.conversation_key == stage.inbox[0].conversation_key
    assert act.parent is not None
    assert act.parent.text == "they lost my money"
    assert act.staff_reply_to is not None
    await stage.adapter.send(reply_to(act.reply_to, "Your ticket is FL-1."))
    await stage.adapter.send(reply_to(act.staff_reply_to, "Opened FL-1."))
    assert [posted.to for posted in stage.posted()] == [stage.ana.id, stage.mila.id]


async def test_a_complaint_that_called_nobody_is_answered_by_hand(stage: Stage) -> None:
    complaint = stage.sim.post(stage.ana.id, "they lost my money")
    stage.sim.post(stage.mila.id, "@firstline_bot ticket", reply_to=complaint["id"])
    act = await stage.arrives(1)

    assert act.on_behalf_of is not None
    assert act.reply_to.release is Release.BY_HAND
    with pytest.raises(Rejected, match="mentioned"):
        await stage.adapter.send(reply_to(act.reply_to, "Your ticket is FL-1."))


@pytest.mark.parametrize("how", ["deleted", "suspended", "protected"])
async def test_a_complaint_that_x_hides_opens_nothing(stage: Stage, how: str) -> None:
    complaint = stage.sim.post(stage.ana.id, "they lost my money")
    hide: dict[str, Callable[[], None]] = {
        "deleted": lambda: stage.sim.delete(complaint["id"]),
        "suspended": lambda: stage.sim.suspend(stage.ana.id),
        "protected": lambda: stage.sim.set_protected(stage.ana.id),
    }
    stage.sim.arm("hang_before", endpoint=LOOK_UP, seconds=0.3)
    stage.sim.post(stage.mila.id, "@firstline_bot ticket", reply_to=complaint["id"])
    hide[how]()
    act = await stage.arrives(1)

    assert (act.command, act.on_behalf_of) == ("ticket", None)
    assert act.staff_reply_to is not None


async def test_a_look_up_that_x_refuses_stops_no_mention(stage: Stage) -> None:
    complaint = stage.sim.post(stage.ana.id, "they lost my money")
    stage.sim.arm("error", endpoint=LOOK_UP, code=403, title="Forbidden")
    stage.sim.post(stage.mila.id, "@firstline_bot ticket", reply_to=complaint["id"])
    act = await stage.arrives(1)
    assert (act.command, act.on_behalf_of) == ("ticket", None)


async def test_a_look_up_that_fails_is_made_again(stage: Stage) -> None:
    complaint = stage.sim.post(stage.ana.id, "they lost my money")
    stage.sim.arm("unavailable_before", endpoint=LOOK_UP, times=2)
    stage.sim.post(stage.mila.id, "@firstline_bot ticket", reply_to=complaint["id"])
    assert (await stage.arrives(1)).on_behalf_of is not None


async def test_without_the_right_to_direct_messages_it_reads_mentions(sim: TwitterSimulator) -> None:
    sim.arm("error", endpoint=MESSAGES, code=403, title="Forbidden", times=0)
    async with running(sim) as stage:
        assert (await stage.user_posts("help")).text == "help"


async def test_bram_below_anas_question_is_talk_between_people(stage: Stage) -> None:
    asked = await stage.user_posts("help")
    stage.sim.post(stage.bram.id, "I have that too", reply_to=asked.message_id)
    below = await stage.arrives(2)

    assert (below.addressed, below.text) == (Addressed.AMBIENT, "I have that too")
    assert not stage.sim.calls(LOOK_UP)  # it costs nothing to know


# --- sending -------------------------------------------------------------------------------------------------------


async def test_a_thread_goes_on_below_its_own_first_post(sim: TwitterSimulator) -> None:
    async with running(sim, max_posts=3) as stage:
        asked = await stage.user_posts("tell me everything")
        assert asked.reply_to.max_parts == 3
        first = await stage.adapter.send(reply_to(asked.reply_to, "First"))
        second = await stage.adapter.send(reply_to(asked.reply_to, "Second", follows=first))
        assert await stage.adapter.find(reply_to(asked.reply_to, "Second", follows=first)) == second
    assert [posted.reply_to for posted in sim.sent()] == [asked.message_id, first]


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_words_in_public_notify_nobody_but_who_asked(stage: Stage, text: str) -> None:
    stage.sim.add_user("Everyone")
    stage.sim.add_user("Here")
    asked = await stage.user_posts("help")
    posted_id = await stage.adapter.send(reply_to(asked.reply_to, escape(text)))
    [post] = [post for post in stage.sim.posts(stage.bot.id) if post["id"] == posted_id]
    assert [each["username"] for each in post["entities"]["mentions"]] == ["ana"]
    assert not post["entities"].get("hashtags")
    assert not post["entities"].get("urls")


async def test_links_are_left_out_or_paid_for(sim: TwitterSimulator) -> None:
    async with running(sim, allow_links=True) as stage:
        asked = await stage.user_posts("help")
        await stage.adapter.send(reply_to(asked.reply_to, "See https://example.com/a"))
        assert sim.sent()[0].text == "See https://example.com/a"
        assert sim.usage().items["post_with_url"] == 1


async def test_nothing_but_a_link_is_no_answer(stage: Stage) -> None:
    asked = await stage.user_posts("help")
    with pytest.raises(Rejected, match="allow_links"):
        await stage.adapter.send(reply_to(asked.reply_to, "https://example.com/a"))
    assert not stage.sim.calls(POST)


@pytest.mark.parametrize("in_public", [True, False])
@pytest.mark.parametrize(
    ("fault", "outcome", "is_there"),
    [
        ({"kind": "unavailable_before"}, MaybePosted, False),
        ({"kind": "unavailable_after"}, MaybePosted, True),
        ({"kind": "cut_before"}, MaybePosted, False),
        ({"kind": "cut_after"}, MaybePosted, True),
        ({"kind": "hang_after", "seconds": 3}, MaybePosted, True),
        ({"kind": "error", "code": 500}, MaybePosted, False),
        ({"kind": "error", "code": 400}, Rejected, False),
        ({"kind": "error", "code": 403, "title": "Forbidden"}, Rejected, False),
        ({"kind": "error", "code": 403, "detail": "Your account is suspended"}, Unreachable, False),
        ({"kind": "error", "code": 401}, Unreachable, False),
        ({"kind": "error", "code": 302}, Unreachable, False),
        ({"kind": "payment_required"}, Busy, False),
        ({"kind": "too_many_requests", "seconds": 40}, Busy, False),
        ({"kind": "too_many_requests_bare"}, Busy, False),
    ],
)
async def test_what_comes_of_a_reply(
    sim: TwitterSimulator, fault: dict[str, Any], outcome: type[ChannelError], *, is_there: bool, in_public: bool
) -> None:
    async with running(sim, request_timeout_s=1) as stage:
        asked = await (stage.user_posts("help") if in_public else stage.user_writes("help"))
        stage.sim.arm(**fault, endpoint=POST if in_public else MESSAGE)
        answer = reply_to(asked.reply_to, "It is on its **way** & soon.")
        with pytest.raises(outcome) as raised:
            await stage.adapter.send(answer)
        assert type(raised.value) is outcome
        counted = json.loads(stage.ground.state["twitter:meter"])["counts"]
        assert counted.get("reply" if in_public else "message", 0) == (outcome is MaybePosted)
        found = await stage.adapter.find(answer)
        assert found == (sim.sent()[0].id if is_there else None)
        assert len(sim.sent()) == is_there
        if fault["kind"] == "too_many_requests":
            assert isinstance(raised.value, Busy)
            assert 38 <= raised.value.retry_after_s <= 43


async def test_a_server_that_is_not_there_has_nothing(stage: Stage) -> None:
    asked = await stage.user_posts("help")
    await stage.sim.go_offline()
    await asyncio.sleep(0.2)  # connections that were kept open are cut
    with pytest.raises(Unreachable):
        await until_not_maybe(stage, asked)
    await stage.sim.go_online()
    await stage.adapter.send(reply_to(asked.reply_to, "Here."))
    assert len(stage.posted()) == 1


async def until_not_maybe(stage: Stage, asked: IncomingMessage) -> None:
    """Send until no connection from before is left to be cut."""
    for _ in range(5):
        try:
            await stage.adapter.send(reply_to(asked.reply_to, "Here."))
        except MaybePosted:
            continue


async def test_what_was_said_before_is_not_taken_for_the_answer(stage: Stage) -> None:
    first = await stage.user_writes("one")
    await stage.adapter.send(reply_to(first.reply_to, "Yes."))
    second = await stage.user_writes("two")
    assert await stage.adapter.find(reply_to(second.reply_to, "Yes.")) is None
    asked, other = await stage.user_posts("one"), await stage.user_posts("two")
    await stage.adapter.send(reply_to(asked.reply_to, "Yes."))
    assert await stage.adapter.find(reply_to(other.reply_to, "Yes.")) is None
    assert await stage.adapter.find(reply_to(asked.reply_to, "No.")) is None


async def test_a_duplicate_is_looked_for_before_it_is_posted_with_a_mark(stage: Stage) -> None:
    asked = await stage.user_posts("help")
    posted_id = await stage.adapter.send(reply_to(asked.reply_to, "Yes."))
    assert await stage.adapter.send(reply_to(asked.reply_to, "Yes.")) == posted_id
    again = await stage.user_posts("help me")
    marked_id = await stage.adapter.send(reply_to(again.reply_to, "Yes."))
    mark = again.reply_to.address["post_id"][-5:]
    assert [post.text for post in stage.posted()] == ["Yes.", f"Yes. ({mark})"]
    assert await stage.adapter.find(reply_to(again.reply_to, "Yes.")) == marked_id
    assert await stage.adapter.send(reply_to(again.reply_to, "Yes.")) == marked_id
    assert len(stage.posted()) == 2


async def test_a_long_duplicate_makes_room_for_its_mark(stage: Stage) -> None:
    long = "Every word of it counts. " * 11
    first, second = await stage.user_posts("help"), await stage.user_posts("help me")
    await stage.adapter.send(reply_to(first.reply_to, long))
    await stage.adapter.send(reply_to(second.reply_to, long))
    _, marked = stage.posted()
    assert marked.text.endswith(f"({second.reply_to.address['post_id'][-5:]})")


async def test_a_later_part_with_a_mark_is_found_again(sim: TwitterSimulator) -> None:
    async with running(sim, max_posts=2) as stage:
        ids: list[str] = []
        for question in ("help", "help me"):
            asked = await stage.user_posts(question)
            first = await stage.adapter.send(reply_to(asked.reply_to, f"First, on {question}."))
            part = reply_to(asked.reply_to, "Second.", follows=first)
            ids.append(await stage.adapter.send(part))
            assert await stage.adapter.find(part) == ids[-1]
            assert await stage.adapter.send(part) == ids[-1]
    assert len(sim.sent()) == 4


async def test_where_it_looked_no_further_it_does_not_say_that_a_reply_is_not_there(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.twitter.adapter._MAX_PAGES", 1)
    asked = await stage.user_posts("help")
    for number in range(101):
        stage.sim.post(stage.bot.id, f"news, number {number}")
    with pytest.raises(Rejected, match="by hand"):
        await stage.adapter.find(reply_to(asked.reply_to, "Yes."))
    stage.sim.arm("error", endpoint=POST, code=403, detail="a Tweet with duplicate content")
    with pytest.raises(MaybePosted):
        await stage.adapter.send(reply_to(asked.reply_to, "Yes."))


async def test_closed_direct_messages_refuse_for_good(stage: Stage) -> None:
    asked = await stage.user_writes("help")
    stage.sim.set_receives_dms(stage.ana.id, receives_dms=False)
    with pytest.raises(Rejected):
        await stage.adapter.send(reply_to(asked.reply_to, "Yes."))


async def test_the_first_direct_message_to_a_person_ends_with_the_privacy_policy(sim: TwitterSimulator) -> None:
    policy = "https://example.com/privacy"
    async with running(sim, privacy_policy_url=policy) as stage:
        asked = await stage.user_writes("help")
        assert asked.reply_to.max_len + len(policy) < 10_000
        first = reply_to(asked.reply_to, "Yes.")
        first_id = await stage.adapter.send(first)
        assert await stage.adapter.find(first) == first_id
        restarted = create("twitter", settings(sim, privacy_policy_url=policy), stage.ground.surroundings())
        await restarted.send(reply_to(asked.reply_to, "And no."))
        await restarted.close()
        sim.dm(stage.bram.id, "help")
        other = await stage.arrives(2)
        unreadable = Ground(unreadable=OSError("the disk is gone"), unwritable=OSError("the disk is gone"))
        blind = create("twitter", settings(sim, privacy_policy_url=policy), unreadable.surroundings())
        await blind.send(reply_to(other.reply_to, "Yes."))
        await blind.close()
    assert [message.text for message in sim.sent()] == [f"Yes.\n\n{policy}", "And no.", f"Yes.\n\n{policy}"]


async def test_find_says_when_it_cannot_look(stage: Stage) -> None:
    asked = await stage.user_posts("help")
    stage.sim.arm("unavailable_before", endpoint="GET /2/users/:id/tweets")
    with pytest.raises(Unreachable):
        await stage.adapter.find(reply_to(asked.reply_to, "Yes."))
    stage.sim.arm("too_many_requests", endpoint="GET /2/users/:id/tweets", seconds=5)
    with pytest.raises(Busy):
        await stage.adapter.find(reply_to(asked.reply_to, "Yes."))


async def test_after_a_restart_it_can_look_before_it_receives(stage: Stage) -> None:
    asked = await stage.user_posts("help")
    posted_id = await stage.adapter.send(reply_to(asked.reply_to, "Yes."))
    restarted = create("twitter", settings(stage.sim), stage.ground.surroundings())
    assert await restarted.find(reply_to(asked.reply_to, "Yes.")) == posted_id
    await restarted.close()
    refused = create("twitter", settings(stage.sim, access_token_secret="wrong"), stage.ground.surroundings())
    with pytest.raises(Unreachable):
        await refused.find(reply_to(asked.reply_to, "Yes."))
    with pytest.raises(Unreachable):
        await refused.send(reply_to(asked.reply_to, "Yes."))
    await refused.close()


async def test_a_ledger_that_cannot_be_read_stops_no_reply(stage: Stage) -> None:
    asked = await stage.user_posts("help")
    ground = Ground(unreadable=OSError("the disk is gone"), unwritable=OSError("the disk is gone"))
    adapter = create("twitter", settings(stage.sim), ground.surroundings())
    await adapter.send(reply_to(asked.reply_to, "Yes."))
    await adapter.close()
    assert len(stage.posted()) == 1


def test_the_playgrounds_connection_is_a_section_of_this_channel() -> None:
    assert Settings.model_validate(TwitterScene().connection()).automated_label_confirmed


async def test_nobody_removes_anybodys_post(stage: Stage) -> None:
    assert await stage.adapter.delete(await stage.user_posts("help")) is False


# --- money ---------------------------------------------------------------------------------------------------------


async def test_its_own_account_of_the_costs_is_what_x_charges(sim: TwitterSimulator) -> None:
    async with running(sim) as stage:
        asked = await stage.user_posts("help")
        await stage.adapter.send(reply_to(asked.reply_to, "Yes."))
        await stage.adapter.find(reply_to(asked.reply_to, "Yes."))
        written = await stage.user_writes("help")
        await stage.adapter.send(reply_to(written.reply_to, "Yes."))
        complaint = sim.post(stage.bram.id, "they lost my money")
        sim.post(stage.mila.id, "@firstline_bot ticket", reply_to=complaint["id"])
        await stage.arrives(3)
        await until(lambda: len(sim.calls(MESSAGES)) > 10)
    ours = json.loads(stage.ground.state["twitter:meter"])["counts"]
    theirs = sim.usage().items
    names = {"mention": "own_mention", "reply": "summoned_reply", "message": "dm", "message_read": "dm_read"}
    assert {names.get(name, name): count for name, count in ours.items()} == theirs


async def test_at_the_budget_it_reads_on_and_posts_no_more(
    sim: TwitterSimulator, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(sim, daily_budget_usd=0.056) as stage:
        asked = await stage.user_posts("help")
        for number in range(3):
            await stage.adapter.send(reply_to(asked.reply_to, f"Yes, {number}."))
        for _ in range(2):
            with pytest.raises(Busy):
                await stage.adapter.send(reply_to(asked.reply_to, "Yes."))
        assert (await stage.user_posts("another")).text == "another"
        assert sim.usage().spent <= 56
        [finding] = [each for each in await stage.adapter.check() if "dollars of the UTC day" in each.text]
        assert finding.ok
    assert len(sim.calls(POST)) == 3
    assert [record for record in caplog.records if getattr(record, "action", "") == "budget_spent"][1:] == []


async def test_where_reading_alone_is_over_the_budget_it_reads_less_and_less(sim: TwitterSimulator) -> None:
    async with running(sim, daily_budget_usd=0.015, direct_messages=False) as stage:
        await stage.user_posts("help")
        before = len(sim.calls(MENTIONS))
        await asyncio.sleep(1.5)
        polls = len(sim.calls(MENTIONS)) - before
        [finding] = [each for each in await stage.adapter.check() if "dollars of the UTC day" in each.text]
    assert polls <= 6  # 0.1 s, 0.2 s, 0.4 s …; otherwise there would be 30
    assert not finding.ok


async def test_without_credits_it_waits_and_says_so(sim: TwitterSimulator, caplog: pytest.LogCaptureFixture) -> None:
    async with running(sim) as stage:
        asked = await stage.user_posts("help")
        sim.set_credits(0)
        with pytest.raises(Busy) as busy:
            await stage.adapter.send(reply_to(asked.reply_to, "Yes."))
        assert busy.value.retry_after_s == pytest.approx(0.3)
        assert any("out of credits" in each.text and not each.ok for each in await stage.adapter.check())
        before = len(sim.calls(MENTIONS))
        await asyncio.sleep(1)
        assert len(sim.calls(MENTIONS)) - before <= 5
        sim.set_credits(1000)
        assert (await stage.user_posts("there again?")).text == "there again?"
    assert any(getattr(record, "action", "") == "credits_spent" for record in caplog.records)


# --- the stream ----------------------------------------------------------------------------------------------------


async def test_the_stream_brings_mentions_at_once_and_catches_up() -> None:
    async with TwitterSimulator(keep_alive_s=0.1) as sim, running(sim, stream=True, **NEVER) as stage:
        await until(lambda: sim.stream_count() == 1)
        assert (await stage.user_posts("by the stream")).text == "by the stream"
        sim.disconnect_stream()
        sim.post(stage.ana.id, "@firstline_bot while it was away")
        assert (await stage.arrives(2)).text == "while it was away"
        await until(lambda: sim.stream_count() == 1)
        assert (await stage.user_posts("by the next stream")).text == "by the next stream"
        assert len(stage.inbox) == 3


async def test_what_the_stream_brings_is_counted_and_beyond_the_budget_it_is_left() -> None:
    async with (
        TwitterSimulator(keep_alive_s=0.1) as sim,
        running(sim, stream=True, daily_budget_usd=0.028, direct_messages=False, poll_interval_s=3600) as stage,
    ):
        await until(lambda: sim.stream_count() == 1)
        await stage.user_posts("by the stream")  # 0.010 for each of two accounts, 0.005 for the post
        assert sim.stream_count() == 1
        await until(lambda: json.loads(stage.ground.state["twitter:meter"])["counts"].get("post_read") == 1)
        sim.post(stage.ana.id, "@firstline_bot and another")
        await until(lambda: sim.stream_count() == 0)
        await asyncio.sleep(0.5)
        assert sim.stream_count() == 0
        assert len(sim.calls("GET /2/tweets/search/stream")) == 1


async def test_a_stream_that_is_hung_up_again_and_again_is_no_hot_loop(sim: TwitterSimulator) -> None:
    name = "GET /2/tweets/search/stream"
    async with running(sim, stream=True, max_backoff_s=5, **NEVER) as stage:
        await until(lambda: sim.stream_count() == 1)
        began = time.monotonic()
        while time.monotonic() - began < 1.5:
            sim.disconnect_stream(quietly=True)
            await asyncio.sleep(0.01)
        assert len(sim.calls(name)) <= 8
        assert stage.inbox == []


@pytest.mark.parametrize("code", [403, 500, 418])
async def test_a_stream_that_cannot_be_had_leaves_the_polling(sim: TwitterSimulator, code: int) -> None:
    sim.arm("error", endpoint="GET /2/tweets/search/stream/rules", code=code, times=0)
    async with running(sim, stream=True) as stage:
        assert (await stage.user_posts("help")).text == "help"


# --- the operator --------------------------------------------------------------------------------------------------


async def said(sim: TwitterSimulator, **given: Any) -> str:
    adapter = create("twitter", settings(sim, **given), Ground().surroundings())
    findings = await adapter.check()
    await adapter.close()
    return "\n".join(f"{'ok' if each.ok else 'NO'} {each.text} {each.cure}" for each in findings)


async def test_check_says_what_the_bot_may_do(sim: TwitterSimulator) -> None:
    bot, *_ = people(sim)
    text = await said(sim)
    assert f"ok Logged in as @firstline_bot (Firstline, id {bot.id})." in text
    assert "ok Mentions can be read (300 in 15 minutes" in text
    assert "ok Direct messages can be read (15 in 15 minutes" in text
    assert "ok It answers by itself" in text
    assert "ok Links are left out" in text
    assert re.search(r"ok 0\.010 of 5\.00 dollars", text)
    assert "NO" not in text
    assert "NO Every answer waits" in await said(sim, automated_label_confirmed=False)
    assert 'ok Every answer waits for a moderator (mode = "approve")' in await said(sim, mode="approve")


async def test_check_says_what_is_wrong(sim: TwitterSimulator) -> None:
    people(sim)
    assert "NO X refuses the keys." in await said(sim, access_token_secret="not this one")
    sim.arm("error", endpoint=MESSAGES, code=403, title="Forbidden")
    assert "NO Direct messages cannot be read" in await said(sim)
    sim.arm("too_many_requests", endpoint=MENTIONS)
    assert "NO X asks to wait" in await said(sim)
    sim.set_credits(0)
    assert "NO The app is out of credits." in await said(sim)
    await sim.go_offline()
    assert "NO X cannot be read" in await said(sim)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"staff": ["@mila"]}, "is no user id"),
        ({"staff": ["mila"]}, "is no user id"),
        ({"stream": True, "bearer_token": None}, "stream needs bearer_token"),
        ({"max_posts": 0}, "greater than or equal to 1"),
        ({"deletion_check_h": 24}, "less than 24"),
        ({"consumer_key": ""}, "at least 1 item"),
        ({"other_bots": ["@other"]}, "is no user id"),
        ({"privacy_policy_url": "example.com/privacy"}, "should match pattern"),
        ({"api_base": "http://api.example.com"}, "in the clear: write https"),
        ({"api_base": "http://localhost.example.com:8084"}, "in the clear: write https"),
        ({"api_base": "http://127.0.0.1@api.example.com"}, "should match pattern"),
    ],
)
def test_settings_that_cannot_be(given: dict[str, Any], sentence: str) -> None:
    keys = dict.fromkeys(("consumer_key", "consumer_secret", "access_token", "access_token_secret"), "a key")
    assert Settings.model_validate({**keys, "staff": [17]}).staff == ("17",)
    with pytest.raises(ValidationError, match=sentence):
        Settings.model_validate(keys | given)


@pytest.mark.parametrize(
    "api_base", ["http://127.0.0.1:8084", "http://[::1]:8084", "http://localhost:8084", "https://api.example.com"]
)
def test_plain_http_is_for_this_computer(api_base: str) -> None:
    keys = dict.fromkeys(("consumer_key", "consumer_secret", "access_token", "access_token_secret"), "a key")
    assert Settings.model_validate({**keys, "api_base": api_base}).api_base == api_base


async def test_no_secret_is_shown(sim: TwitterSimulator) -> None:
    people(sim)
    wanted = settings(sim)
    adapter: TwitterAdapter = create("twitter", wanted, Ground().surroundings())
    shown = repr(adapter) + repr(wanted) + str(wanted)
    assert not [key for key in sim.credentials().values() if key in shown]
    await adapter.close()
