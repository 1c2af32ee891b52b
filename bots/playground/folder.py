"""The playground's own folder: marked as such, held by one playground at a time, begun anew each time."""

from __future__ import annotations

import json
import shutil
import socket
import time
from typing import TYPE_CHECKING

from bots.ledger.database import AlreadyRunning
from bots.ledger.sqlite import FileLock

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_MARK = ".playground"
_SAYS = "Made by firstline playground, which empties it at each start.\n"
_LAST_BOT_WITHIN_S = 15.0
_DRAIN_S = 3
_DESK_POLL_S = 1.0


class PlaygroundError(Exception):
    """The playground cannot start or go on; the message says what to change."""


class Folder:
    """Held from `take` to `release`. Never the folder of a real bot: one without our mark is refused.

    Simulated networks count their messages from the beginning each time, so an earlier ledger would take the new ones
    for those it knows; it is deleted.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.ledger = self.path / "firstline.db"
        self.config = self.path / "firstline.toml"
        self.bot_log = self.path / "bot.log"
        self.simulators_log = self.path / "simulators.log"
        self.desk = self.path / "desk"
        self.desk_log = self.path / "desk.log"
        self._lock = FileLock(self.path / "playground")

    def take(self) -> None:
        """Hold it and empty it. Raises `PlaygroundError`; may wait until an earlier bot has wound down."""
        if self.path.exists() and not (self.path / _MARK).is_file() and any(self.path.iterdir()):
            raise PlaygroundError(
                f"{self.path} holds something that is not a playground's, and a playground empties its folder. "
                "Choose another: --folder."
            )
        self.path.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o700)
        (self.path / _MARK).write_text(_SAYS, encoding="utf-8")
        try:
            self._lock.acquire()
        except AlreadyRunning as error:
            raise PlaygroundError(
                f"Another playground already plays in {self.path}. Stop it, or choose another folder: --folder."
            ) from error
        self._wait_for_the_last_bot()
        ledger = (self.ledger.with_name(self.ledger.name + end) for end in ("", "-wal", "-shm"))
        for file in (*ledger, self.config, self.bot_log, self.simulators_log, self.desk_log):
            file.unlink(missing_ok=True)
        shutil.rmtree(self.desk, ignore_errors=True)

    def release(self) -> None:
        """Let others take it; idempotent."""
        self._lock.release()

    def _wait_for_the_last_bot(self) -> None:
        """A playground that was killed leaves a bot that is winding down: its ledger is not to vanish under it."""
        lock = FileLock(self.ledger)
        until = time.monotonic() + _LAST_BOT_WITHIN_S
        while True:
            try:
                lock.acquire()
            except AlreadyRunning as error:
                if time.monotonic() > until:
                    raise PlaygroundError(f"A bot still works in {self.path}: {error}") from error
                time.sleep(0.1)
            else:
                lock.release()
                return

    def configure(  # noqa: PLR0913 - a command's options
        self,
        connections: Mapping[str, object],
        *,
        chat_port: int,
        page: str,
        faq: Path | None = None,
        matcher: str = "default",
        desk: Mapping[str, object] | None = None,
    ) -> None:
        """Write the bot's configuration: the simulated networks, the live chat beside them, and the desk."""
        sections: dict[str, object] = {
            "bot": {"organisation": "Acme"},
            "faq": {"matcher": matcher, **({"path": str(faq.resolve())} if faq else {})},
            "ledger": {"path": str(self.ledger)},
            "web": {"port": chat_port},
            "limits": {"drain_s": _DRAIN_S},
            "channels": {"webchat": {"allowed_origins": [page]}, **connections},
            **({"desk": {**desk, "poll_s": _DESK_POLL_S}} if desk else {}),
        }
        self.config.touch(mode=0o600)
        lines = [f"data_dir = {_toml(str(self.path))}", *tables((), sections)]
        self.config.write_text("\n".join(lines) + "\n", encoding="utf-8")


def free_port(wanted: int) -> int:
    """The wanted port of 127.0.0.1 where nobody listens on it, else any free one."""
    for port in (wanted, 0):
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind(("127.0.0.1", port))
            except OSError:
                continue
            taken: int = trial.getsockname()[1]
            return taken
    raise PlaygroundError("No port of 127.0.0.1 is free.")


def tables(path: tuple[str, ...], table: Mapping[str, object]) -> list[str]:
    """The lines of a TOML table and of those in it."""
    lines = [f"{_toml(key)} = {_toml(value)}" for key, value in table.items() if not isinstance(value, dict)]
    if lines and path:
        lines.insert(0, f"\n[{'.'.join(_toml(part) for part in path)}]")
    for key, value in table.items():
        if isinstance(value, dict):
            lines += tables((*path, key), value)
    return lines


def _toml(value: object) -> str:
    """Texts, numbers, truth values and lists of them are written in TOML as they are in JSON."""
    return json.dumps(value, ensure_ascii=False)
