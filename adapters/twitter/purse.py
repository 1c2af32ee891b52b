"""The day's budget: what was spent is written down, and beyond the budget nothing is posted until midnight UTC."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from random import SystemRandom
from typing import TYPE_CHECKING, Final

from adapters.base import Busy
from adapters.twitter.meter import PRICES, Item, Meter, until_midnight_s

if TYPE_CHECKING:
    from collections.abc import Iterable

    from adapters.base import Surroundings

logger = logging.getLogger(__name__)

_JITTER_S: Final = 300.0
_KEPT_FOR_REPLIES: Final = 0.25  # the part of the budget that no look for deleted posts uses up


class Purse:
    """The meter of one channel, and what it may spend on a UTC day."""

    def __init__(self, name: str, budget_usd: float, surroundings: Surroundings) -> None:
        self._name = name
        self._key, self._seen_key = f"{name}:meter", f"{name}:meter:seen"
        self._surroundings = surroundings
        self._meter: Meter | None = None
        self._opening = asyncio.Lock()
        self._unstored: set[str] = set()  # the parts that changed since they were written down
        self._is_storing = False
        self._told = ""  # the day on which the end of the budget was told
        self.budget_usd = budget_usd

    async def read(self, item: Item, resource_ids: Iterable[str]) -> None:
        """Count what was read."""
        meter, now = await self._opened(), datetime.now(UTC)
        before = meter.counts.total()
        for resource_id in resource_ids:
            meter.read(item, resource_id, now)
        if meter.counts.total() != before:
            await self._store(meter, self._key, self._seen_key)

    async def take(self, item: Item) -> None:
        """Count something that is about to be posted. Raises `Busy` until midnight UTC where there is no money."""
        meter, now = await self._opened(), datetime.now(UTC)
        if meter.spent_usd(now) + PRICES[item] / 1000 > self.budget_usd:
            self._tell(meter, now)
            wait_s = until_midnight_s(now) + SystemRandom().uniform(1, _JITTER_S)
            raise Busy(f"X: the day's budget of {self.budget_usd:.2f} dollars is spent", retry_after_s=wait_s)
        meter.write(item, now)
        await self._store(meter, self._key)

    async def give_back(self, item: Item) -> None:
        """It was not posted after all."""
        meter = await self._opened()
        meter.counts[item] = max(0, meter.counts[item] - 1)  # a new day may have begun meanwhile
        await self._store(meter, self._key)

    async def spent_usd(self, *, reads_only: bool = False) -> float:
        """What this UTC day has cost so far."""
        return (await self._opened()).spent_usd(datetime.now(UTC), reads_only=reads_only)

    async def is_spent(self) -> bool:
        """Whether nothing is left of the day's budget."""
        return await self.spent_usd() >= self.budget_usd

    async def room(self, item: Item, share: float) -> int:
        """How often this may still be read today, for that share of the budget; a part of it is kept for replies."""
        meter, now = await self._opened(), datetime.now(UTC)
        unkept_usd = self.budget_usd * (1 - _KEPT_FOR_REPLIES) - meter.spent_usd(now)
        left_usd = min(unkept_usd, self.budget_usd * share - PRICES[item] * meter.counts[item] / 1000)
        return max(0, int(left_usd * 1000 / PRICES[item] + 1e-6))

    def _tell(self, meter: Meter, now: datetime) -> None:
        """Say once a day that the budget is spent."""
        if self._told == meter.day:
            return
        self._told = meter.day
        logger.warning(
            "X: %s has spent %.2f of the day's %.2f dollars. It only reads until midnight UTC; replies wait. "
            "To change that: daily_budget_usd.",
            self._name,
            meter.spent_usd(now),
            self.budget_usd,
            extra={"action": "budget_spent", "channel": self._name},
        )

    async def _opened(self) -> Meter:
        async with self._opening:
            if self._meter is None:
                try:
                    load = self._surroundings.load_state
                    self._meter = Meter.load(await load(self._key), await load(self._seen_key))
                except Exception as error:  # noqa: BLE001 - a ledger that cannot be read must not make a reply ambiguous
                    self._warn("read", error)
                    return Meter()
            return self._meter

    async def _store(self, meter: Meter, *keys: str) -> None:
        """Write it down; where the ledger cannot, the count goes on in memory, for the post itself is out.

        Whoever comes while it is being written leaves that to the writer, so that replies do not wait for each other.
        """
        if meter is not self._meter:
            return  # what was counted before is not known: it must not be written over
        self._unstored.update(keys)
        if self._is_storing:
            return
        self._is_storing = True
        try:
            while self._unstored:
                key = self._unstored.pop()
                await self._surroundings.save_state(key, meter.dump() if key == self._key else meter.dump_seen())
        except Exception as error:  # noqa: BLE001 - whatever the ledger says
            self._warn("written down", error)
        finally:
            self._is_storing = False

    def _warn(self, what: str, error: Exception) -> None:
        logger.warning(
            "X: what was spent could not be %s (%s).",
            what,
            type(error).__name__,
            extra={"action": "meter_not_kept", "channel": self._name},
        )
