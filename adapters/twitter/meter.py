"""What X charges, counted as X says it does: what is read once a UTC day for each resource, what is written each time.

X's API tells no balance, so this is an account of our own; it errs upwards.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final


class Item(StrEnum):
    """What is charged for."""

    MENTION = "mention"
    POST_READ = "post_read"
    POST_LOOK = "post_look"  # whether it is still there: a post read, counted by itself
    USER_READ = "user_read"
    MESSAGE_READ = "message_read"
    POST = "post"
    REPLY = "reply"
    POST_WITH_LINK = "post_with_link"
    MESSAGE = "message"


PRICES: Final = {
    Item.MENTION: 1,
    Item.POST_READ: 5,
    Item.POST_LOOK: 5,
    Item.USER_READ: 10,
    Item.MESSAGE_READ: 10,
    Item.POST: 15,
    Item.REPLY: 10,
    Item.POST_WITH_LINK: 200,
    Item.MESSAGE: 10,
}
"""In thousandths of a dollar, from X's price list of 2026."""

READS: Final = frozenset({Item.MENTION, Item.POST_READ, Item.POST_LOOK, Item.USER_READ, Item.MESSAGE_READ})
_MAX_SEEN: Final = 3000  # beyond them, what is read twice is counted twice


@dataclass(slots=True, kw_only=True)
class Meter:
    """What was used on one UTC day; a new day begins with nothing."""

    day: str = ""
    counts: Counter[str] = field(default_factory=Counter)
    seen: set[str] = field(default_factory=set)

    def read(self, item: Item, resource_id: str, now: datetime) -> None:
        """Count something that was read. A post is one resource, seen as a mention or looked up."""
        self._turn(now)
        kind = Item.POST_READ if item in {Item.MENTION, Item.POST_LOOK} else item
        resource = f"{kind}:{resource_id}"
        if resource in self.seen:
            return
        if len(self.seen) < _MAX_SEEN:
            self.seen.add(resource)
        self.counts[item] += 1

    def write(self, item: Item, now: datetime) -> None:
        """Count something that was posted, or perhaps was."""
        self._turn(now)
        self.counts[item] += 1

    def spent_usd(self, now: datetime, *, reads_only: bool = False) -> float:
        """What this UTC day has cost so far."""
        self._turn(now)
        items = READS if reads_only else frozenset(Item)
        return sum(PRICES[item] * self.counts[item] for item in items) / 1000

    def dump(self) -> str:
        """The counts as JSON, for `Surroundings.save_state`."""
        return json.dumps({"day": self.day, "counts": self.counts})

    def dump_seen(self) -> str:
        """What was read, which is much longer and changes by reading only."""
        return json.dumps({"day": self.day, "seen": sorted(self.seen)})

    @classmethod
    def load(cls, dumped: str | None, dumped_seen: str | None) -> Meter:
        """What `dump` and `dump_seen` gave, or nothing."""
        stored: dict[str, Any] = json.loads(dumped) if dumped else {}
        read: dict[str, Any] = json.loads(dumped_seen) if dumped_seen else {}
        day = stored.get("day", "")
        counts = Counter({name: int(count) for name, count in stored.get("counts", {}).items()})
        return cls(day=day, counts=counts, seen=set(read.get("seen", ())) if read.get("day") == day else set())

    def _turn(self, now: datetime) -> None:
        today = now.astimezone(UTC).date().isoformat()
        if today != self.day:
            self.day, self.counts, self.seen = today, Counter(), set()


def until_midnight_s(now: datetime) -> float:
    """How long the UTC day, by which X bills, still lasts."""
    tomorrow = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return (tomorrow - now).total_seconds()
