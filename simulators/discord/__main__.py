"""``python -m simulators.discord --port 0``: the simulator as a process of its own, driven over /control."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence

from simulators.discord.server import DiscordSimulator


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m simulators.discord", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    parser.add_argument("--token", action="append", default=[], help="create a bot with this token; may be repeated")
    parser.add_argument("--control-token", default="", help="what /control wants as a bearer token (default: nothing)")
    options = parser.parse_args(arguments)
    asyncio.run(_serve(options))


async def _serve(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with DiscordSimulator(host=options.host, port=options.port, control_token=options.control_token) as sim:
        for token in options.token:
            sim.add_bot(token)
        sys.stdout.write(f"{sim.url}\n")
        sys.stdout.flush()
        await stop.wait()


if __name__ == "__main__":
    main()
