"""``python -m bots.drill.again REPORT``: replays a drill's report (`bots.drill.replay`) by the clock of then."""

from __future__ import annotations

import sys
from pathlib import Path

from bots.drill.clock import Clock

if __name__ == "__main__":
    ours = Clock()
    ours.install()

    from bots.drill.replay import replay

    sys.exit(replay(Path(sys.argv[1]), ours))
