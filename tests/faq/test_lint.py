"""What the people who write the FAQ are told."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from faq.entries import Entry, Faq
from faq.lint import lint

from .mini_faq import MINI_YAML, entry, mini_faq

if TYPE_CHECKING:
    from pathlib import Path


def test_a_good_faq_has_only_its_figure_and_its_missing_translations() -> None:
    findings = lint(mini_faq())
    assert Counter(finding.kind for finding in findings) == {
        "few_phrasings": 2,
        "missing_translation": 3,
        "expected_answers": 1,
    }
    assert "would be answered" in findings[-1].message
    missing = [finding.message for finding in findings if finding.kind == "missing_translation"]
    assert missing[0] == "'opening-hours' is missing in nl; en is shown instead."


def test_each_fault_is_found_where_it_stands() -> None:
    shared = ("my card does not work", "the card was refused", "card refused at the shop", "why was my card refused")
    long = Entry(id="long", language="en", question="hello there", answer="x" * 1001, source="en.yaml:9")
    faq = Faq(
        entries=(
            entry(
                "card", "card declined", "my card is declined", *(f"{text} today" for text in shared), "it is broken"
            ),
            entry(
                "pay",
                "payment declined",
                "card is declined again",
                *(f"{text} now" for text in shared),
                "It is broken!",
            ),
            entry("smile", "☺"),
            long,
        )
    )
    kinds = {finding.kind: finding for finding in lint(faq)}
    assert kinds["duplicate"].message.startswith("'it is broken' is a phrasing of 'card' and of 'pay'")
    assert "'card' and 'pay' take each other's questions" in kinds["confusable"].message
    assert kinds["wordless"].message.startswith("'smile'")
    assert kinds["long_answer"].source == "en.yaml:9"
    assert "has 1 of at least 5 phrasings" in kinds["few_phrasings"].message


def test_a_path_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "en.yaml").write_text(MINI_YAML, encoding="utf-8")
    sources = [finding.source for finding in lint(tmp_path) if finding.kind == "few_phrasings"]
    assert sources == [f"{tmp_path / 'en.yaml'}:3", f"{tmp_path / 'en.yaml'}:7"]


def test_nothing_at_all_is_no_trouble() -> None:
    assert lint(Faq(entries=())) == []
