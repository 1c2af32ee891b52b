"""Tickets, their comments and their audits."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from aiohttp import web

from simulators.zendesk.objects import PLAIN, PRIORITIES, STATUSES, WRITABLE, new_ticket, paragraphs, plain_text
from simulators.zendesk.webhooks import Webhooks
from simulators.zendesk.wire import Call, Json, Refused, invalid, too_many

if TYPE_CHECKING:
    from collections.abc import Iterable

_IDEMPOTENT_S, _IDEMPOTENCY_KEY = 7200, 255
_METADATA_BYTES = 1024


class Tickets(Webhooks):
    """An account in which tickets are worked on."""

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
        ticket = new_ticket(number, self.url, now, requester, submitter)
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
        per_ticket = f"total={self._updates.calls}; remaining={max(left, 0)}; resets={wait_s:.0f}"
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

    async def _show_request(self, call: Call, number: int) -> web.Response:
        ticket = self._ticket(call, number)
        names = ("id", "status", "priority", "type", "subject", "description", "via", "requester_id", "created_at")
        shown = {name: ticket[name] for name in (*names, "updated_at", "custom_fields", "assignee_id", "is_public")}
        shown |= {"url": f"{self.url}/api/v2/requests/{number}.json", "can_be_solved_by_me": False, "solved": False}
        return call.answer({"request": shown})

    # --- what a ticket takes ------------------------------------------------------------------------------------------

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
        self.warnings += [f"ticket.{name}" for name in given if name not in WRITABLE]
        return {name: value for name, value in given.items() if name in WRITABLE}

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
            text = paragraphs(re.sub(r"<[^>]*>", "", given.get("body") or ""))  # "HTML data is stripped out"
        plain = plain_text(text)
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
        for name in (name for name in PLAIN if name in given):
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
