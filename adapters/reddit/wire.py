"""PRAW in a thread of its own, that sleeps for nothing and writes nothing twice; and what its errors say of a reply."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeVar

import praw
import prawcore
from praw.exceptions import RedditAPIException
from prawcore.const import ACCESS_TOKEN_PATH
from prawcore.exceptions import InvalidToken
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProxyError, SSLError

from adapters.base import Busy, ChannelError, MaybePosted, NotPosted, Rejected, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import requests

    from adapters.reddit.settings import Settings

# It logs what is posted, at the level of debugging: those are people's words.
logging.getLogger("prawcore").setLevel(logging.WARNING)

T = TypeVar("T")
_TRIES: Final = 4  # a call makes at most so many requests: the token, again after it was refused, a look, the write
_WINDOW_S: Final = 600.0
_WAIT_S: Final = 60.0  # after a 429 that does not say for how long
LEAST_WAIT_S: Final = 1.0
_MOST_WAIT_S: Final = 3600.0
_UNITS: Final = {"millisecond": 0.001, "second": 1.0, "minute": 60.0, "hour": 3600.0}
_ASKED_TO_WAIT: Final = re.compile(r"([0-9]{1,4}) (millisecond|second|minute|hour)s?\b")
_NEVER_SENT: Final = (NewConnectionError, ConnectTimeoutError, ProxyError, SSLError)


class NotAnswered(Exception):
    """A request that changes nothing failed, or one that does was never sent; it can be made again."""


class AmbiguousWrite(Exception):
    """A write was sent and its answer lost: perhaps it was carried out."""


class Exhausted(Exception):
    """The account's requests are used up; nothing was sent. The next may be made after `retry_after_s`."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"the requests of this window are used up for {retry_after_s:.0f} s")
        self.retry_after_s = retry_after_s


class Quota:
    """What Reddit's headers tell: how many requests are left, and what time it is. Shared by both threads."""

    def __init__(self) -> None:
        self._left = 1.0
        self._until = 0.0
        self._ahead_s = 0.0

    def now(self) -> float:
        """The time by Reddit's clock, in s since 1970."""
        return time.time() + self._ahead_s

    def note(self, headers: Mapping[str, str]) -> None:
        """Learn from an answer; headers that make no sense are none."""
        with contextlib.suppress(KeyError, ValueError):
            self._ahead_s = parsedate_to_datetime(headers["date"]).timestamp() - time.time()
        with contextlib.suppress(KeyError, ValueError):
            left, reset_s = float(headers["x-ratelimit-remaining"]), float(headers["x-ratelimit-reset"])
            self._left, self._until = left, time.monotonic() + min(max(reset_s, 0.0), _WINDOW_S)

    def wait_s(self, reserve: float) -> float:
        """How long no request may be made by somebody who leaves `reserve` requests to others."""
        return 0.0 if self._left > reserve else max(0.0, self._until - time.monotonic())


class Wire(prawcore.Requestor):
    """PRAW's HTTP. Left to itself, PRAW sleeps in its thread and posts a second time after a 5xx or a timeout.

    Only a refused token is tried again (nothing was carried out): every other failure is told as what it is.
    """

    def __init__(self, *, quota: Quota, reserve: float, timeout_s: float, **given: Any) -> None:
        super().__init__(**given)
        self.timeout = timeout_s  # PRAW's own setting takes whole seconds only
        self._quota = quota
        self._reserve = reserve

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        """One request, made once. Raises `NotAnswered`, `AmbiguousWrite` or `Exhausted`."""
        method, url = args
        # prawcore passes a timeout of its own with every request, which would go before the configured one.
        kwargs |= {"timeout": self.timeout}
        is_log_in = url.endswith(ACCESS_TOKEN_PATH)
        is_write = method.upper() != "GET" and not is_log_in
        if not is_log_in and (wait_s := self._quota.wait_s(self._reserve)) > 0:
            raise Exhausted(wait_s)
        try:
            response = super().request(method, url, **kwargs)
        except prawcore.RequestException as error:
            original = error.original_exception
            if is_write and not _was_never_sent(original):
                raise AmbiguousWrite(type(original).__name__) from original
            raise NotAnswered(type(original).__name__) from original
        self._quota.note(response.headers)
        # Without them prawcore paces itself, by sleeping.
        for header in ("x-ratelimit-remaining", "x-ratelimit-used", "x-ratelimit-reset"):
            response.headers.pop(header, None)
        status = response.status_code
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
            raise (AmbiguousWrite if is_write else NotAnswered)(f"HTTP {status}")
        if is_log_in and status == HTTPStatus.TOO_MANY_REQUESTS:
            raise Exhausted(_seconds(response.headers.get("retry-after")))
        if _is_not_reddits(response, is_log_in=is_log_in):
            raise NotAnswered(f"HTTP {status}, and not in Reddit's words")
        return response


def _is_not_reddits(response: requests.Response, *, is_log_in: bool) -> bool:
    """Whether something before Reddit (its firewall, a proxy) refused the request: Reddit refuses in JSON.

    A 429 says to wait, whoever says it, and a 401 asks for a new token.
    """
    status = response.status_code
    if not HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return False
    if status == HTTPStatus.TOO_MANY_REQUESTS or (status == HTTPStatus.UNAUTHORIZED and not is_log_in):
        return False
    try:
        return not isinstance(response.json(), dict)
    except ValueError:
        return True


def _was_never_sent(error: BaseException | None) -> bool:
    """Whether no byte of the request left: no connection came about. urllib3's reason stands within the error."""
    seen = 0
    while error is not None and seen < 5:  # noqa: PLR2004 - wrapped three deep at most
        if isinstance(error, _NEVER_SENT):
            return True
        inner = getattr(error, "reason", None) or next((arg for arg in error.args if isinstance(arg, Exception)), None)
        error, seen = inner, seen + 1
    return False


class Line:
    """One `praw.Reddit`, and the one thread in which everything with it happens."""

    def __init__(
        self, settings: Settings, quota: Quota, *, use: str, reserve: float, session: Callable[[], requests.Session]
    ) -> None:
        self._settings, self._quota, self._use, self._reserve, self._session = settings, quota, use, reserve, session
        self._patience_s = _TRIES * settings.request_timeout_s
        self._is_closed = False
        self._turn = asyncio.Lock()  # so that nobody's patience is spent on waiting for others
        self._begin()

    def _begin(self) -> None:
        self._reddit: praw.Reddit | None = None
        self._web: requests.Session | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"reddit-{self._use}")

    async def call(self, work: Callable[[praw.Reddit], T]) -> T:
        """What `work` gives, done in the thread. Raises what PRAW raises, and what `Wire` does.

        A call that hangs (every byte of an answer starts the timeout again) is left behind, thread and all.
        """
        await self._turn.acquire()
        # Whoever called may be cancelled: the job goes on in the thread, and the turn is its own until it has ended.
        job = asyncio.create_task(self._patiently(work))
        job.add_done_callback(self._next)
        return await asyncio.shield(job)

    def _next(self, job: asyncio.Task[Any]) -> None:
        self._turn.release()
        if not job.cancelled():
            job.exception()  # so that asyncio does not complain where nobody waits for it any more

    async def _patiently(self, work: Callable[[praw.Reddit], T]) -> T:
        if self._is_closed:
            raise NotAnswered("the channel is closed")
        try:
            async with asyncio.timeout(self._patience_s):
                return await asyncio.get_running_loop().run_in_executor(self._thread, self._do, work)
        except TimeoutError:
            self._thread.shutdown(wait=False, cancel_futures=True)
            self._end()
            self._begin()
            raise AmbiguousWrite("no answer came to an end") from None

    def _do(self, work: Callable[[praw.Reddit], T]) -> T:
        if self._reddit is None:
            self._web = self._session()
            self._reddit = opened(self._settings, self._quota, reserve=self._reserve, session=self._web)
        return work(self._reddit)

    def now(self) -> float:
        """The time by Reddit's clock, in s since 1970."""
        return self._quota.now()

    async def close(self) -> None:
        """End the thread; waits for the request under way, no longer than one may take."""
        if self._is_closed:
            return
        self._is_closed = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.request_timeout_s):
                await asyncio.get_running_loop().run_in_executor(self._thread, self._end)
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _end(self) -> None:
        if self._web is not None:
            self._web.close()


def opened(settings: Settings, quota: Quota, *, reserve: float, session: requests.Session) -> praw.Reddit:
    """PRAW with our `Wire`; makes no request yet."""
    if settings.refresh_token:
        login = {"refresh_token": settings.refresh_token.get_secret_value()}
    else:
        password = settings.password.get_secret_value() if settings.password else ""
        login = {"username": settings.username, "password": password}
    return praw.Reddit(
        "DEFAULT",  # not whatever section of somebody's praw.ini the environment names
        requestor_class=Wire,
        requestor_kwargs={
            "quota": quota,
            "reserve": reserve,
            "session": session,
            "timeout_s": settings.request_timeout_s,
        },
        client_id=settings.client_id,
        client_secret=settings.client_secret.get_secret_value() if settings.client_secret else None,
        user_agent=settings.agent,
        reddit_url=settings.reddit_url,
        oauth_url=settings.oauth_url,
        short_url=settings.reddit_url,
        ratelimit_seconds=-1,  # with 0 it sleeps for what is less than a second, and posts again
        check_for_async=False,
        check_for_updates=False,
        **login,
    )


# --- errors --------------------------------------------------------------------------------------------------------

GONE: Final = (prawcore.Forbidden, prawcore.NotFound, prawcore.Redirect, prawcore.UnavailableForLegalReasons)
"""A place that is closed to the bot: banned, private, deleted, renamed."""

FAILURES: Final = (
    NotAnswered, AmbiguousWrite, Exhausted, prawcore.PrawcoreException, praw.exceptions.PRAWException,
    KeyError, TypeError, ValueError, AttributeError, IndexError,
)  # fmt: skip
"""Everything that can come of a call; the second line: an answer that is JSON but not Reddit's, from a proxy."""


def is_refused(error: Exception) -> bool:
    """Whether Reddit refuses to log the app or the account in, so that only the operator can help."""
    if isinstance(error, prawcore.OAuthException):
        return True
    if not isinstance(error, prawcore.ResponseException) or not error.response.url.endswith(ACCESS_TOKEN_PATH):
        return False
    return error.response.status_code in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


def said(error: Exception) -> str:
    """The error in one short line, without anybody's words."""
    text = str(error)
    if isinstance(error, RedditAPIException):
        text = ", ".join(f"{item.error_type}: {item.message}" for item in error.items)
    return f"{type(error).__name__}: {text}"[:200] if text else type(error).__name__


def outcome(error: Exception) -> ChannelError:  # noqa: PLR0911 - one line a kind of error reads best
    """What an error says about the reply; an answer that could not be read says nothing."""
    if isinstance(error, ChannelError):
        return error
    why = f"Reddit: {said(error)}"
    if isinstance(error, Exhausted):
        return Busy(why, retry_after_s=error.retry_after_s)
    if isinstance(error, NotAnswered | InvalidToken) or is_refused(error):
        return Unreachable(why)  # the operator can cure a refusal, and the reply be sent then
    if isinstance(error, RedditAPIException):
        return _refusal(error, why)
    if isinstance(error, prawcore.TooManyRequests):
        return Busy(why, retry_after_s=retry_after_s(error))
    if isinstance(error, prawcore.BadJSON) or not isinstance(error, prawcore.ResponseException):
        return MaybePosted(why)
    return Rejected(why)


def _refusal(error: RedditAPIException, why: str) -> NotPosted:
    """An error of Reddit's form: it has not taken the text, now or ever."""
    for item in error.items:
        if item.error_type.upper() == "RATELIMIT":
            return Busy(why, retry_after_s=asked_to_wait_s(item.message or ""))
    return Rejected(why)


def asked_to_wait_s(message: str) -> float:
    """How long "Take a break for 9 minutes before trying again" is, rounded up as Reddit rounds down."""
    match = _ASKED_TO_WAIT.search(message)
    if match is None:
        return _WAIT_S
    return min((int(match[1]) + 1) * _UNITS[match[2]], _MOST_WAIT_S)


def retry_after_s(error: prawcore.TooManyRequests) -> float:
    """How long a 429 asks to wait."""
    return _seconds(error.retry_after)


def _seconds(retry_after: str | None) -> float:
    try:
        return min(max(float(retry_after or _WAIT_S), LEAST_WAIT_S), _MOST_WAIT_S)
    except ValueError:
        return _WAIT_S
