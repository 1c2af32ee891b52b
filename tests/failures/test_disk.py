"""The disk fills, and somebody makes a backup: what was acknowledged is there, and nothing else is claimed."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

from bots.ledger.copying import copy
from bots.ledger.report import report
from tests.bots import making
from tests.bots.lanes import inside

if TYPE_CHECKING:
    from pathlib import Path

_FULL = """
import asyncio, resource, signal, sys
from pathlib import Path
from bots.ledger.database import LedgerUnwritable
from bots.ledger.ledger import Ledger
from tests.bots import making

async def main(path):
    with Ledger(path) as ledger:
        largest = max(file.stat().st_size for file in path.parent.iterdir())
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest + 300_000, resource.RLIM_INFINITY))
        refused = 0
        for number in range(400):
            full = number < 300
            if number == 300:
                resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            message = making.message("a" * 3000, dedupe_key=f"telegram:bot:update:{number}")
            try:
                await ledger.accept([message])
            except LedgerUnwritable:
                refused += 1
                assert full, "there is room again"
                continue
            print(number, flush=True)
        assert refused > 50, refused

asyncio.run(main(Path(sys.argv[1])))
"""


def test_a_disk_that_ends_refuses_what_it_cannot_hold_and_keeps_what_it_took(tmp_path: Path) -> None:
    """A file system's end as a process meets it: a file may grow no further."""
    path = tmp_path / "ledger" / "firstline.db"
    path.parent.mkdir()
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", _FULL, str(path)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    acknowledged = {f"telegram:bot:update:{number}" for number in done.stdout.split()}
    assert 100 <= len(acknowledged) < 350
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert {row[0] for row in connection.execute("SELECT dedupe_key FROM inbound")} == acknowledged


async def test_a_backup_under_load_is_whole_and_holds_up_nobody(tmp_path: Path) -> None:
    path = tmp_path / "firstline.db"
    async with inside(path) as bot:
        stop = asyncio.Event()

        async def load() -> int:
            number = 0
            while not stop.is_set():
                await bot.worker.deliver([making.message(f"they ate coin {number}", place=f"chat:{number}")])
                number += 1
            return number

        loading = asyncio.create_task(load())
        while report(path).messages < 20:
            await asyncio.sleep(0.01)
        taken = []
        for number in range(3):
            before = report(path).messages
            backup = tmp_path / f"{number}.db"
            await asyncio.to_thread(copy, path, backup)
            taken.append((before, backup))
            assert report(path).messages > before, "messages came in meanwhile"
        stop.set()
        delivered = await loading
        await bot.settle()
        assert report(path).messages == delivered
        for before, backup in taken:
            with contextlib.closing(sqlite3.connect(backup)) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            assert before <= report(backup).messages <= delivered
