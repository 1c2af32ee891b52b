"""Drafts load as an FAQ, whatever people wrote."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faq.authoring.drafts import TO_DO, draft, masked, slug
from faq.authoring.gaps import Example, Gap
from faq.entries import Faq, load


def gap(question: str, *more: str, covered: bool = False, nearest: str = "refund", language: str = "") -> Gap:
    return Gap(
        question=question,
        examples=tuple(Example(text=text, language=language) for text in (question, *more)),
        count=9,
        recent=5,
        before=2,
        nearest=nearest,
        likeness=0.3,
        covered=covered,
        languages={"en": 9},
        reasons={"nothing matches": 9},
    )


def loaded(text: str) -> Faq:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "draft.yaml"
        file.write_text(text, encoding="utf-8")
        return load(file)


def test_a_draft_loads_and_says_what_to_write() -> None:
    text = draft([gap("Where is my parcel?", "parcel late: help", "#lost parcel")], language="en", taken=())
    assert text is not None
    (entry,) = loaded(text).entries
    assert (entry.id, entry.language, entry.question) == ("where-parcel", "en", "Where is my parcel?")
    assert entry.also == ("parcel late: help", "#lost parcel")
    assert entry.answer.startswith(TO_DO)
    assert "asked 9 times" in entry.answer


def test_wordings_of_an_entry_that_exists_are_comments_to_copy() -> None:
    new, known = gap("a new thing"), gap("money back: now?", "refund please", covered=True)
    text = draft([known, new], language="en", taken={"refund"})
    assert text is not None
    assert [entry.question for entry in loaded(text).entries] == ["a new thing"]
    assert "the entry refund lacks" in text
    assert "#     - 'money back: now?'\n#     - refund please\n" in text
    assert draft([known], language="en", taken=()) is None


def test_each_language_has_its_own_file_so_others_are_comments() -> None:
    mixed = replace(
        gap("where is my parcel", language="en"),
        examples=(
            Example(text="waar is mijn pakket", language="nl"),
            Example(text="where is my parcel", language="en"),
        ),
    )
    text = draft([mixed, gap("wo ist die Karte", language="de")], language="en", taken=())
    assert text is not None
    assert [(entry.question, entry.also) for entry in loaded(text).entries] == [
        ("where is my parcel", ()),
        ("wo ist die Karte", ()),
    ]
    assert text.count("wo ist die Karte") == 1
    assert "for the entry where-parcel there:\n#     - waar is mijn pakket\n" in text


HOSTILE = st.text(max_size=80) | st.sampled_from(
    [
        "yes",
        "null",
        "~",
        "- a: b",
        "&x *x",
        "!!python/object",
        "{a: 1}",
        "a\u2028b: c",
        "\x85",
        "---\n...",
        "%TAG",
        "'",
        '"',
        "\ufeff",
        "1e3",
    ]
)


@given(st.lists(st.tuples(HOSTILE, st.booleans()), min_size=1, max_size=6))
def test_any_words_make_a_draft_that_loads_as_they_were(texts: list[tuple[str, bool]]) -> None:
    gaps = [gap(shown, shown + " x", covered=covered) for text, covered in texts if (shown := masked(text))]
    text = draft(gaps, language="nl", taken={"refund", "x"})
    wanted = [one.question for one in gaps if not one.covered]
    if text is None:
        assert not wanted
    else:
        assert [entry.question for entry in loaded(text).entries] == wanted


@given(HOSTILE, st.sets(st.sampled_from(["new-entry", "yes", "null", "a", "a-2"])))
def test_an_id_is_a_slug_that_is_not_taken(text: str, taken: set[str]) -> None:
    found = slug(text, taken)
    assert found not in taken
    assert set(found) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert found == found.strip("-")
    assert found


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("How do I change my e-mail?", "how-change-e-mail"),
        ("Wo ist die Überweisung?", "wo-ist-die-uberweisung"),
        ("где мой заказ", "new-entry"),
        ("are you the", "are-you-the"),
    ],
)
def test_ids_are_made_of_telling_words(text: str, wanted: str) -> None:
    assert slug(text, ()) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("write to ann@example.org or @ann", "write to … or @ann"),
        ("call +31 6 1234 5678 now", "call +… now"),
        ("order 12 of 2026", "order 12 of 2026"),
        ("two\nlines\x1b[31m red\u202e", "two lines[31m red"),
    ],
)
def test_what_is_nobodys_business_is_masked(text: str, wanted: str) -> None:
    assert masked(text) == wanted


@pytest.mark.parametrize("text", ["1(" * 5000, "1" + " " * 10_000, "@" * 10_000, "1 (" * 3333 + "x", "a" * 10_000])
def test_masking_long_words_is_quick(text: str) -> None:
    begun = time.process_time()
    masked(text)
    assert time.process_time() - begun < 0.01
