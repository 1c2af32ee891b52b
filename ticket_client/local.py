"""The built-in desk: tickets in the ledger's own database, worked on with `firstline tickets`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

from config.findings import Finding
from config.settings import Section
from ticket_client.base import Capabilities, Changes, TicketDraft, TicketRef, TicketSnapshot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ticket_client.base import UserFile


class Settings(Section):
    """The section ``[desk]`` with ``kind = "local"``."""

    kind: Literal["local"] = "local"


class TicketStore(Protocol):
    """What the desk needs of a database; the ledger implements it."""

    async def open(self, draft: TicketDraft) -> TicketRef:
        """Open the ticket of this draft's key, once."""

    async def find(self, key: str) -> TicketRef | None:
        """The ticket opened with this key."""

    async def has_entry(self, key: str) -> bool:
        """Whether a line was added with this key."""

    async def get(self, ticket_id: str) -> TicketSnapshot:
        """The ticket as it is now. Raises `NotFound`."""

    async def add(self, ticket_id: str, kind: str, author: str, text: str, *, key: str | None) -> None:
        """Add a line: kind "user", "reply" or "note"; the same key once. Raises `NotFound`."""

    async def changed(self, cursor: str) -> Changes:
        """Tickets with lines newer than the cursor."""


class LocalDesk:
    """Implements `TicketDesk` on a `TicketStore`."""

    capabilities = Capabilities(transactional=True, idempotent_create=True)

    def __init__(self, name: str, store: TicketStore) -> None:
        self.name = name
        self._store = store

    async def prepare(self, draft: TicketDraft) -> str:  # noqa: ARG002 - the port's form
        """Nothing needs to be kept: the draft is."""
        return ""

    async def create(self, draft: TicketDraft, request: str) -> TicketRef:  # noqa: ARG002 - the port's form
        """Open a ticket."""
        return await self._store.open(draft)

    async def find(self, draft: TicketDraft) -> TicketRef | None:
        """The ticket opened with this draft's key."""
        return await self._store.find(draft.key)

    async def get(self, ticket_id: str) -> TicketSnapshot:
        """The ticket as it is now."""
        return await self._store.get(ticket_id)

    async def add_user_message(self, ticket_id: str, text: str, *, key: str) -> None:
        """Add what the requester wrote."""
        await self._store.add(ticket_id, "user", "", text, key=key)

    async def add_note(self, ticket_id: str, text: str, *, key: str) -> None:
        """Add a private note."""
        await self._store.add(ticket_id, "note", "firstline", text, key=key)

    async def add_files(self, ticket_id: str, files: Sequence[UserFile], *, key: str) -> None:
        """Only the names are kept: the ledger holds no files."""
        names = "\n".join(f"[{file.name}, {len(file.content)} bytes]" for file in files)
        await self._store.add(ticket_id, "user", "", names, key=key)

    async def added(self, ticket_id: str, key: str) -> bool:
        """Whether something was added with this key."""
        await self._store.get(ticket_id)
        return await self._store.has_entry(key)

    async def changed(self, cursor: str) -> Changes:
        """What changed since `cursor`."""
        return await self._store.changed(cursor)

    async def check(self) -> list[Finding]:
        """The built-in desk is always there."""
        return [
            Finding(
                ok=True, text="The built-in desk keeps tickets in the ledger; agents work with `firstline tickets`."
            )
        ]

    async def close(self) -> None:
        """Nothing to release."""


def create(name: str, settings: Settings, resources: Mapping[str, object]) -> LocalDesk:  # noqa: ARG001 - the desks' common form
    """The desk on the store that the composition root hands over as ``resources["store"]``."""
    store: TicketStore = resources["store"]  # type: ignore[assignment]
    return LocalDesk(name, store)
