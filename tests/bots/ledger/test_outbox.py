"""Replies on their way: each state one durable write, and none is sent that should not be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bots.ledger import report
from bots.ledger.outbox import insert
from bots.pipeline.effects import NUMBER, Say
from tests.bots.making import message, target

if TYPE_CHECKING:
    from bots.ledger.outbox import Outgoing
    from tests.bots.ledger.desk_stage import Stage


async def put(stage: Stage, *says: Say, number: str | None = None) -> list[Outgoing]:
    return await stage.ledger.writer.run(
        lambda connection: insert(connection, says, conversation_key="c", number=number)
    )


def say(text: str, *, max_len: int = 4096) -> Say:
    return Say(key="k", target=target(max_len=max_len), text=text)


async def test_a_reply_is_written_once_and_split_into_what_the_platform_takes(stage: Stage) -> None:
    made = await put(stage, say("first part. second part", max_len=12))
    assert [(o.reply.key, o.reply.text) for o in made] == [("k", "first part."), ("k/2", "second part")]
    assert await put(stage, say("other words", max_len=12)) == []
    assert [o.reply.text for o in stage.ledger.outbox.unfinished("telegram")] == ["first part.", "second part"]
    assert stage.ledger.outbox.unfinished("webchat") == []
    assert [o.id for o in stage.ledger.outbox.unfinished("telegram", after=made[0].id)] == [made[1].id]


async def test_the_number_takes_its_place_and_is_known_of_the_part_that_tells_it(stage: Stage) -> None:
    made = await put(stage, say(f"it is ticket {NUMBER}. and more", max_len=22), number="FL-1001")
    assert [(o.reply.text, o.reply.number) for o in made] == [("it is ticket FL-1001.", "FL-1001"), ("and more", None)]


async def test_a_reply_that_has_nowhere_to_go_is_shown_as_failed(stage: Stage) -> None:
    deaf = Say(key="k", target=target(can_reply=False, why_not="the bot was removed from the group"), text="hello")
    assert await put(stage, deaf) == []
    assert stage.ledger.outbox.unfinished("telegram") == []
    assert [trouble.reason for trouble in report.report(stage.path).refused] == ["the bot was removed from the group"]


async def test_a_reply_goes_through_its_states(stage: Stage) -> None:
    outbox = stage.ledger.outbox
    (outgoing,) = await put(stage, say("hello"))
    assert (outgoing.attempts, outgoing.resumed) == (0, False)
    assert await outbox.sending(outgoing)
    (cut,) = outbox.unfinished("telegram")
    assert (cut.resumed, cut.attempts) == (True, 1), "found so after a crash: it may have been posted"
    at = datetime.now(UTC) + timedelta(minutes=5)
    await outbox.later(cut, at, "429")
    (later,) = outbox.unfinished("telegram")
    assert (later.not_before, later.resumed) == (at, False)
    assert await outbox.sending(later)
    await outbox.sent(later, "99")
    assert outbox.unfinished("telegram") == []
    (row,) = stage.rows("SELECT state, posted_id, attempts FROM outgoing")
    assert row == {"state": "sent", "posted_id": "99", "attempts": 2}


@pytest.mark.parametrize("state", ["cancelled", "sent", "ambiguous", "failed"])
async def test_a_settled_reply_is_not_sent_again(stage: Stage, state: str) -> None:
    (outgoing,) = await put(stage, say("hello"))
    await stage.change("UPDATE outgoing SET state = ?", state)
    assert not await stage.ledger.outbox.sending(outgoing)
    assert stage.rows("SELECT state FROM outgoing") == [{"state": state}]


@pytest.mark.parametrize("state", ["ambiguous", "failed"])
async def test_a_person_decides_that_a_reply_is_sent_again(stage: Stage, state: str) -> None:
    (outgoing,) = await put(stage, say("hello"))
    await getattr(stage.ledger.outbox, state)(outgoing, "why")
    shown = report.report(stage.path)
    assert [t.reason for t in (shown.ambiguous if state == "ambiguous" else shown.refused)] == ["why"]
    again = await stage.ledger.outbox.resend(outgoing.id)
    assert (again.id, again.reply, again.attempts) == (outgoing.id, outgoing.reply, 0)
    for wrong in (outgoing.id, 404):
        with pytest.raises(LookupError, match=str(wrong)):
            await stage.ledger.outbox.resend(wrong)


async def test_what_is_forgotten_is_not_sent_empty(stage: Stage) -> None:
    (outgoing,) = await put(stage, say("hello"))
    await stage.ledger.outbox.failed(outgoing, "blocked")
    await stage.age(91)
    assert await stage.ledger.forget_older_than(timedelta(days=90)) == 1
    with pytest.raises(LookupError, match="erased"):
        await stage.ledger.outbox.resend(outgoing.id)


async def test_the_replies_of_a_message_are_its_own(stage: Stage) -> None:
    await stage.hear(message("hello"))
    await stage.hear(message("hello"))
    keys = [row["key"] for row in stage.rows("SELECT key FROM outgoing ORDER BY id")]
    assert keys == ["in:1:greet", "in:2:greet"]
