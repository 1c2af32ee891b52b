"""``python -m simulators.reddit --port 0``: the simulator as a process of its own, driven over /control."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence

from simulators.reddit.server import RedditSimulator


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGINT or SIGTERM, after a line with the address."""
    parser = argparse.ArgumentParser(prog="python -m simulators.reddit", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    options = parser.parse_args(arguments)
    asyncio.run(_serve(options, control_token=os.environ.get("SIMULATORS_TOKEN", "")))


async def _serve(options: argparse.Namespace, *, control_token: str) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with RedditSimulator(host=options.host, port=options.port, control_token=control_token) as sim:
        sys.stdout.write(f"{sim.url}\n")
        sys.stdout.flush()
        await stop.wait()


if __name__ == "__main__":
    main()
