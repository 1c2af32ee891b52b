"""Finds a channel by its name: `kind = "telegram"` is the package `adapters.telegram`; a small channel is a module.

A channel has `Settings` (a `config.settings.Section`), ``create(name, settings, surroundings)`` and a `PROFILE`.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Any, Protocol, cast

import adapters

if TYPE_CHECKING:
    from adapters.base import ChannelAdapter, Profile, Surroundings
    from config.settings import Section

_NOT_A_CHANNEL = frozenset({"base", "downloads", "markup", "registry", "splitting"})


class ChannelModule(Protocol):
    """What every channel's module or package offers."""

    Settings: type[Section]
    PROFILE: Profile

    def create(self, name: str, settings: Any, surroundings: Surroundings) -> ChannelAdapter:
        """The adapter for the section `name`."""


def kinds() -> tuple[str, ...]:
    """Every channel there is, in alphabetical order."""
    names = (module.name for module in pkgutil.iter_modules(adapters.__path__))
    return tuple(sorted(name for name in names if name not in _NOT_A_CHANNEL and not name.startswith("_")))


def channel(kind: str) -> ChannelModule:
    """The channel's module or package, imported on first use. Raises `KeyError` for an unknown kind."""
    if kind not in kinds():
        raise KeyError(kind)
    return cast("ChannelModule", importlib.import_module(f"adapters.{kind}"))
