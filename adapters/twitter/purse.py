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


class Purse:
    """The meter of one channel, and what it may spend on a UTC day."""

    def __init__(self, name: str, budget_usd: float, surroundings: Surroundings) -> None:
        self._name = name
        self._key = f"{name}:meter"
        self._surroundings = surroundings
        self._meter: Meter | None = None
        self._lock = asyncio.Lock()
        self._told = ""  # the day on which the end of the budget was told
        self.budget_usd = budget_usd

    async def read(self, item: Item, resource_ids: Iterable[str]) -> None:
        """Count what was read."""
        async with self._lock:
            meter, now = await self._opened(), datetime.now(UTC)
            before = meter.counts.total()
            for resource_id in resource_ids:
                meter.read(item, resource_id, now)
            if meter.counts.total() != before:
                await self._store(meter, has_read=True)

    async def write(self, item: Item) -> None:
        """Count what was posted, or perhaps was."""
        async with self._lock:
            meter = await self._opened()
            meter.write(item, datetime.now(UTC))
            await self._store(meter)

    async def ask(self, item: Item) -> None:
        """Whether there is money for one of these. Raises `Busy` until midnight UTC where there is none."""
        async with self._lock:
            meter, now = await self._opened(), datetime.now(UTC)
            if meter.spent_usd(now) + PRICES[item] / 1000 <= self.budget_usd:
                return
            wait_s = until_midnight_s(now) + SystemRandom().uniform(1, _JITTER_S)
            if self._told != meter.day:
                self._told = meter.day
                logger.warning(
                    "X: %s has spent %.2f of the day's %.2f dollars. It only reads until midnight UTC; replies wait. "
                    "To change that: daily_budget_usd.",
                    self._name,
                    meter.spent_usd(now),
                    self.budget_usd,
                    extra={"action": "budget_spent", "channel": self._name},
                )
        raise Busy(f"X: the day's budget of {self.budget_usd:.2f} dollars is spent", retry_after_s=wait_s)

    async def spent_usd(self, *, reads_only: bool = False) -> float:
        """What this UTC day has cost so far."""
        async with self._lock:
            return (await self._opened()).spent_usd(datetime.now(UTC), reads_only=reads_only)

    async def _opened(self) -> Meter:
        if self._meter is None:
            try:
                load = self._surroundings.load_state
                self._meter = Meter.load(await load(self._key), await load(f"{self._key}:seen"))
            except Exception as error:  # noqa: BLE001 - a ledger that cannot be read must not make a reply ambiguous
                logger.warning(
                    "X: what was spent today could not be read (%s).",
                    type(error).__name__,
                    extra={"action": "meter_not_read", "channel": self._name},
                )
                return Meter()
        return self._meter

    async def _store(self, meter: Meter, *, has_read: bool = False) -> None:
        """Write it down; where the ledger cannot, the count goes on in memory, for the post itself is out."""
        if meter is not self._meter:
            return  # what was counted before is not known: it must not be written over
        try:
            await self._surroundings.save_state(self._key, meter.dump())
            if has_read:
                await self._surroundings.save_state(f"{self._key}:seen", meter.dump_seen())
        except Exception as error:  # noqa: BLE001 - whatever the ledger says
            logger.warning(
                "X: what was spent could not be written down (%s).",
                type(error).__name__,
                extra={"action": "meter_not_stored", "channel": self._name},
            )
