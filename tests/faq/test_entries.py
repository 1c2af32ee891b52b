"""FAQ files are read, or every mistake is named with its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faq.entries import MAX_FILE_BYTES, Faq, FaqError, load

from .mini_faq import MINI_YAML, entry, mini_faq

if TYPE_CHECKING:
    from pathlib import Path

ENTRY = "  - {id: a, question: Why?, answer: Because.}\n"


def problems_of(path: Path) -> list[tuple[int, str]]:
    with pytest.raises(FaqError) as caught:
        load(path)
    assert str(caught.value) == "\n".join(map(str, caught.value.problems))
    assert all(problem.cure for problem in caught.value.problems)
    return [(problem.line, problem.message) for problem in caught.value.problems]


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    file = tmp_path / "faq.yaml"
    file.write_text(
        "language: en\nentries:\n"
        '  - id: pending\n    question: Why pending?\n    also: [stuck, "it says: pending"]\n'
        "    answer: |\n      Wait.\n      Then ask.\n    tags: [money]\n    links: [https://example.com/a]\n",
        encoding="utf-8",
    )
    (read,) = load(file).entries
    assert (read.id, read.language, read.source) == ("pending", "en", f"{file}:3")
    assert read.phrasings == ("Why pending?", "stuck", "it says: pending")
    assert read.answer == "Wait.\nThen ask."
    assert (read.tags, read.links) == (("money",), ("https://example.com/a",))


def test_a_folder_joins_its_languages_and_passes_over_other_files(tmp_path: Path) -> None:
    (tmp_path / "en.yaml").write_text(f"language: en\nentries:\n{ENTRY}", encoding="utf-8")
    (tmp_path / "nl.yml").write_text(f"language: nl\nentries:\n{ENTRY}", encoding="utf-8-sig")
    (tmp_path / ".en.yaml.swp.yaml").write_text("\t", encoding="utf-8")
    (tmp_path / "README.md").write_text("# not this", encoding="utf-8")
    assert load(tmp_path).languages == ("en", "nl")


def test_a_translation_falls_back_to_the_base_language_and_then_to_the_first() -> None:
    faq = mini_faq()
    found = [faq.entry("refund", code) for code in ("nl", "nl-BE", "tr")] + [faq.entry("delivery", "nl")]
    assert [one.language if one else None for one in found] == ["nl", "nl", "en", "en"]
    assert faq.entry("nothing", "en") is None
    assert Faq(entries=(entry("a", "b", language="no"),)).languages == ("no",)


def test_norwegian_is_a_language_and_no_boolean(tmp_path: Path) -> None:
    file = tmp_path / "faq.yaml"
    file.write_text(f"language: no\nentries:\n{ENTRY}", encoding="utf-8")
    assert load(file).languages == ("no",)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 0, "the file is empty"),
        ("- a\n", 1, "not a mapping"),
        (f"entries:\n{ENTRY}", 1, "'language' is missing"),
        (f"language: [en]\nentries:\n{ENTRY}", 1, "not a language code"),
        ("language: en\n", 1, "'entries' is missing"),
        ("language: en\nentries: []\n", 2, "'entries' is empty"),
        ("language: en\nentries: none\n", 2, "'entries' is not a list"),
        (f"language: en\nentry: 1\nentries:\n{ENTRY}", 2, "no key 'entry'"),
        ("language: en\nentries:\n  - just text\n", 3, "an entry is not a mapping"),
        ("language: en\nentries:\n  - {id: a, answer: b}\n", 3, "no 'question'"),
        ("language: en\nentries:\n  - id: a\n    question: b\n    awnser: c\n    answer: c\n", 5, "no key 'awnser'"),
        ("language: en\nentries:\n  - id: a\n    question: b\n    question: d\n    answer: c\n", 5, "twice"),
        ("language: en\nentries:\n  - id: a\n    question: ' '\n    answer: c\n", 4, "'question' is empty"),
        ("language: en\nentries:\n  - id: a\n    question: yes\n    answer: c\n", 4, "read as bool"),
        ("language: en\nentries:\n  - id: a\n    question: b\n    answer: [c]\n", 5, "'answer' is not a text"),
        ("language: en\nentries:\n  - id: a\n    question: b\n    also: c\n    answer: d\n", 5, "'also' is not a list"),
        ("language: en\nentries:\n  - {id: a, question: b, answer: c, links: ['javascript:x']}\n", 3, "no web address"),
        (f"language: en\nentries:\n{ENTRY}{ENTRY}", 4, "used twice"),
        ("language: en\nentries:\n\t- id: a\n", 3, "not YAML"),
        ("language: en\nentries:\n  - id: 'a\n", 4, "not YAML"),
        (f"language: en\nentries:\n{ENTRY}---\nlanguage: nl\n", 4, "not YAML"),
        ("language: en\nentries: &a\n  - *a\n", 2, "anchors and aliases"),
        ("language: en\nentries: " + "[" * 20 + "]" * 20 + "\n", 2, "nesting is too deep"),
        ("language: en\nentries:\n  - id: !!python/object:os.system a\n    question: b\n    answer: c\n", 0, ""),
    ],
)
def test_each_mistake_is_named_with_its_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    file = tmp_path / "faq.yaml"
    file.write_text(text, encoding="utf-8")
    if not message:  # a tag on an id constructs nothing: the node's own text is taken
        assert load(file).entries[0].id == "a"
        return
    ((found_line, found_message),) = problems_of(file)
    assert (found_line, message in found_message) == (line, True), found_message


@pytest.mark.parametrize(
    ("sign", "name"),
    [
        (r"\x1b]0;pwn\x07", "U+001B"),
        (r"\0", "U+0000"),
        (r"\x9b31m", "U+009B"),
        (r"\x7f", "U+007F"),
        (r"\r", "U+000D"),
        (r"\u202E", "U+202E"),
        (r"\u202a", "U+202A"),
        (r"\u2066", "U+2066"),
        (r"\u2069", "U+2069"),
        ("\u202e", "U+202E"),
    ],
)
@pytest.mark.parametrize("key", ["id", "question", "answer", "also", "tags", "links", "expect"])
def test_what_a_terminal_obeys_is_refused(tmp_path: Path, sign: str, name: str, key: str) -> None:
    fields = {"id": '"a"', "question": '"b"', "answer": '"c"'}
    hostile = f'"https://ok {sign} x"'
    fields[key] = hostile if key in fields else f"\n    - {hostile}"
    file = tmp_path / "faq.yaml"
    entry = "\n    ".join(f"{field}: {value}" for field, value in fields.items())
    file.write_text(f"language: en\nentries:\n  - {entry}\n", encoding="utf-8")
    ((line, message),) = problems_of(file)
    place = 7 if key not in {"id", "question", "answer"} else 3 + list(fields).index(key)
    assert (line, f"'{key}' holds the control character {name}" in message) == (place, True), message


def test_a_hostile_key_is_not_printed(tmp_path: Path) -> None:
    file = tmp_path / "faq.yaml"
    file.write_text(f'language: en\n"x\\e[31m": 1\nentries:\n{ENTRY}', encoding="utf-8")
    ((line, message),) = problems_of(file)
    assert (line, "no key 'x?[31m'" in message) == (2, True), message


def test_lines_tabs_and_joiners_are_text(tmp_path: Path) -> None:
    file = tmp_path / "faq.yaml"
    said = r"a\nb\tc\r\nd\u200d\u200f\u00a0e"
    file.write_text(f'language: en\nentries:\n  - {{id: a, question: b, answer: "{said}"}}\n', encoding="utf-8")
    assert load(file).entries[0].answer == "a\nb\tc\r\nd\u200d\u200f\u00a0e"


def test_a_tab_is_called_a_tab(tmp_path: Path) -> None:
    file = tmp_path / "faq.yaml"
    file.write_text("language: en\nentries:\n\t- id: a\n", encoding="utf-8")
    with pytest.raises(FaqError, match="replace the tab by spaces"):
        load(file)


def test_all_mistakes_of_all_files_are_listed(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("language: en\nentries:\n  - id: a\n", encoding="utf-8")
    (tmp_path / "b.yaml").write_bytes(b"language: en\nentries:\n  - id: \xff\n")
    found = problems_of(tmp_path)
    assert [line for line, _ in found] == [3, 3, 3]
    assert found[-1][1] == "the text is not UTF-8"


def test_a_missing_file_and_an_empty_folder_are_named(tmp_path: Path) -> None:
    assert "cannot be read" in problems_of(tmp_path / "none.yaml")[0][1]
    assert "no .yaml file" in problems_of(tmp_path)[0][1]


def test_a_bomb_is_refused_before_anything_is_built(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.yaml"
    bomb.write_text("a: &a [x]\n" + "".join(f"{c}: &{c} [*a, *a]\n" for c in "bcdefg"), encoding="utf-8")
    assert "anchors and aliases" in problems_of(bomb)[0][1]
    with bomb.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    assert "larger than" in problems_of(bomb)[0][1]


def test_an_empty_other_wording_is_skipped_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "faq.yaml"
    file.write_text('language: en\nentries:\n  - {id: a, question: b, also: ["", c], answer: d}\n', encoding="utf-8")
    assert load(file).entries[0].also == ("c",)
    assert [record.__dict__["action"] for record in caplog.records] == ["phrasing_skipped"]
    assert f"{file}:3" in caplog.text


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, len(MINI_YAML)), extra=st.binary(max_size=12))
def test_any_damage_is_either_read_or_reported(tmp_path: Path, cut: int, extra: bytes) -> None:
    file = tmp_path / "faq.yaml"
    file.write_bytes(MINI_YAML.encode()[:cut] + extra + MINI_YAML.encode()[cut:])
    read: tuple[object, ...] = ()
    try:
        read = tuple(one for one in load(file).entries if one.question and one.answer)
    except FaqError as error:
        read = error.problems
    assert read
