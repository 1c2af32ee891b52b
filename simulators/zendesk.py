"""Zendesk's Support API v2 as far as a ticket bot and its agents use it, in memory.

After the vendor's reference and recorded exchanges. What is not like the real one: nothing is authorised by roles of
your own making, no e-mail is sent, and no trigger runs but the one behind a webhook. `python -m simulators.zendesk`
serves it as a process and prints one line of JSON with its address and who may log in.
"""

import argparse
import asyncio
import base64
import contextlib
import hashlib
import hmac
import html
import json
import math
import re
import secrets
import signal
import sys
import uuid
from collections import defaultdict, deque
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Self

import aiohttp
from aiohttp import web

Json = dict[str, Any]
Handler = Callable[["Call"], Coroutine[Any, Any, web.Response]]

BOT, AGENT, ADMIN = "firstline@acme.example", "mia@acme.example", "admin@acme.example"
STATUSES = ("new", "open", "pending", "hold", "solved", "closed")
PRIORITIES = ("low", "normal", "high", "urgent")
_PLAIN = (
    "subject", "external_id", "priority", "type", "status", "assignee_id", "group_id", "brand_id", "recipient",
    "ticket_form_id", "organization_id", "custom_status_id", "due_at", "problem_id", "collaborator_ids",
)  # fmt: skip
_WRITABLE = frozenset({
    *_PLAIN, "comment", "requester_id", "requester", "submitter_id", "tags", "custom_fields", "fields", "metadata",
    "safe_update", "updated_stamp", "via_followup_source_id", "follower_ids", "email_cc_ids", "description",
    "sharing_agreement_ids", "is_public", "raw_subject",
})  # fmt: skip
_EXPORT_MIN_AGE_S, _EXPORTS_A_MINUTE = 60, 10
_UPDATES, _UPDATES_S = 30, 600
_UPSERTS_A_MINUTE = 5
_IDEMPOTENT_S, _IDEMPOTENCY_KEY = 7200, 255
_METADATA_BYTES = 1024
_FORBIDDEN: Json = {"title": "Forbidden", "message": "You do not have access to this page."}


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


class ZendeskSimulator:
    """One account. Use as ``async with``; `url` is what a client is configured with.

    Args:
        per_minute: calls a minute for the whole account.
        latency_s: before each answer.
        export_lag_s: how young a change has to be for the export to leave it out; the real one says 60.
        export_page: rows on one page of the export.
        repeats_rows: the export tells the last row of the page before again.
        private_attachments: files are only opened by who is logged in.
        custom_statuses: the account has them, with one of its own ("At the bank", a kind of pending).

    Attributes:
        users: by id; `tokens` by e-mail address. `BOT` and `ADMIN` are admins, `AGENT` an agent.
        tickets: by id, with their ``comments`` and ``audits`` below names that are never shown.
        calls: (method, path) of every request, in order; `warnings`: what was sent and dropped.
        deliveries: the status with which each call of a webhook was answered (0: not at all).
    """

    def __init__(  # noqa: PLR0913  what accounts differ in
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        per_minute: int = 700,
        latency_s: float = 0.0,
        export_lag_s: float = 60.0,
        export_page: int = 1000,
        repeats_rows: bool = False,
        private_attachments: bool = False,
        custom_statuses: bool = False,
    ) -> None:
        self._host, self._port = host, port
        self.latency_s, self.export_lag_s, self.repeats_rows = latency_s, export_lag_s, repeats_rows
        self.export_page = export_page
        self.private_attachments = private_attachments
        self.url = ""
        self.users: dict[int, Json] = {}
        self.tokens: dict[str, str] = {}
        self.tickets: dict[int, Json] = {}
        self.files: dict[str, tuple[Json, bytes]] = {}
        self.uploads: dict[str, list[Json]] = {}
        self.webhooks: dict[str, Json] = {}
        self.groups = {360001: self._named("groups", 360001, name="Support", deleted=False)}
        self.brands = {360002: self._named("brands", 360002, name="Acme", active=True)}
        self.forms = {360003: self._named("ticket_forms", 360003, name="Default", active=True)}
        self.fields = {360004: self._named("ticket_fields", 360004, title="Language", type="text", active=True)}
        self.custom_statuses = _custom_statuses() if custom_statuses else {}
        self.calls: list[tuple[str, str]] = []
        self.warnings: list[str] = []
        self.deliveries: list[int] = []
        self._ahead = timedelta(0)
        self._numbers = iter(range(1, 1 << 40))
        self._ids = iter(range(7_000_000_000_001, 1 << 60))
        self._changes = iter(range(1, 1 << 60))
        self._answered: dict[str, tuple[datetime, bytes, Json]] = {}
        self._account = Limit(per_minute, 60)
        self._exports, self._updates = Limit(_EXPORTS_A_MINUTE, 60), Limit(_UPDATES, _UPDATES_S)
        self._upserts = Limit(_UPSERTS_A_MINUTE, 60)
        self._tasks: set[asyncio.Task[None]] = set()
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=50 << 20)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self.url = f"http://{self._host}:{self._port}"
        self._session = aiohttp.ClientSession()
        for email, name, role in ((BOT, "firstline", "admin"), (AGENT, "Mia", "agent"), (ADMIN, "Ada", "admin")):
            self.add_user(name=name, email=email, role=role)
            self.tokens[email] = secrets.token_urlsafe(30)
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
        if self._runner is not None:
            await self._runner.cleanup()

    # --- for tests --------------------------------------------------------------------------------------------------

    @property
    def key(self) -> str:
        """The bot's API token."""
        return self.tokens[BOT]

    def now(self) -> datetime:
        """The account's clock."""
        return datetime.now(UTC) + self._ahead

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._ahead += timedelta(seconds=seconds)

    def add_user(self, **given: object) -> Json:
        """A new user."""
        user = _user(next(self._ids), self.url, self._stamp(), given)
        self.users[user["id"]] = user
        return user

    async def delivered(self) -> None:
        """Wait until every webhook has been called."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- serving ----------------------------------------------------------------------------------------------------

    async def _serve(self, request: web.Request) -> web.Response:
        self.calls.append((request.method, request.path))
        raw = await request.read()
        if self.latency_s:
            await asyncio.sleep(self.latency_s)
        headers = {"Date": format_datetime(self.now(), usegmt=True)}
        try:
            if match := re.fullmatch(r"/attachments/token/(\w+)/", request.path):
                return self._attachment(request, match[1])
            headers |= self._limits()
            call = Call(request=request, user=self._who(request), raw=raw, headers=headers)
            return await self._route(call)
        except Refused as refused:
            return web.json_response(refused.body, status=refused.status, headers={**headers, **refused.headers})

    def _limits(self) -> dict[str, str]:
        left, wait_s = self._account.take("", self.now())
        limit, remaining = str(self._account.calls), str(max(left, 0))
        headers = {"X-Rate-Limit": limit, "X-Rate-Limit-Remaining": remaining}
        headers |= {"ratelimit-limit": limit, "ratelimit-remaining": remaining, "ratelimit-reset": f"{wait_s:.0f}"}
        if left < 0:
            refused = too_many("Number of allowed API requests per minute exceeded", wait_s)
            refused.headers |= headers
            raise refused
        return headers

    def _who(self, request: web.Request) -> Json:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        name, _, token = "", "", ""
        with contextlib.suppress(ValueError):
            name, _, token = base64.b64decode(given if scheme == "Basic" else "", validate=True).decode().partition(":")
        email, _, kind = name.partition("/")
        known = self.tokens.get(email, "")
        if kind != "token" or not known or not hmac.compare_digest(known.encode(), token.encode()):
            raise Refused(401, "Couldn't authenticate you")
        return next(user for user in self.users.values() if user["email"] == email)

    async def _route(self, call: Call) -> web.Response:
        path = call.request.path.removesuffix(".json")
        for method, pattern, handler, roles in _ROUTES:
            if method == call.request.method and (match := re.fullmatch("/api/v2" + pattern, path)):
                if call.user["role"] not in roles.split():
                    raise Refused(403, _FORBIDDEN)
                numbers = [int(part) if part.isdecimal() else part for part in match.groups()]
                return await getattr(self, handler)(call, *numbers)  # type: ignore[no-any-return]
        raise Refused(404, "InvalidEndpoint", "Not found")

    # --- tickets ----------------------------------------------------------------------------------------------------

    async def _list_tickets(self, call: Call) -> web.Response:
        wanted = call.arg("external_id")
        found = [t for t in self.tickets.values() if not wanted or t["external_id"] == wanted]
        return call.answer(self._page(call, "tickets", [self._shown(t, call.includes) for t in found]))

    async def _create_ticket(self, call: Call) -> web.Response:
        key = call.request.headers.get("Idempotency-Key", "")
        if len(key) > _IDEMPOTENCY_KEY:
            raise Refused(400, "IdempotentRequestError", "Idempotency key is too long")
        at, sent, answered = self._answered.get(key, (None, b"", {}))
        if key and at is not None and (self.now() - at).total_seconds() < _IDEMPOTENT_S:
            if sent != call.raw:
                raise Refused(400, "IdempotentRequestError", "Request parameters don't match the given idempotency key")
            return call.answer(answered, 201, **{"x-idempotency-lookup": "hit"})
        given = self._allowed(call.body("ticket"))
        ticket, audit = self._opened(call, given)
        data = {"ticket": self._shown(ticket, call.includes), "audit": audit, **self._sideloaded(call, [ticket])}
        if key:
            self._answered[key] = (self.now(), call.raw, data)
        headers = {"x-idempotency-lookup": "miss"} if key else {}
        return call.answer(data, 201, Location=data["ticket"]["url"], **headers)

    def _opened(self, call: Call, given: Json) -> tuple[Json, Json]:
        requester = self._requester(call, given)
        source = self.tickets.get(given.get("via_followup_source_id") or 0)
        if "via_followup_source_id" in given and (source is None or source["status"] != "closed"):
            raise invalid("base", "Follow-up source: is not a closed ticket", "InvalidValue")
        comment = given.get("comment") or {"body": given.get("description", "")}
        submitter = call.user["id"] if source else given.get("submitter_id") or requester
        comment.setdefault("author_id", submitter)
        self._valid(given)
        made = self._comment(call, comment, is_first=True)
        if source:
            made["author_id"] = call.user["id"]  # whoever makes a follow-up is its first author, says the reference
        now, number = self._stamp(), next(self._numbers)
        ticket = _ticket(number, self.url, now, requester, submitter)
        if source:
            ticket["via"]["source"] = {"from": {"ticket_id": source["id"], "subject": source["subject"]}, "to": {}}
            ticket["via"]["source"]["rel"] = "follow_up"
            source["followup_ids"].append(number)
        ticket["brand_id"], ticket["ticket_form_id"] = next(iter(self.brands)), next(iter(self.forms))
        ticket["group_id"] = next(iter(self.groups))
        self.tickets[number] = ticket
        return ticket, self._apply(call, ticket, given, made, kind="Create")

    async def _show_ticket(self, call: Call, number: int) -> web.Response:
        ticket = self._ticket(call, number)
        return call.answer({"ticket": self._shown(ticket, call.includes), **self._sideloaded(call, [ticket])})

    async def _update_ticket(self, call: Call, number: int) -> web.Response:
        ticket = self._ticket(call, number)
        left, wait_s = self._updates.take((number, call.user["id"]), self.now())
        per_ticket = f"total={_UPDATES}; remaining={max(left, 0)}; resets={wait_s:.0f}"
        call.headers["zendesk-ratelimit-per-ticket-updates"] = per_ticket
        if left < 0:
            raise too_many("Number of allowed ticket updates exceeded", wait_s)
        given = self._allowed(call.body("ticket"))
        if ticket["status"] == "closed":
            raise invalid("status", "Status: closed prevents ticket update")
        if "safe_update" in given and given.get("updated_stamp") != ticket["updated_at"]:
            why = "Safe Update prevented the update due to outdated ticket data. Please fetch the latest ticket data."
            raise Refused(409, "UpdateConflict", why)
        self._valid(given)
        comment = given.get("comment")
        made = self._comment(call, comment) if comment is not None else None
        audit = self._apply(call, ticket, given, made, kind="Change")
        return call.answer({"ticket": self._shown(ticket, call.includes), "audit": audit})

    async def _delete_ticket(self, call: Call, number: int) -> web.Response:
        del self.tickets[self._ticket(call, number)["id"]]
        return web.Response(status=204, headers=call.headers)

    async def _list_comments(self, call: Call, number: int) -> web.Response:
        comments = self._ticket(call, number)["_comments"]
        shown = [c for c in comments if c["public"]] if "/requests/" in call.request.path else comments
        if call.arg("include_inline_images") != "true":
            shown = [c | {"attachments": [file for file in c["attachments"] if not file["inline"]]} for c in shown]
        data = self._page(call, "comments", shown)
        return call.answer(data | self._users_of(call, {c["author_id"] for c in data["comments"]}))

    async def _list_audits(self, call: Call, number: int) -> web.Response:
        return call.answer(self._page(call, "audits", self._ticket(call, number)["_audits"]))

    async def _export(self, call: Call) -> web.Response:
        left, wait_s = self._exports.take("", self.now())
        if left < 0:
            raise too_many("Number of allowed incremental ticket export API requests per minute exceeded", wait_s)
        after, start = 0, 0
        if cursor := call.arg("cursor"):
            try:
                after = int(base64.urlsafe_b64decode(cursor.encode()).partition(b"||")[0])
            except ValueError:
                raise Refused(400, "InvalidPaginationParameter", "cursor is invalid") from None
        elif not (start := int(call.arg("start_time") or 0)):
            raise Refused(400, "InvalidValue", "start_time is required")
        elif start > self.now().timestamp() - _EXPORT_MIN_AGE_S:
            why = f"Too recent start_time. Use a start_time older than {_EXPORT_MIN_AGE_S} seconds"
            raise Refused(422, "InvalidValue", why)
        until = self.now().timestamp() - self.export_lag_s
        rows = sorted((t for t in self.tickets.values() if t["_changed"] <= until), key=lambda t: int(t["_change"]))
        is_again = self.repeats_rows and after
        rows = [t for t in rows if t["_changed"] >= start and (t["_change"] > after or is_again == t["_change"])]
        size = min(int(call.arg("per_page") or self.export_page), self.export_page)
        page = rows[:size]
        last = page[-1]["_change"] if page else after
        next_cursor = base64.urlsafe_b64encode(f"{last}||{len(page)}".encode()).decode() if last else None
        shown = [self._shown(t, call.includes) | {"generated_timestamp": int(t["_changed"])} for t in page]
        after_url = next_cursor and f"{self.url}/api/v2/incremental/tickets/cursor.json?cursor={next_cursor}"
        data: Json = {"tickets": shown, "after_url": after_url, "after_cursor": next_cursor, "before_url": None}
        data |= {"before_cursor": None, "end_of_stream": len(rows) <= size}
        return call.answer(data | self._sideloaded(call, page))

    async def _show_request(self, call: Call, number: int) -> web.Response:
        ticket = self._ticket(call, number)
        names = ("id", "status", "priority", "type", "subject", "description", "via", "requester_id", "created_at")
        shown = {name: ticket[name] for name in (*names, "updated_at", "custom_fields", "assignee_id", "is_public")}
        shown |= {"url": f"{self.url}/api/v2/requests/{number}.json", "can_be_solved_by_me": False, "solved": False}
        return call.answer({"request": shown})

    # --- what a ticket takes ----------------------------------------------------------------------------------------

    def _ticket(self, call: Call, number: int) -> Json:
        ticket = self.tickets.get(number)
        is_theirs = ticket is not None and (
            call.user["role"] != "end-user" or ticket["requester_id"] == call.user["id"]
        )
        if ticket is None or not is_theirs:
            raise Refused(404, "RecordNotFound", "Not found")
        return ticket

    def _allowed(self, given: Json) -> Json:
        """Without what is no property of a ticket; the real one drops such words, too, and warns in a header."""
        self.warnings += [f"ticket.{name}" for name in given if name not in _WRITABLE]
        return {name: value for name, value in given.items() if name in _WRITABLE}

    def _requester(self, call: Call, given: Json) -> int:
        if wanted := given.get("requester"):
            if not wanted.get("email"):
                raise invalid("requester", "Requester: Email: cannot be blank", "BlankValue")
            known = (user for user in self.users.values() if user["email"] == wanted["email"])
            return int((next(known, None) or self.add_user(**{"name": wanted["email"]} | wanted))["id"])
        number = given.get("requester_id", call.user["id"])
        if number not in self.users:
            raise invalid("requester", "Requester: is invalid", "InvalidValue")
        return int(number)

    def _valid(self, given: Json) -> None:
        known: dict[str, Iterable[object]] = {
            "status": STATUSES, "priority": (*PRIORITIES, None), "group_id": (*self.groups, None),
            "brand_id": (*self.brands, None), "ticket_form_id": (*self.forms, None),
            "assignee_id": (*self.users, None), "custom_status_id": (*self.custom_statuses, None),
        }  # fmt: skip
        for name, values in known.items():
            if name in given and given[name] not in values:
                word = name.removesuffix("_id")
                raise invalid(word, f"{word.capitalize()}: is invalid", "InvalidValue")
        if len(json.dumps(given.get("metadata", {}))) > _METADATA_BYTES:
            raise invalid("metadata", "Metadata: is too long", "TooLong")

    def _comment(self, call: Call, given: Json, *, is_first: bool = False) -> Json:
        text = given.get("html_body")
        if text is None:
            text = _paragraphs(re.sub(r"<[^>]*>", "", given.get("body") or ""))  # "HTML data is stripped out"
        plain = _plain(text)
        uploads = given.get("uploads") or []
        if not plain and not (uploads and not is_first):
            raise invalid("base", "Description: cannot be blank", "BlankValue")
        author = given.get("author_id", call.user["id"])
        if author not in self.users:
            raise invalid("author", "Author: is invalid", "InvalidValue")
        if unknown := [token for token in uploads if token not in self.uploads]:
            raise invalid("attachments", f"Attachment token {unknown[0]} is invalid", "InvalidValue")
        attachments = [file for token in uploads for file in self.uploads.pop(token)]
        return {
            "id": next(self._ids), "type": "Comment", "author_id": author, "body": plain,
            "html_body": f'<div class="zd-comment" dir="auto">{text}</div>', "plain_body": plain,
            "public": bool(given.get("public", True)), "attachments": attachments,
            "via": {"channel": "api", "source": {"from": {}, "to": {}, "rel": None}},
        }  # fmt: skip

    def _apply(self, call: Call, ticket: Json, given: Json, comment: Json | None, *, kind: str) -> Json:
        """Write into a ticket what was given and found valid, and return the audit."""
        audit_id, now = next(self._ids), self._stamp()
        metadata = {"system": {"client": call.request.headers.get("User-Agent", ""), "ip_address": "127.0.0.1"}}
        metadata["custom"] = given.get("metadata", {})
        events: list[Json] = []
        if comment is not None:
            comment |= {"audit_id": audit_id, "created_at": now, "metadata": metadata}
            ticket["_comments"].append(comment)
            ticket["description"] = ticket["description"] or comment["plain_body"]
            ticket["is_public"] = ticket["is_public"] or comment["public"]
            names = ("id", "type", "author_id", "body", "html_body", "plain_body", "public", "attachments", "audit_id")
            events.append({name: comment[name] for name in names})
        for name in (name for name in _PLAIN if name in given):
            change = {"id": next(self._ids), "type": kind, "value": given[name], "field_name": name}
            events.append(change | ({"previous_value": ticket[name]} if kind == "Change" else {}))
            ticket[name] = given[name]
        ticket["raw_subject"] = ticket["subject"]
        self._custom(ticket, given)
        if "tags" in given:
            ticket["tags"] = sorted({re.sub(r"\s+", "_", str(tag).lower()) for tag in given["tags"]})
        audit = {"id": audit_id, "ticket_id": ticket["id"], "created_at": now, "author_id": call.user["id"]}
        audit |= {"metadata": metadata, "events": events, "via": {"channel": "api"}}
        if events:  # "If your update does not change the ticket, this will not create an Audit"
            ticket["_audits"].append(audit)
            ticket |= {"updated_at": now, "_changed": self.now().timestamp(), "_change": next(self._changes)}
            self._call_webhooks(ticket, comment)
        return audit

    def _custom(self, ticket: Json, given: Json) -> None:
        for wanted in given.get("custom_fields") or []:
            for known in (one for one in ticket["custom_fields"] if one["id"] == wanted["id"]):
                known["value"] = wanted["value"]
        if not self.custom_statuses:
            return
        if (chosen := self.custom_statuses.get(given.get("custom_status_id", 0))) is not None:
            ticket["status"] = chosen["status_category"]
        else:
            word = "solved" if ticket["status"] == "closed" else ticket["status"]
            fitting = (s for s in self.custom_statuses.values() if s["default"] and s["status_category"] == word)
            ticket["custom_status_id"] = next(fitting)["id"]

    # --- what is shown ----------------------------------------------------------------------------------------------

    def _shown(self, ticket: Json, includes: set[str]) -> Json:
        shown = {name: value for name, value in ticket.items() if not name.startswith("_")}
        shown["fields"] = shown["custom_fields"]
        return shown | ({"comment_count": len(ticket["_comments"])} if "comment_count" in includes else {})

    def _sideloaded(self, call: Call, tickets: Iterable[Json]) -> Json:
        loaded = self._users_of(call, {t[name] for t in tickets for name in ("requester_id", "submitter_id")})
        if "groups" in call.includes:
            loaded["groups"] = list(self.groups.values())
        if "organizations" in call.includes:
            loaded["organizations"] = []
        if "custom_statuses" in call.includes:
            loaded["custom_statuses"] = list(self.custom_statuses.values())
        return loaded

    def _users_of(self, call: Call, numbers: set[int]) -> Json:
        return {"users": [self.users[n] for n in sorted(numbers)]} if "users" in call.includes else {}

    def _page(self, call: Call, name: str, rows: Sequence[Json]) -> Json:
        """A page of rows: with cursors where the caller says ``page[size]``, else with numbers of pages."""
        where = f"{self.url}{call.request.path}"
        if size := int(call.arg("page[size]") or 0):
            if not 0 < size <= 100:
                raise Refused(400, "InvalidPaginationParameter", "page[size] must be between 1 and 100")
            first = int(base64.b64decode(call.arg("page[after]").encode()) or 0)
            page, more = list(rows[first : first + size]), len(rows) > first + size
            after = base64.b64encode(str(first + size).encode()).decode()
            meta = {"has_more": more, "after_cursor": after if more else None, "before_cursor": None}
            link = f"{where}?page[size]={size}&page[after]={after}&include={call.arg('include')}" if more else None
            return {name: page, "meta": meta, "links": {"prev": None, "next": link}}
        number, size = int(call.arg("page") or 1), min(int(call.arg("per_page") or 100), 100)
        page, more = list(rows[(number - 1) * size : number * size]), len(rows) > number * size
        link = f"{where}?page={number + 1}&per_page={size}&include={call.arg('include')}"
        earlier = f"{where}?page={number - 1}&per_page={size}" if number > 1 else None
        return {name: page, "next_page": link if more else None, "previous_page": earlier, "count": len(rows)}

    # --- users, and what an account has -----------------------------------------------------------------------------

    async def _me(self, call: Call) -> web.Response:
        return call.answer({"user": call.user})

    async def _list_users(self, call: Call) -> web.Response:
        return call.answer(self._page(call, "users", list(self.users.values())))

    async def _show_user(self, call: Call, number: int) -> web.Response:
        return call.answer({"user": self._one(self.users, number)})

    async def _upsert_user(self, call: Call) -> web.Response:
        given = call.body("user")
        if not str(given.get("name") or "").strip():
            raise invalid("name", "Name: is too short (minimum one character)", "InvalidValue")
        external_id, email = str(given.get("external_id") or ""), given.get("email")
        wanted = external_id.lower() or email
        kind = "external_id" if external_id else "email"
        user = next((u for u in self.users.values() if wanted and str(u[kind] or "").lower() == wanted), None)
        left, wait_s = self._upserts.take(wanted, self.now())
        if left < 0:
            raise too_many("Number of allowed user updates exceeded", wait_s)
        if user is None:
            user = self.add_user(**given)
            return call.answer({"user": user}, 201, Location=user["url"])
        user |= {name: given[name] for name in given if name in user and name not in {"id", "url", "role"}}
        return call.answer({"user": user}, Location=user["url"])

    async def _show_thing(self, call: Call, kind: str, number: int) -> web.Response:
        return call.answer({kind.removesuffix("s"): self._one(self._things(kind), number)})

    async def _list_things(self, call: Call, kind: str) -> web.Response:
        return call.answer(self._page(call, kind, list(self._things(kind).values())))

    def _things(self, kind: str) -> dict[int, Json]:
        return {"groups": self.groups, "brands": self.brands, "ticket_forms": self.forms, "ticket_fields": self.fields,
                "custom_statuses": self.custom_statuses}[kind]  # fmt: skip

    def _one(self, things: dict[int, Json], number: int) -> Json:
        if number not in things:
            raise Refused(404, "RecordNotFound", "Not found")
        return things[number]

    def _named(self, kind: str, number: int, **more: object) -> Json:
        now = self._first_stamp()
        return {"url": f"/api/v2/{kind}/{number}.json", "id": number, "created_at": now, "updated_at": now, **more}

    # --- files ------------------------------------------------------------------------------------------------------

    async def _upload(self, call: Call) -> web.Response:
        name = call.arg("filename")
        if not name:
            raise Refused(400, {"title": "Missing parameter", "message": "filename is missing"})
        token, number, opener = call.arg("token") or secrets.token_hex(12), next(self._ids), secrets.token_hex(12)
        where = f"{self.url}/attachments/token/{opener}/?name={name}"
        kind = call.request.content_type
        file = {
            "url": f"{self.url}/api/v2/attachments/{number}.json", "id": number, "file_name": name,
            "content_url": where, "mapped_content_url": where, "content_type": kind, "size": len(call.raw),
            "width": None, "height": None, "inline": False, "deleted": False, "malware_access_override": False,
            "malware_scan_result": "not_scanned", "thumbnails": [],
        }  # fmt: skip
        self.uploads.setdefault(token, []).append(file)
        self.files[opener] = (file, call.raw)
        expires_at = _iso(self.now() + timedelta(days=3))
        data = {"token": token, "expires_at": expires_at, "attachments": self.uploads[token], "attachment": file}
        # The real one answers JSON and says that it is text.
        return web.Response(
            status=201, text=json.dumps({"upload": data}), content_type="text/plain", headers=call.headers
        )

    def _attachment(self, request: web.Request, opener: str) -> web.Response:
        if opener not in self.files:
            raise Refused(404, "RecordNotFound", "Not found")
        if self.private_attachments and self._who(request)["role"] == "end-user":
            raise Refused(403, _FORBIDDEN)
        file, content = self.files[opener]
        return web.Response(body=content, content_type=file["content_type"])

    # --- webhooks ---------------------------------------------------------------------------------------------------

    async def _create_webhook(self, call: Call) -> web.Response:
        given = call.body("webhook")
        if missing := [n for n in ("name", "endpoint", "http_method", "request_format", "status") if not given.get(n)]:
            raise Refused(400, "BadRequest", errors=[{"code": "InvalidValue", "title": f"{missing[0]} is required"}])
        number, now = uuid.uuid4().hex.upper()[:26], self._stamp()
        secret = base64.b64encode(secrets.token_bytes(30)).decode()
        hook = {**given, "id": number, "created_at": now, "created_by": str(call.user["id"]), "updated_at": now}
        hook |= {"updated_by": str(call.user["id"]), "_secret": secret}
        self.webhooks[number] = hook
        return call.answer({"webhook": _public(hook) | {"signing_secret": _signing(secret)}}, 201)

    async def _list_webhooks(self, call: Call) -> web.Response:
        data = {"webhooks": [_public(hook) for hook in self.webhooks.values()], "links": {"next": None, "prev": None}}
        return call.answer(data | {"meta": {"has_more": False, "after_cursor": "", "before_cursor": ""}})

    async def _signing_secret(self, call: Call, number: object) -> web.Response:
        if str(number) not in self.webhooks:
            raise Refused(404, "WebhookNotFound", "Not found")
        return call.answer({"signing_secret": _signing(self.webhooks[str(number)]["_secret"])})

    def _call_webhooks(self, ticket: Json, comment: Json | None) -> None:
        kind = "zen:event-type:ticket." + ("comment_added" if comment else "status_changed")
        for hook in self.webhooks.values():
            wanted = hook.get("subscriptions") or []
            if "conditional_ticket_events" in wanted:  # the body is what the administrator wrote into the trigger
                body = json.dumps({"ticket_id": str(ticket["id"])})
            elif kind in wanted:
                body = json.dumps({"type": kind, "id": str(uuid.uuid4()), "time": self._stamp(), "account_id": 1,
                                   "zendesk_event_version": "2022-11-06", "subject": f"zen:ticket:{ticket['id']}",
                                   "detail": {"id": str(ticket["id"]), "status": ticket["status"].upper()},
                                   "event": {}})  # fmt: skip
            else:
                continue
            task = asyncio.ensure_future(self._deliver(hook, body.encode()))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _deliver(self, hook: Json, body: bytes) -> None:
        headers = signed(hook["_secret"], body, self.now())
        headers |= {"X-Zendesk-Account-Id": "1", "X-Zendesk-Webhook-Id": hook["id"], "User-Agent": "Zendesk Webhook"}
        headers["X-Zendesk-Webhook-Invocation-Id"] = uuid.uuid4().hex.upper()[:26]
        if self._session is None:
            return
        try:
            async with self._session.post(hook["endpoint"], data=body, headers=headers) as answer:
                self.deliveries.append(answer.status)
        except aiohttp.ClientError:
            self.deliveries.append(0)

    def _stamp(self) -> str:
        return _iso(self.now())

    @staticmethod
    def _first_stamp() -> str:
        return "2023-09-09T23:52:05Z"


def signed(secret: str, body: bytes, at: datetime) -> dict[str, str]:
    """The headers of a webhook's call."""
    stamp = _iso(at)
    digest = hmac.new(secret.encode(), stamp.encode() + body, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json; charset=utf-8",
        "X-Zendesk-Webhook-Signature": base64.b64encode(digest).decode(),
        "X-Zendesk-Webhook-Signature-Timestamp": stamp,
    }


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _paragraphs(text: str) -> str:
    return (
        '<p dir="auto">'
        + html.escape(text.strip()).replace("\n\n", '</p><p dir="auto">').replace("\n", "<br>")
        + "</p>"
    )


def _plain(text: str) -> str:
    """What a person reads of HTML."""
    broken = re.sub(r"<br\s*/?>|</p>\s*<p[^>]*>", "\n", re.sub(r"[ \t\r\n]+", " ", text))
    return html.unescape(re.sub(r"<[^>]*>", "", broken)).replace("\xa0", " ").strip()


def _signing(secret: str) -> Json:
    return {"algorithm": "SHA256", "secret": secret}


def _public(thing: Json) -> Json:
    return {name: value for name, value in thing.items() if not name.startswith("_")}


def _user(number: int, url: str, now: str, given: dict[str, Any]) -> Json:
    is_staff = given.get("role") in {"agent", "admin"}
    user: Json = {
        "id": number, "url": f"{url}/api/v2/users/{number}.json", "name": "", "email": None, "created_at": now,
        "updated_at": now, "time_zone": "UTC", "iana_time_zone": "Etc/UTC", "phone": None,
        "shared_phone_number": None, "photo": None, "locale_id": 1, "locale": "en-US", "organization_id": None,
        "role": "end-user", "verified": is_staff, "external_id": None, "tags": [], "alias": None, "active": True,
        "shared": False, "shared_agent": False, "last_login_at": None, "two_factor_auth_enabled": None,
        "signature": None, "details": None, "notes": None, "role_type": None, "custom_role_id": None,
        "moderator": is_staff, "ticket_restriction": None if is_staff else "requested",
        "only_private_comments": False, "restricted_agent": not is_staff, "suspended": False,
        "default_group_id": None, "report_csv": False, "user_fields": {},
    }  # fmt: skip
    return user | {name: value for name, value in given.items() if name in user}


def _ticket(number: int, url: str, now: str, requester: int, submitter: int) -> Json:
    return {
        "url": f"{url}/api/v2/tickets/{number}.json", "id": number, "external_id": None,
        "via": {"channel": "api", "source": {"from": {}, "to": {}, "rel": None}}, "created_at": now,
        "updated_at": now, "type": None, "subject": None, "raw_subject": None, "description": "", "priority": None,
        "status": "new", "recipient": None, "requester_id": requester, "submitter_id": submitter,
        "assignee_id": None, "organization_id": None, "group_id": None, "collaborator_ids": [], "follower_ids": [],
        "email_cc_ids": [], "forum_topic_id": None, "problem_id": None, "has_incidents": False, "is_public": False,
        "due_at": None, "tags": [], "custom_fields": [{"id": 360004, "value": None}], "satisfaction_rating": None,
        "sharing_agreement_ids": [], "custom_status_id": None, "fields": [], "followup_ids": [],
        "ticket_form_id": None, "brand_id": None, "allow_channelback": False, "allow_attachments": True,
        "from_messaging_channel": False, "_comments": [], "_audits": [],
    }  # fmt: skip


def _custom_statuses() -> dict[int, Json]:
    words = {"new": "New", "open": "Open", "pending": "Pending", "hold": "On-hold", "solved": "Solved"}
    own = [("pending", "At the bank", False)]
    return {
        number: {"id": number, "status_category": kind, "agent_label": label, "end_user_label": label,
                 "default": default, "active": True, "description": ""}
        for number, (kind, label, default) in enumerate([*((k, w, True) for k, w in words.items()), *own], 500001)
    }  # fmt: skip


_STAFF, _ALL = "agent admin", "end-user agent admin"
_THINGS = "groups|brands|ticket_forms|ticket_fields|custom_statuses"
_ROUTES = (
    ("GET", r"/tickets", "_list_tickets", _STAFF),
    ("POST", r"/tickets", "_create_ticket", _STAFF),
    ("GET", r"/tickets/(\d+)", "_show_ticket", _STAFF),
    ("PUT", r"/tickets/(\d+)", "_update_ticket", _STAFF),
    ("DELETE", r"/tickets/(\d+)", "_delete_ticket", _STAFF),
    ("GET", r"/tickets/(\d+)/comments", "_list_comments", _STAFF),
    ("GET", r"/tickets/(\d+)/audits", "_list_audits", _STAFF),
    ("GET", r"/requests/(\d+)", "_show_request", _ALL),
    ("GET", r"/requests/(\d+)/comments", "_list_comments", _ALL),
    ("GET", r"/incremental/tickets/cursor", "_export", "admin"),
    ("GET", r"/users/me", "_me", _ALL),
    ("GET", r"/users", "_list_users", _STAFF),
    ("GET", r"/users/(\d+)", "_show_user", _STAFF),
    ("POST", r"/users/create_or_update", "_upsert_user", _STAFF),
    ("POST", r"/uploads", "_upload", _ALL),
    ("GET", rf"/({_THINGS})", "_list_things", _STAFF),
    ("GET", rf"/({_THINGS})/(\d+)", "_show_thing", _STAFF),
    ("POST", r"/webhooks", "_create_webhook", "admin"),
    ("GET", r"/webhooks", "_list_webhooks", "admin"),
    ("GET", r"/webhooks/(\w+)/signing_secret", "_signing_secret", "admin"),
)


async def _run(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with ZendeskSimulator(
        port=options.port, latency_s=options.latency_s, per_minute=options.per_minute, export_lag_s=options.export_lag_s
    ) as sim:
        sys.stdout.write(json.dumps({"url": sim.url, "email": BOT, "token": sim.key, "tokens": sim.tokens}) + "\n")
        sys.stdout.flush()
        await stop.wait()


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m simulators.zendesk", description="A simulated Zendesk.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    parser.add_argument("--latency-s", type=float, default=0.0, help="before each answer")
    parser.add_argument("--per-minute", type=int, default=700, help="calls a minute")
    parser.add_argument("--export-lag-s", type=float, default=60.0, help="what the export leaves out as too young")
    asyncio.run(_run(parser.parse_args(arguments)))


if __name__ == "__main__":
    main()
