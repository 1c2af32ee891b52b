"""Fetches what people attached, for the desk: from the channel's own hosts, within the operator's limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ticket_client.base import UserFile

if TYPE_CHECKING:
    from bots.ledger.intents import Files


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What was had, and a line for people about each file that was not."""

    files: tuple[UserFile, ...] = ()
    missing: tuple[str, ...] = ()


class Fetching(Protocol):
    """Where files come from."""

    async def fetch(self, files: Files, *, is_last_try: bool) -> Fetched:
        """All files of one message. Raises `Unavailable` before the last try where the channel may have them later."""
