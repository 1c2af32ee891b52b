"""A desk in memory, for tests and demonstrations: everything is gone when the bot stops.

It is called like a desk over the network (`capabilities.transactional` is false), and can be told to fail like one.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from config.findings import Finding
from config.settings import Section
from ticket_client.base import (
    AgentReply,
    Capabilities,
    Changes,
    Closed,
    DeskError,
    NotFound,
    Status,
    TicketDraft,
    TicketRef,
    TicketSnapshot,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ticket_client.base import UserFile


class Settings(Section):
    """The section ``[desk]`` with ``kind = "memory"``."""

    kind: Literal["memory"] = "memory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What the next call that writes meets: `error`, before or (with `applied`) after it did what was asked."""

    error: DeskError
    applied: bool = False


@dataclass(slots=True, kw_only=True)
class Line:
    """A line of a ticket: kind "user", "reply", "note" or "file"."""

    kind: str
    text: str
    agent: str = ""
    format: Literal["plain", "markdown", "html"] = "plain"
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(slots=True, kw_only=True)
class MemoryTicket:
    """A ticket as the desk keeps it."""

    ref: TicketRef
    draft: TicketDraft
    status: Status = Status.NEW
    lines: list[Line] = field(default_factory=list)
    version: int = 0


class MemoryDesk:
    """Implements `TicketDesk`; `answer` and `resolve` are what agents do there.

    Attributes:
        tickets: everything, by the desk's id.
        faults: met by the next calls that write, one each, the first first.
    """

    capabilities = Capabilities()

    def __init__(self, name: str) -> None:
        self.name = name
        self.tickets: dict[str, MemoryTicket] = {}
        self.faults: deque[Fault] = deque()
        self._keys: set[str] = set()
        self._changes: list[str] = []

    async def prepare(self, draft: TicketDraft) -> str:
        """The body, as it will stand in the ticket."""
        return "\n\n".join((draft.body, *draft.attachments))

    async def create(self, draft: TicketDraft, request: str) -> TicketRef:
        """Open a ticket. Like most desks, this one does not know a key again: who repeats blindly has two tickets."""
        fault = self._before()
        ticket_id = str(len(self.tickets) + 1)
        ref = TicketRef(id=ticket_id, number=f"M-{ticket_id}", url=f"memory:{ticket_id}")
        self.tickets[ticket_id] = MemoryTicket(ref=ref, draft=draft, lines=[Line(kind="user", text=request)])
        self._changed(ticket_id)
        _after(fault)
        return ref

    async def find(self, draft: TicketDraft) -> TicketRef | None:
        """The ticket opened with this draft's key."""
        return next((ticket.ref for ticket in self.tickets.values() if ticket.draft.key == draft.key), None)

    async def get(self, ticket_id: str) -> TicketSnapshot:
        """The ticket as it is now."""
        ticket = self._ticket(ticket_id)
        replies = tuple(
            AgentReply(id=f"{ticket_id}/{i}", text=line.text, at=line.at, agent=line.agent, format=line.format)
            for i, line in enumerate(ticket.lines)
            if line.kind == "reply"
        )
        return TicketSnapshot(
            ref=ticket.ref,
            status=ticket.status,
            raw_status=ticket.status,
            priority=ticket.draft.priority,
            version=str(ticket.version),
            replies=replies,
        )

    async def add_user_message(self, ticket_id: str, text: str, *, key: str) -> None:
        """Add what the requester wrote."""
        self._add(ticket_id, Line(kind="user", text=text), key=key)

    async def add_note(self, ticket_id: str, text: str, *, key: str) -> None:
        """Add a private note."""
        self._add(ticket_id, Line(kind="note", text=text), key=key)

    async def add_files(self, ticket_id: str, files: Sequence[UserFile], *, key: str) -> None:
        """Add what the requester attached, a line for each."""
        self._add(ticket_id, *(Line(kind="file", text=file.name) for file in files), key=key)

    async def added(self, ticket_id: str, key: str) -> bool:
        """Whether something was added with this key."""
        self._ticket(ticket_id)
        return key in self._keys

    async def changed(self, cursor: str) -> Changes:
        """What changed since `cursor`."""
        news = self._changes[int(cursor or 0) :]
        return Changes(ids=tuple(dict.fromkeys(news)), cursor=str(len(self._changes)))

    async def check(self) -> list[Finding]:
        """It is always there."""
        return [Finding(ok=True, text="Tickets are kept in memory and are gone when the bot stops: to try things out.")]

    async def close(self) -> None:
        """Nothing to release."""

    # --- what agents do ---------------------------------------------------------------------------------------------

    def answer(self, ticket_id: str, text: str, agent: str = "") -> None:
        """An agent's public reply."""
        self._ticket(ticket_id).lines.append(Line(kind="reply", text=text, agent=agent))
        self._changed(ticket_id)

    def resolve(self, ticket_id: str) -> None:
        """The matter counts as done."""
        self.turn(ticket_id, Status.RESOLVED)

    def turn(self, ticket_id: str, status: Status) -> None:
        """Another status; a closed ticket takes no more words."""
        self._ticket(ticket_id).status = status
        self._changed(ticket_id)

    # --- within -----------------------------------------------------------------------------------------------------

    def _ticket(self, ticket_id: str) -> MemoryTicket:
        if ticket_id not in self.tickets:
            raise NotFound(f"There is no ticket {ticket_id}.")
        return self.tickets[ticket_id]

    def _add(self, ticket_id: str, *lines: Line, key: str) -> None:
        fault = self._before()
        ticket = self._ticket(ticket_id)
        if ticket.status is Status.CLOSED and lines[0].kind != "note":
            raise Closed(f"Ticket {ticket_id} is closed for good.")
        self._keys.add(key)
        ticket.lines.extend(lines)
        if lines[0].kind == "user" and (ticket.status.is_over or ticket.status is Status.PENDING):
            ticket.status = Status.OPEN
        self._changed(ticket_id)
        _after(fault)

    def _changed(self, ticket_id: str) -> None:
        self.tickets[ticket_id].version += 1
        self._changes.append(ticket_id)

    def _before(self) -> Fault | None:
        fault = self.faults.popleft() if self.faults else None
        if fault is not None and not fault.applied:
            raise fault.error
        return fault


def _after(fault: Fault | None) -> None:
    if fault is not None:
        raise fault.error


def create(name: str, settings: Settings, resources: Mapping[str, object]) -> MemoryDesk:  # noqa: ARG001 - the desks' common form
    """An empty desk."""
    return MemoryDesk(name)
