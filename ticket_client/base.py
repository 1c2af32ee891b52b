"""The port between the bot and a helpdesk.

Errors; each says whether the request was applied::

    DeskError
    ├── Rejected          the desk refuses the content: not applied, and never will be
    ├── Closed            the ticket takes no more words: not applied; go on in a new one
    ├── TicketBusy        not applied: this one ticket takes nothing for a while; the desk itself is well
    ├── RateLimited       not applied; wait `.retry_after_s`
    ├── Unavailable       not applied: refused connection, 503, or we give the desk a rest (`.retry_after_s`)
    ├── Ambiguous         perhaps applied: time-out, cut connection, 500/502/504 on a write
    ├── AuthFailed        not applied: the key is wrong or lacks a right
    └── NotFound          there is no such ticket
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from config.findings import Finding


class Status(StrEnum):
    """A ticket's state, the same for every desk."""

    NEW = "new"
    OPEN = "open"
    PENDING = "pending"
    ON_HOLD = "on_hold"
    RESOLVED = "resolved"
    CLOSED = "closed"

    @property
    def is_over(self) -> bool:
        """Whether the matter counts as done."""
        return self in {Status.RESOLVED, Status.CLOSED}


class Priority(StrEnum):
    """How urgent a ticket is, the same for every desk."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Requester:
    """Who asked: `external_id` is ``channel:account:platform id``, stable and unique."""

    external_id: str
    name: str = ""
    handle: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketDraft:
    """What to open. `key` identifies the complaint for ever: two drafts with one key are one ticket."""

    key: str
    subject: str
    body: str
    requester: Requester
    priority: Priority = Priority.NORMAL
    tags: tuple[str, ...] = ()
    attachments: tuple[str, ...] = ()  # descriptions: name, type, size; the files themselves follow with `add_files`
    language: str = ""  # of the requester, as a code ("nl"); "" where nobody knows
    url: str = ""  # where the message is read, where the network has such a link
    follows: str = ""  # the id of the ticket that takes no more words and is continued here


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFile:
    """A file that the requester attached."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketRef:
    """A ticket at its desk: `id` for the desk's API, `number` for people.

    `version` (as in `Changes.versions`) is that of a ticket just created, where the desk tells it.
    """

    id: str
    number: str
    url: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentFile:
    """A file in an agent's reply; `url` is "" where only agents can open it."""

    name: str
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentReply:
    """Something an agent wrote for the requester; `id` is the desk's own and unique within the desk.

    `format` says what `text` is written in. `public_hosts` are those whose images anybody can open: those in an HTML
    text become links, all others only their names.
    """

    id: str
    text: str
    at: datetime
    agent: str = ""
    format: Literal["plain", "markdown", "html"] = "plain"
    files: tuple[AgentFile, ...] = ()
    public_hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketSnapshot:
    """A ticket as it is now; `replies` holds the agents' public replies only, oldest first.

    `version` differs between two states of a ticket (a time of change, a counter), so that a ticket that is resolved,
    opened and resolved again is announced twice and one that is read twice is announced once.
    """

    ref: TicketRef
    status: Status
    version: str
    replies: tuple[AgentReply, ...] = ()
    raw_status: str = ""  # the desk's own word, which `status` may not be able to say
    priority: Priority = Priority.NORMAL
    raw_priority: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Ids of tickets that changed since a cursor (each at most once) and the cursor to go on from.

    `versions` holds, by id, what the list itself tells of how a ticket stands. It is compared with what a list said
    before and with `TicketRef.version`, never with a snapshot's: a ticket that stands as it did need not be read.
    """

    ids: tuple[str, ...]
    cursor: str
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a desk can do.

    `transactional`: tickets live in the ledger's own database and are opened in its commit.
    `idempotent_create`: the same request sent again gives the same ticket, so that nobody has to look first.
    `find_lag_s`: how long after a write `find` and `added` may still not see it (a search index, and a request that is
    still at work in the server after we stopped waiting for it).
    """

    transactional: bool = False
    idempotent_create: bool = False
    find_lag_s: float = 0.0


def mark(key: str) -> str:
    """What is written under an entry where a desk has no other place for its key."""
    return f"[ref {hashlib.sha256(key.encode()).hexdigest()[:10]}]"


class DeskError(Exception):
    """The desk did not do what was asked."""


class Rejected(DeskError):
    """The desk refuses the content for good."""


class Closed(DeskError):
    """The ticket takes no more words."""


class TicketBusy(DeskError):
    """This one ticket takes nothing for a while; nothing was applied."""


class RateLimited(DeskError):
    """Too many requests; nothing was applied."""

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Unavailable(DeskError):
    """The desk cannot be reached; nothing was applied."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Ambiguous(DeskError):
    """The request was sent and its answer lost: look before sending it again."""


class AuthFailed(DeskError):
    """The desk does not accept the key, or the key lacks a right."""


class NotFound(DeskError):
    """There is no such ticket."""


class TicketDesk(Protocol):
    """One helpdesk. Implementations: one file each, beside this one.

    Whatever writes is one attempt, never repeated here: the caller looks (`find`, `added`) and then calls again.
    Whatever reads may be repeated. Every method raises `DeskError`.
    """

    name: str
    capabilities: Capabilities

    async def prepare(self, draft: TicketDraft) -> str:
        """The request that opens the ticket, as text; it is kept, so that every attempt sends the same bytes.

        Finds or makes the requester where the desk wants that first. Safe to repeat.
        """

    async def create(self, draft: TicketDraft, request: str) -> TicketRef:
        """Open a ticket with what `prepare` gave."""

    async def find(self, draft: TicketDraft) -> TicketRef | None:
        """The ticket that was opened with this draft's key, if there is one."""

    async def get(self, ticket_id: str) -> TicketSnapshot:
        """The ticket as it is now. Raises `NotFound`."""

    async def add_user_message(self, ticket_id: str, text: str, *, key: str) -> None:
        """Add what the requester wrote. Reopens a resolved ticket; raises `Closed` where the desk forbids that."""

    async def add_note(self, ticket_id: str, text: str, *, key: str) -> None:
        """Add a private note for the agents, which changes nothing else."""

    async def add_files(self, ticket_id: str, files: Sequence[UserFile], *, key: str) -> None:
        """Add what the requester attached."""

    async def added(self, ticket_id: str, key: str) -> bool:
        """Whether words, a note or files with this key are in the ticket."""

    async def changed(self, cursor: str) -> Changes:
        """What changed since `cursor` ("" for the beginning)."""

    async def check(self) -> list[Finding]:
        """Log in, and say in plain words what is there, what is missing and where to click. Raises `DeskError`."""

    async def close(self) -> None:
        """Release connections; idempotent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookCall:
    """A POST to ``/webhooks/desk`` or below: header names in lower case, `secret` is what follows in the path."""

    headers: Mapping[str, str]
    secret: str
    body: bytes


class HasWebhook(Protocol):
    """A desk that can call us; a call is a hint of what to read with `get`, never the truth itself."""

    def verify_webhook(self, call: WebhookCall) -> bool:
        """Whether the desk sent this; compares in constant time, before anything is parsed."""

    def parse_webhook(self, call: WebhookCall) -> tuple[str, ...]:
        """The ids of the tickets that it speaks of. Raises `ValueError`."""
