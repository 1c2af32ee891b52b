"""Tables as spreadsheets and other bots write them."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faq.importing import SourceError, read

if TYPE_CHECKING:
    from pathlib import Path

    from faq.entries import Entry

ROWS = (
    "Question{0}Answer{0}ID{0}Alternatives{0}Tags{0}Language{0}URL\n"
    '"Why, oh why?"{0}"Because;\nit is."{0}why{0}how come|"what for"{0}a{0}en{0}https://e.com\n'
)


def entries(path: Path, raw: str | bytes) -> tuple[Entry, ...]:
    path.write_bytes(raw if isinstance(raw, bytes) else raw.encode())
    return read(path).entries


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_delimiter(tmp_path: Path, delimiter: str) -> None:
    rows = ROWS.format(delimiter).replace('how come|"what for"', '"how come|what for"')
    (entry,) = entries(tmp_path / "faq.csv", rows)
    assert entry.question == "Why, oh why?"
    assert entry.answer == "Because;\nit is."
    assert (entry.id, entry.also) == ("why", ("how come", "what for"))
    assert (entry.language, entry.links) == ("en", ("https://e.com",))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_every_encoding(tmp_path: Path, encoding: str) -> None:
    (entry,) = entries(tmp_path / "faq.csv", "Vraag;Antwoord\r\nWaaróm?;Dáárom, €5.\r\n".encode(encoding))
    assert (entry.question, entry.answer) == ("Waaróm?", "Dáárom, €5.")


def test_a_cell_is_text_whatever_it_begins_with(tmp_path: Path) -> None:
    found = entries(
        tmp_path / "faq.csv", 'question,answer\n=cmd|\' /C calc\'!A0,"=HYPERLINK(""https://e.com"")"\n+1?,@SUM(A1)\n'
    )
    assert [entry.question for entry in found] == ["=cmd|' /C calc'!A0", "+1?"]
    assert [entry.answer for entry in found] == ['=HYPERLINK("https://e.com")', "@SUM(A1)"]


def test_excel_s_own_line_and_blank_rows(tmp_path: Path) -> None:
    path = tmp_path / "faq.csv"
    path.write_text("sep=;\nQ;A\n\n;;\nWhy?;\nHow?;So.\n", encoding="utf-8")
    imported = read(path)
    assert [(entry.question, entry.source) for entry in imported.entries] == [("How?", "faq.csv:6")]
    assert next((note.source, note.reason) for note in imported.notes) == ("faq.csv:5", "an empty answer")


def test_one_row_for_each_wording_is_one_entry(tmp_path: Path) -> None:
    found = entries(tmp_path / "kb.tsv", "Question\tAnswer\tSource\tQnaId\nWhy?\tSo.\tx\t7\nHow come?\tSo.\tx\t7\n")
    assert [(entry.id, entry.question, entry.also) for entry in found] == [("7", "Why?", ("How come?",))]


def test_html_and_markdown_in_cells(tmp_path: Path) -> None:
    found = entries(tmp_path / "faq.csv", "title,body\nA?,<p>Go <b>on</b></p>\nB?,See [x](https://e.com)\n")
    assert [entry.answer for entry in found] == ["Go **on**", "See x (https://e.com)"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Foo,Bar,Answer\na,b,c\n", "'Foo', 'Bar', 'Answer'"),
        ("question;reaction\na;b\n", "'question', 'reaction'"),
        ("", "none"),
        ('"' + "x" * 200_000 + '",b\n', "none"),
    ],
)
def test_unknown_columns_are_named(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "faq.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SourceError, match=r"^.*faq\.csv:1: no column") as caught:
        read(path)
    assert f"the columns are {named}" in str(caught.value)


def test_a_cell_beyond_all_measure_is_an_error_with_a_line(tmp_path: Path) -> None:
    path = tmp_path / "faq.csv"
    path.write_text("question,answer\na,b\nc," + "x" * 200_000 + "\n", encoding="utf-8")
    with pytest.raises(SourceError, match=r"faq\.csv:3: the table cannot be read"):
        read(path)


def test_a_picture_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="this is no text"):
        entries(tmp_path / "faq.csv", b"question,answer\n\x89PNG,\0\n")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.one_of(st.binary(), st.text().map(lambda text: f"question,answer\n{text}".encode("utf-8", "replace"))))
def test_any_bytes_are_read_or_refused(tmp_path: Path, raw: bytes) -> None:
    with contextlib.suppress(SourceError):
        entries(tmp_path / "faq.csv", raw)
