"""No token in a log, a ledger or a metric: every channel at once, every fault its simulator knows, logged in full."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import aiohttp

from bots.cli import setting_up
from config import logs
from simulators.__main__ import SCENES, found
from simulators.discord.faults import FaultKind as DiscordFault
from simulators.reddit.faults import FaultKind as RedditFault
from simulators.telegram.faults import FaultKind as TelegramFault
from simulators.twitter.faults import FaultKind as TwitterFault
from tests.bots.cli import program

if TYPE_CHECKING:
    from pathlib import Path

    from simulators.scene import Scene

FAULTS = {"telegram": TelegramFault, "discord": DiscordFault, "twitter": TwitterFault, "reddit": RedditFault}
WEBHOOK = "canary-webhook-5fQ0aZ"
DESK = "canary-desk-key-91xKw"
TROUBLES = 12
"""Warnings and errors in the log; there are more."""
QUICK: dict[str, dict[str, float]] = {
    "telegram": {"poll_timeout_s": 0, "max_backoff_s": 0.2},
    "discord": {"max_backoff_s": 0.2},
    "twitter": {"poll_interval_s": 0.1, "message_poll_interval_s": 0.1, "max_backoff_s": 0.2},
    "reddit": {"poll_interval_s": 0.1, "max_backoff_s": 0.2},
}


def configured(folder: Path, scenes: list[Scene]) -> Path:
    sections = [
        f"[channels.{scene.network}]\n"
        + "\n".join(f"{key} = {_toml(value)}" for key, value in {**scene.connection(), **QUICK[scene.network]}.items())
        for scene in scenes
    ]
    desk = f'[desk]\nkind = "freshdesk"\nurl = "http://127.0.0.1:9"\napi_key = "{DESK}"\nwebhook_secret = "{WEBHOOK}"\n'
    more = "\n".join([*sections, "[channels.webchat]", desk, '[log]\nlevel = "debug"\n'])
    return program.configure(folder, more)


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(str(key))} = {_toml(each)}" for key, each in value.items()) + "}"
    return json.dumps(list(value) if isinstance(value, tuple) else value)


def break_(scene: Scene, kind: str) -> None:
    sim = getattr(scene, "sim", None) or scene._sim  # type: ignore[attr-defined]  # noqa: SLF001 - its faults
    sim.arm(kind, times=2, seconds=0.1)


async def suffer(scene: Scene) -> None:
    """Every fault in turn, while Ana writes."""
    view = scene.view()
    ana = next(person.id for person in view.people if person.name.startswith("Ana"))
    place = next(place.id for place in view.places if place.private_to == ana)
    for number, kind in enumerate(FAULTS[scene.network]):
        break_(scene, kind)
        await scene.say(ana, place, f"how do i reset my password? ({number})")
        await asyncio.sleep(0.2)


async def test_no_secret_is_written_anywhere(tmp_path: Path) -> None:
    scenes = found(SCENES)
    for scene in scenes:
        await scene.start()
    try:
        file = configured(tmp_path, scenes)
        secrets = logs.secrets_of(setting_up.load(file))
        assert len(secrets) >= 9, "each network's, the desk's and the webhook's"
        async with program.bot(tmp_path) as bot:
            reading = asyncio.create_task(read_to_the_end(bot))
            await asyncio.gather(*map(suffer, scenes))
            written = await shown_by(bot.url)
            bot.process.terminate()
            await asyncio.wait_for(reading, 30)
            await bot.process.wait()
        log = "\n".join(bot.lines)
        assert log.count(" WARNING ") + log.count(" ERROR ") >= TROUBLES
        for path in tmp_path.rglob("*"):
            if path.is_file() and path != file:
                written += path.read_bytes().decode("utf-8", "replace")
        for secret in secrets:
            for shown in (secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode().rstrip("=")):
                assert shown not in log
                assert shown not in written
    finally:
        for scene in scenes:
            await scene.stop()


async def read_to_the_end(bot: program.Running) -> None:
    assert bot.process.stdout is not None
    while line := await bot.process.stdout.readline():
        bot.lines.append(line.decode())


async def shown_by(url: str) -> str:
    """What the bot tells whoever asks how it is."""
    async with aiohttp.ClientSession() as session:
        texts = []
        for path in ("healthz", "readyz", "metrics"):
            async with session.get(f"{url.rstrip('/')}/{path}") as answer:
                texts.append(await answer.text())
        return "\n".join(texts)
