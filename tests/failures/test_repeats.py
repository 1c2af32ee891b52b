"""Every event comes one to five times, in any order, at once: it is taken, decided and answered once."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.base import Author
from bots.ledger.report import report
from tests.bots import making
from tests.bots.lanes import inside

if TYPE_CHECKING:
    from adapters.base import IncomingMessage

EVENTS = 8
WORDS = ("they ate my coins", "how do I get a refund", "and my bag too")


def events() -> list[IncomingMessage]:
    return [
        making.message(WORDS[i % 3], author=Author(id=f"person {i % 4}"), dedupe_key=f"telegram:bot:update:{i}")
        for i in range(EVENTS)
    ]


def deliveries() -> st.SearchStrategy[list[list[int]]]:
    """Calls of a platform, each with some events; every event is in one to five of them."""
    repeated = st.lists(st.integers(1, 5), min_size=EVENTS, max_size=EVENTS).flatmap(
        lambda times: st.permutations([event for event, often in enumerate(times) for _ in range(often)])
    )
    return st.tuples(repeated, st.integers(1, 4)).map(
        lambda made: [list(made[0][at : at + made[1]]) for at in range(0, len(made[0]), made[1])]
    )


@given(deliveries())
@settings(max_examples=15)
def test_an_event_counts_once_however_often_it_comes(calls: list[list[int]]) -> None:
    async def run(path: Path) -> None:
        said = events()
        async with inside(path) as bot:
            await asyncio.gather(*(bot.worker.deliver([said[event] for event in call]) for call in calls))
            await bot.settle()
            before = Counter(reply.key for _, reply in bot.channel.posted)
        async with inside(path) as bot:  # and all of it again, after a restart
            await bot.worker.deliver(said)
            await bot.settle()
            assert bot.channel.posted == []
        assert report(path).messages == EVENTS
        assert report(path).adds_up
        assert set(before.values()) == {1}
        assert len({key.split(":")[1] for key in before}) == EVENTS, "each is answered"

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder) / "firstline.db"))
