"""The whole program with its live chat in Chromium: what a visitor types and reads, while an agent works beside it."""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.bots.cli.program import bot, configure, firstline

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Browser, Page

pytestmark = [pytest.mark.page, pytest.mark.asyncio(loop_scope="session")]

MATTER = "the moon fell on my ledger and now my cat owns everything"


async def say(page: Page, text: str) -> None:
    await page.get_by_role("textbox").fill(text)
    await page.keyboard.press("Enter")


async def reads(page: Page, text: str) -> None:
    await expect(page.locator(".line:not(.user) .bubble").last).to_contain_text(text, timeout=15_000)


async def test_from_a_question_to_the_agents_answer(browser: Browser, tmp_path: Path) -> None:
    configure(tmp_path)
    async with bot(tmp_path) as running:
        page = await (await browser.new_context(locale="en-GB")).new_page()
        await page.goto(running.url)
        await say(page, "how do i reset my password?")
        await reads(page, "Did this help?")
        await expect(page.get_by_text("Choose Forgot password? on the sign-in screen.")).to_be_visible()
        await page.get_by_role("button", name="No", exact=True).click()
        await reads(page, "I have opened ticket FL-1001")
        exchange = (await firstline("tickets", "show", "FL-1001", cwd=tmp_path)).out
        assert "User: how do i reset my password?" in exchange
        assert "Bot: Choose Forgot password? on the sign-in screen." in exchange
        await say(page, "<b>please</b> hurry @everyone")
        await reads(page, "Added to your ticket FL-1001")
        await firstline("tickets", "reply", "FL-1001", "We sent you a *new* link.", "--agent", "Mia", cwd=tmp_path)
        await reads(page, "News on your ticket FL-1001:\nWe sent you a *new* link.")
        await firstline("tickets", "resolve", "FL-1001", cwd=tmp_path)
        await reads(page, "How did we do with ticket FL-1001?")
        await page.get_by_role("button", name="Good", exact=False).first.click()
        await reads(page, "Thank you, noted")
        shown = await page.locator(".line .bubble").all_text_contents()
        await page.reload()
        await expect(page.locator(".line .bubble")).to_have_count(len(shown))
        assert "Rating:     5 of 5" in (await firstline("tickets", "show", "FL-1001", cwd=tmp_path)).out


async def test_the_same_in_dutch(browser: Browser, tmp_path: Path) -> None:
    configure(tmp_path)
    async with bot(tmp_path) as running:
        page = await (await browser.new_context(locale="nl-NL")).new_page()
        await page.goto(running.url)
        await say(page, "de maan viel op mijn grootboek en nu is alles van mijn kat")
        await reads(page, "Ik heb ticket FL-1001 voor je geopend")


async def test_what_is_written_while_the_bot_is_away_arrives_once_when_it_is_back(
    browser: Browser, tmp_path: Path
) -> None:
    file = configure(tmp_path)
    page = await (await browser.new_context(locale="en-GB")).new_page()
    async with bot(tmp_path) as running:
        await page.goto(running.url)
        await say(page, MATTER)
        await reads(page, "FL-1001")
        running.process.send_signal(signal.SIGKILL)
        await running.process.wait()
        port = re.search(r":(\d+)", running.url)
    assert port is not None
    file.write_text(file.read_text().replace("port = 0", f"port = {port[1]}"))
    await say(page, "I wrote this while you were away")
    async with bot(tmp_path):
        await reads(page, "Added to your ticket FL-1001")
        await expect(page.locator(".line.user .bubble", has_text="while you were away")).to_have_count(1)
        entries = (await firstline("tickets", "show", "FL-1001", cwd=tmp_path)).out
        assert entries.count("I wrote this while you were away") == 1
