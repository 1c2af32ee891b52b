"""The one HTTP client of every helpdesk: time limits, the desk's own limits, rest after failures, and what is known.

What an answer, or its absence, says of a request:

=====================================  ======================================  =====================
what happened                          a write (POST, PUT, PATCH, DELETE)      a read (GET)
=====================================  ======================================  =====================
no connection, 503, resting            `Unavailable`: not applied              the same, after 3 tries
429                                    `RateLimited`: not applied              the same
time-out, cut, 500/502/504, unreadable `Ambiguous`: perhaps applied            `Unavailable`, after 3 tries
401, 403                               `AuthFailed`                            the same
404                                    `NotFound`                              the same
other 4xx                              `Rejected`                              the same
a redirect                             `Unavailable`: the address is wrong     the same
=====================================  ======================================  =====================

No message of an error holds a secret, a query's values or anybody's words.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
import time
from collections.abc import Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

import aiohttp
from pydantic import Field
from yarl import URL

from config.settings import Section
from ticket_client.base import (
    Ambiguous,
    AuthFailed,
    Closed,
    DeskError,
    NotFound,
    RateLimited,
    Rejected,
    TicketBusy,
    Unavailable,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

_CONNECT_S: Final = 5.0
_MAX_ANSWER_BYTES: Final = 8 << 20
_READS: Final = 3
_READ_AGAIN_S: Final = 0.3
_REST_AFTER: Final = 5  # failures in a row
_REST_FIRST_S, _REST_MOST_S = 2.0, 60.0
_PAUSE_MOST_S: Final = 3600.0
_PAUSE_UNSAID_S: Final = 30.0
_CONNECTIONS: Final = 10
_HTTP_OK, _HTTP_REDIRECT, _HTTP_REFUSED, _HTTP_BROKEN = 200, 300, 400, 500
_UNAUTHORISED, _GONE, _TOO_MANY, _NOT_NOW = frozenset({401, 403}), frozenset({404, 410}), 429, 503
_REMAINING = ("x-ratelimit-remaining", "x-rate-limit-remaining", "ratelimit-remaining")
_RESET = ("x-ratelimit-reset", "ratelimit-reset")


class RemoteSection(Section):
    """What the section ``[desk]`` of every helpdesk over a network has.

    `timeout_s` is for one request; `settle_s` is how long one whose answer was lost may still be at work at the desk,
    so that nobody looks for its work, or repeats it, before; `poll_s` is the time between two looks for news.
    """

    timeout_s: float = Field(25.0, gt=0)
    settle_s: float = Field(30.0, ge=0)
    poll_s: float = Field(20.0, gt=0)


def account_address(value: str, example: str) -> str:
    """The address of an account and nothing more, encrypted unless it is on this machine. Raises `ValueError`."""
    url = URL(value)
    is_here = url.scheme == "http" and url.host in {"127.0.0.1", "localhost", "::1"}
    is_more = url.path != "/" or url.query or url.fragment or url.user
    if not (url.host and (url.scheme == "https" or is_here)) or is_more:
        raise ValueError(f"write the account's address and no more: {example}")
    return str(url.origin())


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the desk said; `headers` by lower-case name, `data` is the JSON (None where there is none)."""

    status: int
    headers: Mapping[str, str]
    data: Any

    @property
    def at(self) -> datetime | None:
        """The server's clock, where it tells it."""
        try:
            return parsedate_to_datetime(self.headers["date"]).astimezone(UTC)
        except (KeyError, ValueError):
            return None


@contextmanager
def understood(product: str, lost: type[Unavailable | Ambiguous] = Unavailable) -> Iterator[None]:
    """What answers a request is the product's: JSON of a gateway or a maintenance page says nothing of what was done.

    Around whatever takes an answer apart, and nothing else. Raises `lost`.
    """
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise lost(
            f"What answers is JSON, but not {product}'s. Is `url` right, and does a proxy stand between?"
        ) from error


@asynccontextmanager
async def one_ticket(
    ticket_id: str, sees_others: Callable[[], Awaitable[bool]], unseen: type[DeskError] = Closed
) -> AsyncIterator[None]:
    """Around the reading of a ticket: what goes wrong with it alone is no trouble of the desk.

    `sees_others` is the second look, which tells: whether the desk shows us other tickets. Raises `unseen` where it
    keeps us from this one, and `TicketBusy` where it breaks down at it.
    """
    try:
        yield
    except (AuthFailed, Unavailable) as error:
        is_told_to_wait = isinstance(error, Unavailable) and error.retry_after_s is not None
        if is_told_to_wait or not await sees_others():
            raise
        if isinstance(error, AuthFailed):
            raise unseen(f"Ticket {ticket_id} is where the bot may not see it any more.") from error
        raise TicketBusy(f"Ticket {ticket_id} cannot be read, though others can: {error}") from error


class _Cut(aiohttp.ClientError):
    """The connection broke before the answer came; says what aiohttp called it."""


def _named(error: Exception) -> str:
    return str(error) if isinstance(error, _Cut) else type(error).__name__


async def _once_only(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a PUT or a DELETE a second time, of its own accord, when a connection breaks."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise  # nothing was sent
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _Cut(type(error).__name__) from error


class DeskClient:
    """Calls one helpdesk.

    Args:
        url: of the API; paths are put behind it.
        headers: sent with every request, the key among them.
        name: of the product, for people.
        timeout_s: for one request from its first byte to the answer's last.
        refusal: a better error for a refusal (300 to 499, 429 included, and 503), from status and JSON; None for the
            common one.
        secrets: texts that no message may show.
    """

    def __init__(  # noqa: PLR0913
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        name: str,
        timeout_s: float = 25.0,
        refusal: Callable[[int, Any], DeskError | None] = lambda *_: None,
        secrets: tuple[str, ...] = (),
    ) -> None:
        self._url = url.rstrip("/")
        self._headers = dict(headers)
        self._name = name
        self._timeout_s = timeout_s
        self._refusal = refusal
        self._secrets = tuple(sorted(filter(None, secrets), key=len, reverse=True))
        self._session: aiohttp.ClientSession | None = None
        self._failures = 0
        self._rests = 0
        self._resting_until = 0.0
        self._paused_until = 0.0
        self._probe = asyncio.Lock()

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        """Read JSON."""
        return (await self.answer("GET", path, params=params)).data

    async def send(  # noqa: PLR0913
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        text: str | None = None,
        form: aiohttp.FormData | None = None,
        content: bytes | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Write, once, and read the JSON that comes back. `text` is JSON that is sent as it is."""
        answer = await self.answer(
            method, path, json=json, text=text, form=form, content=content, params=params, headers=headers
        )
        return answer.data

    async def answer(  # noqa: PLR0913
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        text: str | None = None,
        form: aiohttp.FormData | None = None,
        content: bytes | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One exchange with all that came back. A read that failed is tried again; a write never."""
        body = form or content or _body(json, text)
        headers = {
            **self._headers,
            **({"Content-Type": "application/json"} if _is_json(json, text) else {}),
            **(headers or {}),
        }
        if method != "GET":
            await self._awake()
            return await self._once(method, path, body, params, headers)
        for attempt in range(1, _READS + 1):
            try:
                return await self._once(method, path, body, params, headers)
            except Unavailable as error:
                if attempt == _READS or error.retry_after_s is not None:
                    raise
                await asyncio.sleep(_READ_AGAIN_S * 2**attempt * random.uniform(0.7, 1.3))  # noqa: S311 - jitter
        raise AssertionError

    async def close(self) -> None:
        """Release the connections; idempotent."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    # --- rest and pauses --------------------------------------------------------------------------------------------

    async def _awake(self) -> None:
        """After a rest, one read finds out whether the desk is back, before anything is written.

        Raises `Unavailable`, without a call, while the desk rests, and `RateLimited` while it wants to be left alone.
        """
        self._hold()
        if not self._rests:
            return
        async with self._probe:
            self._hold()
            if self._rests:
                await self._once("GET", "", None, None, self._headers, is_probe=True)

    def _hold(self) -> None:
        now = time.monotonic()
        if now < self._paused_until:
            raise RateLimited(f"{self._name} asked us to wait.", retry_after_s=self._paused_until - now)
        if now < self._resting_until:
            raise Unavailable(
                f"{self._name} did not answer {_REST_AFTER} times in a row and is asked again later.",
                retry_after_s=self._resting_until - now,
            )

    def _failed(self) -> None:
        self._failures += 1
        if self._failures >= _REST_AFTER or self._rests:
            rest_s = min(_REST_FIRST_S * 2**self._rests, _REST_MOST_S) * random.uniform(0.7, 1.3)  # noqa: S311
            self._rests += 1
            self._resting_until = time.monotonic() + rest_s

    def _answered(self) -> None:
        self._failures = self._rests = 0
        self._resting_until = 0.0

    def _pause(self, seconds: float) -> None:
        until = time.monotonic() + min(max(seconds, 0.0), _PAUSE_MOST_S)
        self._paused_until = max(self._paused_until, until)

    # --- one exchange -----------------------------------------------------------------------------------------------

    async def _once(  # noqa: PLR0913
        self,
        method: str,
        path: str,
        body: object,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str],
        *,
        is_probe: bool = False,
    ) -> Answer:
        self._hold()
        what = f"{method} {self._shown(path or '/')}"
        lost: type[Unavailable | Ambiguous] = Unavailable if method == "GET" else Ambiguous
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                self._open().request(
                    method, URL(self._url + path, encoded=False), data=body, params=params, headers=headers,
                    allow_redirects=False,
                ) as response,
            ):  # fmt: skip
                raw = await _read(response)
        except aiohttp.ClientConnectorError as error:
            self._failed()
            raise Unavailable(f"{self._name} cannot be reached: {self._shown(str(error.os_error))}.") from error
        except TimeoutError as error:
            self._failed()
            raise lost(f"{self._name} did not answer {what} within {self._timeout_s:g} s.") from error
        except (aiohttp.ClientError, OSError) as error:
            self._failed()
            raise lost(f"The connection to {self._name} broke during {what} ({_named(error)}).") from error
        answer = Answer(
            status=response.status,
            headers={name.lower(): value for name, value in response.headers.items()},
            data=_parsed(raw),
        )
        self._obey(answer)
        if is_probe and answer.status < _HTTP_BROKEN:
            self._answered()
            return answer
        self._judge(what, answer, lost, is_unreadable=raw is None or (bool(raw.strip()) and answer.data is None))
        self._answered()
        return answer

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S),
                connector=aiohttp.TCPConnector(limit=_CONNECTIONS),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=True,
                middlewares=(_once_only,),
            )
        return self._session

    def _obey(self, answer: Answer) -> None:
        """Wait where the desk says so, and where the last permitted call was just made."""
        if answer.status == _TOO_MANY:
            self._pause(_seconds(answer.headers.get("retry-after")) or _PAUSE_UNSAID_S)
            return
        remaining = next((answer.headers[name] for name in _REMAINING if name in answer.headers), "")
        reset = _seconds(next((answer.headers[name] for name in _RESET if name in answer.headers), None))
        if remaining.strip() in {"0", "0.0"} and reset:
            self._pause(reset)

    def _judge(self, what: str, answer: Answer, lost: type[Unavailable | Ambiguous], *, is_unreadable: bool) -> None:
        """Raise what the answer means, unless it is good."""
        status = answer.status
        if status < _HTTP_REDIRECT:
            if is_unreadable:
                self._failed()
                raise lost(f"{self._name} answered {what} with something that is not its API's. Is the address right?")
        elif status < _HTTP_REFUSED:
            if (error := self._refusal(status, answer.data)) is not None:
                raise error
            where = self._shown(_place(answer.headers.get("location", "")))
            raise Unavailable(
                f"{self._name} sends {what} on to {where or 'nowhere'}. Write the right address as `url`.",
                retry_after_s=_REST_MOST_S,  # it will not change by itself in a moment
            )
        elif status >= _HTTP_BROKEN and status != _NOT_NOW:
            self._failed()
            raise lost(f"{self._name} answered {what} with {status}.")
        else:
            raise self._refused(what, answer)

    def _refused(self, what: str, answer: Answer) -> DeskError:
        status = answer.status
        if status == _NOT_NOW:
            self._failed()
        elif status != _TOO_MANY:
            self._answered()  # it is well and says no
        if (error := self._refusal(status, answer.data)) is not None:
            return error
        if status == _TOO_MANY:
            wait_s = max(self._paused_until - time.monotonic(), 0.0)
            return RateLimited(f"{self._name} answered {what} with 429: too many requests.", retry_after_s=wait_s)
        if status == _NOT_NOW:
            wait = _seconds(answer.headers.get("retry-after"))
            return Unavailable(f"{self._name} answered {what} with 503.", retry_after_s=wait)
        if status in _UNAUTHORISED:
            return AuthFailed(f"{self._name} answered {what} with {status}: the key is wrong or lacks a right.")
        if status in _GONE:
            return NotFound(f"{self._name} has nothing at {what}.")
        return Rejected(f"{self._name} refused {what} with {status}.")

    def _shown(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "…")
        return text.partition("?")[0]


async def _read(response: aiohttp.ClientResponse) -> bytes | None:
    """The body; None where it is larger than any answer of a desk."""
    chunks, size = [], 0
    async for chunk in response.content.iter_chunked(1 << 16):
        size += len(chunk)
        if size > _MAX_ANSWER_BYTES:
            return None
        chunks.append(chunk)
    return b"".join(chunks)


def _parsed(raw: bytes | None) -> Any:
    try:
        return json.loads(raw) if raw else None
    except (ValueError, RecursionError):
        return None


def _place(location: str) -> str:
    """A redirect's address without what may be secret in it; "" where it is none."""
    try:
        url = URL(location).with_query(None).with_fragment(None)
        return str(url.with_user(None) if url.absolute else url)
    except ValueError:
        return ""


def _body(value: object, text: str | None) -> bytes | None:
    if text is not None:
        return text.encode()
    return None if value is None else json.dumps(value, ensure_ascii=False).encode()


def _is_json(value: object, text: str | None) -> bool:
    return value is not None or text is not None


def _seconds(header: str | None) -> float | None:
    """Seconds to wait, from a number of them, a Unix time or a date."""
    if not header:
        return None
    try:
        value = float(header)
        if math.isnan(value):
            return None
    except ValueError:
        try:
            return max((parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds(), 0.0)
        except (ValueError, TypeError):
            return None
    now = time.time()
    return max(value - now, 0.0) if value > now / 2 else max(value, 0.0)
