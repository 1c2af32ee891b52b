"""The FAQ in use while its files are edited: reloaded without a restart, never replaced by a broken one."""

from __future__ import annotations

import asyncio
import logging
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from watchfiles import awatch

from faq.entries import Faq, FaqError, Problem, faq_files, load
from faq.learned import load_for
from faq.matching import FaqMatcher, Promises

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

logger = logging.getLogger(__name__)

CHECK_EVERY_MS = 1000  # also without an event: network folders report none, and a folder may vanish and come back
STRONGEST, MEANWHILE = "strongest", "default"
LARGE = 500  # phrasings from which a new matcher takes seconds: a thread would hold up messages, and a stop

_Stamp = tuple[tuple[str, int, int], ...]


class EncodingFailedError(Exception):
    """The program that encodes the FAQ's texts ended early; the message says how."""


class WatchedFaq:
    """Holds the last good FAQ with its matcher, swapped as one.

    Building it loads the FAQ and blocks until the matcher is there. The strongest matcher takes minutes: the default
    one answers until `run` has built it, at the start and after each edit.

    Args:
        path: The FAQ's file or folder.
        promises: What the matcher's thresholds are to keep.
        matcher: "lexical", "default" or "strongest".
        cache: Folder that keeps the vectors of the FAQ's texts.
        learned: The file that `firstline faq calibrate` writes, heeded by the matcher it is about; it is watched, too.

    Raises:
        FaqError: The FAQ cannot be used at the start; later a broken file is only logged.
    """

    def __init__(
        self,
        path: Path,
        promises: Promises | None = None,
        *,
        matcher: str = MEANWHILE,
        cache: Path | None = None,
        learned: Path | None = None,
    ) -> None:
        self.path = path
        self._promises = promises or Promises()
        self._wanted = matcher
        self._cache = cache
        self._learned = learned
        self._stamp = self._take_stamp()
        self._current = self._build()
        self._in_use = self._first
        self._strengthening: asyncio.Task[None] | None = None

    @property
    def current(self) -> tuple[Faq, FaqMatcher]:
        """The FAQ and the matcher that belong together."""
        return self._current

    @property
    def matcher(self) -> str:
        """Which matcher is in use now."""
        return self._in_use

    async def run(self) -> None:
        """Watch until cancelled; builds in a worker thread, so that messages go on being matched meanwhile."""
        folder = self.path if self.path.is_dir() else self.path.parent
        self._strengthen_later()
        try:
            while True:
                try:
                    changes = awatch(
                        folder, recursive=False, yield_on_timeout=True, rust_timeout=CHECK_EVERY_MS, debounce=200
                    )
                    async for _ in changes:
                        await self.refresh()
                except FileNotFoundError:
                    await self.refresh()
                    await asyncio.sleep(CHECK_EVERY_MS / 1000)
        finally:
            await self._stop_strengthening()

    async def refresh(self) -> None:
        """Load the FAQ again if a file is new, gone or changed since the last look."""
        stamp = await asyncio.to_thread(self._take_stamp)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            await self._prepare()
            current = await asyncio.to_thread(self._build)
        except FaqError as error:
            _say_rejected(error.problems)
            return
        await self._stop_strengthening()
        self._current, self._in_use = current, self._first
        self._strengthen_later()
        entries = len({entry.id for entry in self._current[0].entries})
        logger.info("The FAQ was loaded again: %d entries.", entries, extra={"action": "faq_reloaded"})

    @property
    def _first(self) -> str:
        return MEANWHILE if self._wanted == STRONGEST else self._wanted

    async def _prepare(self) -> None:
        """Have a large FAQ worked out elsewhere, so that `_build` finds it in the cache; if that fails, it does it."""
        if self._cache is not None and len(self._current[1].phrasings.texts) >= LARGE:
            with suppress(EncodingFailedError, OSError):
                await _encode(self.path, self._cache, self._first)

    def _build(self) -> tuple[Faq, FaqMatcher]:
        faq = load(self.path)
        return faq, self._matcher(faq, self._first)

    def _matcher(self, faq: Faq, matcher: str) -> FaqMatcher:
        learned = load_for(matcher, self._learned) if self._learned is not None else None
        return FaqMatcher(faq, self._promises, matcher=matcher, cache=self._cache, learned=learned)

    # --- the strongest matcher --------------------------------------------------------------------------------------

    def _strengthen_later(self) -> None:
        if self._in_use != self._wanted:
            self._strengthening = asyncio.create_task(self._strengthen(self._current))

    async def _stop_strengthening(self) -> None:
        """End what is built for a FAQ that is no longer in use."""
        if self._strengthening is not None:
            self._strengthening.cancel()
            await asyncio.gather(self._strengthening, return_exceptions=True)
            self._strengthening = None

    async def _strengthen(self, before: tuple[Faq, FaqMatcher]) -> None:
        faq = before[0]
        try:
            if self._cache is not None:
                await _encode(self.path, self._cache, self._wanted)
            stronger = await asyncio.to_thread(self._matcher, faq, self._wanted)
        except Exception as error:  # noqa: BLE001 - whatever it is, there is a matcher that answers
            logger.warning(
                "The strongest matcher could not be built, so the default one goes on answering (%s: %s).",
                type(error).__name__,
                error,
                extra={"action": "strongest_failed"},
            )
            return
        if self._current is before:
            self._current, self._in_use = (faq, stronger), self._wanted
            logger.info("The strongest matcher answers from now on.", extra={"action": "strongest_ready"})

    def _take_stamp(self) -> _Stamp:
        try:
            found = [_stamp(file) for file in faq_files(self.path)]
        except OSError:
            return ()
        try:
            return (*found, _stamp(self._learned)) if self._learned is not None else tuple(found)
        except OSError:  # nothing was learnt yet
            return tuple(found)


def _say_rejected(problems: Sequence[Problem]) -> None:
    for problem in problems:
        logger.error("The FAQ stays as it was: %s", problem, extra={"action": "faq_rejected"})


def _stamp(file: Path) -> tuple[str, int, int]:
    status = file.stat()
    return str(file), status.st_mtime_ns, status.st_size


async def _encode(path: Path, cache: Path, matcher: str) -> None:
    """Fill the cache in a process of its own: it takes minutes, and unlike a thread it can be stopped.

    It uses the other core, and at stop nothing waits for it. What it has to say is said again when the matcher is
    built from the cache.

    Raises:
        EncodingFailedError: It ended with an error.
        OSError: It could not be started.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "faq.encoding", str(path), str(cache), matcher),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for the bot, which ends this in its own time
    )
    try:
        code = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if code:
        raise EncodingFailedError(f"encoding the FAQ's texts ended with exit code {code}")
