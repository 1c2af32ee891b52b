"""Grouping by average linkage, held against the definition."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from faq.authoring import grouping
from faq.authoring.grouping import group, hashed, unit
from faq.text.cleaning import words

if TYPE_CHECKING:
    import pytest


def directions(count: int, around: int, seed: int, spread: float = 0.02) -> tuple[np.ndarray, np.ndarray]:
    """`around` well separated directions with `count` rows about each, and each row's direction."""
    generator = np.random.default_rng(seed)
    centres = np.eye(around, 64, dtype=np.float32)
    names = np.repeat(np.arange(around), count)
    rows = unit((centres[names] + generator.normal(0, spread, (len(names), 64))).astype(np.float32))
    return rows, names


def by_definition(rows: np.ndarray, together: float) -> set[frozenset[int]]:
    """Join the two groups with the highest mean cosine, again and again."""
    groups = [[row] for row in range(len(rows))]
    while len(groups) > 1:
        best = max(
            (float((rows[a] @ rows[b].T).mean()), i, j)
            for i, a in enumerate(groups)
            for j, b in enumerate(groups)
            if i < j
        )
        if best[0] < together:
            break
        groups[best[1]] += groups.pop(best[2])
    return {frozenset(members) for members in groups}


@given(seed=st.integers(0, 10_000), count=st.integers(1, 14), together=st.floats(-0.5, 0.9))
def test_groups_are_those_of_the_definition(seed: int, count: int, together: float) -> None:
    rows = unit(np.random.default_rng(seed).normal(0, 1, (count, 4)).astype(np.float32))
    found = {frozenset(members) for members in group(rows, np.ones(count), together)}
    assert found == by_definition(rows, together)


def test_equal_rows_are_one_group_and_every_row_is_in_one() -> None:
    rows, names = directions(5, 4, seed=1)
    assert group(rows, np.ones(len(rows)), 0.8) == [np.flatnonzero(names == name).tolist() for name in range(4)]
    assert group(np.ones((3, 1), dtype=np.float32), np.ones(3), 0.5) == [[0, 1, 2]]
    assert group(np.zeros((2, 3), dtype=np.float32), np.ones(2), 0.5) == [[0], [1]]


def test_a_weight_counts_as_so_many_rows() -> None:
    rows = unit(np.array([[1, 0.0], [0.8, 0.6], [0.35, 0.94]], dtype=np.float32))
    alone = {frozenset(members) for members in group(rows, np.ones(3), 0.65)}
    heavy = {frozenset(members) for members in group(rows, np.array([1.0, 9.0, 1.0]), 0.65)}
    assert (alone, heavy) == ({frozenset({1, 2}), frozenset({0})}, {frozenset({0, 1, 2})})


def test_more_rows_than_are_compared_are_thinned_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouping, "MAX_GROUPED", 40)
    monkeypatch.setattr(grouping, "BLOCK", 16)
    rows, names = directions(30, 20, seed=2)
    order = np.random.default_rng(3).permutation(len(rows))
    found = group(rows[order], np.ones(len(rows)), 0.8)
    assert sorted(len(members) for members in found) == [30] * 20
    assert all(len(set(names[order][members])) == 1 for members in found)


def test_rows_too_different_to_thin_are_thinned_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouping, "MAX_GROUPED", 10)
    rows = np.eye(64, dtype=np.float32)
    found = group(np.concatenate([rows, -rows]), np.ones(128), 0.5)
    assert sorted(row for members in found for row in members) == list(range(128))


def test_many_rows_take_seconds() -> None:
    rows = unit(np.random.default_rng(4).normal(0, 1, (6000, 64)).astype(np.float32))
    begun = time.process_time()
    group(rows, np.ones(len(rows)), 0.9)
    assert time.process_time() - begun < 20


def test_letters_alone_put_like_wordings_together() -> None:
    texts = ["reset my password", "how to reset passwords", "where is my parcel", "my parcel is not here"]
    rows = hashed([words(text) for text in texts])
    alike = rows @ rows.T
    assert np.allclose(np.diag(alike), 1, atol=1e-5)
    assert alike[0, 1] > alike[0, 2:].max()
    assert alike[2, 3] > alike[:2, 3].max()
    assert not hashed([[], ["word"]])[0].any()
    assert hashed([]).shape == (0, 1024)
