"""The ledger alone: ``python -m bench.engine PLACE`` takes messages in and commits an outcome for each, in order.

No pipeline, no matcher, no reply: what the durable inbox itself can do, on SQLite (a path) or PostgreSQL (an address).
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from bench.load import message
from bots.ledger.ledger import Ledger
from bots.pipeline.effects import Effects
from bots.pipeline.state import ConversationState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapters.base import IncomingMessage
    from bots.ledger.ledger import Accepted

_MESSAGES, _CONVERSATIONS, _BATCH, _BATCHES = 20_000, 2_000, 100, 4
_EFFECTS = Effects(outcome="ignored", rule="bench", state=ConversationState())


async def measure(place: str) -> dict[str, float]:
    """Messages a second and the CPU that each takes in this process; what is out of order or missing is an error."""
    messages = [message(number, "how do I cancel my order", number % _CONVERSATIONS) for number in range(_MESSAGES)]
    with Ledger(place if "://" in place else Path(place)) as ledger:
        begun_s, cpu_s = time.perf_counter(), time.process_time()
        decided = await _through(ledger, messages)
        wall_s, cpu_s = time.perf_counter() - begun_s, time.process_time() - cpu_s
        stored = ledger.reader.execute("SELECT count(*) AS n FROM outcomes").fetchone()["n"]
    assert stored == _MESSAGES
    assert sum(map(len, decided.values())) == _MESSAGES
    assert all(ids == sorted(ids) for ids in decided.values())
    return {"many": _MESSAGES / wall_s, "cpu_us": cpu_s / _MESSAGES * 1e6}


async def _through(ledger: Ledger, messages: Sequence[IncomingMessage]) -> dict[str, list[int]]:
    """Each conversation's ids in the order in which their outcomes were on disk."""
    decided: defaultdict[str, list[int]] = defaultdict(list)
    waiting: defaultdict[str, list[Accepted]] = defaultdict(list)
    room = asyncio.Semaphore(_BATCHES)

    async def conversation(key: str) -> None:
        while waiting[key]:
            accepted = waiting[key][0]
            await ledger.commit(accepted, _EFFECTS)
            decided[key].append(accepted.id)
            waiting[key].pop(0)

    async with asyncio.TaskGroup() as tasks:

        async def take(batch: Sequence[IncomingMessage]) -> None:
            async with room:
                accepted = await ledger.accept(batch)
            for one in accepted:
                waiting[one.message.conversation_key].append(one)
                if len(waiting[one.message.conversation_key]) == 1:
                    tasks.create_task(conversation(one.message.conversation_key))

        for start in range(0, len(messages), _BATCH):
            tasks.create_task(take(messages[start : start + _BATCH]))
    return decided


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(sys.argv[1]))))
