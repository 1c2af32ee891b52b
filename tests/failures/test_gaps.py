"""What is said while a session is gone is answered, each once."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from simulators.discord.scene import DiscordScene
from tests.scenarios.networks import stage_on

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

MISSED = 50


async def test_fifty_questions_in_the_gap_are_answered_once_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = DiscordScene.connection
    monkeypatch.setattr(DiscordScene, "connection", lambda scene: {**plain(scene), "start_pause_s": 0.2})
    async with stage_on("discord", tmp_path) as stage:
        sim = stage.scene.sim  # type: ignore[attr-defined]
        sim.invalidate_session()
        sim.drop_gateway()
        asked = [await stage.ask(stage.ana, f"how do i reset my password? ({number})") for number in range(MISSED)]
        await stage.until(lambda: {post.reply_to for post in stage.posted()} >= set(asked))
        await stage.bot.worker.idle()
        await stage.bot.delivery.idle()
        answered = Counter(post.reply_to for post in stage.posted() if post.reply_to in asked)
        assert answered == dict.fromkeys(asked, 1)
        assert len(sim.logins("identify")) == 2
