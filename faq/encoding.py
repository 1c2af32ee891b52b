"""`python -m faq.encoding FAQ CACHE MATCHER`: works out a matcher, only for what that leaves in the cache."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from faq.entries import load
from faq.matching import FaqMatcher

NICENESS = 10  # the bot's messages go first


def main() -> None:
    """Build the matcher and let it go."""
    os.nice(NICENESS)
    path, cache, matcher = sys.argv[1:]
    FaqMatcher(load(Path(path)), matcher=matcher, cache=Path(cache))


if __name__ == "__main__":
    main()
