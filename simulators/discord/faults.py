"""Failures that can be armed for calls of the REST API."""

from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """How a call goes wrong. BEFORE: it has no effect; AFTER: it has taken effect and the caller cannot know."""

    TOO_MANY_REQUESTS = "too_many_requests"
    BAN_PAGE = "ban_page"  # 429 of Cloudflare: HTML, without the header Via
    ERROR = "error"
    BAD_GATEWAY_BEFORE = "bad_gateway_before"
    BAD_GATEWAY_AFTER = "bad_gateway_after"
    UNAVAILABLE = "unavailable"  # 503 with HTML
    SLOW_BEFORE = "slow_before"
    SLOW_AFTER = "slow_after"
    CUT_BEFORE = "cut_before"
    CUT_AFTER = "cut_after"


@dataclass(slots=True, kw_only=True)
class Fault:
    """A failure that waits for calls; where `method`, `route` or `path` is empty, any fits.

    `method` may hold several, parted by "|". `route` is the address with its names ("/channels/{channel_id}/messages"),
    `path` a part of the real one. `times_left` below 0: until it is disarmed. `seconds` is the retry_after or the
    delay; `scope` that of the 429; `status`, `code` and `message` are the answer of `FaultKind.ERROR`.
    """

    kind: FaultKind
    method: str = ""
    route: str = ""
    path: str = ""
    times_left: int = 1
    seconds: float = 1.0
    scope: str = "user"
    status: int = 500
    code: int = 0
    message: str = "Internal Server Error"
    name: str = ""


class Faults:
    """The armed failures, oldest first."""

    def __init__(self) -> None:
        self.armed: list[Fault] = []

    def take(self, method: str, route: str, path: str) -> Fault | None:
        """Return the first failure that fits this call and use it up once."""
        for fault in self.armed:
            fits_method = not fault.method or method in fault.method.split("|")
            if fits_method and fault.route in {"", route} and fault.path in path:
                fault.times_left -= 1
                if fault.times_left == 0:
                    self.armed.remove(fault)
                return fault
        return None
