"""Direct messages on their way in: X allows 15 looks in a quarter of an hour, so reading them may take several."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from adapters.twitter.meter import Item
from adapters.twitter.pages import next_token, readable, users
from adapters.twitter.wire import MESSAGE_PAGE, PAGE, ApiFailed

if TYPE_CHECKING:
    from adapters.twitter.purse import Purse
    from adapters.twitter.text import Json
    from adapters.twitter.wire import Api

logger = logging.getLogger(__name__)

_MAX_PAGES: Final = 40
_TOKEN_REFUSED: Final = frozenset({400, 404})


class Unread:
    """What was read above the last id that was delivered, and where the reading goes on after a failure."""

    def __init__(self, name: str, api: Api, purse: Purse) -> None:
        self.events: dict[int, Json] = {}
        self.users: dict[str, Json] = {}
        self._name, self._api, self._purse = name, api, purse
        self._token: str | None = None
        self._pages = 0

    async def read(self, last: int) -> None:
        """Read on, newest first, down to `last`. Raises `ApiFailed`; then the next call goes on with the same page."""
        while True:
            # The first page is nearly always all there is, and each message on it costs.
            page = await self._page(MESSAGE_PAGE if self._token is None else PAGE)
            found = readable(page)
            await self._purse.read(Item.MESSAGE_READ, [event["id"] for event in found])
            self.users |= await users(page, self._purse)
            self.events |= {int(event["id"]): event for event in found if int(event["id"]) > last}
            self._token, self._pages = next_token(page), self._pages + 1
            if self._token is None or any(int(event["id"]) <= last for event in found):
                return
            if self._pages >= _MAX_PAGES:
                logger.error(
                    "X: %d direct messages and more came at once: older ones are lost.",
                    len(self.events),
                    extra={"action": "messages_lost", "channel": self._name},
                )
                return

    async def _page(self, size: int) -> Json:
        try:
            return await self._api.messages(self._token, size)
        except ApiFailed as failed:
            if failed.status in _TOKEN_REFUSED:  # a token that is too old: from the beginning, then
                self._token, self._pages = None, 0
            raise
