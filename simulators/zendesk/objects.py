"""What an account consists of, with every field that the real one shows."""

import html
import re
from typing import Any

from simulators.zendesk.wire import Json

BOT, AGENT, ADMIN = "firstline@acme.example", "mia@acme.example", "admin@acme.example"
STATUSES = ("new", "open", "pending", "hold", "solved", "closed")
PRIORITIES = ("low", "normal", "high", "urgent")
PLAIN = (
    "subject", "external_id", "priority", "type", "status", "assignee_id", "group_id", "brand_id", "recipient",
    "ticket_form_id", "organization_id", "custom_status_id", "due_at", "problem_id", "collaborator_ids",
)  # fmt: skip
WRITABLE = frozenset({
    *PLAIN, "comment", "requester_id", "requester", "submitter_id", "tags", "custom_fields", "fields", "metadata",
    "safe_update", "updated_stamp", "via_followup_source_id", "follower_ids", "email_cc_ids", "description",
    "sharing_agreement_ids", "is_public", "raw_subject",
})  # fmt: skip


def new_user(number: int, url: str, now: str, given: dict[str, Any]) -> Json:
    """Somebody, of whom some of the fields are given."""
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


def new_ticket(number: int, url: str, now: str, requester: int, submitter: int) -> Json:
    """A ticket as it is before anything is written into it; what begins with an underscore is never shown."""
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


def new_statuses() -> dict[int, Json]:
    """One for each category, and one of the account's own."""
    words = {"new": "New", "open": "Open", "pending": "Pending", "hold": "On-hold", "solved": "Solved"}
    own = [("pending", "At the bank", False)]
    return {
        number: {"id": number, "status_category": kind, "agent_label": label, "end_user_label": label,
                 "default": default, "active": True, "description": ""}
        for number, (kind, label, default) in enumerate([*((k, w, True) for k, w in words.items()), *own], 500001)
    }  # fmt: skip


def paragraphs(text: str) -> str:
    """Plain text as Zendesk makes HTML of it."""
    return (
        '<p dir="auto">'
        + html.escape(text.strip()).replace("\n\n", '</p><p dir="auto">').replace("\n", "<br>")
        + "</p>"
    )


def plain_text(text: str) -> str:
    """What a person reads of HTML."""
    broken = re.sub(r"<br\s*/?>|</p>\s*<p[^>]*>", "\n", re.sub(r"[ \t\r\n]+", " ", text))
    return html.unescape(re.sub(r"<[^>]*>", "", broken)).replace("\xa0", " ").strip()


def public(thing: Json) -> Json:
    """Without what is never shown."""
    return {name: value for name, value in thing.items() if not name.startswith("_")}
