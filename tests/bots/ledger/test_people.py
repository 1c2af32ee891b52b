"""Who wants silence, who goes on in private, and who takes a ticket to another network."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from adapters.base import Addressed, Author, IncomingMessage, Kind, Release, Visibility
from bots import claims
from bots.ledger import approvals, codec, outbox
from bots.ledger.database import Overtaken
from bots.ledger.outbox import insert
from bots.pipeline.decision import AppendToTicket, OpenTicket, Policy, decide
from bots.pipeline.effects import SILENCED, Say
from bots.pipeline.plan import plan
from bots.pipeline.state import Context, ConversationState, Ticket
from tests.bots.making import (
    EVE,
    NOTHING,
    NOW,
    answers,
    command,
    house,
    in_public,
    message,
    moderated,
    offers,
    target,
    ticket,
)
from ticket_client.base import Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from bots.ledger.ledger import Committed
    from tests.bots.ledger.desk_stage import Stage

MATTER = "an elephant sits on my keys"
ANNE = Author(id="anne@x", display_name="Anne on X")


def elsewhere(text: str, author: Author = ANNE, **fields: Any) -> IncomingMessage:
    """A private message on another network."""
    key = f"x:bot:dm:{author.id}"
    said = message(text, author=author, channel="x", conversation_key=key, place=f"dm:{author.id}", **fields)
    said = replace(said, dedupe_key=said.dedupe_key.replace("telegram", "x"))
    return claims.sealed(replace(said, reply_to=replace(said.reply_to, channel="x")))


async def code(stage: Stage) -> str:
    """Ann asks for a code where she has her ticket."""
    committed = await stage.decide(await stage.accept(command("claim")))
    (outgoing,) = committed.outgoing
    shown = outgoing.reply.secret
    assert f"claim {shown}" in outgoing.reply.text
    await stage.ledger.outbox.sent(outgoing, "1")
    return shown


def said(committed: Committed) -> str:
    return " / ".join(outgoing.reply.text for outgoing in committed.outgoing)


# --- silence --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["stop", "STOP!", "please stop", "unsubscribe", "стоп"])
async def test_whoever_says_stop_is_left_alone_until_they_say_start(stage: Stage, word: str) -> None:
    assert "will not answer you any more" in said(await stage.hear(in_public(word)))
    for text in ("how do I get my money", "ticket", "my coins are gone"):
        assert (await stage.hear(in_public(text))).outgoing == ()
        assert (await stage.hear(message(text))).outgoing == ()
    assert set(stage.outcomes()[1:]) == {("ignored", "opted_out")}
    assert stage.words_on_disk("coins are gone") == []
    assert "have you back" in said(await stage.hear(message("start")))
    assert "FL-1001" in said(await stage.hear(message("my coins are gone again")))


async def test_a_moderators_ticket_for_somebody_who_wants_silence_is_told_by_a_person(stage: Stage) -> None:
    await stage.hear(in_public("stop"))
    assert "waits for a person to send it" in said(await stage.hear(moderated(MATTER)))
    assert [waiting.why for waiting in approvals.waiting(stage.path)] == ["the requester asked the bot to be silent"]


async def test_stop_ends_a_question_of_the_bot_in_private(stage: Stage) -> None:
    await stage.hear(message("ticket"))
    assert "leave it at that" in said(await stage.hear(message("stop")))
    assert "FL-1001" in said(await stage.hear(message(MATTER)))


# --- in private -----------------------------------------------------------------------------------------------------


async def test_writing_in_private_goes_on_with_the_ticket_without_a_code(stage: Stage) -> None:
    await stage.hear(in_public(MATTER))
    assert "Added to your ticket **FL-1001**" in said(await stage.hear(message("it weighs three tons, my id is 77")))
    known = stage.ledger.ticket_at_desk("1")
    assert known is not None
    assert known.private_to == target("chat:ann")
    assert known.reply_to.place == "group:1"
    assert stage.outcomes()[-1] == ("appended", "continued_in_private")
    assert (await stage.hear(message("refund?"), answers())).outgoing[0].reply.text.startswith("Ask for it")


async def test_the_private_place_of_an_open_ticket_is_not_forgotten(stage: Stage) -> None:
    await stage.hear(in_public(MATTER))
    await stage.hear(message("it weighs three tons"))
    await stage.hear(message("hello", author=EVE))
    await stage.age(91)
    await stage.ledger.forget_older_than(timedelta(days=90))
    assert {row["author_id"] for row in stage.rows("SELECT author_id FROM conversations")} == {"ann"}
    assert len(stage.rows("SELECT key FROM conversations")) == 2
    assert "Added to your ticket **FL-1001**" in said(await stage.hear(message("and it snores")))


async def test_what_people_asked_of_the_bot_is_kept_as_long_as_it_holds(stage: Stage) -> None:
    await stage.hear(message(MATTER))
    await stage.hear(elsewhere(f"claim {await code(stage)}"))
    await stage.hear(elsewhere(f"claim {claims.new_code()}"))
    await stage.hear(in_public("stop", author=EVE))
    await code(stage)
    for table, column in (("claims", "expires_at"), ("claim_tries", "at"), ("silences", "since")):
        await stage.change(f"UPDATE {table} SET {column} = ?", codec.stamp(datetime.now(UTC) - timedelta(days=91)))
    await stage.change(
        "UPDATE identity_links SET consented_at = ?", codec.stamp(datetime.now(UTC) - timedelta(days=91))
    )
    fresh = await code(stage)
    await stage.hear(elsewhere(f"claim {claims.new_code()}"))
    while await stage.ledger.forget_older_than(timedelta(days=90)):
        pass
    counts = {
        table: stage.rows(f"SELECT count(*) AS n FROM {table}")[0]["n"]
        for table in ("claims", "claim_tries", "silences", "identity_links")
    }
    assert counts == {"claims": 1, "claim_tries": 1, "silences": 1, "identity_links": 2}
    assert "FL-1001" in said(await stage.hear(elsewhere(f"claim {fresh}", author=Author(id="third"))))


async def test_a_stranger_in_private_goes_on_with_nothing(stage: Stage) -> None:
    await stage.hear(in_public(MATTER))
    assert "only tell you about your own" in said(await stage.hear(command("start", "FL-1001", author=EVE)))
    await stage.hear(message("a mouse sits on my phone", author=EVE))
    known = stage.ledger.ticket_at_desk("1")
    assert known is not None
    assert known.private_to is None
    assert [ticket.number for ticket in stage.tickets()] == ["FL-1001", "FL-1002"]


def test_words_in_private_go_on_with_ones_own_ticket_from_a_public_place_only() -> None:
    shared = replace(ticket(), reply_to=target("group:1", visibility=Visibility.PUBLIC), conversation_key="group")
    policy, here = Policy(), message("it weighs three tons", place="another chat", sent_at=NOW)

    def rule(known: Ticket, said: IncomingMessage = here, **context: Any) -> str:
        decision = decide(said, Context(own=(known,), **context), NOTHING, NOW, policy)
        assert isinstance(decision, AppendToTicket | OpenTicket)
        return decision.rule

    assert rule(shared) == "continued_in_private"
    assert rule(ticket()) == "nothing_matches", "what was asked in private stays in its conversation"
    assert rule(replace(shared, private_to=target("chat:ann"))) == "nothing_matches", "it goes on elsewhere already"
    assert rule(replace(shared, status=Status.RESOLVED)) == "nothing_matches"
    assert rule(replace(shared, opened_at=NOW - timedelta(hours=73))) == "nothing_matches"
    linked = frozenset({shared.requester})
    assert rule(shared, elsewhere("it weighs three tons"), identities=linked) == "nothing_matches", "on that network"


async def test_the_link_in_the_public_reply_leads_to_the_ticket(stage: Stage) -> None:
    where = target("group:1", visibility=Visibility.PUBLIC, private_url="https://t.me/bot?start={number}")
    assert "write to me here: https://t.me/bot?start=FL-1001" in said(
        await stage.hear(in_public(MATTER, reply_to=where))
    )
    assert "hear about ticket **FL-1001** here" in said(await stage.hear(command("start", "FL-1001")))


async def test_an_answer_that_expires_is_no_lasting_private_place(stage: Stage) -> None:
    await stage.hear(in_public(MATTER))
    soon = message(sent := "FL-1001").sent_at
    ephemeral = target("group:1", expires_at=soon)
    await stage.hear(message(sent, reply_to=ephemeral, conversation_key="telegram:bot:seen only by:ann"))
    known = stage.ledger.ticket_at_desk("1")
    assert known is not None
    assert known.private_to is None
    assert stage.ledger.private_place("telegram", "bot", "ann") is None


async def test_only_a_sure_answer_is_welcome_where_nobody_asked(stage: Stage) -> None:
    assert (await stage.hear(in_public(MATTER, addressed=Addressed.IF_SURE))).outgoing == ()
    assert stage.outcomes() == [("ignored", "not_sure")]
    assert stage.words_on_disk(MATTER) == []
    sure = await stage.hear(in_public("refund?", addressed=Addressed.IF_SURE), answers())
    assert said(sure).startswith("Ask for it")


async def test_a_title_that_is_not_surely_answered_leaves_a_moderators_ticket_as_it_is(stage: Stage) -> None:
    await stage.hear(moderated(MATTER))
    complaint = in_public(
        MATTER, addressed=Addressed.IF_SURE, message_id="77", conversation_key="telegram:bot:group:1:ann"
    )
    await stage.hear(complaint)
    assert stage.outcomes()[-1] == ("ignored", "not_sure")
    assert MATTER in stage.tickets()[0].entries[0].text


# --- on another network ---------------------------------------------------------------------------------------------


async def test_a_code_takes_the_ticket_to_another_network_once(stage: Stage) -> None:
    await stage.hear(message(MATTER))
    shown = await code(stage)
    assert stage.words_on_disk(shown) == []
    assert "hear about ticket **FL-1001** here" in said(await stage.hear(elsewhere(f"claim {shown}")))
    known = stage.ledger.ticket_at_desk("1")
    assert known is not None
    assert known.private_to == elsewhere("").reply_to
    assert "FL-1001" in said(await stage.hear(elsewhere("status")))
    assert "Added to your ticket" in said(await stage.hear(elsewhere("it left meanwhile")))
    again = await stage.hear(elsewhere(f"claim {shown}", author=Author(id="thief")))
    assert "opens nothing" in said(again)
    assert len(stage.rows("SELECT * FROM identity_links")) == 2
    assert stage.words_on_disk(shown) == []


async def test_nobody_is_linked_without_a_code(stage: Stage) -> None:
    await stage.hear(message(MATTER))
    same = Author(id="ann", handle="ann_a", display_name="Ann")
    assert "only tell you about your own" in said(await stage.hear(elsewhere("FL-1001", author=same)))
    assert "FL-1001" not in said(await stage.hear(elsewhere("status", author=same)))


async def test_a_code_lasts_for_a_day_and_a_new_one_replaces_it(stage: Stage) -> None:
    await stage.hear(message(MATTER))
    old, new = await code(stage), await code(stage)
    assert "opens nothing" in said(await stage.hear(elsewhere(f"claim {old}")))
    await stage.change("UPDATE claims SET expires_at = ?", codec.stamp())
    assert "opens nothing" in said(await stage.hear(elsewhere(f"claim {new}")))


async def test_wrong_codes_are_counted_and_all_sound_the_same(stage: Stage) -> None:
    await stage.hear(message(MATTER))
    shown = await code(stage)
    wrong = {said(await stage.hear(elsewhere(f"claim {claims.new_code()}"))) for _ in range(5)}
    wrong.add(said(await stage.hear(elsewhere(f"claim {shown}"))))
    assert len(wrong) == 1, "after five wrong ones not even the right one opens anything"
    assert stage.rows("SELECT * FROM identity_links") == []
    await stage.change("UPDATE claim_tries SET at = ?", codec.stamp(datetime.now(UTC) - timedelta(minutes=61)))
    assert "FL-1001" in said(await stage.hear(elsewhere(f"claim {shown}"))), "after an hour it does"


async def test_the_wrong_codes_of_one_account_block_no_other(stage: Stage) -> None:
    await stage.hear(message(MATTER))
    shown = await code(stage)
    for _ in range(6):
        await stage.hear(elsewhere(f"claim {claims.new_code()}"))
    honest = Author(id="anne2")
    assert "FL-1001" in said(await stage.hear(elsewhere(f"claim {shown}", author=honest)))


async def test_a_code_where_others_read_is_neither_given_nor_taken(stage: Stage) -> None:
    await stage.hear(in_public(MATTER))
    asked = await stage.hear(in_public("claim", kind=Kind.COMMAND, command="claim"))
    assert "others" in said(asked).lower()
    assert stage.rows("SELECT * FROM claims") == []
    await stage.hear(message("status"))
    shown = await code(stage)
    seen = claims.sealed(in_public(f"claim {shown}", author=EVE))
    assert "worth nothing now" in said(await stage.hear(seen))
    assert "opens nothing" in said(await stage.hear(elsewhere(f"claim {shown}")))


async def test_a_code_that_others_saw_is_worth_nothing_whatever_the_message_was(stage: Stage) -> None:
    await stage.hear(message(MATTER))
    await stage.hear(in_public("hello", author=EVE, message_id="5"))
    shown = await code(stage)
    edited = in_public(f"hello, claim {shown}", author=EVE, message_id="5", kind=Kind.EDITED)
    assert (await stage.hear(claims.sealed(edited))).outgoing == ()
    assert "opens nothing" in said(await stage.hear(elsewhere(f"claim {shown}")))
    await stage.hear(in_public("stop", author=EVE))
    shown = await code(stage)
    await stage.hear(claims.sealed(in_public(f"claim {shown}", author=EVE)))
    assert stage.outcomes()[-1] == ("ignored", "opted_out")
    assert "opens nothing" in said(await stage.hear(elsewhere(f"claim {shown}")))


async def test_a_code_is_taken_where_a_moderator_reads_the_answer_first_and_none_is_given_there(stage: Stage) -> None:
    await stage.hear(message(MATTER))
    shown = await code(stage)
    where = target("dm:anne@x", release=Release.APPROVED)
    await stage.hear(replace(elsewhere(f"claim {shown}"), reply_to=where))
    await stage.hear(replace(elsewhere("", kind=Kind.COMMAND, command="claim"), reply_to=where))
    redeemed, asked = approvals.waiting(stage.path)
    assert "hear about ticket FL-1001 here" in redeemed.text
    assert "Others can read along" in asked.text
    assert len(stage.rows("SELECT * FROM claims")) == 1


async def test_of_two_who_redeem_a_code_in_the_same_moment_one_learns_and_gets_nothing(stage: Stage) -> None:
    await stage.hear(message(MATTER))
    shown = await code(stage)
    thief = await stage.accept(elsewhere(f"claim {shown}", author=Author(id="thief")))
    known = stage.ledger.context(thief.message, ConversationState(), number=None, complaint_key=None)
    decision = decide(thief.message, known, NOTHING, NOW, Policy())
    effects = plan(thief.id, thief.message, known, decision, house())
    assert effects.attach is not None
    await stage.hear(elsewhere(f"claim {shown}"))
    with pytest.raises(Overtaken):
        await stage.ledger.commit(thief, effects)
    assert "opens nothing" in said(await stage.decide(thief))
    known_ticket = stage.ledger.ticket_at_desk("1")
    assert known_ticket is not None
    assert known_ticket.private_to == elsewhere("").reply_to


async def test_whoever_shows_their_code_where_they_got_it_is_told_where_to_go_and_it_still_works(stage: Stage) -> None:
    await stage.hear(message(MATTER))
    shown = await code(stage)
    for _ in range(6):
        assert "is for another network" in said(await stage.hear(claims.sealed(message(f"claim {shown}"))))
    assert stage.rows("SELECT * FROM claim_tries") == []
    assert "FL-1001" in said(await stage.hear(elsewhere(f"claim {shown}")))


# --- and apart again ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["unlink", "Unlink!", "ontkoppel mijn accounts"])
@pytest.mark.parametrize("by", [message, elsewhere])
async def test_accounts_are_separated_from_either_side(
    stage: Stage, word: str, by: Callable[..., IncomingMessage]
) -> None:
    await stage.hear(message(MATTER))
    await stage.hear(elsewhere(f"claim {await code(stage)}"))
    assert "separate from every other one" in said(await stage.hear(by(word)))
    assert stage.rows("SELECT * FROM identity_links") == []
    known = stage.ledger.ticket_at_desk("1")
    assert known is not None
    assert (known.private_to, known.private_conversation) == (target("chat:ann"), "telegram:bot:chat:ann:ann")
    assert "only tell you about your own" in said(await stage.hear(elsewhere("FL-1001")))
    assert "FL-1001" not in said(await stage.hear(elsewhere("status")))
    assert "FL-1002" in said(await stage.hear(elsewhere("a mouse sits on my phone")))
    assert "Added to your ticket **FL-1001**" in said(await stage.hear(message("the elephant snores")))


async def test_whoever_asked_in_public_and_is_known_nowhere_in_private_hears_it_there_again(stage: Stage) -> None:
    await stage.hear(in_public(MATTER))
    soon = target("group:1", expires_at=NOW)  # an answer that only they see for a while
    (asked,) = (await stage.hear(command("claim", reply_to=soon, conversation_key="telegram:bot:group:1:ann"))).outgoing
    await stage.hear(elsewhere(f"claim {asked.reply.secret}"))
    await stage.hear(elsewhere("", kind=Kind.COMMAND, command="unlink"))
    known = stage.ledger.ticket_at_desk("1")
    assert known is not None
    assert (known.private_to, known.private_conversation) == (None, "")


async def test_only_ones_own_links_are_undone(stage: Stage) -> None:
    third = Author(id="third")
    await stage.hear(message(MATTER))
    await stage.hear(elsewhere(f"claim {await code(stage)}"))
    await stage.hear(elsewhere(f"claim {await code(stage)}", author=third))
    await stage.hear(message("a mouse sits on my phone", author=EVE))
    await stage.hear(in_public("", kind=Kind.COMMAND, command="unlink", author=EVE))
    assert len(stage.rows("SELECT * FROM identity_links")) == 4
    await stage.hear(elsewhere("unlink", author=third))
    left = stage.rows("SELECT author_id, other_author_id FROM identity_links ORDER BY author_id")
    assert [tuple(row.values()) for row in left] == [("ann", "anne@x"), ("anne@x", "ann")]
    assert "FL-1001" in said(await stage.hear(elsewhere("status")))
    assert "FL-1001" not in said(await stage.hear(elsewhere("status", author=third)))


async def test_a_private_place_that_moderators_read_takes_a_code_and_gives_none(stage: Stage) -> None:
    await stage.hear(message(MATTER))
    shown = await code(stage)
    modmail = target("modmail", read_along=True)
    asked = await stage.hear(command("claim", reply_to=modmail))
    assert "Moderators can read along here" in said(asked)
    redeemed = elsewhere(f"claim {shown}")
    redeemed = replace(redeemed, reply_to=replace(redeemed.reply_to, read_along=True))
    assert "hear about ticket **FL-1001** here" in said(await stage.hear(redeemed))


async def test_whoever_has_no_ticket_gets_no_code(stage: Stage) -> None:
    assert "no ticket here yet" in said(await stage.hear(command("claim")))


async def test_a_moderators_answer_never_holds_a_code(stage: Stage) -> None:
    await stage.hear(message(MATTER))
    for place in (moderated().reply_to, target()):  # where others read, and in a letter that moderators read, too
        act = replace(moderated(MATTER, reply_to=place), command="claim", on_behalf_of=None, author=command("x").author)
        await stage.hear(act)
        assert stage.rows("SELECT * FROM claims") == []


# --- what is said, and where ----------------------------------------------------------------------------------------


async def test_who_wants_to_be_answered_again_hears_what_was_kept_back(stage: Stage) -> None:
    await stage.hear(message(MATTER))
    await stage.hear(message("stop"))
    say = Say(key="k", target=target("chat:ann"), text="news", ticket_key="", hold=SILENCED)
    key = stage.rows("SELECT key FROM tickets")[0]["key"]
    here = message().conversation_key
    await stage.ledger.writer.run(lambda c: insert(c, [say], conversation_key=here, ticket_key=key))
    assert len(approvals.waiting(stage.path)) == 1
    assert said(await stage.hear(message("start"))).endswith(" / news")
    assert approvals.waiting(stage.path) == []


async def test_the_agent_is_told_that_the_requester_went_on_in_private(stage: Stage) -> None:
    await stage.hear(in_public(MATTER))
    await stage.hear(message("it weighs three tons"))
    notes = [entry.text for entry in stage.tickets()[0].entries if entry.kind == "note"]
    assert notes == ["The requester goes on with this ticket in private (telegram). Your replies go there from now on."]
    added = await stage.hear(in_public("and it is grey"))
    assert "answer you in private, where you went on" in said(added)


async def test_an_agents_answer_shows_that_somebody_is_at_it(stage: Stage) -> None:
    await stage.hear(message(MATTER))
    await stage.ledger.tickets.add("1", "reply", "Mia", "We look.", key="r")
    assert [ticket.status for ticket in stage.tickets()] == ["open"]


async def test_what_does_not_work_may_be_another_matter(stage: Stage) -> None:
    await stage.hear(message("when are you open?"), answers("hours"))
    assert "Do you mean" in said(await stage.hear(message("my refund does not work"), offers("refund")))
    await stage.hear(message("when are you open?"), answers("hours"))
    assert "FL-1001" in said(await stage.hear(message("no it does not work"), offers("refund")))


async def test_where_others_read_nobody_is_asked_for_details(stage: Stage) -> None:
    asked = said(await stage.hear(in_public("ticket")))
    assert "without private details" in asked
    assert "dates and amounts" not in asked


async def test_a_network_has_its_own_sign_for_commands(stage: Stage) -> None:
    helped = said(await stage.hear(command("help", reply_to=target("chat:ann", sign="!"))))
    assert "!ticket" in helped
    assert "/ticket" not in helped


async def test_stop_holds_back_what_is_on_its_way_in_public(stage: Stage) -> None:
    first = await stage.decide(await stage.accept(in_public(MATTER)))
    (number,) = first.outgoing
    assert "FL-1001" in number.reply.text
    stopped = await stage.decide(await stage.accept(in_public("stop")))
    assert "will not answer you any more" in said(stopped)
    assert not await stage.ledger.outbox.sending(number), "the lane had it in its hands already"
    assert [waiting.number for waiting in approvals.waiting(stage.path)] == ["FL-1001"]
    assert "FL-1001" in said(await stage.hear(in_public("start")))


async def test_two_programs_that_answer_each_other_come_to_an_end(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "_MOST_IN_AN_HOUR", 5)
    for number in range(8):
        await stage.hear(in_public(f"hello {number} hello"), answers())
    assert len(approvals.waiting(stage.path)) == 3
    assert "another bot" in approvals.waiting(stage.path)[0].why
    assert len((await stage.hear(message("refund"), answers())).outgoing) == 2, "in private there is no such limit"


@pytest.mark.parametrize("word", ["ask", "faq"])
async def test_a_command_that_asks_is_a_question(stage: Stage, word: str) -> None:
    assert said(await stage.hear(command(word, "refund?"), answers())).startswith("Ask for it")
