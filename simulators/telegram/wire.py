"""What crosses the wire: errors as the Bot API words them, and the parameters of a call, however they were encoded."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

Json = dict[str, Any]

# Values that a form sends as text although they are numbers or nested objects. Everything else stays as it came.
_NUMBERS = frozenset({"chat_id", "message_id", "message_thread_id", "user_id", "offset", "limit", "timeout"})
_NESTED = frozenset(
    {"allowed_updates", "commands", "entities", "link_preview_options", "reaction", "reply_markup"}
    | {"reply_parameters", "scope"}
)


class ApiError(Exception):
    """An answer with ``ok: false``; `parameters` carries ``retry_after`` or ``migrate_to_chat_id``."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    def answer(self) -> Json:
        """Return the body that the real server would send."""
        body: Json = {"ok": False, "error_code": self.code, "description": self.description}
        return body | {"parameters": self.parameters} if self.parameters else body


def bad_request(text: str, **parameters: int) -> ApiError:
    """Return a 400 with Telegram's prefix."""
    return ApiError(400, f"Bad Request: {text}", **parameters)


def too_many_requests(retry_after_s: int) -> ApiError:
    """Return a 429 with Telegram's wording."""
    return ApiError(429, f"Too Many Requests: retry after {retry_after_s}", retry_after=retry_after_s)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came in a multipart body."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Params:
    """The parameters of one call, already decoded (see `read_params`)."""

    values: Mapping[str, Any]

    def text(self, name: str) -> str:
        """Return a text, empty where absent."""
        value = self.values.get(name)
        return "" if value is None else str(value)

    def integer(self, name: str, default: int = 0) -> int:
        """Return a number. Raises `ApiError` where it is none."""
        value = self.values.get(name)
        if value is None or value == "":
            return default
        try:
            return int(value)
        except (TypeError, ValueError):
            raise bad_request(f"invalid {name} specified") from None

    def flag(self, name: str) -> bool:
        """Return a truth value; forms send it as a word."""
        return str(self.values.get(name, "")).lower() in {"true", "1", "yes"}

    def array(self, name: str) -> list[Any] | None:
        """Return a list, None where absent. Raises `ApiError` where it is none."""
        value = self.values.get(name)
        if value is None or isinstance(value, list):
            return value
        raise bad_request(f"can't parse {name} JSON array")

    def object(self, name: str) -> Json | None:
        """Return an object, None where absent. Raises `ApiError` where it is none."""
        value = self.values.get(name)
        if value is None or isinstance(value, dict):
            return value
        raise bad_request(f"can't parse {name} JSON object")


async def read_params(request: web.Request) -> Params:
    """Read query string and body (form, multipart or JSON). Raises `ApiError` where the JSON is broken."""
    values: Json = dict(request.query)
    if request.content_type == "application/json":
        values |= _json_object(await request.text())
    elif request.can_read_body:
        for name, value in (await request.post()).items():
            values[name] = Upload(value.filename, value.file.read()) if isinstance(value, web.FileField) else value
    return Params({name: _decoded(name, value) for name, value in values.items()})


def _json_object(text: str) -> Json:
    try:
        body = json.loads(text or "{}")
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise bad_request("can't parse request parameters JSON object")
    return body


def _decoded(name: str, value: object) -> object:
    """Turn the texts of a form into what a JSON body would have held; leave what cannot be turned."""
    if not isinstance(value, str):
        return value
    try:
        if name in _NUMBERS:
            return int(value)
        if name in _NESTED:
            return json.loads(value)
    except ValueError:
        return value
    return value
