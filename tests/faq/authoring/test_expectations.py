"""What entries say they answer is held against what the bot would do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faq.authoring.expectations import Expectation, Kind, check, expectations, judge, summarise
from faq.entries import Faq, FaqError, load
from faq.matching import Candidate, Decision, FaqMatcher, Matches
from tests.faq.mini_faq import entry, mini_faq

if TYPE_CHECKING:
    from pathlib import Path

IDS = ("a", "b", "c", "d")
YAML = """\
language: en
entries:
  - id: refund
    question: How do I get a refund?
    also: [refund please]
    expect:
      - money back pls

      - Refund, please!
    answer: Ask for it.
    expect_not: [who are you, "it says: no refund"]
  - id: hours
    question: When are you open?
    answer: From nine to five.
"""


def expected(entry_id: str, text: str = "well?", kind: Kind = "expect") -> Expectation:
    return Expectation(kind=kind, entry=entry_id, language="en", source="en.yaml:7", text=text, copied=False)


def matches(decision: Decision, *entries: str) -> Matches:
    return Matches(decision=decision, candidates=tuple(Candidate(entry=one, score=0.5) for one in entries))


def with_expectations(**lists: tuple[tuple[str, ...], tuple[str, ...]]) -> Faq:
    """The mini FAQ, whose English entries of these names expect, and expect not, these messages."""
    return Faq(
        entries=tuple(
            replace(one, expect=lists[one.id][0], expect_not=lists[one.id][1])
            if one.id in lists and one.language == "en"
            else one
            for one in mini_faq().entries
        )
    )


class TestReading:
    def test_expectations_stand_where_they_stand_and_are_no_phrasings(self, tmp_path: Path) -> None:
        file = tmp_path / "faq.yaml"
        file.write_text(YAML, encoding="utf-8")
        refund, hours = load(file).entries
        assert refund.expect == ("money back pls", "Refund, please!")
        assert refund.expect_not == ("who are you", "it says: no refund")
        assert refund.phrasings == ("How do I get a refund?", "refund please")
        assert (hours.expect, hours.expect_not) == ((), ())
        found = [(one.kind, one.source, one.text, one.copied) for one in expectations(load(file))]
        assert found == [
            ("expect", f"{file}:7", "money back pls", False),
            ("expect", f"{file}:9", "Refund, please!", True),
            ("expect_not", f"{file}:11", "who are you", False),
            ("expect_not", f"{file}:11", "it says: no refund", False),
        ]

    def test_an_entry_that_was_read_from_no_file_stands_for_its_lines(self) -> None:
        faq = with_expectations(refund=(("one",), ("two",)))
        assert [one.source for one in expectations(faq)] == ["en.yaml:1", "en.yaml:1"]

    @pytest.mark.parametrize(
        ("lines", "line", "message"),
        [
            ("    expect: hello\n", 6, "'expect' is not a list"),
            ("    expect_not:\n      - fine\n      -\n", 8, "'expect_not' is empty"),
            ("    expect:\n      - fine\n      - ''\n", 8, "'expect' is empty"),
            ("    expect: [yes]\n", 6, "read as bool"),
            ("    expect: [[fine]]\n", 6, "'expect' is not a text"),
            ("    expected: [fine]\n", 6, "no key 'expected'"),
            ("    expect: [a]\n    expect: [b]\n", 7, "twice"),
        ],
    )
    def test_a_mistake_is_named_with_its_line(self, tmp_path: Path, lines: str, line: int, message: str) -> None:
        file = tmp_path / "faq.yaml"
        file.write_text(f"language: en\nentries:\n  - id: a\n    question: b\n    answer: c\n{lines}", encoding="utf-8")
        with pytest.raises(FaqError) as caught:
            load(file)
        (problem,) = caught.value.problems
        assert (problem.line, message in problem.message) == (line, True), problem

    def test_nothing_learns_from_them(self) -> None:
        texts = ("gimme my dough", "where do the penguins live", "open on sunday?", "i lost it")
        lists = (texts * 3, ("are you open on sunday",))
        bare, tested = (
            FaqMatcher(faq, matcher="lexical") for faq in (mini_faq(), with_expectations(refund=lists, delivery=lists))
        )
        assert tested.match(texts) == bare.match(texts)


class TestJudging:
    @pytest.mark.parametrize(
        ("kind", "found", "kept"),
        [
            ("expect", matches("answer", "a", "b"), True),
            ("expect", matches("answer", "b", "a"), False),
            ("expect", matches("suggest", "b", "c", "a"), True),
            ("expect", matches("suggest", "b", "c", "d", "a"), False),
            ("expect", matches("ticket", "a", "b"), False),
            ("expect", matches("ticket"), False),
            ("expect_not", matches("answer", "a", "b"), False),
            ("expect_not", matches("answer", "b", "a"), True),
            ("expect_not", matches("suggest", "a"), True),
            ("expect_not", matches("ticket", "a"), True),
        ],
    )
    def test_what_is_kept_by_what_the_bot_does(self, kind: Kind, found: Matches, *, kept: bool) -> None:
        (checked,) = judge([expected("a", kind=kind)], [found])
        assert checked.kept is kept
        assert bool(checked.cure) is not kept

    def test_one_of_several_that_expect_a_message_may_answer_it_else_each_is_offered(self) -> None:
        asked = [expected("a", "Lost my phone"), expected("b", "lost my phone!")]
        told = {
            matches("answer", "b", "a"): [True, True],
            matches("answer", "c", "a", "b"): [False, False],
            matches("suggest", "c", "a", "b"): [True, True],
            matches("suggest", "a", "c", "d", "b"): [True, False],
            matches("ticket", "a", "b"): [False, False],
        }
        for found, kept in told.items():
            assert [one.kept for one in judge(asked, [found, found])] == kept

    def test_one_that_is_not_to_answer_has_no_claim(self) -> None:
        found = matches("answer", "b", "a")
        wanted, unwanted = judge([expected("a"), expected("b", kind="expect_not")], [found, found])
        assert (wanted.kept, unwanted.kept) == (False, False)

    def test_a_message_in_both_lists_is_to_be_offered_and_not_answered(self) -> None:
        asked = [expected("a"), expected("a", kind="expect_not")]
        told = {
            matches("answer", "a"): [True, False],
            matches("suggest", "a"): [True, True],
            matches("ticket", "a"): [False, True],
        }
        for found, kept in told.items():
            assert [one.kept for one in judge(asked, [found, found])] == kept

    def test_a_broken_one_says_what_happened_and_what_to_do(self) -> None:
        answered, offered, opened, taken = judge(
            [*(expected("a", str(at)) for at in range(3)), expected("a", kind="expect_not")],
            [matches("answer", "b"), matches("suggest", "b", "c"), matches("ticket", "a"), matches("answer", "a")],
        )
        assert answered.found == "the bot answers with 'b'"
        assert "'a' and 'b' further apart" in answered.cure
        assert offered.found == "the bot offers 'b', 'c'"
        assert opened.found == "the bot opens a ticket"
        assert "'also' of 'a'" in offered.cure == opened.cure
        assert taken.found == "the bot answers with 'a'"
        assert "an entry that answers it" in taken.cure

    @given(
        st.lists(
            st.tuples(
                st.builds(
                    expected,
                    st.sampled_from(IDS),
                    st.sampled_from(("x", "y", "")),
                    st.sampled_from(["expect", "expect_not"]),
                ),
                st.builds(
                    lambda decision, entries: matches(decision, *entries),
                    st.sampled_from(get_args(Decision)),
                    st.permutations(IDS),
                ),
            )
        )
    )
    def test_the_counts_add_up(self, pairs: list[tuple[Expectation, Matches]]) -> None:
        checked = judge([one for one, _ in pairs], [found for _, found in pairs])
        summary = summarise(checked)
        assert summary.kept + summary.broken == len(pairs)
        assert summary.broken == summary.missed + summary.taken == sum(bool(one.cure) for one in checked)
        kinds = [one.kind for one, _ in pairs]
        assert summary.answered + summary.suggested + summary.missed == kinds.count("expect")
        assert summary.left + summary.taken == kinds.count("expect_not")
        kept = [one.decision for one in checked if one.expectation.kind == "expect" and one.kept]
        assert (summary.answered, summary.suggested) == (kept.count("answer"), kept.count("suggest"))


def test_a_faq_is_checked_in_the_languages_of_its_entries() -> None:
    faq = with_expectations(
        refund=(("refund please!", "who won the cup"), ("I want my money back",)),
        password=(("can I have a new password",), ("when does the bus leave",)),
    )
    checked = check(FaqMatcher(faq))
    assert [(one.expectation.entry, one.kept) for one in checked] == [
        ("refund", True),
        ("refund", False),
        ("refund", False),
        ("password", True),
        ("password", True),
    ]
    assert summarise(checked).copied == 1
    assert check(FaqMatcher(mini_faq(), matcher="lexical")) == []
    assert check(FaqMatcher(Faq(entries=()))) == []


def test_a_message_is_matched_in_the_language_of_its_entry() -> None:
    text = "water lamp"  # in either language
    english = replace(entry("one", "die in de man", "red lamp over there", "green lamp over here"), expect=(text,))
    dutch = replace(
        entry("two", "die in de wand", "rode lamp aan de muur", "groene lamp aan de muur", language="nl"),
        expect=(text,),
    )
    matcher = FaqMatcher(Faq(entries=(english, dutch)))
    first, second = (one.matches for one in check(matcher))
    assert [first, second] == matcher.match([text, text], ["en", "nl"])
    assert first != second
