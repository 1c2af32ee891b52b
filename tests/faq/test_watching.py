"""Edits are taken up; broken ones are named and change nothing."""

from __future__ import annotations

import asyncio
import logging
import threading
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from faq.entries import FaqError
from faq.learned import Learned, Point, save
from faq.watching import LARGE, WatchedFaq

from .mini_faq import MINI_YAML

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from faq.matching import Matches

NEW_ENTRY = "  - {id: parking, question: Where can I park?, also: [is there parking], answer: Behind the house.}\n"


EDITS = 10
PATIENCE_S = 180  # the strongest matcher reads a few hundred texts with three encoders


@asynccontextmanager
async def running(
    path: Path, matcher: str = "lexical", cache: Path | None = None, learned: Path | None = None
) -> AsyncIterator[WatchedFaq]:
    watched = WatchedFaq(path, matcher=matcher, cache=cache, learned=learned)
    task = asyncio.create_task(watched.run())
    try:
        yield watched
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(met: Callable[[], bool], within_s: float = 20) -> None:
    async with asyncio.timeout(within_s):
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


async def test_a_translation_is_no_entry_more(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "faq.watching")
    file = tmp_path / "en.yaml"
    file.write_text(MINI_YAML, encoding="utf-8")
    watched = WatchedFaq(tmp_path, matcher="lexical")
    (tmp_path / "nl.yaml").write_text(MINI_YAML.replace("language: en", "language: nl"), encoding="utf-8")
    await watched.refresh()
    faq = watched.current[0]
    ids = {entry.id for entry in faq.entries}
    assert len(faq.entries) == 2 * len(ids)
    assert f"loaded again: {len(ids)} entries." in caplog.text


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
    watched = WatchedFaq(tmp_path, matcher="lexical")
    before = watched.current
    await watched.refresh()
    assert watched.current is before


def test_a_broken_start_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FaqError):
        WatchedFaq(tmp_path)


def version(number: int) -> str:
    """The small FAQ with ids that say which edit of it this is."""
    return MINI_YAML.replace("- id: ", f"- id: v{number}-")


async def test_whoever_asks_while_it_is_edited_gets_the_whole_of_one_faq(tmp_path: Path) -> None:
    file = tmp_path / "en.yaml"
    file.write_text(version(0), encoding="utf-8")
    watched = WatchedFaq(file, matcher="lexical")
    found: list[tuple[set[str], Matches]] = []
    troubles: list[Exception] = []
    over = threading.Event()

    def ask() -> None:
        try:
            while not over.is_set():
                faq, matcher = watched.current
                found.append(({entry.id for entry in faq.entries}, matcher.match(["can I return this order"])[0]))
        except Exception as error:  # noqa: BLE001 - whatever it is, the test is to say it
            troubles.append(error)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for number in range(1, EDITS + 1):
        file.write_text(version(number), encoding="utf-8")
        await watched.refresh()
    over.set()
    for thread in threads:
        thread.join()
    assert troubles == []
    assert all({candidate.entry for candidate in matches.candidates} <= ids for ids, matches in found)
    assert {matches.candidates[0].entry for _, matches in found} >= {"v1-refund", f"v{EDITS - 1}-refund"}


async def test_what_is_learnt_is_taken_up_and_forgotten_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "en.yaml").write_text(MINI_YAML, encoding="utf-8")
    file = tmp_path / "data" / "learned.json"
    curve = (Point(score=0.5, precision=0.1, recall=1),)
    learned = Learned(curve=curve, weight=60, sources={"label": 60}, matcher="lexical")
    async with running(tmp_path / "en.yaml", learned=file) as watched:
        assert watched.current[1].learned == Learned()
        save(learned, file)
        await until(lambda: watched.current[1].learned == learned)
        assert watched.current[1].calibration.answer_from > 1
        file.unlink()
        await until(lambda: watched.current[1].learned == Learned())


async def test_what_is_learnt_of_the_strongest_matcher_is_not_for_the_one_that_answers_meanwhile(
    tmp_path: Path,
) -> None:
    (tmp_path / "en.yaml").write_text(MINI_YAML, encoding="utf-8")
    save(Learned(bias=-1, matcher="strongest"), tmp_path / "learned.json")
    meanwhile = WatchedFaq(tmp_path / "en.yaml", matcher="strongest", learned=tmp_path / "learned.json")
    assert (meanwhile.matcher, meanwhile.current[1].learned) == ("default", Learned())


def encoding(cache: Path) -> list[int]:
    """The processes that fill this cache."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = place.read_bytes().split(b"\0")
        except OSError:  # it has just ended
            continue
        if b"faq.encoding" in words and str(cache).encode() in words:
            found.append(int(place.parent.name))
    return found


@pytest.mark.timeout(2 * PATIENCE_S)
async def test_the_default_matcher_answers_until_the_strongest_is_built(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "faq.watching")
    file, cache = tmp_path / "en.yaml", tmp_path / "cache"
    file.write_text(MINI_YAML, encoding="utf-8")
    async with running(file, "strongest", cache) as watched:
        quick = watched.current
        assert watched.matcher == "default"
        assert quick[1].match(["refund please"])[0].decision == "answer"
        await until(lambda: bool(encoding(cache)))
        file.write_text(MINI_YAML + NEW_ENTRY, encoding="utf-8")  # what is built now is no longer wanted
        await until(lambda: watched.current is not quick)
        assert watched.matcher == "default"
        assert watched.current[1].match(["is there parking"])[0].decision == "answer"
        await until(lambda: watched.matcher == "strongest", PATIENCE_S)
        faq, matcher = watched.current
        assert matcher.faq is faq
        assert faq.entry("parking", "en") is not None
        assert len(matcher.scorer.meanings) > len(quick[1].scorer.meanings)
    assert actions(caplog) == ["faq_reloaded", "strongest_ready"]


async def test_a_stop_does_not_wait_for_the_strongest(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    (tmp_path / "en.yaml").write_text(MINI_YAML, encoding="utf-8")
    async with running(tmp_path / "en.yaml", "strongest", cache):
        await until(lambda: bool(encoding(cache)))
        begun = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - begun < 2
    assert encoding(cache) == []


async def test_without_the_strongest_the_default_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "en.yaml"
    file.write_text(MINI_YAML, encoding="utf-8")
    watched = WatchedFaq(file, matcher="strongest", cache=tmp_path / "cache")
    file.write_text("entries: [", encoding="utf-8")  # before the other process reads it
    task = asyncio.create_task(watched.run())
    await until(lambda: "strongest_failed" in actions(caplog))
    assert watched.matcher == "default"
    assert watched.current[1].match(["refund please"])[0].decision == "answer"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_large_faq_is_worked_out_elsewhere_and_a_broken_one_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file, cache = tmp_path / "en.yaml", tmp_path / "cache"
    lines = [f"  - {{id: e{at}, question: where is room {at}, answer: There.}}\n" for at in range(LARGE)]
    file.write_text("language: en\nentries:\n" + "".join(lines), encoding="utf-8")
    watched = WatchedFaq(file, matcher="lexical", cache=cache)
    before = watched.current
    file.write_text("language: en\nentries:\n" + "".join(lines[1:]), encoding="utf-8")
    refreshing = asyncio.create_task(watched.refresh())
    await until(lambda: bool(encoding(cache)))
    assert watched.current is before
    await refreshing
    assert watched.current[0].entry("e0", "en") is None
    file.write_text("entries: [", encoding="utf-8")
    await watched.refresh()
    assert actions(caplog) == ["faq_rejected"]
