"""Letters to the moderators, the one private place on Reddit."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from adapters.base import Addressed, Kind, Visibility
from adapters.reddit import modmail
from simulators.reddit import FaultKind, RedditSimulator
from tests.adapters.reddit.stage import BOT, SUB, Stage, populate, reply_to, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def sim() -> AsyncIterator[RedditSimulator]:
    async with RedditSimulator() as simulator:
        yield simulator


@pytest.fixture
async def stage(sim: RedditSimulator) -> AsyncIterator[Stage]:
    async with running(sim) as started:
        yield started


async def test_the_first_letter_comes_with_its_subject(stage: Stage) -> None:
    asked = await stage.writes("Where is my deposit?", subject="Deposit")
    assert asked.kind is Kind.CREATED
    assert asked.addressed is Addressed.DIRECT
    assert asked.visibility is asked.reply_to.visibility is Visibility.PRIVATE
    assert asked.text == "Deposit\n\nWhere is my deposit?"
    assert asked.conversation_key == f"reddit:{asked.account}:modmail:{asked.thread_key}"
    assert asked.dedupe_key == f"reddit:{asked.account}:modmail:{asked.message_id}"
    more = await stage.writes("Hello?", conversation=asked.thread_key)
    assert more.text == "Hello?"
    assert more.conversation_key == asked.conversation_key
    assert asked.reply_to.sign == "!"
    assert await stage.writes("deposit again", subject="Deposit") is not None
    assert stage.inbox[-1].text == "deposit again"


async def test_the_same_person_has_the_same_id_as_in_public(stage: Stage) -> None:
    asked, letter = await stage.comments("!ticket hello there you"), await stage.writes("hello")
    assert letter.author.id == asked.author.id
    assert letter.author.handle == "ana"


@pytest.mark.parametrize("mark", ["!", "/"])
async def test_commands_by_letter(stage: Stage, mark: str) -> None:
    got = await stage.writes(f"{mark}status FL-1001", subject="My ticket")
    assert (got.kind, got.addressed, got.command, got.text) == (Kind.COMMAND, Addressed.COMMAND, "status", "FL-1001")
    got = await stage.writes(f"{mark}faq how do I reset 2FA?", subject="Question")
    assert (got.kind, got.command, got.text) == (Kind.CREATED, "", "how do I reset 2FA?")


async def test_what_moderators_write_there_is_not_for_the_bot(stage: Stage) -> None:
    asked = await stage.writes("hello")
    answer = await stage.writes("I look into it", author="mila", conversation=asked.thread_key)
    assert answer.addressed is Addressed.AMBIENT
    note = stage.sim.answer_modmail(asked.thread_key, "mila", "!ticket among us", is_internal=True)
    got = await stage.arrives(f"{asked.thread_key}/{note}")
    assert got.visibility is Visibility.INTERNAL
    among = await stage.writes(f"u/{BOT} !status", author="mila", subject="Moderators only")
    assert among.addressed is Addressed.AMBIENT
    assert among.visibility is Visibility.INTERNAL


async def test_a_moderators_ticket_beside_a_letter(stage: Stage) -> None:
    asked = await stage.writes("You took my money", subject="Theft")
    note = stage.sim.answer_modmail(asked.thread_key, "mila", "!ticket check it", is_internal=True)
    act = await stage.arrives(f"{asked.thread_key}/{note}")
    assert (act.kind, act.command, act.text) == (Kind.COMMAND, "ticket", "check it")
    assert act.author.roles == ("moderator",)
    assert act.on_behalf_of is not None
    assert act.on_behalf_of.id == asked.author.id
    assert act.parent is not None
    assert act.parent.message_id == asked.message_id
    assert act.parent.text == "You took my money"
    assert act.conversation_key == asked.conversation_key
    assert act.reply_to == asked.reply_to
    assert act.staff_reply_to is not None
    await stage.adapter.send(reply_to(act.staff_reply_to, "FL-1 is open."))
    [sent] = stage.sim.sent()
    assert sent.parent == asked.thread_key
    assert sent.is_internal


async def test_a_moderators_ticket_is_about_what_was_written_before_it(sim: RedditSimulator) -> None:
    async with running(sim) as stage:
        asked = await stage.writes("You took my money")
        note = sim.answer_modmail(asked.thread_key, "mila", "!ticket", is_internal=True)
        sim.answer_modmail(asked.thread_key, "ana", "Never mind")
        act = await stage.arrives(f"{asked.thread_key}/{note}")
        assert act.parent is not None
        assert act.parent.text == "You took my money"
        assert [message.text for message in stage.inbox] == ["You took my money", "", "Never mind"]


async def test_letters_come_once_whatever_else_happens_there(stage: Stage) -> None:
    asked = await stage.writes("one")
    for _ in range(3):
        await stage.adapter.send(reply_to(asked.reply_to, "Hello."))
    await stage.writes("two", conversation=asked.thread_key)
    await stage.rounds(3)
    assert [message.text for message in stage.inbox] == ["one", "two"]
    details = [
        call for call in stage.sim.calls(f"/api/mod/conversations/{asked.thread_key}") if call.http_method == "GET"
    ]
    assert len(details) <= 5, "a conversation is read only where it changed"


async def test_more_conversations_than_a_page_holds(sim: RedditSimulator) -> None:
    async with running(sim) as stage:
        await stage.rounds(1)
        texts = [f"letter {number}" for number in range(130)]
        for text in texts:
            sim.write_modmail(SUB, "ana", text, subject=text)
        async with asyncio.timeout(10):
            while len(stage.inbox) < len(texts):
                await asyncio.sleep(0.01)
        await stage.rounds(1)
        assert [message.text for message in stage.inbox] == texts
        details = [call for call in sim.calls() if call.path.startswith("/api/mod/conversations/")]
        assert details == [], "one letter comes with the list"


@pytest.mark.parametrize(("rights", "wanted"), [((), True), (("posts",), True), (("mail",), False)])
async def test_without_the_right_or_the_wish_nothing_is_asked(
    sim: RedditSimulator, rights: tuple[str, ...], *, wanted: bool
) -> None:
    async with running(sim, rights=rights, modmail=wanted) as stage:
        await stage.comments("!ticket hello there you")
        assert sim.calls("/api/mod/conversations") == []


async def test_losing_the_right_stops_no_comment(sim: RedditSimulator) -> None:
    async with running(sim) as stage:
        sim.arm(FaultKind.ERROR, path="/api/mod/conversations", status=403, times=0)
        await stage.comments("!ticket one")
        await stage.comments("!ticket two")


async def test_a_letter_from_somebody_who_left_is_nobodys(sim: RedditSimulator) -> None:
    populate(sim)
    sim.write_modmail(SUB, "ana", "hello")
    sim.delete_account("ana")
    async with running(sim, is_new=False) as stage:
        await stage.rounds(1)
        assert [message.addressed for message in stage.inbox] in ([], [Addressed.AMBIENT])


@pytest.mark.parametrize(
    ("number", "fullname"),
    [
        (56923181, "t2_xw27h"),
        (5134815, "t2_3221r"),
        (36, "t2_10"),
        (0, ""),
        (-1, ""),
        (True, ""),
        (None, ""),
        ("7", ""),
    ],
)
def test_a_users_number_is_their_fullname(number: object, fullname: str) -> None:
    assert modmail.user_id(number) == fullname
