"""``firstline run`` as people start it, with the live chat alone: until it takes a message, until it answers, idle."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import psutil
import yaml

from bench.load import faq_and_distinct

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faq.entries import Faq

_PATIENCE_S = 300.0
_STARTING = 503
_START = (str(Path(sys.executable).with_name("firstline")), "run", "--config")


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds from the process's start until a message was acknowledged and until it was replied to, and the rest.

    Attributes:
        idle_percent: Of one core, with a connected visitor; 0 where it was not watched.
    """

    accepting_s: float
    answering_s: float
    rss_mb: float
    idle_percent: float


def measure(matcher: str, folder: Path, rounds: int, idle_s: float) -> list[Start]:
    """Several starts on a migrated ledger with what was kept of the FAQ; the first of all is not counted."""
    faq, asked = faq_and_distinct(1)
    with contextlib.closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    _write(faq, folder / "faq.yaml")
    config = folder / "firstline.toml"
    config.write_text(
        f'data_dir = "."\n[web]\nport = {port}\n[faq]\npath = "faq.yaml"\nmatcher = "{matcher}"\n[channels.webchat]\n',
        encoding="utf-8",
    )
    starts = [asyncio.run(_start(config, port, asked[0].text, 0)) for _ in range(rounds)]
    return [*starts[1:], asyncio.run(_start(config, port, asked[0].text, idle_s))]


async def _start(config: Path, port: int, text: str, idle_s: float) -> Start:
    with _running(config) as process:
        begun_s = time.monotonic()
        async with aiohttp.ClientSession() as session, await _connected(session, port, process) as chat:
            await chat.send_json({"type": "hello", "language": "en"})
            await chat.send_json({"type": "message", "id": str(uuid.uuid4()), "text": text})
            accepting_s = await _until(chat, "ack") - begun_s
            answering_s = await _until(chat, "line") - begun_s
            await asyncio.sleep(0.5)
            found = psutil.Process(process.pid)
            rss_mb, before_s = found.memory_info().rss / 1e6, sum(found.cpu_times()[:2])
            await asyncio.sleep(idle_s)
            spent_s = sum(found.cpu_times()[:2]) - before_s
    return Start(accepting_s, answering_s, rss_mb, spent_s / idle_s * 100 if idle_s else 0.0)


@contextlib.contextmanager
def _running(config: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FIRSTLINE_")}
    command, out = [*_START, str(config)], subprocess.DEVNULL
    with subprocess.Popen(command, stdout=out, stderr=out, env=environment) as process:  # noqa: S603 - our own program
        try:
            yield process
        finally:
            process.terminate()


async def _connected(
    session: aiohttp.ClientSession, port: int, process: subprocess.Popen[bytes]
) -> aiohttp.ClientWebSocketResponse:
    give_up_s, site = time.monotonic() + _PATIENCE_S, f"http://127.0.0.1:{port}"
    while True:
        try:
            return await session.ws_connect(f"{site}/chat/socket", origin=site)
        except (aiohttp.ClientConnectorError, aiohttp.WSServerHandshakeError) as error:
            starting = getattr(error, "status", _STARTING) == _STARTING  # or nobody listens yet
            if not starting or process.poll() is not None or time.monotonic() > give_up_s:
                raise
            await asyncio.sleep(0.01)


async def _until(chat: aiohttp.ClientWebSocketResponse, kind: str) -> float:
    """When a frame of this kind came; the visitor's own line is none."""
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            frame = await chat.receive_json()
            if frame["type"] == kind and frame.get("line", {}).get("author") != "user":
                return time.monotonic()


def _write(faq: Faq, path: Path) -> None:
    entries = [
        {"id": entry.id, "question": entry.question, "also": list(entry.also), "answer": entry.answer}
        for entry in faq.entries
    ]
    path.write_text(yaml.safe_dump({"language": "en", "entries": entries}), encoding="utf-8")
