"""The ledger: one row a message, one transaction for all that it leads to, and nothing lost by a kill."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.base import Addressed, Attachment, Author, IncomingMessage, Kind, Reply, ReplyTarget, Visibility
from bots.ledger import codec, commands, report
from bots.ledger.database import AlreadyRunning, LedgerError, Superseded
from bots.ledger.ledger import Ledger, partition_of
from bots.pipeline.effects import Effects
from bots.pipeline.plan import failure
from bots.pipeline.state import Context, ConversationState, Phase, mark
from tests.bots.ledger.desk_stage import Stage
from tests.bots.making import BOSS, EVE, answers, command, house, in_public, message, moderated, offers, tap, target
from ticket_client.base import NotFound, Status

if TYPE_CHECKING:
    from pathlib import Path

    from bots.ledger.database import Place

IGNORED = Effects(outcome="ignored", rule="empty", state=ConversationState())


# --- in -------------------------------------------------------------------------------------------------------------


async def test_a_message_is_taken_once(stage: Stage) -> None:
    said = message("hello", attachments=(Attachment(name="a.png"),))
    (first,) = await stage.ledger.accept([said])
    assert first.message == said
    again, other = replace(said, text="redelivered"), message("other")
    assert [accepted.message for accepted in await stage.ledger.accept([again, other, other])] == [other]
    assert [accepted.message for accepted in stage.ledger.undecided()] == [said, other]


async def test_the_undecided_are_read_in_pages_in_order(stage: Stage) -> None:
    await stage.ledger.accept([message(str(i)) for i in range(1203)])
    first = stage.ledger.undecided()
    second = stage.ledger.undecided(first[-1].id)
    assert [a.message.text for a in (*first, *second)] == [str(i) for i in range(1203)]
    assert stage.ledger.undecided(second[-1].id) == []


@pytest.mark.parametrize(("person", "partition"), [("42", 171), ("abc", 210), ("é", 29)])
def test_a_person_keeps_their_partition_for_ever(person: str, partition: int) -> None:
    said = message("hello", author=Author(id=person))
    elsewhere = replace(said, conversation_key="another", author=Author(id="mod"), on_behalf_of=Author(id=person))
    assert partition_of(said) == partition_of(elsewhere) == partition


async def test_the_partition_is_stored(stage: Stage) -> None:
    said = message("hello")
    await stage.accept(said)
    assert stage.rows("SELECT partition FROM inbound") == [{"partition": partition_of(said)}]


async def test_a_message_has_one_outcome(stage: Stage) -> None:
    accepted = await stage.accept(message("the moon fell on my ledger"))
    results = await asyncio.gather(*(stage.decide(accepted) for _ in range(5)), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["Committed"] + ["Superseded"] * 4
    assert len(stage.outcomes()) == len(stage.tickets()) == len(stage.replies()) == 1


async def test_a_commit_that_fails_leaves_nothing(stage: Stage) -> None:
    accepted = await stage.accept(message("x"))
    broken = replace(IGNORED, outcome=None)  # type: ignore[arg-type]
    with pytest.raises(Exception, match=r"(?i)not.null"):
        await stage.ledger.commit(accepted, broken)
    assert [a.id for a in stage.ledger.undecided()] == [accepted.id]
    await stage.ledger.commit(accepted, IGNORED)
    with pytest.raises(Superseded):
        await stage.ledger.commit(accepted, IGNORED)


async def test_a_second_bot_on_the_same_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "firstline.db"
    with Ledger(path) as ledger:
        with pytest.raises(AlreadyRunning), Ledger(path):
            pass
        await Stage(path, ledger).accept(message("still served"))


_BOT = """
import asyncio, os, sys
from pathlib import Path
from bots.ledger.ledger import Ledger
from tests.bots.ledger.desk_stage import Stage
from tests.bots.making import message

async def main():
    place = sys.argv[1] if "://" in sys.argv[1] else Path(sys.argv[1])
    with Ledger(place) as ledger:
        stage = Stage(place, ledger)
        async def talk(n):
            for i in range(100000):
                said = message(f"elephant {n} {i}", place=f"{n}-{i}", dedupe_key=f"{sys.argv[2]}:{n}:{i}")
                accepted = await stage.accept(said)
                os.write(1, f"accepted {said.dedupe_key}\\n".encode())
                await stage.decide(accepted)
                os.write(1, f"committed {said.dedupe_key}\\n".encode())
        await asyncio.gather(*(talk(n) for n in range(8)))

asyncio.run(main())
"""


def test_a_kill_loses_nothing_that_was_acknowledged(place: Place) -> None:
    told: list[str] = []
    for life in range(4):
        program = [sys.executable, "-c", _BOT, str(place), str(life)]
        with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as bot:  # noqa: S603 - ours
            assert bot.stdout is not None
            told.extend(bot.stdout.readline().strip() for _ in range(60 + 97 * life))
            bot.kill()
            told += bot.stdout.read().splitlines()
        assert bot.returncode == -signal.SIGKILL
    whole = [line.split() for line in told if line.count(":") == 2]
    with report.reading(place) as connection:
        states = dict(map(tuple, connection.execute("SELECT dedupe_key, state FROM inbound").fetchall()))
        linked = connection.execute(
            "SELECT count(*) FROM inbound i JOIN outcomes o ON o.inbound_id = i.id"
            " JOIN tickets t ON t.key = o.ticket_key"
            " JOIN desk_tickets d ON d.key = t.key AND d.number = t.number JOIN outgoing g ON g.inbound_id = i.id"
            " AND g.number = t.number WHERE i.state = 'done'"
        ).fetchone()[0]
    assert {key for what, key in whole if what == "accepted"} <= set(states)
    assert all(states[key] == "done" for what, key in whole if what == "committed")
    assert linked == sum(state == "done" for state in states.values()) > 100
    assert report.report(place).adds_up


# --- tickets of the built-in desk -----------------------------------------------------------------------------------


async def test_a_ticket_its_outcome_and_its_number_are_one_commit(stage: Stage) -> None:
    committed = await stage.decide(await stage.accept(said := message("the moon fell on my ledger")))
    (outgoing,) = committed.outgoing
    assert not committed.intents
    assert outgoing.reply.number == "FL-1001"
    assert "**FL-1001**" in outgoing.reply.text
    (ticket,) = stage.tickets()
    assert (ticket.number, ticket.status, ticket.requester.name) == ("FL-1001", "new", "Ann")
    known = stage.ledger.ticket_at_desk("1")
    assert known is not None
    assert (known.number, known.words, known.reply_to) == ("FL-1001", said.text, said.reply_to)
    assert stage.ledger.conversation(said.conversation_key).ticket_key == known.key


async def test_a_commit_is_undone_whole_where_its_ticket_cannot_be_opened(stage: Stage) -> None:
    await stage.change("ALTER TABLE outgoing RENAME TO away")
    accepted = await stage.accept(message("the moon fell on my ledger"))
    with pytest.raises(Exception, match="outgoing"):
        await stage.decide(accepted)
    assert (stage.outcomes(), stage.tickets(), stage.rows("SELECT * FROM tickets")) == ([], [], [])
    await stage.change("ALTER TABLE away RENAME TO outgoing")
    await stage.decide(accepted)
    assert stage.tickets()[0].number == "FL-1001"


async def test_a_complaint_has_one_ticket_however_often_it_is_asked_for(stage: Stage) -> None:
    await stage.hear(message("the moon fell", message_id="5", dedupe_key="a"))
    await stage.change("DELETE FROM conversations")
    await stage.change("UPDATE tickets SET opened_at = '2020', changed_at = '2020-01-01T00:00:00.000000Z'")
    await stage.hear(message("the moon fell", message_id="5", dedupe_key="b"))
    assert [ticket.number for ticket in stage.tickets()] == ["FL-1001"]
    assert len(stage.replies()) == 2


async def test_fifty_first_messages_of_fifty_people_at_once_are_fifty_tickets(stage: Stage) -> None:
    said = [message(f"elephant {i}", author=replace(EVE, id=f"p{i}")) for i in range(50)]
    await asyncio.gather(*(stage.hear(one) for one in said))
    assert [ticket.number for ticket in stage.tickets()] == [f"FL-{n}" for n in range(1001, 1051)]


async def test_follow_ups_go_to_the_ticket_and_open_it_again(stage: Stage) -> None:
    await stage.hear(message("the moon fell on my ledger"))
    await stage.hear(message("and on my hat"))
    await stage.ledger.tickets.resolve("1", "Mia")
    await stage.change("UPDATE tickets SET status = 'resolved'")  # as the relay does
    await stage.hear(message("it fell again, on my coat"))
    (ticket,) = stage.tickets()
    assert [(entry.kind, entry.author) for entry in ticket.entries] == [
        ("user", "Ann"), ("user", "Ann"), ("status", "Mia"), ("user", "Ann"), ("status", "the requester"),
    ]  # fmt: skip
    assert ticket.status == "open"
    assert stage.outcomes() == [
        ("ticket_opened", "nothing_matches"),
        ("appended", "follow_up"),
        ("appended", "reopened"),
    ]
    known = stage.ledger.ticket_at_desk("1")
    assert known is not None
    assert known.status is Status.OPEN


async def test_two_moderators_open_one_ticket(stage: Stage) -> None:
    await stage.hear(moderated())
    await stage.hear(moderated())
    assert len(stage.tickets()) == 1
    assert stage.outcomes() == [("ticket_opened", "moderator"), ("acted", "complaint_exists")]


async def test_a_moderator_finds_the_ticket_that_a_complaint_was_added_to(stage: Stage) -> None:
    await stage.hear(in_public("the moon fell on my ledger"))
    await stage.hear(in_public("they ate my coins", message_id="77"))
    await stage.hear(moderated())
    assert stage.outcomes()[-1] == ("acted", "complaint_exists")
    assert len(stage.tickets()) == 1


async def test_the_tickets_of_another_desk_are_out_of_reach(stage: Stage) -> None:
    await stage.hear(message("the moon fell on my ledger"))
    await stage.change("UPDATE tickets SET desk = 'elsewhere', number = 'FL-1009'")
    await stage.hear(message("a follow-up, as the user sees it"))
    assert [len(ticket.entries) for ticket in stage.tickets()] == [1, 1], "not added to whatever has that id here"
    assert stage.ledger.context(message(), ConversationState(), number="FL-1009", complaint_key=None).named is None


async def test_of_two_tickets_with_a_number_ones_own_is_meant(stage: Stage) -> None:
    for author in (EVE, replace(EVE, id="ann")):
        await stage.hear(message(f"elephant of {author.id}", author=author))
    await stage.change("UPDATE tickets SET number = 'FL-7'")
    for author_id in ("ann", "eve"):
        said = message("FL-7", author=replace(EVE, id=author_id))
        named = stage.ledger.context(said, ConversationState(), number="FL-7", complaint_key=None).named
        assert named is not None
        assert named.author_id == author_id


async def test_a_chat_that_becomes_another_one_counts_its_messages_anew(stage: Stage) -> None:
    key = "telegram:bot:group:1:ann"
    await stage.hear(in_public("the moon fell on my ledger", message_id="5", conversation_key=key))
    await stage.hear(moderated("the moon fell on my ledger", place="group:1"))
    await stage.change(
        "UPDATE tickets SET status = 'resolved', changed_at = ?", codec.stamp(datetime(2026, 1, 1, tzinfo=UTC))
    )
    moved = {"message_id": "5", "conversation_key": key, "place": "-1001"}
    edit = in_public("@bot an elephant", kind=Kind.EDITED, **moved)
    assert stage.ledger.context(edit, ConversationState(), number=None, complaint_key=None).earlier_outcome is None
    gone = in_public(kind=Kind.DELETED, **moved)
    assert stage.ledger.context(gone, ConversationState(), number=None, complaint_key=None).complaint is None
    await stage.hear(gone)
    assert stage.words_on_disk("the moon fell") != [], "another chat's message of that id was deleted"
    await stage.hear(in_public("an elephant sits on my keys", **moved))
    assert len(stage.tickets()) == 2
    await stage.hear(moderated("an elephant sits on my wallet", place="-1001"))
    assert stage.outcomes()[-1] == ("ticket_opened", "moderator"), "77 was a message of the old chat"


async def test_the_language_that_somebody_chose_elsewhere_is_known(stage: Stage) -> None:
    await stage.hear(command("language", "nl"))
    said = in_public("hello")
    assert stage.ledger.context(said, ConversationState(), number=None, complaint_key=None).chosen_language == "nl"
    act = stage.ledger.context(moderated(), ConversationState(), number=None, complaint_key=None)
    assert act.chosen_language == "nl"
    eve = in_public("hello", author=EVE)
    assert stage.ledger.context(eve, ConversationState(), number=None, complaint_key=None).chosen_language is None


async def test_a_ticket_keeps_both_its_places(stage: Stage) -> None:
    await stage.hear(in_public("the moon fell on my ledger"))
    private = message("FL-1001")
    await stage.hear(private)
    known = stage.ledger.ticket_at_desk("1")
    assert known is not None
    assert known.visibility is Visibility.PUBLIC
    assert (known.private_conversation, known.private_to) == (private.conversation_key, private.reply_to)
    await stage.hear(message("and on my hat"))
    assert stage.outcomes()[1:] == [("acted", "attach"), ("appended", "follow_up")]


# --- what a decision looks at ---------------------------------------------------------------------------------------


async def test_an_edit_knows_what_came_of_the_message(stage: Stage) -> None:
    await stage.hear(in_public("hm", message_id="5", addressed=Addressed.AMBIENT))
    edit = in_public("hm @bot the moon fell", message_id="5", kind=Kind.EDITED)
    assert stage.ledger.context(edit, ConversationState(), number=None, complaint_key=None).earlier_outcome == "ignored"
    await stage.hear(edit)
    second = in_public("hm @bot the moon fell!", message_id="5", kind=Kind.EDITED)
    assert (
        stage.ledger.context(second, ConversationState(), number=None, complaint_key=None).earlier_outcome
        == "ticket_opened"
    )
    await stage.hear(second)
    third = in_public("hm @bot the moon", message_id="5", kind=Kind.EDITED)
    await stage.hear(third)
    assert [outcome for outcome, _ in stage.outcomes()] == ["ignored", "ticket_opened", "acted", "acted"]


async def test_a_private_place_is_where_the_person_last_wrote_in_private(stage: Stage) -> None:
    assert stage.ledger.private_place("telegram", "bot", "ann") is None
    await stage.hear(in_public("hello"))
    assert stage.ledger.private_place("telegram", "bot", "ann") is None
    await stage.hear(message("hello", place="old"))
    await stage.hear(said := message("hello", place="new"))
    await stage.hear(message("hello", author=EVE))
    assert stage.ledger.private_place("telegram", "bot", "ann") == said.reply_to


async def test_a_private_place_is_looked_up_for_who_said_a_secret_in_a_shared_one(stage: Stage) -> None:
    def places(said: IncomingMessage) -> tuple[ReplyTarget | None, ReplyTarget | None]:
        context = stage.ledger.context(said, ConversationState(), number=None, complaint_key=None)
        return context.private, context.complainant_private

    await stage.hear(ann := message("hello"))
    await stage.hear(boss := message("hello", author=BOSS))
    assert places(in_public("x", secrets=("seed_phrase",))) == (ann.reply_to, None)
    assert places(in_public("x", secrets=("seed_phrase",), author=EVE)) == (None, None)
    assert places(in_public("x")) == (None, None)
    assert places(message("x", secrets=("seed_phrase",))) == (None, None)
    act = moderated()
    assert act.parent is not None
    assert places(replace(act, parent=replace(act.parent, secrets=("seed_phrase",)))) == (None, ann.reply_to)
    assert places(replace(act, secrets=("seed_phrase",))) == (boss.reply_to, None)


async def test_a_number_that_may_not_have_arrived_is_told_with_the_next_reply(stage: Stage) -> None:
    committed = await stage.decide(await stage.accept(message("the moon fell on my ledger")))
    (outgoing,) = committed.outgoing
    await stage.ledger.outbox.sending(outgoing)
    await stage.ledger.outbox.ambiguous(outgoing, "the connection was cut")
    assert [trouble.what for trouble in report.report(stage.path).ambiguous] == ["ticket FL-1001"]
    await stage.hear(message("refund?"), answers())
    assert "Your ticket number is **FL-1001**; my earlier message may not have reached you." in stage.replies()
    assert report.report(stage.path).replies == {"cancelled": 1, "sent": 3}
    await stage.hear(message("refund?"), answers())
    assert len([text for text in stage.replies() if "may not have reached" in text]) == 1


async def test_an_agents_words_that_may_not_have_arrived_stay_for_a_person_to_see(stage: Stage) -> None:
    await stage.hear(message("the moon fell on my ledger"))
    await stage.change(
        "UPDATE outgoing SET state = 'ambiguous', speaker = 'agent', inbound_id = NULL"
    )  # as the relay writes them
    await stage.hear(message("refund?"), answers())
    assert report.report(stage.path).replies["ambiguous"] == 1


# --- transcripts ----------------------------------------------------------------------------------------------------


async def test_a_transcript_is_in_order_and_holds_both_sides(stage: Stage) -> None:
    await stage.hear(asked := message("money?"), offers("refund", "hours"))
    await stage.hear(tap(f"pick:2:{mark(asked.message_id)}", text="2. When are you open?"))
    await stage.hear(command("ticket", "the moon fell"))
    await stage.hear(message("", attachments=(Attachment(name="moon.png"),)))
    key = message().conversation_key
    lines = await stage.ledger.lines(key, limit=50)
    assert [(line.author, line.text.split("\n", 1)[0][:24]) for line in lines] == [
        ("user", "money?"),
        ("bot", "Do you mean one of these"),
        ("user", "2. When are you open?"),
        ("bot", "From **nine** to five."),
        ("bot", "Did this help? If it did"),
        ("user", "/ticket the moon fell"),
        ("bot", "I have opened ticket **F"),
        ("user", "[moon.png]"),
        ("bot", "Added to your ticket **F"),
    ]
    assert await stage.ledger.lines(key, limit=3) == lines[-3:]
    assert [button.action.rpartition(":")[0] for button in lines[1].buttons] == ["pick:1", "pick:2", "none"]


async def test_of_what_happened_in_one_moment_the_question_comes_first(stage: Stage) -> None:
    await stage.hear(message("hello"))
    await stage.hear(message("thanks"))
    await stage.age(1)
    await stage.change("UPDATE inbound SET received_at = (SELECT created_at FROM outgoing LIMIT 1)")
    lines = await stage.ledger.lines(message().conversation_key, limit=50)
    assert [line.author for line in lines] == ["user", "user", "bot", "bot"]
    assert [line.text for line in lines[:2]] == ["hello", "thanks"]


async def test_the_parts_of_a_long_reply_stay_in_order(stage: Stage) -> None:
    said = message("money?", reply_to=target("chat:ann", max_len=40))
    await stage.hear(said, offers("refund", "hours"))
    lines = await stage.ledger.lines(said.conversation_key, limit=50)
    joined = " ".join(line.text for line in lines[1:])
    assert joined.startswith("Do you mean one of these? Tap the one that fits")
    assert len(lines) > 3
    assert [bool(line.buttons) for line in lines[1:]] == [False] * (len(lines) - 2) + [True]


async def test_what_was_not_posted_yet_is_no_line(stage: Stage) -> None:
    await stage.decide(await stage.accept(said := message("hello")))
    assert [line.text for line in await stage.ledger.lines(said.conversation_key, limit=9)] == ["hello"]


async def test_what_was_not_meant_for_the_bot_and_what_a_moderator_wrote_is_no_line(stage: Stage) -> None:
    ambient = in_public("gossip", addressed=Addressed.AMBIENT).without_words()
    await stage.hear(ambient)
    await stage.hear(moderated(note="a note about Ann"))
    lines = await stage.ledger.lines(ambient.conversation_key, limit=9)
    assert [line.author for line in lines] == ["bot", "bot"]


# --- retry, retention, deletion -------------------------------------------------------------------------------------


async def test_a_failed_message_is_shown_and_can_be_tried_again(stage: Stage) -> None:
    accepted = await stage.accept(message("the moon fell on my ledger"))
    await stage.ledger.commit(accepted, failure(accepted.id, accepted.message, Context(), house(), "KeyError: 'x'"))
    shown = report.report(stage.path)
    assert [(trouble.id, trouble.reason) for trouble in shown.failed] == [(accepted.id, "KeyError: 'x'")]
    assert shown.adds_up
    again = await stage.ledger.retry(accepted.id)
    assert again == accepted
    assert [a.id for a in stage.ledger.undecided()] == [accepted.id]
    await stage.decide(again)
    assert stage.outcomes() == [("ticket_opened", "nothing_matches")]
    for wrong in (accepted.id, 999):
        with pytest.raises(LookupError, match=f"Message {wrong} is not among the failed ones"):
            await stage.ledger.retry(wrong)


async def test_words_are_forgotten_in_time_and_outcomes_stay(stage: Stage) -> None:
    await stage.hear(in_public("the elephant fell on my ledger"))
    await stage.hear(moderated("the elephant ate coins", "elephant note"))
    failed = await stage.accept(message("elephant failure"))
    await stage.ledger.commit(failed, failure(failed.id, failed.message, Context(), house(), "why"))
    waiting = await stage.accept(message("elephant waits"))
    await stage.age(91)
    recent = await stage.accept(message("a young elephant"))
    before = stage.outcomes()
    while await stage.ledger.forget_older_than(timedelta(days=90)):
        pass
    assert stage.outcomes() == before
    assert report.report(stage.path).adds_up
    kept = {a.message.text for a in stage.ledger.undecided()}
    assert kept == {waiting.message.text, recent.message.text}, "what is not decided is needed"
    assert stage.words_on_disk("elephant") == ["desk_entries", "desk_tickets", "inbound"], "a desk keeps its tickets"
    assert len([row for row in stage.rows("SELECT payload FROM inbound") if "elephant" in row["payload"]]) == 2
    assert not any("Ann" in row["payload"] for row in stage.rows("SELECT payload FROM inbound WHERE state <> 'new'"))
    assert all(
        codec.load(Reply, row["reply"]).text == ""
        for row in stage.rows("SELECT reply FROM outgoing WHERE state = 'sent'")
    )
    with pytest.raises(LookupError, match="erased"):
        await stage.ledger.retry(failed.id)


async def test_a_deletion_erases_the_message_its_ticket_and_what_it_is_quoted_in(stage: Stage) -> None:
    await stage.hear(message("where is my zebra?"), answers())
    await stage.hear(said := message("the elephant\nfell on my ledger"))
    await stage.hear(message("and the zebra too"))
    await stage.hear(message(kind=Kind.DELETED, message_id=said.message_id))
    assert stage.words_on_disk("elephant") == []
    (ticket,) = stage.tickets()
    assert ticket.subject == "(deleted by its author)"
    assert ticket.entries[0].text.splitlines()[1] == "> (deleted by its author)"
    assert ticket.entries[0].text.splitlines()[-1].endswith("User: (deleted by its author)")
    assert "User: where is my zebra?" in ticket.entries[0].text, "the rest stays"
    assert ticket.entries[1].text == "and the zebra too"
    assert ticket.entries[-1].kind == "note"
    assert ticket.entries[-1].text.startswith("The requester deleted the message of")
    assert stage.outcomes()[-1] == ("acted", "erase")


async def test_a_deleted_follow_up_is_erased_in_the_ticket_it_was_added_to(stage: Stage) -> None:
    await stage.hear(message("the moon fell on my ledger"))
    await stage.hear(said := message("the elephant did it"))
    other = message(
        "not my elephant", author=EVE, message_id=said.message_id
    )  # another chat numbers its messages alike
    await stage.hear(message("Eve's matter", author=EVE))
    await stage.hear(other)
    await stage.hear(message(kind=Kind.DELETED, message_id=said.message_id))
    mine, eves = stage.tickets()
    assert [entry.text for entry in mine.entries][1:2] == ["(deleted by its author)"]
    assert [entry.text for entry in eves.entries][1:] == ["not my elephant"]


async def test_the_deleted_complaint_of_a_moderators_act_is_erased(stage: Stage) -> None:
    await stage.hear(act := moderated("the elephant ate my coins", "a note"))
    await stage.hear(in_public(kind=Kind.DELETED, message_id="77"))
    assert stage.words_on_disk("elephant") == []
    assert stage.words_on_disk("a note") != []
    assert stage.tickets()[0].entries[-1].kind == "note"
    assert act.conversation_key == "telegram:bot:group:1:ann"


async def test_a_deletion_ends_the_question_about_it(stage: Stage) -> None:
    await stage.hear(said := message("my elephant?"), offers("refund"))
    assert stage.ledger.conversation(said.conversation_key).phase is Phase.CHOOSING
    await stage.hear(message(kind=Kind.DELETED, message_id=said.message_id))
    assert stage.words_on_disk("elephant") == []
    assert stage.ledger.conversation(said.conversation_key) == ConversationState()


# --- beside a running bot -------------------------------------------------------------------------------------------


async def test_the_report_adds_up_beside_a_running_bot(stage: Stage) -> None:
    start = datetime.now(UTC)
    await stage.hear(message("refund?"), answers())
    await stage.hear(message("refund?", author=EVE), answers())
    await stage.hear(in_public("x", addressed=Addressed.AMBIENT))
    await stage.hear(message("the moon fell"))
    await stage.accept(message("waits"))
    shown = report.report(stage.path)
    assert shown.adds_up
    assert (shown.messages, shown.undecided) == (5, 1)
    assert shown.outcomes == {
        "answered": {"faq": 2},
        "ignored": {"not_addressed": 1},
        "ticket_opened": {"nothing_matches": 1},
    }
    assert shown.tickets == {"new": 1}
    assert report.report(stage.path, since=start) == shown
    later = report.report(stage.path, since=datetime.now(UTC))
    assert (later.messages, later.outcomes, later.adds_up) == (0, {}, True)


async def test_commands_wait_for_the_bot_and_tell_how_they_ended(stage: Stage) -> None:
    asked = asyncio.create_task(asyncio.to_thread(commands.submit, stage.path, "ledger_retry", {"id": 5}))
    while not (waiting := stage.ledger.commands.waiting()):
        await asyncio.sleep(0.01)
    assert (waiting[0].name, waiting[0].arguments) == ("ledger_retry", {"id": 5})
    await stage.ledger.commands.settled(waiting[0], "failed", "no such message")
    assert await asked == ("failed", "no such message")
    assert stage.ledger.commands.waiting() == []
    assert commands.submit(stage.path, "x", {}, wait_s=0) == ("new", "")


def test_nothing_is_made_where_there_is_no_ledger(tmp_path: Path) -> None:
    for ask in (lambda path: commands.submit(path, "x", {}), report.report, report.tickets):
        with pytest.raises(LedgerError, match="Start the bot once"):
            ask(tmp_path / "nowhere.db")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_ledger_is_told(tmp_path: Path) -> None:
    path = tmp_path / "letter.db"
    path.write_text("Dear reader, this is a letter. " * 100)
    with pytest.raises(LedgerError, match=r"letter\.db.*right file"):
        report.report(path)


async def test_a_ticket_is_found_by_its_number_in_any_case(stage: Stage) -> None:
    await stage.hear(message("the moon fell"))
    assert stage.ledger.tickets.by_number(" fl-1001 ") == ("1", "FL-1001")
    assert report.ticket(stage.path, "fl-1001").number == "FL-1001"
    with pytest.raises(NotFound, match="FL-1"):
        stage.ledger.tickets.by_number("FL-1")
    with pytest.raises(LedgerError, match="FL-1"):
        report.ticket(stage.path, "FL-1")


async def test_a_cursor_and_the_secret_outlive_the_bot(tmp_path: Path) -> None:
    path = tmp_path / "firstline.db"
    with Ledger(path) as ledger:
        assert await ledger.load_state("telegram:offset") is None
        await ledger.save_state("telegram:offset", "7")
        await ledger.save_state("telegram:offset", "8")
        secret = await ledger.secret()
    with Ledger(path) as ledger:
        assert await ledger.load_state("telegram:offset") == "8"
        assert await ledger.secret() == secret
    assert len(secret) == 32


@given(st.datetimes(timezones=st.timezones()).filter(lambda at: 1970 < at.year < 2200))
def test_times_are_read_as_they_were_written_and_sort(at: datetime) -> None:
    at_utc = at.astimezone(UTC)
    assert codec.read_stamp(codec.stamp(at)) == at_utc
    assert codec.stamp(at_utc) < codec.stamp(at_utc + timedelta(microseconds=1))
