"""What goes over the wire to X: tweepy's calls, the connection below them, and what came of each."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import tweepy  # type: ignore[import-untyped]  # it has no types
from tweepy.asynchronous import AsyncClient  # type: ignore[import-untyped]  # the same
from yarl import URL

from adapters.base import Busy, ChannelError, MaybePosted, Rejected, Unreachable

if TYPE_CHECKING:
    from adapters.twitter.settings import Settings
    from adapters.twitter.text import Json

HOST: Final = "https://api.twitter.com"
"""Where tweepy believes to call; it signs this address, whatever stands in its place."""

PAGE: Final = 100
MESSAGE_PAGE: Final = 20  # each costs a cent a day; what is new hardly ever needs more
_POST_FIELDS: Final = [
    "attachments",
    "author_id",
    "conversation_id",
    "created_at",
    "display_text_range",
    "edit_history_tweet_ids",
    "entities",
    "in_reply_to_user_id",
    "lang",
    "note_tweet",
    "referenced_tweets",
]
_MESSAGE_FIELDS: Final = [
    "attachments",
    "created_at",
    "dm_conversation_id",
    "entities",
    "event_type",
    "id",
    "sender_id",
    "text",
]
_MEDIA_FIELDS: Final = ["type", "url", "variants"]
_MEDIA: Final = "attachments.media_keys"
_NEVER_SENT: Final = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientHttpProxyError,
    aiohttp.InvalidURL,
)
# The last four: an answer that is JSON but not X's, from a proxy or a portal; tweepy reads it before we do.
FAILURES: Final = (
    tweepy.TweepyException,
    aiohttp.ClientError,
    OSError,
    TimeoutError,
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
)
"""What a call of tweepy's may raise."""
_CURABLE: Final = ("oauth1 app permissions", "client-not-enrolled", "suspended", "locked", "Unsupported Authentication")
_LIMITS: Final = ("x-rate-limit", "x-app-limit-24hour", "x-user-limit-24hour")

_answered: ContextVar[tuple[int, Mapping[str, str]] | None] = ContextVar("_answered", default=None)


class ApiFailed(Exception):
    """A call that brought nothing.

    `status` is None where no answer came; `reset_at` is when the limit ends, in seconds since the epoch, where X says
    it; `is_x` tells X's own answer from a page of somebody in front of it.
    """

    def __init__(self, error: Exception, status: int | None, headers: Mapping[str, str]) -> None:
        said = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        super().__init__(said)
        self.said = said
        self.status = status
        self.was_sent = not isinstance(error, _NEVER_SENT)
        self.is_x = isinstance(error, tweepy.HTTPException)
        self.reset_at = _reset_at(headers)

    def outcome(self, *, credits_wait_s: float) -> ChannelError:
        """What it says about a reply."""
        status, said = self.status, f"X: {self.said}"
        if status is None:
            return MaybePosted(said) if self.was_sent else Unreachable(said)
        if status == 402:  # noqa: PLR2004 - Payment Required, which tweepy has no class for
            return Busy(f"{said}: the app is out of credits", retry_after_s=credits_wait_s)
        if status == 429:  # noqa: PLR2004 - Too Many Requests
            return Busy(said, retry_after_s=self.wait_s() or 60.0)
        if status >= 500 or status < 300 or status == 408:  # noqa: PLR2004 - the post may exist all the same
            return MaybePosted(said)
        if status < 400 or status == 401 or not self.is_x or self.is_curable:  # noqa: PLR2004 - nothing was posted
            return Unreachable(said)
        return Rejected(said)

    @property
    def is_curable(self) -> bool:
        """Whether the operator can change that X refuses the account or the app as such."""
        return self.status == 403 and any(sign in self.said for sign in _CURABLE)  # noqa: PLR2004 - Forbidden

    def wait_s(self) -> float | None:
        """How long until the limit's end, at most a quarter of an hour and a little more; None where X does not say."""
        return None if self.reset_at is None else min(max(self.reset_at - time.time(), 0.0) + 1.0, 960.0)


def _reset_at(headers: Mapping[str, str]) -> float | None:
    """The latest end of the limits that are used up."""
    ends = [headers.get(f"{name}-reset", "") for name in _LIMITS if headers.get(f"{name}-remaining", "0") == "0"]
    return max((float(end) for end in ends if end.isdecimal() and len(end) < 15), default=None)  # noqa: PLR2004


class Wire:
    """Stands where tweepy expects an `aiohttp.ClientSession`: sends to `api_base`, and keeps how each call ended."""

    def __init__(
        self, api_base: str, timeout: aiohttp.ClientTimeout, connector: Callable[[], aiohttp.BaseConnector] | None
    ) -> None:
        self.headers: dict[str, str] = {}
        self._api_base = api_base.rstrip("/")
        self._timeout = timeout
        self._connector = connector
        self._session: aiohttp.ClientSession | None = None
        self._is_over = False

    @asynccontextmanager
    async def request(self, method: str, url: str | URL, **given: Any) -> AsyncIterator[aiohttp.ClientResponse]:
        """Like `ClientSession.request`."""
        _answered.set(None)
        if self._is_over:
            raise aiohttp.ClientConnectionError("the channel is closed")
        if self._session is None:
            connector = self._connector() if self._connector else None
            self._session = aiohttp.ClientSession(
                timeout=self._timeout, connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=True
            )
        address = URL(self._api_base + str(url).removeprefix(HOST), encoded=True)
        given["headers"] = self.headers | dict(given.get("headers") or {})
        async with self._session.request(method, address, allow_redirects=False, **given) as response:
            _answered.set((response.status, response.headers))
            yield response

    @property
    def closed(self) -> bool:
        """Never: a closed one opens again with the next request."""
        return False

    async def close(self) -> None:
        """Close the connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def end(self) -> None:
        """Close the connections and open no others."""
        self._is_over = True
        await self.close()


class Api:
    """The calls that the adapter makes, with their answers as X sent them. All of them raise `ApiFailed`.

    `limits` holds what X last said of each kind of call: "300 in 15 minutes, 299 left".
    """

    def __init__(self, settings: Settings, connector: Callable[[], aiohttp.BaseConnector] | None = None) -> None:
        wait_s = settings.request_timeout_s
        self._wire = Wire(settings.api_base, aiohttp.ClientTimeout(total=wait_s, sock_connect=wait_s / 2), connector)
        self._client = AsyncClient(
            consumer_key=settings.consumer_key.get_secret_value(),
            consumer_secret=settings.consumer_secret.get_secret_value(),
            access_token=settings.access_token.get_secret_value(),
            access_token_secret=settings.access_token_secret.get_secret_value(),
            return_type=dict,
            wait_on_rate_limit=False,  # without a reset header, tweepy asks again at once, for ever
        )
        self._client.session = self._wire
        self.limits: dict[str, str] = {}

    async def me(self) -> Json:
        """The account whose token this is."""
        return await self._call("me", self._client.get_me(user_auth=True))

    async def mentions(self, bot_id: str, since_id: str, token: str | None) -> Json:
        """A page of the posts that mention the account, newest first."""
        return await self._call(
            "mentions",
            self._client.get_users_mentions(
                bot_id,
                since_id=since_id,
                max_results=PAGE,
                pagination_token=token,
                tweet_fields=_POST_FIELDS,
                media_fields=_MEDIA_FIELDS,
                expansions=["author_id", _MEDIA],
                user_auth=True,
            ),
        )

    async def posts(self, ids: list[str]) -> Json:
        """Posts and their authors; what cannot be shown stands among the errors."""
        return await self._call(
            "posts",
            self._client.get_tweets(
                ids,
                tweet_fields=_POST_FIELDS,
                media_fields=_MEDIA_FIELDS,
                expansions=["author_id", _MEDIA],
                user_auth=True,
            ),
        )

    async def are_there(self, ids: list[str]) -> Json:
        """The same without anything around them."""
        return await self._call("posts", self._client.get_tweets(ids, user_auth=True))

    async def own_posts(self, bot_id: str, since_id: str, token: str | None) -> Json:
        """A page of what the account posted, newest first."""
        return await self._call(
            "own_posts",
            self._client.get_users_tweets(
                bot_id,
                since_id=since_id,
                max_results=PAGE,
                pagination_token=token,
                tweet_fields=_POST_FIELDS,
                user_auth=True,
            ),
        )

    async def messages(self, token: str | None, size: int = MESSAGE_PAGE) -> Json:
        """A page of direct messages in all conversations, newest first."""
        return await self._call(
            "messages",
            self._client.get_direct_message_events(
                dm_event_fields=_MESSAGE_FIELDS,
                event_types="MessageCreate",
                media_fields=_MEDIA_FIELDS,
                expansions=["sender_id", _MEDIA],
                max_results=size,
                pagination_token=token,
                user_auth=True,
            ),
        )

    async def messages_with(self, user_id: str) -> Json:
        """The newest direct messages of one conversation."""
        return await self._call(
            "messages_with",
            self._client.get_direct_message_events(
                participant_id=user_id,
                dm_event_fields=_MESSAGE_FIELDS,
                event_types="MessageCreate",
                max_results=MESSAGE_PAGE,
                user_auth=True,
            ),
        )

    async def post(self, text: str, reply_to: str) -> str:
        """Post; the new post's id."""
        answer = await self._call(
            "post", self._client.create_tweet(text=text, in_reply_to_tweet_id=reply_to, user_auth=True)
        )
        return _new_id(answer, "id")

    async def message(self, user_id: str, text: str) -> str:
        """Write to somebody; the new message's id."""
        answer = await self._call(
            "message", self._client.create_direct_message(participant_id=user_id, text=text, user_auth=True)
        )
        return _new_id(answer, "dm_event_id")

    async def close(self) -> None:
        """Close the connections."""
        await self._wire.end()

    async def _call(self, name: str, call: Awaitable[Any]) -> Json:
        _answered.set(None)
        try:
            body = await call
        except FAILURES as error:
            status, headers = _answered.get() or (None, {})
            raise ApiFailed(error, status, headers) from error
        status, headers = _answered.get() or (None, {})
        if "x-rate-limit-limit" in headers:
            left = headers.get("x-rate-limit-remaining", "?")
            self.limits[name] = f"{headers['x-rate-limit-limit']} in 15 minutes, {left} left"
        if not isinstance(body, dict):
            raise ApiFailed(TypeError("the answer is no object"), status, headers)
        return body


def _new_id(answer: Json, name: str) -> str:
    data = answer.get("data")
    if not isinstance(data, Mapping) or not data.get(name):
        raise ApiFailed(KeyError(name), 200, {})
    return str(data[name])
