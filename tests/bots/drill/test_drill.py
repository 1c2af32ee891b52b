"""A short drill: four networks, a desk, kill -9 and a cut network; and that it leaves nothing behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from bots.cli.program import app
from bots.drill.report import as_json
from bots.drill.run import drill, plan
from bots.drill.schedule import Fault, read

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
    assert sum(figures.messages for figures in result.audit.figures.values()) >= len(said) > 30
    assert result.audit.tickets > 5
    assert result.audit.agents_answers > 0
    assert all(figures.first_replies_s for figures in result.audit.figures.values())
    report = tmp_path / "report.json"
    report.write_text(json.dumps(as_json(result)), encoding="utf-8")
    assert read(report) == result.schedule
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from bots.cli import main; main()", "drill", "--replay", str(report)),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
    )
    output, _ = await process.communicate()
    assert (process.returncode, b", 0 differences;" in output) == (0, True), output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--faults", "earthquake"], "There is no fault 'earthquake'"),
        (["--processes", "2"], "name an empty database, --ledger"),
        (["--seeds", "2", "--report", "r.json"], "Several drills keep nothing"),
        (["--folder", "."], "a drill begins with nothing"),
        (["--schedule", "pyproject.toml"], "pyproject.toml is no schedule of a drill"),
    ],
)
def test_what_cannot_be_drilled_is_refused(arguments: list[str], words: str) -> None:
    result = CliRunner().invoke(app, ["drill", *arguments], env={"COLUMNS": "300"})
    assert result.exit_code == 2
    assert words in " ".join(result.output.split())


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
