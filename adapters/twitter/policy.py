"""The link to the privacy policy, which X wants in what a program writes to people in private."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from adapters.base import Surroundings

logger = logging.getLogger(__name__)

_MAX_SHOWN: Final = 2000  # people beyond them are shown it again


def with_policy(text: str, url: str) -> str:
    """A direct message that ends with the link."""
    return f"{text}\n\n{url}"


class Policy:
    """Who has the link already; it outlives a restart."""

    def __init__(self, name: str, url: str, surroundings: Surroundings) -> None:
        self.url = url
        self._key = f"{name}:policy"
        self._surroundings = surroundings
        self._shown: dict[str, None] | None = None
        self._lock = asyncio.Lock()

    async def is_due(self, user_id: str) -> bool:
        """Whether this person's next message is to end with the link."""
        if not self.url:
            return False
        async with self._lock:
            return user_id not in await self._opened()

    async def shown(self, user_id: str) -> None:
        """They have it now. A ledger that cannot be written costs no more than the link a second time."""
        async with self._lock:
            shown = await self._opened()
            if self._shown is None:
                return  # who has it already is not known: it must not be written over
            shown[user_id] = None
            self._shown = dict.fromkeys(list(shown)[-_MAX_SHOWN:])
            try:
                await self._surroundings.save_state(self._key, json.dumps(list(self._shown)))
            except Exception as error:  # noqa: BLE001 - whatever the ledger says, the message is out
                self._warn(error)

    async def _opened(self) -> dict[str, None]:
        if self._shown is None:
            try:
                stored = await self._surroundings.load_state(self._key)
            except Exception as error:  # noqa: BLE001 - whatever the ledger says, the message goes out
                self._warn(error)
                return {}
            self._shown = dict.fromkeys(json.loads(stored) if stored else [])
        return self._shown

    def _warn(self, error: Exception) -> None:
        logger.warning(
            "X: who has the link to the privacy policy is not kept (%s).",
            type(error).__name__,
            extra={"action": "policy_not_kept"},
        )
