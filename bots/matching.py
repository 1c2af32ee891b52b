"""Asks the matcher in batches, in a worker thread: messages that arrive together are matched together."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from faq.matching import FaqMatcher, Matches

_MAX_BATCH = 64


class MatchBatches:
    """`matcher` gives the matcher in force (the FAQ may be reloaded between two batches)."""

    def __init__(self, matcher: Callable[[], FaqMatcher]) -> None:
        self._matcher = matcher
        self._waiting: list[tuple[str, str | None, asyncio.Future[Matches]]] = []
        self._running: asyncio.Task[None] | None = None

    async def match(self, text: str, language: str | None) -> Matches:
        """What the FAQ has for a text. Raises what the matcher raises."""
        future: asyncio.Future[Matches] = asyncio.get_running_loop().create_future()
        self._waiting.append((text, language, future))
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())
        return await future

    async def _run(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:_MAX_BATCH], self._waiting[_MAX_BATCH:]
            texts = [text for text, _, _ in batch]
            languages = [language for _, language, _ in batch]
            try:
                results = await asyncio.to_thread(self._matcher().match, texts, languages)
            except Exception as error:
                for _, _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                continue
            for (_, _, future), matches in zip(batch, results, strict=True):
                if not future.done():
                    future.set_result(matches)
