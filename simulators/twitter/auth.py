"""Who calls: OAuth 1.0a signatures (RFC 5849) and OAuth 2.0 bearer tokens."""

import base64
import hmac
import re
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, unquote

from simulators.twitter.wire import ApiError, unauthorised
from simulators.twitter.world import User

# Clients sign the address they believe to be calling, whatever it was replaced with on the way.
SIGNED_ORIGINS = ("https://api.twitter.com", "https://api.x.com")
_CLOCK_SKEW_S = 300
_PARAMETER = re.compile(r'([a-z_]+)="([^"]*)"')


@dataclass(slots=True, kw_only=True)
class App:
    """A developer's app: its keys, its app-only token, and the account it is billed to."""

    id: str
    consumer_key: str
    consumer_secret: str
    bearer_token: str


@dataclass(slots=True, kw_only=True)
class Bot:
    """An account that the app may act for, with its keys; `oauth2_token` is a bearer token of the user."""

    user: User
    access_token: str
    access_token_secret: str
    oauth2_token: str


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and how: `bot` is None for app-only calls."""

    bot: Bot | None
    method: str  # as X names it


@dataclass(slots=True)
class Gate:
    """Knows the keys. Signatures are as fresh as the real clock says, whatever time it is in the world."""

    app: App
    bots: dict[str, Bot] = field(default_factory=dict)  # by user id
    _nonces: set[str] = field(default_factory=set)

    def caller(self, method: str, raw_path: str, header: str) -> Caller:
        """Return who calls. `raw_path` is path and query as they came. Raises `ApiError` 401."""
        scheme, _, rest = header.partition(" ")
        if scheme == "Bearer":
            return self._bearer(rest.strip())
        if scheme == "OAuth":
            return self._signed(method, raw_path, rest)
        raise unauthorised()

    def _bearer(self, token: str) -> Caller:
        if hmac.compare_digest(token.encode(), self.app.bearer_token.encode()):
            return Caller(None, "OAuth 2.0 Application-Only")
        for bot in self.bots.values():
            if hmac.compare_digest(token.encode(), bot.oauth2_token.encode()):
                return Caller(bot, "OAuth 2.0 User Context")
        raise unauthorised()

    def _signed(self, method: str, raw_path: str, header: str) -> Caller:
        sent = {name: unquote(value) for name, value in _PARAMETER.findall(header)}
        bot = next((bot for bot in self.bots.values() if bot.access_token == sent.get("oauth_token")), None)
        if bot is None or sent.get("oauth_consumer_key") != self.app.consumer_key:
            raise unauthorised()
        signature = sent.pop("oauth_signature", "")
        path, _, query = raw_path.partition("?")
        pairs = [*parse_qsl(query, keep_blank_values=True), *sent.items()]
        keys = (self.app.consumer_secret, bot.access_token_secret)
        wanted = [sign(method, origin + path, pairs, keys) for origin in SIGNED_ORIGINS]
        is_signed = any(hmac.compare_digest(signature.encode(), one.encode()) for one in wanted)
        if not is_signed or not self._is_fresh(sent):
            raise unauthorised()
        return Caller(bot, "OAuth 1.0a User Context")

    def _is_fresh(self, sent: dict[str, str]) -> bool:
        nonce, timestamp = sent.get("oauth_nonce", ""), sent.get("oauth_timestamp", "")
        is_now = timestamp.isdecimal() and abs(int(timestamp) - time.time()) <= _CLOCK_SKEW_S
        if not nonce or nonce in self._nonces or not is_now:
            return False
        self._nonces.add(nonce)
        return True


def sign(method: str, url: str, pairs: Iterable[tuple[str, str]], keys: tuple[str, str]) -> str:
    """Return the HMAC-SHA1 signature of a call; `keys` are the secrets of app and account."""
    encoded = sorted((_percent(name), _percent(value)) for name, value in pairs)
    normal = "&".join(f"{name}={value}" for name, value in encoded)
    base = "&".join(map(_percent, (method.upper(), url, normal)))
    key = "&".join(map(_percent, keys))
    return base64.b64encode(hmac.digest(key.encode(), base.encode(), "sha1")).decode()


def unsupported(caller: Caller, supported: str) -> ApiError:
    """Return the 403 of an endpoint that wants another kind of authentication."""
    detail = (
        f"Authenticating with {caller.method} is forbidden for this endpoint.  "
        f"Supported authentication types are [{supported}]."
    )
    kind = "https://api.twitter.com/2/problems/unsupported-authentication"
    return ApiError(403, {"title": "Unsupported Authentication", "detail": detail, "type": kind, "status": 403})


def new_app() -> App:
    """Return an app with made-up keys."""
    return App(
        id="1900000000000000001",
        consumer_key=secrets.token_hex(12),
        consumer_secret=secrets.token_hex(25),
        bearer_token="A" * 22 + secrets.token_hex(40),
    )


def new_bot(user: User) -> Bot:
    """Return made-up keys for an account; SDKs read the account's id from the access token."""
    return Bot(
        user=user,
        access_token=f"{user.id}-{secrets.token_hex(20)}",
        access_token_secret=secrets.token_hex(22),
        oauth2_token=secrets.token_urlsafe(66),
    )


def _percent(text: str) -> str:
    return quote(text, safe="~")
