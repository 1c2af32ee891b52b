"""The built-in desk: tickets in the ledger's own database, worked on with `firstline tickets`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

from config.settings import Section
from ticket_client.base import Capabilities, Changes, TicketDraft, TicketRef, TicketSnapshot

if TYPE_CHECKING:
    from collections.abc import Mapping


class Settings(Section):
    """The section ``[desk]`` with ``kind = "local"``."""

    kind: Literal["local"] = "local"


class TicketStore(Protocol):
    """What the desk needs of a database; the ledger implements it."""

    async def open(self, draft: TicketDraft) -> TicketRef:
        """Open the ticket of this draft's key, once."""

    async def find(self, key: str) -> TicketRef | None:
        """The ticket opened with this key."""

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

    async def create(self, draft: TicketDraft) -> TicketRef:
        """Open a ticket."""
        return await self._store.open(draft)

    async def find(self, key: str) -> TicketRef | None:
        """The ticket opened with this key."""
        return await self._store.find(key)

    async def get(self, ticket_id: str) -> TicketSnapshot:
        """The ticket as it is now."""
        return await self._store.get(ticket_id)

    async def add_user_message(self, ticket_id: str, text: str, *, key: str) -> None:
        """Add what the requester wrote."""
        await self._store.add(ticket_id, "user", "", text, key=key)

    async def add_note(self, ticket_id: str, text: str, *, key: str) -> None:
        """Add a private note."""
        await self._store.add(ticket_id, "note", "firstline", text, key=key)

    async def changed(self, cursor: str) -> Changes:
        """What changed since `cursor`."""
        return await self._store.changed(cursor)

    async def check(self) -> str:
        """The built-in desk is always there."""
        return "The built-in desk keeps tickets in the ledger; agents work with `firstline tickets`."

    async def close(self) -> None:
        """Nothing to release."""


def create(name: str, settings: Settings, resources: Mapping[str, object]) -> LocalDesk:  # noqa: ARG001 - the desks' common form
    """The desk on the store that the composition root hands over as ``resources["store"]``."""
    store: TicketStore = resources["store"]  # type: ignore[assignment]
    return LocalDesk(name, store)
