"""Failures that can be armed."""

from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """How a call goes wrong. BEFORE: it has no effect; AFTER: it has taken effect and the caller cannot know."""

    TOO_MANY_REQUESTS = "too_many_requests"
    TOO_MANY_REQUESTS_BARE = "too_many_requests_bare"
    PAYMENT_REQUIRED = "payment_required"
    ERROR = "error"
    UNAVAILABLE_BEFORE = "unavailable_before"
    UNAVAILABLE_AFTER = "unavailable_after"
    HANG_BEFORE = "hang_before"
    HANG_AFTER = "hang_after"
    CUT_BEFORE = "cut_before"
    CUT_AFTER = "cut_after"
    ODD_DATES = "odd_dates"


@dataclass(slots=True, kw_only=True)
class Fault:
    """A failure that waits for calls of one endpoint, of one HTTP method, or of any where both are "".

    `times_left` 0 means until disarmed. `seconds` is the time until the limit's reset, or the length of the hang;
    `code`, `title` and `detail` are the answer of `FaultKind.ERROR`. UNAVAILABLE is a 503 with a page of HTML.
    """

    kind: FaultKind
    endpoint: str = ""
    http_method: str = ""
    times_left: int = 1
    seconds: float = 1.0
    code: int = 500
    title: str = "Internal Server Error"
    detail: str = "Something is broken. Please try again."


class Faults:
    """The armed failures, oldest first."""

    def __init__(self) -> None:
        self.armed: list[Fault] = []

    def take(self, endpoint: str) -> Fault | None:
        """Return the first failure that fits a call and use it up once; an endpoint is ``"GET /2/tweets/:id"``."""
        method = endpoint.partition(" ")[0]
        for fault in self.armed:
            if fault.endpoint in ("", endpoint) and fault.http_method in ("", method):
                fault.times_left -= 1
                if fault.times_left == 0:
                    self.armed.remove(fault)
                return fault
        return None
