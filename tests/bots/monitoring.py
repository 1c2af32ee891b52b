"""A whole bot with a simulated Telegram and helpdesk, and what it says of itself over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from bots.cli import setting_up
from bots.supervisor import Bot
from simulators.desks import Freshdesk
from simulators.telegram import TelegramSimulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TOKEN = "110201543:simulated-and-secret"
MATTER = "the moon fell on my ledger and now my cat owns everything"
FAQ = Path(__file__).parents[1] / "scenarios" / "faq.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer over HTTP."""

    status: int
    text: str

    @property
    def json(self) -> dict[str, Any]:
        """The answer's object."""
        answer: dict[str, Any] = json.loads(self.text)
        return answer

    @property
    def unready(self) -> dict[str, str]:
        """What ``/readyz`` names, with its state."""
        return {reason["part"]: reason["state"] for reason in self.json["reasons"]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitored:
    """A running bot and its surroundings."""

    bot: Bot
    telegram: TelegramSimulator
    desk: Freshdesk
    http: aiohttp.ClientSession

    async def asked(self, path: str) -> Said:
        """GET a path of the server for metrics."""
        async with self.http.get(f"http://127.0.0.1:{self.bot.metrics_port}{path}") as answer:
            return Said(status=answer.status, text=await answer.text())

    async def is_ready(self, path: str = "/readyz") -> None:
        """Wait for a 200."""
        await self._until(path, {})

    async def is_not_ready(self, **parts: str) -> None:
        """Wait until these parts, and no others, are named."""
        await self._until("/readyz", {name.replace("__", ":"): state for name, state in parts.items()})

    async def _until(self, path: str, unready: dict[str, str]) -> None:
        said = await self.asked(path)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(20):
                while said.unready != unready:
                    await asyncio.sleep(0.05)
                    said = await self.asked(path)
        assert said.unready == unready, said.text
        assert said.status == (503 if unready else 200)

    async def samples(self) -> dict[str, float]:
        """What ``/metrics`` shows, by the line's beginning."""
        lines = (await self.asked("/metrics")).text.splitlines()
        return {name: float(value) for name, _, value in (li.rpartition(" ") for li in lines if not li.startswith("#"))}


@contextlib.asynccontextmanager
async def monitored(folder: Path, *, is_known: bool = True, ledger: str = "") -> AsyncIterator[Monitored]:
    """A bot with live chat and Telegram whose tickets are at a Freshdesk; Telegram knows the token where `is_known`.

    Args:
        folder: its own.
        is_known: whether Telegram knows its token.
        ledger: what stands in the section ``[ledger]``.
    """
    async with TelegramSimulator() as telegram, Freshdesk() as desk, aiohttp.ClientSession() as http:
        if is_known:
            telegram.add_bot(TOKEN)
        section = "\n".join(f"{key} = {json.dumps(value)}" for key, value in desk.section().items())
        file = folder / "firstline.toml"
        file.write_text(
            f"""
            data_dir = "{folder}"
            [ledger]
            {ledger}
            [faq]
            path = "{FAQ}"
            matcher = "lexical"
            [web]
            port = 0
            metrics = "127.0.0.1:0"
            [desk]
            {section}
            poll_s = 0.2
            timeout_s = 0.5
            settle_s = 0
            [channels.webchat]
            [channels.telegram]
            token = "{TOKEN}"
            api_base = "{telegram.base_url}"
            file_base = "{telegram.base_file_url}"
            poll_timeout_s = 1
            request_timeout_s = 0.5
            max_backoff_s = 0.5
            """,
            encoding="utf-8",
        )
        async with Bot(setting_up.load(file)) as bot:
            yield Monitored(bot=bot, telegram=telegram, desk=desk, http=http)
