"""The table of `docs/channels.md`, made from what each channel says of itself: ``python -m bots.cli.channel_table``.

It rewrites the table in place; a test fails while the two differ.
"""

from __future__ import annotations

import re
from pathlib import Path

from adapters import registry

PAGE = Path(__file__).parents[2] / "docs" / "channels.md"
_ROWS = {
    "hears": "Reads",
    "speaks": "Speaks",
    "private": "In private",
    "moderator": "Moderator's act",
    "buttons": "Buttons",
    "longest": "Longest reply",
    "certainty": "Kept from posting twice",
    "costs": "Costs",
    "forbidden": "May not",
}
_TABLE = re.compile(r"(?<=<!-- table -->\n).*?(?=<!-- /table -->)", re.DOTALL)


def table() -> str:
    """The table in Markdown: a column a channel."""
    profiles = [registry.channel(kind).PROFILE for kind in registry.kinds()]
    heads = ["", *(profile.title for profile in profiles)]
    rows = [[title, *(getattr(profile, name) for profile in profiles)] for name, title in _ROWS.items()]
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def rewritten(page: str) -> str:
    """The page with the table as it is now."""
    return _TABLE.sub(lambda _: table(), page)


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
