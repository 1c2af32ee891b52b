"""What goes over the wire: refusals, bodies, fields, pages and times, in Freshdesk's form."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aiohttp import web

Json = dict[str, Any]
Answer = tuple[int, Any, dict[str, str]]

_MAX_PAGES: Final = 300
_MOST_A_PAGE: Final = 100
MAX_TEXT: Final = 255
UNKNOWN: Final = ("Unexpected/invalid field in request", "invalid_field")
BLANK, BAD = "It should not be blank as this is a mandatory field", "invalid_value"
_TYPES: Final[dict[type, str]] = {str: "String", int: "Integer", bool: "Boolean", list: "Array", dict: "key/value pair"}
REQUESTER: Final[dict[str, type]] = {"requester_id": int, "email": str, "phone": str, "unique_external_id": str}
_ABOUT: Final[dict[str, type]] = {
    "name": str, "subject": str, "type": str, "status": int, "priority": int, "source": int, "description": str,
    "responder_id": int, "group_id": int, "product_id": int, "company_id": int, "email_config_id": int, "due_by": str,
    "fr_due_by": str, "tags": list, "cc_emails": list, "custom_fields": dict, "attachments": list,
}  # fmt: skip
TICKET: Final = REQUESTER | _ABOUT
NOTE: Final[dict[str, type]] = {
    "body": str, "private": bool, "incoming": bool, "user_id": int, "notify_emails": list, "attachments": list,
}  # fmt: skip
REPLY: Final[dict[str, type]] = {
    "body": str, "from_email": str, "user_id": int, "cc_emails": list, "bcc_emails": list, "attachments": list,
}  # fmt: skip
CONTACT: Final[dict[str, type]] = {
    "name": str, "email": str, "phone": str, "mobile": str, "twitter_id": str, "unique_external_id": str,
    "description": str, "job_title": str, "language": str, "time_zone": str, "address": str, "company_id": int,
    "view_all_tickets": bool, "tags": list, "custom_fields": dict, "other_emails": list,
}  # fmt: skip


class Refusal(Exception):
    """An answer other than the wanted one; without a body where Freshdesk sends none."""

    def __init__(self, status: int, body: Json | None = None, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


def invalid(*errors: tuple[str, str, str]) -> Refusal:
    """400 with errors as field, message and code."""
    listed = [{"field": name, "message": message, "code": code} for name, message, code in errors]
    return Refusal(400, {"description": "Validation failed", "errors": listed})


async def read_body(request: web.Request) -> Json:
    """A request's fields, of JSON or a form. Raises `Refusal`."""
    if request.content_type == "multipart/form-data":
        return await _form(request)
    if request.content_type != "application/json":
        raise Refusal(
            415, {"code": "invalid_content_type", "message": "Content-Type header is set to an unsupported type"}
        )
    try:
        fields = json.loads(await request.read())
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        raise Refusal(400, {"code": "invalid_json", "message": "Request body has invalid json format"})
    if "attachments" in fields:
        text = "It should contain elements of type valid file format only"
        raise invalid(("attachments", text, "datatype_mismatch"))
    return fields


async def _form(request: web.Request) -> Json:
    """A form's fields: numbers and truth values are read off their texts, ``x[]`` are lists, ``x[y]`` are objects."""
    fields: Json = {}
    async for part in await request.multipart():
        if not isinstance(part, aiohttp.BodyPartReader) or not part.name:
            raise Refusal(400, {"code": "invalid_json", "message": "Request body has invalid format"})
        name, _, inner = part.name.partition("[")
        if part.filename:
            value: Any = (
                part.filename,
                part.headers.get("Content-Type", "application/octet-stream"),
                bytes(await part.read()),
            )
        else:
            value = _read(name, await part.text())
        if inner == "]":
            fields.setdefault(name, []).append(value)
        elif inner:
            fields.setdefault(name, {})[inner.removesuffix("]")] = value
        else:
            fields[name] = value
    return fields


def _read(name: str, text: str) -> object:
    kind = {**TICKET, **NOTE, **REPLY}.get(name)
    if kind is bool and text in {"true", "false"}:
        return text == "true"
    return int(text) if kind is int and text.isdecimal() else text


def validate(fields: Json, known: Mapping[str, type], mandatory: Sequence[str] = ()) -> None:
    """Names, types and lengths of fields. Raises `Refusal` with everything that is wrong."""
    errors = []
    for name, value in fields.items():
        kind = known.get(name)
        if kind is None:
            errors.append((name, "Unexpected/invalid field in request", "invalid_field"))
        elif value is not None and type(value) is not kind:
            given = _TYPES.get(type(value), "Null")
            errors.append((name, f"Value set is of type {given}.It should be a/an {_TYPES[kind]}", "datatype_mismatch"))
        elif kind is str and name in {"subject", "name", "unique_external_id"} and len(str(value)) > MAX_TEXT:
            errors.append((name, too_long(value), BAD))
    for name in mandatory:
        if name not in fields:
            errors.append((name, f"It should be a/an {_TYPES[known[name]]}", "missing_field"))
        elif isinstance(fields[name], str) and not fields[name].strip():
            errors.append((name, "It should not be blank as this is a mandatory field", BAD))
    if errors:
        raise invalid(*errors)


def too_long(text: object) -> str:
    """What is said of a text for a field of one line."""
    return f"Has {len(str(text))} characters, it can have maximum of {MAX_TEXT} characters"


def page_of(request: web.Request, rows: Sequence[Json]) -> Answer:
    """The page that was asked for, and a link to the next one."""
    numbers = {}
    for name, first, most in (("page", 1, _MAX_PAGES), ("per_page", 30, _MOST_A_PAGE)):
        given = request.query.get(name, str(first))
        if not given.isdecimal() or not 1 <= int(given) <= most:
            text = f"It should be a Positive Integer less than or equal to {most}"
            raise invalid((name, text, BAD))
        numbers[name] = int(given)
    begin = (numbers["page"] - 1) * numbers["per_page"]
    shown = list(rows[begin : begin + numbers["per_page"]])
    if begin + numbers["per_page"] >= len(rows):
        return 200, shown, {}
    onward = request.url.update_query(page=str(numbers["page"] + 1))
    return 200, shown, {"Link": f'<{onward}>; rel="next"'}


def timestamp(at: datetime) -> str:
    """A time as Freshdesk writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text: str) -> datetime:
    """A time that somebody wrote. Raises `Refusal`."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        message = "It should be a/an valid date in the combined date and time ISO8601 format"
        raise invalid(("updated_since", message, "invalid_date")) from None
