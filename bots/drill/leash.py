"""``python -m bots.drill.leash ARGUMENTS``: `firstline` on a leash, as in the playground, with a clock that can jump.

A line ``clock 30.5`` on standard input lets this process's wall clock go 30.5 seconds ahead of the real one.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

from bots.drill.clock import Clock


def _watch(clock: Clock) -> None:
    for line in sys.stdin:
        word, _, seconds = line.partition(" ")
        if word == "clock":
            clock.ahead_s = float(seconds)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    ours = Clock()
    ours.install()

    from bots.cli import main

    threading.Thread(target=_watch, args=(ours,), daemon=True).start()
    main()
