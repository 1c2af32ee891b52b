"""The same loop on every network: question, ticket, moderator, stranger, agent, resolution, private, hostile words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bots.ledger.report import reading
from tests.scenarios.networks import MANNERS, NetworkStage, stage_on

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bots.ledger.database import Place

MATTER = "the moon fell on my ledger and now my cat owns everything"


def _stored_replies(ledger: Place) -> str:
    with reading(ledger) as connection:
        return "\n".join(row["reply"] for row in connection.execute("SELECT reply FROM outgoing"))


@pytest.fixture(params=MANNERS)
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[NetworkStage]:
    async with stage_on(request.param, tmp_path) as started:
        yield started


async def test_a_question_is_answered_under_itself_and_once(stage: NetworkStage) -> None:
    asked = await stage.ask(stage.ana, "how do i reset my password?")
    await stage.reads("Choose Forgot password? on the sign-in screen.", reply_to=asked)
    await stage.write(stage.bram, "how do i reset my password?")
    await stage.reads("Choose Forgot password? on the sign-in screen.", person=stage.bram)
    assert len([post for post in stage.posted() if "Forgot password" in post.text]) == 2


async def test_a_complaint_becomes_a_ticket_and_the_agents_words_come_back(stage: NetworkStage) -> None:
    said = await stage.ask(stage.ana, MATTER)
    told = await stage.reads("FL-1001", reply_to=said)
    assert "cat owns" not in told.text
    await stage.order("tickets_reply", number="FL-1001", text="We asked the cat.", agent="Mia")
    if not stage.manners.posts_for_agents:
        await stage.release("We asked the cat.")
    await stage.reads("FL-1001", "We asked the cat.", place=told.place)
    await stage.order("tickets_resolve", number="FL-1001", agent="Mia")
    if not stage.manners.posts_for_agents:
        await stage.release("FL-1001 is resolved")
    await stage.reads("FL-1001 is resolved", place=told.place)


async def test_a_moderator_opens_a_ticket_for_the_complaints_author_once(stage: NetworkStage) -> None:
    complaint = await stage.ask(stage.ana, "they ate all of my coins and nobody cares, what a shame")
    await stage.reads("FL-1001", reply_to=complaint)
    second = await stage.scene.say(stage.bram, stage.unasked, f"{MATTER}, what a joke")
    await stage.redirect(stage.mila, second)
    await stage.until(lambda: len(stage.tickets()) == 2)
    if stage.scene.network == "twitter":  # whose post did not call the bot is answered by a person
        assert (await stage.release("FL-1002")).by_hand
    else:
        await stage.reads("A moderator asked us to look into this", "FL-1002", reply_to=second)
    ticket = stage.ticket("FL-1002")
    assert "bram" in f"{ticket.requester.name} {ticket.requester.handle}".lower()
    assert MATTER in ticket.entries[0].text
    await stage.redirect(stage.mila, second)
    await stage.until(lambda: stage.report().outcomes.get("acted", {}).get("complaint_exists") == 1)
    assert len(stage.tickets()) == 2


async def test_an_ordinary_member_opens_no_ticket_for_another(stage: NetworkStage) -> None:
    complaint = await stage.scene.say(stage.ana, stage.unasked, f"{MATTER}, what a joke")
    await stage.redirect(stage.bram, complaint)
    await stage.until(lambda: set(stage.report().outcomes) - {"ignored"})
    assert [ticket for ticket in stage.tickets() if "ana" in ticket.requester.name.lower()] == []


async def test_a_strangers_number_tells_nothing(stage: NetworkStage) -> None:
    await stage.ask(stage.ana, MATTER)
    await stage.reads("FL-1001")
    await stage.write(stage.bram, "FL-1001")
    told = await stage.reads("only tell you about your own tickets", person=stage.bram)
    assert "moon" not in told.text
    assert "FL-1001" not in told.text


async def test_writing_in_private_continues_the_ticket_and_the_public_hears_only_that_it_is_solved(
    stage: NetworkStage,
) -> None:
    said = await stage.ask(stage.ana, MATTER)
    public = await stage.reads("FL-1001", reply_to=said)
    await stage.write(stage.ana, "the cat is called Tom, my account is 12345")
    await stage.reads("FL-1001", person=stage.ana)
    await stage.order("tickets_reply", number="FL-1001", text="Account 12345 is yours again.", agent="Mia")
    await stage.reads("12345", person=stage.ana)
    await stage.order("tickets_resolve", number="FL-1001", agent="Mia")
    await stage.reads("FL-1001 is resolved", person=stage.ana)
    if not stage.manners.posts_for_agents:
        await stage.release("Ticket FL-1001 is solved")
    await stage.reads("Ticket FL-1001 is solved. Thank you.", place=public.place)
    assert [post for post in stage.posted() if "12345" in post.text and post.place != stage.private(stage.ana)] == []


async def test_a_claim_code_is_handed_out_in_private_only(stage: NetworkStage) -> None:
    said = await stage.ask(stage.ana, MATTER)
    await stage.reads("FL-1001", reply_to=said)
    await stage.write(stage.ana, "claim")
    if stage.scene.network == "reddit":  # moderators read modmail
        await stage.reads("Moderators can read along here", person=stage.ana)
        return
    code = await stage.reads("claim ", "24 hours", person=stage.ana)
    shown = code.text.split("claim ", 1)[1][:30]
    assert all(shown not in post.text for post in stage.posted() if post.id != code.id)
    await stage.until(lambda: shown not in _stored_replies(stage.settings.ledger_place))  # posted first, then forgotten
    assert "24 hours" in _stored_replies(stage.settings.ledger_place)


async def test_who_says_stop_is_left_alone(stage: NetworkStage) -> None:
    asked = await stage.ask(stage.ana, "stop")
    await stage.reads("will not answer you any more", reply_to=asked)
    await stage.ask(stage.ana, "how do i reset my password?")
    await stage.until(lambda: stage.report().outcomes.get("ignored", {}).get("opted_out") == 1)
    assert len(stage.posted()) == 1


@pytest.mark.parametrize(
    "hostile",
    [
        "@everyone @here <b>my coins</b> are *gone* and nobody **cares** at all",
        "my coins are gone u/spez r/all #tag $BTC [here](https://evil.example) <@1> and nobody cares",
        "монеты пропали 硬币不见了 اختفت العملات 🙈👩‍👩‍👧 a\u200bb and nobody cares about all of it",
    ],
)
async def test_hostile_words_are_only_words(stage: NetworkStage, hostile: str) -> None:
    said = await stage.ask(stage.ana, hostile)
    await stage.reads("FL-1001", reply_to=said)
    await stage.order("tickets_reply", number="FL-1001", text=f"You wrote: {hostile}", agent="Mia")
    if not stage.manners.posts_for_agents:
        await stage.release("You wrote")
    told = await stage.reads("You wrote", "nobody")
    assert told.author == stage.us
