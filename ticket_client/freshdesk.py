"""Freshdesk, by its API v2; `docs/desks/freshdesk.md` says what has to be set up there.

Freshdesk knows no request again and its search lags behind by minutes. So a ticket bears the draft's key in a field of
its own, and is found among the tickets of its requester, which the API lists from the database. A ticket's time of
change is told in whole seconds: `changed` waits until the second of the newest change is over before it tells of it,
so that whoever then reads the ticket sees all that happened in it. A reference to a ticket has no version: Freshdesk
answers with a new ticket as it was saved, and what an automation adds in the same second would look the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import html
import io
import json
import logging
import re
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import aiohttp
from pydantic import AfterValidator, Field, SecretStr

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
    RateLimited,
    Rejected,
    Status,
    TicketBusy,
    TicketRef,
    TicketSnapshot,
    Unavailable,
    mark,
)
from ticket_client.client import Answer, DeskClient, RemoteSection, account_address, one_ticket, understood

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from ticket_client.base import TicketDraft, UserFile, WebhookCall

_OPEN: Final = 2
_STATUSES: Final = {2: Status.OPEN, 3: Status.PENDING, 4: Status.RESOLVED, 5: Status.CLOSED}
_PRIORITIES: Final = {Priority.LOW: 1, Priority.NORMAL: 2, Priority.HIGH: 3, Priority.URGENT: 4}
_REPLY, _NOTE = 0, 2
_SAID_TO_THE_REQUESTER: Final = frozenset({_REPLY, _NOTE})  # and not 8, a mail that the agent forwards to a third party
_A_PAGE, _MAX_PAGES = 100, 300
_LONGEST, _LONGEST_TAG = 255, 32
_BEGINNING: Final = "2000-01-01T00:00:00Z"  # without it, only tickets of the last 30 days are listed
_OVERLAP: Final = timedelta(seconds=60)
_SECOND_S: Final = 1.0
_OURS: Final = frozenset({"subject", "description", "name", "tags", "unique_external_id", "body", "attachments"})
_SET_UP: Final = frozenset({"group_id", "type", "source", "status"})
_SET_UP_CODES: Final = frozenset({"invalid_field", "missing_field", "datatype_mismatch"})
_SETUP_AGAIN_S: Final = 60.0
_REDIRECTS, _INVALID, _UNAUTHORISED = range(300, 400), 400, 401
_CLOCK_S: Final = 30
_FEW_CALLS: Final = 0.1
_SEES_ALL: Final = 1
_FIELD_NAME: Final = r"^cf_[a-z0-9_]+$"
_TICKET_ID: Final = re.compile(r"[0-9]{1,18}")
_UNWRITABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")  # what is no text in a database
_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"")  # perhaps somebody's words
_SECRET_HEADER: Final = "x-firstline-secret"  # noqa: S105 - its name
_FIELDS_PAGE: Final = "Admin > Workflows > Ticket Fields"
_log = logging.getLogger(__name__)


class Settings(RemoteSection):
    """The section ``[desk]`` with ``kind = "freshdesk"``."""

    kind: Literal["freshdesk"] = "freshdesk"
    url: Annotated[str, AfterValidator(partial(account_address, example="https://NAME.freshdesk.com"))]
    """Of the account: ``https://acme.freshdesk.com``."""
    api_key: SecretStr
    """Of the bot's own agent."""
    key_field: str = Field("cf_firstline_key", pattern=_FIELD_NAME)
    """The ticket field by which a ticket is found again; one line of text."""
    language_field: str | None = Field(None, pattern=_FIELD_NAME)
    link_field: str | None = Field(None, pattern=_FIELD_NAME)
    """Ticket fields of one line of text for the requester's language and the link to the message."""
    group_id: int | None = None
    type: str | None = None
    source: int = 7
    """How the ticket came, by Freshdesk's number: 7 is chat."""
    statuses: dict[str, Status] = Field({"6": Status.PENDING, "7": Status.ON_HOLD})
    """What the account's own statuses mean to the bot, by their numbers."""
    public_hosts: tuple[str, ...] = (
        "attachment.freshdesk.com",
        "eucattachment.freshdesk.com",
        "indattachment.freshdesk.com",
    )
    """Where the images in agents' texts stand that everybody can open."""
    webhook_secret: SecretStr | None = None
    """Without it, webhooks are refused and changes are only found by asking."""


class FieldRefused(Rejected):
    """Freshdesk refuses what a field says; `fields` are their names."""

    def __init__(self, message: str, fields: frozenset[str]) -> None:
        super().__init__(message)
        self.fields = fields


class TicketRefused(TicketBusy):
    """Freshdesk refuses what is wrong about a ticket, the account or our settings: `errors` are fields and codes."""

    def __init__(self, message: str, errors: frozenset[tuple[str, str]]) -> None:
        super().__init__(message)
        self.errors = errors


class SetUpRefused(Unavailable):
    """Every ticket would be refused like this; whatever was asked is good once the account or [desk] is mended."""


class SentElsewhere(Unavailable):
    """Freshdesk redirects: to its archive what is in there, and everything where `url` is wrong."""


class FreshdeskDesk:
    """Implements `TicketDesk` and `HasWebhook`."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self.capabilities = Capabilities(find_lag_s=settings.settle_s)
        self._settings = settings
        self._url = settings.url.rstrip("/")
        key = settings.api_key.get_secret_value()
        authorization = aiohttp.encode_basic_auth(key, "X")
        self._client = DeskClient(
            f"{self._url}/api/v2",
            headers={"Authorization": authorization},
            name="Freshdesk",
            timeout_s=settings.timeout_s,
            refusal=_refusal,
            secrets=(key, authorization),
        )
        self._me: int | None = None
        self._words = {number: status.title() for number, status in _STATUSES.items()}

    # --- opening ----------------------------------------------------------------------------------------------------

    async def prepare(self, draft: TicketDraft) -> str:
        """What the draft says. The contact is made by Freshdesk together with the ticket."""
        requester = draft.requester
        text = "\n\n".join(filter(None, (draft.body, *draft.attachments)))
        return json.dumps({
            "subject": _line(draft.subject) or "-",
            "description": _html(text if text.strip() else "-"),
            "priority": _PRIORITIES[draft.priority],
            "unique_external_id": requester.external_id,
            "name": _line(requester.name) or _line(requester.handle) or requester.external_id,
            "tags": [_line(tag.replace(",", " "))[:_LONGEST_TAG] for tag in draft.tags],
        })  # fmt: skip

    async def create(self, draft: TicketDraft, request: str) -> TicketRef:
        """Open a ticket where the settings say now: what is mended there holds for tickets that wait as well."""
        settings = self._settings
        where = {"group_id": settings.group_id, "type": settings.type}
        about = {settings.language_field: draft.language, settings.link_field: draft.url}
        fields = {
            **json.loads(request),
            "status": _OPEN,
            "source": settings.source,
            "custom_fields": {
                settings.key_field: _key(draft),
                **{name: value for name, value in about.items() if name and 0 < len(value) <= _LONGEST},
            },
            **{name: value for name, value in where.items() if value is not None},
        }
        try:
            ticket = await self._client.send("POST", "/tickets", json=fields)
        except TicketRefused as error:
            raise self._blamed(error) from error
        with understood("Freshdesk", Ambiguous):
            return self._ref(ticket)

    async def find(self, draft: TicketDraft) -> TicketRef | None:
        """The requester's newest ticket with this key."""
        params = {"unique_external_id": draft.requester.external_id, "updated_since": _BEGINNING}
        params |= {"order_by": "created_at", "order_type": "desc"}
        try:
            with understood("Freshdesk"):
                async for ticket in self._every("/tickets", params):
                    if ticket["custom_fields"].get(self._settings.key_field) == _key(draft):
                        return self._ref(ticket)
        except FieldRefused as error:
            if error.fields != {"unique_external_id"}:
                raise  # else there is no such contact yet
        except TicketRefused as error:
            raise self._blamed(error) from error
        return None

    def _blamed(self, error: TicketRefused) -> DeskError:
        """The desk waits for its set-up where every new ticket would be refused, else this one alone does."""
        key = self._settings.key_field
        fields = {*_SET_UP, key, f"custom_fields.{key}"}
        if any(field in fields or code in _SET_UP_CODES for field, code in error.errors):
            names = ", ".join(sorted(f"{field} ({code})" for field, code in error.errors))
            _log.warning(
                "Freshdesk refuses tickets because of its set-up: %s. `firstline check` says how to mend it.",
                names[:300],
                extra={"action": "desk_set_up_refused"},
            )  # fmt: skip
            return SetUpRefused(str(error), retry_after_s=_SETUP_AGAIN_S)
        return error

    # --- reading ----------------------------------------------------------------------------------------------------

    async def get(self, ticket_id: str) -> TicketSnapshot:
        """The ticket as it is now, from two requests and one more for every hundred entries."""
        async with one_ticket(ticket_id, self._sees_others, unseen=NotFound):
            return await self._snapshot(ticket_id)

    async def _snapshot(self, ticket_id: str) -> TicketSnapshot:
        with understood("Freshdesk"):
            ticket = await self._ticket(ticket_id)
            me = await self._own_id()
            path = f"{_path(ticket)}/conversations"
            entries = [entry async for entry in self._every(path, {})]
            replies = [self._reply(entry) for entry in entries if _is_reply(entry, me)]
            number, urgency = ticket["status"], ticket["priority"]
            return TicketSnapshot(
                ref=self._ref(ticket),
                status=self._status(ticket),
                raw_status=await self._word(number),
                version=f"{_version(ticket)} {len(entries)}",
                replies=tuple(sorted(replies, key=lambda reply: (reply.at, int(reply.id)))),
                priority=next((ours for ours, theirs in _PRIORITIES.items() if theirs == urgency), Priority.NORMAL),
                raw_priority=str(urgency),
            )

    async def changed(self, cursor: str) -> Changes:
        """Tickets that changed, the oldest change first; `cursor` is JSON: a time and what was told since just before.

        Looks back by a minute, for what was written late, and tells again only what the list shows to have changed.
        """
        if not cursor:
            answer = await self._client.answer("GET", "/tickets", params={"per_page": "1"})
            with understood("Freshdesk"):
                _rows(answer.data)
            return Changes(ids=(), cursor=_cursor(answer.at or datetime.now(UTC), {}))
        since, told = json.loads(cursor)
        at = datetime.fromisoformat(since)
        with understood("Freshdesk"):
            rows, clock = await self._changed_since(at - _OVERLAP)
            news = {str(row["id"]): _version(row) for row in rows}
            newest = max([at, *(_time(row["updated_at"]) for row in rows)])
        news = {ticket_id: version for ticket_id, version in news.items() if told.get(ticket_id) != version}
        if news and (clock is None or newest >= clock):
            await asyncio.sleep(_SECOND_S)
        told = {ticket_id: version for ticket_id, version in (told | news).items() if _is_near(version, newest)}
        return Changes(ids=tuple(news), cursor=_cursor(newest, told), versions=news)

    async def _changed_since(self, since: datetime) -> tuple[list[dict[str, Any]], datetime | None]:
        """Rows, each ticket's newest, and the server's clock when the last page was made.

        Pages are cut by time and not by number, for a ticket that changes meanwhile moves to the end and would draw
        another one over the edge of a page. Where the limit of calls ends it, what was read so far is told.
        """
        rows: dict[int, dict[str, Any]] = {}
        page, clock = 1, None
        for _ in range(_MAX_PAGES):
            params = {"updated_since": _stamp(since), "order_by": "updated_at", "order_type": "asc"}
            params |= {"per_page": str(_A_PAGE), "page": str(page)}
            try:
                answer = await self._client.answer("GET", "/tickets", params=params)
            except RateLimited:
                if not rows:
                    raise
                break
            clock, page_rows = answer.at, _rows(answer.data)
            for row in page_rows:
                rows.pop(row["id"], None)
                rows[row["id"]] = row
            if len(page_rows) < _A_PAGE:
                break
            last = _time(page_rows[-1]["updated_at"]) - timedelta(seconds=1)
            since, page = (last, 1) if last > since else (since, page + 1)
        return list(rows.values()), clock

    async def added(self, ticket_id: str, key: str) -> bool:
        """Whether one of our own notes ends with the key's mark."""
        ours = mark(key)
        path = f"/tickets/{_number(ticket_id)}/conversations"
        async with one_ticket(ticket_id, self._sees_others):
            with understood("Freshdesk"):
                me = await self._own_id()
                async for entry in self._every(path, {}):
                    is_ours = entry["source"] == _NOTE and (entry["incoming"] or entry["user_id"] == me)
                    if is_ours and entry["body_text"].rstrip().endswith(ours):
                        return True
        return False

    # --- adding -----------------------------------------------------------------------------------------------------

    async def add_user_message(self, ticket_id: str, text: str, *, key: str) -> None:
        """A public note in the requester's name.

        Freshdesk opens a ticket again for answers by e-mail only, so this is asked for, before the note: where the note
        then fails, the ticket is open, and whoever tries again finds it so.
        """
        ticket = await self._living(ticket_id)
        note = {"body": _signed(text, key), "private": False, "incoming": True, "user_id": ticket["requester_id"]}
        async with self._writing(ticket_id):
            if self._status(ticket) in {Status.PENDING, Status.RESOLVED, Status.CLOSED}:
                await self._client.send("PUT", _path(ticket), json={"status": _OPEN})
            _made(await self._client.send("POST", f"{_path(ticket)}/notes", json=note))

    async def add_note(self, ticket_id: str, text: str, *, key: str) -> None:
        """A private note in the bot's own name."""
        note = {"body": _signed(text, key), "private": True}
        async with self._writing(ticket_id):
            _made(await self._client.send("POST", f"/tickets/{_number(ticket_id)}/notes", json=note))

    async def add_files(self, ticket_id: str, files: Sequence[UserFile], *, key: str) -> None:
        """A public note in the requester's name with the files; Freshdesk takes 20 MB a ticket."""
        ticket = await self._living(ticket_id)
        form = aiohttp.FormData(quote_fields=False)  # names as browsers write them
        form.add_field("body", _signed("", key))
        form.add_field("private", "false")
        form.add_field("incoming", "true")
        form.add_field("user_id", str(ticket["requester_id"]))
        for file in files:
            content = io.BytesIO(file.content)  # which is streamed
            form.add_field("attachments[]", content, filename=_file_name(file), content_type=file.media_type)
        async with self._writing(ticket_id):
            _made(await self._client.send("POST", f"{_path(ticket)}/notes", form=form))

    @contextlib.asynccontextmanager
    async def _writing(self, ticket_id: str) -> AsyncIterator[None]:
        """Around a write: what is refused in a ticket that can be read is no trouble of the desk."""
        try:
            yield
        except (NotFound, AuthFailed) as error:
            await self._living(ticket_id)
            if isinstance(error, NotFound):
                raise
            text = f"Freshdesk shows ticket {ticket_id} to the bot's agent, who may not write there: see its role."
            raise TicketBusy(text) from error

    async def close(self) -> None:
        """Release the connections."""
        await self._client.close()

    # --- webhooks ---------------------------------------------------------------------------------------------------

    def verify_webhook(self, call: WebhookCall) -> bool:
        """Whether the secret is in the header or the path: Freshdesk signs nothing."""
        if self._settings.webhook_secret is None:
            return False
        given = call.headers.get(_SECRET_HEADER) or call.secret
        ours = self._settings.webhook_secret.get_secret_value()
        return hmac.compare_digest(given.encode(errors="replace"), ours.encode())

    def parse_webhook(self, call: WebhookCall) -> tuple[str, ...]:
        """The one ticket of the template in our documentation, or of Freshdesk's own simple form."""
        try:
            said = json.loads(call.body)
            said = said.get("freshdesk_webhook", said)
            ticket_id = str(said["ticket_id"])
        except (AttributeError, KeyError, TypeError, RecursionError) as error:
            raise ValueError("The webhook's content has no ticket_id.") from error
        return (_number(ticket_id, ValueError),)

    # --- check ------------------------------------------------------------------------------------------------------

    async def check(self) -> list[Finding]:
        """Log in, and look at what tickets need."""
        answer = await self._client.answer("GET", "/agents/me")
        with understood("Freshdesk"):
            self._me = int(answer.data["id"])
            return [
                *_login(answer.data),
                *_limits(answer),
                *await self._check_contacts(),
                *await self._check_fields(),
                *await self._check_group(),
                self._check_webhook(),
            ]

    async def _check_contacts(self) -> list[Finding]:
        try:
            await self._client.get("/contacts", {"unique_external_id": "firstline:check"})
        except AuthFailed:
            cure = "Admin > Team > Roles: a role with the right to view contacts, for the bot's agent."
            return [Finding(ok=False, text="The bot's agent may not see contacts.", cure=cure)]
        except (Rejected, TicketRefused):
            cure = "Ask Freshdesk's support to switch on the unique external ID of contacts."
            return [Finding(ok=False, text="The account does not know contacts by their external id.", cure=cure)]
        return [Finding(ok=True, text="Requesters are contacts with an external id, and need no e-mail address.")]

    async def _check_fields(self) -> list[Finding]:
        name = self._settings.key_field
        try:
            fields = {field["name"]: field for field in await self._client.get("/ticket_fields")}
        except AuthFailed:
            cure = "Admin > Team > Roles: let the bot's role manage ticket fields while you check, or look yourself."
            return [Finding(ok=False, text=f"The bot may not see whether there is a ticket field {name}.", cure=cure)]
        where = _FIELDS_PAGE
        kind = fields.get(name, {}).get("type")
        if kind is None:
            cure = f"{where}: drag a single-line text field, label it so that it is named {name}; or write key_field."
            own = [Finding(ok=False, text=f"There is no ticket field {name}, by which tickets are found.", cure=cure)]
        elif kind != "custom_text":
            cure = f"{where}: make another one of the kind single-line text, and write its name as key_field."
            own = [
                Finding(ok=False, text=f"The ticket field {name} is of the kind {kind}, not a line of text.", cure=cure)
            ]
        else:
            own = [Finding(ok=True, text=f"Tickets are found by the ticket field {name}.")]
        return [
            *own,
            *self._check_lines(fields),
            *self._check_type(fields),
            *self._check_required(fields, where),
            *self._check_statuses(fields),
        ]

    def _check_lines(self, fields: Mapping[str, Any]) -> list[Finding]:
        """The fields for the requester's language and the link to the message."""
        settings, found = self._settings, []
        for key, name in (("language_field", settings.language_field), ("link_field", settings.link_field)):
            if name is None:
                continue
            kind = fields.get(name, {}).get("type")
            if kind == "custom_text":
                found.append(Finding(ok=True, text=f"Tickets bear the field {name} ({key})."))
                continue
            fault = "is not there" if kind is None else f"is of the kind {kind}, not a line of text"
            cure = f"{_FIELDS_PAGE}: make a single-line text field and write its name as {key}, or leave {key} out."
            text = f"The ticket field {name} ({key}) {fault}: tickets with it are refused."
            found.append(Finding(ok=False, text=text, cure=cure))
        return found

    def _check_type(self, fields: Mapping[str, Any]) -> list[Finding]:
        wanted, choices = self._settings.type, fields.get("ticket_type", {}).get("choices") or []
        if wanted is None:
            return []
        if wanted in choices:
            return [Finding(ok=True, text=f"New tickets are of the type {wanted}.")]
        cure = f"Write one of these as type, or add it: {_FIELDS_PAGE} > Type."
        text = f"There is no type of tickets named {wanted}; there are: {', '.join(map(str, choices)) or 'none'}."
        return [Finding(ok=False, text=text, cure=cure)]

    def _check_required(self, fields: Mapping[str, Any], where: str) -> list[Finding]:
        sent = {"requester", "subject", "status", "priority", "description", "source", self._settings.key_field}
        sent |= {"group"} if self._settings.group_id else set()
        sent |= {"ticket_type"} if self._settings.type else set()
        return [
            Finding(
                ok=False,
                text=f"Freshdesk wants the field {name} ({field['label']}) of agents; tickets without it are refused.",
                cure=f'{where}: open it and take "Required when submitting the form" away for agents.',
            )
            for name, field in fields.items()
            if field["required_for_agents"] and name not in sent
        ]

    def _check_statuses(self, fields: Mapping[str, Any]) -> list[Finding]:
        choices = fields.get("status", {}).get("choices") or {}
        unknown = [f"{number} ({names[0]})" for number, names in choices.items() if self._known(number) is None]
        found = []
        if unknown:
            text = f"These statuses count as open, unless statuses says otherwise: {', '.join(unknown)}."
            found.append(Finding(ok=True, text=text))
        if "statuses" in self._settings.model_fields_set and (wrong := self._settings.statuses.keys() - choices.keys()):
            there = ", ".join(f"{number} ({names[0]})" for number, names in choices.items())
            text = f"There is no status {', '.join(sorted(wrong))}; there are: {there}."
            cure = f"Write the right numbers in statuses; the names stand in {_FIELDS_PAGE} > Status."
            found.append(Finding(ok=False, text=text, cure=cure))
        return found

    async def _check_group(self) -> list[Finding]:
        group = self._settings.group_id
        if group is None:
            return [
                Finding(ok=True, text="New tickets are in no group, unless Freshdesk's automations put them into one.")
            ]
        try:
            found = await self._client.get(f"/groups/{group}")
        except (NotFound, AuthFailed):
            cure = "Admin > Team > Groups: open the group; its number is the last part of the address. Write group_id."
            return [Finding(ok=False, text=f"There is no group {group}, or the bot may not see it.", cure=cure)]
        return [Finding(ok=True, text=f"New tickets go to the group {found['name']}.")]

    def _check_webhook(self) -> Finding:
        if self._settings.webhook_secret is None:
            return Finding(ok=True, text=f"News is asked for every {self._settings.poll_s:g} s; no webhook is set up.")
        return Finding(ok=True, text="Webhooks with the secret are taken, besides asking for news.")

    # --- within -----------------------------------------------------------------------------------------------------

    async def _own_id(self) -> int:
        if self._me is None:
            self._me = int((await self._client.get("/agents/me"))["id"])
        return self._me

    async def _word(self, number: int) -> str:
        """The account's own name of a status, where the bot may see it."""
        if number not in self._words:
            with contextlib.suppress(AuthFailed, NotFound, Rejected):
                fields = {field["type"]: field for field in await self._client.get("/ticket_fields")}
                choices = fields["default_status"]["choices"]
                self._words |= {int(choice): names[0] for choice, names in choices.items()}
            self._words.setdefault(number, f"status {number}")
        return self._words[number]

    async def _every(self, path: str, params: Mapping[str, str]) -> AsyncIterator[dict[str, Any]]:
        for page in range(1, _MAX_PAGES + 1):
            rows = _rows(await self._client.get(path, {**params, "per_page": str(_A_PAGE), "page": str(page)}))
            for row in rows:
                yield row
            if len(rows) < _A_PAGE:
                return

    async def _ticket(self, ticket_id: str) -> dict[str, Any]:
        """The ticket, or what the archive holds of it: Freshdesk moves it there 120 days after it was closed."""
        number = _number(ticket_id)
        try:
            ticket: dict[str, Any] = await self._client.get(f"/tickets/{number}")
        except (NotFound, SentElsewhere) as error:
            try:
                ticket = {**await self._client.get(f"/tickets/archived/{number}"), "archived": True}
            except DeskError:
                raise error from None
        return ticket

    async def _living(self, ticket_id: str) -> dict[str, Any]:
        async with one_ticket(ticket_id, self._sees_others):
            with understood("Freshdesk"):
                ticket = await self._ticket(ticket_id)
                _ = ticket["id"], ticket["status"], ticket["requester_id"]
        if ticket.get("archived"):
            raise Closed(f"Ticket {ticket_id} is in Freshdesk's archive.")
        if ticket.get("deleted"):
            raise Closed(f"Ticket {ticket_id} is in Freshdesk's trash.")
        return ticket

    async def _sees_others(self) -> bool:
        with understood("Freshdesk"):
            return bool(_rows(await self._client.get("/tickets", {"updated_since": _BEGINNING, "per_page": "1"})))

    def _ref(self, ticket: Mapping[str, Any]) -> TicketRef:
        number = str(ticket["id"])
        return TicketRef(id=number, number=number, url=f"{self._url}/a/tickets/{number}")

    def _known(self, number: str) -> Status | None:
        named = _STATUSES.get(int(number)) if number.isdecimal() else None
        return self._settings.statuses.get(number) or named

    def _status(self, ticket: Mapping[str, Any]) -> Status:
        return self._known(str(ticket["status"])) or Status.OPEN

    def _reply(self, entry: Mapping[str, Any]) -> AgentReply:
        return AgentReply(
            id=str(entry["id"]),
            text=entry["body"] or "",
            at=_time(entry["created_at"]),
            format="html",
            files=tuple(AgentFile(name=one["name"], url=one["attachment_url"]) for one in entry["attachments"]),
            public_hosts=self._settings.public_hosts,
        )


def create(name: str, settings: Settings, resources: Mapping[str, object]) -> FreshdeskDesk:  # noqa: ARG001 - the desks' common form
    """The desk of the section ``[desk]``."""
    return FreshdeskDesk(name, settings)


def _refusal(status: int, answer: Any) -> DeskError | None:
    """What Freshdesk says about fields. Where the set-up is at fault, and not the words, tickets wait."""
    if status in _REDIRECTS:
        text = "Freshdesk sends our requests elsewhere. Write the right address as `url`."
        return SentElsewhere(text, retry_after_s=_SETUP_AGAIN_S)
    if status == _UNAUTHORISED:
        return AuthFailed(
            "Freshdesk wants the API key of the bot's own agent, whole: logged in as that agent, Profile settings > "
            "View API key. A changed password changes it."
        )
    errors = answer.get("errors") if status == _INVALID and isinstance(answer, dict) else None
    if not isinstance(errors, list):
        return None
    told = [
        (str(one.get("field")), str(one.get("message")), str(one.get("code")))
        for one in errors
        if isinstance(one, dict)
    ]
    said = "; ".join(f"{field}: {message}" for field, message, _ in told)[:300]
    fields = frozenset(field for field, _, _ in told)
    if "user_id" in fields:  # whom we name as the author of a note: the ticket's requester
        return FieldRefused("Freshdesk refuses the requester: an agent has deleted the contact.", fields)
    if fields <= _OURS and all(code not in {"invalid_field", "missing_field"} for _, _, code in told):
        return FieldRefused(f"Freshdesk refuses {_QUOTED.sub('…', said)}.", fields)
    message = (
        f"Freshdesk refuses {said}. Mend it there or in [desk] (`firstline check` says how); what waits goes on then."
    )
    return TicketRefused(message, frozenset((field, code) for field, _, code in told))


def _rows(answer: Any) -> list[dict[str, Any]]:
    """A list, and nothing that could be taken for an empty one. Raises `TypeError`."""
    if not isinstance(answer, list):
        raise TypeError("no list")
    return answer


def _made(note: Any) -> None:
    """What answers is the note that was asked for."""
    with understood("Freshdesk", Ambiguous):
        _ = note["id"], note["body"]


def _is_reply(entry: Mapping[str, Any], me: int) -> bool:
    """Whether an agent said this to the requester."""
    is_public = entry["private"] is False and entry["incoming"] is False
    return is_public and entry["user_id"] != me and entry["source"] in _SAID_TO_THE_REQUESTER


def _login(me: Mapping[str, Any]) -> list[Finding]:
    name = me["contact"]["name"]
    found = [Finding(ok=True, text=f"Logged in as the agent {name}; what this agent writes is never sent to users.")]
    if me["ticket_scope"] != _SEES_ALL:
        cure = "Admin > Team > Agents: open the bot's agent and set its scope to Global Access."
        found.append(
            Finding(ok=False, text=f"{name} does not see every ticket, so that one could be opened twice.", cure=cure)
        )
    return found


def _limits(answer: Answer) -> list[Finding]:
    found = []
    try:
        total, left = (float(answer.headers[f"x-ratelimit-{name}"]) for name in ("total", "remaining"))
    except (KeyError, ValueError):
        total = left = 0.0
    if total:
        few = left < total * _FEW_CALLS
        cure = "Other programs use the account's calls up, too: look for them, or take a larger plan." if few else ""
        text = f"The plan allows {total:g} calls a minute, and {left:g} are left of this one."
        found.append(Finding(ok=not few, text=text, cure=cure))
    if answer.at is not None and (behind_s := abs((datetime.now(UTC) - answer.at).total_seconds())) > _CLOCK_S:
        text = f"This machine's clock and Freshdesk's are {behind_s:.0f} s apart."
        found.append(Finding(ok=False, text=text, cure="Set this machine's clock by the network (NTP)."))
    return found


def _html(text: str) -> str:
    """Plain text as HTML in which nothing acts."""
    lines = _UNWRITABLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
    return html.escape(lines, quote=False).replace("\n", "<br>")


def _line(text: str) -> str:
    """The text as a field of one line can hold it."""
    return " ".join(_UNWRITABLE.sub("\ufffd", text).split())[:_LONGEST]


def _signed(text: str, key: str) -> str:
    """The text and, on a line of its own, the mark by which `added` knows it again."""
    return _html(f"{text}\n{mark(key)}" if text else mark(key))


def _key(draft: TicketDraft) -> str:
    """The draft's key, as a field of one line can hold it."""
    return draft.key if len(draft.key) <= _LONGEST else hashlib.sha256(draft.key.encode()).hexdigest()


def _number(ticket_id: str, error: type[Exception] = NotFound) -> str:
    """The id, if it is one: it stands in paths."""
    if not _TICKET_ID.fullmatch(ticket_id):
        raise error(f"There is no ticket {ticket_id[:20]!r}.")
    return ticket_id


def _path(ticket: Mapping[str, Any]) -> str:
    return f"/tickets/archived/{ticket['id']}" if ticket.get("archived") else f"/tickets/{ticket['id']}"


def _file_name(file: UserFile) -> str:
    """The file's name without what would end it in a form's header."""
    return re.sub(r'[\x00-\x1f\x7f"\\/]', "_", file.name)[-_LONGEST:] or "file"


def _version(ticket: Mapping[str, Any]) -> str:
    return f"{ticket['updated_at']} {ticket['status']}"


def _is_near(version: str, newest: datetime) -> bool:
    """Whether `changed` will look at that time again."""
    return _time(version.partition(" ")[0]) >= newest - _OVERLAP


def _cursor(at: datetime, told: Mapping[str, str]) -> str:
    return json.dumps([_stamp(at), told], sort_keys=True)


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
