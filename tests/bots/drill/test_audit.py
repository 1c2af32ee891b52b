"""The audit sees each thing that must not happen, and only those."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bots.drill.audit import Answer, Audit, Books, Seen, audit
from bots.drill.faults import Window
from bots.drill.schedule import Fault, Line
from bots.drill.stage import Posted

if TYPE_CHECKING:
    from collections.abc import Callable

T0 = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ANSWER, NUMBER, SAID = "A trade costs 0.1 percent.", "Your ticket is 7.", "We looked into it, zq1x1q."


def at(seconds: float) -> str:
    return (T0 + timedelta(seconds=seconds)).isoformat()


def line(number: int, text: str, *outcomes: str, matter: str = "") -> Line:
    return Line(
        id=number,
        at_s=number,
        network="telegram",
        person=0,
        is_private=True,
        act="say",
        text=text,
        outcomes=outcomes,
        matter=matter,
    )


def sent(post: int, text: str) -> dict[str, Any]:
    return {"id": f"5/{post}", "place": "5", "text": text, "at": at(post), "is_heard": True}


def said(row: int, message: int, outcome: str) -> dict[str, Any]:
    return {
        "id": row,
        "channel": "telegram",
        "kind": "created",
        "message_id": str(message),
        "author_id": "5",
        "conversation_key": "telegram:1:5",
        "state": "done",
        "outcome": outcome,
        "rule": "faq",
        "reason": None,
    }


def reply(row: int, inbound: int | None, text: str, posted: int | None, state: str = "sent") -> dict[str, Any]:
    return {
        "id": row,
        "channel": "telegram",
        "place": "5",
        "conversation_key": "telegram:1:5",
        "inbound_id": inbound,
        "ticket_key": None,
        "speaker": "bot",
        "reply": json.dumps({"text": text}),
        "state": state,
        "posted_id": str(posted) if posted else None,
        "error": None,
        "created_at": at(0),
        "changed_at": at(row),
    }


class World:
    """One person who asked, complained and added something, and an agent who answered."""

    def __init__(self) -> None:
        lines = (
            line(0, "what does a trade cost", "answered"),
            line(1, "bahugo cewidu", "ticket_opened", matter="bahugo cewidu"),
            line(2, "ruvolo nahute", "appended", matter="ruvolo nahute"),
        )
        self.posted = {
            one.id: Posted(line=one, person="5", place="5", post=f"5/{one.id + 1}", at=T0 + timedelta(seconds=one.id))
            for one in lines
        }
        self.sent = [sent(10, ANSWER), sent(11, NUMBER), sent(12, "Added."), sent(13, f"Ticket 7: {SAID}")]
        words = [("user", "They wrote: bahugo cewidu"), ("user", "ruvolo nahute"), ("agent", SAID)]
        self.tickets: list[dict[str, Any]] = [
            {"id": "7", "key": "k", "words": [{"by": by, "text": text, "is_public": True} for by, text in words]}
        ]
        self.inbound = [said(1, 1, "answered"), said(2, 2, "ticket_opened"), said(3, 3, "appended")]
        self.outgoing = [
            reply(1, 1, ANSWER, 10),
            reply(2, 2, NUMBER, 11),
            reply(3, 3, "Added.", 12),
            reply(4, None, f"Ticket 7: {SAID}", 13),
        ]
        self.windows: list[Window] = []
        self.answers = [Answer(ticket="7", number=1, text=SAID, words="zq1x1q")]

    def result(self) -> Audit:
        seen = Seen(
            posted=self.posted,
            sent={"telegram": self.sent},
            tickets=self.tickets,
            answers=self.answers,
            windows=self.windows,
            ours=frozenset(),
            people=frozenset({("telegram", "5")}),
            bots={"telegram": "1"},
        )
        tickets = [{"key": "k", "desk_id": "7", "number": "7", "status": "open"}]
        return audit(seen, Books(inbound=self.inbound, outgoing=self.outgoing, tickets=tickets))


def test_what_adds_up_is_counted() -> None:
    result = World().result()
    assert result.wrong == []
    figures = result.figures["telegram"]
    assert (figures.messages, figures.replies, figures.doubled, figures.lost) == (3, 4, 0, 0)
    assert figures.outcomes == {"answered": 1, "ticket_opened": 1, "appended": 1}
    assert figures.first_replies_s == [10, 10, 10]
    assert (result.tickets, result.agents_answers) == (1, 1)


def lose_a_message(world: World) -> None:
    del world.inbound[0]


def store_a_message_twice(world: World) -> None:
    world.inbound.append(said(4, 1, "answered"))


def store_what_nobody_wrote(world: World) -> None:
    world.inbound.append(said(4, 99, "answered"))


def leave_undecided(world: World) -> None:
    world.inbound[0] |= {"outcome": None, "state": "new"}


def fail(world: World) -> None:
    world.inbound[0] |= {"outcome": "failed", "state": "failed"}


def decide_otherwise(world: World) -> None:
    world.inbound[0]["outcome"] = "ignored"


def open_no_ticket(world: World) -> None:
    world.tickets[0]["words"][0]["text"] = "They wrote: nothing"


def open_two_tickets(world: World) -> None:
    world.tickets.append({**world.tickets[0], "id": "8", "words": world.tickets[0]["words"][:1]})


def add_twice(world: World) -> None:
    world.tickets[0]["words"].append(world.tickets[0]["words"][1])


def post_twice(world: World) -> None:
    world.sent.append(sent(14, ANSWER))


def note_what_was_not_posted(world: World) -> None:
    del world.sent[0]


def swap_two_replies(world: World) -> None:
    world.outgoing[0]["posted_id"], world.outgoing[1]["posted_id"] = "11", "10"


def leave_a_reply(world: World) -> None:
    world.outgoing[0] |= {"state": "pending", "posted_id": None}
    del world.sent[0]


def be_refused(world: World) -> None:
    world.outgoing[0] |= {"state": "failed", "posted_id": None}
    del world.sent[0]


def be_ambiguous_without_a_cause(world: World) -> None:
    world.outgoing[0] |= {"state": "ambiguous", "posted_id": None}


def lose_an_agents_answer(world: World) -> None:
    world.sent[3]["text"] = "Ticket 7:"


def swap_an_agents_answers(world: World) -> None:
    world.answers = [replace(world.answers[0], words="zq1x2q"), replace(world.answers[0], number=2)]
    world.sent.append(sent(14, "zq1x2q"))
    world.outgoing.append(reply(5, None, "zq1x2q", 14))


@pytest.mark.parametrize(
    ("deed", "what"),
    [
        (lose_a_message, "lost message"),
        (store_a_message_twice, "doubled message"),
        (store_what_nobody_wrote, "message that nobody wrote"),
        (leave_undecided, "undecided"),
        (fail, "failed"),
        (decide_otherwise, "another outcome"),
        (open_no_ticket, "not at the desk"),
        (open_two_tickets, "doubled at the desk"),
        (open_two_tickets, "ticket that the ledger does not know"),
        (add_twice, "doubled at the desk"),
        (post_twice, "posted and not in the ledger"),
        (note_what_was_not_posted, "reply that was not posted"),
        (swap_two_replies, "out of order"),
        (swap_two_replies, "another text was posted"),
        (leave_a_reply, "reply that was not posted"),
        (be_refused, "reply that the network refused"),
        (be_ambiguous_without_a_cause, "ambiguous without a cause"),
        (lose_an_agents_answer, "agent's answer lost"),
        (swap_an_agents_answers, "agent's answers out of order"),
    ],
)
def test_it_sees(deed: Callable[[World], None], what: str) -> None:
    world = World()
    deed(world)
    assert what in {wrong.what for wrong in world.result().wrong}


def killed(cut: frozenset[int]) -> Window:
    fault = Fault(at_s=3, name="kill", target="bot0", seconds=1)
    return Window(fault=fault, began=T0, ended=T0 + timedelta(seconds=1), cut=cut)


@pytest.mark.parametrize("is_posted", [True, False])
def test_a_reply_cut_by_a_kill_may_be_ambiguous_and_is_named(*, is_posted: bool) -> None:
    world = World()
    world.outgoing[0] |= {"state": "ambiguous", "posted_id": None}
    world.windows = [killed(frozenset({1}))]
    if not is_posted:
        del world.sent[0]
    result = world.result()
    assert result.wrong == []
    (named,) = result.ambiguous
    assert "outgoing 1" in named
    assert named.endswith("kill of bot0 at 3 s")


def test_an_agents_answer_may_be_an_ambiguous_reply() -> None:
    world = World()
    world.outgoing[3] |= {"state": "ambiguous", "posted_id": None}
    del world.sent[3]
    assert [wrong.what for wrong in world.result().wrong] == ["ambiguous without a cause"]
    world.windows = [killed(frozenset({4}))]
    assert world.result().wrong == []


def test_a_kill_excuses_only_the_replies_that_it_cut() -> None:
    world = World()
    world.outgoing[0] |= {"state": "ambiguous", "posted_id": None}
    world.windows = [killed(frozenset({2}))]
    assert [wrong.what for wrong in world.result().wrong] == ["ambiguous without a cause"]


def test_an_ambiguous_reply_excuses_one_post_only() -> None:
    world = World()
    world.outgoing[0] |= {"state": "ambiguous", "posted_id": None}
    world.windows = [killed(frozenset({1}))]
    world.sent.append(sent(14, ANSWER))
    assert [wrong.what for wrong in world.result().wrong] == ["posted and not in the ledger"]
