"""Edits are taken up; broken ones are named and change nothing."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from faq.entries import FaqError
from faq.watching import WatchedFaq

from .mini_faq import MINI_YAML

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

NEW_ENTRY = "  - {id: parking, question: Where can I park?, also: [is there parking], answer: Behind the house.}\n"


@asynccontextmanager
async def running(path: Path) -> AsyncIterator[WatchedFaq]:
    watched = WatchedFaq(path)
    task = asyncio.create_task(watched.run())
    try:
        yield watched
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(met: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not met():
            await asyncio.sleep(0.02)


def actions(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.__dict__["action"] for record in caplog.records if record.name == "faq.watching"]


async def test_an_edit_is_taken_up_with_its_matcher(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "faq.watching")
    (tmp_path / "en.yaml").write_text(MINI_YAML, encoding="utf-8")
    async with running(tmp_path) as watched:
        before = watched.current
        assert before[1].match(["is there parking"])[0].decision != "answer"
        (tmp_path / "en.yaml").write_text(MINI_YAML + NEW_ENTRY, encoding="utf-8")
        await until(lambda: watched.current is not before)
        faq, matcher = watched.current
        assert faq.entry("parking", "en") is not None
        assert matcher.faq is faq
        assert matcher.match(["is there parking"])[0].decision == "answer"
    assert actions(caplog) == ["faq_reloaded"]


async def test_a_broken_file_keeps_the_last_good_faq_and_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "faq.watching")
    file = tmp_path / "en.yaml"
    file.write_text(MINI_YAML, encoding="utf-8")
    async with running(tmp_path) as watched:
        before = watched.current
        file.write_text(MINI_YAML + "  - id: parking\n", encoding="utf-8")
        await until(lambda: "faq_rejected" in actions(caplog))
        assert watched.current is before
        line = MINI_YAML.count("\n") + 1
        assert f"{file}:{line}: an entry has no 'question'; add 'question:'." in caplog.text
        file.write_text(MINI_YAML + NEW_ENTRY, encoding="utf-8")
        await until(lambda: watched.current is not before)
    assert actions(caplog) == ["faq_rejected", "faq_rejected", "faq_reloaded"]  # question and answer are missing


async def test_a_file_alone_is_watched_through_a_rename_as_editors_do(tmp_path: Path) -> None:
    file = tmp_path / "faq.yaml"
    file.write_text(MINI_YAML, encoding="utf-8")
    async with running(file) as watched:
        before = watched.current
        draft = tmp_path / "draft.tmp"
        draft.write_text(MINI_YAML + NEW_ENTRY, encoding="utf-8")
        draft.replace(file)
        await until(lambda: watched.current is not before)


async def test_a_folder_may_vanish_and_come_back(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "faq"
    folder.mkdir()
    (folder / "en.yaml").write_text(MINI_YAML, encoding="utf-8")
    async with running(folder) as watched:
        before = watched.current
        folder.rename(tmp_path / "away")
        await until(lambda: "faq_rejected" in actions(caplog))
        assert watched.current is before
        folder.mkdir()
        (folder / "en.yaml").write_text(MINI_YAML + NEW_ENTRY, encoding="utf-8")
        await until(lambda: watched.current is not before)


async def test_an_untouched_faq_is_not_built_again(tmp_path: Path) -> None:
    (tmp_path / "en.yaml").write_text(MINI_YAML, encoding="utf-8")
    watched = WatchedFaq(tmp_path)
    before = watched.current
    await watched.refresh()
    assert watched.current is before


def test_a_broken_start_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FaqError):
        WatchedFaq(tmp_path)
