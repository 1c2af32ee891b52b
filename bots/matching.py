"""Asks the matcher in batches, in a worker thread: messages that arrive together are matched together."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from faq.matching import Matches

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from faq.matching import FaqMatcher

_MAX_BATCH = 64


@dataclass(frozen=True, slots=True)
class _Asked:
    text: str
    language: str | None
    future: asyncio.Future[Matches]


class MatchBatches:
    """`matcher` gives the matcher in force (the FAQ may be reloaded between two batches)."""

    def __init__(self, matcher: Callable[[], FaqMatcher]) -> None:
        self._matcher = matcher
        self._waiting: list[_Asked] = []
        self._running: asyncio.Task[None] | None = None

    async def match(self, text: str, language: str | None) -> Matches:
        """What the FAQ has for a text. Raises what the matcher raises.

        Args:
            text: The message.
            language: Of its author or of their client, which the message need not be written in.
        """
        future: asyncio.Future[Matches] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Asked(text, language, future))
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())
        return await future

    async def _run(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:_MAX_BATCH], self._waiting[_MAX_BATCH:]
            try:
                await self._match(batch)
            except Exception:  # one text is the trouble: the others must not end as failed with it
                for one in batch:
                    try:
                        await self._match([one])
                    except Exception as error:
                        if not one.future.done():
                            one.future.set_exception(error)

    async def _match(self, batch: Sequence[_Asked]) -> None:
        texts, languages = [asked.text for asked in batch], [asked.language for asked in batch]
        results = await asyncio.to_thread(self._matcher().match, texts, languages)
        for asked, matches in zip(batch, results, strict=True):
            if not asked.future.done():
                asked.future.set_result(matches)
