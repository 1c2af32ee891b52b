"""Replies reach their platform once and in order, whatever the platform and the disk do."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

import bots.delivery
from adapters.base import (
    Busy,
    ChannelError,
    Idempotency,
    Instead,
    MaybePosted,
    Moved,
    RateLimits,
    Rejected,
    Unreachable,
    Visibility,
)
from bots.ledger import outbox
from bots.pipeline.effects import Say
from tests.bots import making
from tests.bots.lanes import Channel, Inside, fill, free, inside, until

if TYPE_CHECKING:
    from pathlib import Path

    from adapters.base import Reply
    from bots.ledger.outbox import Outgoing


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "firstline.db"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Back off in hundredths of a second."""
    monkeypatch.setattr(bots.delivery, "_BACKOFF_FIRST_S", 0.02)
    monkeypatch.setattr(bots.delivery, "_BACKOFF_MOST_S", 0.1)


async def write(
    bot: Inside, *texts: str, place: str = "chat:1", idempotency: Idempotency = Idempotency.NONE
) -> list[Outgoing]:
    """Replies in the ledger, as a commit leaves them."""
    first = bot.rows("SELECT coalesce(max(id), 0) AS n FROM outgoing")[0]["n"]
    says = [
        Say(key=f"k:{first + i}", target=making.target(place, idempotency=idempotency), text=text)
        for i, text in enumerate(texts, 1)
    ]
    return await bot.ledger.writer.run(lambda c: outbox.insert(c, says, conversation_key=f"telegram:bot:{place}"))


async def post(bot: Inside, *texts: str, place: str = "chat:1", idempotency: Idempotency = Idempotency.NONE) -> None:
    bot.delivery.add(await write(bot, *texts, place=place, idempotency=idempotency))


async def test_replies_of_a_place_keep_their_order_and_their_ids(path: Path) -> None:
    async with inside(path) as bot:
        await post(bot, *"abcdef")
        await bot.settle()
        assert bot.channel.texts() == list("abcdef")
        assert [row["posted_id"] for row in bot.rows("SELECT posted_id FROM outgoing ORDER BY id")] == [
            f"k:{i} at chat:1" for i in range(1, 7)
        ]


async def test_a_place_that_hangs_delays_no_other(path: Path) -> None:
    async with inside(path) as bot:
        bot.channel.gates["slow"] = asyncio.Event()
        await post(bot, "waits", "waits too", place="slow")
        for place in range(50):
            await post(bot, "goes", place=f"quick:{place}")
        await until(lambda: len(bot.channel.posted) == 50)
        assert bot.channel.texts("slow") == []
        bot.channel.gates["slow"].set()
        await bot.settle()
        assert bot.channel.texts("slow") == ["waits", "waits too"]


async def test_a_request_to_wait_is_obeyed_in_its_place_only(path: Path) -> None:
    async with inside(path) as bot:
        bot.channel.troubles["busy"] = [Busy("slow down", retry_after_s=0.5)]
        await post(bot, "first", "second", place="busy")
        await post(bot, "other", place="free")
        await bot.settle()
        times = [at for at, place in bot.channel.calls if place == "busy"]
        assert len(times) == 3
        assert times[1] - times[0] >= 0.5, "nothing is sent there before the platform's time is over"
        assert bot.channel.texts("busy") == ["first", "second"]
        (free_at,) = [at for at, place in bot.channel.calls if place == "free"]
        assert free_at - times[0] < 0.4
        assert bot.states() == {"sent": 3}


async def test_requests_to_wait_never_drop_a_reply(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bots.delivery, "_MAX_ATTEMPTS", 2)
    async with inside(path) as bot:
        bot.channel.troubles["chat:1"] = [Busy("slow down", retry_after_s=0.01) for _ in range(4)]
        await post(bot, "patient")
        await bot.settle()
        assert bot.states() == {"sent": 1}


async def test_a_wait_survives_a_restart(path: Path) -> None:
    async with inside(path) as bot:
        bot.channel.troubles["chat:1"] = [Busy("slow down", retry_after_s=0.6)]
        await post(bot, "first")
        await until(lambda: bot.rows("SELECT 1 FROM outgoing WHERE state = 'pending' AND attempts = 1"))
        asked_at = bot.channel.calls[0][0]
    async with inside(path) as bot:
        await bot.settle()
        assert bot.channel.calls[0][0] - asked_at >= 0.6


async def test_the_rates_are_kept_per_place_and_overall(path: Path) -> None:
    channel = Channel(RateLimits(overall=(10, 0.5), per_place=(2, 0.5), per_shared_place=(1, 0.5)))
    async with inside(path, channel=channel) as bot:
        await post(bot, *"abcd", place="a")
        await bot.settle()
        times = [at for at, _ in channel.calls]
        assert times[1] - times[0] < 0.2
        assert times[3] - times[0] >= 0.45, "two at once, then one each quarter of a second"
        channel.calls.clear()
        says = [
            Say(key=f"group:{i}", target=making.target("group", visibility=Visibility.MEMBERS), text="t")
            for i in range(2)
        ]
        made = await bot.ledger.writer.run(lambda c: outbox.insert(c, says, conversation_key="g"))
        bot.delivery.add(made)
        await bot.settle()
        assert channel.calls[1][0] - channel.calls[0][0] >= 0.45, "a shared place has a limit of its own"


async def test_a_place_that_moved_is_followed(path: Path) -> None:
    async with inside(path) as bot:
        there = making.target("chat:new")
        bot.channel.troubles["chat:1"] = [Moved("moved", target=there)]
        await post(bot, "hello")
        await bot.settle()
        assert bot.channel.texts("chat:new") == ["hello"]
        assert bot.states() == {"sent": 1}


async def test_a_refusal_is_final_and_shown(path: Path) -> None:
    async with inside(path) as bot:
        bot.channel.troubles["chat:1"] = [Rejected("blocked by the user")]
        await post(bot, "never", "next")
        await bot.settle()
        assert bot.channel.texts() == ["next"]
        (row,) = bot.rows("SELECT error FROM outgoing WHERE state = 'failed'")
        assert row["error"] == "blocked by the user"


async def test_an_unreachable_platform_is_tried_again_later_each_time(path: Path) -> None:
    async with inside(path) as bot:
        bot.channel.troubles["chat:1"] = [Unreachable("no route") for _ in range(4)]
        await post(bot, "at last")
        await bot.settle()
        times = [at for at, _ in bot.channel.calls]
        assert len(times) == 5
        assert times[4] - times[3] > times[1] - times[0]
        assert bot.states() == {"sent": 1}


@pytest.mark.parametrize("trouble", [MaybePosted("cut"), TimeoutError(), KeyError("the adapter's own mistake")])
async def test_without_a_way_to_look_a_lost_answer_is_ambiguous_and_not_sent_again(
    path: Path, trouble: Exception
) -> None:
    async with inside(path) as bot:
        bot.channel.troubles["chat:1"] = [trouble]
        await post(bot, "perhaps", "next")
        await bot.settle()
        assert len(bot.channel.calls) == 2
        assert bot.channel.texts() == ["next"]
        assert bot.states() == {"ambiguous": 1, "sent": 1}


async def test_with_a_nonce_a_lost_answer_is_sent_again(path: Path) -> None:
    async with inside(path) as bot:
        bot.channel.troubles["chat:1"] = [MaybePosted("cut")]
        await post(bot, "again", idempotency=Idempotency.NONCE)
        await bot.settle()
        assert len(bot.channel.calls) == 2
        assert bot.states() == {"sent": 1}


@pytest.mark.parametrize(("known", "calls"), [({"k:1": "post 7"}, 1), ({}, 2)])
async def test_where_it_can_be_looked_for_a_lost_answer_is_looked_for(
    path: Path, known: dict[str, str], calls: int
) -> None:
    async with inside(path) as bot:
        bot.channel.known = known
        bot.channel.troubles["find"] = [ChannelError("later")]
        bot.channel.troubles["chat:1"] = [MaybePosted("cut")]
        await post(bot, "found?", idempotency=Idempotency.FINDABLE)
        await bot.settle()
        assert len(bot.channel.calls) == calls
        assert bot.states() == {"sent": 1}
        (row,) = bot.rows("SELECT posted_id FROM outgoing")
        assert row["posted_id"] == (known.get("k:1") or "k:1 at chat:1")


async def test_what_can_never_be_looked_for_is_ambiguous(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bots.delivery, "_MAX_ATTEMPTS", 2)
    async with inside(path) as bot:
        bot.channel.troubles["find"] = [ChannelError("down"), TimeoutError()]
        bot.channel.troubles["chat:1"] = [MaybePosted("cut")]
        await post(bot, "?", idempotency=Idempotency.FINDABLE)
        await bot.settle()
        assert bot.states() == {"ambiguous": 1}


@pytest.mark.parametrize(
    ("idempotency", "state", "calls"),
    [(Idempotency.NONE, "ambiguous", 0), (Idempotency.NONCE, "sent", 1), (Idempotency.FINDABLE, "sent", 1)],
)
async def test_a_send_that_a_crash_cut_is_taken_up_by_what_the_platform_offers(
    path: Path, idempotency: Idempotency, state: str, calls: int
) -> None:
    async with inside(path) as bot:
        (cut,) = await write(bot, "cut", idempotency=idempotency)
        assert await bot.ledger.outbox.sending(cut)
    async with inside(path) as bot:
        await bot.settle()
        assert bot.states() == {state: 1}
        assert len(bot.channel.calls) == calls


@pytest.mark.parametrize("state", ["sent", "ambiguous", "failed", "cancelled"])
async def test_a_settled_reply_is_not_sent_however_often_it_is_handed_in(path: Path, state: str) -> None:
    async with inside(path) as bot:
        (reply,) = await write(bot, "once")
        await bot.ledger.writer.run(lambda c: c.execute("UPDATE outgoing SET state = ?", (state,)))
        bot.delivery.add([reply, replace(reply, attempts=3)])
        await bot.settle()
        assert bot.channel.calls == []
        assert bot.states() == {state: 1}


async def test_a_reply_that_is_handed_in_while_it_is_held_is_sent_once(path: Path) -> None:
    async with inside(path) as bot:
        bot.channel.troubles["chat:1"] = [MaybePosted("cut"), MaybePosted("cut")]
        (reply,) = await write(bot, "once")
        bot.delivery.add([reply])
        assert bot.delivery.resume() == 0
        bot.delivery.add([reply])
        await bot.settle()
        assert len(bot.channel.calls) == 1


async def test_past_the_memory_limit_replies_wait_in_the_ledger_and_keep_their_order(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bots.delivery, "_IN_MEMORY", 10)
    async with inside(path) as bot:
        bot.channel.gates = {"chat:1": asyncio.Event(), "chat:2": asyncio.Event()}
        for number in range(40):
            await post(bot, f"{number}", place=f"chat:{1 + number % 2}")
        late = await write(bot, "late")
        for gate in bot.channel.gates.values():
            gate.set()
        bot.delivery.add(late)
        await bot.settle()
        assert bot.channel.texts("chat:1") == [*(str(n) for n in range(0, 40, 2)), "late"]
        assert bot.channel.texts("chat:2") == [str(n) for n in range(1, 40, 2)]
        assert bot.states() == {"sent": 41}


async def test_an_older_reply_handed_in_past_the_limit_is_not_passed_over(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bots.delivery, "_IN_MEMORY", 2)
    async with inside(path) as bot:
        bot.channel.gates = {"chat:1": asyncio.Event()}
        (old,) = await write(bot, "resent", place="chat:2")
        await post(bot, *"abc")
        bot.delivery.add([old])
        bot.channel.gates["chat:1"].set()
        await bot.settle()
        assert sorted(bot.channel.texts()) == ["a", "b", "c", "resent"]


class Verbose(Channel):
    """Gives ids that need room on the disk."""

    async def send(self, reply: Reply) -> str:
        return await super().send(reply) + "x" * 100_000


async def test_a_full_disk_delays_and_neither_drops_nor_doubles(path: Path) -> None:
    async with inside(path, channel=Verbose()) as bot:
        bot.channel.gates["chat:1"] = asyncio.Event()
        await post(bot, "posted meanwhile", "next")
        await bot.channel.came.wait()
        await fill(bot)
        bot.channel.gates["chat:1"].set()
        await asyncio.sleep(0.3)
        assert bot.states() == {"sending": 1, "pending": 1}, "what was posted could not be noted"
        await free(bot)
        await bot.settle()
        assert bot.channel.texts() == ["posted meanwhile", "next"]
        assert len(bot.channel.calls) == 2
        assert bot.states() == {"sent": 2}


async def test_stopping_ends_the_sends_under_way_and_begins_none(path: Path) -> None:
    async with inside(path) as bot:
        bot.channel.gates["chat:1"] = asyncio.Event()
        await post(bot, "under way", "waits for the next start")
        await bot.channel.came.wait()
        asyncio.get_running_loop().call_later(0.2, bot.channel.gates["chat:1"].set)
        await bot.delivery.stop()
        assert bot.states() == {"sent": 1, "pending": 1}
        assert bot.channel.texts() == ["under way"]


async def test_what_is_refused_in_private_is_told_of_where_the_user_asked(path: Path) -> None:
    async with inside(path) as bot:
        bot.channel.troubles["dm"] = [Rejected("Cannot send messages to this user (50007)")]
        instead = Instead(target=making.target("thread", visibility=Visibility.MEMBERS), text="there is news")
        say = Say(key="k", target=making.target("dm"), text="your balance is 7", instead=instead)
        bot.delivery.add(await bot.ledger.writer.run(lambda c: outbox.insert(c, [say], conversation_key="c")))
        await bot.settle()
        assert bot.channel.texts() == ["there is news"]
        assert bot.channel.texts("thread") == ["there is news"]
        assert bot.states() == {"failed": 1, "sent": 1}


async def test_a_later_part_knows_what_it_follows(path: Path) -> None:
    async with inside(path) as bot:
        say = Say(key="k", target=making.target(max_len=10), text="part one. part two. part six.")
        bot.delivery.add(await bot.ledger.writer.run(lambda c: outbox.insert(c, [say], conversation_key="c")))
        await bot.settle()
        assert [reply.follows for _, reply in bot.channel.posted] == ["", "k at chat:1", "k/2 at chat:1"]


async def test_no_part_is_posted_whose_beginning_was_refused(path: Path) -> None:
    async with inside(path) as bot:
        bot.channel.troubles["chat:1"] = [Rejected("the post is gone")]
        say = Say(key="k", target=making.target(max_len=10), text="part one. part two. part six.")
        bot.delivery.add(await bot.ledger.writer.run(lambda c: outbox.insert(c, [say], conversation_key="c")))
        await bot.settle()
        assert bot.channel.posted == []
        assert bot.states() == {"failed": 3}
        assert len(bot.channel.calls) == 1


async def test_a_later_part_is_looked_for_below_the_part_before_it(path: Path) -> None:
    channel = Channel()
    looked: list[str] = []

    async def find(reply: Reply) -> str | None:
        looked.append(reply.follows)
        return "found"

    channel.find = find  # type: ignore[method-assign]
    async with inside(path, channel=channel) as bot:
        where = making.target(max_len=10, idempotency=Idempotency.FINDABLE)
        say = Say(key="k", target=where, text="part one. part two.")
        made = await bot.ledger.writer.run(lambda c: outbox.insert(c, [say], conversation_key="c"))
        bot.channel.troubles["chat:1"] = []
        bot.delivery.add(made[:1])
        await bot.settle()
        bot.channel.troubles["chat:1"] = [MaybePosted("cut")]
        bot.delivery.add(made[1:])
        await bot.settle()
        assert looked == ["k at chat:1"]
        assert bot.states() == {"sent": 2}


async def test_a_platform_that_asks_to_wait_before_one_may_look_is_heard(path: Path) -> None:
    async with inside(path) as bot:
        bot.channel.troubles["chat:1"] = [MaybePosted("cut")]
        bot.channel.troubles["find"] = [Busy("later", retry_after_s=0.3)]
        bot.channel.known["k:1"] = "77"
        started = asyncio.get_running_loop().time()
        await post(bot, "hello", idempotency=Idempotency.FINDABLE)
        await bot.settle()
        assert asyncio.get_running_loop().time() - started >= 0.3
        assert bot.states() == {"sent": 1}
