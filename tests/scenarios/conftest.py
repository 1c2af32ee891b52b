"""A stage for each scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from simulators.telegram import TelegramSimulator
from tests.scenarios.stage import TOKEN, Stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """A running bot; afterwards every message must have exactly one outcome."""
    async with TelegramSimulator() as sim:
        sim.add_bot(TOKEN)
        stage = Stage(sim, tmp_path)
        async with stage.running():
            yield stage
        report = stage.report()
        assert report.adds_up
        assert report.undecided == 0
        assert report.failed == ()
        assert sim.schema_errors == []
