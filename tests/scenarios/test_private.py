"""A ticket opened in public goes on in private, and on another network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.scenarios.stage import person
from tests.scenarios.test_telegram import command

if TYPE_CHECKING:
    from tests.scenarios.stage import Stage

MATTER = "the moon fell on my ledger and now my cat owns everything"


async def test_the_link_leads_on_in_private_and_the_group_hears_only_that_it_is_solved(stage: Stage) -> None:
    ann, eve = person(stage.sim, "Ann"), person(stage.sim, "Eve")
    group = stage.group("Help", ann, eve)
    stage.sim.write(ann.id, f"@firstline_bot {MATTER}", chat_id=group.id)
    await stage.reads(group.id, "FL-1001", "https://t.me/firstline_bot?start=FL-1001")
    stage.sim.write(eve.id, "/start FL-1001")
    await stage.reads(eve.id, "only tell you about your own tickets")
    stage.sim.write(ann.id, "/start FL-1001")
    await stage.reads(ann.id, "hear about ticket FL-1001 here")
    stage.sim.write(ann.id, "the cat is called Tom and my account is 12345")
    await stage.reads(ann.id, "Added to your ticket FL-1001")
    await command(stage, "tickets_reply", number="FL-1001", text="Your account 12345 is yours again.", agent="Mia")
    await stage.reads(ann.id, "News on your ticket FL-1001", "12345")
    await command(stage, "tickets_resolve", number="FL-1001", agent="Mia")
    await stage.reads(ann.id, "FL-1001 is resolved")
    await stage.reads(ann.id, "How did we do")
    await stage.reads(group.id, "Ticket FL-1001 is solved. Thank you.")
    await stage.hears_nothing(group.id)


async def test_who_blocked_the_bot_in_private_is_told_in_the_group_that_there_is_news(stage: Stage) -> None:
    ann = person(stage.sim, "Ann")
    group = stage.group("Help", ann)
    stage.sim.write(ann.id, f"@firstline_bot {MATTER}", chat_id=group.id)
    await stage.reads(group.id, "FL-1001")
    stage.sim.write(ann.id, "FL-1001")
    await stage.reads(ann.id, "hear about ticket FL-1001 here")
    stage.sim.set_blocked(ann.id)
    await command(stage, "tickets_reply", number="FL-1001", text="Your account 12345 is yours again.", agent="Mia")
    told = await stage.reads(group.id, "There is news on your ticket FL-1001", "could not reach you in private")
    assert "12345" not in told["text"]
