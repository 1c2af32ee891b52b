"""The simulated Telegram and the real bot, each a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from aiohttp import ClientSession

if TYPE_CHECKING:
    from bots.ledger.database import Place

TOKEN = "110201543:simulated"
BOT_ID = 110201543
PROGRAM = Path(sys.executable).with_name("firstline")
_START_TIMEOUT_S = 60.0


class Simulator:
    """Telegram as a process; ``async with`` starts and ends it; its complaints (cut connections) go to `log`."""

    def __init__(self, log: Path) -> None:
        self.url = ""
        self._log = log

    async def __aenter__(self) -> Self:
        command = (sys.executable, "-m", "simulators.telegram")
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *command, stdout=asyncio.subprocess.PIPE, stderr=log, env=_environment()
            )
        assert self._process.stdout is not None
        self.url = (await self._process.stdout.readline()).decode().strip()
        self._http = ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()
        self._process.terminate()
        await self._process.wait()

    async def do(self, name: str, **arguments: Any) -> Any:
        """Call one control of the simulator."""
        async with self._http.post(f"{self.url}/control/{name}", json=arguments) as response:
            body = await response.json()
            assert response.status == 200, body
            return body["result"]

    async def do_all(self, steps: list[dict[str, Any]]) -> list[Any]:
        """Call many controls in one request; each step names its control as `do`."""
        result: list[Any] = await self.do("batch", steps=steps)
        return result


class Firstline:
    """``firstline run``, started, killed and ended again and again on one ledger; none is left after ``async with``."""

    def __init__(self, folder: Path, ledger: Place | None = None) -> None:
        self.config = folder / "firstline.toml"
        self.ledger = ledger or folder / "firstline.db"
        self.log = folder / "firstline.log"
        self.kills: list[datetime] = []
        self.launches: list[datetime] = []
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._is_running = asyncio.Event()
        self.address = ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Leave no process behind, however the run ended."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._gone()

    async def start(self) -> None:
        """Start it and wait until it says that it is running."""
        await self.launch()
        async with asyncio.timeout(_START_TIMEOUT_S):
            await self._is_running.wait()

    async def launch(self) -> None:
        """Start it without waiting."""
        self._is_running.clear()
        self.launches.append(datetime.now(UTC))
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                PROGRAM, "run", "--config", self.config, stdout=asyncio.subprocess.PIPE, stderr=log, env=_environment()
            )
        self._reading = asyncio.create_task(self._read(self._process))

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            if b"Live chat" in line:
                self.address = line.split()[-1].decode()
            if b"Channels" in line:  # the line after the address
                self._is_running.set()

    @property
    def pid(self) -> int:
        """Of its process."""
        assert self._process is not None
        return self._process.pid

    async def kill(self) -> None:
        """Send SIGKILL, and note when."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self.kills.append(datetime.now(UTC))
        await self._gone()

    def freeze(self) -> None:
        """Have the machine forget about it for a while: to what it was posting, that is a kill."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        self.kills.append(datetime.now(UTC))

    def thaw(self) -> None:
        """Let it go on, as if no time had passed."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)
        self.launches.append(datetime.now(UTC))

    async def stop(self) -> float:
        """SIGTERM; gives how many seconds it took to wind down."""
        assert self._process is not None
        loop = asyncio.get_running_loop()
        started = loop.time()
        self._process.terminate()
        await self._gone()
        assert self._process.returncode == 0, f"firstline ended with {self._process.returncode}; see {self.log}"
        return loop.time() - started

    async def _gone(self) -> None:
        assert self._process is not None
        assert self._reading is not None
        await self._process.wait()
        await self._reading

    async def command(self, *arguments: str) -> str:
        """What another ``firstline`` prints beside this one."""
        process = await asyncio.create_subprocess_exec(
            PROGRAM, "--config", self.config, *arguments, stdout=asyncio.subprocess.PIPE, env=_environment()
        )
        output, _ = await process.communicate()
        assert process.returncode == 0, (arguments, output)
        return output.decode()


def _environment() -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("FIRSTLINE_")}
    return {**own, "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONUNBUFFERED": "1"}
