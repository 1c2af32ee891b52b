"""Who is to hold which lease."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from bots.cluster.sharing import kind_of, shares

SHARES = [f"share:{number}" for number in range(32)]
NAMES = st.sampled_from([*SHARES[:6], "channel:x", "channel:telegram", "channel:discord", "desk", "sweep"])
SEEKERS = st.dictionaries(st.integers(1, 6), st.frozensets(NAMES, min_size=1), max_size=5)
HELD = st.dictionaries(NAMES, st.integers(1, 8))


def test_one_takes_all() -> None:
    assert shares({7: frozenset(SHARES)}, {}) == dict.fromkeys(SHARES, 7)


def test_a_second_takes_half_and_the_first_keeps_the_other() -> None:
    seekers = {1: frozenset(SHARES), 2: frozenset(SHARES)}
    after = shares(seekers, dict.fromkeys(SHARES, 1))
    assert Counter(after.values()) == {1: 16, 2: 16}


def test_what_a_dead_one_held_goes_to_the_others_and_nothing_else_moves() -> None:
    held = {name: number % 3 for number, name in enumerate(SHARES)}
    after = shares({0: frozenset(SHARES), 1: frozenset(SHARES)}, held)
    assert Counter(after.values()) == {0: 16, 1: 16}
    assert all(after[name] == held[name] for name in SHARES if held[name] != 2)


def test_single_ones_are_spread_too() -> None:
    names = frozenset(["desk", "sweep", "channel:x"])
    assert set(shares({1: names, 2: names, 3: names}, {}).values()) == {1, 2, 3}


def test_who_may_hold_little_gets_it_from_who_may_hold_all() -> None:
    channels = frozenset(["channel:x", "channel:telegram"])
    after = shares({1: channels, 2: frozenset(["channel:x"])}, {})
    assert after == {"channel:telegram": 1, "channel:x": 2}


@given(SEEKERS, HELD)
def test_each_goes_to_one_that_may_hold_it(seekers: dict[int, frozenset[str]], held: dict[str, int]) -> None:
    after = shares(seekers, held)
    assert after.keys() == frozenset().union(*seekers.values())
    assert all(name in seekers[worker] for name, worker in after.items())


@given(SEEKERS, HELD)
def test_nothing_moves_any_more_once_it_is_shared_out(seekers: dict[int, frozenset[str]], held: dict[str, int]) -> None:
    after = shares(seekers, held)
    assert shares(seekers, after) == after


@given(SEEKERS, HELD)
def test_no_move_would_make_it_fairer(seekers: dict[int, frozenset[str]], held: dict[str, int]) -> None:
    after = shares(seekers, held)
    load = Counter((worker, kind_of(name)) for name, worker in after.items())
    for name, worker in after.items():
        for other, names in seekers.items():
            if name in names:
                assert load[worker, kind_of(name)] - load[other, kind_of(name)] <= 1


@given(st.integers(1, 5), HELD)
def test_no_more_moves_than_it_takes(count: int, held: dict[str, int]) -> None:
    """Where all may hold all, those that keep their leases keep as many as an even share has room for."""
    names = frozenset(held)
    after = shares(dict.fromkeys(range(1, count + 1), names), held)
    for kind in {kind_of(name) for name in names}:
        of_kind = [name for name in names if kind_of(name) == kind]
        least, rest = divmod(len(of_kind), count)
        before = Counter(held[name] for name in of_kind if held[name] <= count)
        roomy = sorted(before.values(), reverse=True)
        can_stay = sum(min(had, least + (place < rest)) for place, had in enumerate(roomy))
        assert sum(after[name] == held[name] for name in of_kind) >= can_stay
