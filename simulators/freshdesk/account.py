"""An account: its clock, agents, groups, forms and contacts."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from simulators.freshdesk.wire import CONTACT, UNKNOWN, Answer, Json, Refusal, invalid, page_of, timestamp, validate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aiohttp import web

_LONG_AGO: Final = "2026-01-05T08:00:00Z"
_STATUSES: Final = {2: "Open", 3: "Pending", 4: "Resolved", 5: "Closed"}


class Account:
    """Who works there, who asks, and what a ticket may hold. For the arguments see `FreshdeskSimulator`."""

    def __init__(
        self,
        *,
        custom_fields: Mapping[str, str],
        statuses: Mapping[int, str],
        has_external_ids: bool,
        required: Sequence[str],
    ) -> None:
        self.key, self.agent_key = "bot-key-of-freshdesk", "agent-key-of-freshdesk"
        self.bot_id, self.agent_id, self.group_id = 9001, 9002, 501
        self.custom_fields = dict(custom_fields)
        self.statuses = {**_STATUSES, **statuses}
        self.has_external_ids = has_external_ids
        self.required = tuple(required)
        self.ticket_scope = 1
        self.types = ["Question", "Incident", "Problem"]
        self.admin_keys = {self.key, self.agent_key}
        self.clock_s = 0.0  # by how much the server's clock is ahead
        self.stopped_at: datetime | None = None  # where its clock stands still
        self.contacts: dict[int, Json] = {}
        self._ids = itertools.count(1)

    def now(self) -> datetime:
        """The server's clock, in the whole seconds that Freshdesk tells."""
        at = self.stopped_at or datetime.now(UTC)
        return (at + timedelta(seconds=self.clock_s)).replace(microsecond=0)

    # --- who and what there is --------------------------------------------------------------------------------------

    def _me(self, who: int, _: web.Request) -> Json:
        return self._agent(who, _, who)

    def _agent(self, _who: int, _: web.Request, number: int) -> Json:
        if number not in {self.bot_id, self.agent_id}:
            raise Refusal(404)
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
            raise Refusal(404)
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
            raise Refusal(403, {"code": "access_denied", "message": "You are not authorized to perform this action."})
        usual = {"requester": "default_requester", "subject": "default_subject", "status": "default_status"}
        usual |= {"priority": "default_priority", "group": "default_group", "description": "default_description"}
        usual |= {"ticket_type": "default_ticket_type"}
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
        if kind == "default_ticket_type":
            shown["choices"] = list(self.types)
        return shown

    # --- contacts ---------------------------------------------------------------------------------------------------

    def _list_contacts(self, _who: int, request: web.Request) -> Answer:
        wanted = {name: value for name, value in request.query.items() if name not in {"page", "per_page"}}
        known = {"email", "phone", "mobile", "unique_external_id", "company_id", "state", "updated_since"}
        if strange := [(name, *UNKNOWN) for name in wanted if name not in known]:
            raise invalid(*strange)
        self._external_ids(wanted)
        found = [one for one in self.contacts.values() if all(str(one.get(k)) == v for k, v in wanted.items())]
        return page_of(request, found)

    def _external_ids(self, fields: Mapping[str, object]) -> None:
        if "unique_external_id" in fields and not self.has_external_ids:
            raise invalid(("unique_external_id", *UNKNOWN))

    def _contact(self, _who: int, _: web.Request, number: int) -> Json:
        if number not in self.contacts:
            raise Refusal(404)
        return self.contacts[number]

    def _create_contact(self, _who: int, fields: Json) -> tuple[int, Json]:
        validate(fields, CONTACT, mandatory=("name",))
        self._external_ids(fields)
        if not {"email", "phone", "mobile", "twitter_id", "unique_external_id"} & set(fields):
            raise invalid(("email", "Please fill at least 1 of email, mobile, phone fields", "missing_field"))
        for name in ("email", "unique_external_id"):
            if fields.get(name) and self._contact_by(name, fields[name]):
                refusal = invalid((name, "It should be a unique value", "duplicate_value"))
                raise Refusal(409, refusal.body)
        return 201, self._new_contact(fields)

    def _update_contact(self, _who: int, fields: Json, number: int) -> Json:
        validate(fields, CONTACT)
        if number not in self.contacts:
            raise Refusal(404)
        self.contacts[number].update(fields, updated_at=timestamp(self.now()))
        return self.contacts[number]

    def _new_contact(self, fields: Json) -> Json:
        stamp = timestamp(self.now())
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
