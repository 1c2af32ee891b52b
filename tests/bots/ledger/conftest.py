"""A ledger with the built-in desk, and one whose tickets live at another desk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bots.ledger.ledger import Ledger
from tests.bots.ledger.desk_stage import Stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """With the built-in desk."""
    path = tmp_path / "firstline.db"
    with Ledger(path) as ledger:
        yield Stage(path, ledger)


@pytest.fixture
async def remote(tmp_path: Path) -> AsyncIterator[Stage]:
    """With a desk that has to be called."""
    path = tmp_path / "remote.db"
    with Ledger(path, transactional_desk=False, desk_name="memory") as ledger:
        yield Stage(path, ledger)
