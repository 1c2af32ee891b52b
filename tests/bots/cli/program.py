"""Runs the real program in a process of its own."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import functools
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PROGRAM = Path(sys.executable).with_name("firstline")
FAQ = Path(__file__).parents[2] / "scenarios" / "faq.yaml"
_READY = Path(__file__).with_name("ready.py")
_PATIENCE_S = 60.0


_SLOW = re.compile(r"Working out the FAQ for the \w+ matcher \(once\)…\n")


def _told(err: bytes) -> str:
    """What went to standard error, without what only a slow machine is told."""
    return _SLOW.sub("", err.decode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a call ended."""

    code: int
    out: str
    err: str


async def firstline(*arguments: str, cwd: Path, stdin: str = "", anew: bool = False, **environ: str) -> Result:
    """Call the program and wait for its end.

    It is a process of its own, forked from one that has loaded the program (tests/bots/cli/ready.py), which saves half
    a second of work. With `anew`, or with an environment that Python itself reads, it is started from nothing.
    """
    if not anew and not any(name.startswith("PYTHON") for name in environ):
        return await asyncio.to_thread(_ready().call, arguments, cwd, stdin, _environment(cwd, environ))
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
    return Result(code=process.returncode or 0, out=out.decode(), err=_told(err))


class _Ready:
    """The process that has loaded the program; it ends when nobody holds the other end of its socket."""

    def __init__(self) -> None:
        self._calls, its_end = socket.socketpair()
        self._one_at_a_time = threading.Lock()
        environ = {**_environment(Path(), {}), "OPENBLAS_NUM_THREADS": "1"}
        with its_end:
            self._process = subprocess.Popen(  # noqa: S603 - our own
                [sys.executable, "-P", str(_READY)], stdin=its_end.fileno(), stdout=subprocess.DEVNULL, env=environ
            )

    def call(self, arguments: tuple[str, ...], cwd: Path, stdin: str, environ: dict[str, str]) -> Result:
        call = {"argv": [str(PROGRAM), *arguments], "cwd": str(cwd), "environ": environ}
        heard, tells = os.pipe()
        with (
            tempfile.TemporaryFile() as given,
            tempfile.TemporaryFile() as out,
            tempfile.TemporaryFile() as err,
            os.fdopen(heard, "rb") as ended,
        ):
            given.write(stdin.encode())
            given.seek(0)
            with os.fdopen(tells, "wb"), self._one_at_a_time:
                files = [given.fileno(), out.fileno(), err.fileno(), tells]
                socket.send_fds(self._calls, [json.dumps(call).encode() + b"\n"], files)
                assert self._calls.recv(1) == b"."
            has_ended, _, _ = select.select([ended], [], [], _PATIENCE_S)
            out.seek(0)
            err.seek(0)
            assert has_ended, f"{arguments} does not end: {out.read()!r} {err.read()!r}"
            code = int(ended.read())
            return Result(code=code, out=out.read().decode(), err=_told(err.read()))

    def end(self) -> None:
        self._calls.close()
        self._process.wait()


@functools.cache
def _ready() -> _Ready:
    ready = _Ready()
    atexit.register(ready.end)
    return ready


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
