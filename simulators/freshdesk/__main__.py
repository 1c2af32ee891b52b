"""``python -m simulators.freshdesk --port 0``: the account as a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from typing import TYPE_CHECKING

from simulators.freshdesk.server import FreshdeskSimulator

if TYPE_CHECKING:
    from collections.abc import Sequence


async def _serve(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with FreshdeskSimulator(
        port=options.port, latency_s=options.latency_s, limit_per_minute=options.limit
    ) as sim:
        sys.stdout.write(json.dumps({"url": sim.url, "key": sim.key, "agent_key": sim.agent_key}) + "\n")
        sys.stdout.flush()
        await stop.wait()


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(
        prog="python -m simulators.freshdesk", description="A simulated Freshdesk account."
    )
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    parser.add_argument("--latency-s", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--limit", type=int, default=700, help="calls a minute")
    asyncio.run(_serve(parser.parse_args(arguments)))


if __name__ == "__main__":
    main()
