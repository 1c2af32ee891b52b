"""``python -m bots.drill.leash ARGUMENTS``: `firstline` on a leash, as in the playground, with a clock that can jump.

A line ``clock 30.5`` on standard input lets this process's wall clock go 30.5 seconds ahead of the real one; time that
only ever passes (`time.monotonic`) goes on as it does when somebody sets a computer's clock.
"""

from __future__ import annotations

import datetime as dt
import os
import signal
import sys
import threading
import time

_real_time = time.time
_RealDatetime = dt.datetime
_ahead_s = [0.0]


class _Kind(type):
    """Whatever is a datetime is one of ours."""

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, _RealDatetime)


class _Datetime(_RealDatetime, metaclass=_Kind):
    """A datetime whose now may be wrong."""

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> _Datetime:
        """The time on the clock of this process."""
        return cls.fromtimestamp(time.time(), tz)


def _watch() -> None:
    for line in sys.stdin:
        word, _, seconds = line.partition(" ")
        if word == "clock":
            _ahead_s[0] = float(seconds)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    time.time = lambda: _real_time() + _ahead_s[0]
    dt.datetime = _Datetime  # type: ignore[misc]  # what comes after is to see this clock only

    from bots.cli import main

    threading.Thread(target=_watch, daemon=True).start()
    main()
