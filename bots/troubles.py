"""How a mistake of the bot's own is written down: what it was and where, never what it says.

Exceptions quote what they choke on, and what the bot chokes on is somebody's message, which no log may hold.
"""

from __future__ import annotations

import traceback
from pathlib import Path

_FRAMES = 3


def trouble(error: BaseException) -> str:
    """The error's type and its last places, innermost first: ``KeyError at plan.py:96 < worker.py:212``."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    places = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(error).__name__} at {places}" if places else type(error).__name__
