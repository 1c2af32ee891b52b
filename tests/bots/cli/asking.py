"""A ledger in which people asked, left behind by a bot for the commands that read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bots.ledger.ledger import Ledger
from bots.pipeline.state import mark
from tests.bots.ledger.desk_stage import Stage
from tests.bots.making import NOTHING, message, tap

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from faq.matching import Matches


async def ask(folder: Path, *exchanges: tuple[str, Matches, Sequence[str]]) -> None:
    """Have each text asked in a chat of its own, matched like that, and these buttons tapped."""
    path = folder / "firstline.db"
    with Ledger(path) as ledger:
        stage = Stage(path, ledger)
        for number, (text, matches, taps) in enumerate(exchanges):
            said = message(text, place=f"chat:{number}", language_hint="en")
            await stage.hear(said, matches)
            for action in taps:
                await stage.hear(tap(f"{action}:{mark(said.message_id)}", place=f"chat:{number}"))


def unmatched(*texts: str) -> list[tuple[str, Matches, Sequence[str]]]:
    """Messages that the FAQ has nothing for."""
    return [(text, NOTHING, ()) for text in texts]
