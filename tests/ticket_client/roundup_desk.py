"""A desk for a roundup tracker, for tests only: the shared client meets a real server's 409, 412 and 429 by it.

The tracker needs the fields that `roundup_server` gives it. A ticket is an issue; its words are messages and its files
files, made first and then put into the issue, each with the key of what was added. What is in no issue nobody sees.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import aiohttp
from multidict import MultiDict
from pydantic import Field, SecretStr

from config.findings import Finding
from ticket_client.base import (
    AgentReply,
    Capabilities,
    Changes,
    DeskError,
    Priority,
    Rejected,
    Status,
    TicketBusy,
    TicketDraft,
    TicketRef,
    TicketSnapshot,
)
from ticket_client.client import DeskClient, RemoteSection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ticket_client.base import UserFile

_STATUSES = {
    "unread": Status.NEW,
    "deferred": Status.ON_HOLD,
    "chatting": Status.OPEN,
    "need-eg": Status.PENDING,
    "in-progress": Status.OPEN,
    "testing": Status.OPEN,
    "done-cbb": Status.RESOLVED,
    "resolved": Status.RESOLVED,
}
_PRIORITIES = {
    "critical": Priority.URGENT,
    "urgent": Priority.HIGH,
    "bug": Priority.NORMAL,
    "feature": Priority.LOW,
    "wish": Priority.LOW,
}
_PRIORITY_OF = {meaning: word for word, meaning in reversed(_PRIORITIES.items())}
_FIELDS = "status,priority,activity,messages,files"
_CONFLICT, _STALE = 409, 412


class Settings(RemoteSection):
    """The section ``[desk]`` of tests.

    `origin` is the tracker's own address where `url` is that of a proxy; `queue` keeps the keys of several desks on one
    tracker apart.
    """

    kind: Literal["roundup"] = "roundup"
    url: str
    origin: str = ""
    queue: str = ""
    user: str = Field(min_length=1)
    password: SecretStr


class Exists(Rejected):
    """There is an issue with this key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Issue:
    etag: str
    fields: Mapping[str, Any]

    def ids(self, name: str) -> list[str]:
        """Of messages or of files."""
        return [item["id"] for item in self.fields[name]]


class RoundupDesk:
    """Implements `TicketDesk`."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self.capabilities = Capabilities(find_lag_s=settings.settle_s)
        self._user = settings.user
        self._queue = settings.queue
        self._url = settings.url.rstrip("/")
        password = settings.password.get_secret_value()
        self._client = DeskClient(
            f"{self._url}/rest/data",
            headers={
                "Authorization": aiohttp.encode_basic_auth(settings.user, password),
                "Accept": "application/json",
                "Origin": (settings.origin or settings.url).rstrip("/"),
                "X-Requested-With": "rest",
            },
            name="roundup",
            timeout_s=settings.timeout_s,
            refusal=_refusal,
            secrets=(password,),
        )

    async def prepare(self, draft: TicketDraft) -> str:
        """The issue, whose first message is made or found here."""
        key = f"{draft.key} first"
        made = await self._with_key("msg", key)
        words = "\n\n".join((draft.body, *draft.attachments))
        first = min(made, key=int) if made else await self._message(words, key, is_private=False)
        issue = {
            "title": draft.subject,
            "external_id": self._queue + draft.key,
            "requester": draft.requester.external_id,
            "priority": _PRIORITY_OF[draft.priority],
            "messages": [first],
        }
        return json.dumps(issue, ensure_ascii=False)

    async def create(self, draft: TicketDraft, request: str) -> TicketRef:
        """Open the issue; where its key exists, that one it is."""
        try:
            made = await self._client.send("POST", "/issue", text=request)
        except Exists:
            if (found := await self.find(draft)) is not None:
                return found
            raise
        return self._ref(str(made["data"]["id"]))

    async def find(self, draft: TicketDraft) -> TicketRef | None:
        """By the unique key."""
        ids = await self._with_key("issue", draft.key)
        return self._ref(ids[0]) if ids else None

    async def get(self, ticket_id: str) -> TicketSnapshot:
        """The issue and those of its messages that others than we wrote."""
        issue = (await self._issue(ticket_id)).fields
        status, priority = issue["status"]["name"], (issue["priority"] or {"name": ""})["name"]
        replies = [
            AgentReply(id=m["id"], text=m["content"], at=_time(m["date"]), agent=m["author"]["username"])
            for m in await self._messages(issue)
            if not m["private"] and m["author"]["username"] != self._user
        ]
        return TicketSnapshot(
            ref=self._ref(ticket_id),
            status=_STATUSES.get(status, Status.OPEN),
            raw_status=status,
            priority=_PRIORITIES.get(priority, Priority.NORMAL),
            raw_priority=priority,
            version=_version(issue),
            replies=tuple(replies),
        )

    async def add_user_message(self, ticket_id: str, text: str, *, key: str) -> None:
        """A public message of ours; whatever waits for the user or is over goes on."""
        issue = await self._issue(ticket_id)
        message = await self._message(text, key, is_private=False)
        going_on = Status.NEW, Status.OPEN
        status = issue.fields["status"]["name"]
        await self._put(
            ticket_id,
            issue,
            messages=[*issue.ids("messages"), message],
            status=status if _STATUSES.get(status) in going_on else "chatting",
        )

    async def add_note(self, ticket_id: str, text: str, *, key: str) -> None:
        """A private message."""
        issue = await self._issue(ticket_id)
        message = await self._message(text, key, is_private=True)
        status = issue.fields["status"]["name"]
        await self._put(ticket_id, issue, messages=[*issue.ids("messages"), message], status=status)

    async def add_files(self, ticket_id: str, files: Sequence[UserFile], *, key: str) -> None:
        """All at once, when the last has arrived."""
        issue = await self._issue(ticket_id)
        ids = [await self._file(file, key) for file in files]
        await self._put(ticket_id, issue, files=[*issue.ids("files"), *ids])

    async def added(self, ticket_id: str, key: str) -> bool:
        """Whether the issue has a message or a file with this key."""
        issue = await self._issue(ticket_id)
        if not key:
            return False
        known = {*await self._with_key("msg", key)}
        if known & {*issue.ids("messages")}:
            return True
        return bool({*await self._with_key("file", key)} & {*issue.ids("files")})

    async def changed(self, cursor: str) -> Changes:
        """By the time of the last activity, in whole seconds: what is known of the last of them is in the cursor."""
        if not cursor:
            answer = await self._client.answer("GET", "/issue", params={"@page_size": "1"})
            now = answer.at or datetime.now(UTC)
            before = await self.changed(json.dumps([f"{now:%Y-%m-%d.%H:%M:%S}", {}]))
            return Changes(ids=(), cursor=before.cursor)
        since, known = json.loads(cursor)
        params = {"activity": f"{since};", "@sort": "activity,id", "@fields": _FIELDS}
        issues = (await self._client.get("/issue", params))["data"]["collection"]
        if not issues:
            return Changes(ids=(), cursor=cursor)
        versions = {issue["id"]: _version(issue) for issue in issues}
        last = issues[-1]["activity"]
        seen = {issue["id"]: versions[issue["id"]] for issue in issues if issue["activity"] == last}
        news = {ticket_id: version for ticket_id, version in versions.items() if known.get(ticket_id) != version}
        return Changes(ids=tuple(news), cursor=json.dumps([last, seen]), versions=news)

    async def check(self) -> list[Finding]:
        """Log in."""
        await self._client.get("/issue", {"external_id:": "x", "@page_size": "1"})
        return [Finding(ok=True, text=f"roundup knows us as {self._user}.")]

    async def close(self) -> None:
        """Release connections."""
        await self._client.close()

    # --- within -----------------------------------------------------------------------------------------------------

    def _ref(self, ticket_id: str) -> TicketRef:
        return TicketRef(id=ticket_id, number=f"issue{ticket_id}", url=f"{self._url}/issue{ticket_id}")

    async def _issue(self, ticket_id: str) -> _Issue:
        got = await self._client.get(f"/issue/{ticket_id}", {"@fields": _FIELDS, "@verbose": "2"})
        return _Issue(etag=got["data"]["@etag"], fields=got["data"]["attributes"])

    async def _messages(self, issue: Mapping[str, Any]) -> list[dict[str, Any]]:
        params = MultiDict({"@fields": "content,author,date,private", "@verbose": "3"})
        params.extend([("id", message["id"]) for message in issue["messages"]])
        messages: list[dict[str, Any]] = (await self._client.get("/msg", params))["data"]["collection"]
        return sorted(messages, key=lambda message: int(message["id"]))

    async def _with_key(self, kind: str, key: str) -> list[str]:
        got = await self._client.get(f"/{kind}", {"external_id:": self._queue + key})
        return [item["id"] for item in got["data"]["collection"]]

    async def _message(self, text: str, key: str, *, is_private: bool) -> str:
        message = {
            "content": text,
            "author": self._user,
            "date": ".",
            "external_id": self._queue + key,
            "private": is_private,
        }
        return str((await self._client.send("POST", "/msg", json=message))["data"]["id"])

    async def _file(self, file: UserFile, key: str) -> str:
        form = aiohttp.FormData({"name": file.name, "type": file.media_type, "external_id": self._queue + key})
        form.add_field("content", file.content, filename="content", content_type=file.media_type)
        return str((await self._client.send("POST", "/file", form=form))["data"]["id"])

    async def _put(self, ticket_id: str, issue: _Issue, **fields: object) -> None:
        await self._client.send("PUT", f"/issue/{ticket_id}", json=fields, headers={"If-Match": issue.etag})


def _refusal(status: int, answer: Any) -> DeskError | None:
    if status == _CONFLICT and answer and answer["error"]["msg"].startswith("node with key"):
        return Exists("roundup has an issue with this key.")
    if status == _STALE:
        return TicketBusy("Somebody else changed the issue meanwhile.")
    return None


def _version(issue: Mapping[str, Any]) -> str:
    return f"{issue['activity']} {issue['status']['id']} {len(issue['messages'])} {len(issue['files'])}"


def _time(date: str) -> datetime:
    return datetime.strptime(date[:19], "%Y-%m-%d.%H:%M:%S").replace(tzinfo=UTC)


def create(name: str, settings: Settings, resources: Mapping[str, object]) -> RoundupDesk:
    """A desk for a tracker."""
    return RoundupDesk(name, settings)
