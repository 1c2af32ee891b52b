"""django-helpdesk 2.6, by its REST API and the token of a member of staff who is nobody but the bot.

The API cannot look for a custom field, tells no time of change, renders every comment as a Django template and shows it
as Markdown, and reads the whole table whenever a ticket is asked for (8 s for one of 5,000 tickets). So follow-ups,
which are read page by page, lead to everything: to what is new, and to a ticket whose creation we heard nothing of.
"""

from __future__ import annotations

import hmac
import json
import logging
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final, Literal

import aiohttp
from pydantic import Field, SecretStr
from yarl import URL

from config.findings import Finding
from ticket_client.base import (
    AgentFile,
    AgentReply,
    Ambiguous,
    AuthFailed,
    Capabilities,
    Changes,
    DeskError,
    NotFound,
    Priority,
    Rejected,
    Status,
    TicketDraft,
    TicketRef,
    TicketSnapshot,
    Unavailable,
    mark,
)
from ticket_client.client import DeskClient, RemoteSection, understood

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from ticket_client.base import UserFile, WebhookCall

_PAGE: Final = 100
_MOST_OPEN_PAGES: Final = 20
_FIND_BACK: Final = timedelta(days=30)  # where we do not know when we began: longer than any bot is away
_FIND_SLACK: Final = timedelta(hours=1)  # more than what is left between the desk's clock and ours
_LATE: Final = 50  # follow-ups that may yet appear below the newest: their transactions were slower
_TITLE_CHARS: Final = 150  # of 200: the desk writes " and Reopened" behind it
_REOPENED: Final = 2
_RESOLVED, _CLOSED = 3, 4
_BAD_REQUEST, _NOT_FOUND = 400, 404
_FILE_NAME_CHARS: Final = 100
_OPTIONAL_FIELDS: Final = ("requester", "link", "language", "tags")
_NAMES: Final = {1: "Open", 2: "Reopened", 3: "Resolved", 4: "Closed", 5: "Duplicate"}
_log = logging.getLogger(__name__)


class Settings(RemoteSection):
    """The section ``[desk]`` with ``kind = "django_helpdesk"``."""

    kind: Literal["django_helpdesk"] = "django_helpdesk"
    url: str = Field(pattern=r"^https?://[^\s?#]+$")
    token: SecretStr = Field(min_length=1)
    queue: int = Field(ge=1)
    queue_slug: str = Field(pattern=r"^[A-Za-z0-9_-]+$")
    key_field: str = Field("external_id", pattern=r"^[A-Za-z0-9_-]+$")
    webhook_secret: SecretStr | None = Field(None, min_length=16)
    statuses: dict[int, Status] = Field(default_factory=dict)
    priorities: dict[Priority, int] = Field(default_factory=dict)
    file_extensions: tuple[str, ...] = (".txt", ".asc", ".pdf", ".doc", ".docx", ".odt", ".jpg", ".png", ".eml")
    reconcile_s: float = Field(120.0, ge=0)


# --- what a comment becomes on its way into a page -------------------------------------------------------------------

_INVISIBLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_REFERENCE = re.compile(r"#(?=\d)")
_MARKUP = re.compile(r"[\\`*_\[]")
_ENTITY = re.compile(r"&(?=#?[0-9A-Za-z]++;)")
_AT_START = re.compile(r"[#>+-]")
_RULER = re.compile(r"=(?==*+\s*+$)|~(?=~~)")
_NUMBERED = re.compile(r"(\d++)\.(?=\s)")
_TEMPLATE = re.compile(r"\{(?=[{%#])|(?<=%)\}|(?<=X)-(?=HELPDESK-COMMENT)")


def literal(text: str) -> str:
    """Markdown that shows the text as it is, and refers to no other ticket: a ``#42`` would leave a trace in that."""
    text = _REFERENCE.sub("#\u2060", _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))
    return "\n".join(_literal_line(line) for line in text.split("\n"))


def _literal_line(line: str) -> str:
    words = line.lstrip(" \t")
    indent = "\u00a0" * len(line[: len(line) - len(words)].expandtabs(4))  # spaces would make it code
    words = _MARKUP.sub(r"\\\g<0>", _ENTITY.sub("&amp;", words)).replace("<", "&lt;")
    if _AT_START.match(words):
        words = f"\\{words}"
    elif _RULER.match(words):
        words = f"&#{ord(words[0])};{words[1:]}"
    elif number := _NUMBERED.match(words):
        words = f"{number[1]}\\.{words[number.end() :]}"
    return indent + words


def template(markdown: str) -> str:
    """A Django template that gives the text: the desk renders every comment of a follow-up as one."""
    return _TEMPLATE.sub(lambda found: f'{{{{ "{found[0]}" }}}}', markdown)


# --- the desk --------------------------------------------------------------------------------------------------------


class DjangoHelpdesk:
    """Implements `TicketDesk` and `HasWebhook`."""

    has_secret_in_path: Final = True

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self.capabilities = Capabilities(find_lag_s=settings.settle_s)
        self._settings = settings
        self._url = settings.url.rstrip("/")
        token = settings.token.get_secret_value()
        self._client = DeskClient(
            f"{self._url}/api",
            headers={"Authorization": f"Token {token}", "Accept": "application/json"},
            name="django-helpdesk",
            timeout_s=settings.timeout_s,
            refusal=_refusal,
            secrets=(token,),
        )
        defaults = {Priority.URGENT: 1, Priority.HIGH: 2, Priority.NORMAL: 3, Priority.LOW: 4}
        self._priorities = {**defaults, **settings.priorities}
        known = {1: Status.OPEN, 2: Status.OPEN, 3: Status.RESOLVED, 4: Status.CLOSED, 5: Status.CLOSED}
        self._statuses = {**known, **settings.statuses}
        self._names = dict(_NAMES)
        self._fields: Mapping[str, Any] | None = None
        self._we: set[int] = set()  # our user, as the desk's answers name it
        self._began: dict[str, datetime] = {}  # by key: before which nothing can have been opened
        self._ahead = timedelta()  # of our clock is the desk's
        self._reconcile_at = 0.0

    # --- opening and finding ------------------------------------------------------------------------------------------

    async def prepare(self, draft: TicketDraft) -> str:
        """The request; the first one asks which fields the desk has."""
        fields = await self._described()
        if f"custom_{self._settings.key_field}" not in fields:
            raise Unavailable(
                f"django-helpdesk has no custom field `{self._settings.key_field}`: without it a ticket cannot be found"
                " again, so none is opened. Add it in Django's administration, under Custom fields."
            )
        self._began.setdefault(draft.key, datetime.now(UTC) + self._ahead - _FIND_SLACK)
        who = " ".join(filter(None, (draft.requester.name, draft.requester.handle, draft.requester.external_id)))
        more = {"requester": who, "link": draft.url, "language": draft.language, "tags": ", ".join(draft.tags)}
        request = {
            "queue": self._settings.queue,
            "title": _one_line(draft.subject)[:_TITLE_CHARS] or draft.key,
            "description": _description(draft),
            "priority": self._priorities[draft.priority],
            f"custom_{self._settings.key_field}": draft.key,
        }
        for name in _OPTIONAL_FIELDS:
            described = fields.get(f"custom_{name}")
            if described is not None and more[name]:
                request[f"custom_{name}"] = _one_line(more[name])[: described.get("max_length")]
        return json.dumps(request)

    async def create(self, draft: TicketDraft, request: str) -> TicketRef:
        """Open a ticket; without an address of the requester, which django-helpdesk would write to."""
        ticket = await self._client.send("POST", "/tickets/", text=request)
        try:
            self._we.update(entry["user"] for entry in ticket["followup_set"] if entry["user"] is not None)
            ref = self._ref(ticket)
        except (KeyError, TypeError) as error:
            raise Ambiguous("django-helpdesk answered a new ticket with something else than a ticket.") from error
        self._began.pop(draft.key, None)
        return ref

    async def find(self, draft: TicketDraft) -> TicketRef | None:
        """The ticket with the draft's key.

        Ours begin with a follow-up that ends with the key's mark, whatever became of the draft's words meanwhile. Where
        there is one, the ticket's own field decides. Looks back to when it was first tried or last looked for, or for a
        month where that was before we were started.
        """
        await self._described()  # which tells the desk's time
        began = datetime.now(UTC) + self._ahead
        found = await self._opened_since(self._began.get(draft.key, began - _FIND_BACK), draft)
        if found is None:
            self._began[draft.key] = began - _FIND_SLACK
        return found

    async def _opened_since(self, since: datetime, draft: TicketDraft) -> TicketRef | None:
        seen: set[str] = set()
        async for page in self._newest("/followups/"):
            for entry in reversed(page):
                ticket_id = str(entry["ticket"])
                if _time(entry) < since:
                    return None
                if ticket_id in seen or not _bears(entry, draft.key):
                    continue
                seen.add(ticket_id)
                try:
                    ticket = await self._ticket(ticket_id)
                except NotFound:
                    continue  # deleted meanwhile
                if ticket.get(f"custom_{self._settings.key_field}") == draft.key:
                    return self._ref(ticket)
        return None

    # --- reading ------------------------------------------------------------------------------------------------------

    async def get(self, ticket_id: str) -> TicketSnapshot:
        """The ticket as it is now."""
        ticket = await self._ticket(ticket_id)
        ours = self._ours(ticket)
        name = await self._name(ticket["status"])
        return TicketSnapshot(
            ref=self._ref(ticket),
            status=self._status(ticket),
            raw_status=f"{name} - On Hold" if ticket["on_hold"] else name,
            priority=self._priority(ticket["priority"]),
            raw_priority=str(ticket["priority"]),
            version=_version(ticket),
            replies=tuple(_reply(entry) for entry in _entries(ticket) if _is_reply(entry, ours)),
        )

    async def added(self, ticket_id: str, key: str) -> bool:
        """Whether a follow-up of ours bears the key's mark."""
        ticket = await self._ticket(ticket_id)
        ours = self._ours(ticket)
        return any(entry["user"] in ours and _bears(entry, key) for entry in _entries(ticket))

    async def changed(self, cursor: str) -> Changes:
        """Tickets with follow-ups since the cursor, and now and then those of ours that changed without one.

        The cursor is the newest follow-up's id, the ids just below it that were not there yet, and our open tickets
        with their versions: one that is missing later was closed by somebody who left no follow-up.
        """
        if not cursor:
            top = max(map(_id, await self._entries_after(None, set())), default=0)
            self._reconcile_at = 0.0
            return Changes(ids=(), cursor=json.dumps({"top": top, "late": [], "open": {}}))
        state = json.loads(cursor)
        before, late, known = state["top"], set(state["late"]), state["open"]
        entries = {entry["id"]: entry for entry in await self._entries_after(before, late)}
        top = max([before, *entries])
        fresh = [entry for i, entry in sorted(entries.items()) if i > before or i in late]
        late = {i for i in (*late, *range(max(before, top - _LATE) + 1, top)) if i not in entries and i > top - _LATE}
        ids = [str(entry["ticket"]) for entry in fresh if entry["user"] not in self._we or entry["new_status"]]
        versions: dict[str, str] = {}
        if time.monotonic() >= self._reconcile_at:
            open_now = await self._open_tickets()
            versions = {i: version for i, version in open_now.items() if known.get(i) != version}
            ids += [*versions, *(i for i in known if i not in open_now)]
            known = open_now
            self._reconcile_at = time.monotonic() + self._settings.reconcile_s
        cursor = json.dumps({"top": top, "late": sorted(late), "open": known}, sort_keys=True)
        return Changes(ids=tuple(dict.fromkeys(ids)), cursor=cursor, versions=versions)

    async def _entries_after(self, top: int | None, late: set[int]) -> list[dict[str, Any]]:
        """Every follow-up above `top`, and what else is on the pages that hold them and the late ones."""
        entries: list[dict[str, Any]] = []
        async for page in self._newest("/followups/"):
            entries += page
            if top is None or min(map(_id, page), default=0) <= min(late, default=top):
                break
        return entries

    async def _open_tickets(self) -> dict[str, str]:
        """Versions of our tickets that are not over, by id: of the newest 2,000 open ones at the desk."""
        found: dict[str, str] = {}
        pages = 0
        async for page in self._newest("/tickets/", status=self._filter(is_over=False)):
            found |= {str(t["id"]): _version(t) for t in page if t.get(f"custom_{self._settings.key_field}")}
            if (pages := pages + 1) == _MOST_OPEN_PAGES:
                break
        return found

    async def _newest(self, path: str, **params: str) -> AsyncIterator[list[dict[str, Any]]]:
        """Pages from the last to the first; what is added meanwhile comes behind them and moves none."""
        page = "last"
        while page:
            answer = await self._client.get(path, {"page": page, "page_size": str(_PAGE), **params})
            try:
                entries, previous = answer["results"], answer["previous"]
            except (KeyError, TypeError) as error:
                raise self._strange() from error
            yield entries
            page = URL(previous).query.get("page", "1") if previous else ""

    async def _ticket(self, ticket_id: str) -> dict[str, Any]:
        """A ticket as the API gives it: first looked for among those that are open, which costs the desk least."""
        groups = (self._filter(is_over=False), str(_RESOLVED), "")
        for status in groups if ticket_id.isdecimal() else ():
            try:
                ticket = await self._client.get(f"/tickets/{ticket_id}/", {"status": status} if status else None)
            except NotFound:
                continue
            if isinstance(ticket, dict) and "followup_set" in ticket:
                return ticket
            raise self._strange()
        raise NotFound(f"django-helpdesk has no ticket {ticket_id}.")

    async def _described(self) -> Mapping[str, Any]:
        """The fields of a ticket, by name, as the API describes them; asked for once."""
        if self._fields is None:
            try:
                answer = await self._client.answer("OPTIONS", "/tickets/")
                fields: Mapping[str, Any] = answer.data["actions"]["POST"]
                self._names |= {c["value"]: str(c["display_name"]) for c in fields["status"]["choices"]}
            except Ambiguous as error:
                raise Unavailable(str(error)) from error  # nothing was written
            except AuthFailed as error:
                raise AuthFailed(
                    "django-helpdesk does not accept the token, or its user is not active: it must be of the staff."
                ) from error
            except (KeyError, TypeError) as error:
                raise self._strange() from error
            self._fields = fields
            self._ahead = answer.at - datetime.now(UTC) if answer.at else timedelta()
        return self._fields

    def _strange(self) -> Unavailable:
        return Unavailable(f"What answers at {self._url}/api/ is not django-helpdesk's API.")

    async def _name(self, status: int) -> str:
        if status not in self._names:
            await self._described()
        return self._names.get(status, str(status))

    # --- writing ------------------------------------------------------------------------------------------------------

    async def add_user_message(self, ticket_id: str, text: str, *, key: str) -> None:
        """A public follow-up, which opens the ticket again where it is over."""
        ticket = await self._ticket(ticket_id)
        await self._follow_up(ticket, text, key, is_public=True)

    async def add_note(self, ticket_id: str, text: str, *, key: str) -> None:
        """A private follow-up. What it does to the resolution of a resolved ticket is undone."""
        ticket = await self._ticket(ticket_id)
        await self._follow_up(ticket, text, key, is_public=False)
        is_overwritten = ticket["status"] == _RESOLVED or (ticket["status"] == _CLOSED and ticket["resolution"] is None)
        if is_overwritten:
            try:
                await self._client.send(
                    "PATCH", f"/tickets/{ticket_id}/", json={"resolution": ticket["resolution"] or ""}
                )
            except DeskError as error:  # the note itself is there
                _log.warning(
                    "A note became the resolution of ticket %s (%s)", ticket_id, error,
                    extra={"action": "resolution_overwritten"},
                )  # fmt: skip

    async def add_files(self, ticket_id: str, files: Sequence[UserFile], *, key: str) -> None:
        """A public follow-up with those that the desk takes; the others are named in it."""
        ticket = await self._ticket(ticket_id)
        taken, refused = [], []
        for file in files:
            name = re.sub(r"\.jpeg$", ".jpg", _one_line(file.name), flags=re.IGNORECASE)[-_FILE_NAME_CHARS:]
            if PurePath(name).suffix.lower() in self._settings.file_extensions:
                taken.append((name, file))
            else:
                refused.append(f"{file.name} ({file.media_type}, {len(file.content)} bytes)")
        text = f"Not attached, because this helpdesk takes no such files: {', '.join(refused)}" if refused else ""
        await self._follow_up(ticket, text, key, is_public=True, files=taken)

    async def _follow_up(
        self,
        ticket: Mapping[str, Any],
        text: str,
        key: str,
        *,
        is_public: bool,
        files: Sequence[tuple[str, UserFile]] = (),
    ) -> None:
        """Write one. It bears no title, which would become the ticket's."""
        comment = template("\n\n".join(filter(None, (literal(text), mark(key)))))
        said = {"ticket": str(ticket["id"]), "comment": comment, "public": str(is_public).lower()}
        form = aiohttp.FormData(said, quote_fields=False, charset="utf-8")  # Django keeps what is quoted as it is
        if is_public and self._status(ticket).is_over:
            form.add_field("new_status", str(_REOPENED))
        for name, file in files:
            form.add_field("attachments", file.content, filename=name, content_type=file.media_type)
        answer = await self._client.send("POST", "/followups/", form=form)
        with understood("django-helpdesk", Ambiguous):
            _ = answer["id"], answer["ticket"]

    # --- meaning ------------------------------------------------------------------------------------------------------

    def _ref(self, ticket: Mapping[str, Any]) -> TicketRef:
        ticket_id = str(ticket["id"])
        return TicketRef(
            id=ticket_id,
            number=f"{self._settings.queue_slug}-{ticket_id}",
            url=f"{self._url}/tickets/{ticket_id}/",
            version=_version(ticket),
        )

    def _status(self, ticket: Mapping[str, Any]) -> Status:
        status = self._statuses.get(ticket["status"], Status.OPEN)
        return Status.ON_HOLD if ticket["on_hold"] and not status.is_over else status

    def _filter(self, *, is_over: bool) -> str:
        return ",".join(str(raw) for raw, status in self._statuses.items() if status.is_over is is_over)

    def _priority(self, raw: int) -> Priority:
        """The most urgent of ours that is not more urgent than the desk's."""
        ranked = sorted(self._priorities.items(), key=lambda item: item[1])
        return next((ours for ours, number in ranked if raw <= number), ranked[-1][0])

    def _ours(self, ticket: Mapping[str, Any]) -> set[int]:
        """Users that are the bot: who wrote the follow-up that opened the ticket, as the description has it."""
        said = (ticket["description"] or "").split()
        entries = sorted(ticket["followup_set"], key=_id)
        opening = next((e for e in entries if (e["comment"] or "").split() == said), entries[0] if entries else None)
        return self._we | ({opening["user"]} if opening and opening["user"] is not None else set())

    # --- webhooks -----------------------------------------------------------------------------------------------------

    def verify_webhook(self, call: WebhookCall) -> bool:
        """The desk signs nothing: the secret is the end of the address."""
        secret = self._settings.webhook_secret
        return secret is not None and hmac.compare_digest(call.secret.encode(), secret.get_secret_value().encode())

    def parse_webhook(self, call: WebhookCall) -> tuple[str, ...]:
        """The one ticket that it speaks of."""
        try:
            ticket_id = json.loads(call.body)["ticket"]["id"]
        except (KeyError, TypeError, RecursionError) as error:
            raise ValueError("no ticket in it") from error
        if type(ticket_id) is not int:
            raise ValueError("the ticket has no number")
        return (str(ticket_id),)

    # --- looking around -----------------------------------------------------------------------------------------------

    async def check(self) -> list[Finding]:
        """Log in, and try the queue and the fields without opening anything."""
        self._fields = None
        try:
            fields = await self._described()
        except AuthFailed as error:
            return [Finding(ok=False, text=str(error), cure="In Django's administration: Users, and Tokens.")]
        return [
            Finding(ok=True, text=f"The token opens tickets at {self._url}."),
            await self._check_queue(),
            *self._check_fields(fields),
            *self._check_statuses(),
            await self._check_pages(),
        ]

    async def _check_queue(self) -> Finding:
        queue = self._settings.queue
        try:
            await self._client.send("POST", "/tickets/", json={"queue": queue})  # without a title: refused, always
        except AuthFailed as error:
            return Finding(
                ok=False,
                text=str(error),
                cure="Open the queue in Django's administration: the number in its address is `queue`.",
            )
        except Rejected:
            pass
        return Finding(
            ok=True, text=f"Tickets go to queue {queue}; users hear of {self._settings.queue_slug}-1 and so on."
        )

    def _check_fields(self, fields: Mapping[str, Any]) -> list[Finding]:
        key = f"custom_{self._settings.key_field}"
        ours = {key, *(f"custom_{name}" for name in _OPTIONAL_FIELDS)}
        must = [name for name, field in fields.items() if name.startswith("custom_") and field["required"]]
        where = "In Django's administration: Helpdesk, Custom fields"
        if key not in fields:
            text = f"The custom field `{self._settings.key_field}` is missing, so no ticket can be opened."
            return [Finding(ok=False, text=text, cure=f"{where}, Add: Character, 255 characters, not required.")]
        if (length := fields[key].get("max_length") or 255) < 255:  # noqa: PLR2004 - the longest key
            text = f"The custom field `{self._settings.key_field}` takes {length} characters only."
            return [Finding(ok=False, text=text, cure=f"{where}: make it 255.")]
        if others := sorted(name.removeprefix("custom_") for name in set(must) - ours):
            text = f"Tickets of the bot will be refused: the desk asks for {', '.join(others)} with every ticket."
            return [Finding(ok=False, text=text, cure=f"{where}: make it not required.")]
        filled = sorted(name.removeprefix("custom_") for name in ours & set(fields))
        return [Finding(ok=True, text=f"Custom fields that the bot fills: {', '.join(filled)}.")]

    def _check_statuses(self) -> list[Finding]:
        unknown = [str(number) for number in self._settings.statuses if number not in self._names]
        if not unknown:
            return []
        there = ", ".join(f"{number} ({name})" for number, name in sorted(self._names.items()))
        text = f"There is no status {', '.join(unknown)} (statuses); there are: {there}."
        cure = "Write the numbers of HELPDESK_TICKET_STATUS_CHOICES in Django's settings, or leave them out."
        return [Finding(ok=False, text=text, cure=cure)]

    async def _check_pages(self) -> Finding:
        answer = await self._client.get("/followups/", {"page_size": str(_PAGE)})
        shown, count = len(answer["results"]), answer["count"]
        if shown < min(count, _PAGE):
            text = f"The API gives {shown} entries a page instead of {_PAGE}."
            return Finding(ok=False, text=text, cure="Leave django-helpdesk's pagination as it comes.")
        return Finding(ok=True, text=f"The token reads {count} follow-ups, {_PAGE} a page.")

    async def close(self) -> None:
        """Release connections."""
        await self._client.close()


def _refusal(status: int, answer: Any) -> DeskError | None:
    """Names the fields that the desk refuses; its sentences quote what was sent.

    The API says in JSON that there is no such ticket. Any other page that is not found is no word of its.
    """
    if status == _NOT_FOUND and not (isinstance(answer, dict) and "detail" in answer):
        return Unavailable("django-helpdesk's API is not where `url` says: there is nothing (404).")
    if status != _BAD_REQUEST or not isinstance(answer, dict):
        return None
    if "queue" in answer:
        return AuthFailed("django-helpdesk does not know the queue, or this token's user may not use it.")
    return Rejected(f"django-helpdesk refuses the ticket's {', '.join(sorted(map(str, answer)))}.")


def _description(draft: TicketDraft) -> str:
    said = literal("\n\n".join((draft.body, *draft.attachments))).strip() or literal(draft.subject)
    return f"{said}\n\n{mark(draft.key)}".strip()


def _bears(entry: Mapping[str, Any], key: str) -> bool:
    """Whether the last line is this key's mark: in somebody's words, a backslash stands before the bracket."""
    return bool((entry["comment"] or "").rstrip().rpartition("\n")[2].strip() == mark(key))


def _one_line(text: str) -> str:
    return " ".join(_INVISIBLE.sub("", text).split())


def _id(entry: Mapping[str, Any]) -> int:
    return int(entry["id"])


def _time(entry: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(entry["date"]).astimezone(UTC)


def _entries(ticket: Mapping[str, Any]) -> list[dict[str, Any]]:
    return sorted(ticket["followup_set"], key=lambda entry: (_time(entry), entry["id"]))


def _version(ticket: Mapping[str, Any]) -> str:
    """The status, the newest follow-up, and how many are public: an agent may make a note public later."""
    entries = ticket["followup_set"]
    held, public = "h" * ticket["on_hold"], sum(entry["public"] for entry in entries)
    return f"{ticket['status']}{held}.{max(map(_id, entries), default=0)}.{public}"


def _is_reply(entry: Mapping[str, Any], ours: set[int]) -> bool:
    """Whether an agent said something to the requester; who writes by e-mail or by the public form has no user."""
    is_said = entry["comment"] or entry["followupattachment_set"]
    return bool(entry["public"] and entry["user"] is not None and entry["user"] not in ours and is_said)


def _reply(entry: Mapping[str, Any]) -> AgentReply:
    """Files are named only: who opens them must be logged in."""
    return AgentReply(
        id=str(entry["id"]),
        text=entry["comment"] or "",
        at=_time(entry),
        format="markdown",
        files=tuple(AgentFile(name=str(file["filename"] or "")) for file in entry["followupattachment_set"]),
    )


def create(name: str, settings: Settings, resources: Mapping[str, object]) -> DjangoHelpdesk:  # noqa: ARG001 - the desks' common form
    """The desk of the section ``[desk]``."""
    return DjangoHelpdesk(name, settings)
