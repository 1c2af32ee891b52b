"""A matcher that was kept is the matcher that was built, and nothing on the disk can hurt."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

import numpy as np
import pytest

from faq import built
from faq.entries import Faq
from faq.matching import FaqMatcher

from .mini_faq import entry, mini_faq

if TYPE_CHECKING:
    from pathlib import Path

ASKED = ["i forgt my pasword", "wachtwoord kwijt", "wo ist mein Paket?", "tell me a joke", "", "where is my parcel"]


def _kept(folder: Path) -> list[Path]:
    return sorted(folder.glob(built.NAME))


@pytest.mark.parametrize("matcher", ["lexical", "default"])
def test_what_was_kept_matches_as_what_was_built(tmp_path: Path, matcher: str) -> None:
    first = FaqMatcher(mini_faq(), matcher=matcher, cache=tmp_path)
    (file,) = _kept(tmp_path)
    before = file.stat().st_ino
    second = FaqMatcher(mini_faq(), matcher=matcher, cache=tmp_path)
    assert file.stat().st_ino == before
    assert second.match(ASKED) == first.match(ASKED)
    assert (second.calibration, second.abroad) == (first.calibration, first.abroad)
    assert second.rehearsal is not None
    assert first.rehearsal is not None
    assert second.rehearsal.mistaken == first.rehearsal.mistaken
    assert second.phrasings.parts == first.phrasings.parts


def test_a_large_faq_is_kept_too(tmp_path: Path) -> None:
    entries = [entry(f"e{at}", *(f"word{at} thing{at} number {turn}" for turn in range(6))) for at in range(450)]
    faq = Faq(entries=tuple(entries))
    first, second = (FaqMatcher(faq, matcher="lexical", cache=tmp_path) for _ in range(2))
    assert not first.scorer.trained
    asked = [f"number of thing{at} please" for at in range(20)]
    assert first.match(asked) == second.match(asked)


def test_an_edited_phrasing_another_matcher_or_language_is_built_anew(tmp_path: Path) -> None:
    faq = mini_faq()
    names = {built.key(faq, [])}
    one, *others = faq.entries
    names.add(built.key(Faq(entries=(entry(one.id, "another question", *one.also), *others)), []))
    names.add(built.key(Faq(entries=tuple(others)), []))
    names.add(built.key(Faq(entries=(entry(one.id, one.question, *one.also, language="de"), *others)), []))
    assert len(names) == 4
    FaqMatcher(faq, matcher="lexical", cache=tmp_path)
    FaqMatcher(faq, matcher="default", cache=tmp_path)
    assert len(_kept(tmp_path)) == 2


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04 half a file", b"\x80\x04\x95 a pickle"], ids=["empty", "half", "pickle"]
)
def test_a_damaged_file_is_made_anew(tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    expected = FaqMatcher(mini_faq(), matcher="lexical", cache=tmp_path).match(ASKED)
    (file,) = _kept(tmp_path)
    file.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert FaqMatcher(mini_faq(), matcher="lexical", cache=tmp_path).match(ASKED) == expected
    assert [getattr(record, "action", "") for record in caplog.records] == ["built_faq_rebuilt"]
    caplog.clear()
    FaqMatcher(mini_faq(), matcher="lexical", cache=tmp_path)
    assert not caplog.records


def test_a_file_that_lacks_something_is_made_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    expected = FaqMatcher(mini_faq(), matcher="lexical", cache=tmp_path).match(ASKED)
    (file,) = _kept(tmp_path)
    with np.load(file) as kept:
        arrays = {name: kept[name] for name in kept.files}
    for missing in ("mistaken", "phrasings.ids", "scorer.letters.weights"):
        with file.open("wb") as stream:
            np.savez(stream, allow_pickle=False, **{name: array for name, array in arrays.items() if name != missing})
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            assert FaqMatcher(mini_faq(), matcher="lexical", cache=tmp_path).match(ASKED) == expected
        assert [getattr(record, "action", "") for record in caplog.records] == ["built_faq_rebuilt"]


def test_a_folder_that_cannot_be_written_costs_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    in_the_way = tmp_path / "cache"
    in_the_way.write_text("a file, not a folder", encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        FaqMatcher(mini_faq(), matcher="lexical", cache=in_the_way)
    assert "built_faq_not_kept" in [getattr(record, "action", "") for record in caplog.records]


def test_only_the_last_few_are_kept(tmp_path: Path) -> None:
    for turn in range(built.KEPT + 2):
        built.save(tmp_path, f"{turn}", {"number": np.array([turn])})
        os.utime(tmp_path / f"built-{turn}.npz", (turn, turn))
    assert [file.name for file in _kept(tmp_path)] == [f"built-{turn}.npz" for turn in range(2, built.KEPT + 2)]
    assert not list(tmp_path.glob("*.half"))
    assert built.load(tmp_path, "0") is None


def test_texts_survive_packing() -> None:
    texts = ["", "wörter", "我的钱", "\U0001f600 \ud800", "two words"]
    assert built.unpacked(built.lines(texts)) == texts
