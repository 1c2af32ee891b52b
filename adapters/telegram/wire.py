"""What goes over the wire to Telegram: the connection that hides the token, the text with its entities, the errors."""

from __future__ import annotations

import json
import os
import re
import urllib.request
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import httpx
from telegram import MessageEntity
from telegram import error as errors
from telegram.request import HTTPXRequest

from adapters.base import Busy, ChannelError, MaybePosted, Moved, Rejected, Unreachable
from adapters.markup import render
from adapters.splitting import length

if TYPE_CHECKING:
    from collections.abc import Mapping

# RetryAfter then holds a timedelta; without it the SDK warns of its own future at every 429.
os.environ.setdefault("PTB_TIMEDELTA", "true")

TOKEN_MARK: Final = "the-token-is-put-in-below"  # noqa: S105 - what stands in the token's place
# What Telegram would make into a mention, and so a notification, in plain text: an @ after no word character. The
# full-width sign reads the same, is never linked, and has the same length, so that no offset and no limit moves.
_PING: Final = re.compile(r"(?<!\w)@(?=\w)")
OUTCOMES: Final[Mapping[type[errors.TelegramError], type[ChannelError]]] = {
    errors.RetryAfter: Busy,
    errors.ChatMigrated: Moved,
    errors.Forbidden: Rejected,
    errors.BadRequest: Rejected,
    errors.EndPointNotFound: Rejected,
    # Both are cured by the operator, and the reply can be sent then.
    errors.InvalidToken: Unreachable,
    errors.Conflict: Unreachable,
    # A 5xx comes from the servers in front: the one behind may have posted the message all the same. So may a timeout.
    errors.TimedOut: MaybePosted,
    errors.NetworkError: MaybePosted,
    errors.TelegramError: MaybePosted,
    errors.PassportDecryptionError: MaybePosted,
}
"""What each of the SDK's errors says about a reply; `NEVER_SENT` are exceptions to it."""

NEVER_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


class Wire(httpx.AsyncBaseTransport):
    """Puts the token into the address at the very last moment.

    Telegram wants the token in every URL, and URLs end up in the logs, the errors and the reprs of httpx and of the
    SDK. These see `TOKEN_MARK` only.
    """

    def __init__(self, token: str, api_base: str, *, connections: int) -> None:
        self._token = token.encode()
        address = urlsplit(api_base)
        no_proxy = urllib.request.proxy_bypass(address.hostname or "")
        self._below = httpx.AsyncHTTPTransport(
            limits=httpx.Limits(max_connections=connections),
            proxy=None if no_proxy else urllib.request.getproxies().get(address.scheme),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a copy that carries the token."""
        path = request.url.raw_path.replace(TOKEN_MARK.encode(), self._token, 1)
        copy = httpx.Request(
            request.method,
            request.url.copy_with(raw_path=path),
            headers=request.headers,
            stream=request.stream,
            extensions=request.extensions,
        )
        return await self._below.handle_async_request(copy)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._below.aclose()


class _Client(HTTPXRequest):
    """The SDK's HTTP client, which logs every answer that is no JSON, the users' words in it included; this one not."""

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """The answer. Raises `TelegramError`."""
        try:
            answer: dict[str, Any] = json.loads(payload)
        except ValueError:
            raise errors.TelegramError("Invalid server response") from None
        return answer


def connection(token: str, api_base: str, *, timeout_s: float, connections: int) -> HTTPXRequest:
    """The SDK's HTTP client over a `Wire`."""
    return _Client(
        read_timeout=timeout_s,
        write_timeout=timeout_s,
        connect_timeout=timeout_s,
        pool_timeout=timeout_s,
        httpx_kwargs={"transport": Wire(token, api_base, connections=connections)},
    )


def rendered(markup: str) -> tuple[str, list[MessageEntity]]:
    """Plain text that names nobody, and its formatting in UTF-16 units. No parse mode: nothing can be malformed."""
    plain = render(markup)
    text = _PING.sub("\N{FULLWIDTH COMMERCIAL AT}", plain.text)
    entities: list[MessageEntity] = []
    at = units = 0
    for span in plain.spans:
        units += length(text[at : span.start], "utf16")
        covered = length(text[span.start : span.end], "utf16")
        entities.append(MessageEntity(span.kind, units, covered))
        at, units = span.end, units + covered
    return text, entities


def retry_after_s(error: errors.RetryAfter) -> float:
    """How long Telegram asks to wait."""
    wait = error.retry_after
    return float(wait) if isinstance(wait, int) else wait.total_seconds()
