"""``python -m bots.playground.leash ARGUMENTS``: `firstline` that ends when its standard input does.

Whoever started it holds the other end, so that no bot is left behind, however its owner went.
"""

from __future__ import annotations

import os
import signal
import sys
import threading


def _watch() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    from bots.cli import main

    threading.Thread(target=_watch, daemon=True).start()
    main()
