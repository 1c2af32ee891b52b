"""Whoever waits long for a matcher is told what for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bots.cli import matchers, setting_up
from tests.bots.cli.program import configure
from tests.faq.mini_faq import mini_faq

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("seconds", "told"), [(600.0, ""), (0.0, "Working out the FAQ for the lexical matcher (once)…\n")]
)
def test_what_takes_long_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, seconds: float, told: str
) -> None:
    configure(tmp_path)
    monkeypatch.chdir(tmp_path)
    settings = setting_up.load(None)
    monkeypatch.setattr(matchers, "_LONG_S", seconds)
    matchers.by_the_faq_alone(settings, mini_faq(), "lexical")
    assert capsys.readouterr().err == told
    matchers.like_the_bots(settings, mini_faq(), tmp_path, "lexical")
    assert capsys.readouterr().err == told
