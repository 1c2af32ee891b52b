"""Discord's limits: buckets by address, the global limit, and the ban for too many invalid requests."""

import hashlib
import time
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from simulators.discord.wire import Json

_CALLBACK = "/interactions/{interaction_id}/{interaction_token}/callback"
_INVALID_WINDOW_S = 600.0
_MAJOR = ("channel_id", "guild_id", "webhook_id")
BAN_PAGE = "<!DOCTYPE html>\n<html><head><title>Access denied | discord.com</title></head><body>error code: 1015</body>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A 429: how long to wait, and for what: "user" (this address), "global" or "shared" (others use it too)."""

    retry_after_s: float
    scope: str

    def body(self) -> Json:
        """Return the body of the answer."""
        is_global = self.scope == "global"
        body = {"message": "You are being rate limited.", "code": 0}
        return body | {"retry_after": self.retry_after_s, "global": is_global}

    def headers(self) -> dict[str, str]:
        """Return the headers; without `Via`, discord.py takes the answer for a ban."""
        headers = {"Retry-After": f"{self.retry_after_s:.3f}", "X-RateLimit-Scope": self.scope, "Via": "1.1 google"}
        return headers | ({"X-RateLimit-Global": "true"} if self.scope == "global" else {})


@dataclass(slots=True)
class _Window:
    ends_at: float = 0.0
    used: int = 0


@dataclass(slots=True, kw_only=True)
class Limits:
    """The limits as they are set; wide by default, so that tests do not wait. Real ones: 5 messages in 5 s, 50 in all.

    `invalid_limit` answers with 401, 403 or 429 within ten minutes end in the ban page.
    """

    bucket_size: int = 10_000
    bucket_s: float = 1.0
    global_per_s: int = 100_000
    invalid_limit: int = 10_000
    _buckets: dict[str, _Window] = field(default_factory=lambda: defaultdict(_Window))
    _all: _Window = field(default_factory=_Window)
    _invalid: deque[float] = field(default_factory=deque)

    def configure(self, *, bucket_size: int, bucket_s: float, global_per_s: int, invalid_limit: int) -> None:
        """Set the limits, and begin counting anew."""
        self.bucket_size, self.bucket_s = bucket_size, bucket_s
        self.global_per_s, self.invalid_limit = global_per_s, invalid_limit
        self._buckets.clear()
        self._all = _Window()
        self._invalid.clear()

    def take(
        self, method: str, route: str, params: Mapping[str, str], *, is_interaction: bool
    ) -> tuple[dict[str, str], Refusal | None]:
        """Count a request; return the headers of its bucket, and the refusal where it is one too many.

        Interactions do not count towards the global limit, and the first answer to one has no bucket at all.
        """
        now = time.monotonic()
        if not is_interaction and not _count(self._all, now, self.global_per_s, 1.0):
            return {}, Refusal(retry_after_s=round(self._all.ends_at - now, 3), scope="global")
        if route == _CALLBACK:
            return {}, None
        major = ":".join(params[name] for name in _MAJOR if name in params)
        name = hashlib.sha256(f"{method} {route}".encode()).hexdigest()[:32]
        window = self._buckets[f"{name}:{major}"]
        passes = _count(window, now, self.bucket_size, self.bucket_s)
        left_s = max(0.0, window.ends_at - now)
        headers = {
            "X-RateLimit-Limit": str(self.bucket_size),
            "X-RateLimit-Remaining": str(max(0, self.bucket_size - window.used)),
            "X-RateLimit-Reset": f"{time.time() + left_s:.3f}",
            "X-RateLimit-Reset-After": f"{left_s:.3f}",
            "X-RateLimit-Bucket": name,
        }
        return headers, None if passes else Refusal(retry_after_s=round(left_s, 3), scope="user")

    def note(self, status: int, scope: str = "") -> None:
        """Count an invalid request; a shared limit is nobody's fault."""
        if status in {401, 403} or (status == 429 and scope != "shared"):
            self._invalid.append(time.monotonic())

    def invalid_requests(self) -> int:
        """Return the invalid requests of the last ten minutes."""
        since = time.monotonic() - _INVALID_WINDOW_S
        while self._invalid and self._invalid[0] < since:
            self._invalid.popleft()
        return len(self._invalid)

    def is_banned(self) -> bool:
        """Return whether Cloudflare answers in Discord's place."""
        return self.invalid_requests() >= self.invalid_limit


def _count(window: _Window, now: float, size: int, length_s: float) -> bool:
    """Count into a window, which begins anew when it is over; return whether there was room."""
    if now >= window.ends_at:
        window.ends_at, window.used = now + length_s, 0
    window.used += 1
    return window.used <= size
