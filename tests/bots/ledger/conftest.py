"""A ledger with the built-in desk, and one whose tickets live at another desk; each on both engines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bots.ledger.ledger import Ledger
from tests.bots.ledger.desk_stage import Stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from bots.ledger.database import Place


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest) -> str:
    """On which database the test runs."""
    kind: str = request.param
    return kind


@pytest.fixture
def place(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Where no ledger is yet."""
    yield from _new(engine, request, tmp_path / "firstline.db")


@pytest.fixture
def other_place(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Another one."""
    yield from _new(engine, request, tmp_path / "remote.db")


def _new(engine: str, request: pytest.FixtureRequest, path: Path) -> Iterator[Place]:
    if engine == "sqlite":
        yield path
        return
    with request.getfixturevalue("postgres_server").database() as url:
        yield url


@pytest.fixture
async def stage(place: Place) -> AsyncIterator[Stage]:
    """With the built-in desk."""
    with Ledger(place) as ledger:
        yield Stage(place, ledger)


@pytest.fixture
async def remote(other_place: Place) -> AsyncIterator[Stage]:
    """With a desk that has to be called."""
    with Ledger(other_place, transactional_desk=False, desk_name="memory") as ledger:
        yield Stage(other_place, ledger)
