"""Finds a desk by its module's name: `kind = "local"` is `ticket_client/local.py`.

A desk's module has `Settings` (a `config.settings.Section`) and ``create(name, settings, resources)``;
``resources["store"]`` is what the ledger offers to a desk that keeps its tickets there.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Any, Protocol, cast

import ticket_client

if TYPE_CHECKING:
    from collections.abc import Mapping

    from config.settings import Section
    from ticket_client.base import TicketDesk

_NOT_A_DESK = frozenset({"base", "client", "registry"})


class DeskModule(Protocol):
    """What every desk's module offers."""

    Settings: type[Section]

    def create(self, name: str, settings: Any, resources: Mapping[str, object]) -> TicketDesk:
        """The desk of the section ``[desk]``."""


def kinds() -> tuple[str, ...]:
    """Every desk there is, in alphabetical order."""
    names = (module.name for module in pkgutil.iter_modules(ticket_client.__path__))
    return tuple(sorted(name for name in names if name not in _NOT_A_DESK and not name.startswith("_")))


def identity(settings: Section) -> str:
    """What the ledger calls a desk: its kind, and where it is, as ids and numbers mean something in one place only."""
    url = getattr(settings, "url", "")
    return f"{settings.kind} {str(url).partition('://')[2].rstrip('/').lower()}" if url else settings.kind


def desk(kind: str) -> DeskModule:
    """The desk's module, imported on first use. Raises `KeyError` for an unknown kind."""
    if kind not in kinds():
        raise KeyError(kind)
    return cast("DeskModule", importlib.import_module(f"ticket_client.{kind}"))
