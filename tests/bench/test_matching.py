"""What the benchmark of matchers measures with: FAQs, messages, and contenders that do find entries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.made_up import faq_and_messages
from bench.matching import CONTENDERS, figures

if TYPE_CHECKING:
    from pathlib import Path


def test_a_made_up_faq_is_the_same_every_time_and_its_phrasings_differ() -> None:
    faq, messages = faq_and_messages(entries=50, phrasings=10, messages=80)
    assert faq_and_messages(entries=50, phrasings=10, messages=80) == (faq, messages)
    assert faq_and_messages(entries=50, phrasings=10, messages=80, seed=2)[1] != messages
    phrasings = {phrasing for entry in faq.entries for phrasing in entry.phrasings}
    assert len(phrasings) == 500
    assert {message.entry for message in messages} < {entry.id for entry in faq.entries}
    assert not phrasings & {message.text for message in messages}


@pytest.mark.parametrize(
    ("contender", "least"),
    [("WRatio", 0.2), ("token_set", 0.8), ("porter", 0.8), ("trigram", 0.8), ("candidates", 0.9)],
)
def test_a_contender_is_measured_and_finds_entries(contender: str, least: float, tmp_path: Path) -> None:
    faq, messages = faq_and_messages(entries=60, phrasings=10, messages=100)
    found = figures(CONTENDERS[contender].build, faq, messages, tmp_path)
    assert found.top_1 >= least
    assert 0 < found.cpu_p50_ms <= found.cpu_p99_ms < 1000
    assert 0 < found.wall_p50_ms <= found.wall_p99_ms
