"""Reddit's log-in for scripts: clients, passwords, refresh tokens and the tokens they are given."""

import base64
import binascii
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from simulators.reddit.wire import ApiError, Json, now
from simulators.reddit.world import User, World

_SCOPE = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token; `user` is None where it only reads (client_credentials)."""

    text: str
    user: User | None
    expires_at: float


class Tokens:
    """The OAuth side. A token lives `lifetime_s`."""

    def __init__(self, world: World, *, lifetime_s: int) -> None:
        self._world = world
        self._lifetime_s = lifetime_s
        self._clients: dict[str, str] = {}
        self._passwords: dict[str, str] = {}
        self._refresh: dict[str, User] = {}
        self._tokens: dict[str, Token] = {}

    def add_client(self, client_id: str, client_secret: str) -> None:
        """Register an application."""
        self._clients[client_id] = client_secret

    def set_password(self, user: User, password: str) -> None:
        """Let a user log in with a password."""
        self._passwords[user.name] = password

    def new_refresh_token(self, user: User) -> str:
        """Return a permanent token of a user, as the consent page gives it."""
        text = f"{user.id}-{secrets.token_urlsafe(20)}"
        self._refresh[text] = user
        return text

    def expire_all(self) -> None:
        """Let every access token be refused from now on."""
        self._tokens.clear()

    def grant(self, authorization: str, form: Mapping[str, str]) -> tuple[User | None, Json]:
        """Answer POST /api/v1/access_token, with whom it is for. Raises `ApiError` 401 for a wrong client."""
        client_id, _, secret = _basic(authorization).partition(":")
        if self._clients.get(client_id) != secret or not client_id:
            raise ApiError(401)
        kind = form.get("grant_type", "")
        extra: Json = {}
        user: User | None = None
        if kind == "password":
            user = self._world.users.get(form.get("username", "").lower())
            if user is None or self._passwords.get(user.name) != form.get("password"):
                return None, {"error": "invalid_grant"}
        elif kind == "refresh_token":
            user = self._refresh.get(form.get("refresh_token", ""))
            if user is None:
                raise ApiError(400)
            extra = {"refresh_token": form["refresh_token"]}
        elif kind != "client_credentials":
            return None, {"error": "unsupported_grant_type"}
        token = Token(text=secrets.token_urlsafe(32), user=user, expires_at=now() + self._lifetime_s)
        self._tokens[token.text] = token
        answer: Json = {"access_token": token.text, "token_type": "bearer", "expires_in": self._lifetime_s}
        return user, answer | {"scope": _SCOPE} | extra

    def user_of(self, authorization: str) -> User | None:
        """Return who holds a bearer token; None reads only. Raises `ApiError` 401 where it is not valid (any more)."""
        scheme, _, text = authorization.partition(" ")
        token = self._tokens.get(text)
        if scheme.lower() != "bearer" or token is None or token.expires_at <= now():
            raise ApiError(401)
        return token.user


def _basic(authorization: str) -> str:
    scheme, _, text = authorization.partition(" ")
    try:
        return base64.b64decode(text, validate=True).decode() if scheme.lower() == "basic" else ""
    except (binascii.Error, UnicodeDecodeError):
        return ""
