"""``python -m simulators.twitter --port 0``: the simulator as a process of its own, driven over /control."""

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence

from simulators.twitter.server import TwitterSimulator

TOKEN_VARIABLE = "TWITTER_CONTROL_TOKEN"


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGINT or SIGTERM; the first line printed is the address, then one of keys for each bot."""
    parser = argparse.ArgumentParser(prog="python -m simulators.twitter", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    parser.add_argument("--bot", action="append", default=[], help="create a bot with this handle; may be repeated")
    parser.add_argument("--rate-limits", action="store_true", help="hold the bots to X's limits")
    parser.epilog = f"With {TOKEN_VARIABLE} in the environment, /control wants it as a bearer token."
    options = parser.parse_args(arguments)
    asyncio.run(_serve(options))


async def _serve(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    token = os.environ.get(TOKEN_VARIABLE, "")
    async with TwitterSimulator(host=options.host, port=options.port, control_token=token) as sim:
        sim.set_rate_limits(is_on=options.rate_limits)
        sys.stdout.write(f"{sim.url}\n")
        for handle in options.bot:
            bot = sim.add_bot(handle, username=handle)
            sys.stdout.write(f"{json.dumps(sim.credentials(bot.id))}\n")
        sys.stdout.flush()
        await stop.wait()


if __name__ == "__main__":
    main()
