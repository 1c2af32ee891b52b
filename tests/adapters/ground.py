"""What the composition root gives an adapter, kept in memory, and an adapter run beside a test."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from adapters.base import Surroundings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from adapters.base import ChannelAdapter, TranscriptLine


class NoTranscript:
    async def lines(self, conversation_key: str, *, limit: int) -> list[TranscriptLine]:
        raise AssertionError(f"The network keeps its own history: {conversation_key}, {limit}")


@dataclass
class Ground:
    """What the composition root gives, kept in memory."""

    state: dict[str, str] = field(default_factory=dict)
    public_url: str = "http://127.0.0.1:1"
    unreadable: Exception | None = None
    unwritable: Exception | None = None
    saves: int = 0

    async def load(self, key: str) -> str | None:
        if self.unreadable:
            raise self.unreadable
        return self.state.get(key)

    async def save(self, key: str, value: str) -> None:
        await asyncio.sleep(0.01)  # a disk takes its time
        if self.unwritable:
            raise self.unwritable
        self.saves += 1
        self.state[key] = value

    def surroundings(self) -> Surroundings:
        return Surroundings(
            transcript=NoTranscript(),
            secret=b"s" * 32,
            public_url=self.public_url,
            load_state=self.load,
            save_state=self.save,
        )


@asynccontextmanager
async def ran(adapter: ChannelAdapter, deliver: Callable[..., Any]) -> AsyncIterator[asyncio.Task[None]]:
    """The adapter's `run` beside the block, ended with it; what it raises is raised."""
    task = asyncio.create_task(adapter.run(deliver))
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
