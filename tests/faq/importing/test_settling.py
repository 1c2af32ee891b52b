"""Which drafts become entries, under which id and in which language."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faq.entries import Entry, Faq
from faq.importing.drafts import Draft
from faq.importing.settling import LONG_ANSWER_CHARS, MAX_ANSWER_CHARS, MAX_QUESTION_CHARS, settle
from faq.importing.slugs import slug


def draft(question: str = "Why?", answer: str = "So.", source: str = "x:1", **more: Any) -> Draft:
    return Draft(question=question, answer=answer, source=source, **more)


def left_out(*drafts: Draft) -> list[str]:
    return [note.reason for note in settle(drafts).notes if note.kind == "left_out"]


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (draft(""), "no title"),
        (draft(" \n\t"), "no title"),
        (draft(answer=" \n"), "an empty answer"),
        (draft(refusal="a draft"), "a draft"),
        (draft("x" * (MAX_QUESTION_CHARS + 1)), "the question is too long: 301 of at most 300 characters"),
        (draft(answer="x" * (MAX_ANSWER_CHARS + 1)), "the answer is too long: 10001 of at most 10000 characters"),
    ],
)
def test_what_is_not_taken_and_why(one: Draft, reason: str) -> None:
    assert left_out(one) == [reason]
    assert not settle([one]).entries


def test_a_question_is_taken_once_a_language() -> None:
    twice = [draft(), draft("WHY", "Else.", "x:2"), draft("why?!", source="x:3"), draft(answer="Omdat", language="nl")]
    imported = settle(twice)
    assert [(entry.language, entry.answer, entry.also) for entry in imported.entries] == [
        ("en", "So.", ()),
        ("nl", "Omdat", ()),
    ]
    assert left_out(*twice) == ["the same question is asked at x:1"]


def test_an_id_is_taken_once_a_language() -> None:
    drafts = [draft(key="a"), draft("How?", "Else.", "x:2", key="a"), draft("What?", "So.", "x:3", key="a")]
    assert left_out(*drafts) == ["its id 'a' (en) is already used at x:1"]
    assert settle(drafts).entries[0].also == ("What?",)


def test_what_an_faq_has_already_is_left_out() -> None:
    known = Faq(entries=(Entry(id="old", language="en", question="Why?", answer="Known.", source="faq.yaml:3"),))
    imported = settle([draft("why"), draft("Old", source="x:2"), draft("New?", source="x:3")], known=known)
    assert [entry.id for entry in imported.entries] == ["new"]
    assert [note.reason for note in imported.notes if note.kind == "left_out"] == [
        "the same question is asked at faq.yaml:3",
        "its id 'old' (en) is already used at faq.yaml:3",
    ]


def test_warnings() -> None:
    long = draft(answer="x" * (LONG_ANSWER_CHARS + 1), also=("how come",), remarks=("an image was dropped",))
    drafts = [long, draft("How?", links=("ftp://e.com", "https://e.com")), draft("Wh\ufffdn?", also=("x",))]
    imported = settle(drafts)
    assert [(note.kind, note.title, note.reason[:28]) for note in imported.notes] == [
        ("warning", "Why?", "an image was dropped"),
        ("warning", "Why?", "the answer has more than 100"),
        ("warning", "How?", "a link that is no web addres"),
        ("warning", "Wh\ufffdn?", "some characters could not be"),
        ("warning", "How?", "only one wording: it will on"),
    ]
    assert imported.entries[1].links == ("https://e.com",)


def test_languages_keep_a_region_only_where_they_must() -> None:
    codes = ["en-us", "en-us", "EN_gb", "pt-br", "zh-hant-tw", "", "x!", "no"]
    drafts = [draft(f"Question {i}?", language=code) for i, code in enumerate(codes)]
    found = [entry.language for entry in settle(drafts, language="de").entries]
    assert found == ["en", "en", "en-GB", "pt", "zh", "de", "de", "no"]


def test_ids_are_readable_and_stay() -> None:
    assert slug("How do I reset my Pässword?") == "how-do-i-reset-my-password"
    assert slug("为什么提现失败？") == "为什么提现失败"
    assert slug("पासवर्ड कैसे?") == "पासवर्ड-कैसे"
    assert slug("Как вывести, йод?") == "как-вывести-йод"
    assert slug("???") == "entry-a03b22"
    long = slug("why " * 40)
    assert long.startswith("why-why")
    assert len(long) <= 60
    assert long != slug("why " * 41)


def test_other_questions_with_one_slug_have_their_own_ids() -> None:
    drafts = [draft("Is it C?", "Yes."), draft("Is it C++ 🚀?", "No.", "x:2")]
    ids = [entry.id for entry in settle(drafts).entries]
    assert ids[0] == "is-it-c"
    assert len(set(ids)) == len(ids)


@given(st.text())
def test_a_slug_is_short_and_the_same_each_time(text: str) -> None:
    made = slug(text)
    assert made == slug(text)
    assert 0 < len(made) <= 60
    assert not set(made) & set(" \n\t:#'\"")


_TEXTS = st.text(max_size=20)


@given(
    st.lists(
        st.builds(
            Draft, source=_TEXTS, question=_TEXTS, answer=_TEXTS, also=st.lists(_TEXTS, max_size=3).map(tuple),
            key=_TEXTS, language=st.sampled_from(["", "en", "en-us", "nl"]), tags=st.tuples(_TEXTS),
            links=st.tuples(_TEXTS),
        )
    )
)  # fmt: skip
def test_ids_are_unique_and_every_draft_is_accounted_for(drafts: list[Draft]) -> None:
    imported = settle(drafts)
    keys = [(entry.id, entry.language) for entry in imported.entries]
    assert len(set(keys)) == len(keys)
    assert settle(drafts) == imported
    assert len(imported.entries) + sum(note.kind == "left_out" for note in imported.notes) <= len(drafts)
