"""Limits the time of what others do."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable

T = TypeVar("T")


async def within(limit_s: float, work: Awaitable[T]) -> T:
    """The work's result. Raises `TimeoutError`.

    Not `asyncio.wait_for`: before Python 3.12 that one loses a cancellation that arrives together with the result, and
    what was to end then runs for ever (https://github.com/python/cpython/issues/86296).
    """
    async with asyncio.timeout(limit_s):
        return await work
