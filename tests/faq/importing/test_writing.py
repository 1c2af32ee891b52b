"""What is written is what a person edits and `faq.entries.load` reads."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faq.entries import Entry, load
from faq.importing import SourceError, write
from faq.importing.drafts import Draft
from faq.importing.settling import settle

if TYPE_CHECKING:
    from pathlib import Path

ENTRY = Entry(
    id="a",
    language="en",
    question="Is it: yes?",
    also=("no", "12", "=1+1", "- x", "*y", 'it\'s "so" # here'),
    answer="One **two**.\n\n- `three`: 4\n- five",
    tags=("t",),
    links=("https://e.com/#a",),
)


def test_the_file_is_one_that_a_person_edits(tmp_path: Path) -> None:
    (path,) = write([ENTRY, replace(ENTRY, id="12", also=(), tags=(), links=())], tmp_path / "faq.yaml")
    assert path.read_text(encoding="utf-8") == (
        "language: en\nentries:\n"
        "  - id: a\n    question: 'Is it: yes?'\n    also:\n"
        "      - 'no'\n      - '12'\n      - =1+1\n      - '- x'\n      - '*y'\n      - 'it''s \"so\" # here'\n"
        "    answer: |\n      One **two**.\n\n      - `three`: 4\n      - five\n"
        "    tags:\n      - t\n    links:\n      - https://e.com/#a\n"
        "\n"
        "  - id: '12'\n    question: 'Is it: yes?'\n    answer: |\n      One **two**.\n\n"
        "      - `three`: 4\n      - five\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["faq.yaml"]


def test_a_file_for_each_language(tmp_path: Path) -> None:
    both = [ENTRY, replace(ENTRY, language="no")]
    assert write(both, tmp_path / "new" / "faq") == [tmp_path / "new/faq/en.yaml", tmp_path / "new/faq/no.yaml"]
    assert load(tmp_path / "new" / "faq").languages == ("en", "no")
    with pytest.raises(SourceError, match="one file holds one language, here are en, no"):
        write(both, tmp_path / "faq.yaml")


def test_nothing_is_replaced_unless_asked(tmp_path: Path) -> None:
    (tmp_path / "no.yaml").write_text("mine", encoding="utf-8")
    both = [ENTRY, replace(ENTRY, language="no")]
    with pytest.raises(SourceError, match=r"no\.yaml: this file is already there"):
        write(both, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["no.yaml"]
    assert (tmp_path / "no.yaml").read_text(encoding="utf-8") == "mine"
    write(both, tmp_path, force=True)
    assert len(load(tmp_path).entries) == 2


def test_what_would_not_read_back_replaces_nothing(tmp_path: Path) -> None:
    (tmp_path / "faq.yaml").write_text("mine", encoding="utf-8")
    with pytest.raises(SourceError, match="reads back differently"):
        write([replace(ENTRY, answer=" not trimmed")], tmp_path / "faq.yaml", force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["faq.yaml"]
    assert (tmp_path / "faq.yaml").read_text(encoding="utf-8") == "mine"


_ANY = st.text(max_size=30) | st.text(
    alphabet=" \n\t:#-|>'\"*&!%@`{}[]?,\\=~nulyesno0123456789.\u2028\x85\ufeff\ud800🚀é"
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.builds(
            Draft, source=st.just("x:1"), question=_ANY, answer=_ANY, also=st.lists(_ANY, max_size=3).map(tuple),
            key=_ANY, language=st.sampled_from(["", "en", "no"]), tags=st.tuples(_ANY),
            links=_ANY.map(lambda t: ("https://" + t,)),
        ),
        min_size=1,
        max_size=5,
    )
)  # fmt: skip
def test_whatever_is_settled_reads_back(tmp_path: Path, drafts: list[Draft]) -> None:
    entries = settle(drafts).entries
    if entries:
        write(entries, tmp_path / "out", force=True)
    for path in (tmp_path / "out").glob("*.yaml"):
        path.unlink()
