"""Which process is to hold which lease: the fairest shares that the fewest moves lead to."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

_NUMBERS = re.compile(r"\d+")


def kind_of(name: str) -> str:
    """What stands before the colon of a lease's name: leases of one kind are shared out together."""
    return name.partition(":")[0]


def shares(seekers: Mapping[int, AbstractSet[str]], held: Mapping[str, int]) -> dict[str, int]:
    """Who is to hold each lease.

    Whoever looks at the same state says the same, so that no two processes pull at one lease.

    Args:
        seekers: the live workers, each with the names of the leases that it may hold.
        held: the leases that are held, each with its worker, a dead one included.

    Returns:
        Each name that anybody may hold, with its worker. What is held stays where it is, unless another worker that may
        hold it has at least two fewer of its kind; what nobody holds goes to the one with the fewest.
    """
    who = {name: [worker for worker in sorted(seekers) if name in seekers[worker]] for name in _names(seekers)}
    given = {name: held[name] for name, able in who.items() if held.get(name) in able}
    load = Counter((worker, kind_of(name)) for name, worker in given.items())
    total = Counter(given.values())

    def idlest(name: str) -> int:
        return min(who[name], key=lambda worker: (load[worker, kind_of(name)], total[worker], worker))

    def give(name: str, worker: int) -> None:
        given[name] = worker
        load[worker, kind_of(name)] += 1
        total[worker] += 1

    for name in sorted(who.keys() - given.keys(), key=_order):
        give(name, idlest(name))
    moved = True
    while moved:
        moved = False
        for name in sorted(given, key=_order, reverse=True):
            kind, giver, taker = kind_of(name), given[name], idlest(name)
            if load[giver, kind] - load[taker, kind] > 1:
                load[giver, kind] -= 1
                total[giver] -= 1
                give(name, taker)
                moved = True
    return given


def _names(seekers: Mapping[int, AbstractSet[str]]) -> set[str]:
    return set().union(*seekers.values())


def _order(name: str) -> tuple[str, tuple[int, ...], str]:
    """``share:9`` before ``share:10``."""
    return _NUMBERS.sub("#", name), tuple(int(number) for number in _NUMBERS.findall(name)), name
