"""What crosses the wire: X's problems as X words them, times, and the parameters of a call."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

Json = dict[str, Any]

PROBLEMS = "https://api.twitter.com/2/problems/"
CREATED_AT = "%Y-%m-%dT%H:%M:%S.000Z"


class ApiError(Exception):
    """An answer that is no success: a status, a body, headers."""

    def __init__(self, status: int, body: Json, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(body.get("detail", str(status)))
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


def problem(status: int, title: str, detail: str, kind: str = "about:blank", **more: Any) -> ApiError:
    """Return an error with X's problem document; `kind` is the end of its type's address."""
    address = kind if kind == "about:blank" else PROBLEMS + kind
    return ApiError(status, {"title": title, "detail": detail, "type": address, "status": status, **more})


def forbidden(detail: str) -> ApiError:
    """Return a 403, with X's sentence."""
    return problem(403, "Forbidden", detail)


def unauthorised() -> ApiError:
    """Return a 401; X does not say what was wrong."""
    return problem(401, "Unauthorized", "Unauthorized")


def too_many_requests(headers: Mapping[str, str] | None = None) -> ApiError:
    """Return a 429; the headers say when to come back, where X sends them."""
    error = problem(429, "Too Many Requests", "Too Many Requests")
    error.headers.update(headers or {})
    return error


def credits_depleted(account_id: str) -> ApiError:
    """Return the 402 of an account that has run out of credits."""
    detail = f"Your enrolled account [{account_id}] does not have any credits to fulfill this request."
    body = {"account_id": int(account_id), "title": "CreditsDepleted", "detail": detail}
    return ApiError(402, body | {"type": PROBLEMS + "credits"})


def invalid(parameter: str, value: object, message: str) -> ApiError:
    """Return a 400 about one parameter."""
    detail = "One or more parameters to your request was invalid."
    errors = [{"parameters": {parameter: [str(value)]}, "message": message}]
    body = {"errors": errors, "title": "Invalid Request", "detail": detail, "type": PROBLEMS + "invalid-request"}
    return ApiError(400, body)


def not_found(resource: str, parameter: str, value: str) -> Json:
    """Return the entry of `errors` for what is not there (any more)."""
    return {
        "value": value,
        "detail": f"Could not find {resource} with {parameter}: [{value}].",
        "title": "Not Found Error",
        "resource_type": resource,
        "parameter": parameter,
        "resource_id": value,
        "type": PROBLEMS + "resource-not-found",
    }


def suspended(parameter: str, value: str) -> Json:
    """Return the entry of `errors` for a suspended account."""
    return not_found("user", parameter, value) | {
        "detail": f"User has been suspended: [{value}].",
        "title": "Forbidden",
    }


def not_authorised(parameter: str, value: str) -> Json:
    """Return the entry of `errors` for a post of a suspended or protected account."""
    return not_found("tweet", parameter, value) | {
        "detail": f"Sorry, you are not authorized to see the Tweet with {parameter}: [{value}].",
        "title": "Authorization Error",
        "type": PROBLEMS + "not-authorized-for-resource",
    }


def at(moment: datetime) -> str:
    """Return a time as X writes it."""
    return moment.astimezone(UTC).strftime(CREATED_AT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    """The parameters of one call: those in the path, the query and the JSON body."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Json

    def integer(self, name: str, default: int, least: int, most: int) -> int:
        """Return a number of the query. Raises `ApiError` where it is none, or outside its bounds."""
        text = self.query.get(name, str(default))
        if not text.isdecimal():
            raise invalid(name, text, f"The `{name}` query parameter value [{text}] is not valid")
        if not least <= int(text) <= most:
            message = f"The `{name}` query parameter value [{text}] is not between {least} and {most}"
            raise invalid(name, text, message)
        return int(text)

    def names(self, *parameters: str) -> frozenset[str]:
        """Return the names listed, comma-separated, in any of these parameters of the query."""
        listed = (self.query.get(parameter, "").split(",") for parameter in parameters)
        return frozenset(name for names in listed for name in names if name)

    def post_id(self, name: str) -> str:
        """Return the id in the query, or "". Raises `ApiError` where it is none."""
        text = self.query.get(name, "")
        if text and not text.isdecimal():
            raise invalid(name, text, f"The `{name}` query parameter value [{text}] is not valid")
        return text

    def moment(self, name: str) -> datetime | None:
        """Return a time of the query. Raises `ApiError` where it is none."""
        text = self.query.get(name)
        if text is None:
            return None
        try:
            return datetime.fromisoformat(text).astimezone(UTC)
        except ValueError:
            raise invalid(name, text, f"The `{name}` query parameter value [{text}] is not valid") from None


async def read_params(request: web.Request) -> Params:
    """Read path, query and body. Raises `ApiError` where the body is no JSON object."""
    text = await request.text()
    try:
        body = json.loads(text) if text else {}
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise problem(400, "Bad Request", "Requests with bodies must have content-type of application/json.")
    return Params(path=dict(request.match_info), query=dict(request.query), body=body)


def answered(items: Sequence[Json], errors: Sequence[Json] = (), includes: Json | None = None) -> Json:
    """Return an answer with a list; X leaves out what is empty."""
    body: Json = {"data": list(items), "includes": includes or {}, "errors": list(errors)}
    return {key: value for key, value in body.items() if value}


def json_response(body: Json, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return an answer in JSON, with the content type that X gives it."""
    return web.json_response(body, status=status, headers=headers)
