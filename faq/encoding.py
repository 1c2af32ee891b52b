"""`python -m faq.encoding FAQ CACHE`: encodes a FAQ's texts for the strongest matcher and keeps the vectors."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from faq.entries import load
from faq.matching import FaqMatcher

NICENESS = 10  # the bot's messages go first


def main() -> None:
    """Build the matcher for what it leaves in the cache."""
    os.nice(NICENESS)
    path, cache = map(Path, sys.argv[1:])
    FaqMatcher(load(path), matcher="strongest", cache=cache)


if __name__ == "__main__":
    main()
