"""The filtered stream as a doorbell: whatever it brings, mentions are polled at once; nothing is taken from it.

So it can neither lose nor double anything: what matters comes in by one way only.
"""

from __future__ import annotations

import asyncio
import json
import logging
from random import SystemRandom
from typing import TYPE_CHECKING, Any, Final, NoReturn

import aiohttp
import tweepy  # type: ignore[import-untyped]  # it has no types
from tweepy.asynchronous import AsyncStreamingClient  # type: ignore[import-untyped]  # the same

from adapters.twitter.meter import Item
from adapters.twitter.wire import FAILURES, Wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapters.twitter.purse import Purse
    from adapters.twitter.settings import Settings
    from adapters.twitter.targets import Account

logger = logging.getLogger(__name__)

_SILENCE_S: Final = 60.0  # X sends an empty line every 20 seconds


class Doorbell:
    """Keeps one connection to the stream open and sets `rung` at every post, every connect and every close."""

    def __init__(
        self,
        settings: Settings,
        account: Account,
        rung: asyncio.Event,
        purse: Purse,
        connector: Callable[[], aiohttp.BaseConnector] | None = None,
    ) -> None:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=settings.request_timeout_s, sock_read=_SILENCE_S)
        self._wire = Wire(settings.api_base, timeout, connector)
        token = settings.bearer_token.get_secret_value() if settings.bearer_token else ""
        self._stream = _Stream(token, self._wire, rung, purse, settings.max_backoff_s)
        self._purse = purse
        self._rule = f"@{account.username}"
        self._name = account.name
        self._max_backoff_s = settings.max_backoff_s

    async def run(self) -> NoReturn:
        """Listen until cancelled; tweepy itself comes back after most failures."""
        failures = 0
        try:
            while True:
                if not await self._purse.is_spent() and await self._has_rule():
                    # Not `await task`: tweepy swallows the cancellation, and with it ours.
                    await asyncio.wait({self._stream.filter()})
                failures += 1
                await asyncio.sleep(_backoff_s(failures, self._max_backoff_s))
        finally:
            self._stream.disconnect()
            if self._stream.task is not None:
                await asyncio.gather(self._stream.task, return_exceptions=True)
            await self._wire.end()

    async def _has_rule(self) -> bool:
        """Make sure that the stream brings what mentions the account; other rules are somebody else's."""
        try:
            found: Any = await self._stream.get_rules()
            rules = found.get("data") or []
            if not any(rule.get("value") == self._rule for rule in rules):
                await self._stream.add_rules(tweepy.StreamRule(value=self._rule, tag="firstline"))
        except FAILURES as error:
            logger.warning(
                "X: the stream cannot be set up (%s); mentions are polled.",
                " ".join(f"{type(error).__name__}: {error}".split())[:200],
                extra={"action": "stream_unreachable", "channel": self._name},
            )
            return False
        return True


class _Stream(AsyncStreamingClient):  # type: ignore[misc]  # tweepy has no types
    """tweepy's stream, which counts posts and takes none.

    It leaves where there is no more money for them, and comes back with patience where X hangs up again and again.
    """

    def __init__(self, token: str, wire: Wire, rung: asyncio.Event, purse: Purse, max_backoff_s: float) -> None:
        super().__init__(token, return_type=dict)
        self.session = wire
        self._rung = rung
        self._purse = purse
        self._max_backoff_s = max_backoff_s
        self._closed = 0

    async def on_connect(self) -> None:
        self._rung.set()  # what was posted while there was no stream

    async def on_data(self, raw_data: bytes) -> None:
        try:
            said: Any = json.loads(raw_data)
        except ValueError:
            said = None
        errors = said.get("errors") if isinstance(said, dict) else None
        if errors:
            titles = [str(error.get("title")) for error in errors if isinstance(error, dict)]
            logger.info("X ends the stream: %s.", ", ".join(titles), extra={"action": "stream_ended"})
        else:
            self._closed = 0
        post = said.get("data") if isinstance(said, dict) else None
        if isinstance(post, dict) and post.get("id"):
            await self._purse.read(Item.POST_READ, [str(post["id"])])  # before it is polled, which is cheaper
        self._rung.set()
        if await self._purse.is_spent():
            logger.info("X: the day's budget is spent; mentions are polled.", extra={"action": "stream_ended"})
            self.disconnect()

    async def on_closed(self, resp: aiohttp.ClientResponse) -> None:  # noqa: ARG002 - tweepy's
        self._rung.set()
        self._closed += 1
        await asyncio.sleep(_backoff_s(self._closed, self._max_backoff_s))

    async def on_connection_error(self) -> None:
        self._rung.set()

    async def on_request_error(self, status_code: int) -> None:
        logger.warning(
            "X refuses the stream (%d); mentions are polled.", status_code, extra={"action": "stream_refused"}
        )

    async def on_exception(self, exception: Exception) -> None:
        logger.warning("X: the stream broke (%s).", type(exception).__name__, extra={"action": "stream_broken"})

    async def on_disconnect(self) -> None:
        self._rung.set()


def _backoff_s(times: int, cap_s: float) -> float:
    return float(min(cap_s, 0.25 * 2.0 ** min(times, 16))) * SystemRandom().uniform(0.5, 1)
