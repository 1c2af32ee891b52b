"""A real django-helpdesk, started as a process of its own: for tests and for the playground.

``python -m simulators.django_helpdesk FOLDER [--port N] [--hook-url URL] [--leashed]`` makes the database in FOLDER
where there is none (queue `support`, custom fields, the users `customer-via-firstline`, which is the bot, and `agent`),
serves on 127.0.0.1 and prints one line of JSON: what `Access` holds. It needs the development tools (``make
setup-dev``).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from pathlib import Path

_READY_WITHIN_S: Final = 90.0
_END_WITHIN_S: Final = 5.0
_EMPTIED: Final = (  # in this order: what refers goes before what is referred to
    "helpdesk_followupattachment",
    "helpdesk_ticketchange",
    "helpdesk_followup",
    "helpdesk_ticketcustomfieldvalue",
    "helpdesk_ticketcc",
    "helpdesk_ticketdependency",
    "helpdesk_ticket",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Where the desk is and who may enter: tokens of its API, and the agent's name and password for its pages.

    `section` is the bot's section ``[desk]``, as of firstline.toml.
    """

    url: str
    section: Mapping[str, Any]
    agent_token: str
    agent: str
    password: str


class DjangoHelpdesk:
    """``async with DjangoHelpdesk(folder) as desk`` runs one; it ends with us, however we end."""

    access: Access

    def __init__(self, folder: Path, *, port: int = 0, hook_url: str = "") -> None:
        self.folder = folder
        self._arguments = [
            str(folder),
            "--port",
            str(port),
            "--leashed",
            *(["--hook-url", hook_url] if hook_url else []),
        ]
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        self._process = process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "simulators.django_helpdesk", *self._arguments,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        if process.stdout is None:
            raise RuntimeError("a child without standard output")
        line = await asyncio.wait_for(process.stdout.readline(), _READY_WITHIN_S)
        if not line:
            raise RuntimeError("django-helpdesk did not start; what it says stands above.")
        self.access = Access(**json.loads(line))
        return self

    async def __aexit__(self, *_: object) -> None:
        process = self._process
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _END_WITHIN_S)
        except TimeoutError:
            process.kill()
            await process.wait()

    def empty(self) -> None:
        """Remove every ticket while it runs; ids go on."""
        with contextlib.closing(self._database()) as database, database:
            for table in _EMPTIED:
                database.execute(f"DELETE FROM {table}")  # names of ours

    def query(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        """What stands in its database."""
        with contextlib.closing(self._database()) as database:
            return database.execute(sql, values).fetchall()

    def execute(self, sql: str, *rows: tuple[object, ...]) -> None:
        """Change what stands in its database, once or for each row."""
        with contextlib.closing(self._database()) as database, database:
            database.executemany(sql, rows or [()])

    def copy_to(self, folder: Path) -> None:
        """What another one starts with: a database takes two seconds to make and none to copy."""
        folder.mkdir(parents=True)
        copy = sqlite3.connect(folder / "desk.db")
        with contextlib.closing(self._database()) as database, contextlib.closing(copy):
            database.backup(copy)

    def _database(self) -> sqlite3.Connection:
        return sqlite3.connect(self.folder / "desk.db", timeout=20)
