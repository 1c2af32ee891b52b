"""The widget in Chromium: what a visitor does, and what is then shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.adapters.webchat_stage import reply_to, stage

if TYPE_CHECKING:
    from playwright.async_api import Browser

pytestmark = pytest.mark.page


async def test_a_question_is_answered(browser: Browser) -> None:
    async with stage() as chat:
        chat.answer = lambda message: [reply_to(message, "It takes **two** days.")]
        page = await browser.new_page()
        await page.goto(chat.url)
        await page.get_by_label("Your message").fill("How long does it take?")
        await page.keyboard.press("Enter")
        await expect(page.locator(".line.bot .bubble")).to_contain_text("It takes two days.")
        assert [message.text for message in chat.inbox] == ["How long does it take?"]
