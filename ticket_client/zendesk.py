"""Zendesk Support: tickets, comments and users over its API v2.

One ticket per complaint. The draft's key is the ticket's ``external_id``, and its digest the ``Idempotency-Key`` of the
request that opens it. Words, notes and files bear their key in the metadata of the audit that each update leaves, where
no agent stumbles over it. Everything is written as escaped HTML: Zendesk strips tags from a plain ``body``, reads it as
Markdown, and fills in placeholders (``{{ticket.requester.email}}``) in what an agent's account writes.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import html
import json
import logging
import math
import re
import time
from collections import deque
from datetime import UTC, datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, SecretStr
from yarl import URL

from config.findings import Finding
from ticket_client.base import (
    AgentFile,
    AgentReply,
    Ambiguous,
    AuthFailed,
    Capabilities,
    Changes,
    Closed,
    DeskError,
    NotFound,
    Priority,
    Rejected,
    Status,
    TicketBusy,
    TicketRef,
    TicketSnapshot,
)
from ticket_client.client import DeskClient, RemoteSection, account_address, one_ticket, understood

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from ticket_client.base import Requester, TicketDraft, UserFile, WebhookCall

_UNWRITABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")  # no text of JSON and HTML
_STATUSES: Final = {
    "new": Status.NEW, "open": Status.OPEN, "pending": Status.PENDING, "hold": Status.ON_HOLD,
    "solved": Status.RESOLVED, "closed": Status.CLOSED,
}  # fmt: skip
_WAITING: Final = frozenset({"pending", "hold", "solved"})  # what the requester's words turn into "open"
_STAFF: Final = frozenset({"agent", "admin"})
_PAGE: Final = "100"
_MOST_PAGES: Final = 60  # of 100; a ticket takes 5,000 comments
_REQUESTER_S: Final = 600.0  # an agent may merge the user into another one meanwhile
_LONGEST_NAME: Final = 255
_FIRST_LOOK_BACK: Final = timedelta(minutes=5)  # the export refuses a start within the last minute of its own clock
_EXPORTS, _EXPORTS_S = 9, 60.0  # of 10 a minute
_UPDATES, _UPDATES_S = 28, 600.0  # of 30 in ten minutes, by one user in one ticket
_FRESH: Final = timedelta(minutes=5)
_MOST_CLOCK_DIFFERENCE: Final = timedelta(minutes=2)
_CONFLICT, _UNAUTHORISED, _FORBIDDEN, _INVALID = 409, 401, 403, 422
_TOKENS_PAGE: Final = "Admin Center > Apps and integrations > APIs > API tokens"
_log = logging.getLogger(__name__)


class Settings(RemoteSection):
    """The section ``[desk]`` with ``kind = "zendesk"``."""

    kind: Literal["zendesk"] = "zendesk"
    url: Annotated[str, AfterValidator(partial(account_address, example="https://NAME.zendesk.com"))]
    """Of the account: ``https://acme.zendesk.com``."""
    email: str = Field(pattern=r"^[^\s:/@]+@[^\s:/@]+$")
    """Of the bot's own account there."""
    token: SecretStr
    webhook_secret: SecretStr | None = None
    """The webhook's signing secret; without it, calls are refused and changes are only found by asking."""
    group_id: int | None = None
    brand_id: int | None = None
    form_id: int | None = None
    language_field_id: int | None = None
    link_field_id: int | None = None
    """Custom ticket fields (of the type text) for the requester's language and the link to the message."""
    statuses: dict[str, Status] = Field(default_factory=dict)
    """What custom statuses mean to the bot, by their name for agents."""
    priorities: dict[Priority, str] = Field(default_factory=dict)
    """Zendesk's words for the bot's priorities, where they are not the same."""
    private_attachments: bool = False
    """Whether only those who are logged in can open agents' files, so that no link to them is of use."""


class _KeyTaken(Rejected):
    """The idempotency key was used with other bytes."""


class ZendeskDesk:
    """Implements `TicketDesk` and `HasWebhook`."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        # Zendesk knows a request again by its Idempotency-Key for two hours only, and a desk may be away for longer:
        # whoever repeats a request looks first, at any age of it. The key is sent nevertheless: it stops a second
        # ticket where the first request is still at work while we look, which no looking can.
        self.capabilities = Capabilities(idempotent_create=False, find_lag_s=settings.settle_s)
        self._settings = settings
        token = settings.token.get_secret_value()
        login = base64.b64encode(f"{settings.email}/token:{token}".encode()).decode()
        self._client = DeskClient(
            f"{settings.url}/api/v2",
            headers={"Authorization": f"Basic {login}", "Accept": "application/json"},
            name="Zendesk",
            timeout_s=settings.timeout_s,
            refusal=_refusal,
            secrets=(token, login),
        )
        self._me: Mapping[str, Any] | None = None
        self._clock_difference = timedelta(0)
        self._requesters: dict[Requester, tuple[float, int]] = {}
        self._exports: deque[float] = deque()
        self._updates: dict[str, deque[float]] = {}

    # --- tickets ----------------------------------------------------------------------------------------------------

    async def prepare(self, draft: TicketDraft) -> str:
        """The JSON that opens the ticket, once its requester is known there."""
        requester = await self._requester(draft.requester)
        settings = self._settings
        fields = {settings.language_field_id: draft.language, settings.link_field_id: draft.url}
        ticket: dict[str, Any] = {
            # Where the braces stand together, {{dc.NAME}} shows one of the account's own texts.
            "subject": _UNWRITABLE.sub("", draft.subject).replace("{{", "{\u200b{"),
            "comment": _comment("\n\n".join((draft.body, *draft.attachments)), is_public=True, author=requester),
            "requester_id": requester,
            "external_id": draft.key,
            "priority": settings.priorities.get(draft.priority, draft.priority.value),
            "tags": list(draft.tags),
            "group_id": settings.group_id,
            "brand_id": settings.brand_id,
            "ticket_form_id": settings.form_id,
            "custom_fields": [{"id": number, "value": value} for number, value in fields.items() if number and value],
            "via_followup_source_id": int(draft.follows) if draft.follows else None,
            "metadata": {"firstline": draft.key},
        }
        given = {name: value for name, value in ticket.items() if value not in (None, [])}
        return json.dumps({"ticket": given}, ensure_ascii=False)

    async def create(self, draft: TicketDraft, request: str) -> TicketRef:
        """Open the ticket. Where the key is known with other bytes, its ticket is the one."""
        headers = {"Idempotency-Key": f"firstline-{hashlib.sha256(draft.key.encode()).hexdigest()}"}
        try:
            answer = await self._client.send("POST", "/tickets.json", text=request, headers=headers)
        except _KeyTaken:
            found = await self.find(draft)
            if found is None:  # an agent deleted it within the two hours: a new request would be refused as well
                raise
            return found
        with understood("Zendesk", Ambiguous):
            return self._ref(answer["ticket"], version=_version({"comment_count": 1, **answer["ticket"]}))

    async def find(self, draft: TicketDraft) -> TicketRef | None:
        """The ticket with this ``external_id``: of several, which Zendesk allows, the oldest."""
        answer = await self._client.get("/tickets.json", {"external_id": draft.key})
        with understood("Zendesk"):
            tickets = [ticket for ticket in answer["tickets"] if ticket["external_id"] == draft.key]
            return self._ref(min(tickets, key=lambda ticket: int(ticket["id"]))) if tickets else None

    async def get(self, ticket_id: str) -> TicketSnapshot:
        """The ticket and its agents' public replies."""
        async with one_ticket(ticket_id, self._sees_others, unseen=NotFound):
            return await self._snapshot(ticket_id)

    async def _snapshot(self, ticket_id: str) -> TicketSnapshot:
        with understood("Zendesk"):
            me = await self._self()
            # First the ticket, then its comments: what comes in between is told with an older version, and so again.
            answer = await self._ticket(ticket_id, include="comment_count,custom_statuses")
            ticket = answer["ticket"]
            ours = {me["id"], ticket["requester_id"]}
            replies: list[AgentReply] = []
            said = {"include": "users", "include_inline_images": "true"}
            async for page in self._pages(f"/tickets/{ticket_id}/comments.json", said):
                people = {user["id"]: user for user in page["users"]}
                for comment in page["comments"]:
                    author = people.get(comment["author_id"], {})
                    if comment["public"] is True and author.get("role") in _STAFF and author["id"] not in ours:
                        replies.append(self._reply(comment, author))
            raw_status = _raw_status(ticket, answer.get("custom_statuses") or [])
            raw_priority = ticket["priority"] or ""
            return TicketSnapshot(
                ref=self._ref(ticket),
                status=self._status(raw_status, ticket["status"]),
                raw_status=raw_status,
                priority=self._priority(raw_priority),
                raw_priority=raw_priority,
                version=_version(ticket),
                replies=tuple(replies),
            )

    # --- what is added to a ticket ----------------------------------------------------------------------------------

    async def add_user_message(self, ticket_id: str, text: str, *, key: str) -> None:
        """Add a public comment in the requester's name, which opens a ticket that waits or is solved."""
        await self._add_as_requester(ticket_id, text, key=key)

    async def add_note(self, ticket_id: str, text: str, *, key: str) -> None:
        """Add a private comment of our own."""
        await self._update(ticket_id, {"comment": _comment(text, is_public=False)}, key=key)

    async def add_files(self, ticket_id: str, files: Sequence[UserFile], *, key: str) -> None:
        """Upload the files, then add them in the requester's name. An upload that nobody adds is gone in three days."""
        ticket = await self._open_ticket(ticket_id)
        tokens = []
        for file in files:
            known = re.fullmatch(r"[\w.+-]{1,80}/[\w.+-]{1,80}", file.media_type, re.ASCII)
            kind = file.media_type if known else "application/octet-stream"
            answer = await self._client.send(
                "POST", "/uploads.json", params={"filename": file.name}, content=file.content,
                headers={"Content-Type": kind},
            )  # fmt: skip
            with understood("Zendesk"):
                tokens.append(answer["upload"]["token"])
        names = "\n".join(file.name for file in files)
        await self._add_as_requester(ticket_id, names, key=key, ticket=ticket, uploads=tokens)

    async def added(self, ticket_id: str, key: str) -> bool:
        """Whether the metadata of an update bears this key."""
        async with one_ticket(ticket_id, self._sees_others):
            with understood("Zendesk"):
                is_there = False
                async for page in self._pages(f"/tickets/{_number(ticket_id)}/audits.json"):
                    custom = ((audit.get("metadata") or {}).get("custom") or {} for audit in page["audits"])
                    is_there = is_there or any(each.get("firstline") == key for each in custom)
        return is_there

    async def _add_as_requester(
        self,
        ticket_id: str,
        text: str,
        *,
        key: str,
        ticket: Mapping[str, Any] | None = None,
        uploads: Sequence[str] = (),
    ) -> None:
        ticket = ticket or await self._open_ticket(ticket_id)
        comment = _comment(text, is_public=True, author=ticket["requester_id"])
        update: dict[str, Any] = {"comment": comment | ({"uploads": list(uploads)} if uploads else {})}
        # Only if nobody changed the ticket meanwhile: an agent who solves it right now would not see that words came.
        update |= {"safe_update": True, "updated_stamp": ticket["updated_at"]}
        update |= {"status": "open"} if ticket["status"] in _WAITING else {}
        await self._update(ticket_id, update, key=key)

    async def _update(self, ticket_id: str, update: Mapping[str, Any], *, key: str) -> None:
        path = f"/tickets/{_number(ticket_id)}.json"
        self._count_update(ticket_id)
        try:
            answer = await self._client.send("PUT", path, json={"ticket": {**update, "metadata": {"firstline": key}}})
            with understood("Zendesk", Ambiguous):
                _ = answer["ticket"]["id"]  # else nobody knows what became of the words
        except Rejected:
            await self._open_ticket(ticket_id)  # why, in words that do not depend on the account's language
            raise
        except AuthFailed as error:
            await self._open_ticket(ticket_id)
            text = f"Zendesk shows ticket {ticket_id} to the bot's account, which may not write there."
            raise TicketBusy(text) from error

    def _count_update(self, ticket_id: str) -> None:
        """One person who writes too fast is asked to wait by us: Zendesk's refusal would stop the whole desk."""
        now = time.monotonic()
        self._updates = {i: times for i, times in self._updates.items() if now - times[-1] < _UPDATES_S}
        times = self._updates.setdefault(ticket_id, deque(maxlen=_UPDATES))
        if len(times) == _UPDATES and now - times[0] < _UPDATES_S:
            raise TicketBusy(
                f"Ticket {ticket_id} took {_UPDATES} updates in {_UPDATES_S / 60:g} minutes and has to wait."
            )
        times.append(now)

    # --- changes ----------------------------------------------------------------------------------------------------

    async def changed(self, cursor: str) -> Changes:
        """What the incremental export tells; Zendesk leaves out the last minute and allows ten questions in one.

        The cursor is Zendesk's own, or ``from:`` and a Unix time until there is one.
        """
        if not cursor:
            await self._self()
            start = datetime.now(UTC) + self._clock_difference - _FIRST_LOOK_BACK
            cursor = f"from:{int(start.timestamp())}"
        versions: dict[str, str] = {}
        while self._may_export():
            name, value = ("start_time", cursor[5:]) if cursor.startswith("from:") else ("cursor", cursor)
            with understood("Zendesk"):
                page = await self._client.get(
                    "/incremental/tickets/cursor.json", {name: value, "include": "comment_count"}
                )
                versions |= {str(ticket["id"]): _version(ticket) for ticket in page["tickets"]}  # a row may come again
                cursor = page["after_cursor"] or cursor
                if page["end_of_stream"]:
                    break
        known = {number: version for number, version in versions.items() if version}
        return Changes(ids=tuple(versions), cursor=cursor, versions=known)

    def _may_export(self) -> bool:
        now = time.monotonic()
        while self._exports and now - self._exports[0] > _EXPORTS_S:
            self._exports.popleft()
        if len(self._exports) >= _EXPORTS:
            return False
        self._exports.append(now)
        return True

    def verify_webhook(self, call: WebhookCall) -> bool:
        """Whether Zendesk signed this within the last five minutes."""
        secret, stamp = self._settings.webhook_secret, call.headers.get("x-zendesk-webhook-signature-timestamp", "")
        if secret is None:
            return False
        signed = stamp.encode(errors="replace") + call.body
        digest = base64.b64encode(hmac.digest(secret.get_secret_value().encode(), signed, "sha256"))
        given = call.headers.get("x-zendesk-webhook-signature", "").encode(errors="replace")
        try:
            age = abs(datetime.now(UTC) - datetime.fromisoformat(stamp))
        except (ValueError, TypeError):
            return False
        return hmac.compare_digest(digest, given) and age <= _FRESH

    def parse_webhook(self, call: WebhookCall) -> tuple[str, ...]:
        """The ticket that a trigger (``{"ticket_id": "{{ticket.id}}"}``) or an event speaks of."""
        try:
            data = json.loads(call.body)
            said = data["ticket_id"] if "ticket_id" in data else data["detail"]["id"]
            return (_number(str(said)),)
        except (ValueError, TypeError, KeyError, RecursionError, NotFound) as error:
            raise ValueError("The webhook's call names no ticket.") from error

    # --- check ------------------------------------------------------------------------------------------------------

    async def check(self) -> list[Finding]:
        """Log in, look at everything that is configured, and ask for changes once."""
        self._me = None
        me = await self._self()
        findings = [Finding(ok=True, text=f"Logged in as {me['name']} ({me['role']}).")]
        if me["role"] not in _STAFF:
            findings[0] = Finding(
                ok=False, text=f"{me['name']} is an end user and cannot work on tickets.",
                cure="Admin Center > People > Team members: make the bot's account an administrator.",
            )  # fmt: skip
        if abs(self._clock_difference) > _MOST_CLOCK_DIFFERENCE:
            seconds = abs(self._clock_difference).total_seconds()
            findings.append(
                Finding(
                    ok=False, text=f"This machine's clock and Zendesk's differ by {seconds:.0f} seconds.",
                    cure="Set this machine's clock by NTP: signatures of webhooks are only good for five minutes.",
                )
            )  # fmt: skip
        findings += [
            await self._check_export(),
            *[each async for each in self._check_things()],
            *await self._check_statuses(),
        ]
        findings.append(
            Finding(ok=True, text="Webhooks are verified: changes are heard of at once.")
            if self._settings.webhook_secret
            else Finding(
                ok=True,
                text="There is no webhook_secret: agents' replies are found a minute late.",
                cure="To hear them at once, make a webhook in Zendesk: step 4 of docs/desks/zendesk.md.",
            )
        )
        return findings

    async def _check_export(self) -> Finding:
        try:
            await self.changed("")
        except AuthFailed:
            return Finding(
                ok=False, text="The bot's account may not ask which tickets changed (incremental export).",
                cure="Zendesk grants that to administrators only: Admin Center > People > Team members > Role.",
            )  # fmt: skip
        return Finding(ok=True, text="The bot hears which tickets changed.")

    async def _check_statuses(self) -> list[Finding]:
        wanted = self._settings.statuses
        if not wanted:
            return []
        customs: list[Mapping[str, Any]] = []
        try:
            with contextlib.suppress(NotFound), understood("Zendesk"):  # not every account has them
                customs = list((await self._client.get("/custom_statuses.json"))["custom_statuses"])
        except AuthFailed:
            return []
        known = [*_STATUSES, *(str(custom["agent_label"]) for custom in customs if not custom.get("default"))]
        if not (unknown := [name for name in wanted if name not in known]):
            return [Finding(ok=True, text="The account has every status that statuses names.")]
        cure = "Write their names for agents as in Admin Center > Objects and rules > Tickets > Ticket statuses."
        text = f"There is no status named {', '.join(unknown)} (statuses); there are: {', '.join(known)}."
        return [Finding(ok=False, text=text, cure=cure)]

    async def _check_things(self) -> AsyncIterator[Finding]:
        settings = self._settings
        for kind, number, key, where in (
            ("group", settings.group_id, "group_id", "People > Groups"),
            ("brand", settings.brand_id, "brand_id", "Account > Brands"),
            ("ticket_form", settings.form_id, "form_id", "Objects and rules > Forms"),
            ("ticket_field", settings.language_field_id, "language_field_id", "Objects and rules > Fields"),
            ("ticket_field", settings.link_field_id, "link_field_id", "Objects and rules > Fields"),
        ):
            if number is None:
                continue
            try:
                with understood("Zendesk"):
                    thing = (await self._client.get(f"/{kind}s/{number}.json"))[kind]
            except NotFound:
                cure = f"The number stands in the address of Admin Center > {where}."
                yield Finding(ok=False, text=f"There is no {kind.replace('_', ' ')} {number} ({key}).", cure=cure)
            else:
                label = thing.get("name") or thing.get("title")
                yield Finding(ok=True, text=f"New tickets: {kind.replace('_', ' ')} {label} ({key}).")

    async def close(self) -> None:
        """Release the connections; idempotent."""
        await self._client.close()

    # --- within -----------------------------------------------------------------------------------------------------

    async def _self(self) -> Mapping[str, Any]:
        """Our own account, asked for once."""
        if self._me is None:
            answer = await self._client.answer("GET", "/users/me.json")
            self._clock_difference = (answer.at or datetime.now(UTC)) - datetime.now(UTC)
            with understood("Zendesk"):
                self._me = {name: answer.data["user"][name] for name in ("id", "name", "role")}
        return self._me

    async def _requester(self, requester: Requester) -> int:
        """The user of this network identity, made where there is none; without any e-mail address.

        First looked for: making one over again would undo what agents corrected of the name.
        """
        now = time.monotonic()
        known_at, number = self._requesters.get(requester, (-math.inf, 0))
        if now - known_at < _REQUESTER_S:
            return number
        found = await self._client.get("/users/search.json", {"external_id": requester.external_id})
        with understood("Zendesk"):
            wanted = requester.external_id.lower()  # as Zendesk compares them
            ids = [int(user["id"]) for user in found["users"] if str(user["external_id"] or "").lower() == wanted]
        number = ids[0] if ids else await self._new_requester(requester)
        self._requesters = {one: known for one, known in self._requesters.items() if now - known[0] < _REQUESTER_S}
        self._requesters[requester] = now, number
        return number

    async def _new_requester(self, requester: Requester) -> int:
        """Made by a call that finds the user whom somebody else made at the same moment."""
        names = (
            " ".join(_UNWRITABLE.sub("", each).split())
            for each in (requester.name, requester.handle, requester.external_id)
        )
        name = next(filter(None, names))[:_LONGEST_NAME]
        user = {"name": name, "external_id": requester.external_id, "skip_verify_email": True}
        answer = await self._client.send("POST", "/users/create_or_update.json", json={"user": user})
        with understood("Zendesk"):
            return int(answer["user"]["id"])

    async def _ticket(self, ticket_id: str, include: str = "") -> Any:
        params = {"include": include} if include else {}
        return await self._client.get(f"/tickets/{_number(ticket_id)}.json", params)

    async def _open_ticket(self, ticket_id: str) -> Mapping[str, Any]:
        async with one_ticket(ticket_id, self._sees_others):
            with understood("Zendesk"):
                ticket: Mapping[str, Any] = (await self._ticket(ticket_id))["ticket"]
                if ticket["status"] == "closed":
                    raise Closed(f"Ticket {ticket_id} is closed, which Zendesk never takes back.")
                return ticket

    async def _sees_others(self) -> bool:
        with understood("Zendesk"):
            return bool((await self._client.get("/tickets.json", {"page[size]": "1"}))["tickets"])

    async def _pages(self, path: str, more: Mapping[str, str] = MappingProxyType({})) -> AsyncIterator[Any]:
        params = {"page[size]": _PAGE, **more}
        for _ in range(_MOST_PAGES):
            page = await self._client.get(path, params)
            yield page
            if not page["meta"]["has_more"]:
                return
            params["page[after]"] = page["meta"]["after_cursor"]

    def _ref(self, ticket: Mapping[str, Any], version: str = "") -> TicketRef:
        number = str(ticket["id"])
        return TicketRef(id=number, number=number, url=f"{self._settings.url}/agent/tickets/{number}", version=version)

    def _reply(self, comment: Mapping[str, Any], author: Mapping[str, Any]) -> AgentReply:
        is_private = self._settings.private_attachments
        rich = comment.get("html_body")
        attachments = comment.get("attachments") or []
        files = tuple(
            AgentFile(name=file["file_name"], url="" if is_private else file["content_url"])
            for file in attachments
            if not file.get("inline") and file.get("malware_scan_result") != "malware_found"
        )
        hosts = {URL(url).host or "" for url in (self._settings.url, *(file["content_url"] for file in attachments))}
        return AgentReply(
            id=str(comment["id"]),
            text=rich or comment.get("plain_body") or comment["body"],
            format="html" if rich else "plain",
            at=datetime.fromisoformat(comment["created_at"]),
            agent=author.get("alias") or author["name"],
            files=files,
            public_hosts=() if is_private else tuple(sorted(hosts)),  # each brand has its own
        )

    def _status(self, raw_status: str, category: str) -> Status:
        status = self._settings.statuses.get(raw_status) or _STATUSES.get(category)
        if status is None:
            _log.warning("Zendesk has a status %r that the bot does not know", category, extra={"action": "status_new"})
        return status or Status.OPEN

    def _priority(self, raw_priority: str) -> Priority:
        theirs = {value: ours for ours, value in self._settings.priorities.items()}
        if raw_priority in theirs:
            return theirs[raw_priority]
        return Priority(raw_priority) if raw_priority in list(Priority) else Priority.NORMAL


def create(name: str, settings: Settings, resources: Mapping[str, object]) -> ZendeskDesk:  # noqa: ARG001 - the desks' common form
    """The desk of one Zendesk account."""
    return ZendeskDesk(name, settings)


def _comment(text: str, *, is_public: bool, author: int | None = None) -> dict[str, Any]:
    """A comment that shows exactly this text: no tag, Markdown or placeholder in it acts."""
    shown = html.escape(_UNWRITABLE.sub("", text)).replace("{", "&#123;").replace("}", "&#125;")
    shown = shown.replace("\t", "    ").replace("  ", " \N{NO-BREAK SPACE}").replace("\n", "<br>")
    return {"html_body": shown, "public": is_public, **({} if author is None else {"author_id": author})}


def _version(ticket: Mapping[str, Any]) -> str:
    """Differs between two states: the time alone, in seconds, would not. "" where the row lacks the count."""
    if "comment_count" not in ticket:
        return ""
    status = ticket.get("custom_status_id") or ticket["status"]
    return f"{ticket['updated_at']} {ticket['status']} {status} {ticket['comment_count']}"


def _raw_status(ticket: Mapping[str, Any], customs: Sequence[Mapping[str, Any]]) -> str:
    """The name of a custom status that the account made itself, else Zendesk's own word."""
    for custom in customs:
        if custom["id"] == ticket.get("custom_status_id") and not custom.get("default"):
            return str(custom["agent_label"])
    return str(ticket["status"])


def _number(ticket_id: str) -> str:
    if not re.fullmatch(r"[0-9]{1,19}", ticket_id):
        raise NotFound(f"Zendesk has no ticket {ticket_id[:30]!r}.")
    return ticket_id


def _refusal(status: int, answer: Any) -> DeskError | None:
    """What Zendesk means, with names of fields and codes: its sentences may quote what people wrote."""
    data = answer if isinstance(answer, dict) else {}
    error = data.get("error")
    if error == "IdempotentRequestError":
        return _KeyTaken("Zendesk knows the idempotency key with another request, and has no ticket of it.")
    if status == _CONFLICT:
        return TicketBusy("The ticket was changed at Zendesk while we wrote; nothing was applied.")
    if status == _UNAUTHORISED:
        return AuthFailed(f"Zendesk does not accept the e-mail address with this token. See {_TOKENS_PAGE}.")
    if status == _FORBIDDEN:
        return AuthFailed("Zendesk does not let the bot's account do this. See Admin Center > People > Team members.")
    if status == _INVALID:
        details = data.get("details")
        fields = ", ".join(sorted(details)) if isinstance(details, dict) else "no field"
        return Rejected(f"Zendesk refuses the request ({error if isinstance(error, str) else status}): {fields}.")
    return None
