"""A thread that watches the event loop: how long a due call waits there, and where it stands when it stands still.

A loop that is stuck can tell nobody, so the thread does: in the log, at once, with the stack of the loop's thread.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from bots import metrics

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from types import FrameType

EVERY_S: Final = 2.0
STALLED_S: Final = 3.0
_FRAMES: Final = 30
_log = logging.getLogger(__name__)


class Watchdog:
    """Watches for as long as the ``with`` lasts, which the loop's own thread enters.

    Args:
        loop: to be watched.
        on_stall: told, in the watching thread, that the loop stands still (True) or goes on (False).
        every_s: between two looks.
        stalled_s: how long a call may wait before that is called a stall.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        on_stall: Callable[[bool], None] = lambda _: None,
        *,
        every_s: float = EVERY_S,
        stalled_s: float = STALLED_S,
    ) -> None:
        self._loop = loop
        self._on_stall = on_stall
        self._every_s, self._stalled_s = every_s, stalled_s
        self._watched = threading.get_ident()
        self._end, self._called = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def __enter__(self) -> Self:
        self._watched = threading.get_ident()
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._end.set()
        self._called.set()  # what is still to be called never will be, while this thread waits for the other
        self._thread.join()

    def _watch(self) -> None:
        while not self._end.wait(self._every_s):
            try:
                self._look()
            except RuntimeError:  # the loop is closed
                return

    def _look(self) -> None:
        called = self._called = threading.Event()
        if self._end.is_set():
            return
        at: list[float] = []

        def call() -> None:
            at.append(time.monotonic())
            called.set()

        began = time.monotonic()
        self._loop.call_soon_threadsafe(call)
        if not called.wait(self._stalled_s):
            self._say_stalled()
            called.wait()
            if not at:
                return
            _log.warning(
                "The event loop goes on after %.1f s.", at[0] - began,
                extra={"action": "loop_goes_on", "stood_s": round(at[0] - began, 1)},
            )  # fmt: skip
            self._on_stall(False)
        if at:
            metrics.LOOP_LAG.observe(at[0] - began)

    def _say_stalled(self) -> None:
        frame = sys._current_frames().get(self._watched)  # noqa: SLF001 - documented, in spite of its name
        metrics.LOOP_STALLS.add()
        self._on_stall(True)
        _log.error(
            "The event loop stands still for %g s: nobody is answered. It is in: %s.",
            self._stalled_s,
            " < ".join(places(frame)),
            extra={"action": "loop_stalled"},
        )


def places(frame: FrameType | None) -> list[str]:
    """Where a thread is, innermost first: ``plan.py:96 plan``. No line of code and no value."""
    found: list[str] = []
    while frame is not None and len(found) < _FRAMES:
        code = frame.f_code
        found.append(f"{'/'.join(Path(code.co_filename).parts[-2:])}:{frame.f_lineno} {code.co_name}")
        frame = frame.f_back
    return found
