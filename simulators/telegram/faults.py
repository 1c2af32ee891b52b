"""Failures that can be armed, and the rate limits of the real server."""

import time
from collections import defaultdict, deque
from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """How a call goes wrong. BEFORE: it has no effect; AFTER: it has taken effect and the caller cannot know."""

    TOO_MANY_REQUESTS = "too_many_requests"
    ERROR = "error"
    BAD_GATEWAY_BEFORE = "bad_gateway_before"
    BAD_GATEWAY_AFTER = "bad_gateway_after"
    HANG_BEFORE = "hang_before"
    HANG_AFTER = "hang_after"
    CUT_BEFORE = "cut_before"
    CUT_AFTER = "cut_after"
    DRIP = "drip"


@dataclass(slots=True, kw_only=True)
class Fault:
    """A failure that waits for calls. It fits any method and any chat where these are None.

    `seconds` is the retry_after, the length of the hang, or the time over which the answer drips;
    `code` and `description` are the answer of `FaultKind.ERROR`.
    """

    kind: FaultKind
    method: str | None = None
    chat_id: int | None = None
    times_left: int = 1
    seconds: float = 1.0
    code: int = 500
    description: str = "Internal Server Error"


class Faults:
    """The armed failures, oldest first."""

    def __init__(self) -> None:
        self.armed: list[Fault] = []

    def take(self, method: str, chat_id: object) -> Fault | None:
        """Return the first failure that fits this call and use it up once."""
        for fault in self.armed:
            fits_method = fault.method is None or fault.method.lower() == method.lower()
            if fits_method and fault.chat_id in (None, chat_id):
                fault.times_left -= 1
                if fault.times_left == 0:
                    self.armed.remove(fault)
                return fault
        return None


class RateLimits:
    """Telegram's published limits: 30/s over all chats, 1/s in one chat after a short burst, 20/min in one group."""

    def __init__(self, *, overall_per_s: int = 30, chat_burst: int = 3, group_per_minute: int = 20) -> None:
        self._overall_per_s = overall_per_s
        self._chat_burst = chat_burst
        self._group_per_minute = group_per_minute
        self._sent: dict[tuple[int, int], deque[float]] = defaultdict(deque)

    def wait_s(self, bot_id: int, chat_id: int) -> int:
        """Return 0 and count the message, or the whole seconds until it would pass."""
        now = time.monotonic()
        # A burst of b at 1/s is a window: at most b messages in b seconds.
        windows = [(self._sent[bot_id, 0], self._overall_per_s, 1.0)]
        windows.append((self._sent[bot_id, chat_id], self._chat_burst, float(self._chat_burst)))
        if chat_id < 0:
            windows[-1] = (self._sent[bot_id, chat_id], self._group_per_minute, 60.0)
        for times, count, length_s in windows:
            while times and times[0] <= now - length_s:
                times.popleft()
            if len(times) >= count:
                return int(times[0] + length_s - now) + 1
        for times, _, _ in windows:
            times.append(now)
        return 0
