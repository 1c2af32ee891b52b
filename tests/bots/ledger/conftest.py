"""A ledger with the built-in desk, and one whose tickets live at another desk; each on both engines."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from bots.ledger.ledger import Ledger
from bots.ledger.sqlite import Sqlite
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
    """Where a ledger without a row is."""
    yield from _new(engine, request, tmp_path / "firstline.db")


@pytest.fixture
def other_place(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Another one."""
    yield from _new(engine, request, tmp_path / "remote.db")


def _new(engine: str, request: pytest.FixtureRequest, path: Path) -> Iterator[Place]:
    if engine == "sqlite":
        shutil.copy(request.getfixturevalue("tables"), path)
        yield path
        return
    with request.getfixturevalue("postgres_server").database(migrated=True) as url:
        yield url


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a ledger's tables, to be copied: making them takes longer than most tests."""
    path = tmp_path_factory.mktemp("tables") / "firstline.db"
    Sqlite(path).migrate()
    return path


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
