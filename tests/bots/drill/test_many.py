"""A short drill with two processes on a PostgreSQL that is restarted while one of them is killed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bots.drill.run import DrillError, drill, plan
from bots.drill.schedule import Fault

if TYPE_CHECKING:
    from pathlib import Path

    from tests.postgres import PostgresServer

_TALKS_FOR_S, _RESTARTED_AFTER_S = 8, 5.5


async def test_two_processes_on_a_server_that_is_restarted_lose_nothing(
    tmp_path: Path, own_postgres: PostgresServer
) -> None:
    planned = plan(2, multiple=3, minutes=0.12, networks=("telegram", "reddit"), desk="local", names=())
    faults = (
        Fault(at_s=1.0, name="freeze", target="bot1", seconds=1.0),
        Fault(at_s=2.5, name="cut", target="ledger", seconds=1.0),
        Fault(at_s=7.0, name="kill", target="bot0", seconds=0.2),
    )
    told: list[str] = []
    lines = tuple(line for line in planned.lines if line.at_s < _TALKS_FOR_S)
    with own_postgres.database() as url:
        drilling = asyncio.create_task(
            drill(replace(planned, lines=lines, faults=faults), tmp_path, processes=2, ledger=url, tell=told.append)
        )
        while len(told) < 2 and not drilling.done():  # until people begin to write
            await asyncio.sleep(0.1)
        await asyncio.sleep(_RESTARTED_AFTER_S)
        await asyncio.to_thread(own_postgres.restart)
        result = await drilling
        assert [str(wrong) for wrong in result.audit.wrong] == []
        assert result.starts == 3
        with pytest.raises(DrillError, match="an empty one"):
            await drill(planned, tmp_path, processes=2, ledger=url)
