"""Scenarios on Telegram: the real SDK, a simulated server, the built-in desk."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bots.ledger import commands
from tests.scenarios.stage import person

if TYPE_CHECKING:
    from tests.scenarios.stage import Stage


async def command(stage: Stage, name: str, **arguments: object) -> str:
    """What another process asks of the running bot."""
    state, result = await asyncio.to_thread(commands.submit, stage.settings.ledger_place, name, arguments)
    assert state == "done", result
    return result


async def test_a_question_is_answered_in_private_and_once(stage: Stage) -> None:
    ann = person(stage.sim, "Ann")
    stage.sim.write(ann.id, "how do i reset my password?")
    await stage.reads(ann.id, "Choose Forgot password? on the sign-in screen.")
    helped = await stage.reads(ann.id, "Did this help?")
    stage.sim.tap(ann.id, helped["message_id"], button="Yes")
    await stage.reads(ann.id, "Good to hear")
    await stage.hears_nothing(ann.id)


async def test_an_unknown_matter_becomes_a_ticket_and_what_follows_is_added(stage: Stage) -> None:
    ann = person(stage.sim, "Ann")
    stage.sim.write(ann.id, "the moon fell on my ledger and now my cat owns everything")
    await stage.reads(ann.id, "FL-1001", "A person will look at it")
    stage.sim.write(ann.id, "it was the full moon by the way")
    await stage.reads(ann.id, "Added to your ticket FL-1001")
    stage.sim.write(ann.id, "the moon fell on my ledger and now my cat owns everything!!")
    await stage.reads(ann.id, "Added to your ticket FL-1001")
    ticket = stage.ticket("FL-1001")
    assert [entry.kind for entry in ticket.entries] == ["user", "user", "user"]
    assert ticket.entries[1].text == "it was the full moon by the way"
    assert len(stage.tickets()) == 1


async def test_the_agents_answer_and_the_resolution_come_back_to_the_same_topic(stage: Stage) -> None:
    ann, admin = person(stage.sim, "Ann"), person(stage.sim, "Boss")
    group = stage.group("Help", ann, admin, is_forum=True)
    topic = stage.sim.add_topic(group.id, "Questions", by_user_id=admin.id)
    stage.sim.write(
        ann.id,
        "@firstline_bot my blue elephant of doom ate three keyboards today",
        chat_id=group.id,
        thread_id=topic,
    )
    await stage.reads(group.id, "FL-1001", thread=topic)
    await command(
        stage, "tickets_reply", number="fl-1001", text="We <b>freed</b> the *elephant* @everyone", agent="Mia"
    )
    await stage.reads(group.id, "News on your ticket FL-1001", "<b>freed</b> the *elephant*", thread=topic)
    await command(stage, "tickets_resolve", number="FL-1001", agent="Mia")
    await stage.reads(group.id, "FL-1001 is resolved", "answer here", thread=topic)
    rating = await stage.reads(group.id, "How did we do", thread=topic)
    stage.sim.tap(ann.id, rating["message_id"], button="👍 Good", chat_id=group.id)
    await stage.reads(group.id, "Thank you, noted", thread=topic)
    assert stage.ticket("FL-1001").rating == 5
    stage.sim.write(
        ann.id,
        "@firstline_bot the elephant of doom is back and ate another keyboard",
        chat_id=group.id,
        thread_id=topic,
    )
    await stage.reads(group.id, "FL-1001 again", thread=topic)
    assert stage.ticket("FL-1001").status == "open"


async def test_a_moderator_opens_a_ticket_for_the_author_of_a_complaint(stage: Stage) -> None:
    ann, admin, other = person(stage.sim, "Ann"), person(stage.sim, "Boss"), person(stage.sim, "Rick")
    group = stage.group("Help", ann, admin, other)
    stage.sim.set_member(group.id, admin.id, status="administrator")
    complaint = stage.sim.write(ann.id, "this exchange swallowed my elephant", chat_id=group.id)
    stage.sim.write(other.id, "/ticket haha", chat_id=group.id, reply_to=complaint["message_id"])
    await stage.reads(group.id, "Only moderators can open a ticket for somebody else")
    stage.sim.write(admin.id, "/ticket please help her", chat_id=group.id, reply_to=complaint["message_id"])
    said = await stage.reads(group.id, "A moderator asked us", "FL-1001")
    assert said["reply_to"] == complaint["message_id"]
    await stage.reads(group.id, "Opened as FL-1001")
    stage.sim.write(admin.id, "/ticket", chat_id=group.id, reply_to=complaint["message_id"])
    await stage.reads(group.id, "already has ticket FL-1001")
    ticket = stage.ticket("FL-1001")
    assert ticket.requester.external_id.endswith(f":{ann.id}")
    assert "please help her" in ticket.entries[0].text
    assert "elephant" in ticket.subject
    assert len(stage.tickets()) == 1


async def test_a_stranger_learns_nothing_of_a_foreign_ticket(stage: Stage) -> None:
    ann, eve = person(stage.sim, "Ann"), person(stage.sim, "Eve")
    stage.sim.write(ann.id, "the moon fell on my ledger and now my cat owns everything")
    await stage.reads(ann.id, "FL-1001")
    stage.sim.write(eve.id, "/status FL-1001")
    real = await stage.reads(eve.id)
    stage.sim.write(eve.id, "/status FL-9999")
    made_up = await stage.reads(eve.id)
    assert real["text"] == made_up["text"]
    stage.sim.write(ann.id, "what about my ticket?")
    await stage.reads(ann.id, "FL-1001", "we have it")


async def test_two_languages(stage: Stage) -> None:
    jan = person(stage.sim, "Jan", "nl")
    stage.sim.write(jan.id, "ik ben mijn wachtwoord vergeten")
    await stage.reads(jan.id, "Wachtwoord vergeten?")
    await stage.reads(jan.id, "Heeft dit geholpen?")
    stage.sim.write(jan.id, "/language en")
    await stage.reads(jan.id, "From now on I write English")
    stage.sim.write(jan.id, "/help")
    await stage.reads(jan.id, "first line of support")


async def test_the_ambient_talk_of_a_group_is_left_alone_and_not_kept(stage: Stage) -> None:
    ann = person(stage.sim, "Ann")
    group = stage.group("Help", ann, bot_status="administrator")
    stage.sim.write(ann.id, "did you hear about the secret elephant", chat_id=group.id)
    await stage.hears_nothing(group.id)
    assert stage.report().outcomes == {"ignored": {"not_addressed": 1}}
    assert b"elephant" not in b"".join(p.read_bytes() for p in stage.folder.glob("firstline.db*"))


async def test_a_seed_phrase_is_never_kept_and_its_author_is_warned(stage: Stage) -> None:
    ann = person(stage.sim, "Ann")
    phrase = "legal winner thank year wave sausage worth useful legal winner thank yellow"
    stage.sim.write(ann.id, f"my wallet does not open, the words are {phrase}")
    await stage.reads(ann.id, "treat the wallet as lost")
    await stage.settled()
    assert b"sausage" not in b"".join(p.read_bytes() for p in stage.folder.glob("firstline.db*"))


async def test_hostile_texts_are_answered_calmly(stage: Stage) -> None:
    ann = person(stage.sim, "Ann")
    texts = [
        "x" * 4000,
        "\u200b\u200d\ufeff",
        "\u202eesrever ni nettirw",
        "@everyone @here @durov [x](tg://user?id=1) <script>alert(1)</script> *_`",
        "مرحبا أين أموالي من فضلك",
        "我的钱在哪里？请帮帮我",
        "Где мои деньги? Помогите",
        "🙈" * 900,
        "/ticket@firstline_bot " + "я" * 3000,
    ]
    for text in texts:
        stage.sim.write(ann.id, text)
    await stage.settled()
    report = stage.report()
    assert report.failed == ()
    assert set(report.replies) == {"sent"}
