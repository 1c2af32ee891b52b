"""Requests and answers of the API: who may go on, what is refused and how, and limits of calls."""

import json
import math
from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

Json = dict[str, Any]
FORBIDDEN: Json = {"title": "Forbidden", "message": "You do not have access to this page."}


class Refused(Exception):
    """An answer of the API that is no success."""

    def __init__(self, status: int, error: object, description: str = "", **more: object) -> None:
        super().__init__(f"{status} {error}")
        self.status = status
        self.headers: dict[str, str] = {}
        self.body: Json = {"error": error, **({"description": description} if description else {}), **more}


def invalid(name: str, description: str, error: str = "") -> Refused:
    """A record that fails validation, with why."""
    detail = {"description": description, **({"error": error} if error else {})}
    return Refused(422, "RecordInvalid", "Record validation errors", details={name: [detail]})


def too_many(description: str, wait_s: float) -> Refused:
    """More than a limit allows."""
    refused = Refused(429, "TooManyRequests", description)
    refused.headers["Retry-After"] = str(math.ceil(max(wait_s, 1)))
    return refused


@dataclass(slots=True, kw_only=True)
class Call:
    """One request, authenticated."""

    request: web.Request
    user: Json
    raw: bytes
    headers: dict[str, str] = field(default_factory=dict)

    def arg(self, name: str, default: str = "") -> str:
        """A parameter of the query."""
        return self.request.query.get(name, default)

    @property
    def includes(self) -> set[str]:
        """What is to be sideloaded."""
        return {part.strip() for part in self.arg("include").split(",") if part.strip()}

    def body(self, name: str) -> Json:
        """The object of this name in the JSON that was sent."""
        try:
            sent = json.loads(self.raw)
        except ValueError:
            raise Refused(422, "Unprocessable Entity", message="Server could not parse JSON") from None
        if not isinstance(sent, dict) or not isinstance(sent.get(name), dict):
            raise Refused(400, {"title": "Invalid attribute", "message": f"You passed an invalid value for {name}."})
        return dict(sent[name])

    def answer(self, data: Json, status: int = 200, **headers: str) -> web.Response:
        """JSON."""
        return web.json_response(data, status=status, headers={**self.headers, **headers})


class Limit:
    """So many calls in a sliding window, by whatever is counted."""

    def __init__(self, calls: int, window_s: float) -> None:
        self.calls, self.window_s = calls, window_s
        self._taken: defaultdict[object, deque[datetime]] = defaultdict(deque)

    def take(self, what: object, now: datetime) -> tuple[int, float]:
        """How many are left after this one (-1: it is one too many), and how many seconds until one more is."""
        taken = self._taken[what]
        while taken and (now - taken[0]).total_seconds() >= self.window_s:
            taken.popleft()
        if len(taken) < self.calls:
            taken.append(now)
            left = self.calls - len(taken)
        else:
            left = -1
        return left, self.window_s - (now - taken[0]).total_seconds()


def iso(at: datetime) -> str:
    """A time as the API writes it: UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
