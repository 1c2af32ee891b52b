"""What the ledger's SQL is written against: one small dialect for SQLite and PostgreSQL.

Statements use ``?`` or ``:name`` for values, ``RETURNING id`` for a new row's id, ``json_extract(column, '$.a.b')`` for
a value within JSON and ``json_set`` to change one (on PostgreSQL functions of our migrations). They do not use what
only one of the two has: ``json_each``, ``max`` and ``min`` of two values, ``rowid``, ``lastrowid``, ``INSERT OR …``, a
text compared with a number, a condition as a number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Values = Sequence[object] | Mapping[str, object]


INBOUND = "firstline_inbound"
"""Tells of messages that were accepted: the number of their share."""
REPLIES = "firstline_replies"
"""Tells of replies to post: the name of their channel."""
DESK = "firstline_desk"
"""Tells of something to do at the helpdesk: nothing more, or ids of tickets that may have changed there."""
CHANNELS = "firstline_channels"
"""What a channel's instances tell each other: its name, a colon, ids that the channel understands."""


class Row(Protocol):
    """A row's columns by their names."""

    def __getitem__(self, name: str, /) -> Any:
        """The value of a column. Raises `LookupError` where there is none of that name."""
        ...


class Cursor(Protocol):
    """What a statement gave."""

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""
        ...

    def fetchone(self) -> Any:
        """The next `Row`, None where there is none."""
        ...

    def fetchall(self) -> list[Any]:
        """All `Row` objects that are left."""
        ...

    def __iter__(self) -> Iterator[Any]:
        """Each `Row` that is left."""
        ...


class Connection(Protocol):
    """A connection to the ledger's database."""

    def execute(self, sql: str, values: Values = (), /) -> Cursor:
        """Run one statement."""
        ...

    def tell(self, topic: str, about: str) -> None:
        """Let the other processes know, once this transaction is on disk, that something of `topic` waits for them."""
        ...


def marks(values: Sequence[object]) -> str:
    """``?, ?, ?``: as many places as there are values, for ``IN (…)``; ``NULL``, which nothing equals, for none."""
    return ", ".join("?" * len(values)) or "NULL"
