"""Any order of what can happen to a ledger keeps its promises: on both engines, with one bot and with two.

``FIRSTLINE_MODEL=2000`` runs so many stories of each machine, and longer ones, instead of the few of the suite.
"""

from __future__ import annotations

import os
import tempfile
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from bots.ledger.postgres import Postgres
from bots.ledger.sqlite import migrate
from tests.bots.ledger.model import LedgerMachine, RemoteMachine
from tests.bots.ledger.model_of_many import Many, ManyLocal, ManyRemote
from tests.bots.ledger.sites import PostgresSite, SqliteSite

if TYPE_CHECKING:
    from collections.abc import Iterator

_MEMORY = "/dev/shm"  # noqa: S108 - only the parent of a private folder
_LONG = int(os.environ.get("FIRSTLINE_MODEL", "0"))


def _settings(stories: int) -> settings:
    """How many stories of how many steps the suite has; all of a long form's are longer, too."""
    return settings(
        max_examples=_LONG or stories,
        stateful_step_count=100 if _LONG else 50,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


pytestmark = pytest.mark.timeout(7200 if _LONG else 600)  # the shortest story that fails takes its time to be found


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory where that can be had: what a disk keeps is another test's matter (tests/power)."""
    with tempfile.TemporaryDirectory(dir=_MEMORY if os.access(_MEMORY, os.W_OK) else None) as name:
        yield Path(name)


@pytest.mark.parametrize("machine", [LedgerMachine, RemoteMachine])
def test_one_bot_on_a_file(machine: type[LedgerMachine], folder: Path) -> None:
    blank, stories = folder / "blank.db", count()
    migrate(blank)

    def story() -> LedgerMachine:
        return machine(SqliteSite(folder / str(next(stories)), blank, transactional=machine is LedgerMachine))

    run_state_machine_as_test(story, settings=_settings(20))  # type: ignore[arg-type] # what makes one is enough


@pytest.mark.parametrize("machine", [ManyLocal, ManyRemote])
def test_two_bots_on_one_database(machine: type[Many], postgres_url: str) -> None:
    Postgres(postgres_url).migrate()

    def story() -> Many:
        return machine(PostgresSite(postgres_url, transactional=machine is ManyLocal))

    run_state_machine_as_test(story, settings=_settings(8))  # type: ignore[arg-type] # what makes one is enough
