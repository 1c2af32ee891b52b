"""Files that people attached: from the platform's own hosts alone, up to so many bytes, and for so long.

What is said of a file (its address, its length, its type) was often written by somebody else. So an address is asked
only where its origin is one of those listed, no redirect is followed, nothing that comes compressed is opened, and
reading stops at the limit, whatever length was announced.
"""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import aiohttp
from pydantic import StringConstraints
from yarl import URL

from adapters.base import Busy, NotFetched, Unreachable

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Iterable, Mapping

AS_IT_IS: Final = {"Accept-Encoding": "identity"}
"""What every request for a file says: a few bytes that unpack to gigabytes are no file."""
Origin: TypeAlias = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/@?#]+$")]
"""A host of files, as an operator writes it."""
_PIECE_BYTES: Final = 64 * 1024
_DIGITS: Final = 20  # Python reads no number of thousands of digits
_WAIT_S: Final = 60.0  # after a 429 that does not say for how long
_MOST_WAIT_S: Final = 3600.0


class Gone(NotFetched):
    """The file is not at this address any more, or never was."""


def known(address: str, origins: Iterable[str]) -> URL:
    """The address, where it is one of these origins' ("https://cdn.example.com"). Raises `NotFetched`."""
    strange = NotFetched("The file is not on one of the platform's own hosts.")
    try:
        url = URL(address)
        where = _origin(url)
    except ValueError:
        raise strange from None
    if url.user is not None or url.password is not None or where not in {_origin(URL(each)) for each in origins}:
        raise strange
    return url.with_fragment(None)


def _origin(url: URL) -> tuple[str, str | None, int | None]:
    return url.scheme, url.raw_host, url.port


def check_size(size_bytes: int | None, max_bytes: int) -> None:
    """Raises `NotFetched` where the file is said to be too large."""
    if size_bytes is not None and size_bytes > max_bytes:
        raise NotFetched(f"The file is larger than {max_bytes} bytes.")


def check_answer(status: int, headers: Mapping[str, str], *, max_bytes: int) -> None:
    """Go on where a file follows. Raises `NotFetched`, `Busy` or `Unreachable`."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise Busy("The files' host asks to wait.", retry_after_s=_seconds(headers.get("Retry-After", "")))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.REQUEST_TIMEOUT}:
        raise Unreachable(f"The files' host answers {status}.")
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        raise NotFetched("The files' host sends the bot elsewhere, where it does not go.")
    if status != HTTPStatus.OK:
        raise Gone(f"The file is not there any more, or not for the bot (HTTP {status}).")
    if headers.get("Content-Encoding", "identity") != "identity":
        raise NotFetched("The file comes compressed, which was not asked for.")
    length = headers.get("Content-Length", "")
    check_size(int(length[:_DIGITS]) if length.isdecimal() else None, max_bytes)


async def gathered(pieces: AsyncIterable[bytes], *, max_bytes: int) -> bytes:
    """The whole file. Raises `NotFetched` as soon as it is longer."""
    found = bytearray()
    async for piece in pieces:
        found += piece
        check_size(len(found), max_bytes)
    return bytes(found)


class Downloads:
    """The way to a platform's files, apart from that to its API: a slow file keeps no reply waiting.

    `connect` makes the connections' connector; the usual one by default. `agent` is what the bot says it is.
    """

    def __init__(
        self,
        origins: Iterable[str],
        *,
        timeout_s: float,
        connect: Callable[[], aiohttp.BaseConnector] | None = None,
        agent: str = "",
    ) -> None:
        self._origins = tuple(origins)
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._connect = connect
        self._headers = {**AS_IT_IS, **({"User-Agent": agent} if agent else {})}
        self._session: aiohttp.ClientSession | None = None
        self._is_closed = False

    async def get(self, address: str, *, max_bytes: int) -> bytes:
        """The file at an address. Raises `NotFetched`, `Busy` or `Unreachable`."""
        url = known(address, self._origins)
        if self._is_closed:
            raise Unreachable("The channel is closed.")
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=self._connect() if self._connect else None,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=self._timeout,
                trust_env=True,
            )
        try:
            async with self._session.get(
                url, allow_redirects=False, auto_decompress=False, headers=self._headers
            ) as response:
                check_answer(response.status, response.headers, max_bytes=max_bytes)
                return await gathered(response.content.iter_chunked(_PIECE_BYTES), max_bytes=max_bytes)
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError is one of the latter
            raise Unreachable(f"The file could not be read to its end ({type(error).__name__}).") from error

    async def close(self) -> None:
        """Release the connections, for good; idempotent."""
        self._is_closed = True
        if self._session is not None:
            await self._session.close()


def _seconds(retry_after: str) -> float:
    try:
        wait_s = float(retry_after)
    except ValueError:
        return _WAIT_S
    return min(max(wait_s, 1.0), _MOST_WAIT_S) if math.isfinite(wait_s) else _WAIT_S
