"""The server: who calls, how often, and what answers."""

from __future__ import annotations

import asyncio
import base64
import math
import re
import time
from typing import TYPE_CHECKING, Any, Final, Self

from aiohttp import web

from simulators.freshdesk.tickets import Tickets
from simulators.freshdesk.wire import Answer, Json, Refusal, read_body

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_MAX_BODY_BYTES: Final = 40 << 20


class FreshdeskSimulator(Tickets):
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
        super().__init__(
            index_lag_s=index_lag_s,
            custom_fields=custom_fields,
            statuses=statuses,
            has_external_ids=has_external_ids,
            required=required,
        )
        self.port = port
        self.latency_s = latency_s
        self.limit_per_minute = limit_per_minute
        self.window_s = window_s
        self.calls: list[tuple[str, str]] = []
        self._window = (0.0, 0.0)
        self._runner: web.AppRunner | None = None
        self._routes = self._routing()

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=_MAX_BODY_BYTES)
        app.router.add_get("/attachments/{id}/{name}", self._attachment)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._hooks:
            task.cancel()
        await asyncio.gather(*self._hooks, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()

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
        except Refusal as refusal:
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

    async def _do(self, request: web.Request) -> Answer:
        path = request.path.removeprefix("/api/v2/")
        found = [(match, methods) for known, methods in self._routes if (match := known.fullmatch(path))]
        if not request.path.startswith("/api/v2/") or not found:
            raise Refusal(404)
        who = self._who(request)
        match, methods = found[0]
        if request.method not in methods:
            allowed = ", ".join(methods)
            message = f"{request.method} method is not allowed. It should be one of these method(s): {allowed}"
            raise Refusal(405, {"message": message}, {"Allow": allowed})
        values = [int(group) for group in match.groups()]
        if request.method == "GET":
            answer: Any = methods["GET"](who, request, *values)
        elif request.method == "DELETE":
            answer = methods["DELETE"](who, *values)
        else:
            answer = methods[request.method](who, await read_body(request), *values)
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
            raise Refusal(401, {"code": "invalid_credentials", "message": message})
        return who

    async def _attachment(self, request: web.Request) -> web.Response:
        """An attachment's signed address on Freshdesk's store, which asks for no key."""
        name, media_type, content = self.files[int(request.match_info["id"])]
        if request.query.get("X-Amz-Signature") != "signed" or name != request.match_info["name"]:
            return web.Response(status=403)
        return web.Response(body=content, content_type=media_type)
