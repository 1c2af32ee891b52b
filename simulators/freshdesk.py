"""A Freshdesk account as a local server: API v2, the limit of calls, and automation webhooks.

``python -m simulators.freshdesk --port N`` prints one line of JSON (`url`, `key`, `agent_key`) and serves until it is
told to stop. In a test: ``async with FreshdeskSimulator() as sim``.

What it takes, refuses and gives back follows Freshdesk's documentation, the sample data of python-freshdesk and the
schemas of Airbyte's connector; field sets are held to the latter two by tests.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import html
import itertools
import json
import math
import re
import signal
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any, Final, Self

import aiohttp
from aiohttp import web

Json = dict[str, Any]
_Answer = tuple[int, Any, dict[str, str]]

_MAX_ATTACHED_BYTES: Final = 20 << 20
_MAX_PAGES: Final = 300
_MOST_A_PAGE: Final = 100
_FOUND_A_PAGE: Final = 30
_OLD: Final = timedelta(days=30)
_TEXT: Final = 255
_TAG: Final = 32
_UNKNOWN: Final = ("Unexpected/invalid field in request", "invalid_field")
_BLANK, _BAD = "It should not be blank as this is a mandatory field", "invalid_value"
_LONG_AGO: Final = "2026-01-05T08:00:00Z"
_STATUSES: Final = {2: "Open", 3: "Pending", 4: "Resolved", 5: "Closed"}
_TYPES: Final[dict[type, str]] = {str: "String", int: "Integer", bool: "Boolean", list: "Array", dict: "key/value pair"}

_REQUESTER: Final[dict[str, type]] = {"requester_id": int, "email": str, "phone": str, "unique_external_id": str}
_ABOUT: Final[dict[str, type]] = {
    "name": str, "subject": str, "type": str, "status": int, "priority": int, "source": int, "description": str,
    "responder_id": int, "group_id": int, "product_id": int, "company_id": int, "email_config_id": int, "due_by": str,
    "fr_due_by": str, "tags": list, "cc_emails": list, "custom_fields": dict, "attachments": list,
}  # fmt: skip
_TICKET: Final = _REQUESTER | _ABOUT
_NOTE: Final[dict[str, type]] = {
    "body": str, "private": bool, "incoming": bool, "user_id": int, "notify_emails": list, "attachments": list,
}  # fmt: skip
_REPLY: Final[dict[str, type]] = {
    "body": str, "from_email": str, "user_id": int, "cc_emails": list, "bcc_emails": list, "attachments": list,
}  # fmt: skip
_CONTACT: Final[dict[str, type]] = {
    "name": str, "email": str, "phone": str, "mobile": str, "twitter_id": str, "unique_external_id": str,
    "description": str, "job_title": str, "language": str, "time_zone": str, "address": str, "company_id": int,
    "view_all_tickets": bool, "tags": list, "custom_fields": dict, "other_emails": list,
}  # fmt: skip
_LONG: Final = frozenset({"attachments", "description", "description_text"})
_STATS: Final = (
    "agent_responded_at", "requester_responded_at", "first_responded_at", "status_updated_at", "reopened_at",
    "resolved_at", "closed_at", "pending_since",
)  # fmt: skip
_LISTED: Final = frozenset({
    "filter", "requester_id", "email", "unique_external_id", "company_id", "updated_since", "order_by", "order_type",
    "include", "page", "per_page",
})  # fmt: skip


class _Refusal(Exception):
    """An answer other than the wanted one; without a body where Freshdesk sends none."""

    def __init__(self, status: int, body: Json | None = None, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


def _invalid(*errors: tuple[str, str, str]) -> _Refusal:
    """400 with errors as field, message and code."""
    listed = [{"field": name, "message": message, "code": code} for name, message, code in errors]
    return _Refusal(400, {"description": "Validation failed", "errors": listed})


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """What an automation rule calls when an agent or a requester (not the API's own user) changed a ticket.

    `body` is a template: ``{{ticket.id}}`` and its like are replaced. A call that is not answered with 2xx is made
    again after each of `again_s`.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = '{"ticket_id": "{{ticket.id}}"}'
    again_s: tuple[float, ...] = (300.0, 1800.0, 3600.0)


class FreshdeskSimulator:
    """One account with a bot (`key`), an agent (`agent_key`) and a group (`group_id`).

    Args:
        port: 0 takes a free one.
        latency_s: before each answer.
        limit_per_minute: of calls, wrong ones included, as plans have them.
        window_s: how long that minute is.
        index_lag_s: how long a new ticket is not found by the search.
        custom_fields: names and types of the ticket's own fields.
        statuses: the account's own, besides the usual four: from 6 on.
        has_external_ids: whether the account knows contacts by `unique_external_id`.
        required: names of fields that the account's form wants of agents.
    """

    def __init__(  # noqa: PLR0913 - each has a default; a test names the one it is about
        self,
        *,
        port: int = 0,
        latency_s: float = 0.0,
        limit_per_minute: int = 700,
        window_s: float = 60.0,
        index_lag_s: float = 120.0,
        custom_fields: Mapping[str, str] = {"cf_firstline_key": "custom_text"},
        statuses: Mapping[int, str] = {6: "Waiting on Customer", 7: "Waiting on Third Party"},
        has_external_ids: bool = True,
        required: Sequence[str] = (),
    ) -> None:
        self.port = port
        self.key, self.agent_key = "bot-key-of-freshdesk", "agent-key-of-freshdesk"
        self.bot_id, self.agent_id, self.group_id = 9001, 9002, 501
        self.latency_s = latency_s
        self.limit_per_minute = limit_per_minute
        self.window_s = window_s
        self.index_lag_s = index_lag_s
        self.custom_fields = dict(custom_fields)
        self.statuses = {**_STATUSES, **statuses}
        self.has_external_ids = has_external_ids
        self.required = tuple(required)
        self.ticket_scope = 1
        self.admin_keys = {self.key, self.agent_key}
        self.clock_s = 0.0  # by how much the server's clock is ahead
        self.webhook: Webhook | None = None
        self.calls: list[tuple[str, str]] = []
        self.redirects_to_archive = False
        self.tickets: dict[int, Json] = {}
        self.archived: dict[int, Json] = {}
        self.conversations: dict[int, list[Json]] = {}
        self.contacts: dict[int, Json] = {}
        self.files: dict[int, tuple[str, str, bytes]] = {}
        self._indexed: dict[int, float] = {}
        self._ids = itertools.count(1)
        self._window = (0.0, 0.0)
        self._runner: web.AppRunner | None = None
        self._hooks: set[asyncio.Task[None]] = set()
        self._routes = self._routing()

    @property
    def url(self) -> str:
        """The account's address."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=_MAX_ATTACHED_BYTES * 2)
        app.router.add_get("/attachments/{id}/{name}", self._attachment)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._hooks:
            task.cancel()
        await asyncio.gather(*self._hooks, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()

    def now(self) -> datetime:
        """The server's clock, in the whole seconds that Freshdesk tells."""
        return (datetime.now(UTC) + timedelta(seconds=self.clock_s)).replace(microsecond=0)

    # --- the wire ---------------------------------------------------------------------------------------------------

    def _routing(self) -> list[tuple[re.Pattern[str], dict[str, Callable[..., Any]]]]:
        paths: dict[str, dict[str, Callable[..., Any]]] = {
            "agents/me": {"GET": self._me},
            "agents/N": {"GET": self._agent},
            "groups": {"GET": self._groups},
            "groups/N": {"GET": self._group},
            "ticket_fields": {"GET": self._fields},
            "contacts": {"GET": self._list_contacts, "POST": self._create_contact},
            "contacts/N": {"GET": self._contact, "PUT": self._update_contact},
            "tickets": {"GET": self._list, "POST": self._create},
            "tickets/N": {"GET": self._show, "PUT": self._update, "DELETE": self._delete},
            "tickets/archived/N": {"GET": self._show_archived},
            "tickets/archived/N/conversations": {"GET": self._converse_archived},
            "tickets/N/conversations": {"GET": self._converse},
            "tickets/N/notes": {"POST": self._add_note},
            "tickets/N/reply": {"POST": self._add_reply},
            "search/tickets": {"GET": self._search},
        }
        return [(re.compile(path.replace("N", "([0-9]{1,18})")), methods) for path, methods in paths.items()]

    async def _answer(self, request: web.Request) -> web.Response:
        self.calls.append((request.method, request.path))
        used = 1 + 2 * len(request.query.get("include", "").replace(",", " ").split())
        remaining = self._spend(used)
        limits = {
            "X-Freshdesk-API-Version": "latest=v2; requested=v2",
            "X-RateLimit-Total": str(self.limit_per_minute),
            "X-RateLimit-Remaining": str(max(remaining, 0)),
            "X-RateLimit-Used-CurrentRequest": str(used),
            "Date": self.now().strftime("%a, %d %b %Y %H:%M:%S GMT"),
        }
        await asyncio.sleep(self.latency_s)
        try:
            status, body, headers = await self._do(request) if remaining >= 0 else self._too_many()
        except _Refusal as refusal:
            status, body, headers = refusal.status, refusal.body, refusal.headers
        if body is None:
            return web.Response(status=status, headers=limits | headers)
        return web.json_response(body, status=status, headers=limits | headers)

    def _too_many(self) -> tuple[int, Json, dict[str, str]]:
        wait_s = max(1, math.ceil(self._window[0] + self.window_s - time.monotonic()))
        return 429, {"message": "You have exceeded the limit of requests"}, {"Retry-After": str(wait_s)}

    def _spend(self, used: int) -> int:
        """What is left of this minute's calls; less than 0 where too many were made."""
        began, spent = self._window
        if time.monotonic() - began >= self.window_s:
            began, spent = time.monotonic(), 0
        self._window = (began, spent + used)
        return int(self.limit_per_minute - spent - used)

    async def _do(self, request: web.Request) -> _Answer:
        path = request.path.removeprefix("/api/v2/")
        found = [(match, methods) for known, methods in self._routes if (match := known.fullmatch(path))]
        if not request.path.startswith("/api/v2/") or not found:
            raise _Refusal(404)
        who = self._who(request)
        match, methods = found[0]
        if request.method not in methods:
            allowed = ", ".join(methods)
            message = f"{request.method} method is not allowed. It should be one of these method(s): {allowed}"
            raise _Refusal(405, {"message": message}, {"Allow": allowed})
        values = [int(group) for group in match.groups()]
        if request.method == "GET":
            answer: Any = methods["GET"](who, request, *values)
        elif request.method == "DELETE":
            answer = methods["DELETE"](who, *values)
        else:
            answer = methods[request.method](who, await _body(request), *values)
        status, body, *headers = answer if isinstance(answer, tuple) else (200, answer)
        return status, body, headers[0] if headers else {}

    def _who(self, request: web.Request) -> int:
        try:
            scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
            key = base64.b64decode(encoded, validate=True).decode().partition(":")[0] if scheme == "Basic" else ""
        except ValueError:
            key = ""
        who = {self.key: self.bot_id, self.agent_key: self.agent_id}.get(key)
        if who is None:
            message = "You have to be logged in to perform this action."
            raise _Refusal(401, {"code": "invalid_credentials", "message": message})
        return who

    async def _attachment(self, request: web.Request) -> web.Response:
        """An attachment's signed address on Freshdesk's store, which asks for no key."""
        name, media_type, content = self.files[int(request.match_info["id"])]
        if request.query.get("X-Amz-Signature") != "signed" or name != request.match_info["name"]:
            return web.Response(status=403)
        return web.Response(body=content, content_type=media_type)

    # --- who and what there is --------------------------------------------------------------------------------------

    def _me(self, who: int, _: web.Request) -> Json:
        return self._agent(who, _, who)

    def _agent(self, _who: int, _: web.Request, number: int) -> Json:
        if number not in {self.bot_id, self.agent_id}:
            raise _Refusal(404)
        is_bot = number == self.bot_id
        name, mail = ("Firstline", "bot@example.com") if is_bot else ("Mia Agent", "mia@example.com")
        person = {
            "active": True, "email": mail, "job_title": None, "language": "en", "last_login_at": _LONG_AGO,
            "mobile": None, "name": name, "phone": None, "time_zone": "UTC", "created_at": _LONG_AGO,
            "updated_at": _LONG_AGO,
        }  # fmt: skip
        return {
            "available": True, "occasional": False, "id": number, "signature": None, "type": "support_agent",
            "ticket_scope": self.ticket_scope if is_bot else 1, "created_at": _LONG_AGO,
            "updated_at": _LONG_AGO,
            "last_active_at": _LONG_AGO, "available_since": None, "group_ids": [self.group_id], "role_ids": [1],
            "skill_ids": [], "focus_mode": True, "contact": person,
        }  # fmt: skip

    def _group(self, _who: int, _: web.Request, number: int) -> Json:
        if number != self.group_id:
            raise _Refusal(404)
        return {
            "id": number, "name": "Support", "description": "", "escalate_to": None, "unassigned_for": None,
            "business_hour_id": None, "group_type": "support_agent_group", "created_at": _LONG_AGO,
            "updated_at": _LONG_AGO,
            "auto_ticket_assign": 0, "agent_ids": [self.agent_id],
        }  # fmt: skip

    def _groups(self, who: int, request: web.Request) -> list[Json]:
        return [self._group(who, request, self.group_id)] if request.query.get("page", "1") == "1" else []

    def _fields(self, who: int, _: web.Request) -> list[Json]:
        if {self.bot_id: self.key, self.agent_id: self.agent_key}[who] not in self.admin_keys:
            raise _Refusal(403, {"code": "access_denied", "message": "You are not authorized to perform this action."})
        usual = {"requester": "default_requester", "subject": "default_subject", "status": "default_status"}
        usual |= {"priority": "default_priority", "group": "default_group", "description": "default_description"}
        return [self._field(i, name, kind) for i, (name, kind) in enumerate({**usual, **self.custom_fields}.items(), 1)]

    def _field(self, number: int, name: str, kind: str) -> Json:
        label, is_own = name.removeprefix("cf_").replace("_", " ").capitalize(), name.startswith("cf_")
        shown: Json = {
            "id": number, "name": name, "label": label, "description": "", "position": number, "type": kind,
            "required_for_closure": False, "default": not is_own, "customers_can_edit": False, "created_at": _LONG_AGO,
            "required_for_agents": name in self.required, "required_for_customers": False, "updated_at": _LONG_AGO,
            "label_for_customers": label, "displayed_to_customers": not is_own,
        }  # fmt: skip
        if kind == "default_status":
            shown["choices"] = {str(number): [label, label] for number, label in self.statuses.items()}
        return shown

    # --- contacts ---------------------------------------------------------------------------------------------------

    def _list_contacts(self, _who: int, request: web.Request) -> _Answer:
        wanted = {name: value for name, value in request.query.items() if name not in {"page", "per_page"}}
        known = {"email", "phone", "mobile", "unique_external_id", "company_id", "state", "updated_since"}
        if strange := [(name, *_UNKNOWN) for name in wanted if name not in known]:
            raise _invalid(*strange)
        self._external_ids(wanted)
        found = [one for one in self.contacts.values() if all(str(one.get(k)) == v for k, v in wanted.items())]
        return _page(request, found)

    def _external_ids(self, fields: Mapping[str, object]) -> None:
        if "unique_external_id" in fields and not self.has_external_ids:
            raise _invalid(("unique_external_id", *_UNKNOWN))

    def _contact(self, _who: int, _: web.Request, number: int) -> Json:
        if number not in self.contacts:
            raise _Refusal(404)
        return self.contacts[number]

    def _create_contact(self, _who: int, fields: Json) -> tuple[int, Json]:
        _validate(fields, _CONTACT, mandatory=("name",))
        self._external_ids(fields)
        if not {"email", "phone", "mobile", "twitter_id", "unique_external_id"} & set(fields):
            raise _invalid(("email", "Please fill at least 1 of email, mobile, phone fields", "missing_field"))
        for name in ("email", "unique_external_id"):
            if fields.get(name) and self._contact_by(name, fields[name]):
                refusal = _invalid((name, "It should be a unique value", "duplicate_value"))
                raise _Refusal(409, refusal.body)
        return 201, self._new_contact(fields)

    def _update_contact(self, _who: int, fields: Json, number: int) -> Json:
        _validate(fields, _CONTACT)
        if number not in self.contacts:
            raise _Refusal(404)
        self.contacts[number].update(fields, updated_at=_stamp(self.now()))
        return self.contacts[number]

    def _new_contact(self, fields: Json) -> Json:
        stamp = _stamp(self.now())
        contact: Json = {
            "active": False, "address": None, "company_id": None, "description": None, "email": None,
            "id": 7000 + next(self._ids), "job_title": None, "language": "en", "mobile": None, "name": None,
            "phone": None, "time_zone": "UTC", "twitter_id": None, "custom_fields": {}, "facebook_id": None,
            "created_at": stamp, "updated_at": stamp, "csat_rating": None, "preferred_source": None,
            "unique_external_id": None, "view_all_tickets": False, "tags": [], "other_emails": [], "visitor_id": None,
        } | fields  # fmt: skip
        self.contacts[contact["id"]] = contact
        return contact

    def _contact_by(self, name: str, value: object) -> Json | None:
        return next((one for one in self.contacts.values() if one[name] == value), None)

    # --- tickets ----------------------------------------------------------------------------------------------------

    def _create(self, who: int, fields: Json) -> tuple[int, Json, dict[str, str]]:
        self._check(fields, mandatory=("subject", "description", "status", "priority"))
        requester = self._requester(fields)
        number, stamp, later = (
            len(self.tickets) + len(self.archived) + 1,
            _stamp(self.now()),
            _stamp(self.now() + timedelta(days=1)),
        )
        ticket = {
            "cc_emails": fields.get("cc_emails", []), "fwd_emails": [], "reply_cc_emails": [], "ticket_cc_emails": [],
            "fr_escalated": False, "spam": False, "email_config_id": None, "group_id": None, "priority": 1,
            "requester_id": requester["id"], "responder_id": None, "source": 2, "company_id": None, "status": 2,
            "subject": "", "association_type": None, "support_email": None, "to_emails": None, "product_id": None,
            "id": number, "type": None, "due_by": later, "fr_due_by": later, "is_escalated": False,
            "custom_fields": dict.fromkeys(self.custom_fields), "created_at": stamp, "updated_at": stamp, "tags": [],
            "associated_tickets_count": None, "nr_due_by": None, "nr_escalated": False, "attachments": [],
        }  # fmt: skip
        self.tickets[number] = ticket
        self.conversations[number] = []
        self._indexed[number] = time.monotonic() + self.index_lag_s
        self._write(ticket, fields)
        self._touch(ticket, who)
        return 201, ticket, {"Location": f"{self.url}/api/v2/tickets/{number}"}

    def _check(self, fields: Json, mandatory: Sequence[str] = ()) -> None:
        _validate(fields, _TICKET, mandatory)
        self._external_ids(fields)
        own = fields.get("custom_fields", {})
        known: dict[str, Collection[int | None]] = {
            "status": self.statuses,
            "priority": range(1, 5),
            "source": (1, 2, 3, 5, 6, 7, 9, 10),
        }
        known["group_id"] = (None, self.group_id)
        errors = [
            (name, f"It should be one of these values: '{','.join(map(str, values))}'", _BAD)
            for name, values in known.items()
            if name in fields and fields[name] not in values
        ]
        errors += [(f"custom_fields.{name}", *_UNKNOWN) for name in own if name not in self.custom_fields]
        errors += [(f"custom_fields.{k}", _too_long(v), _BAD) for k, v in own.items() if len(str(v)) > _TEXT]
        for name in self.required if mandatory else ():
            if name not in {*fields, *own}:
                errors.append((name, _BLANK, "missing_field"))
        if any(not isinstance(tag, str) or len(tag) > _TAG or "," in tag for tag in fields.get("tags", [])):
            errors.append(("tags", f"It should only contain elements that have maximum of {_TAG} characters", _BAD))
        if errors:
            raise _invalid(*errors)

    def _requester(self, fields: Json) -> Json:
        name = next((name for name in _REQUESTER if fields.get(name)), None)
        if name is None:
            text = "One of requester_id, phone, email, unique_external_id is a mandatory field"
            raise _invalid(("requester_id", text, "missing_field"))
        value = fields[name]
        found = self._contact_by("id" if name == "requester_id" else name, value)
        if found is None and name == "requester_id":
            raise _invalid((name, f"There is no contact matching the given {name}", _BAD))
        return found or self._new_contact({name: value, "name": fields.get("name") or value.partition("@")[0]})

    def _write(self, ticket: Json, fields: Json) -> None:
        plain = {k: v for k, v in fields.items() if k in ticket and k not in {"custom_fields", "attachments"}}
        ticket.update(plain)
        ticket["custom_fields"].update(fields.get("custom_fields", {}))
        if "description" in fields:
            ticket["description"], ticket["description_text"] = cleaned(fields["description"])
        ticket["attachments"] += self._attach(ticket["attachments"], fields.get("attachments", []))

    def _attach(self, there: Sequence[Json], new: Sequence[tuple[str, str, bytes]]) -> list[Json]:
        if sum(len(one[2]) for one in new) + sum(one["size"] for one in there) > _MAX_ATTACHED_BYTES:
            raise _invalid(("attachments", "Invalid file size. It should be less than 20 MB", "invalid_size"))
        attached = []
        for name, media_type, content in new:
            number, stamp = next(self._ids), _stamp(self.now())
            self.files[number] = (name, media_type, content)
            attached.append({
                "id": number, "name": name, "content_type": media_type, "size": len(content), "created_at": stamp,
                "updated_at": stamp,
                "attachment_url": f"{self.url}/attachments/{number}/{name}?X-Amz-Expires=300&X-Amz-Signature=signed",
            })  # fmt: skip
        return attached

    def _touch(self, ticket: Json, who: int) -> None:
        ticket["updated_at"] = _stamp(self.now())
        if self.webhook is not None and who != self.bot_id:
            task = asyncio.create_task(self._call(self.webhook, ticket))
            self._hooks.add(task)
            task.add_done_callback(self._hooks.discard)

    async def _call(self, hook: Webhook, ticket: Json) -> None:
        said = {f"ticket.{name}": str(ticket[name]) for name in ("id", "subject", "status", "priority")}
        said["ticket.url"] = f"{self.url}/a/tickets/{ticket['id']}"
        body = re.sub(r"\{\{([a-z.]+)\}\}", lambda found: said.get(found[1], ""), hook.body)
        headers = {"Content-Type": "application/json", **hook.headers}
        async with aiohttp.ClientSession() as session:
            for wait_s in (0.0, *hook.again_s):
                await asyncio.sleep(wait_s)
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.post(hook.url, data=body.encode(), headers=headers) as response:
                        if response.ok:
                            return

    def archive(self, number: int) -> None:
        """What Freshdesk does to a ticket that has been closed for 120 days: it can be read, elsewhere, and no more."""
        self.tickets[number]["status"] = 5
        self.archived[number] = self.tickets.pop(number)

    def _ticket(self, number: int) -> Json:
        if number in self.archived and self.redirects_to_archive:
            raise _Refusal(301, None, {"Location": f"{self.url}/api/v2/tickets/archived/{number}"})
        if number not in self.tickets:
            raise _Refusal(404)
        return self.tickets[number]

    def _show_archived(self, _who: int, _: web.Request, number: int) -> Json:
        if number not in self.archived:
            raise _Refusal(404)
        return self.archived[number]

    def _converse_archived(self, _who: int, request: web.Request, number: int) -> _Answer:
        self._show_archived(_who, request, number)
        return _page(request, self.conversations[number])

    def _show(self, _who: int, request: web.Request, number: int) -> Json:
        ticket, who = self._ticket(number), self.contacts[self._ticket(number)["requester_id"]]
        parts: Json = {
            "conversations": self.conversations[number][:10],
            "requester": {name: who[name] for name in ("id", "name", "email", "mobile", "phone")},
            "stats": dict.fromkeys(_STATS),
        }
        wanted = request.query.get("include", "").replace(",", " ").split()
        if set(wanted) - set(parts):
            raise _invalid(("include", f"It should be one of these values: '{','.join(parts)}'", _BAD))
        return ticket | {part: parts[part] for part in wanted}

    def _update(self, who: int, fields: Json, number: int) -> Json:
        ticket = self._living(number)
        self._check(fields)
        if not fields:
            raise _Refusal(400, {"code": "missing_params", "message": "There are no parameters in the request"})
        self._write(ticket, fields)
        self._touch(ticket, who)
        return ticket

    def _living(self, number: int) -> Json:
        if self._ticket(number).get("deleted"):
            raise _Refusal(404)
        return self._ticket(number)

    def _delete(self, who: int, number: int) -> tuple[int, None]:
        ticket = self._living(number)
        ticket["deleted"] = True
        self._touch(ticket, who)
        return 204, None

    def _list(self, _who: int, request: web.Request) -> _Answer:
        query = request.query
        if strange := [(name, *_UNKNOWN) for name in query if name not in _LISTED]:
            raise _invalid(*strange)
        self._external_ids(query)
        order, orders = query.get("order_by", "created_at"), ("due_by", "created_at", "updated_at", "status")
        if order not in orders:
            raise _invalid(("order_by", f"It should be one of these values: '{','.join(orders)}'", _BAD))
        found = [one for one in self.tickets.values() if bool(one.get("deleted")) == (query.get("filter") == "deleted")]
        for name in ("requester_id", "email", "unique_external_id"):
            if name in query:
                key = name.replace("requester_id", "id")
                who = next((one for one in self.contacts.values() if str(one[key]) == query[name]), None)
                if who is None:
                    raise _invalid((name, f"There is no contact matching the given {name}", _BAD))
                found = [one for one in found if one["requester_id"] == who["id"]]
        since, on = (query["updated_since"], "updated_at") if "updated_since" in query else ("", "created_at")
        oldest = _time(since) if since else self.now() - _OLD
        found = [one for one in found if _time(one[on]) >= oldest]
        found.sort(key=lambda one: (one[order], one["id"]), reverse=query.get("order_type", "desc") == "desc")
        hidden = {"attachments"} if "description" in query.get("include", "") else _LONG
        return _page(request, [{k: v for k, v in one.items() if k not in hidden} for one in found])

    def _search(self, _who: int, request: web.Request) -> Json:
        query, page = request.query.get("query", ""), request.query.get("page", "1")
        if not re.fullmatch(r'"[^"]{1,510}"', query) or not page.isdecimal() or not 1 <= int(page) <= 10:
            raise _invalid(("query", "Given query is invalid", _BAD))
        found = [one for one in self.tickets.values() if self._indexed[one["id"]] <= time.monotonic()]
        for term in query[1:-1].split(" AND "):
            name, _, value = term.partition(":")
            if name not in {"status", "priority", "tag", *self.custom_fields}:
                raise _invalid((name, "Unexpected/invalid field in request", "invalid_field"))
            wanted = value.strip("'")
            found = [one for one in found if _has(one, name, wanted)]
        shown = found[(int(page) - 1) * _FOUND_A_PAGE :][:_FOUND_A_PAGE]
        return {"total": len(found), "results": shown}

    # --- conversations ----------------------------------------------------------------------------------------------

    def _converse(self, _who: int, request: web.Request, number: int) -> _Answer:
        self._ticket(number)
        return _page(request, self.conversations[number])

    def _add_note(self, who: int, fields: Json, number: int) -> tuple[int, Json]:
        ticket = self._living(number)
        _validate(fields, _NOTE, mandatory=("body",))
        return 201, self._converse_more(ticket, who, fields, source=2, is_private=fields.get("private", True))

    def _add_reply(self, who: int, fields: Json, number: int) -> tuple[int, Json]:
        ticket = self._living(number)
        _validate(fields, _REPLY, mandatory=("body",))
        return 201, self._converse_more(ticket, who, fields, source=0, is_private=False)

    def _converse_more(self, ticket: Json, who: int, fields: Json, *, source: int, is_private: bool) -> Json:
        user = fields.get("user_id", who)
        if user not in {self.bot_id, self.agent_id, *self.contacts}:
            raise _invalid(("user_id", "There is no contact matching the given user_id", _BAD))
        before = [one for entry in self.conversations[ticket["id"]] for one in entry["attachments"]]
        body, text = cleaned(fields["body"])
        stamp = _stamp(self.now())
        entry = {
            "body": body, "body_text": text, "id": 40_000 + next(self._ids), "incoming": fields.get("incoming", False),
            "private": is_private, "user_id": user, "support_email": None, "source": source, "category": 3,
            "to_emails": [], "from_email": None, "cc_emails": [], "bcc_emails": None, "email_failure_count": None,
            "outgoing_failures": None, "created_at": stamp, "updated_at": stamp, "ticket_id": ticket["id"],
            "attachments": self._attach([*ticket["attachments"], *before], fields.get("attachments", [])),
            "source_additional_info": None,
        }  # fmt: skip
        self.conversations[ticket["id"]].append(entry)
        self._touch(ticket, who)
        return entry


# --- bodies, pages, texts --------------------------------------------------------------------------------------------


async def _body(request: web.Request) -> Json:
    if request.content_type == "multipart/form-data":
        return await _form(request)
    if request.content_type != "application/json":
        raise _Refusal(
            415, {"code": "invalid_content_type", "message": "Content-Type header is set to an unsupported type"}
        )
    try:
        fields = json.loads(await request.read())
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        raise _Refusal(400, {"code": "invalid_json", "message": "Request body has invalid json format"})
    if "attachments" in fields:
        text = "It should contain elements of type valid file format only"
        raise _invalid(("attachments", text, "datatype_mismatch"))
    return fields


async def _form(request: web.Request) -> Json:
    """A form's fields: numbers and truth values are read off their texts, ``x[]`` are lists, ``x[y]`` are objects."""
    fields: Json = {}
    async for part in await request.multipart():
        if not isinstance(part, aiohttp.BodyPartReader) or not part.name:
            raise _Refusal(400, {"code": "invalid_json", "message": "Request body has invalid format"})
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
    kind = {**_TICKET, **_NOTE, **_REPLY}.get(name)
    if kind is bool and text in {"true", "false"}:
        return text == "true"
    return int(text) if kind is int and text.isdecimal() else text


def _validate(fields: Json, known: Mapping[str, type], mandatory: Sequence[str] = ()) -> None:
    errors = []
    for name, value in fields.items():
        kind = known.get(name)
        if kind is None:
            errors.append((name, "Unexpected/invalid field in request", "invalid_field"))
        elif value is not None and type(value) is not kind:
            given = _TYPES.get(type(value), "Null")
            errors.append((name, f"Value set is of type {given}.It should be a/an {_TYPES[kind]}", "datatype_mismatch"))
        elif kind is str and name in {"subject", "name", "unique_external_id"} and len(str(value)) > _TEXT:
            errors.append((name, _too_long(value), _BAD))
    for name in mandatory:
        if name not in fields:
            errors.append((name, f"It should be a/an {_TYPES[known[name]]}", "missing_field"))
        elif isinstance(fields[name], str) and not fields[name].strip():
            errors.append((name, "It should not be blank as this is a mandatory field", _BAD))
    if errors:
        raise _invalid(*errors)


def _too_long(text: object) -> str:
    return f"Has {len(str(text))} characters, it can have maximum of {_TEXT} characters"


def _page(request: web.Request, rows: Sequence[Json]) -> _Answer:
    numbers = {}
    for name, first, most in (("page", 1, _MAX_PAGES), ("per_page", 30, _MOST_A_PAGE)):
        given = request.query.get(name, str(first))
        if not given.isdecimal() or not 1 <= int(given) <= most:
            text = f"It should be a Positive Integer less than or equal to {most}"
            raise _invalid((name, text, _BAD))
        numbers[name] = int(given)
    begin = (numbers["page"] - 1) * numbers["per_page"]
    shown = list(rows[begin : begin + numbers["per_page"]])
    if begin + numbers["per_page"] >= len(rows):
        return 200, shown, {}
    onward = request.url.update_query(page=str(numbers["page"] + 1))
    return 200, shown, {"Link": f'<{onward}>; rel="next"'}


def _has(ticket: Json, name: str, value: str) -> bool:
    if name == "tag":
        return value in ticket["tags"]
    return str(ticket["custom_fields"][name] if name.startswith("cf_") else ticket[name]) == value


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        message = "It should be a/an valid date in the combined date and time ISO8601 format"
        raise _invalid(("updated_since", message, "invalid_date")) from None


class _Cleaner(HTMLParser):
    """Leaves what an agent may see: neither scripts nor comments nor handlers."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.html: list[str] = []
        self.text: list[str] = []
        self._within = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "style"}:
            self._within += 1
            return
        kept = "".join(f' {k}="{html.escape(v or "")}"' for k, v in attrs if k in {"href", "src", "alt", "class"})
        self.html.append(f"<{tag}{kept}>")
        if tag in {"br", "p", "div", "li"} and self.text:
            self.text.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"script", "style"}:
            self._within -= 1
        elif tag not in {"br", "img"}:
            self.html.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self._within:
            self.html.append(html.escape(data, quote=False))
            self.text.append(data.replace("\n", " "))


def cleaned(given: str) -> tuple[str, str]:
    """The HTML that is kept, and its text."""
    cleaner = _Cleaner()
    cleaner.feed(given)
    cleaner.close()
    return f"<div>{''.join(cleaner.html)}</div>", "".join(cleaner.text).strip()


async def _serve(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with FreshdeskSimulator(
        port=options.port, latency_s=options.latency_s, limit_per_minute=options.limit
    ) as sim:
        sys.stdout.write(json.dumps({"url": sim.url, "key": sim.key, "agent_key": sim.agent_key}) + "\n")
        sys.stdout.flush()
        await stop.wait()


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(
        prog="python -m simulators.freshdesk", description="A simulated Freshdesk account."
    )
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    parser.add_argument("--latency-s", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--limit", type=int, default=700, help="calls a minute")
    asyncio.run(_serve(parser.parse_args(arguments)))


if __name__ == "__main__":
    main()
