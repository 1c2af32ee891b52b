"""Runs the real program in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PROGRAM = Path(sys.executable).with_name("firstline")
FAQ = Path(__file__).parents[2] / "scenarios" / "faq.yaml"
_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a call ended."""

    code: int
    out: str
    err: str


async def firstline(*arguments: str, cwd: Path, stdin: str = "", **environ: str) -> Result:
    """Call the program and wait for its end."""
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        *arguments,
        cwd=cwd,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=_environment(cwd, environ),
    )
    out, err = await asyncio.wait_for(process.communicate(stdin.encode()), _PATIENCE_S)
    return Result(code=process.returncode or 0, out=out.decode(), err=err.decode())


class Running:
    """A bot in a process of its own; `url` is its live chat's."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []

    @property
    def url(self) -> str:
        """Where the live chat is."""
        line = next(line for line in self.lines if "Live chat" in line)
        return line.split()[-1]

    async def says(self, words: str) -> None:
        """Wait for a line on standard output."""
        assert self.process.stdout is not None
        async with asyncio.timeout(_PATIENCE_S):
            while line := (await self.process.stdout.readline()).decode():
                self.lines.append(line.rstrip())
                if words in line:
                    return
        raise AssertionError("\n".join(self.lines))

    async def stops(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal; the exit code."""
        self.process.send_signal(how)
        assert self.process.stdout is not None
        rest = await asyncio.wait_for(self.process.stdout.read(), _PATIENCE_S)
        self.lines += rest.decode().splitlines()
        return await asyncio.wait_for(self.process.wait(), _PATIENCE_S)


@contextlib.asynccontextmanager
async def bot(cwd: Path, *arguments: str, **environ: str) -> AsyncIterator[Running]:
    """`firstline run`, started; killed at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        "run",
        *arguments,
        cwd=cwd,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=_environment(cwd, environ),
    )
    running = Running(process)
    try:
        await running.says("Ledger ")
        yield running
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def configure(folder: Path, more: str = "", *, matcher: str = "lexical") -> Path:
    """A configuration with a small FAQ, its own ledger and a free port; the lexical matcher is there at once."""
    file = folder / "firstline.toml"
    file.write_text(
        f'[faq]\npath = "{FAQ}"\nmatcher = "{matcher}"\n[ledger]\npath = "firstline.db"\n[web]\nport = 0\n{more}',
        encoding="utf-8",
    )
    return file


def _environment(cwd: Path, more: dict[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FIRSTLINE_")}
    return {**kept, "PYTHONUNBUFFERED": "1", "COLUMNS": "200", "FIRSTLINE_DATA_DIR": str(cwd / "data"), **more}
