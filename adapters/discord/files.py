"""Files that people sent on Discord: from its own hosts, by addresses that expire and are asked for again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from adapters.base import Busy, NotFetched, Rejected, Unreachable
from adapters.discord.text import files_of
from adapters.discord.wire import FAILURES, outcome
from adapters.downloads import Downloads, Gone, check_size

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapters.base import Attachment
    from adapters.discord.settings import Settings
    from adapters.discord.wire import Client, Connect

_MESSAGE: Final = "/channels/{channel_id}/messages/{message_id}"


class Files:
    """Fetches files for one account; it outlives each `client`."""

    def __init__(self, settings: Settings, client: Callable[[], Client | None], connect: Connect | None) -> None:
        self._client = client
        self._downloads = Downloads(settings.file_hosts, timeout_s=settings.file_timeout_s, connect=connect)

    async def fetch(self, attachment: Attachment, *, max_bytes: int) -> bytes:
        """The file. Raises `NotFetched`, `Busy` or `Unreachable`."""
        if not attachment.reference:
            raise NotFetched("That is no file that Discord serves: a sticker.")
        check_size(attachment.size_bytes, max_bytes)
        try:
            return await self._downloads.get(attachment.reference, max_bytes=max_bytes)
        except Gone as gone:
            address = await self._fresh(attachment.reference)
            if address is None:
                raise NotFetched("Discord has the file no more.") from gone
        return await self._downloads.get(address, max_bytes=max_bytes)

    async def _fresh(self, reference: str) -> str | None:
        """The file's address as Discord tells it now; None where the message has it no more."""
        place = reference.partition("#")[2].split("/")
        if len(place) != 3 or not all(part.isdecimal() for part in place):  # noqa: PLR2004 - channel, message, file
            return None
        channel_id, message_id, file_id = place
        client = self._client()
        if client is None:
            raise Unreachable("Discord: not logged in.")
        try:
            message = await client.call("GET", _MESSAGE, channel_id=channel_id, message_id=message_id)
            return next((str(file["url"]) for file in files_of(message) if str(file.get("id")) == file_id), None)
        except FAILURES as error:
            told = outcome(error)
            if isinstance(told, Rejected):
                raise NotFetched(f"{told}") from error
            raise told if isinstance(told, Busy) else Unreachable(f"{told}") from error

    async def close(self) -> None:
        """Release the connections; idempotent."""
        await self._downloads.close()
