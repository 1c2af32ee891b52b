"""Which top-level comment a comment stands under: Reddit names a comment's parent only."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from adapters.reddit.things import COMMENT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from adapters.reddit.places import Account
    from adapters.reddit.reading import Reading
    from adapters.reddit.things import Thing

_MAX_CLIMB: Final = 12
_MAX_KEPT: Final = 5_000


class Threads:
    """What was learnt of threads in this run; the rest is looked up again."""

    def __init__(self, reading: Reading, account: Account) -> None:
        self._reading = reading
        self._account = account
        self._tops: OrderedDict[str, tuple[str, bool]] = OrderedDict()

    def top(self, thing: Thing) -> tuple[str, bool]:
        """The top-level comment, and whether it is the bot's own; what was never climbed stands under its parent."""
        return self._tops.get(thing.id, (thing.parent_id if thing.is_comment else "", False))

    async def climb(self, comments: Sequence[Thing], pool: dict[str, Thing]) -> None:
        """Learn of each comment, following the chains `_MAX_CLIMB` steps up together; `pool` grows by what is found."""
        lost: set[str] = set()  # what Reddit has no more ends a chain
        for _ in range(_MAX_CLIMB):
            open_ends = {_highest(comment, pool).parent_id for comment in comments if not self._has_top(comment, pool)}
            missing = open_ends - lost
            if not missing:
                break
            pool |= await self._reading.look_up(missing)
            lost |= missing - pool.keys()
        for comment in comments:
            highest = _highest(comment, pool)
            top = self._tops.get(highest.id, (highest.id, highest.author_id == self._account.id))
            self._tops |= dict.fromkeys([highest.id, comment.id], top)
        while len(self._tops) > _MAX_KEPT:
            self._tops.popitem(last=False)

    def _has_top(self, comment: Thing, pool: Mapping[str, Thing]) -> bool:
        highest = _highest(comment, pool)
        return not highest.parent_id.startswith(COMMENT) or highest.id in self._tops


def _highest(comment: Thing, pool: Mapping[str, Thing]) -> Thing:
    """The end of the chain of comments that is known."""
    while (above := pool.get(comment.parent_id)) is not None and above.is_comment:
        comment = above
    return comment
