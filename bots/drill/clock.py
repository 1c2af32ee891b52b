"""A wall clock for one process that can be wrong. Import it and `install` before anything else asks for the time."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

_real_time = time.time
_RealDatetime = dt.datetime


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


class Clock:
    """`ahead_s` of the real time, or standing still `at` a time; what only ever passes (`time.monotonic`) goes on."""

    def __init__(self) -> None:
        self.ahead_s = 0.0
        self.at: float | None = None

    def install(self) -> None:
        """Let whatever is imported from now on see this clock only."""
        time.time = self._time
        module: Any = dt
        module.datetime = _Datetime

    def _time(self) -> float:
        return _real_time() + self.ahead_s if self.at is None else self.at
