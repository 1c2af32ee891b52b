"""``python -m simulators.zendesk``: an account as a process of its own."""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Sequence

from simulators.zendesk import BOT, ZendeskSimulator


async def _run(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with ZendeskSimulator(
        port=options.port, latency_s=options.latency_s, per_minute=options.per_minute, export_lag_s=options.export_lag_s
    ) as sim:
        sys.stdout.write(json.dumps({"url": sim.url, "email": BOT, "token": sim.key, "tokens": sim.tokens}) + "\n")
        sys.stdout.flush()
        await stop.wait()


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m simulators.zendesk", description="A simulated Zendesk.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    parser.add_argument("--latency-s", type=float, default=0.0, help="before each answer")
    parser.add_argument("--per-minute", type=int, default=700, help="calls a minute")
    parser.add_argument("--export-lag-s", type=float, default=60.0, help="what the export leaves out as too young")
    asyncio.run(_run(parser.parse_args(arguments)))


if __name__ == "__main__":
    main()
