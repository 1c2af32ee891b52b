"""Request Tracker 5, through REST 2 (`Authorization: token …`); RT calls nobody, so its news are asked for.

* The complaint's key is in a custom field, by which a ticket is found again. RT opens a ticket even where it may not
  set the field, and drops a value that is not unique: `check` looks for both.
* The requester is an RT user named by the network identity, without an e-mail address, and is given by number: RT takes
  a name in that place for an address.
* What the requester writes is correspondence by the bot's own user, so RT tells the owner; notes and files are
  comments. Their keys are in the message's subject, behind the ticket's own.
* A reply is correspondence by a privileged user other than the bot. The version of a ticket is the number of its last
  transaction that tells something: a change of status, or somebody else's correspondence.
* `rejected` counts as resolved, for RT opens it again when somebody writes; `deleted` is closed: nobody would see it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal
from urllib.parse import quote

from pydantic import BeforeValidator, Field, SecretStr

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
    TicketRef,
    TicketSnapshot,
    mark,
)
from ticket_client.client import DeskClient, RemoteSection, one_ticket, understood

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from ticket_client.base import Requester, TicketDraft, UserFile

_PRODUCT: Final = "Request Tracker"
_API: Final = "/REST/2.0"
_STATUSES: Final = {
    "new": Status.NEW,
    "open": Status.OPEN,
    "stalled": Status.PENDING,
    "resolved": Status.RESOLVED,
    "rejected": Status.RESOLVED,
    "deleted": Status.CLOSED,
}
_PRIORITIES: Final = {Priority.LOW: 0, Priority.NORMAL: 50, Priority.HIGH: 100, Priority.URGENT: 110}
_PER_PAGE: Final = "100"  # RT gives no more
_PAGES_AT_ONCE: Final = 20  # of transactions; the next look goes on
_OVERLAP: Final = 100  # transactions: RT numbers them before it commits them, so that a lower number may appear later
_SUBJECT_CHARS, _NAME_CHARS, _REAL_NAME_CHARS, _KEY_CHARS = 200, 200, 120, 200  # of RT's columns
_REMEMBERED: Final = 10_000
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_MARK: Final = re.compile(r"\[(ref [0-9a-f]{10})\]")
_NAMEABLE: Final = r"^[^{}'\"\\]+$"  # within a search: 'CF.{name}'
_UNAUTHORISED: Final = 401
_REFUSED: Final = ("Permission Denied", "No permission", "Unable to find queue", "Could not create ticket. Queue")


def _site(url: object) -> object:
    return url.strip().rstrip("/").removesuffix(_API) if isinstance(url, str) else url


class Settings(RemoteSection):
    """The section ``[desk]`` with ``kind = "request_tracker"``."""

    kind: Literal["request_tracker"] = "request_tracker"
    url: Annotated[str, BeforeValidator(_site)] = Field(pattern=r"^https?://[^\s/]")
    """Where people open RT in their browser."""
    token: SecretStr
    """Of the bot's own user."""
    queue: str = Field("General", min_length=1)
    key_field: str = Field("ExternalId", pattern=_NAMEABLE)
    """The custom field that holds a complaint's key."""
    tags_field: str = Field("", pattern=r"^[^{}'\"\\]*$")
    """A custom field with many values for a ticket's tags; none where empty."""
    statuses: dict[str, Status] = Field({})
    """For lifecycles of one's own: what RT's words mean, over the usual ones."""
    open_status: str = Field("open", min_length=1)
    """RT's word for a ticket whose requester wrote again."""
    priorities: dict[Priority, int] = Field({})
    """RT's numbers, over the usual ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """A transaction of a ticket."""

    id: int
    type: str
    creator: str
    at: str


class RequestTrackerDesk:
    """Implements `TicketDesk`."""

    def __init__(self, name: str, settings: Settings) -> None:
        token = settings.token.get_secret_value()
        self.name = name
        self.capabilities = Capabilities(find_lag_s=settings.settle_s)
        self._settings = settings
        self._statuses = _STATUSES | settings.statuses
        self._priorities = _PRIORITIES | settings.priorities
        self._client = DeskClient(
            settings.url + _API,
            headers={"Authorization": f"token {token}", "Accept": "application/json"},
            name=_PRODUCT,
            timeout_s=settings.timeout_s,
            refusal=_refusal,
            secrets=(token,),
        )
        self._own_id = re.fullmatch(r"\d+-(\d+)-\w+", token)
        self._own_name = ""
        self._requesters: dict[str, str] = {}
        self._agents: dict[str, str] = {}
        self._replies: dict[int, AgentReply] = {}

    async def prepare(self, draft: TicketDraft) -> str:
        """The JSON of a new ticket; its requester is found or made first."""
        with understood(_PRODUCT):
            requester = await self._requester(draft.requester)
        wanted: dict[str, Any] = {
            "Queue": self._settings.queue,
            "Subject": _unmarked(_line(draft.subject))[:_SUBJECT_CHARS],
            "Requestor": requester,
            "Content": _clean("\n\n".join((draft.body, *draft.attachments))),
            "ContentType": "text/plain",
            "Priority": self._priorities[draft.priority],
            "CustomFields": {self._settings.key_field: _short(draft.key)},
        }
        if self._settings.tags_field:
            wanted["CustomFields"][self._settings.tags_field] = list(draft.tags)
        if draft.follows:
            wanted["RefersTo"] = draft.follows
        return json.dumps(wanted, ensure_ascii=False)

    async def create(self, draft: TicketDraft, request: str) -> TicketRef:  # noqa: ARG002 - the port's form
        """Open a ticket. RT does not know a key again: who repeats blindly has two tickets."""
        answer = await self._client.send("POST", "/ticket", text=request)
        with understood(_PRODUCT, Ambiguous):
            return self._ref(str(int(answer["id"])))

    async def find(self, draft: TicketDraft) -> TicketRef | None:
        """The ticket whose custom field holds the key, whatever its queue."""
        wanted = _short(draft.key)
        query = f"'CF.{{{self._settings.key_field}}}' = {quoted(wanted)}"
        with understood(_PRODUCT):
            async for item in self._all("/tickets", query=query, fields="CustomFields"):
                if wanted in self._keys(item):  # RT finds the same letters in another case, too
                    return self._ref(str(item["id"]))
        return None

    async def get(self, ticket_id: str) -> TicketSnapshot:
        """The ticket as it is now."""
        async with one_ticket(ticket_id, self._sees_others, unseen=NotFound):
            return await self._snapshot(ticket_id)

    async def _snapshot(self, ticket_id: str) -> TicketSnapshot:
        with understood(_PRODUCT):
            ticket = await self._record(ticket_id)
            own = await self._me()
            history = [
                _Entry(id=int(item["id"]), type=item["Type"], creator=_name(item["Creator"]), at=item["Created"])
                async for item in self._all(f"/ticket/{ticket_id}/history", fields="Type,Creator,Created,ObjectId")
                if str(item["ObjectId"])
                == ticket_id  # merged into another, RT gives the other's, written to somebody else
            ]
            telling = [entry.id for entry in history if _tells(entry.type, is_own=entry.creator == own)]
            number = str(ticket.get("Priority") or 0)
            return TicketSnapshot(
                ref=self._ref(ticket_id),
                status=self._status(ticket),
                raw_status=ticket["Status"],
                version=str(max(telling, default=0)),
                replies=await self._answers(ticket_id, ticket, [entry for entry in history if entry.creator != own]),
                priority=self._priority(number),
                raw_priority=number,
            )

    async def add_user_message(self, ticket_id: str, text: str, *, key: str) -> None:
        """Add what the requester wrote; the ticket is open afterwards, unless it is still new or on hold."""
        ticket = await self._ticket(ticket_id)
        status = self._status(ticket)
        if status is Status.CLOSED:
            raise Closed(f"Ticket {ticket_id} is `{ticket['Status']}` in Request Tracker and takes no more words.")
        opens = {"Status": self._settings.open_status} if status.is_over or status is Status.PENDING else {}
        await self._say(ticket_id, "correspond", ticket, text, key, **opens)

    async def add_note(self, ticket_id: str, text: str, *, key: str) -> None:
        """Add a comment, which only staff see."""
        await self._say(ticket_id, "comment", await self._ticket(ticket_id), text, key)

    async def add_files(self, ticket_id: str, files: Sequence[UserFile], *, key: str) -> None:
        """Add the files as a comment: correspondence would open a new ticket, and nobody has worked on it yet."""
        attached = [
            {
                "FileName": _line(file.name) or "file",
                "FileType": file.media_type or "application/octet-stream",
                "FileContent": base64.b64encode(file.content or b"\n").decode(),  # RT refuses a file without content
            }
            for file in files
        ]
        await self._say(ticket_id, "comment", await self._ticket(ticket_id), "", key, Attachments=attached)

    async def added(self, ticket_id: str, key: str) -> bool:
        """Whether one of our own messages has this key's mark in its subject."""
        await self._ticket(ticket_id)
        path = f"/ticket/{ticket_id}/attachments"
        with understood(_PRODUCT):
            own = await self._me()
            async for part in self._all(path, fields="Subject,Creator", order="DESC"):
                if _name(part["Creator"]) == own and str(part["Subject"]).endswith(mark(key)):
                    return True
        return False

    async def changed(self, cursor: str) -> Changes:
        """Tickets with transactions of others since the cursor, which is the last transaction's number.

        The last 100 are told again each time, for a long change appears with a number lower than those already seen.
        """
        with understood(_PRODUCT):
            if not (cursor.isascii() and cursor.isdecimal()):
                async for item in self._all("/transactions", query="id > 0", order="DESC"):
                    return Changes(ids=(), cursor=str(item["id"]))
                return Changes(ids=(), cursor="0")
            own = await self._me()
            newest, ids, versions = int(cursor), dict[str, None](), dict[str, str]()
            query = f"ObjectType = 'RT::Ticket' AND id > {max(newest - _OVERLAP, 0)}"
            async for item in self._all(
                "/transactions", query=query, fields="Type,ObjectId,Creator", pages=_PAGES_AT_ONCE
            ):
                newest = max(newest, int(item["id"]))
                is_own = _name(item["Creator"]) == own
                if _tells(item["Type"], is_own=is_own):
                    versions[str(item["ObjectId"])] = str(item["id"])
                    if not is_own:
                        ids[str(item["ObjectId"])] = None
            return Changes(ids=tuple(ids), cursor=str(newest), versions={one: versions[one] for one in ids})

    async def close(self) -> None:
        """Release connections."""
        await self._client.close()

    # --- people -----------------------------------------------------------------------------------------------------

    async def _me(self) -> str:
        """The name of the user whose token this is; the token itself holds its number."""
        if not self._own_name:
            if self._own_id is None:
                raise AuthFailed("The token is not one that Request Tracker made: it begins with 1-, a number and -.")
            self._own_name = str((await self._client.get(f"/user/{self._own_id[1]}"))["Name"])
        return self._own_name

    async def _requester(self, requester: Requester) -> str:
        """The number of the requester's RT user, who is made where there is none yet."""
        name = quote(requester.external_id, safe=":@._-")[:_NAME_CHARS]
        path = f"/user/{quote(name, safe='')}"
        if name not in self._requesters:
            try:
                user = await self._client.get(path)
            except NotFound:
                real_name = _line(requester.name or requester.handle)[:_REAL_NAME_CHARS]
                try:
                    await self._client.send("POST", "/user", json={"Name": name, "RealName": real_name})
                except Rejected as error:  # another of our processes may have been faster
                    try:
                        user = await self._client.get(path)
                    except NotFound:
                        raise error from None
                else:
                    user = await self._client.get(path)
            number = next(str(link["id"]) for link in user["_hyperlinks"] if link.get("ref") == "self")
            _room(self._requesters)[name] = number
        return self._requesters[name]

    async def _agent(self, name: str) -> str | None:
        """An agent's name for people; None for somebody who is no agent (not privileged)."""
        if name not in self._agents:
            try:
                user = await self._client.get(f"/user/{quote(name, safe='')}")
            except NotFound:
                return None
            if str(user.get("Privileged")) != "1":
                return None  # asked again each time: one day they may be
            _room(self._agents)[name] = str(user.get("RealName") or name)
        return self._agents[name]

    # --- messages ---------------------------------------------------------------------------------------------------

    async def _say(
        self, ticket_id: str, kind: str, ticket: dict[str, Any], text: str, key: str, **more: object
    ) -> None:
        content = _clean(text)
        message = {
            "Subject": f"{_line(str(ticket.get('Subject', '')))} {mark(key)}".strip(),
            "Content": "0\n" if content == "0" else content,  # RT takes "0" for nothing
            "ContentType": "text/plain",
            **more,
        }
        try:
            answer = await self._client.send("POST", f"/ticket/{ticket_id}/{kind}", json=message)
            with understood(_PRODUCT, Ambiguous):
                _ = answer[0][0]  # a list of sentences, of which the first says that it was added
        except AuthFailed as error:
            if self._settings.queue in {ticket["Queue"]["id"], ticket["Queue"].get("Name")}:
                raise  # in the bot's own queue that is to be mended
            raise Closed(f"Ticket {ticket_id} was moved to a queue where the bot may not write.") from error

    async def _answers(
        self, ticket_id: str, ticket: Mapping[str, Any], history: Sequence[_Entry]
    ) -> tuple[AgentReply, ...]:
        """The agents' correspondence, oldest first. What was read once is not read again: RT does not change it."""
        by_agents = [
            (entry, agent)
            for entry in sorted(history, key=lambda entry: entry.id)
            if entry.type == "Correspond" and (agent := await self._agent(entry.creator)) is not None
        ]
        replies = {entry.id: self._replies[entry.id] for entry, _ in by_agents if entry.id in self._replies}
        if len(replies) < len(by_agents):
            parts: dict[str, list[dict[str, Any]]] = {}
            fields = "TransactionId,ContentType,Filename,Subject"
            async for part in self._all(f"/ticket/{ticket_id}/attachments", fields=fields):
                parts.setdefault(_name(part["TransactionId"]), []).append(part)
            for entry, agent in by_agents:
                if entry.id not in replies:
                    of_entry = parts.get(str(entry.id), [])
                    is_ours = any(_is_ours(ticket_id, ticket, str(part["Subject"])) for part in of_entry)
                    replies[entry.id] = await self._answer(entry, agent, [] if is_ours else of_entry)
                    _room(self._replies)[entry.id] = replies[entry.id]
        in_order = (replies[entry.id] for entry, _ in by_agents)
        return tuple(reply for reply in in_order if reply.text.strip() or reply.files)

    async def _answer(self, entry: _Entry, agent: str, parts: Sequence[dict[str, Any]]) -> AgentReply:
        bodies = {
            str(part["ContentType"]).partition(";")[0].lower(): str(part["id"])
            for part in reversed(parts)
            if not part["Filename"]
        }
        is_html = "text/plain" not in bodies and "text/html" in bodies
        body = bodies.get("text/html" if is_html else "text/plain")
        return AgentReply(
            id=str(entry.id),
            text=_text((await self._client.get(f"/attachment/{body}"))["Content"]) if body else "",
            at=datetime.fromisoformat(entry.at),
            agent=agent,
            format="html" if is_html else "plain",
            files=tuple(AgentFile(name=_line(str(part["Filename"]))) for part in parts if part["Filename"]),
        )

    # --- what RT's records say --------------------------------------------------------------------------------------

    async def _ticket(self, ticket_id: str) -> dict[str, Any]:
        """The ticket's record. Raises `Closed` where it was moved to a queue that the bot may not see."""
        async with one_ticket(ticket_id, self._sees_others):
            with understood(_PRODUCT):
                return await self._record(ticket_id)

    async def _record(self, ticket_id: str) -> dict[str, Any]:
        if not (ticket_id.isascii() and ticket_id.isdecimal()):
            raise NotFound(f"Request Tracker has no ticket {ticket_id}.")
        ticket: dict[str, Any] = await self._client.get(f"/ticket/{ticket_id}", {"fields[Queue]": "Name"})
        _ = ticket["Status"], ticket["Queue"]["id"]
        return ticket

    async def _sees_others(self) -> bool:
        """Whether anything in the bot's own queue is seen; where not, that is to be mended."""
        with understood(_PRODUCT):
            return bool(await self._newest(f"Queue = {quoted(self._settings.queue)}"))

    async def _newest(self, query: str) -> list[dict[str, Any]]:
        """The last ticket that a search finds, if any."""
        asked = {"query": query, "orderby": "id", "order": "DESC", "per_page": "1", "fields": "CustomFields"}
        return list((await self._client.get("/tickets", asked))["items"])

    async def _all(self, path: str, *, pages: int = 1_000, **params: str) -> AsyncIterator[dict[str, Any]]:
        """Every record of a list, by number. RT does not tell everybody how many there are, but whether more follow."""
        for page in range(1, pages + 1):
            asked = {"orderby": "id", "per_page": _PER_PAGE, "page": str(page), **params}
            answer = await self._client.get(path, params=asked)
            for item in answer["items"]:
                yield item
            if not answer.get("next_page"):
                return

    def _ref(self, ticket_id: str) -> TicketRef:
        url = f"{self._settings.url}/Ticket/Display.html?id={ticket_id}"
        return TicketRef(id=ticket_id, number=f"#{ticket_id}", url=url)

    def _status(self, ticket: Mapping[str, Any]) -> Status:
        return self._statuses.get(ticket["Status"], Status.OPEN)

    def _priority(self, number: str) -> Priority:
        """The highest whose number is not above the ticket's; normal for what is no number."""
        if not re.fullmatch(r"-?[0-9]{1,9}", number):
            return Priority.NORMAL
        reached = [(least, one) for one, least in self._priorities.items() if least <= int(number)]
        return max(reached, key=lambda pair: pair[0], default=(0, Priority.LOW))[1]

    def _keys(self, item: Mapping[str, Any]) -> list[str]:
        fields = item.get("CustomFields") or []
        return [value for one in fields if one["name"] == self._settings.key_field for value in one["values"]]

    # --- check ------------------------------------------------------------------------------------------------------

    async def check(self) -> list[Finding]:
        """Log in, and say what is there, what is missing and where to click."""
        with understood(_PRODUCT):
            version = (await self._client.get("/rt"))["Version"]
            me = await self._me()
            about = await self._client.get(f"/user/{quote(me, safe='')}")
            found = [
                Finding(ok=True, text=f"Request Tracker {version} knows the bot as {me}."),
                _is_privileged(me, about),
            ]
            if not found[-1].ok:
                return found  # RT shows such a user next to nothing
            found.append(await self._check_requesters())
            try:
                queue = await self._client.get(f"/queue/{quote(self._settings.queue, safe='')}")
            except (NotFound, AuthFailed):
                return [*found, _no_queue(self._settings.queue, me)]
            return [
                *found,
                *_queue_rights(queue, me),
                *await self._check_field(queue, me),
                await self._check_work(queue, me),
            ]

    async def _check_requesters(self) -> Finding:
        """What RT shows of a user who is always there tells whether the bot may administer users."""
        if "Disabled" in await self._client.get("/user/Nobody"):
            return Finding(ok=True, text="The bot can make an RT user for whoever asks.")
        return Finding(
            ok=False,
            text="The bot may not make RT users for those who ask (AdminUsers).",
            cure="Admin, Global, User Rights: give the bot's user AdminUsers.",
        )

    async def _check_field(self, queue: Mapping[str, Any], me: str) -> list[Finding]:
        name = self._settings.key_field
        by_name = _fields(queue)
        if name not in by_name:
            return [
                Finding(
                    ok=False,
                    text=f"The queue has no custom field {name}, or the bot may not see it: no ticket is found again.",
                    cure="Admin, Custom Fields: create it for Tickets as one Freeform value, apply it to the queue, "
                    f"and under its User Rights give {me} SeeCustomField and ModifyCustomField.",
                )
            ]
        about = await self._client.get(f"/customfield/{by_name[name]}")
        if str(about.get("UniqueValues") or "0") != "0":
            text = (
                f"The custom field {name} takes only unique values: a second ticket would be opened without it, unseen."
            )
            return [
                Finding(ok=False, text=text, cure=f"Admin, Custom Fields, {name}: uncheck the uniqueness of values.")
            ]
        found = [Finding(ok=True, text=f"Tickets are found again by the custom field {name}.")]
        tags = self._settings.tags_field
        if tags and tags not in by_name:
            text = f"The queue has no custom field {tags}, or the bot may not see it: tags are left out."
            cure = "Apply it to the queue with SeeCustomField and ModifyCustomField for the bot, or empty `tags_field`."
            found.append(Finding(ok=False, text=text, cure=cure))
        return found

    async def _check_work(self, queue: Mapping[str, Any], me: str) -> Finding:
        """What the bot may do with a ticket is told only by a ticket: the last one that it opened."""
        query = f"Queue = {quoted(self._settings.queue)} AND Creator = {quoted(me)}"
        items = await self._newest(query)
        if not items:
            text = "The bot has opened no ticket yet, or may not see them (ShowTicket): check again after the first."
            return Finding(ok=True, text=text)
        number = items[0]["id"]
        if self._settings.key_field in _fields(queue) and not self._keys(items[0]):
            text = f"Ticket #{number} was opened without its {self._settings.key_field}: it cannot be found again."
            cure = f"Admin, Custom Fields, {self._settings.key_field}, User Rights: give {me} ModifyCustomField."
            return Finding(ok=False, text=text, cure=cure)
        refs = {link.get("ref") for link in (await self._ticket(str(number)))["_hyperlinks"]}
        missing = [right for right, ref in _BY_LINK.items() if ref not in refs]
        if missing:
            text = f"In ticket #{number} the bot lacks the right to: {', '.join(missing)}."
            return Finding(
                ok=False, text=text, cure=f"Admin, Queues, {self._settings.queue}, User Rights: give them to {me}."
            )
        return Finding(ok=True, text="The bot may answer, comment on and open again the tickets that it opened.")


_BY_LINK: Final = {"ReplyToTicket": "correspond", "CommentOnTicket": "comment", "ModifyTicket": "lifecycle"}


def _is_privileged(me: str, about: Mapping[str, Any]) -> Finding:
    if str(about.get("Privileged")) == "1":
        return Finding(ok=True, text="The bot's user is privileged: it can see who is an agent.")
    text = "The bot's user is not privileged: it cannot see who is an agent."
    return Finding(ok=False, text=text, cure=f"Admin, Users, {me}: check `Let this user be granted rights`.")


def _no_queue(queue: str, me: str) -> Finding:
    return Finding(
        ok=False,
        text=f"There is no queue {queue}, or the bot may not see it.",
        cure=f"Write its name as `queue`, or Admin, Queues, {queue}, User Rights: give {me} SeeQueue.",
    )


def _fields(queue: Mapping[str, Any]) -> dict[str, str]:
    """The numbers of the queue's custom fields, by name."""
    return {one["name"]: str(one["id"]) for one in queue.get("TicketCustomFields", [])}


def _queue_rights(queue: Mapping[str, Any], me: str) -> list[Finding]:
    name = queue["Name"]
    if str(queue.get("Disabled") or "0") != "0":
        return [Finding(ok=False, text=f"The queue {name} is disabled.", cure=f"Admin, Queues, {name}: enable it.")]
    if any(link.get("ref") == "create" for link in queue["_hyperlinks"]):
        return [Finding(ok=True, text=f"The bot may open tickets in the queue {name}.")]
    text = f"The bot may not open tickets in the queue {name} (CreateTicket)."
    return [Finding(ok=False, text=text, cure=f"Admin, Queues, {name}, User Rights: give {me} CreateTicket.")]


def _refusal(status: int, answer: Any) -> DeskError | None:
    """RT answers 400 where a right is missing, and where the queue is not there any more: that can be mended."""
    if status == _UNAUTHORISED:
        return AuthFailed(
            "Request Tracker does not know the token. It may have expired, or Apache keeps it back: see "
            "docs/desks/request-tracker.md."
        )
    said = answer.get("message") if isinstance(answer, dict) else None
    if status in {400, 403} and str(said).startswith(_REFUSED):
        return AuthFailed("Request Tracker does not let the bot do that: see `firstline check`.")
    return None


def _tells(kind: str, *, is_own: bool) -> bool:
    """Whether a transaction of this type has anything to do with what `get` gives."""
    return kind == "Status" or (kind == "Correspond" and not is_own)


def _name(record: object) -> str:
    """The name or number of a record that another refers to."""
    return str(record["id"] if isinstance(record, dict) else record)


def _is_ours(ticket_id: str, ticket: Mapping[str, Any], subject: str) -> bool:
    """Whether the bot wrote this, under whichever user: with a mark that is not the ticket's own.

    An answer by mail repeats a message's subject and names the ticket, one from RT's page repeats the ticket's.
    """
    marks = [found for found in _MARK.finditer(subject) if found.end() == len(subject)]
    return any(not str(ticket["Subject"]).endswith(found[0]) for found in marks) and f"#{ticket_id}]" not in subject


def _unmarked(subject: str) -> str:
    """Without what could be taken for one of our marks."""
    return _MARK.sub(r"(\1)", subject)


def _text(content: object) -> str:
    """What a part holds, which RT sends as base64."""
    return base64.b64decode(str(content or "")).decode(errors="replace")


def _clean(text: str) -> str:
    """Without what a database or JSON's other readers cannot hold; nothing that a person would see."""
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _line(text: str) -> str:
    return " ".join(_clean(text).split())


def _short(key: str) -> str:
    """A key that fits into a custom field."""
    return key if len(key.encode()) <= _KEY_CHARS else hashlib.sha256(key.encode()).hexdigest()


def quoted(value: str) -> str:
    """A text within a search."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _room(cache: dict[Any, Any]) -> dict[Any, Any]:
    """The cache, emptied when it is full."""
    if len(cache) >= _REMEMBERED:
        cache.clear()
    return cache


def create(name: str, settings: Settings, resources: Mapping[str, object]) -> RequestTrackerDesk:  # noqa: ARG001 - the desks' common form
    """A desk at Request Tracker."""
    return RequestTrackerDesk(name, settings)
