"""What crosses the wire: errors as Discord words them, the body of a request, times and ids."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

Json = dict[str, Any]

_FILE_FIELD = re.compile(r"files?\[?\d*\]?")


class ApiError(Exception):
    """A refusal: HTTP status, Discord's own code, its message and, for a form, what is wrong with which field."""

    def __init__(self, status: int, code: int, message: str, errors: Json | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors

    def answer(self) -> Json:
        """Return the body that the real server would send."""
        body: Json = {"message": self.message, "code": self.code}
        return body | {"errors": self.errors} if self.errors else body


def not_found() -> ApiError:
    """Return the answer to an address that does not exist."""
    return ApiError(404, 0, "404: Not Found")


def unauthorised() -> ApiError:
    """Return the answer to an unknown token."""
    return ApiError(401, 0, "401: Unauthorized")


def unknown(what: str) -> ApiError:
    """Return the 404 for something unknown, named as Discord names it."""
    return ApiError(404, _UNKNOWN[what], f"Unknown {what}")


_UNKNOWN = {
    "Application": 10002,
    "Channel": 10003,
    "Guild": 10004,
    "Member": 10007,
    "Message": 10008,
    "Role": 10011,
    "User": 10013,
    "Webhook": 10015,
    "interaction": 10062,
    "application command": 10063,
}


def missing_access() -> ApiError:
    """Return the answer to who may not see a channel."""
    return ApiError(403, 50001, "Missing Access")


def missing_permissions() -> ApiError:
    """Return the answer to who may not do what they tried."""
    return ApiError(403, 50013, "Missing Permissions")


def invalid_form(field: str, code: str, message: str) -> ApiError:
    """Return the 400 for one field, named by its path ("message_reference", "content", "data.content")."""
    errors: Json = {"_errors": [{"code": code, "message": message}]}
    for name in reversed(field.split(".")):
        errors = {name: errors}
    return ApiError(400, 50035, "Invalid Form Body", errors)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came in a multipart body."""

    name: str
    content: bytes
    content_type: str


async def read_body(request: web.Request) -> tuple[Any, list[Upload]]:
    """Read the JSON of a request, plain or as ``payload_json`` beside files. Raises `ApiError` where it is broken."""
    if not request.can_read_body:
        return {}, []
    if request.content_type != "multipart/form-data":
        return _loads(await request.text()), []
    body, files = {}, []
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            files.append(Upload(value.filename, value.file.read(), value.content_type))
        elif name == "payload_json":
            body = _loads(str(value))
        elif not _FILE_FIELD.fullmatch(name):
            body[name] = value
    return body, files


def _loads(text: str) -> Any:
    try:
        return json.loads(text or "{}")
    except ValueError:
        raise ApiError(400, 50109, "The request body contains invalid JSON.") from None


def snowflake(value: object) -> str:
    """Return an id as Discord writes it; the SDKs send numbers here and texts there. Raises `ApiError`."""
    text = str(value)
    if isinstance(value, bool) or not re.fullmatch(r"\d{1,20}", text):
        raise ApiError(400, 50035, "Invalid Form Body", {"_errors": [{"code": "NUMBER_TYPE_COERCE", "message": text}]})
    return text


def iso(seconds: float) -> str:
    """Return a Unix time as Discord writes it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")


def plain_answer(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return JSON under exactly ``application/json``: with a charset behind it, discord.py does not take it as JSON."""
    content = json.dumps(body).encode()
    return web.Response(body=content, status=status, headers=headers, content_type="application/json")
