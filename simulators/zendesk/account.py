"""One account: its people, tickets and settings, its clock, and pages of what it holds."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from simulators.zendesk.objects import BOT, new_statuses, new_user
from simulators.zendesk.wire import Json, Limit, Refused, iso

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable, Sequence

    import aiohttp
    from aiohttp import web

    from simulators.zendesk.wire import Call

_EXPORTS_A_MINUTE = 10
_UPDATES, _UPDATES_S = 30, 600
_UPSERTS_A_MINUTE = 5


class Account:
    """What one account holds, and how it shows that.

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
        self.custom_statuses = new_statuses() if custom_statuses else {}
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
        user = new_user(next(self._ids), self.url, self._stamp(), given)
        self.users[user["id"]] = user
        return user

    def _stamp(self) -> str:
        return iso(self.now())

    @staticmethod
    def _first_stamp() -> str:
        return "2023-09-09T23:52:05Z"

    def _named(self, kind: str, number: int, **more: object) -> Json:
        now = self._first_stamp()
        return {"url": f"/api/v2/{kind}/{number}.json", "id": number, "created_at": now, "updated_at": now, **more}

    def _things(self, kind: str) -> dict[int, Json]:
        return {"groups": self.groups, "brands": self.brands, "ticket_forms": self.forms, "ticket_fields": self.fields,
                "custom_statuses": self.custom_statuses}[kind]  # fmt: skip

    def _one(self, things: dict[int, Json], number: int) -> Json:
        if number not in things:
            raise Refused(404, "RecordNotFound", "Not found")
        return things[number]

    # --- what is shown ------------------------------------------------------------------------------------------------

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
