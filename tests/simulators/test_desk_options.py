"""The simulated helpdesks are started with options of the same names."""

from __future__ import annotations

import asyncio
import sys

import pytest


@pytest.mark.parametrize("desk", ["freshdesk", "request_tracker", "zendesk"])
async def test_every_desk_takes_the_same_options(desk: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"simulators.{desk}", "--help", stdout=asyncio.subprocess.PIPE
    )
    told, _ = await process.communicate()
    assert process.returncode == 0
    assert {b"--port", b"--latency-s"} <= set(told.split())
