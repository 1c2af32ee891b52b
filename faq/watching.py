"""The FAQ in use while its files are edited: reloaded without a restart, never replaced by a broken one."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from watchfiles import awatch

from faq.entries import Faq, FaqError, Problem, faq_files, load
from faq.matching import FaqMatcher, Promises

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger(__name__)

CHECK_EVERY_MS = 1000  # also without an event: network folders report none, and a folder may vanish and come back

_Stamp = tuple[tuple[str, int, int], ...]


class WatchedFaq:
    """Holds the last good FAQ with its matcher, swapped as one.

    Building it loads the FAQ and blocks (about a second for a thousand phrasings).

    Raises:
        FaqError: The FAQ cannot be used at the start; later a broken file is only logged.
    """

    def __init__(self, path: Path, promises: Promises | None = None) -> None:
        self.path = path
        self._promises = promises or Promises()
        self._stamp = self._take_stamp()
        self._current = self._build()

    @property
    def current(self) -> tuple[Faq, FaqMatcher]:
        """The FAQ and the matcher that belong together."""
        return self._current

    async def run(self) -> None:
        """Watch until cancelled; builds in a worker thread, so that messages go on being matched meanwhile."""
        folder = self.path if self.path.is_dir() else self.path.parent
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

    async def refresh(self) -> None:
        """Load the FAQ again if a file is new, gone or changed since the last look."""
        stamp = await asyncio.to_thread(self._take_stamp)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        rejected: tuple[Problem, ...] = ()
        try:
            self._current = await asyncio.to_thread(self._build)
        except FaqError as error:
            rejected = error.problems
        for problem in rejected:
            logger.error("The FAQ stays as it was: %s", problem, extra={"action": "faq_rejected"})
        if rejected:
            return
        entries = len(self._current[0].entries)
        logger.info("The FAQ was loaded again: %d entries.", entries, extra={"action": "faq_reloaded"})

    def _build(self) -> tuple[Faq, FaqMatcher]:
        faq = load(self.path)
        return faq, FaqMatcher(faq, self._promises)

    def _take_stamp(self) -> _Stamp:
        found = []
        try:
            for file in faq_files(self.path):
                status = file.stat()
                found.append((str(file), status.st_mtime_ns, status.st_size))
        except OSError:
            return ()
        return tuple(found)
