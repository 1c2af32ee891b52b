"""Texts that wait for a moderator, and what is posted of a long, a secret or a refused one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from adapters.base import Idempotency, Instead, Kind, Release, Reply, Visibility
from bots.ledger import approvals, codec
from bots.ledger.outbox import insert
from bots.pipeline.effects import NUMBER, Say
from tests.bots.making import answers, in_public, message, moderated, target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bots.ledger.outbox import Outgoing
    from tests.bots.ledger.desk_stage import Stage


async def put(stage: Stage, *says: Say, number: str | None = None) -> list[Outgoing]:
    return await stage.ledger.writer.run(
        lambda connection: insert(connection, says, conversation_key="c", number=number)
    )


def say(text: str = "hello", key: str = "k", **where: Any) -> Say:
    more = {name: where.pop(name) for name in ("hold", "secret", "instead", "ending") if name in where}
    return Say(key=key, target=target("post:1", visibility=Visibility.PUBLIC, **where), text=text, **more)


def states(stage: Stage) -> Sequence[str]:
    return [row["state"] for row in stage.rows("SELECT state FROM outgoing ORDER BY id")]


def texts(stage: Stage) -> Sequence[str]:
    return [codec.load(Reply, row["reply"]).text for row in stage.rows("SELECT reply FROM outgoing ORDER BY id")]


async def test_what_a_moderator_has_to_release_is_not_posted_before(stage: Stage) -> None:
    waits = say(f"ticket {NUMBER}", release=Release.APPROVED, why_not="every text is read first", url="https://x/1")
    assert await put(stage, waits, number="FL-7") == []
    assert stage.ledger.outbox.unfinished("telegram") == []
    (waiting,) = approvals.waiting(stage.path)
    assert (waiting.text, waiting.why, waiting.by_hand) == ("ticket FL-7", "every text is read first", False)
    assert (waiting.url, waiting.number, waiting.question) == ("https://x/1", "FL-7", "")
    (released,) = await stage.ledger.outbox.release(waiting.id)
    assert released.reply.text == "ticket FL-7"
    assert [outgoing.id for outgoing in stage.ledger.outbox.unfinished("telegram")] == [waiting.id]
    assert approvals.waiting(stage.path) == []
    with pytest.raises(LookupError, match="approvals list"):
        await stage.ledger.outbox.release(waiting.id)


async def test_a_text_to_be_posted_by_hand_is_never_posted_by_the_bot(stage: Stage) -> None:
    await put(stage, say(release=Release.BY_HAND, why_not="the post does not mention us"))
    (waiting,) = approvals.waiting(stage.path)
    assert waiting.by_hand
    assert await stage.ledger.outbox.release(waiting.id) == []
    assert stage.ledger.outbox.unfinished("telegram") == []
    assert stage.rows("SELECT state, posted_id FROM outgoing") == [{"state": "sent", "posted_id": "by hand"}]


async def test_replies_past_the_number_that_is_allowed_wait(stage: Stage) -> None:
    first = await put(stage, say("one " * 60, "a", max_replies=1, max_len=100, address={"post": "1"}))
    assert len(first) > 1, "parts of one text are one reply"
    assert await put(stage, say("two", "b", max_replies=1, address={"post": "1"})) == []
    assert [waiting.why for waiting in approvals.waiting(stage.path)] == [
        "as many automatic replies to that message as are allowed there were sent"
    ]
    assert len(await put(stage, say("three", "c", max_replies=1, address={"post": "2"}))) == 1
    assert await put(stage, say("one", "a", max_replies=1, address={"post": "1"})) == [], "the same once more"


async def test_a_refused_reply_counts_for_nothing(stage: Stage) -> None:
    (outgoing,) = await put(stage, say("one", "a", max_replies=1))
    await stage.ledger.outbox.failed(outgoing, "deleted")
    assert len(await put(stage, say("two", "b", max_replies=1))) == 1


async def test_a_moderator_words_it_anew_or_dismisses_it(stage: Stage) -> None:
    await put(stage, say("one", "a", hold="because"), say("two", "b", hold="because"))
    one, two = approvals.waiting(stage.path)
    await stage.ledger.outbox.edit(one.id, "**not bold** <b>")
    assert approvals.waiting(stage.path)[0].text == "**not bold** <b>"
    await stage.ledger.outbox.dismiss(two.id)
    assert [waiting.id for waiting in approvals.waiting(stage.path)] == [one.id]
    assert states(stage) == ["held", "cancelled"]


async def test_a_long_text_is_split_once_it_is_released(stage: Stage) -> None:
    await put(stage, say("word " * 50, hold="because", max_len=100, max_parts=1, ending="More in private."))
    (waiting,) = approvals.waiting(stage.path)
    assert len(waiting.text) > 200, "the moderator sees all of it"
    parts = await stage.ledger.outbox.release(waiting.id)
    assert [part.reply.follows for part in parts] == ["", "k", "k/2"]
    assert all(len(part.reply.text) <= 100 for part in parts)


async def test_a_text_of_too_many_parts_is_shortened_and_says_so(stage: Stage) -> None:
    made = await put(stage, say("word " * 50, max_len=100, max_parts=2, ending="More in private."))
    assert len(made) == 2
    assert made[1].reply.text.endswith("word… More in private.")
    assert len(made[1].reply.text) <= 100
    assert made[1].reply.follows == "k"
    assert stage.ledger.outbox.posted("k") == ("pending", "")
    await stage.ledger.outbox.sent(made[0], "99")
    assert stage.ledger.outbox.posted("k") == ("sent", "99")


@pytest.mark.parametrize("end", ["sent", "ambiguous", "failed"])
async def test_a_secret_is_forgotten_once_it_was_posted(stage: Stage, end: str) -> None:
    (outgoing,) = await put(stage, say("write claim ABC there", secret="ABC"))
    assert outgoing.reply.text == "write claim ABC there"
    await getattr(stage.ledger.outbox, end)(outgoing, "x")
    assert texts(stage) == ["write claim … there"]
    assert stage.words_on_disk("ABC") == []


async def test_no_transcript_holds_a_secret_that_is_being_posted(stage: Stage) -> None:
    (outgoing,) = await put(stage, say("write claim ABC there", secret="ABC"))
    assert await stage.ledger.outbox.sending(outgoing)
    assert [line.text for line in await stage.ledger.lines("c", limit=9)] == ["write claim … there"]


async def test_a_secret_is_forgotten_where_something_else_is_said(stage: Stage) -> None:
    instead = Instead(target=target("group:1", visibility=Visibility.PUBLIC), text="write to me first")
    (outgoing,) = await put(stage, say("write claim ABC there", secret="ABC", instead=instead))
    (other,) = await stage.ledger.outbox.replaced(outgoing, "closed")
    assert other.reply.text == "write to me first"
    assert stage.words_on_disk("ABC") == []


async def test_a_secret_waits_for_no_moderator(stage: Stage) -> None:
    assert await put(stage, say("write claim ABC there", secret="ABC", release=Release.APPROVED)) == []
    assert approvals.waiting(stage.path) == []
    assert states(stage) == ["failed"]
    assert stage.words_on_disk("ABC") == []


async def test_what_nobody_released_in_time_is_forgotten_and_waits_no_more(stage: Stage) -> None:
    await put(
        stage, say("an elephant is on its way", hold="because", instead=Instead(target=target(), text="elephant"))
    )
    (waiting,) = approvals.waiting(stage.path)
    await stage.age(91)
    assert await stage.ledger.forget_older_than(timedelta(days=90)) == 1
    assert approvals.waiting(stage.path) == []
    assert states(stage) == ["cancelled"]
    assert stage.words_on_disk("elephant") == []
    for decide in (stage.ledger.outbox.release, stage.ledger.outbox.dismiss):
        with pytest.raises(LookupError):
            await decide(waiting.id)


async def test_what_is_said_instead_of_a_refused_reply(stage: Stage) -> None:
    instead = Instead(target=target("group:1", visibility=Visibility.PUBLIC), text=f"news on {NUMBER}")
    (outgoing,) = await put(stage, say("for your eyes", instead=instead), number="FL-1")
    (other,) = await stage.ledger.outbox.replaced(outgoing, "their messages are closed")
    assert (other.reply.key, other.reply.text) == ("k:instead", "news on FL-1")
    assert other.reply.target == instead.target
    assert states(stage) == ["failed", "pending"]
    assert await stage.ledger.outbox.replaced(outgoing, "again") == []


async def test_a_deleted_message_takes_what_waits_with_it(stage: Stage) -> None:
    where = target("group:1", visibility=Visibility.PUBLIC, release=Release.APPROVED, idempotency=Idempotency.FINDABLE)
    said = in_public("an elephant sits on my keys", reply_to=where, message_id="5")
    await stage.hear(said)
    assert len(approvals.waiting(stage.path)) == 1
    await stage.hear(in_public(kind=Kind.DELETED, message_id="5", reply_to=where))
    assert approvals.waiting(stage.path) == []
    assert states(stage) == ["cancelled"]


async def test_a_deleted_question_takes_the_answer_that_waits_with_it(stage: Stage) -> None:
    where = target("group:1", visibility=Visibility.PUBLIC, release=Release.APPROVED)
    await stage.hear(in_public("refund?", reply_to=where, message_id="5"), answers())
    await stage.hear(in_public("hours?", reply_to=where, message_id="6"), answers("hours"))
    assert len(approvals.waiting(stage.path)) == 2
    await stage.hear(in_public(kind=Kind.DELETED, message_id="5", reply_to=where))
    assert [waiting.question for waiting in approvals.waiting(stage.path)] == ["hours?"]


async def test_a_deleted_complaint_takes_what_waits_for_its_author_with_it(stage: Stage) -> None:
    where = target("group:1", visibility=Visibility.PUBLIC, release=Release.BY_HAND, why_not="not mentioned")
    await stage.hear(moderated("an elephant sits on my keys", reply_to=where))
    key = stage.rows("SELECT key FROM tickets")[0]["key"]
    await put(stage, Say(key="agent", target=where, text="we called the zoo", ticket_key=key))
    await put(stage, Say(key="private", target=target(), text="we called it", ticket_key=key, hold="silent"))
    assert len(approvals.waiting(stage.path)) == 3
    conversation = "telegram:bot:group:1:ann"
    await stage.hear(in_public(kind=Kind.DELETED, message_id="77", reply_to=where, conversation_key=conversation))
    assert [waiting.text for waiting in approvals.waiting(stage.path)] == ["we called it"]


async def test_a_moderators_act_hands_over_the_text_that_the_bot_may_not_post(stage: Stage) -> None:
    where = target("group:1", visibility=Visibility.PUBLIC, release=Release.BY_HAND, why_not="not mentioned")
    committed = await stage.hear(moderated("an elephant sits on my keys", reply_to=where))
    (told,) = committed.outgoing
    assert told.reply.text.startswith("Opened as FL-1001 for its author. The message to them is ready")
    (waiting,) = approvals.waiting(stage.path)
    assert waiting.by_hand
    assert waiting.to == "ann_a"
    assert waiting.question == "an elephant sits on my keys"
    assert "FL-1001" in waiting.text


async def test_a_message_that_wants_no_approval_waits_for_nobody(stage: Stage) -> None:
    await stage.hear(message("hello"))
    assert states(stage) == ["sent"]


@pytest.mark.parametrize("act", ["release", "edit", "dismiss"])
async def test_an_order_and_what_it_does_are_one_commit(stage: Stage, act: str) -> None:
    await put(stage, say(hold="because"))
    (waiting,) = approvals.waiting(stage.path)

    def breaks(_: object) -> None:
        raise ValueError("cut")

    with pytest.raises(ValueError, match="cut"):
        await getattr(stage.ledger.outbox, act)(waiting.id, *(["anew"] if act == "edit" else []), also=breaks)
    assert approvals.waiting(stage.path) == [waiting]
