"""Request Tracker 5 as far as its REST 2 API shows it: for tests, for load and for trying things out.

::

    async with RequestTrackerSimulator() as sim:
        ...                       # a client speaks to sim.url + "/REST/2.0" with "Authorization: token " + sim.key
    python -m simulators.request_tracker --port 8000

What it does follows RT 5.0's own source and tests: ids of transactions are common to tickets, users and queues; a
refused right is a 400 or a sentence in an answer of 200, not a 403; a custom field that may not be set, or whose value
is to be unique and is not, is left out of a ticket that is opened all the same; strings are equal whatever their case;
deleted tickets are not found; what a user may not see is missing from lists, which do not tell their length.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import re
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence

Json = dict[str, Any]
Look: TypeAlias = "Callable[[str], Sequence[str]]"  # a record's values of a field
Matches: TypeAlias = "Callable[[Look], bool]"

BASE: Final = "/REST/2.0"
STATUSES: Final = ("new", "open", "stalled", "resolved", "rejected", "deleted")
ACTIVE: Final = frozenset({"open", "stalled"})
BOT_RIGHTS: Final = frozenset({
    "AdminUsers", "CommentOnTicket", "CreateTicket", "ModifyCustomField", "ModifyTicket", "ReplyToTicket",
    "SeeCustomField", "SeeQueue", "ShowTicket", "ShowTicketComments",
})  # fmt: skip
AGENT_RIGHTS: Final = BOT_RIGHTS - {"AdminUsers"} | {"DeleteTicket"}
_TICKET_FIELDS: Final = frozenset({
    "Queue", "Subject", "Requestor", "Cc", "AdminCc", "Owner", "Status", "Priority", "Content", "ContentType",
    "CustomFields", "Attachments", "RefersTo",
})  # fmt: skip
_USER_FIELDS: Final = frozenset({"Name", "RealName", "EmailAddress", "Privileged", "Comments"})
_NEVER: Final = "1970-01-01T00:00:00Z"


@dataclass(slots=True, kw_only=True)
class User:
    """Somebody, with the token of their own (empty: cannot log in), and their rights in the queue and in all others."""

    id: int
    name: str
    real_name: str = ""
    email: str = ""
    privileged: bool = False
    rights: set[str] = field(default_factory=set)
    elsewhere: set[str] = field(default_factory=set)
    token: str = ""


@dataclass(slots=True, kw_only=True)
class Attachment:
    """A part of a message; a message of several parts is a "multipart/..." with the parts below it."""

    id: int
    transaction: int
    parent: int
    media_type: str
    filename: str = ""
    subject: str = ""
    content: bytes = b""


@dataclass(slots=True, kw_only=True)
class Transaction:
    """Something that was done to a ticket, a user or a queue."""

    id: int
    object_type: str
    object_id: int
    type: str
    creator: str
    created: datetime
    column: str = ""
    old: str = ""
    new: str = ""
    attachments: list[Attachment] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Ticket:
    """A ticket; `links` holds the ids it refers to."""

    id: int
    subject: str
    creator: str
    created: datetime
    queue: str
    status: str = "new"
    priority: str = "0"
    requestors: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)  # of the one custom field
    links: list[str] = field(default_factory=list)


class Refused(Exception):
    """An answer other than the good one."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class RequestTrackerSimulator:
    """A server with one queue, one custom field, a bot and an agent.

    Args:
        latency_s: how long every answer takes.
        limit_per_minute: requests, beyond which a gateway before RT answers 429; 0 for none, as RT has none.
        opens_on_correspond: the scrip "On Correspond Open Inactive Tickets" is on, as it is in a new RT.
        unique_values: the custom field takes each value once, which RT does not say when a ticket is opened.
        field_applies: whether the queue has the custom field.
        queue_disabled: nothing can be opened in the queue any more.
        port: 0 takes a free one.
    """

    def __init__(  # noqa: PLR0913 - what can be different at an RT
        self,
        *,
        latency_s: float = 0.0,
        limit_per_minute: int = 0,
        opens_on_correspond: bool = True,
        unique_values: bool = False,
        field_applies: bool = True,
        queue_disabled: bool = False,
        queue: str = "Support",
        field_name: str = "ExternalId",
        port: int = 0,
    ) -> None:
        self.url = ""
        self.latency_s = latency_s
        self.limit_per_minute = limit_per_minute
        self.opens_on_correspond = opens_on_correspond
        self.unique_values = unique_values
        self.field_applies = field_applies
        self.queue_disabled = queue_disabled
        self.queue = queue
        self.field_name = field_name
        self.calls: list[tuple[str, str]] = []
        self.ignored: set[str] = set()
        self.users: dict[str, User] = {}
        self.tickets: dict[int, Ticket] = {}
        self.merged: dict[int, int] = {}
        self.transactions: list[Transaction] = []
        self._port = port
        self._principals = 0
        self._attachments: dict[int, Attachment] = {}
        self._recent: list[float] = []
        self._routes: dict[str, dict[str, Callable[..., Awaitable[web.Response]]]] = {
            r"": {"GET": self._about},
            r"/rt": {"GET": self._system},
            r"/queue/([^/]+)": {"GET": self._queue},
            r"/customfield/1": {"GET": self._custom_field},
            r"/customfields": {"GET": self._custom_fields, "POST": self._custom_fields},
            r"/user": {"POST": self._add_person},
            r"/user/([^/]+)": {"GET": self._person},
            r"/ticket": {"POST": self._open},
            r"/ticket/(\d+)": {
                "GET": self._ticket, "PUT": self._change, "DELETE": self._delete, "POST": self._conflict,
            },
            r"/ticket/(\d+)/(correspond|comment)": {"POST": self._say},
            r"/ticket/(\d+)/history": {"GET": self._history},
            r"/(ticket|transaction)/(\d+)/attachments": {"GET": self._parts, "POST": self._parts},
            r"/tickets": {"GET": self._tickets, "POST": self._tickets},
            r"/transaction/(\d+)": {"GET": self._transaction},
            r"/transactions": {"GET": self._transactions, "POST": self._transactions},
            r"/attachment/(\d+)": {"GET": self._attachment},
        }  # fmt: skip
        for name in ("RT_System", "root", "Nobody"):
            self.add_user(name, real_name=name, privileged=name == "root")
        self.key = self.add_user("firstline", real_name="firstline", privileged=True, rights=BOT_RIGHTS).token
        self.agent_key = self.add_user("mia", real_name="Mia Agent", privileged=True, rights=AGENT_RIGHTS).token
        self.users["mia"].elsewhere = set(AGENT_RIGHTS)

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 << 20)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self._port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    # --- what is done at an RT past its API ---------------------------------------------------------------------------

    def add_user(
        self, name: str, *, real_name: str = "", email: str = "", privileged: bool = False, rights: Iterable[str] = ()
    ) -> User:
        """Somebody new, with a token as RT makes them: version, the user's id, 32 digits."""
        self._principals += 8
        user = User(
            id=self._principals, name=name, real_name=real_name, email=email, privileged=privileged, rights=set(rights),
            token=f"1-{self._principals}-{secrets.token_hex(16)}",
        )  # fmt: skip
        self.users[name] = user
        self._note("RT::User", user.id, "Create", "RT_System")
        return user

    def mail(self, ticket_id: int, sender: str, *parts: tuple[str, str], subject: str = "") -> Transaction:
        """A reply that came by e-mail: media types and texts of a "multipart/alternative"."""
        transaction = self._note("RT::Ticket", ticket_id, "Correspond", sender)
        top = self._attach(transaction, 0, "multipart/alternative", subject=subject)
        for media_type, text in parts:
            self._attach(transaction, top.id, media_type, content=text.encode())
        return transaction

    def of(self, ticket_id: int) -> list[Transaction]:
        """A ticket's transactions, and those of what was merged into it, oldest first."""
        tickets = {ticket_id, *(one for one, other in self.merged.items() if other == ticket_id)}
        return [one for one in self.transactions if one.object_type == "RT::Ticket" and one.object_id in tickets]

    # --- HTTP ---------------------------------------------------------------------------------------------------------

    async def _serve(self, request: web.Request) -> web.Response:
        self.calls.append((request.method, request.path))
        await asyncio.sleep(self.latency_s)
        try:
            self._limit()
            user = self._user(request)
            return await self._dispatch(request, user)
        except Refused as refused:
            headers = {"Retry-After": "60"} if refused.status == 429 else {}
            return _json({"message": str(refused)}, refused.status, headers)

    def _limit(self) -> None:
        now = time.monotonic()
        self._recent = [at for at in self._recent if now - at < 60]
        if self.limit_per_minute and len(self._recent) >= self.limit_per_minute:
            raise Refused(429, "Too Many Requests")
        self._recent.append(now)

    def _user(self, request: web.Request) -> User:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        for user in self.users.values():
            if scheme.lower() == "token" and user.token == token:
                return user
        raise Refused(401, "Unauthorized")

    async def _dispatch(self, request: web.Request, user: User) -> web.Response:
        for pattern, handlers in self._routes.items():
            if match := re.fullmatch(BASE + pattern, request.path):
                handler = handlers.get(request.method)
                if handler is None:
                    raise Refused(405, "Method Not Allowed")
                return await handler(request, user, *match.groups())
        raise Refused(404, "Not Found")

    async def _body(self, request: web.Request) -> Json:
        """The JSON object of a request, or of the part "JSON" of a form with uploaded "Attachments"."""
        if request.content_type == "multipart/form-data":
            form = await request.post()
            body = _object(str(form.get("JSON", "")))
            body["Attachments"] = [
                {
                    "FileName": file.filename,
                    "FileType": file.content_type,
                    "FileContent": base64.b64encode(file.file.read()).decode(),
                }
                for file in form.getall("Attachments", [])
                if isinstance(file, web.FileField)
            ]
            return body
        if request.content_type == "text/plain":
            return {"Content": await request.text(), "ContentType": "text/plain"}
        if request.content_type != "application/json":
            raise Refused(415, "Unsupported Media Type")
        return _object(await request.text())

    def _listed(self, request: web.Request, items: Sequence[Json], *, counts: bool = False) -> web.Response:
        """A page of a list; without `counts` the list's length stays unsaid, as to all but superusers."""
        asked = request.query
        if asked.get("order", "").upper() == "DESC":
            items = items[::-1]
        size = min(int(asked.get("per_page", "") or 20) or 20, 100)
        page = int(asked.get("page", "") or 1) or 1
        shown = items[(page - 1) * size : page * size]
        answer: Json = {
            "count": len(shown), "total": len(items) if counts else None, "per_page": size, "page": page,
            "pages": -(-len(items) // size) if counts else None, "items": shown,
        }  # fmt: skip
        for name, number, there in (
            ("next_page", page + 1, len(items) > page * size), ("prev_page", page - 1, page > 1),
        ):  # fmt: skip
            if there:
                answer[name] = self.url + str(request.rel_url.update_query(page=str(number)))
        return _json(answer)

    # --- records as JSON ----------------------------------------------------------------------------------------------

    def _uid(self, kind: str, name: object) -> Json:
        return {"type": kind, "id": str(name), "_url": f"{self.url}{BASE}/{kind}/{name}"}

    def _item(self, request: web.Request, kind: str, name: object, known: Callable[[], Json]) -> Json:
        """A record in a list: its address and the fields that were asked for."""
        item = self._uid(kind, name)
        fields = [one for one in request.query.get("fields", "").split(",") if one]
        values = known() if fields else {}
        for one in fields:
            value = values.get(one, "")
            if isinstance(value, dict):
                wanted = request.query.get(f"fields[{one}]", "").split(",")
                value = value | {sub: self._nested(value).get(sub, "") for sub in wanted if sub}
            item[one] = value
        return item

    def _nested(self, uid: Json) -> Json:
        if uid["type"] == "user":
            user = self.users[uid["id"]]
            return {"Name": user.name, "RealName": user.real_name, "EmailAddress": user.email, "id": user.id}
        if uid["id"] != "1":
            return {}  # of queues that one may not see
        return {"Name": self.queue, "Lifecycle": "default", "Description": "The queue"}

    def _self_link(self, kind: str, number: int) -> Json:
        return {"ref": "self", **self._uid(kind, number), "id": number}

    def _ticket_json(self, ticket: Ticket, user: User) -> Json:
        url = f"{self.url}{BASE}/ticket/{ticket.id}"
        last = self.of(ticket.id)[-1]
        links: list[Json] = [self._self_link("ticket", ticket.id)]
        links += [{"ref": "refers-to", **self._uid("ticket", other)} for other in ticket.links]
        links.append({"ref": "history", "_url": f"{url}/history"})
        for right, ref in (("ReplyToTicket", "correspond"), ("CommentOnTicket", "comment")):
            if right in self._rights(user, ticket):
                links.append({"ref": ref, "_url": f"{url}/{ref}"})
        if "ModifyTicket" in self._rights(user, ticket):
            to = "resolved" if ticket.status != "resolved" else "open"
            links.append({"ref": "lifecycle", "from": ticket.status, "to": to, "label": "Go", "_url": url})
        return {
            "id": ticket.id, "Type": "ticket", "Subject": ticket.subject, "Status": ticket.status,
            "Queue": self._uid("queue", 1 if ticket.queue == self.queue else 2), "Owner": self._uid("user", "Nobody"),
            "Creator": self._uid("user", ticket.creator), "LastUpdatedBy": self._uid("user", last.creator),
            "Created": _stamp(ticket.created), "LastUpdated": _stamp(last.created), "Priority": ticket.priority,
            "InitialPriority": ticket.priority, "FinalPriority": "0", "TimeEstimated": "0", "TimeWorked": "0",
            "TimeLeft": "0", "Told": _NEVER, "Starts": _NEVER, "Started": _NEVER, "Due": _NEVER, "Resolved": _NEVER,
            "EffectiveId": self._uid("ticket", ticket.id), "Cc": [], "AdminCc": [],
            "Requestor": [self._uid("user", name) for name in ticket.requestors],
            "CustomFields": self._values(ticket, user), "_hyperlinks": links,
        }  # fmt: skip

    def _values(self, ticket: Ticket, user: User) -> list[Json]:
        if "SeeCustomField" not in user.rights or not self.field_applies:
            return []
        return [{**self._uid("customfield", 1), "name": self.field_name, "values": list(ticket.values)}]

    def _transaction_json(self, one: Transaction) -> Json:
        kind = one.object_type.removeprefix("RT::").lower()
        links = [self._self_link("transaction", one.id)]
        links += [{"ref": "attachment", "_url": f"{self.url}{BASE}/attachment/{part.id}"} for part in one.attachments]
        return {
            "id": one.id, "Type": one.type, "Field": one.column, "OldValue": one.old, "NewValue": one.new, "Data": "",
            "TimeTaken": "0", "Creator": self._uid("user", one.creator), "Created": _stamp(one.created),
            "ObjectType": one.object_type, "ObjectId": str(one.object_id), "Object": self._uid(kind, one.object_id),
            "Description": one.type, "_hyperlinks": links,
        }  # fmt: skip

    def _attachment_json(self, part: Attachment) -> Json:
        one = next(one for one in self.transactions if one.id == part.transaction)
        return {
            "id": part.id, "TransactionId": self._uid("transaction", part.transaction), "Parent": str(part.parent),
            "ContentType": part.media_type, "Filename": part.filename, "Subject": part.subject, "MessageId": "",
            "ContentLength": str(len(part.content)), "ContentEncoding": "none", "Headers": "",
            "Content": base64.encodebytes(part.content).decode(), "Created": _stamp(one.created),
            "Creator": self._uid("user", one.creator), "_hyperlinks": [self._self_link("attachment", part.id)],
        }  # fmt: skip

    # --- reading ------------------------------------------------------------------------------------------------------

    async def _about(self, _request: web.Request, _user: User) -> web.Response:
        return web.Response(text="<html>What REST 2 is</html>", content_type="text/html")

    async def _system(self, _request: web.Request, _user: User) -> web.Response:
        return _json({"Version": "5.0.7", "Plugins": []})

    async def _queue(self, _request: web.Request, user: User, name: str) -> web.Response:
        if name not in {"1", self.queue}:
            raise Refused(404, "Not Found")
        if "SeeQueue" not in user.rights:
            raise Refused(403, "Forbidden")
        links = [self._self_link("queue", 1), {"ref": "history", "_url": f"{self.url}{BASE}/queue/1/history"}]
        if "CreateTicket" in user.rights:
            links.append({"ref": "create", "type": "ticket", "_url": f"{self.url}{BASE}/ticket?Queue=1"})
        sees = self.field_applies and "SeeCustomField" in user.rights
        fields = [{**self._uid("customfield", 1), "ref": "customfield", "name": self.field_name}] if sees else []
        return _json({
            "id": 1, "Name": self.queue, "Description": "The queue", "Lifecycle": "default",
            "Disabled": str(int(self.queue_disabled)),
            "CorrespondAddress": "", "CommentAddress": "", "CustomFields": [], "TicketCustomFields": fields,
            "TicketTransactionCustomFields": [], "_hyperlinks": links,
        })  # fmt: skip

    async def _custom_field(self, _request: web.Request, user: User) -> web.Response:
        if "SeeCustomField" not in user.rights:
            raise Refused(403, "Forbidden")
        return _json({
            "id": 1, "Name": self.field_name, "Type": "Freeform", "MaxValues": 1, "Disabled": "0", "Pattern": "",
            "UniqueValues": "1" if self.unique_values else "0", "LookupType": "RT::Queue-RT::Ticket",
            "_hyperlinks": [self._self_link("customfield", 1)],
        })  # fmt: skip

    async def _custom_fields(self, request: web.Request, user: User) -> web.Response:
        known = {"Name": self.field_name, "Type": "Freeform"}
        items = [self._item(request, "customfield", 1, lambda: known)] if "SeeCustomField" in user.rights else []
        return self._listed(request, items, counts=True)

    async def _person(self, _request: web.Request, user: User, name: str) -> web.Response:
        found = next((one for one in self.users.values() if name.lower() in {one.name.lower(), str(one.id)}), None)
        if found is None:
            raise Refused(404, "Not Found")
        if not user.privileged and found is not user:
            raise Refused(403, "Forbidden")
        summary = {
            "Name": found.name, "RealName": found.real_name, "EmailAddress": found.email,
            "Privileged": int(found.privileged), "_hyperlinks": [self._self_link("user", found.id)],
        }  # fmt: skip
        if "AdminUsers" in user.rights or found is user:
            summary |= {"id": found.id, "Disabled": "0", "Memberships": [], "CustomFields": [], "Lang": ""}
        return _json(summary)

    async def _ticket(self, request: web.Request, user: User, number: str) -> web.Response:
        ticket = self._seen(number, user)
        etag = f'"{self.of(ticket.id)[-1].id}"'
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers={"ETag": etag})
        shown = self._ticket_json(ticket, user)
        shown["Queue"] |= {
            sub: self._nested(shown["Queue"]).get(sub, "")
            for sub in request.query.get("fields[Queue]", "").split(",")
            if sub
        }
        return _json(shown, headers={"ETag": etag})

    async def _tickets(self, request: web.Request, user: User) -> web.Response:
        query = request.query.get("query") or (await request.post()).get("query", "")
        matches = parsed(
            str(query), {"id", "queue", "status", "subject", "creator", "requestor", "cf." + self.field_name.lower()}
        )
        shows_deleted = "deleted" in str(query).lower()
        found = [
            self._item(request, "ticket", one.id, lambda one=one: self._ticket_json(one, user))  # type: ignore[misc]
            for one in self.tickets.values()
            if one.id not in self.merged
            and "ShowTicket" in self._rights(user, one)
            and (shows_deleted or one.status != "deleted")
            and matches(lambda name, one=one: self._look(one, user, name))  # type: ignore[misc]
        ]
        return self._listed(request, found, counts=True)

    def _look(self, ticket: Ticket, user: User, name: str) -> Sequence[str]:
        known = {
            "id": [str(ticket.id)], "queue": [ticket.queue], "status": [ticket.status], "subject": [ticket.subject],
            "creator": [ticket.creator], "requestor": ticket.requestors,
        }  # fmt: skip
        return (
            known[name] if name in known else [value for one in self._values(ticket, user) for value in one["values"]]
        )

    async def _transaction(self, _request: web.Request, user: User, number: str) -> web.Response:
        one = next((one for one in self.transactions if str(one.id) == number), None)
        if one is None:
            raise Refused(404, "Not Found")
        if not self._may_see(one, user):
            raise Refused(403, "Forbidden")
        return _json(self._transaction_json(one))

    async def _transactions(self, request: web.Request, user: User) -> web.Response:
        query = request.query.get("query", "") or await request.text()
        matches = parsed(query, {"id", "objecttype", "objectid", "type", "creator", "field"})
        return self._history_of(request, user, [one for one in self.transactions if matches(_columns(one))])

    async def _history(self, request: web.Request, user: User, number: str) -> web.Response:
        return self._history_of(request, user, self.of(self._effective(number)))

    def _history_of(self, request: web.Request, user: User, found: Iterable[Transaction]) -> web.Response:
        items = [
            self._item(request, "transaction", one.id, lambda one=one: self._transaction_json(one))  # type: ignore[misc]
            for one in found
            if self._may_see(one, user)
        ]
        return self._listed(request, items)

    async def _parts(self, request: web.Request, user: User, kind: str, number: str) -> web.Response:
        known = self.of(self._effective(number)) if kind == "ticket" else self.transactions
        of = [one for one in known if (kind == "ticket" or one.id == int(number)) and self._may_see(one, user)]
        named = "Filename" in await request.text()  # the one search of attachments that clients make: those with a name
        items = [
            self._item(request, "attachment", part.id, lambda part=part: self._attachment_json(part))  # type: ignore[misc]
            for one in of
            for part in one.attachments
            if part.filename or not named
        ]
        return self._listed(request, items)

    async def _attachment(self, _request: web.Request, user: User, number: str) -> web.Response:
        part = self._attachments.get(int(number))
        if part is None:
            raise Refused(404, "Not Found")
        if not any(one.id == part.transaction and self._may_see(one, user) for one in self.transactions):
            raise Refused(403, "Forbidden")
        return _json(self._attachment_json(part))

    # --- writing ------------------------------------------------------------------------------------------------------

    async def _add_person(self, request: web.Request, user: User) -> web.Response:
        body = await self._body(request)
        self.ignored |= body.keys() - _USER_FIELDS
        name = str(body.get("Name", ""))
        if "AdminUsers" not in user.rights:
            raise Refused(400, "Permission Denied")
        if not name:
            raise Refused(400, "Must specify 'Name' attribute")
        if name.lower() in {one.lower() for one in self.users}:
            raise Refused(400, "Name in use")
        made = self.add_user(name, real_name=str(body.get("RealName", "")), email=str(body.get("EmailAddress", "")))
        made.token = ""
        return _json(self._uid("user", name), 201, {"Location": f"{self.url}{BASE}/user/{made.id}"})

    async def _open(self, request: web.Request, user: User) -> web.Response:
        body = {**await self._body(request), **request.query}
        self.ignored |= body.keys() - _TICKET_FIELDS
        if not body.get("Queue"):
            raise Refused(400, "Could not create ticket. Queue not set")
        if str(body["Queue"]) not in {"1", self.queue}:
            raise Refused(400, "Unable to find queue")
        if "CreateTicket" not in user.rights or self.queue_disabled:
            raise Refused(403, f"No permission to create tickets in the queue '{self.queue}'")
        ticket = Ticket(
            id=len(self.tickets) + 1,
            subject=str(body.get("Subject", "")).replace("\n", "")[:200],
            creator=user.name,
            created=datetime.now(UTC),
            queue=self.queue,
            priority=str(int(body.get("Priority", 0))),
            requestors=self._requestors(body.get("Requestor", [])),
            values=self._accepted(body.get("CustomFields") or {}, user),
            links=[str(one) for one in _listed(body.get("RefersTo", []))],
        )
        transaction = self._note("RT::Ticket", ticket.id, "Create", user.name)
        self._message(transaction, body)
        self.tickets[ticket.id] = ticket
        uid = self._uid("ticket", ticket.id)
        return _json(uid, 201, {"Location": uid["_url"]})

    def _requestors(self, given: object) -> list[str]:
        """Users by id or address; a name that is neither is lost, for RT reads it as an address."""
        names = []
        for one in _listed(given):
            known = next(
                (user.name for user in self.users.values() if str(one) in {str(user.id), user.email or None}), None
            )
            if known is None and "@" in str(one):
                known = self.add_user(str(one), email=str(one)).name
            names += [known] if known else []
        return names

    def _accepted(self, given: Json, user: User) -> list[str]:
        """The custom field's values; RT says nothing where it takes none."""
        if not self.field_applies or not {"SeeCustomField", "ModifyCustomField"} <= user.rights:
            return []
        values = [str(one) for one in _listed(given.get(self.field_name, []))]
        taken = {value for ticket in self.tickets.values() for value in ticket.values}
        return [value for value in values if not (self.unique_values and value in taken)]

    async def _change(self, request: web.Request, user: User, number: str) -> web.Response:
        ticket = self._seen(number, user)
        given = request.headers.get("If-Match")
        if given not in {None, f'"{self.of(ticket.id)[-1].id}"'}:
            raise Refused(412, "Precondition Failed")
        body = await self._body(request)
        said = []
        for name, value in sorted(body.items()):
            if name == "MergeInto":
                self.merged[ticket.id] = int(value)
                said.append("Merge Successful")
            elif name == "Status":
                said.append(f"Ticket {ticket.id}: {self._turn(ticket, str(value), user)}")
            elif name in {"Priority", "Subject", "Queue"} and getattr(ticket, name.lower()) != str(value):
                said.append(f"Ticket {ticket.id}: {self._set(ticket, name, str(value), user)}")
        return _json(said)

    async def _delete(self, _request: web.Request, user: User, number: str) -> web.Response:
        said = self._turn(self._seen(number, user), "deleted", user)
        if said == "Permission Denied":
            raise Refused(403, "Forbidden")
        return web.Response(status=204)

    async def _conflict(self, _request: web.Request, user: User, number: str) -> web.Response:
        self._seen(number, user)
        raise Refused(409, "Resource already exists; use PUT to update")

    async def _say(self, request: web.Request, user: User, number: str, kind: str) -> web.Response:
        body = await self._body(request)
        if body.get("Content") == "0":
            del body["Content"]  # Perl takes it for nothing
        if body.get("Content") and not body.get("ContentType"):
            raise Refused(400, "ContentType is a required field for application/json")
        ticket = self.tickets.get(self._effective(number))
        right = "ReplyToTicket" if kind == "correspond" else "CommentOnTicket"
        if ticket is None or not {right, "ModifyTicket"} & self._rights(user, ticket):
            raise Refused(400, "Permission Denied")
        transaction = self._note("RT::Ticket", ticket.id, kind.capitalize(), user.name)
        self._message(transaction, body)
        said = ["Correspondence added" if kind == "correspond" else "Comments added"]
        if kind == "correspond" and self.opens_on_correspond and ticket.status not in ACTIVE:
            self._set(ticket, "Status", "open", self.users["RT_System"], always=True)
        if body.get("Status"):
            said.append(self._turn(ticket, str(body["Status"]), user))
        return _json(said, 201, {"Location": f"{self.url}{BASE}/transaction/{transaction.id}"})

    def _turn(self, ticket: Ticket, status: str, user: User) -> str:
        if status not in STATUSES:
            return f"Status '{status}' isn't a valid status for this ticket."
        if status == ticket.status:
            return "That is already the current value"
        if status == "deleted" and "DeleteTicket" not in self._rights(user, ticket):
            return "Permission Denied"
        return self._set(ticket, "Status", status, user)

    def _set(self, ticket: Ticket, name: str, value: str, user: User, *, always: bool = False) -> str:
        if not always and "ModifyTicket" not in self._rights(user, ticket):
            return "Permission Denied"
        old = getattr(ticket, name.lower())
        setattr(ticket, name.lower(), value)
        kind = "Status" if name == "Status" else "Set"
        self._note("RT::Ticket", ticket.id, kind, user.name, column=name, old=old, new=value)
        return f"{name} changed from '{old}' to '{value}'"

    def _effective(self, number: str) -> int:
        """The ticket that this one was merged into, or itself."""
        return self.merged.get(int(number), int(number))

    def _seen(self, number: str, user: User) -> Ticket:
        ticket = self.tickets.get(self._effective(number))
        if ticket is None:
            raise Refused(404, "Not Found")
        if "ShowTicket" not in self._rights(user, ticket):
            raise Refused(403, "Forbidden")
        return ticket

    def _rights(self, user: User, ticket: Ticket) -> set[str]:
        return user.rights if ticket.queue == self.queue else user.elsewhere

    def _may_see(self, one: Transaction, user: User) -> bool:
        if one.object_type != "RT::Ticket":
            return "AdminUsers" in user.rights
        rights = self._rights(user, self.tickets[one.object_id])
        return "ShowTicket" in rights and (one.type != "Comment" or "ShowTicketComments" in rights)

    def _note(self, object_type: str, object_id: int, kind: str, creator: str, **changed: Any) -> Transaction:
        one = Transaction(
            id=len(self.transactions) + 31,
            object_type=object_type,
            object_id=object_id,
            type=kind,
            creator=creator,
            created=datetime.now(UTC).replace(microsecond=0),
            **changed,
        )
        self.transactions.append(one)
        return one

    def _message(self, transaction: Transaction, body: Json) -> None:
        """Store a message's parts as RT does: one alone, or a wrapper, the text and each file."""
        files = body.get("Attachments") or []
        for file, name in ((file, name) for file in files for name in ("FileName", "FileType", "FileContent")):
            if not file.get(name):
                self.transactions.remove(transaction)
                raise Refused(400, f"{name} is a required field for each attachment in Attachments")
        text = str(body.get("Content", "")).replace("\r\n", "\n").encode()
        media_type = str(body.get("ContentType", "text/plain")) if text else "application/octet-stream"
        subject = str(body.get("Subject", ""))
        if not files:
            self._attach(transaction, 0, media_type, subject=subject, content=text)
            return
        top = self._attach(transaction, 0, "multipart/mixed", subject=subject)
        self._attach(transaction, top.id, media_type, content=text)
        for file in files:
            content = base64.b64decode(file["FileContent"])
            self._attach(transaction, top.id, file["FileType"], filename=file["FileName"], content=content)

    def _attach(self, transaction: Transaction, parent: int, media_type: str, **known: Any) -> Attachment:
        part = Attachment(
            id=len(self._attachments) + 1, transaction=transaction.id, parent=parent, media_type=media_type, **known
        )
        self._attachments[part.id] = part
        transaction.attachments.append(part)
        return part


def _json(value: object, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response(value, status=status, headers=headers)


def _object(text: str) -> Json:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise Refused(400, f"JSON parse error: {error}") from error
    if not isinstance(value, dict):
        raise Refused(400, "JSON object must be a HASH")
    return value


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _columns(one: Transaction) -> Look:
    known = {
        "id": one.id, "objecttype": one.object_type, "objectid": one.object_id, "type": one.type,
        "creator": one.creator, "field": one.column,
    }  # fmt: skip
    return lambda name: [str(known[name])]


# --- searches ---------------------------------------------------------------------------------------------------------

_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<mark>[()])|(?P<operator>!=|>=|<=|=|>|<|NOT\s+LIKE\b|LIKE\b)|(?P<join>AND\b|OR\b)"""
    r"""|(?P<quoted>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?P<word>CF\.\{[^}]*\}|[\w.:-]+))""",
    re.IGNORECASE | re.DOTALL,
)


def parsed(query: str, fields: set[str]) -> Matches:
    """What a search asks of a record: TicketSQL's comparisons with AND, OR and brackets, or the JSON searches."""
    if query.lstrip().startswith("["):
        wanted = json.loads(query)
        tests = [_comparison(one["field"], one.get("operator", "="), one["value"], fields) for one in wanted]
        return lambda look: all(test(look) for test in tests)
    tokens = list(_tokens(query))
    if not tokens:
        return lambda _: True
    found = _either(tokens, fields)
    if tokens:
        raise Refused(400, f"Incorrect query, expecting an operator or a joiner, got '{tokens[0][1]}'")
    return found


def _tokens(query: str) -> Iterator[tuple[str, str]]:
    at, query = 0, query.rstrip()
    while at < len(query):
        match = _TOKEN.match(query, at)
        if match is None:
            raise Refused(400, "Incorrect query")
        kind, text = next((kind, text) for kind, text in match.groupdict().items() if text is not None)
        if kind == "quoted":
            text = re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)
        yield kind, text
        at = match.end()


def _either(tokens: list[tuple[str, str]], fields: set[str]) -> Matches:
    parts = [_both(tokens, fields)]
    while tokens and tokens[0][0] == "join" and tokens[0][1].upper() == "OR":
        tokens.pop(0)
        parts.append(_both(tokens, fields))
    return lambda look: any(part(look) for part in parts)


def _both(tokens: list[tuple[str, str]], fields: set[str]) -> Matches:
    parts = [_one(tokens, fields)]
    while tokens and tokens[0][0] == "join" and tokens[0][1].upper() == "AND":
        tokens.pop(0)
        parts.append(_one(tokens, fields))
    return lambda look: all(part(look) for part in parts)


def _one(tokens: list[tuple[str, str]], fields: set[str]) -> Matches:
    kinds = [kind for kind, _ in tokens[:3]]
    if kinds[:1] == ["mark"] and tokens[0][1] == "(":
        tokens.pop(0)
        inner = _either(tokens, fields)
        if not tokens or tokens.pop(0)[1] != ")":
            raise Refused(400, "Incomplete query, last element is not an expression")
        return inner
    if (
        len(kinds) < 3
        or kinds[0] not in {"word", "quoted"}
        or kinds[1] != "operator"
        or kinds[2] not in {"word", "quoted"}
    ):
        raise Refused(400, "Incorrect query, expecting a comparison")
    (_, name), (_, operator), (_, value) = tokens[:3]
    del tokens[:3]
    return _comparison(name, operator, value, fields)


def _comparison(name: str, operator: str, wanted: object, fields: set[str]) -> Matches:
    """One comparison; texts are equal whatever their case, as in RT's usual databases."""
    plain, value = name.lower().replace("{", "").replace("}", ""), str(wanted).lower()
    if plain not in fields:
        raise Refused(400, f"Unknown field: {name}")

    def test(look: Look) -> bool:
        values = [one.lower() for one in look(plain)]
        match operator.upper().split():
            case ["="]:
                return value in values
            case ["!="]:
                return value not in values
            case ["LIKE"]:
                return any(value in one for one in values)
            case ["NOT", "LIKE"]:
                return not any(value in one for one in values)
            case [">"]:
                return any(int(one) > int(value) for one in values)
            case ["<"]:
                return any(int(one) < int(value) for one in values)
        raise Refused(400, f"Unknown operator: {operator}")

    return test


async def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m simulators.request_tracker", description="A simulated RT 5.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    parser.add_argument("--latency-s", type=float, default=0.0, help="seconds that every answer takes")
    options = parser.parse_args()
    async with RequestTrackerSimulator(port=options.port, latency_s=options.latency_s) as sim:
        shown = {
            "url": sim.url,
            "key": sim.key,
            "agent_key": sim.agent_key,
            "queue": sim.queue,
            "field": sim.field_name,
        }
        print(json.dumps(shown), flush=True)  # noqa: T201 - for who started it
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main())
