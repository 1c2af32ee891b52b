"""Failures that can be armed, the headers of the rate limit, and the limit itself."""

import time
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase


class FaultKind(StrEnum):
    """How a call goes wrong. BEFORE: it has no effect; AFTER: it has taken effect and the caller cannot know."""

    TOO_MANY_REQUESTS = "too_many_requests"
    ERROR = "error"
    FORM_ERROR = "form_error"
    RATELIMIT = "ratelimit"
    HTML_BEFORE = "html_before"
    HTML_AFTER = "html_after"
    HANG_BEFORE = "hang_before"
    HANG_AFTER = "hang_after"
    CUT_BEFORE = "cut_before"
    CUT_AFTER = "cut_after"


@dataclass(slots=True, kw_only=True)
class Fault:
    """A failure that waits for calls of a path (with `*` and `?`) and an HTTP method; None fits any.

    `times_left` 0 means until it is disarmed. `seconds` is the retry-after (negative: none is sent), the wait that
    Reddit's RATELIMIT names, or the length of the hang. `status` is that of an error or of a page of HTML;
    `code`, `message` and `form_field` are those of `FaultKind.FORM_ERROR`.
    """

    kind: FaultKind
    path: str | None = None
    http_method: str | None = None
    times_left: int = 1
    seconds: float = 1.0
    status: int = 503
    code: str = ""
    message: str = ""
    form_field: str = ""

    def fits(self, http_method: str, path: str) -> bool:
        """Say whether a call is one to fail; paths have no slash at their end."""
        is_path = self.path is None or fnmatchcase(path, self.path)
        return is_path and self.http_method in (None, http_method)


class Faults:
    """The armed failures, oldest first."""

    def __init__(self) -> None:
        self.armed: list[Fault] = []

    def take(self, http_method: str, path: str) -> Fault | None:
        """Return the first failure that fits this call and use it up once."""
        for fault in self.armed:
            if fault.fits(http_method, path):
                if fault.times_left == 1:
                    self.armed.remove(fault)
                fault.times_left = max(fault.times_left - 1, 0)
                return fault
        return None


class Quota:
    """The requests of a window, and what the answers' headers say of them.

    Without a limit the headers are always the same, chosen so that prawcore never paces itself: with figures that do
    not fit together it sleeps up to 10 s before every call.
    """

    def __init__(self) -> None:
        self._said = (996.0, 4, 300)
        self._limit: int | None = None
        self._window_s = 600.0
        self._times: deque[float] = deque()

    def say(self, remaining: float, used: int, reset_s: int) -> None:
        """Send these figures from now on, true or not."""
        self._said, self._limit = (remaining, used, reset_s), None

    def limit(self, requests: int | None, window_s: float) -> None:
        """Allow so many requests in a window from now on; None allows all."""
        self._limit, self._window_s = requests, window_s
        self._times.clear()

    def take(self) -> tuple[bool, dict[str, str]]:
        """Count a request; gives whether it is allowed, and the headers for its answer."""
        remaining, used, reset_s = self._said
        is_allowed = True
        if self._limit is not None:
            at = time.monotonic()
            if self._times and self._times[0] <= at - self._window_s:
                self._times.clear()  # Reddit's windows do not slide
            is_allowed = len(self._times) < self._limit
            if is_allowed:
                self._times.append(at)
            used, since = len(self._times), next(iter(self._times), at)
            remaining, reset_s = float(self._limit - used), max(1, round(since + self._window_s - at))
        figures = {"remaining": str(remaining), "used": str(used), "reset": str(reset_s)}
        return is_allowed, {f"x-ratelimit-{name}": figure for name, figure in figures.items()}
