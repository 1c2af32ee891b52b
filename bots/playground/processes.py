"""The playground's children: the simulated networks, a helpdesk, and the bot, which comes back when it dies."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bots.playground.folder import PlaygroundError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_READY_WITHIN_S = 60.0
_END_WITHIN_S = 8.0
_RESTART_FIRST_S, _RESTART_MOST_S, _STEADY_S = 0.5, 10.0, 30.0
_IS_RUNNING = "firstline is running"


async def launch(module: str, arguments: Sequence[str], log: Path, environment: Mapping[str, str]) -> Process:
    """Start a module with a leash: its standard input, which ends when we do.

    In a session of its own, so that Ctrl-C reaches us alone and we end the children in their order. No FIRSTLINE_*
    variable is handed on: one could connect the bot to a real network. ``-P``: nothing is imported from where we stand.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FIRSTLINE_")}
    with log.open("ab") as errors:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            module,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            env={**kept, "PYTHONUNBUFFERED": "1", **environment},
            start_new_session=True,
        )


Process = asyncio.subprocess.Process


async def end(process: Process) -> None:
    """SIGTERM, and SIGKILL where that does not help in time."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _END_WITHIN_S)
    except TimeoutError:
        process.kill()
        await process.wait()


async def announced(
    module: str, arguments: Sequence[str], log: Path, environment: Mapping[str, str], *, what: str
) -> tuple[Process, dict[str, Any]]:
    """Start a module and wait for its first line, which is JSON. Raises `PlaygroundError`: "`what` not start"."""
    process = await launch(module, arguments, log, environment)
    try:
        said: dict[str, Any] = json.loads(await asyncio.wait_for(_lines(process).readline(), _READY_WITHIN_S))
    except (TimeoutError, ValueError) as error:
        await end(process)
        raise PlaygroundError(f"{what} not start: {last_words(log)}") from error
    except asyncio.CancelledError:
        await end(process)  # it does not read its leash before it is up
        raise
    return process, said


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulators:
    """The simulated networks in their process; `connections` are the bot's sections for them."""

    process: Process
    url: str
    connections: Mapping[str, Mapping[str, Any]]

    @classmethod
    async def launch(cls, token: str, only: str, log: Path) -> Simulators:
        """Start them. Raises `PlaygroundError`."""
        arguments = ["--leashed", *(["--only", only] if only else [])]
        environment = {"SIMULATORS_TOKEN": token}
        process, said = await announced("simulators", arguments, log, environment, what="The simulated networks do")
        return cls(process=process, url=said["url"], connections=said["connections"])

    async def end(self) -> None:
        """Stop them."""
        await end(self.process)


@dataclass(frozen=True, slots=True, kw_only=True)
class Helpdesk:
    """A real helpdesk in its process: the bot's section for it, and how an agent enters its pages."""

    title: str
    process: Process
    section: Mapping[str, Any]
    pages: Mapping[str, str]  # "url", "agent", "password"

    @classmethod
    async def launch(cls, title: str, folder: Path, log: Path) -> Helpdesk:
        """Start it in a folder of its own. Raises `PlaygroundError`."""
        arguments = [str(folder), "--leashed"]
        module = f"simulators.{title.replace('-', '_')}"
        process, said = await announced(module, arguments, log, {}, what=f"{title} does")
        pages = {"url": f"{said['url']}/tickets/", "agent": said["agent"], "password": said["password"]}
        return cls(title=title, process=process, section=said["section"], pages=pages)

    async def end(self) -> None:
        """Stop it."""
        await end(self.process)


class BotProcess:
    """The bot. `state` is "starting", "running", "killed" (by us: down until `start`) or "restarting"."""

    def __init__(
        self, config: Path, log: Path, options: Sequence[str] = (), leash: str = "bots.playground.leash"
    ) -> None:
        self._config = config
        self._leash = leash
        self._options = options
        self._log = log
        self.state = "starting"
        self.starts = 0
        self.notice = ""
        self.first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._process: Process | None = None
        self._wanted = asyncio.Event()
        self._wanted.set()
        self._hurry = asyncio.Event()

    @property
    def pid(self) -> int:
        """Its process, 0 while there is none."""
        return self._process.pid if self._process is not None and self._process.returncode is None else 0

    def kill(self) -> None:
        """SIGKILL; it stays down until `start`."""
        self._wanted.clear()
        self._hurry.set()
        if self._process is not None and self.pid:
            self._process.kill()

    def tell(self, line: str) -> None:
        """Say something to its leash; nothing where there is no process."""
        if self._process is not None and self._process.stdin is not None and self.pid:
            self._process.stdin.write(f"{line}\n".encode())

    async def killed(self) -> None:
        """SIGKILL, and wait until it is gone; it stays down until `start`."""
        self.kill()
        if self._process is not None:
            await self._process.wait()

    def start(self) -> None:
        """Start it again, at once."""
        self._wanted.set()
        self._hurry.set()

    async def run(self) -> None:
        """Keep it running until cancelled; then wind it down. `first` fails where it never came up."""
        delay_s = _RESTART_FIRST_S
        loop = asyncio.get_running_loop()
        try:
            while True:
                if not self._wanted.is_set():
                    self.state = "killed"
                    await self._wanted.wait()
                    delay_s = _RESTART_FIRST_S
                began = loop.time()
                await self._live()
                if not self._wanted.is_set():
                    continue
                if not self.first.done():
                    self.first.set_exception(PlaygroundError(f"The bot does not start: {self.notice}"))
                    return
                self.state = "restarting"
                delay_s = _RESTART_FIRST_S if loop.time() - began > _STEADY_S else min(delay_s * 2, _RESTART_MOST_S)
                self._hurry.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._hurry.wait(), delay_s)
        finally:
            if self._process is not None and self._process.returncode is None:
                await end(self._process)

    async def _live(self) -> None:
        """One life, from start to death."""
        self.state = "starting"
        self.starts += 1
        arguments = ["run", "--config", str(self._config), *self._options]
        try:
            process = self._process = await launch(self._leash, arguments, self._log, {})
        except OSError as error:
            self.notice = f"It cannot be started: {error.strerror or error}."
            return
        if not self._wanted.is_set():
            process.kill()  # told so while it was being made
        while line := (await _lines(process).readline()).decode(errors="replace"):
            if line.startswith(_IS_RUNNING):
                self.state = "running"
                self.notice = ""
                if not self.first.done():
                    self.first.set_result(None)
        code = await process.wait()
        self.notice = f"It was ended by signal {-code}." if code < 0 else last_words(self._log)


def last_words(log: Path) -> str:
    """What a process said last: our program's own sentence rather than the advice after it."""
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:] if log.exists() else []
    return next((line for line in reversed(lines) if line.startswith("firstline: ")), "".join(lines[-1:]))


def _lines(process: Process) -> asyncio.StreamReader:
    if process.stdout is None:
        raise RuntimeError("a child without standard output")
    return process.stdout
