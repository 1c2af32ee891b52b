"""Files that people sent on Telegram: asked for by their id, read from the Bot API's own server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import httpx
from telegram import error as errors

from adapters.base import Busy, NotFetched, Unreachable
from adapters.downloads import AS_IT_IS, check_answer, check_size, gathered
from adapters.telegram.wire import Wire, retry_after_s

if TYPE_CHECKING:
    from telegram import Bot

    from adapters.base import Attachment

MAX_BYTES: Final = 20_000_000
"""What Telegram lets a bot download."""
_CONNECTIONS: Final = 4
_REFUSALS: Final = (errors.BadRequest, errors.Forbidden, errors.EndPointNotFound)


class Files:
    """The way to the files, beside that to the API: a slow file keeps no reply waiting. Both hide the token."""

    def __init__(self, bot: Bot, token: str, *, file_base: str, timeout_s: float, file_timeout_s: float) -> None:
        self._bot = bot
        self._timeout_s = file_timeout_s
        self._client = httpx.AsyncClient(
            transport=Wire(token, file_base, connections=_CONNECTIONS), timeout=timeout_s, trust_env=False
        )

    async def fetch(self, attachment: Attachment, *, max_bytes: int) -> bytes:
        """The file. Raises `NotFetched`, `Busy` or `Unreachable`."""
        if not attachment.reference:
            raise NotFetched("That is no file: a place, a contact, a poll.")
        most = min(max_bytes, MAX_BYTES)
        check_size(attachment.size_bytes, most)
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._read(await self._address(attachment.reference), most)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, TimeoutError) as error:
            raise Unreachable(f"Telegram: the file could not be read to its end ({type(error).__name__}).") from error

    async def _address(self, file_id: str) -> str:
        try:
            address = (await self._bot.get_file(file_id)).file_path or ""
        except errors.RetryAfter as error:
            raise Busy("Telegram asks to wait.", retry_after_s=retry_after_s(error)) from error
        except _REFUSALS as error:
            raise NotFetched(f"Telegram does not hand the file over: {error}.") from error
        except Exception as error:
            raise Unreachable(f"Telegram does not say where the file is ({type(error).__name__}).") from error
        if not address.startswith(f"{self._bot.base_file_url}/"):
            raise NotFetched("The Bot API server keeps its files for itself: it runs with --local.")
        return address

    async def _read(self, address: str, max_bytes: int) -> bytes:
        async with self._client.stream("GET", address, headers=AS_IT_IS, follow_redirects=False) as response:
            check_answer(response.status_code, response.headers, max_bytes=max_bytes)
            return await gathered(response.aiter_raw(), max_bytes=max_bytes)

    async def close(self) -> None:
        """Release the connections; idempotent."""
        await self._client.aclose()
