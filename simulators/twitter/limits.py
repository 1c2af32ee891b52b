"""X's rate limits, and the headers that tell of them."""

from collections import defaultdict
from dataclasses import dataclass

from simulators.twitter.wire import too_many_requests
from simulators.twitter.world import World

_QUARTER_S = 15 * 60
_DAY_S = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Limit:
    """How often an endpoint may be called: by the app and by a user in 15 minutes, by each in 24 hours. 0: no limit."""

    app: int = 0
    user: int = 0
    app_day: int = 0
    user_day: int = 0


@dataclass(slots=True)
class _Window:
    ends_at: float
    used: int = 0


class RateLimits:
    """Counts calls in windows that start with the first call. Not enforced until `is_on`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._windows: dict[tuple[str, str, int], _Window] = defaultdict(lambda: _Window(0.0))
        self.overrides: dict[str, int] = {}
        self.is_on = False

    def reset(self) -> None:
        """Begin all windows anew."""
        self._windows.clear()

    def count(self, endpoint: str, limit: Limit, *, app_id: str, user_id: str) -> dict[str, str]:
        """Count a call and return the headers of its answer; `user_id` is "" for app-only calls. Raises `ApiError`."""
        quarter = self.overrides.get(endpoint, limit.user if user_id else limit.app)
        windows = [("x-rate-limit", user_id or app_id, quarter, _QUARTER_S)]
        windows.append(("x-app-limit-24hour", app_id, limit.app_day, _DAY_S))
        windows.append(("x-user-limit-24hour", user_id, limit.user_day, _DAY_S))
        headers: dict[str, str] = {}
        is_over = False
        for name, who, most, length_s in windows:
            if not most or not who:
                continue
            window = self._window(endpoint, who, length_s)
            is_over = is_over or (self.is_on and window.used >= most)
            window.used += self.is_on
            headers |= {f"{name}-limit": str(most), f"{name}-remaining": str(max(0, most - max(1, window.used)))}
            headers[f"{name}-reset"] = str(int(window.ends_at) + 1)
        if is_over:
            raise too_many_requests(headers)
        return headers

    def _window(self, endpoint: str, who: str, length_s: int) -> _Window:
        window = self._windows[endpoint, who, length_s]
        if window.ends_at <= self._world.clock():
            window.ends_at, window.used = self._world.clock() + length_s, 0
        return window
