"""One person floods the bot, or very many come at once: tickets keep to their cap, and others are served meanwhile."""

from __future__ import annotations

import gc
import tracemalloc
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from adapters.base import Author
from bots.ledger.report import report
from bots.pipeline.decision import Policy
from tests.bots import making
from tests.bots.lanes import inside

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bots.lanes import Inside

FLOOD = 500
CAP = Policy().max_open_tickets
MESSAGE_BYTES = 1000
"""Less than a message takes: what stays behind of each is what caches of a bounded size hold."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "firstline.db"


async def flood(bot: Inside, number: int = FLOOD) -> None:
    """One person writes without an end, in turn in 40 places, every time another complaint."""
    eve = Author(id="eve")
    said = [
        making.in_public(f"complaint {i} of eve's like no other {i * 7919}", place=f"group:{i % 40}", author=eve)
        for i in range(number)
    ]
    for start in range(0, number, 100):
        await bot.worker.deliver(said[start : start + 100])


async def test_one_person_opens_no_more_tickets_than_the_cap(path: Path) -> None:
    async with inside(path) as bot:
        await flood(bot, 400)
        await bot.settle(60)
        tickets = bot.rows("SELECT author_id FROM tickets")
        assert 1 <= len(tickets) <= CAP
        assert report(path).messages == 400
        assert report(path).adds_up


async def test_somebody_else_is_not_held_up_by_a_flood(path: Path) -> None:
    """Who comes when a flood has been taken in is answered before most of it, as if it were not there."""
    async with inside(path) as bot:
        await flood(bot)
        before = report(path).undecided
        await bot.worker.deliver([making.message("how do I get a refund", place="chat:bob", author=Author(id="bob"))])
        while not bot.channel.texts("chat:bob"):
            await bot.channel.came.wait()
            bot.channel.came.clear()
        left = report(path).undecided
        assert before > 250
        assert left > before * 0.5, f"of {before} undecided ones {before - left} came before"


async def test_hundreds_of_new_people_have_a_ticket_each_and_memory_is_given_back(path: Path) -> None:
    async with inside(path) as bot:
        sizes = []
        for wave in range(3):
            people = [Author(id=f"person {wave} {number}") for number in range(100)]
            await bot.worker.deliver([making.message("they ate my coins", author=one) for one in people])
            await bot.settle(60)
            bot.commits.clear()
            bot.channel.posted.clear()
            bot.channel.troubles.clear()
            bot.channel.calls.clear()
            bot.matcher.asked.clear()
            bot.matcher.languages.clear()
            gc.collect()
            if wave == 0:
                tracemalloc.start(1)
            sizes.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
        requesters = Counter(row["author_id"] for row in bot.rows("SELECT author_id FROM tickets"))
        assert len(requesters) == 300
        assert set(requesters.values()) == {1}
        per_message = (sizes[2] - sizes[1]) / 100
        assert per_message < MESSAGE_BYTES, f"{per_message:.0f} bytes of every message stay"
