"""Chromium for the tests that open a page: they read what is shown there."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import async_playwright

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_QUIETLY = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def chromium() -> str | None:
    """The Chromium to use: what FIRSTLINE_CHROMIUM says, else the first that is installed."""
    return os.environ.get("FIRSTLINE_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A fresh Chromium; where there is none the test is skipped, loudly, and `.ci/run` takes that for a failure."""
    path = chromium()
    if path is None:
        pytest.skip("NO CHROMIUM: no page was opened; install chromium or set FIRSTLINE_CHROMIUM to its program")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=_QUIETLY)
        try:
            yield browser
        finally:
            await browser.close()
