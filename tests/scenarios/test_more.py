"""Scenarios beyond the main road: two bots, edits, comments, anonymous administrators, a full disk, a new FAQ."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from faq.learned import FILE, Learned, Point, save
from simulators.telegram import TelegramSimulator
from tests.scenarios.stage import TOKEN, Stage, person

if TYPE_CHECKING:
    from pathlib import Path

MATTER = "the moon fell on my ledger and now my cat owns everything"
SECOND = "220201543:simulated-two"
SURE = "how do i reset my password now"
EDITS = 10


async def test_one_process_serves_two_telegram_bots(tmp_path: Path) -> None:
    async with TelegramSimulator() as sim:
        sim.add_bot(TOKEN)
        sim.add_bot(SECOND, username="second_bot")
        more = f'[channels.wallet]\nkind = "telegram"\ntoken = "{SECOND}"\napi_base = "{sim.base_url}"\n'
        stage = Stage(sim, tmp_path, more)
        async with stage.running():
            ann = person(sim, "Ann")
            sim.write(ann.id, MATTER, bot_id=110201543)
            await stage.reads(ann.id, "FL-1001")
            sim.write(ann.id, "/status", bot_id=220201543)
            await stage.reads(ann.id, "reported this before")
            sim.write(ann.id, "a mouse sits on my keys and types nonsense", bot_id=220201543)
            await stage.reads(ann.id, "FL-1002")
            sim.write(ann.id, "/status", bot_id=110201543)
            first = await stage.reads(ann.id, "FL-1001")
            assert "FL-1002" not in first["text"]


async def test_an_edit_of_what_was_answered_says_nothing_more(stage: Stage) -> None:
    ann = person(stage.sim, "Ann")
    wrote = stage.sim.write(ann.id, MATTER)
    await stage.reads(ann.id, "FL-1001")
    stage.sim.edit(ann.id, wrote["message_id"], MATTER + " (edited)")
    await stage.hears_nothing(ann.id)
    assert stage.report().outcomes["acted"] == {"edit_noted": 1}
    assert [entry.kind for entry in stage.ticket("FL-1001").entries] == ["user", "note"]
    assert len(stage.tickets()) == 1


async def test_the_same_matter_in_another_place_gets_the_number_that_is_there(stage: Stage) -> None:
    ann = person(stage.sim, "Ann")
    group = stage.group("Help", ann)
    stage.sim.write(ann.id, MATTER)
    await stage.reads(ann.id, "FL-1001")
    stage.sim.write(ann.id, f"@firstline_bot {MATTER}", chat_id=group.id)
    await stage.reads(group.id, "FL-1001", "told us about this already")
    await stage.settled()
    assert len(stage.tickets()) == 1
    assert stage.ticket("FL-1001").entries[-1].kind == "note"


async def test_a_comment_under_a_channels_post_is_answered_in_its_thread(stage: Stage) -> None:
    ann = person(stage.sim, "Ann")
    channel = stage.sim.add_chat("News", kind="channel")
    talk = stage.sim.add_chat("Talk", linked_channel_id=channel.id, members=[ann.id])
    stage.sim.set_member(talk.id, int(TOKEN.partition(":")[0]), quietly=True)
    _, forward = stage.sim.post(channel.id, "We list a new coin")
    stage.sim.write(
        ann.id, "@firstline_bot how do i reset my password?", chat_id=talk.id, reply_to=forward["message_id"]
    )
    answer = await stage.reads(talk.id, "Choose Forgot password?")
    assert answer["reply_to"] is not None
    await stage.settled()
    assert len(stage.sim.sent(talk.id)) == 1


async def test_an_anonymous_administrator_acts_for_the_group(stage: Stage) -> None:
    ann = person(stage.sim, "Ann")
    group = stage.group("Help", ann)
    complaint = stage.sim.write(ann.id, "this exchange swallowed my elephant", chat_id=group.id)
    stage.sim.write_anonymously(group.id, "/ticket", reply_to=complaint["message_id"])
    await stage.reads(group.id, "A moderator asked us", "FL-1001")
    assert stage.ticket("FL-1001").requester.external_id.endswith(f":{ann.id}")


async def test_suggestions_are_chosen_by_number_or_refused(stage: Stage) -> None:
    ann = person(stage.sim, "Ann")
    offered = None
    for words in ("how long does a password reset take", "withdrawal on the wrong chain cost", "password or fee"):
        stage.sim.write(ann.id, words)
        said = await stage.reads(ann.id)
        await stage.settled()
        if "Do you mean one of these?" in said["text"]:
            offered = said
            break
        stage.skip(ann.id)
    assert offered is not None, "the matcher suggests for none of these"
    stage.sim.tap(ann.id, offered["message_id"], button="None of these")
    await stage.reads(ann.id, "I have opened ticket FL-1001")
    assert words in stage.ticket("FL-1001").entries[0].text


async def test_a_faq_that_is_edited_is_used_without_a_restart_and_a_broken_one_is_not(stage: Stage) -> None:
    ann = person(stage.sim, "Ann")
    faq = stage.folder / "faq" / "en.yaml"
    faq.write_text(faq.read_text().replace("Choose **Forgot password?**", "Tap **Lost it?**"))
    await _until(lambda: stage.bot.faq.current[0].entry("password", "en").answer.startswith("Tap"))  # type: ignore[union-attr]
    stage.sim.write(ann.id, "how do i reset my password?")
    await stage.reads(ann.id, "Tap Lost it?")
    faq.write_text("entries: [")
    await asyncio.sleep(1.5)
    bob = person(stage.sim, "Bob")
    stage.sim.write(bob.id, "how do i reset my password?")
    await stage.reads(bob.id, "Tap Lost it?")


async def test_a_full_disk_loses_nothing_and_goes_on_by_itself(stage: Stage) -> None:
    ann = person(stage.sim, "Ann")
    stage.sim.write(ann.id, MATTER)
    await stage.reads(ann.id, "FL-1001")
    pages = await stage.bot.ledger.writer.run(lambda c: c.execute("PRAGMA page_count").fetchone()[0])
    await stage.bot.ledger.writer.run(lambda c: c.execute(f"PRAGMA max_page_count = {pages}").fetchone())
    for i in range(40):
        stage.sim.write(ann.id, f"{i} more words about the moon " + "x" * 3000)
    await asyncio.sleep(2)
    assert stage.sim.pending()  # Telegram was not told that they were received
    await stage.bot.ledger.writer.run(lambda c: c.execute("PRAGMA max_page_count = 1073741823").fetchone())
    async with asyncio.timeout(60):
        while stage.sim.pending():
            await asyncio.sleep(0.1)
        await stage.bot.worker.idle()
    assert stage.report().messages == 41
    assert stage.report().adds_up


async def _until(condition: object) -> None:
    assert callable(condition)
    async with asyncio.timeout(15):
        while not condition():
            await asyncio.sleep(0.05)


async def test_no_message_is_missed_while_the_faq_is_edited(stage: Stage) -> None:
    file = stage.folder / "faq" / "en.yaml"
    asked = file.read_text(encoding="utf-8")
    people = [person(stage.sim, f"Ann{number}") for number in range(EDITS)]
    for number, ann in enumerate(people):
        before = stage.bot.faq.current
        file.write_text(asked.replace("Usually a day.", f"Usually {number} days."), encoding="utf-8")
        while stage.bot.faq.current is before:  # ask all the time until it is taken up, and once after
            stage.sim.write(ann.id, "how long does verification take")
            await asyncio.sleep(0.1)
        stage.sim.write(ann.id, "how long does verification take")
    await stage.settled()
    report = stage.report()
    assert set(report.outcomes) == {"answered"}
    for number, ann in enumerate(people):
        answers = [message.text for message in stage.sim.sent(ann.id) if "Usually" in message.text]
        assert answers[-1].startswith(f"Usually {number} days.")
        assert {answer.split("\n")[0] for answer in answers} <= {
            "Usually a day.",
            f"Usually {number - 1} days.",
            f"Usually {number} days.",
        }


async def test_what_was_learnt_while_the_bot_runs_is_heeded(tmp_path: Path) -> None:
    folder = tmp_path / "chat"
    folder.mkdir()
    async with TelegramSimulator() as sim:
        sim.add_bot(TOKEN)
        stage = Stage(sim, folder)  # its data lies in tmp_path, which is no other test's
        async with stage.running() as bot:
            ann, ben = person(sim, "Ann"), person(sim, "Ben")
            sim.write(ann.id, SURE)
            await stage.reads(ann.id, "Forgot password?")
            answers_are_wrong = Learned(
                curve=(Point(score=0.1, precision=0.1, recall=1),), weight=60, sources={"label": 60}
            )
            save(answers_are_wrong, stage.settings.data_dir / FILE)
            async with asyncio.timeout(10):
                while bot.faq.current[1].learned != answers_are_wrong:
                    await asyncio.sleep(0.05)
            sim.write(ben.id, SURE)
            await stage.reads(ben.id, "1. How do I reset my password?")
