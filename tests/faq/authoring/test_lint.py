"""What the people who write the FAQ are told."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from faq.authoring.lint import lint
from faq.entries import Entry, Faq
from faq.matching import FaqMatcher
from tests.faq.mini_faq import MINI_YAML, entry, mini_faq

if TYPE_CHECKING:
    from pathlib import Path

    from faq.authoring.lint import Finding


def answering(answer: str, *, links: tuple[str, ...] = (), entry_id: str = "only") -> Entry:
    also = ("when are you open", "opening times", "at what time do you close", "open today")
    return Entry(
        id=entry_id,
        language="en",
        question="What are the hours",
        also=also,
        answer=answer,
        links=links,
        source="a.yaml:9",
    )


def told(*entries: Entry) -> list[Finding]:
    return [
        finding
        for finding in lint(FaqMatcher(Faq(entries=entries), matcher="lexical"))
        if finding.kind != "expected_answers"
    ]


def test_a_good_faq_has_only_its_figure_its_short_entries_and_its_missing_translations() -> None:
    findings = lint(FaqMatcher(mini_faq(), matcher="lexical"))
    assert Counter(finding.kind for finding in findings) == {
        "few_phrasings": 2,
        "missing_translation": 3,
        "expected_answers": 1,
    }
    assert "would be answered" in findings[-1].message
    assert findings[-1].source == ""
    missing = [finding.message for finding in findings if finding.kind == "missing_translation"]
    assert "'opening-hours' is missing in nl; another language is shown instead." in missing


@pytest.mark.parametrize("answer", ["WRITE THE ANSWER: what to do (asked 9 times).", "Ask.\nwrite the answer"])
def test_a_draft_that_nobody_finished_is_an_error(answer: str) -> None:
    (finding,) = (one for one in told(answering(answer)) if one.kind == "unfinished")
    assert (finding.severity, finding.line) == ("error", 9)
    assert not any(one.kind == "unfinished" for one in told(answering("Answer the mail that we write.")))


def test_findings_stand_by_file_and_line_the_worst_first() -> None:
    one = answering("http://10.0.0.1 and javascript:alert")
    findings = told(one)
    assert [finding.severity for finding in findings] == ["error", "warning", "warning"]
    assert {finding.source for finding in findings} == {"a.yaml:9"}


def test_a_wording_in_two_entries_is_an_error() -> None:
    (finding,) = [
        finding
        for finding in told(entry("card", "my card is broken", "card help"), entry("pay", "My card is broken!", "pay"))
        if finding.kind == "duplicate"
    ]
    assert finding.severity == "error"
    assert finding.message == (
        "'my card is broken' is asked in 'card' and in 'pay' (en.yaml:1); it cannot be answered. Keep it in one."
    )


def test_nearly_the_same_wordings_of_two_entries_are_a_warning_once_a_pair() -> None:
    card = entry("card", "when does my new card arrive", "when will the card arrive here")
    cards = entry("cards", "when does my new cards arrive", "when will the cards arrive here", "fees for cards abroad")
    found = [finding for finding in told(card, cards) if finding.kind == "near_duplicate"]
    assert [finding.severity for finding in found] == ["warning"]
    assert "'when does my new card arrive' of 'card' and 'when does my new cards arrive' of 'cards'" in found[0].message
    assert "the answers differ" in found[0].message


def test_an_entry_may_say_nearly_the_same_twice() -> None:
    card = entry("card", "when does my new card arrive", "when does my new cards arrive")
    assert {finding.kind for finding in told(card)} == {"few_phrasings"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("how do I deposit euros", "how do I withdraw euros"),
        ("how do I buy some eth on the app", "how do I buy some etc on the app"),
        ("where is the list of all the lost cards", "where is the list of all the last cards"),
        ("what is in the plan of 10000", "what is in the plan of 100000"),
    ],
)
def test_questions_that_differ_in_a_word_that_matters_are_no_duplicates(one: str, other: str) -> None:
    findings = told(entry("one", one), entry("other", other))
    assert {finding.kind for finding in findings} == {"few_phrasings"}


def test_entries_that_take_each_others_questions_are_named() -> None:
    shared = ("my card does not work", "the card was refused", "card refused at the shop", "why was my card refused")
    card = entry("card", "card declined", "my card is declined", *(f"{text} today" for text in shared))
    pay = entry("pay", "payment declined", "card is declined again", *(f"{text} now" for text in shared))
    (finding,) = [finding for finding in told(card, pay) if finding.kind == "confusable"]
    assert finding.severity == "warning"
    assert finding.message.startswith("'card' and 'pay' take each other's questions: ")


def test_a_phrasing_without_a_word_and_an_entry_with_one_are_told() -> None:
    findings = {finding.kind: finding for finding in told(entry("smile", "☺"))}
    assert findings["wordless"].severity == "warning"
    assert "has 1 of at least 5 phrasings" in findings["few_phrasings"].message


@pytest.mark.parametrize(
    ("answer", "posts"),
    [
        ("word " * 56, []),
        ("word " * 60, ["On X, 1 of 1 answers take more than one post"]),
        ("word " * 250, ["takes 5 posts on X", "the longest takes 5"]),
        ("word " * 401, ["takes 2 posts on Discord", "posts on X", "On X"]),
        ("word " * 900, ["2 posts on Telegram", "3 posts on Discord", "posts on X", "On X"]),
    ],
)
def test_an_answer_too_long_for_a_channel_is_told_with_its_posts(answer: str, posts: list[str]) -> None:
    findings = told(answering(answer))
    assert len(findings) == len(posts)
    assert all(part in finding.message for part, finding in zip(posts, findings, strict=True))


@pytest.mark.parametrize(
    ("answer", "severity", "words"),
    [
        ("See [refunds](#refund).", "error", "there is no entry 'refund'"),
        ("See [the hours](#only).", "warning", "cannot be followed in a chat"),
        ("See [help](/help/hours).", "warning", "cannot be followed in a chat"),
        ("See [help](help.md).", "warning", "cannot be followed in a chat"),
        ("See [help](https://example.com).", "hint", "is shown as it stands"),
        ("Open javascript:alert(1)", "error", "begins with 'javascript:'"),
    ],
)
def test_a_link_that_cannot_be_followed_is_told(answer: str, severity: str, words: str) -> None:
    (finding,) = told(answering(answer))
    assert finding.severity == severity
    assert words in finding.message


def test_hosts_that_differ_in_more_are_two_hosts() -> None:
    usual = answering(
        "https://example.com/a and https://www.example.com/b and https://exaxxle.com https://help.example.com"
    )
    assert not [finding for finding in told(usual) if finding.kind == "unsafe_link"]


def test_a_host_one_letter_away_from_the_usual_one_is_a_slip() -> None:
    usual = answering("https://example.com/a and https://www.example.com/b")
    slip = Entry(
        id="slip", language="en", question="q", answer="a", links=("https://exanple.com/",), source="a.yaml:40"
    )
    (finding,) = [finding for finding in told(usual, slip) if finding.kind == "unsafe_link"]
    assert finding.line == 40
    assert "'exanple.com' in 'slip' is a letter away from 'example.com'" in finding.message


def test_a_path_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "en.yaml").write_text(MINI_YAML, encoding="utf-8")
    sources = [finding.source for finding in lint(tmp_path) if finding.kind == "few_phrasings"]
    assert sources == [f"{tmp_path / 'en.yaml'}:3", f"{tmp_path / 'en.yaml'}:7"]


def test_nothing_at_all_is_no_trouble() -> None:
    assert lint(Faq(entries=())) == []
