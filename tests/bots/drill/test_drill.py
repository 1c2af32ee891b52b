"""A short drill: four networks, a desk, kill -9 and a cut network; and that it leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import psutil

from bots.drill.run import drill, plan
from bots.drill.schedule import Fault

_NETWORKS = ("telegram", "discord", "twitter", "reddit")
_TALKS_FOR_S = 7
_ROOT = Path(__file__).parents[3]


async def test_under_kill_and_cut_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    planned = plan(1, multiple=3, minutes=0.1, networks=_NETWORKS, desk="freshdesk", names=())
    faults = (
        Fault(at_s=1.5, name="repeat", target="discord", seconds=1.0),
        Fault(at_s=2.0, name="cut", target="telegram", seconds=1.0),
        Fault(at_s=3.5, name="kill", target="bot0", seconds=0.2),
    )
    lines = tuple(line for line in planned.lines if line.at_s < _TALKS_FOR_S)
    result = await drill(replace(planned, lines=lines, faults=faults), tmp_path)
    assert [str(wrong) for wrong in result.audit.wrong] == []
    assert result.refused == []
    assert [window.fault.name for window in result.happened.windows] == ["repeat", "cut", "kill"]
    assert result.starts == 2
    said = [line for line in lines if line.act == "say"]
    assert sum(figures.messages for figures in result.audit.figures.values()) >= len(said) > 40
    assert result.audit.tickets > 5
    assert result.audit.agents_answers > 0
    assert all(figures.first_replies_s for figures in result.audit.figures.values())


async def test_interrupted_it_leaves_nothing_running(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    arguments = ["drill", "--networks", "telegram", "--minutes", "5", "--folder", str(folder)]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from bots.cli import main; main()", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
    )
    assert process.stdout is not None
    async with asyncio.timeout(30):
        while b"messages and" not in await process.stdout.readline():
            pass
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        _, errors = await process.communicate()
    assert process.returncode == 130, errors
    assert b"nothing is left running" in errors
    assert len(children) == 3, "the networks, the desk and the bot"
    _, alive = psutil.wait_procs(children, timeout=5)
    assert alive == []
