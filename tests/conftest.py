"""Chromium for the tests that open a page, no wall clock for those that try many examples, a cheaper debug mode."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import traceback
from typing import TYPE_CHECKING

import hypothesis
import pytest
import pytest_asyncio
from playwright.async_api import async_playwright

from tests.postgres import own_postgres, postgres_cluster, postgres_server, postgres_url  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from types import FrameType

    from playwright.async_api import Browser

# A contract's failures show their values as those of a test's own module do.
pytest.register_assert_rewrite("tests.ticket_client.contract", "tests.ticket_client.exactly_once")

# On a busy machine any example may take long: what a work costs is a matter of ratios (tests/growth.py).
# Each run tries others: half of hypothesis's usual number, and as many as are wanted by FIRSTLINE_EXAMPLES.
hypothesis.settings.register_profile(
    "firstline", deadline=None, max_examples=int(os.environ.get("FIRSTLINE_EXAMPLES", "50"))
)
hypothesis.settings.load_profile("firstline")

# In its debug mode asyncio notes the whole stack of every task, future and callback, pytest's forty frames with it: a
# quarter of the suite's work. Every check of that mode stays; only what it notes ends at these frames, the innermost.
_NOTED_FRAMES = 3
_ASYNCIO = os.path.dirname(asyncio.__file__)  # noqa: PTH120 - compared with code's own strings
_whole_stack = traceback.walk_stack


def _noted_stack(f: FrameType | None) -> Iterator[tuple[FrameType, int]]:
    stack = _whole_stack(f)
    if f is None or not f.f_code.co_filename.startswith(_ASYNCIO):
        return stack
    return itertools.islice(stack, _NOTED_FRAMES)


traceback.walk_stack = _noted_stack

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


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def _chromium() -> AsyncIterator[Browser]:
    path = chromium()
    if path is None:
        reason = "NO CHROMIUM: no page was opened; install chromium or set FIRSTLINE_CHROMIUM to its program"
        if os.environ.get("REQUIRE_PAGES"):
            pytest.fail(reason)
        pytest.skip(reason)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=_QUIETLY)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def browser(request: pytest.FixtureRequest, _chromium: Browser) -> AsyncIterator[Browser]:
    """Chromium, started once; what the test opened is closed after it. Without Chromium the test is skipped, loudly.

    A test that uses it is marked ``page`` and ``asyncio(loop_scope="session")``: Chromium lives in the session's loop.
    """
    marker = request.node.get_closest_marker("asyncio")
    if marker is None or marker.kwargs.get("loop_scope") != "session":
        pytest.fail('Mark this test with pytest.mark.asyncio(loop_scope="session"): the browser lives in that loop.')
    yield _chromium
    for context in _chromium.contexts:
        await context.close()


def pytest_xdist_auto_num_workers() -> int:
    """For ``-n auto``: tests wait more than they work, so three share two cores."""
    return max(1, (os.cpu_count() or 1) * 3 // 2)
