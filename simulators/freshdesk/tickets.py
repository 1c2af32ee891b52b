"""Tickets and what is said in them."""

from __future__ import annotations

import asyncio
import re
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from simulators.freshdesk.account import Account
from simulators.freshdesk.markup import cleaned
from simulators.freshdesk.wire import (
    BAD,
    BLANK,
    MAX_TEXT,
    NOTE,
    REPLY,
    REQUESTER,
    TICKET,
    UNKNOWN,
    Answer,
    Json,
    Refusal,
    invalid,
    moment,
    page_of,
    timestamp,
    too_long,
    validate,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from aiohttp import web

    from simulators.freshdesk.webhook import Webhook

_MAX_ATTACHED_BYTES: Final = 20 << 20
_FOUND_A_PAGE: Final = 30
_OLD: Final = timedelta(days=30)
_TAG: Final = 32
_LONG: Final = frozenset({"attachments", "description", "description_text"})
_STATS: Final = (
    "agent_responded_at", "requester_responded_at", "first_responded_at", "status_updated_at", "reopened_at",
    "resolved_at", "closed_at", "pending_since",
)  # fmt: skip
_LISTED: Final = frozenset({
    "filter", "requester_id", "email", "unique_external_id", "company_id", "updated_since", "order_by", "order_type",
    "include", "page", "per_page",
})  # fmt: skip


class Tickets(Account):
    """An account with its tickets. For the arguments see `FreshdeskSimulator`."""

    def __init__(
        self,
        *,
        index_lag_s: float,
        custom_fields: Mapping[str, str],
        statuses: Mapping[int, str],
        has_external_ids: bool,
        required: Sequence[str],
    ) -> None:
        super().__init__(
            custom_fields=custom_fields, statuses=statuses, has_external_ids=has_external_ids, required=required
        )
        self.url = ""
        self.index_lag_s = index_lag_s
        self.redirects_to_archive = False
        self.webhook: Webhook | None = None
        self.tickets: dict[int, Json] = {}
        self.archived: dict[int, Json] = {}
        self.conversations: dict[int, list[Json]] = {}
        self.files: dict[int, tuple[str, str, bytes]] = {}
        self._indexed: dict[int, float] = {}
        self._hooks: set[asyncio.Task[None]] = set()

    def _create(self, who: int, fields: Json) -> tuple[int, Json, dict[str, str]]:
        self._check(fields, mandatory=("subject", "description", "status", "priority"))
        requester = self._requester(fields)
        number, stamp, later = (
            len(self.tickets) + len(self.archived) + 1,
            timestamp(self.now()),
            timestamp(self.now() + timedelta(days=1)),
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
        validate(fields, TICKET, mandatory)
        self._external_ids(fields)
        own = fields.get("custom_fields", {})
        known: dict[str, Collection[int | None]] = {
            "status": self.statuses,
            "priority": range(1, 5),
            "source": (1, 2, 3, 5, 6, 7, 9, 10),
        }
        known["group_id"] = (None, self.group_id)
        errors = [
            (name, f"It should be one of these values: '{','.join(map(str, values))}'", BAD)
            for name, values in known.items()
            if name in fields and fields[name] not in values
        ]
        errors += [(f"custom_fields.{name}", *UNKNOWN) for name in own if name not in self.custom_fields]
        errors += [(f"custom_fields.{k}", too_long(v), BAD) for k, v in own.items() if len(str(v)) > MAX_TEXT]
        for name in self.required if mandatory else ():
            if name not in {*fields, *own}:
                errors.append((name, BLANK, "missing_field"))
        if any(not isinstance(tag, str) or len(tag) > _TAG or "," in tag for tag in fields.get("tags", [])):
            errors.append(("tags", f"It should only contain elements that have maximum of {_TAG} characters", BAD))
        if errors:
            raise invalid(*errors)

    def _requester(self, fields: Json) -> Json:
        name = next((name for name in REQUESTER if fields.get(name)), None)
        if name is None:
            text = "One of requester_id, phone, email, unique_external_id is a mandatory field"
            raise invalid(("requester_id", text, "missing_field"))
        value = fields[name]
        found = self._contact_by("id" if name == "requester_id" else name, value)
        if found is None and name == "requester_id":
            raise invalid((name, f"There is no contact matching the given {name}", BAD))
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
            raise invalid(("attachments", "Invalid file size. It should be less than 20 MB", "invalid_size"))
        attached = []
        for name, media_type, content in new:
            number, stamp = next(self._ids), timestamp(self.now())
            self.files[number] = (name, media_type, content)
            attached.append({
                "id": number, "name": name, "content_type": media_type, "size": len(content), "created_at": stamp,
                "updated_at": stamp,
                "attachment_url": f"{self.url}/attachments/{number}/{name}?X-Amz-Expires=300&X-Amz-Signature=signed",
            })  # fmt: skip
        return attached

    def _touch(self, ticket: Json, who: int) -> None:
        ticket["updated_at"] = timestamp(self.now())
        if self.webhook is not None and who != self.bot_id:
            task = asyncio.create_task(self.webhook.call(ticket, self.url))
            self._hooks.add(task)
            task.add_done_callback(self._hooks.discard)

    def archive(self, number: int) -> None:
        """What Freshdesk does to a ticket that has been closed for 120 days: it can be read, elsewhere, and no more."""
        self.tickets[number]["status"] = 5
        self.archived[number] = self.tickets.pop(number)

    def _ticket(self, number: int) -> Json:
        if number in self.archived and self.redirects_to_archive:
            raise Refusal(301, None, {"Location": f"{self.url}/api/v2/tickets/archived/{number}"})
        if number not in self.tickets:
            raise Refusal(404)
        return self.tickets[number]

    def _show_archived(self, _who: int, _: web.Request, number: int) -> Json:
        if number not in self.archived:
            raise Refusal(404)
        return self.archived[number]

    def _converse_archived(self, _who: int, request: web.Request, number: int) -> Answer:
        self._show_archived(_who, request, number)
        return page_of(request, self.conversations[number])

    def _show(self, _who: int, request: web.Request, number: int) -> Json:
        ticket = self._ticket(number)
        who = self.contacts.get(ticket["requester_id"], {})  # an agent may have deleted the contact
        parts: Json = {
            "conversations": self.conversations[number][:10],
            "requester": {name: who.get(name) for name in ("id", "name", "email", "mobile", "phone")},
            "stats": dict.fromkeys(_STATS),
        }
        wanted = request.query.get("include", "").replace(",", " ").split()
        if set(wanted) - set(parts):
            raise invalid(("include", f"It should be one of these values: '{','.join(parts)}'", BAD))
        return ticket | {part: parts[part] for part in wanted}

    def _update(self, who: int, fields: Json, number: int) -> Json:
        ticket = self._living(number)
        self._check(fields)
        if not fields:
            raise Refusal(400, {"code": "missing_params", "message": "There are no parameters in the request"})
        self._write(ticket, fields)
        self._touch(ticket, who)
        return ticket

    def _living(self, number: int) -> Json:
        if self._ticket(number).get("deleted"):
            raise Refusal(404)
        return self._ticket(number)

    def _delete(self, who: int, number: int) -> tuple[int, None]:
        ticket = self._living(number)
        ticket["deleted"] = True
        self._touch(ticket, who)
        return 204, None

    def _list(self, _who: int, request: web.Request) -> Answer:
        query = request.query
        if strange := [(name, *UNKNOWN) for name in query if name not in _LISTED]:
            raise invalid(*strange)
        self._external_ids(query)
        order, orders = query.get("order_by", "created_at"), ("due_by", "created_at", "updated_at", "status")
        if order not in orders:
            raise invalid(("order_by", f"It should be one of these values: '{','.join(orders)}'", BAD))
        found = [one for one in self.tickets.values() if bool(one.get("deleted")) == (query.get("filter") == "deleted")]
        for name in ("requester_id", "email", "unique_external_id"):
            if name in query:
                key = name.replace("requester_id", "id")
                who = next((one for one in self.contacts.values() if str(one[key]) == query[name]), None)
                if who is None:
                    raise invalid((name, f"There is no contact matching the given {name}", BAD))
                found = [one for one in found if one["requester_id"] == who["id"]]
        since, on = (query["updated_since"], "updated_at") if "updated_since" in query else ("", "created_at")
        oldest = moment(since) if since else self.now() - _OLD
        found = [one for one in found if moment(one[on]) >= oldest]
        found.sort(key=lambda one: (one[order], one["id"]), reverse=query.get("order_type", "desc") == "desc")
        hidden = {"attachments"} if "description" in query.get("include", "") else _LONG
        return page_of(request, [{k: v for k, v in one.items() if k not in hidden} for one in found])

    def _search(self, _who: int, request: web.Request) -> Json:
        query, page = request.query.get("query", ""), request.query.get("page", "1")
        if not re.fullmatch(r'"[^"]{1,510}"', query) or not page.isdecimal() or not 1 <= int(page) <= 10:
            raise invalid(("query", "Given query is invalid", BAD))
        found = [one for one in self.tickets.values() if self._indexed[one["id"]] <= time.monotonic()]
        for term in query[1:-1].split(" AND "):
            name, _, value = term.partition(":")
            if name not in {"status", "priority", "tag", *self.custom_fields}:
                raise invalid((name, "Unexpected/invalid field in request", "invalid_field"))
            wanted = value.strip("'")
            found = [one for one in found if _has(one, name, wanted)]
        shown = found[(int(page) - 1) * _FOUND_A_PAGE :][:_FOUND_A_PAGE]
        return {"total": len(found), "results": shown}

    # --- conversations ----------------------------------------------------------------------------------------------

    def _converse(self, _who: int, request: web.Request, number: int) -> Answer:
        self._ticket(number)
        return page_of(request, self.conversations[number])

    def _add_note(self, who: int, fields: Json, number: int) -> tuple[int, Json]:
        ticket = self._living(number)
        validate(fields, NOTE, mandatory=("body",))
        return 201, self._converse_more(ticket, who, fields, source=2, is_private=fields.get("private", True))

    def _add_reply(self, who: int, fields: Json, number: int) -> tuple[int, Json]:
        ticket = self._living(number)
        validate(fields, REPLY, mandatory=("body",))
        return 201, self._converse_more(ticket, who, fields, source=0, is_private=False)

    def _converse_more(self, ticket: Json, who: int, fields: Json, *, source: int, is_private: bool) -> Json:
        user = fields.get("user_id", who)
        if user not in {self.bot_id, self.agent_id, *self.contacts}:
            raise invalid(("user_id", "There is no contact matching the given user_id", BAD))
        before = [one for entry in self.conversations[ticket["id"]] for one in entry["attachments"]]
        body, text = cleaned(fields["body"])
        stamp = timestamp(self.now())
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


def _has(ticket: Json, name: str, value: str) -> bool:
    if name == "tag":
        return value in ticket["tags"]
    return str(ticket["custom_fields"][name] if name.startswith("cf_") else ticket[name]) == value
