"""What the requester of a ticket hears of its desk, in which place, and what others who read there hear of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from adapters.base import Author, IncomingMessage, Reply, ReplyTarget, Visibility
from bots import claims
from bots.ledger import approvals, codec
from bots.ledger.ledger import Ledger
from bots.ledger.outbox import Outgoing
from bots.relay import Relay
from bots.wording import Wording
from tests.bots.ledger.desk_stage import Stage
from tests.bots.making import command, in_public, message, target
from ticket_client import local

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

MATTER = "an elephant sits on my keys"


@dataclass(kw_only=True)
class Desk:
    """A ledger, an agent at its desk, and what the relay put on its way."""

    stage: Stage
    relay: Relay
    sent: list[Outgoing]

    async def agent(self, text: str = "", *, resolves: bool = False) -> list[tuple[str, str]]:
        """An agent answers, or resolves; place and text of what leaves, the first line of it."""
        tickets = self.stage.ledger.tickets
        if text:
            await tickets.add("1", "reply", "Mia", text, key=None)
        if resolves:
            await tickets.resolve("1", "Mia")
        self.sent.clear()
        while await self.relay.look():
            pass
        return [(made.reply.target.place, made.reply.text) for made in self.sent]

    def conversation_of(self, key: str) -> str:
        """Where a reply is kept."""
        (row,) = self.stage.rows("SELECT conversation_key FROM outgoing WHERE key LIKE ?", f"desk:%:{key}%")
        return str(row["conversation_key"])


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """With the built-in desk."""
    path = tmp_path / "firstline.db"
    with Ledger(path) as ledger:
        sent: list[Outgoing] = []
        tickets = local.create("local", local.Settings(), {"store": ledger.tickets})
        relay = Relay(ledger, tickets, Wording(), sent.extend, poll_s=1)
        yield Desk(stage=Stage(path, ledger), relay=relay, sent=sent)


async def test_in_public_the_requester_hears_everything_there(desk: Desk) -> None:
    await desk.stage.hear(in_public(MATTER))
    assert await desk.agent("It *left*.") == [("group:1", "News on your ticket **FL-1001**:\nIt \\*left\\*.")]
    assert [place for place, _ in await desk.agent(resolves=True)] == ["group:1", "group:1"]
    assert all(made.reply.instead is None for made in desk.sent), "there is no other place"
    assert [made.reply.speaker for made in desk.sent] == ["bot", "bot"]
    assert await desk.agent() == [], "everything is told once"


async def test_once_it_goes_on_in_private_others_read_no_more_than_that_it_is_solved(desk: Desk) -> None:
    await desk.stage.hear(in_public(MATTER))
    await desk.stage.hear(message("my account is 77"))
    ((place, text),) = await desk.agent("Account 77 is yours again.")
    assert (place, desk.sent[0].reply.speaker) == ("chat:ann", "agent")
    assert "77" in text
    instead = desk.sent[0].reply.instead
    assert instead is not None
    assert (instead.target.place, "77" in instead.text, "FL-1001" in instead.text) == ("group:1", False, True)
    number = desk.sent[0].reply.key.rpartition(":")[2]
    assert desk.conversation_of(number).startswith("telegram:bot:chat:ann"), "kept where it was said"
    private, public, rating = await desk.agent(resolves=True)
    assert private[0] == "chat:ann"
    assert public == ("group:1", "Ticket **FL-1001** is solved. Thank you.")
    assert rating[0] == "chat:ann"
    assert [made.reply.instead for made in desk.sent] == [None, None, None], "nobody is told of news twice in public"
    assert desk.conversation_of("resolved-public") == "telegram:bot:group:1:ann"


async def test_opened_again_and_solved_again_is_told_again_and_rated_once(desk: Desk) -> None:
    await desk.stage.hear(message(MATTER))
    assert len(await desk.agent(resolves=True)) == 2
    await desk.stage.hear(message("it came back"))
    await desk.agent()
    assert [text.split(" is ")[1][:8] for _, text in await desk.agent(resolves=True)] == ["resolved"]


async def test_the_rating_is_asked_in_private_where_that_place_is_known(desk: Desk) -> None:
    await desk.stage.hear(message("hello"))
    await desk.stage.hear(in_public(MATTER))
    assert [place for place, _ in await desk.agent(resolves=True)] == ["group:1", "chat:ann"]


async def test_buttons_are_shown_where_the_place_has_some(desk: Desk) -> None:
    await desk.stage.hear(message(MATTER, reply_to=target("chat:ann", buttons=False)))
    await desk.agent(resolves=True)
    assert [made.reply.buttons for made in desk.sent] == [(), ()]


async def test_a_reply_in_a_private_place_that_may_be_closed_has_its_fallback(desk: Desk) -> None:
    thread = target("thread", visibility=Visibility.MEMBERS)
    await desk.stage.hear(message(MATTER, reply_to=target("chat:ann", fallback=thread)))
    await desk.agent("Account 77 is yours again.")
    instead = desk.sent[0].reply.instead
    assert instead is not None
    assert (instead.target, "77" in instead.text) == (thread, False)


async def test_news_for_somebody_who_wants_silence_waits_for_a_person(desk: Desk) -> None:
    await desk.stage.hear(in_public(MATTER))
    await desk.stage.hear(in_public("stop"))
    assert await desk.agent("It left.", resolves=True) == []
    waiting = approvals.waiting(desk.stage.path)
    assert len(waiting) == 3
    assert {each.why for each in waiting} == {"the requester asked the bot to be silent"}
    assert {(each.to, each.question, each.number) for each in waiting} == {("ann_a", MATTER, "FL-1001")}


def on_x(text: str) -> IncomingMessage:
    said = message(text, author=Author(id="anne"), channel="x", conversation_key="x:bot:dm:anne", place="dm:anne")
    said = replace(said, dedupe_key=said.dedupe_key.replace("telegram", "x"))
    return claims.sealed(replace(said, reply_to=replace(said.reply_to, channel="x")))


async def redeemed(desk: Desk) -> ReplyTarget:
    """The ticket goes on at Anne's on X."""
    (asked,) = (await desk.stage.hear(command("claim"))).outgoing
    await desk.stage.hear(here := on_x(f"claim {asked.reply.secret}"))
    return here.reply_to


async def test_silence_holds_for_the_account_that_asked_for_it(desk: Desk) -> None:
    await desk.stage.hear(in_public(MATTER))
    here = await redeemed(desk)
    await desk.stage.hear(in_public("stop"))
    assert [place for place, _ in await desk.agent("It left.")] == [here.place], "that account is spoken to"
    await desk.stage.hear(in_public("start"))
    await desk.stage.hear(on_x("stop"))
    assert await desk.agent("It is back.") == []
    ((_, solved),) = [told for told in await desk.agent(resolves=True) if told[0] == "group:1"]
    assert "is solved" in solved


async def test_what_waited_for_silence_goes_out_when_that_account_wants_to_hear_again(desk: Desk) -> None:
    await desk.stage.hear(in_public(MATTER))
    here = await redeemed(desk)
    await desk.stage.hear(on_x("stop"))
    assert await desk.agent("It left.") == []
    await desk.stage.hear(in_public("stop"))
    assert len((await desk.stage.hear(in_public("start"))).outgoing) == 1, "the other account still wants silence"
    back = (await desk.stage.hear(on_x("start"))).outgoing
    assert [made.reply.target.place for made in back] == [here.place, here.place]
    assert "It left." in "".join(made.reply.text for made in back)
    assert approvals.waiting(desk.stage.path) == []


async def test_words_of_an_agent_are_no_markup_and_no_number_of_another(desk: Desk) -> None:
    await desk.stage.hear(message(MATTER))
    await desk.agent("**bold** `code` [claim] FL-7")
    reply = codec.load(Reply, desk.stage.rows("SELECT reply FROM outgoing ORDER BY id DESC LIMIT 1")[0]["reply"])
    assert reply.text.endswith("\\*\\*bold\\*\\* \\`code\\` [claim] FL-7")
    assert reply.number == "FL-1001"
