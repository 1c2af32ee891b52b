"""The SDK's client with its addresses, starts and events, requests for interactions, and what its errors mean."""

from __future__ import annotations

import asyncio
import json
import logging
import time
import urllib.request
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import urlsplit

import aiohttp
import discord
from discord.gateway import DiscordWebSocket
from discord.http import HTTPClient, Route

from adapters.base import Busy, ChannelError, MaybePosted, Rejected, Unreachable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from adapters.discord.settings import Settings

Connect: TypeAlias = "Callable[[], aiohttp.BaseConnector]"
"""Makes the connections' connector. Called in a running loop."""

FAILURES: Final = (
    discord.DiscordException,
    aiohttp.ClientError,
    OSError,  # TimeoutError is one
    # The rest: an answer that is not Discord's, from a proxy or a portal; and the SDK's own mistakes (its #10520).
    AttributeError,
    KeyError,
    TypeError,
    ValueError,
    RuntimeError,
)
EVENTS: Final = (
    "READY",
    "MESSAGE_CREATE",
    "MESSAGE_UPDATE",
    "MESSAGE_DELETE",
    "MESSAGE_DELETE_BULK",
    "INTERACTION_CREATE",
)
SERVER_THERE: Final = "SERVER_THERE"
SERVER_AWAY: Final = "SERVER_AWAY"
"""Not Discord's names: whether a server can be heard, as far as the SDK keeps account of it."""
_LONGEST_ACK: Final = 100  # characters, of an answer to a heartbeat
_STORM_WAIT_S: Final = 10.0
_BAN_WAIT_S: Final = 600.0  # what Discord's own window for invalid requests lasts
_MAX_RATE_LIMIT_WAIT_S: Final = 30.0  # the least that the SDK can be told
_HASTE: Final = (5, 60.0)  # connections to the gateway, seconds: beyond them, it is waited
_INTERACTION_TIMEOUT_S: Final = 10.0
_CONNECTED_WITHIN_S: Final = 15.0
_SILENT_S: Final = 60.0  # without a word, heartbeats included, the gateway is taken for dead at the next one

# Its requests hold interaction tokens, and at DEBUG people's words.
logging.getLogger("discord").setLevel(logging.WARNING)
logging.getLogger("discord.http").setLevel(logging.ERROR)
discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False


class TooManyStarts(Exception):
    """As many sessions as a day may have were begun; `wait_s` until one more may be."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"no new session for {wait_s:.0f} s")
        self.wait_s = wait_s


class _Http(HTTPClient):
    """The SDK's HTTP with the addresses of the configuration, for this client alone."""

    settings: Settings
    _connected: tuple[float, ...] = ()

    async def request(self, route: Route, **options: Any) -> Any:
        """Send a request. Raises the SDK's errors."""
        route.url = self.settings.api_base.rstrip("/") + route.url.removeprefix(Route.BASE)
        return await super().request(route, **options)

    async def ws_connect(self, url: str, *, compress: int = 0) -> aiohttp.ClientWebSocketResponse:
        """Connect to the gateway, unhurriedly: where it hangs up at once, the SDK would try again at once."""
        count, within_s = _HASTE
        now = time.monotonic()
        self._connected = (*(at for at in self._connected if now - at < within_s), now)
        if (hasty := len(self._connected) - count) > 0:
            await asyncio.sleep(min(self.settings.max_backoff_s, 2.0**hasty))
        default = str(DiscordWebSocket.DEFAULT_GATEWAY)
        if url.startswith(default):
            url = self.settings.gateway.rstrip("/") + "/" + url.removeprefix(default).lstrip("/")
        # The SDK waits a minute for a line that swallows all; a connection is made at once or not at all.
        async with asyncio.timeout(min(_CONNECTED_WITHIN_S, self.settings.request_timeout_s)):
            return await super().ws_connect(url, compress=compress)


class Client(discord.Client):
    """One login. What the gateway says goes to `heard`, unparsed and in its order; the SDK keeps servers and channels.

    `started` is called before every new session and may refuse it; `alive` when Discord has answered a heartbeat.
    """

    def __init__(  # noqa: PLR0913 - what a login consists of
        self,
        settings: Settings,
        *,
        reads_content: bool,
        heard: Callable[[dict[str, Any]], None],
        started: Callable[[], Awaitable[None]],
        alive: Callable[[], None],
        connector: aiohttp.BaseConnector | None = None,
    ) -> None:
        self._settings = settings
        self._heard = heard
        self._started = started
        self._alive = alive
        intents = discord.Intents(guilds=True, guild_messages=True, dm_messages=True, message_content=reads_content)
        super().__init__(
            intents=intents,
            connector=connector,
            max_messages=None,
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
            allowed_mentions=discord.AllowedMentions.none(),
            max_ratelimit_timeout=_MAX_RATE_LIMIT_WAIT_S,
            guild_ready_timeout=settings.ready_wait_s,
            heartbeat_timeout=_SILENT_S,
            enable_debug_events=True,
        )
        self.filled = asyncio.Event()
        """Set while all servers are known."""

    def _get_state(self, **options: Any) -> Any:
        proxy = _proxy(self._settings.api_base)
        http = _Http(self.loop, proxy=proxy, max_ratelimit_timeout=self.http.max_ratelimit_timeout)
        http.connector = self.http.connector
        http.settings = self._settings
        self.http = http
        state = super()._get_state(**options)
        for event in EVENTS[1:]:  # we read these ourselves: one that the SDK cannot read would end its connection
            state.parsers.pop(event, None)
        return state

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:  # noqa: ARG002 - the SDK's
        """Count the session; the pause between two is Discord's wish."""
        if not initial:
            await asyncio.sleep(self._settings.start_pause_s)
        await self._started()

    async def on_ready(self) -> None:
        """All servers are known."""
        self.filled.set()

    async def on_guild_available(self, guild: discord.Guild) -> None:
        """A server is there: at the start, late, or after an outage."""
        self._heard({"t": SERVER_THERE, "d": {"id": str(guild.id)}})

    async def on_guild_unavailable(self, guild: discord.Guild) -> None:
        """A server has an outage."""
        self._heard({"t": SERVER_AWAY, "d": {"id": str(guild.id)}})

    async def on_socket_raw_receive(self, text: str) -> None:
        """Something came from the gateway."""
        if len(text) < _LONGEST_ACK and json.loads(text).get("op") == DiscordWebSocket.HEARTBEAT_ACK:
            self._alive()
        if not any(f'"{event}"' in text for event in EVENTS):
            return  # seen at once, so that long lists of members are not read twice
        payload = json.loads(text)
        if payload.get("t") in EVENTS:
            if payload["t"] == "READY":
                self.filled.clear()
                self._alive()
            self._heard(payload)

    async def on_error(self, event_method: str, /, *_args: Any, **_kwargs: Any) -> None:
        """Say that an event could not be handled, without its words."""
        logging.getLogger(__name__).error(
            "Discord: %s could not be handled.", event_method, extra={"action": "event_failed"}
        )

    async def call(self, method: str, path: str, **options: Any) -> Any:
        """A request that the SDK has no object for, paced by the SDK. Raises the SDK's errors."""
        body = {key: options.pop(key) for key in ("json", "params") if key in options}
        async with asyncio.timeout(self._settings.request_timeout_s):
            return await self.http.request(Route(method, path, **options), **body)


def _proxy(api_base: str) -> str | None:
    """The proxy that the environment names (HTTPS_PROXY, NO_PROXY), for the gateway too."""
    address = urlsplit(api_base)
    skipped = urllib.request.proxy_bypass(address.hostname or "")
    return None if skipped else urllib.request.getproxies().get(address.scheme)


class InteractionWire:
    """Answers to interactions: by their own tokens, outside of the bot's limits, and each tried only once.

    The SDK would repeat what is not to be doubled, and log addresses that hold the tokens.
    """

    def __init__(self, api_base: str, connector: aiohttp.BaseConnector | None) -> None:
        self._base = api_base.rstrip("/")
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=_INTERACTION_TIMEOUT_S),
            proxy=_proxy(api_base),
        )

    async def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The answer's object, or nothing. Raises `ChannelError`."""
        try:
            async with self._session.request(method, self._base + path, json=body) as response:
                text = await response.text()
                status = response.status
        except (aiohttp.ClientConnectorError, aiohttp.ClientHttpProxyError) as error:
            raise Unreachable("Discord cannot be reached.") from error
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise MaybePosted(f"Discord did not answer ({type(error).__name__}).") from error
        try:
            found = json.loads(text) if text else {}
        except ValueError:
            found = None
        answer: dict[str, Any] = found if isinstance(found, dict) else {}
        if status == 429:  # noqa: PLR2004
            wait_s = answer.get("retry_after")
            raise Busy(
                "Discord asks to wait.", retry_after_s=float(wait_s) if isinstance(wait_s, int | float) else _BAN_WAIT_S
            )
        if status >= 500:  # noqa: PLR2004
            raise MaybePosted(f"Discord answers {status}.")
        if status >= 400:  # noqa: PLR2004
            if not answer:
                raise Unreachable(f"Something before Discord refuses: {status}.")
            raise Rejected(f"Discord refuses: {status}, {answer.get('code', '')} {answer.get('message', '')}".strip())
        return answer

    async def close(self) -> None:
        """Release the connections."""
        await self._session.close()


def outcome(error: Exception) -> ChannelError:
    """What a failed request says about the reply."""
    if isinstance(error, ChannelError):
        return error
    said = told(error)
    if isinstance(error, discord.RateLimited):
        return Busy(f"Discord asks to wait: {said}", retry_after_s=error.retry_after)
    if isinstance(error, discord.HTTPException):
        return _refusal(error, said)
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ClientHttpProxyError):
        return Unreachable(f"Discord cannot be reached: {said}")
    return MaybePosted(f"Discord: {said}")


def _refusal(error: discord.HTTPException, said: str) -> ChannelError:
    if error.status == 429 and is_discords(error):  # noqa: PLR2004 - after as many repetitions as the SDK makes
        return Busy(f"Discord asks to wait again and again: {said}", retry_after_s=_asked_wait_s(error))
    if error.status == 429:  # noqa: PLR2004 - without Discord's own answer: blocked by the servers in front
        return Busy(f"Discord has blocked this address for a while: {said}", retry_after_s=_BAN_WAIT_S)
    if error.status >= 500:  # noqa: PLR2004
        return MaybePosted(f"Discord: {said}")
    if not is_discords(error):
        return Unreachable(f"Something before Discord refuses: {said}")
    if error.status == 401:  # noqa: PLR2004 - cured by the operator, and the reply can be sent then
        return Unreachable(f"Discord refuses the token: {said}")
    return Rejected(f"Discord refuses: {said}")


def _asked_wait_s(error: discord.HTTPException) -> float:
    try:
        return float(error.response.headers.get("retry-after", ""))
    except ValueError:
        return _STORM_WAIT_S


def is_discords(error: discord.HTTPException) -> bool:
    """Whether Discord itself answered: a proxy, a portal or the servers in front of it send pages."""
    return str(error.response.headers.get("content-type", "")).startswith("application/json")


def told(error: BaseException) -> str:
    """The error in one short line; never a body that quotes somebody."""
    if isinstance(error, discord.HTTPException):
        return f"{error.status}, code {error.code}"
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return " ".join(text.split())[:200]
