"""Which tickets are urgent, and what they are tagged with."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.base import Visibility
from bots.pipeline import decision as deciding
from bots.pipeline.decision import OpenTicket
from bots.pipeline.plan import plan
from bots.pipeline.rules import Facts, Verdict, judge
from bots.pipeline.state import Context
from config.settings import TicketReason, TicketRule, TicketSettings
from faq.handover import GRIEVANCES
from tests.bots.making import command, house, moderated
from ticket_client.base import Priority

FACTS = Facts(
    channel="telegram",
    language="nl",
    reasons=("nothing_matches",),
    words="Mijn geld is GESTOLEN, bel de politie!",
    visibility=Visibility.PUBLIC,
)


def rule(**fields: Any) -> TicketRule:
    return TicketRule.model_validate({"tags": ["hit"], **fields})


def fits(conditions: TicketRule, **facts: Any) -> bool:
    return judge([conditions], replace(FACTS, **facts)).tags == ("hit",)


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({}, True),
        ({"channels": ["discord", "telegram"]}, True),
        ({"channels": ["discord"]}, False),
        ({"languages": ["en", "nl"]}, True),
        ({"languages": ["en"]}, False),
        ({"reasons": ["complaint", "nothing_matches"]}, True),
        ({"reasons": ["accusation"]}, False),
        ({"visibility": ["public"]}, True),
        ({"visibility": ["private", "members"]}, False),
        ({"words": ["politie"]}, True),
        ({"words": ["aangifte", "de politie"]}, True),
        ({"words": ["polit"]}, False),
        ({"words": ["politie de"]}, False),
        ({"channels": ["telegram"], "languages": ["nl"], "words": ["gestolen"], "visibility": ["public"]}, True),
        ({"channels": ["telegram"], "languages": ["nl"], "words": ["gestolen"], "visibility": ["private"]}, False),
        ({"channels": ["telegram"], "words": ["goud"]}, False),
    ],
)
def test_a_rule_fits_where_each_of_its_conditions_does(conditions: dict[str, Any], expected: bool) -> None:  # noqa: FBT001 - a column of the table
    assert fits(rule(**conditions)) is expected


@pytest.mark.parametrize(
    ("word", "words", "expected"),
    [
        ("gestohlen", "GESTOHLEN!", True),
        ("volé", "On m'a VOLE.", True),
        ("vole", "on m'a volé", True),
        ("STRASSE", "in der Straße", True),
        ("dont pay", "you DON'T\n pay", True),
        ("a b", "a, b", True),
        ("ab", "a-b", False),
        (".*", "anything", False),
        ("p.lice", "police", False),
        ("p.lice", "p lice", True),
        ("退款", "我要退款！", True),
        ("คืนเงิน", "ขอคืนเงินด้วย", True),
        ("деньги", "Где мои ДЕНЬГИ?", True),
        ("money", "m\u200boney", True),
        ("\u02bc", "", False),
    ],
)
def test_words_are_whole_and_without_case_and_accents(word: str, words: str, expected: bool) -> None:  # noqa: FBT001 - a column of the table
    conditions = TicketRule.model_construct(words=(word,), tags=("hit",))
    assert fits(conditions, words=words) is expected


def test_a_language_that_nobody_knows_is_none_of_the_rules() -> None:
    assert not fits(rule(languages=["nl"]), language="")
    assert fits(rule(languages=["nl"]), language="nl-BE")
    assert fits(rule(), language="")


def test_the_highest_priority_wins_and_every_tag_is_added_once() -> None:
    rules = [
        rule(priority="low", tags=["a"]),
        rule(priority="urgent", tags=["b", "a"]),
        rule(priority="high"),
        rule(priority="urgent", channels=["discord"], tags=["c"]),
    ]
    assert judge(rules, FACTS) == Verdict(priority=Priority.URGENT, tags=("a", "b", "hit"))
    assert judge(rules[:1], FACTS).priority is Priority.LOW
    assert judge([rule()], FACTS).priority is Priority.NORMAL
    assert judge([], FACTS) == Verdict(priority=Priority.NORMAL, tags=())


@pytest.mark.parametrize(
    ("reasons", "priority"),
    [
        (("accusation",), Priority.HIGH),
        (("asked_for_ticket", "complaint"), Priority.HIGH),
        (("moderator",), Priority.NORMAL),
        (("nothing_matches",), Priority.NORMAL),
    ],
)
def test_without_rules_of_the_operators_a_grievance_is_urgent(reasons: tuple[str, ...], priority: Priority) -> None:
    assert judge(TicketSettings().rules, replace(FACTS, reasons=reasons)).priority is priority
    assert judge(TicketSettings(rules=()).rules, replace(FACTS, reasons=reasons)).priority is Priority.NORMAL


@given(st.lists(st.builds(rule, words=st.lists(st.sampled_from(["geld", "x", "politie"]))), max_size=4), st.text())
def test_the_order_of_rules_changes_no_priority_and_no_tag(rules: list[TicketRule], words: str) -> None:
    facts = replace(FACTS, words=words)
    one, other = judge(rules, facts), judge(rules[::-1], facts)
    assert one.priority is other.priority
    assert set(one.tags) == set(other.tags)


def test_every_reason_can_be_asked_for_and_no_other() -> None:
    source = Path(deciding.__file__).read_text(encoding="utf-8")
    opens = set(re.findall(r'(?:OpenTicket\(rule=|_about_question\()"(\w+)"', source))
    opens |= set(re.findall(r'else "(\w+)"\n    decision = OpenTicket\(rule=rule', source)) | set(GRIEVANCES)
    assert opens == set(get_args(TicketReason))


def test_a_ticket_is_opened_with_what_the_rules_give() -> None:
    rules = (
        rule(words=["politie"], priority="urgent", tags=["legal", "telegram"]),
        rule(reasons=["complaint"], tags=["grievance"]),
        rule(reasons=["moderator"], visibility=["public"], tags=["seen"]),
    )
    said = command("ticket", "Ik heb een klacht en ga naar de politie")
    decision = OpenTicket(rule="asked_for_ticket", words=said.text, message_id="1")
    opening = plan(7, said, Context(written_in="nl"), decision, replace(house(), rules=rules)).opening
    assert opening is not None
    assert opening.draft.tags == ("firstline", "telegram", "complaint", "legal", "grievance")
    assert opening.draft.priority is Priority.URGENT
    act = OpenTicket(rule="moderator", words="they ate it", message_id="77", moderated=True)
    opening = plan(7, moderated(), Context(), act, replace(house(), rules=rules)).opening
    assert opening is not None
    assert opening.draft.tags == ("firstline", "telegram", "moderated", "seen")


def test_a_grievance_is_urgent_from_the_start() -> None:
    said = command("ticket", "you thieves stole my money")
    opening = plan(
        7, said, Context(), OpenTicket(rule="asked_for_ticket", words=said.text, message_id="1"), house()
    ).opening
    assert opening is not None
    assert opening.draft.priority is Priority.HIGH


def test_long_words_are_judged_quickly() -> None:
    rules = [rule(words=[f"word{i}" for i in range(50)]) for _ in range(20)]
    began = time.process_time()
    judge(rules, replace(FACTS, words="é " * 50_000))
    assert time.process_time() - began < 0.3, "some 0.03 s where nothing else runs"
