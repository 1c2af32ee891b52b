"""The server: who calls, how often, and which part of the account answers."""

import asyncio
import base64
import contextlib
import hmac
import json
import re
import secrets
from datetime import timedelta
from email.utils import format_datetime
from typing import Self

import aiohttp
from aiohttp import web

from simulators.zendesk.objects import ADMIN, AGENT, BOT
from simulators.zendesk.tickets import Tickets
from simulators.zendesk.wire import FORBIDDEN, Call, Json, Refused, invalid, iso, too_many

_EXPORT_MIN_AGE_S = 60
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
    ("GET", r"/users/search", "_search_users", _STAFF),
    ("GET", r"/users/(\d+)", "_show_user", _STAFF),
    ("POST", r"/users/create_or_update", "_upsert_user", _STAFF),
    ("POST", r"/uploads", "_upload", _ALL),
    ("GET", rf"/({_THINGS})", "_list_things", _STAFF),
    ("GET", rf"/({_THINGS})/(\d+)", "_show_thing", _STAFF),
    ("POST", r"/webhooks", "_create_webhook", "admin"),
    ("GET", r"/webhooks", "_list_webhooks", "admin"),
    ("GET", r"/webhooks/(\w+)/signing_secret", "_signing_secret", "admin"),
)


class ZendeskSimulator(Tickets):
    """One account, served. Use as ``async with``; `url` is what a client is configured with."""

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
                    raise Refused(403, FORBIDDEN)
                numbers = [int(part) if part.isdecimal() else part for part in match.groups()]
                return await getattr(self, handler)(call, *numbers)  # type: ignore[no-any-return]
        raise Refused(404, "InvalidEndpoint", "Not found")

    # --- the export ---------------------------------------------------------------------------------------------------

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

    # --- users, and what an account has -------------------------------------------------------------------------------

    async def _me(self, call: Call) -> web.Response:
        return call.answer({"user": call.user})

    async def _list_users(self, call: Call) -> web.Response:
        return call.answer(self._page(call, "users", list(self.users.values())))

    async def _search_users(self, call: Call) -> web.Response:
        external_id, query = call.arg("external_id").lower(), call.arg("query").lower()
        if not external_id and not query:
            raise Refused(400, {"title": "Missing parameter", "message": "query or external_id is missing"})
        found = [
            user
            for user in self.users.values()
            if (str(user["external_id"] or "").lower() == external_id if external_id else query in user["name"].lower())
        ]
        return call.answer(self._page(call, "users", found))

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

    # --- files --------------------------------------------------------------------------------------------------------

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
        expires_at = iso(self.now() + timedelta(days=3))
        data = {"token": token, "expires_at": expires_at, "attachments": self.uploads[token], "attachment": file}
        # The real one answers JSON and says that it is text.
        return web.Response(
            status=201, text=json.dumps({"upload": data}), content_type="text/plain", headers=call.headers
        )

    def _attachment(self, request: web.Request, opener: str) -> web.Response:
        if opener not in self.files:
            raise Refused(404, "RecordNotFound", "Not found")
        if self.private_attachments and self._who(request)["role"] == "end-user":
            raise Refused(403, FORBIDDEN)
        file, content = self.files[opener]
        return web.Response(body=content, content_type=file["content_type"])
