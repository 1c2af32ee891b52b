"""Reddit's forms: base 36, listings, errors in both of its shapes, and the HTML of Markdown."""

import html
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

Json = dict[str, Any]

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
DEFAULT_LIMIT = 25
MAX_LIMIT = 100
MAX_ITEMS = 1_000
"""How far back a listing reaches, whatever is asked."""


class ApiError(Exception):
    """An answer with an error status; its body is Reddit's usual ``{"message": ..., "error": status}``."""

    def __init__(self, status: int, *, reason: str = "", field: str = "", explanation: str = "") -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        self.reason = reason
        self.field = field
        self.explanation = explanation
        self.headers: dict[str, str] = {}
        if status == HTTPStatus.UNAUTHORIZED:
            self.headers["www-authenticate"] = 'Bearer realm="reddit", error="invalid_token"'

    def body(self) -> Json:
        """Return the JSON of the answer."""
        phrase = HTTPStatus(self.status).phrase
        if self.field:
            return {"fields": [self.field], "explanation": self.explanation, "message": phrase, "reason": self.reason}
        body: Json = {"message": phrase, "error": self.status}
        return {"reason": self.reason} | body if self.reason else body


class Moved(Exception):
    """A redirection to another path."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class FormError(Exception):
    """An error of a form, which comes with status 200: ``{"json": {"errors": [[code, message, field]]}}``."""

    def __init__(self, code: str, message: str, form_field: str, *, ratelimit_s: float | None = None) -> None:
        super().__init__(code)
        self.error = [code, message, form_field]
        self.ratelimit_s = ratelimit_s

    def body(self) -> Json:
        """Return the JSON of the answer."""
        body: Json = {"errors": [self.error]}
        return {"json": body if self.ratelimit_s is None else {"ratelimit": self.ratelimit_s} | body}


def rate_limited(seconds: float) -> FormError:
    """Return the error for an account that writes too fast, in minutes from one minute on, as Reddit rounds it."""
    count, unit = (int(seconds), "second") if seconds < 60 else (int(seconds // 60), "minute")
    wait = f"{count} {unit}" if count == 1 else f"{count} {unit}s"
    message = f"Looks like you've been doing that a lot. Take a break for {wait} before trying again."
    return FormError("RATELIMIT", message, "ratelimit", ratelimit_s=float(seconds))


def base36(number: int) -> str:
    """Return a number as Reddit writes ids."""
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"


def listing(children: Sequence[Json], *, after: str | None = None, before: str | None = None) -> Json:
    """Return a Listing of objects with kind and data."""
    page = {"after": after, "dist": len(children), "modhash": None, "geo_filter": "", "children": list(children)}
    return {"kind": "Listing", "data": page | {"before": before}}


def page(names: Sequence[str], query: Mapping[str, str]) -> tuple[list[str], str | None, str | None]:
    """Choose a page of fullnames, newest first; gives it with its `after` and `before`.

    As recorded: `before` gives the items next to the anchor, not the newest ones, and says nothing of older ones; an
    anchor that is not in the listing (any more) gives an empty page.
    """
    names = names[:MAX_ITEMS]
    limit = _limit(query.get("limit"))
    anchor = query.get("after") or query.get("before")
    if anchor and anchor not in names:
        return [], None, None
    if anchor and not query.get("after"):
        last = names.index(anchor)
        first = max(0, last - limit)
        return list(names[first:last]), None, names[first] if first > 0 else None
    first = names.index(anchor) + 1 if anchor else 0
    chosen = list(names[first : first + limit])
    return chosen, chosen[-1] if first + limit < len(names) else None, None


def _limit(text: str | None) -> int:
    if text is None or not text.isdecimal():
        return DEFAULT_LIMIT
    return min(max(int(text), 1), MAX_LIMIT)


def markdown_html(text: str, *, marked: bool = True) -> str:
    """Return a text's HTML: its paragraphs. What else Markdown can do, no program reads from here."""
    paragraphs = "\n\n".join(f"<p>{html.escape(part.strip())}</p>" for part in text.split("\n\n"))
    inner = f'<div class="md">{paragraphs}\n</div>'
    return f"<!-- SC_OFF -->{inner}<!-- SC_ON -->" if marked else inner


def escaped(value: object) -> object:
    """Return JSON with `&`, `<` and `>` of every text escaped, as Reddit does where ``raw_json=1`` is missing."""
    if isinstance(value, str):
        return html.escape(value, quote=False)
    if isinstance(value, dict):
        return {key: escaped(item) for key, item in value.items()}
    return [escaped(item) for item in value] if isinstance(value, list) else value


def iso(at: float) -> str:
    """Return a time as modmail writes it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f+0000")


def now() -> float:
    """Return the time in seconds since 1970."""
    return time.time()
