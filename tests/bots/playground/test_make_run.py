"""`make run`: whose bot it starts."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

_MAKEFILE = Path(__file__).parents[3] / "Makefile"


@pytest.mark.parametrize(
    ("files", "environ", "started"),
    [
        ([], {}, "playground"),
        ([], {"FIRSTLINE_DATA_DIR": "data"}, "playground"),
        (["firstline.toml"], {}, "run"),
        ([], {"FIRSTLINE_CHANNELS__TELEGRAM__TOKEN": "1:a"}, "run"),
        ([], {"FIRSTLINE_CONFIG": "mine.toml"}, "run"),
    ],
)
async def test_it_runs_what_is_configured_else_the_playground(
    tmp_path: Path, files: list[str], environ: dict[str, str], started: str
) -> None:
    for name in ("requirements.lock", "pyproject.toml", *files):
        (tmp_path / name).touch()
    program = tmp_path / ".venv" / "bin" / "firstline"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\necho "firstline $*"\n', encoding="utf-8")
    program.chmod(0o755)
    (tmp_path / ".venv" / ".runtime").touch()  # newer than the lock: nothing is to be installed
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FIRSTLINE_", "MAKE"))}
    process = await asyncio.create_subprocess_exec(
        "make",
        "-f",
        _MAKEFILE,
        "--no-print-directory",
        "run",
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        env={**kept, **environ},
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    assert out.decode() == f"firstline {started}\n"
