"""Values to JSON and back, by their types (pydantic reads the dataclasses as they stand)."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pydantic import TypeAdapter

if TYPE_CHECKING:
    from collections.abc import Hashable

T = TypeVar("T")


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def dump(value: object, kind: Any = None) -> str:
    """JSON of a value; `kind` is its type where `type(value)` does not say enough."""
    text: str = _adapter(cast("Hashable", kind or type(value))).dump_json(value).decode()
    return text


def load(kind: type[T], text: str) -> T:
    """The value that `dump` wrote."""
    value: T = _adapter(cast("Hashable", kind)).validate_json(text)
    return value


def stamp(at: datetime | None = None) -> str:
    """A time (now by default) as the ledger writes it: UTC, microseconds, sorts as text."""
    at = datetime.now(UTC) if at is None else at.astimezone(UTC)
    return at.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def read_stamp(text: str) -> datetime:
    """The time that `stamp` wrote."""
    return datetime.fromisoformat(text)
