"""The port between the bot and a helpdesk.

Errors; each says whether the request was applied::

    DeskError
    ├── Rejected          the desk refuses the content: not applied, and never will be
    ├── RateLimited       not applied; wait `.retry_after_s`
    ├── Unavailable       not applied: refused connection, 503
    ├── Ambiguous         perhaps applied: time-out, cut connection, 500/502/504 on a write
    ├── AuthFailed        not applied: the key is wrong or lacks a right
    └── NotFound          there is no such ticket
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


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
    attachments: tuple[str, ...] = ()  # descriptions: name, type, size and a reference


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketRef:
    """A ticket at its desk: `id` for the desk's API, `number` for people."""

    id: str
    number: str
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentReply:
    """Something an agent wrote for the requester; `id` is the desk's own and unique within the desk."""

    id: str
    text: str
    at: datetime
    agent: str = ""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Ids of tickets that changed since a cursor (each at most once) and the cursor to go on from."""

    ids: tuple[str, ...]
    cursor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a desk can do. `transactional`: tickets live in the ledger's own database and are opened in its commit."""

    transactional: bool = False
    idempotent_create: bool = False
    find_lag_s: float = 0.0
    webhooks: bool = False


class DeskError(Exception):
    """The desk did not do what was asked."""


class Rejected(DeskError):
    """The desk refuses the content for good."""


class RateLimited(DeskError):
    """Too many requests; nothing was applied."""

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Unavailable(DeskError):
    """The desk cannot be reached; nothing was applied."""


class Ambiguous(DeskError):
    """The request was sent and its answer lost: look before sending it again."""


class AuthFailed(DeskError):
    """The desk does not accept the key."""


class NotFound(DeskError):
    """There is no such ticket."""


class TicketDesk(Protocol):
    """One helpdesk. Implementations: one file each, beside this one."""

    name: str
    capabilities: Capabilities

    async def create(self, draft: TicketDraft) -> TicketRef:
        """Open a ticket: one attempt, never repeated here. Raises `DeskError`."""

    async def find(self, key: str) -> TicketRef | None:
        """The ticket that was opened with this key, if there is one."""

    async def get(self, ticket_id: str) -> TicketSnapshot:
        """The ticket as it is now. Raises `NotFound`."""

    async def add_user_message(self, ticket_id: str, text: str, *, key: str) -> None:
        """Add what the requester wrote; the same key is added once. Reopens a resolved ticket."""

    async def add_note(self, ticket_id: str, text: str, *, key: str) -> None:
        """Add a private note for the agents; the same key is added once."""

    async def changed(self, cursor: str) -> Changes:
        """What changed since `cursor` ("" for the beginning)."""

    async def check(self) -> str:
        """Log in; a sentence for people. Raises `DeskError`."""

    async def close(self) -> None:
        """Release connections; idempotent."""


class HasWebhook(Protocol):
    """A desk that can call us."""

    def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether the desk sent these bytes; compares in constant time, before anything is parsed."""

    def parse_webhook(self, body: bytes) -> tuple[str, ...]:
        """The ids of the tickets that it speaks of: a hint, the truth is read with `get`."""
