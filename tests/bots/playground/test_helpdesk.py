"""The playground with a real helpdesk beside it, in Chromium: from the page to the desk's own pages and back."""

from __future__ import annotations

import asyncio
import re
import signal
from typing import TYPE_CHECKING

import psutil
import pytest
from playwright.async_api import expect

from tests.bots.playground.page_stage import WITHIN_MS, Column
from tests.bots.playground.stage import MATTER, playground

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Browser


@pytest.mark.page
@pytest.mark.asyncio(loop_scope="session")
async def test_a_complaint_goes_to_django_helpdesk_and_the_agents_words_come_back(
    browser: Browser, tmp_path: Path
) -> None:
    async with playground(tmp_path / "play", "--desk", "django-helpdesk") as player:
        assert any("Helpdesk    http://127.0.0.1:" in line for line in player.lines)
        context = await browser.new_context(locale="en-GB")
        page = await context.new_page()
        await page.goto(f"{player.url}/#{player.token}")
        telegram = Column(page, "telegram")
        await telegram.become("Ana")
        await telegram.go("Firstline")
        await telegram.say(MATTER)
        await expect(telegram.by("bot", "support-1")).to_be_visible(timeout=WITHIN_MS)
        side = page.locator("section#side")
        user, password = await side.locator(".elsewhere code").all_text_contents()
        await expect(side.get_by_role("link", name="Open django-helpdesk")).to_be_visible()
        async with context.expect_page() as opening:
            await side.get_by_role("link", name=re.compile("support-1")).click(timeout=WITHIN_MS)
        desk = await opening.value
        await desk.get_by_label("Username").fill(user)
        await desk.get_by_label("Password", exact=True).fill(password)
        await desk.get_by_role("button", name="Login").click()
        await desk.get_by_role("tab", name="Respond").click()
        await desk.get_by_label("Comment / Resolution").fill("We caught the moon.")
        await desk.get_by_label("Resolved", exact=True).check()
        await desk.get_by_role("button", name="Save", exact=True).click()
        await expect(telegram.by("bot", "We caught the moon.")).to_be_visible(timeout=WITHIN_MS)
        await expect(telegram.by("bot", "support-1 is resolved")).to_be_visible(timeout=WITHIN_MS)
        await expect(side.locator(".elsewhere .status", has_text="Resolved")).to_be_visible(timeout=WITHIN_MS)


async def test_the_helpdesk_ends_with_the_playground(tmp_path: Path) -> None:
    async with playground(tmp_path / "play", "--desk", "django-helpdesk") as player:
        assert (await player.state())["pages"]["title"] == "django-helpdesk"
        (desk,) = [child for child in player.children() if "simulators.django_helpdesk" in child.cmdline()]
        player.process.send_signal(signal.SIGKILL)
        await player.process.wait()
        _, alive = await asyncio.to_thread(psutil.wait_procs, [desk], timeout=10)
        assert alive == []
