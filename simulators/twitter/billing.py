"""What X charges: prices in thousandths of a dollar, each resource once a UTC day, and the credits left."""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from simulators.twitter.world import World


class Item(StrEnum):
    """What is charged for; see `PRICES`."""

    OWN_MENTION = "own_mention"
    POST_READ = "post_read"
    USER_READ = "user_read"
    DM_READ = "dm_read"
    POST = "post"
    POST_WITH_URL = "post_with_url"
    SUMMONED_REPLY = "summoned_reply"
    DM = "dm"


# X's price list of 2026, in thousandths of a dollar.
PRICES = {
    Item.OWN_MENTION: 1,
    Item.POST_READ: 5,
    Item.USER_READ: 10,
    Item.DM_READ: 10,
    Item.POST: 15,
    Item.POST_WITH_URL: 200,
    Item.SUMMONED_REPLY: 10,
    Item.DM: 10,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What was used since the start, in thousandths of a dollar; `balance` is None where credits never end."""

    spent: int
    balance: int | None
    items: dict[str, int]


class Meter:
    """Counts what the app reads and writes; writes are charged each time, reads once a UTC day."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._items: Counter[Item] = Counter()
        self._read: set[tuple[str, str]] = set()
        self._day = ""
        self.balance: int | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there are no credits left. The last call may have taken them slightly below zero."""
        return self.balance is not None and self.balance <= 0

    def usage(self) -> Usage:
        """Return what was used."""
        spent = sum(PRICES[item] * count for item, count in self._items.items())
        return Usage(spent=spent, balance=self.balance, items={str(item): n for item, n in self._items.items()})

    def read(self, item: Item, resource_id: str) -> int:
        """Charge for a resource, unless it was read before on this UTC day; return what it cost."""
        day = self._world.now().date().isoformat()
        if day != self._day:
            self._day, self._read = day, set()
        # Whatever it was charged as: a post is one resource, seen as a mention or looked up.
        kind = {Item.OWN_MENTION: "post", Item.POST_READ: "post"}.get(item, str(item))
        if (kind, resource_id) in self._read:
            return 0
        self._read.add((kind, resource_id))
        return self.write(item)

    def write(self, item: Item) -> int:
        """Charge for something; return what it cost."""
        self._items[item] += 1
        if self.balance is not None:
            self.balance -= PRICES[item]
        return PRICES[item]
