"""What failed at the desk is tried again, and what waits is tried now, where that cannot do it twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from adapters.base import Attachment
from bots.ledger import replaying, report
from bots.ledger.replaying import Wanted
from tests.bots.making import EVE, message
from ticket_client.base import TicketRef

if TYPE_CHECKING:
    from bots.ledger.intents import Intent
    from tests.bots.ledger.desk_stage import Stage

REF = TicketRef(id="d1", number="Support-7", url="https://desk.example/7")
ALL = Wanted(desk="memory", everything=True)
PHOTO = Attachment(name="p.png", media_type="image/png", size_bytes=3, reference="p")


def due(remote: Stage, **later: float) -> list[Intent]:
    return remote.ledger.intents.due(datetime.now(UTC) + timedelta(**later), 10)


async def opened(remote: Stage, ref: TicketRef = REF) -> None:
    (intent,) = due(remote, seconds=1)
    await remote.ledger.intents.opened(intent, ref)


async def refused(remote: Stage, why: str = "Rejected: no") -> Intent:
    """The desk refuses what comes first."""
    intent, *_ = due(remote, seconds=1)
    await remote.ledger.intents.failed(intent, why, lambda _: "regret")
    return intent


async def replay(remote: Stage, wanted: Wanted = ALL) -> str:
    return await remote.ledger.writer.run(lambda connection: replaying.replay(connection, wanted))


def failed_messages(remote: Stage) -> list[int]:
    return [trouble.id for trouble in report.report(remote.path).failed]


async def test_a_ticket_that_was_refused_is_looked_for_and_opened_and_safe_to_ask_twice(remote: Stage) -> None:
    await remote.hear(message("the moon fell"))
    (intent,) = due(remote)
    await remote.ledger.intents.sending(intent, datetime.now(UTC), "what the desk refuses")
    await refused(remote)
    assert failed_messages(remote) == [1]
    assert await replay(remote) == "Tried again: 1 (create, FL-1001)."
    (again,) = due(remote)
    assert (again.attempts, again.request, again.resumed) == (1, None, False), "looked for, then prepared anew"
    assert failed_messages(remote) == []
    assert remote.outcomes() == [("ticket_opened", "nothing_matches")]
    assert await replay(remote) == "Nothing that has failed is left to try again."
    assert due(remote) == [again]
    (told,) = await remote.ledger.intents.opened(again, REF)
    assert "Support-7" in told.reply.text


async def test_words_go_with_the_ticket_that_could_not_be_opened_and_it_with_them(remote: Stage) -> None:
    await remote.hear(message("the moon fell"))
    await remote.hear(message("and on my hat"))
    await remote.hear(message("the sun fell", author=EVE))
    create, other = [await refused(remote) for _ in range(2)]
    assert (create.action, other.ticket_key == create.ticket_key) == ("create", False)
    told = await replay(remote, Wanted(desk="memory", ids=(2,)))
    assert told == f"Tried again: {create.id} (create, FL-1001), 2 (message, FL-1001)."
    assert [intent.id for intent in due(remote)] == [create.id], "in their order"
    assert failed_messages(remote) == [3], "nobody asked for the other"


async def test_of_a_ticket_that_is_open_only_what_is_named_is_tried_again(remote: Stage) -> None:
    await remote.hear(message("the moon fell"))
    await opened(remote)
    await remote.hear(message("and on my hat"))
    await remote.hear(message("and on my coat"))
    first, second = await refused(remote), await refused(remote)
    assert await replay(remote, Wanted(desk="memory", ids=(second.id,))) == "Tried again: 3 (message, Support-7)."
    assert remote.outcomes() == [
        ("ticket_opened", "nothing_matches"), ("failed", "follow_up"), ("appended", "follow_up"),
    ]  # fmt: skip
    assert failed_messages(remote) == [2]
    assert await replay(remote, Wanted(desk="memory", ids=(first.id, second.id))) == (
        "Tried again: 2 (message, Support-7)."
    )


@pytest.mark.parametrize("name", ["Support-7", "support-7 ", "FL-1001", "fl-1001"])
async def test_a_ticket_is_named_by_its_number_or_by_our_own_reference(remote: Stage, name: str) -> None:
    await remote.hear(message("the moon fell"))
    await opened(remote)
    assert await replay(remote, Wanted(desk="memory", tickets=(name,))) == (
        "Nothing that has failed is left to try again."
    )
    await remote.hear(message("and on my hat"))
    await refused(remote)
    assert await replay(remote, Wanted(desk="memory", tickets=(name,))) == "Tried again: 2 (message, Support-7)."


async def test_a_number_goes_before_a_reference_that_looks_like_it(remote: Stage) -> None:
    await remote.hear(message("the moon fell"))
    await opened(remote, replace(REF, number="FL-1002"))
    await remote.hear(message("the sun fell", author=EVE))
    await refused(remote)
    assert [row["reference"] for row in remote.rows("SELECT reference FROM tickets ORDER BY opened_at")] == [
        "FL-1001", "FL-1002",
    ]  # fmt: skip
    assert "is left" in await replay(remote, Wanted(desk="memory", tickets=("FL-1002",)))


@pytest.mark.parametrize(("number", "name"), [("#7", "7"), ("#7", "#7"), ("7", "#7")])
async def test_a_number_is_known_with_and_without_its_sign(remote: Stage, number: str, name: str) -> None:
    await remote.hear(message("the moon fell"))
    await opened(remote, replace(REF, number=number))
    found = report.remote_ticket(remote.path, "memory", name)
    assert found.number == number
    await remote.hear(message("and on my hat"))
    await refused(remote)
    assert await replay(remote, Wanted(desk="memory", tickets=(name,))) == f"Tried again: 2 (message, {number})."


async def test_it_is_not_asked_for_before_the_desk_can_know_of_the_last_attempt(remote: Stage) -> None:
    await remote.hear(message("the moon fell"))
    (intent,) = due(remote)
    await remote.ledger.intents.sending(intent, datetime.now(UTC) + timedelta(seconds=30))
    await remote.ledger.intents.failed(intent, "Ambiguous: cut, for a week", lambda _: "regret")
    await replay(remote)
    assert due(remote, seconds=20) == []
    assert len(due(remote, seconds=31)) == 1


async def test_a_message_has_failed_until_nothing_of_it_is_left(remote: Stage) -> None:
    await remote.hear(message("the moon fell", attachments=(PHOTO,)))
    create = await refused(remote)
    assert create.action == "create"
    await remote.change("UPDATE tickets SET desk_id = 'd1', number = 'Support-7'")  # an agent opened it by hand
    await replay(remote, Wanted(desk="memory", ids=(2,)))  # the files, which failed with it
    assert remote.outcomes() == [("failed", "nothing_matches")]
    await replay(remote, Wanted(desk="memory", ids=(create.id,)))
    assert remote.outcomes() == [("ticket_opened", "nothing_matches")]
    assert report.report(remote.path).adds_up


async def test_files_alone_are_tried_again(remote: Stage) -> None:
    await remote.hear(message("the moon fell"))
    await opened(remote)
    await remote.hear(message("look", attachments=(PHOTO,)))
    await remote.ledger.intents.done(due(remote, seconds=1)[0])
    await refused(remote)
    assert await replay(remote) == "Tried again: 3 (files, Support-7)."
    assert remote.outcomes()[1] == ("appended", "follow_up")


async def test_of_very_many_the_first_are_named(remote: Stage) -> None:
    for number in range(23):
        await remote.hear(message("the moon fell", author=replace(EVE, id=str(number))))
    for _ in range(23):
        await refused(remote)
    told = await replay(remote)
    assert told.startswith("Tried again: 1 (create, FL-1001), ")
    assert told.endswith(", 20 (create, FL-1020) and 3 more.")
    assert failed_messages(remote) == []


async def test_words_that_failed_are_not_mended_by_their_files(remote: Stage) -> None:
    await remote.hear(message("the moon fell"))
    await opened(remote)
    await remote.hear(message("look", attachments=(PHOTO,)))
    words, files = await refused(remote), await refused(remote)
    assert (words.action, files.action) == ("message", "files")
    await replay(remote, Wanted(desk="memory", ids=(files.id,)))
    assert remote.outcomes()[1] == ("failed", "follow_up")
    await replay(remote)
    assert remote.outcomes()[1] == ("appended", "follow_up")


async def test_files_without_words_of_their_own_are_added_again(remote: Stage) -> None:
    await remote.hear(message("the moon fell"))
    await opened(remote)
    await remote.hear(message("look", attachments=(PHOTO,)))
    await remote.change("DELETE FROM ticket_intents WHERE action = 'message'")
    await refused(remote)
    await replay(remote)
    assert remote.outcomes()[1] == ("appended", "follow_up")


async def test_what_is_erased_is_not_tried_and_holds_up_nothing(remote: Stage) -> None:
    await remote.hear(message("the moon fell"))
    await refused(remote)
    await remote.age(91)
    await remote.ledger.forget_older_than(timedelta(days=90))
    await remote.hear(message("the sun fell", author=EVE))
    await refused(remote)
    told = await replay(remote)
    assert told == "Tried again: 2 (create, FL-1002). Not tried, as their words are erased: 1 (create, FL-1001)."
    assert [intent.id for intent in due(remote)] == [2]


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (Wanted(desk="memory", ids=(1, 9)), "Nothing with the ID 9"),
        (Wanted(desk="memory", ids=(1,), tickets=("M-9",)), "There is no ticket M-9"),
        (Wanted(desk="zendesk", ids=(1,)), "1 belongs to the desk memory"),
        (Wanted(desk="zendesk", tickets=("FL-1001",)), "There is no ticket FL-1001"),
    ],
)
async def test_where_one_of_them_is_not_there_none_is_tried(remote: Stage, wanted: Wanted, told: str) -> None:
    await remote.hear(message("the moon fell"))
    await refused(remote)
    with pytest.raises(LookupError, match=told):
        await replay(remote, wanted)
    assert due(remote, days=9) == []


async def test_tickets_of_a_desk_that_was_left_are_not_sent_to_the_new_one(remote: Stage) -> None:
    await remote.hear(message("the moon fell"))
    await refused(remote)
    assert await replay(remote, Wanted(desk="zendesk", everything=True)) == (
        "Nothing that has failed is left to try again."
    )


async def test_what_waits_is_tried_now_and_what_was_perhaps_done_not_before_the_desk_can_know(remote: Stage) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    for text, author in (("the moon fell", EVE), ("the sun fell", replace(EVE, id="sue")), ("rain", None)):
        await remote.hear(message(text, **({"author": author} if author else {})))
    await remote.hear(message("and on my hat", author=EVE))
    down, cut, _ = due(remote, seconds=1)
    await remote.ledger.intents.later(down, later, "Unavailable: 503")
    await remote.ledger.intents.unclear(cut, later, "Ambiguous: cut")
    assert [intent.id for intent in due(remote, seconds=1)] == [3]
    tried, unclear = await remote.ledger.writer.run(replaying.hurry)
    assert (tried, unclear) == (3, 1)
    assert [intent.id for intent in due(remote)] == [1, 3]
    assert [intent.id for intent in due(remote, hours=2)] == [1, 2, 3]


async def test_what_is_being_sent_right_now_is_not_called_unclear(remote: Stage) -> None:
    await remote.hear(message("the moon fell"))
    (intent,) = due(remote)
    assert await remote.ledger.intents.take(intent, 300)
    await remote.ledger.intents.sending(intent, datetime.now(UTC) + timedelta(seconds=30))
    assert await remote.ledger.writer.run(replaying.hurry) == (1, 0)
