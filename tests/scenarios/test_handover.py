"""What a person should look at, from the message to the words and the ticket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.scenarios.stage import person

if TYPE_CHECKING:
    from tests.scenarios.stage import Stage


async def test_a_complaint_becomes_a_ticket_in_calm_words(stage: Stage) -> None:
    ann = person(stage.sim, "Ann")
    stage.sim.write(ann.id, "your support is terrible, you closed my case about the withdrawal fees")
    said = await stage.reads(ann.id, "Thank you for telling us.", "FL-1001", "a person, not a bot")
    assert "terrible" not in said["text"]
    assert "complaint" in stage.ticket("FL-1001").tags
    stage.sim.write(ann.id, "and my verification is pending, too")
    await stage.reads(ann.id, "Added to your ticket FL-1001")


async def test_an_accusation_in_public_is_answered_calmly_in_its_language(stage: Stage) -> None:
    jan, boss = person(stage.sim, "Jan"), person(stage.sim, "Boss")
    group = stage.group("Help", jan, boss)
    stage.sim.write(jan.id, "@firstline_bot jullie hebben mijn geld gestolen, stelletje dieven", chat_id=group.id)
    said = await stage.reads(group.id, "Dank dat je het ons laat weten.", "FL-1001", "Zet alsjeblieft geen")
    assert "gestolen" not in said["text"]
    assert "accusation" in stage.ticket("FL-1001").tags


async def test_two_questions_are_both_offered_and_both_answered(stage: Stage) -> None:
    ann = person(stage.sim, "Ann")
    stage.sim.write(ann.id, "How much does a withdrawal cost? And how do I reset my password?")
    offered = await stage.reads(
        ann.id, "You asked more than one thing.", "1. What are the withdrawal fees?\n2. How do I reset my password?"
    )
    stage.sim.tap(ann.id, offered["message_id"], button="1. What are the withdrawal fees?")
    await stage.reads(ann.id, "The fee is shown before you confirm.")
    await stage.reads(ann.id, "Did this help?")
    stage.sim.tap(ann.id, offered["message_id"], button="2. How do I reset my password?")
    await stage.reads(ann.id, "Choose Forgot password?")
    assert stage.tickets() == []


async def test_the_answer_to_a_rant_says_which_part_it_answers(stage: Stage) -> None:
    ann, boss = person(stage.sim, "Ann"), person(stage.sim, "Boss")
    group = stage.group("Help", ann, boss)
    stage.sim.write(
        ann.id,
        "@firstline_bot What a week this has been, first the car broke down, then the rain came through the roof, my "
        "sister moved in with four dogs and the neighbours have been hammering since Monday. @boss look at "
        "https://evil.example/roof. How do I *reset* my password? Greetings from a very tired woman in the rain!",
        chat_id=group.id,
    )
    said = await stage.reads(group.id, "About “How do I *reset* my password?”:\nChoose Forgot password?")
    assert "evil" not in said["text"]
    assert "@" not in said["text"]
