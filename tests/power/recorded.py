"""The real ledger on a recorded disk: its writer, its SQL and its settings, with another driver under them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import apsw

from bots.ledger.ledger import Ledger
from bots.ledger.sqlite import Sqlite, connect
from tests.power.disk import Disk

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator, Sequence
    from pathlib import Path

    from adapters.base import IncomingMessage
    from bots.ledger.connection import Connection, Values
    from bots.ledger.ledger import Accepted, Committed
    from bots.pipeline.effects import Effects

T = TypeVar("T")

_SETTINGS = ("synchronous", "secure_delete", "foreign_keys", "wal_autocheckpoint")


class _Row:
    """A row whose columns have names and places."""

    def __init__(self, names: Sequence[str], values: Sequence[Any]) -> None:
        self._names, self._values = names, values

    def __getitem__(self, key: Any) -> Any:
        return self._values[self._names.index(key) if isinstance(key, str) else key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)


class _Rows:
    """What a statement gave, all of it: a transaction is not held open by whoever reads on."""

    def __init__(self, rows: list[Any], rowcount: int) -> None:
        self._rows = iter(rows)
        self.rowcount = rowcount

    def fetchone(self) -> Any:
        return next(self._rows, None)

    def fetchall(self) -> list[Any]:
        return list(self._rows)

    def __iter__(self) -> Iterator[Any]:
        return self._rows


class RecordedConnection:
    """Implements `bots.ledger.database.OwnedConnection`."""

    def __init__(self, path: Path, disk: Disk, settings: dict[str, Any]) -> None:
        self._raw = apsw.Connection(str(path), vfs=disk.name)
        self._raw.set_busy_timeout(30_000)
        for name, value in settings.items():
            self._raw.execute(f"PRAGMA {name}={value}")

    def execute(self, sql: str, values: Values = (), /) -> _Rows:
        """Run one statement."""
        cursor = self._raw.cursor()
        cursor.row_trace = _named
        rows = list(cursor.execute(sql, values))
        return _Rows(rows, self._raw.changes())

    def tell(self, topic: str, about: str) -> None:
        """Nobody else is there."""

    def close(self) -> None:
        """Close it."""
        self._raw.close()


def _named(cursor: apsw.Cursor, row: tuple[Any, ...]) -> _Row:
    return _Row([name for name, *_ in cursor.get_description()], row)


class _Engine(Sqlite):
    errors: tuple[type[Exception], ...] = (apsw.Error,)

    def __init__(self, path: Path, disk: Disk, settings: dict[str, Any]) -> None:
        super().__init__(path)
        self._file, self._disk, self._settings = path, disk, settings

    def connect(self, *, read_only: bool = False) -> RecordedConnection:  # type: ignore[override] # noqa: ARG002 - any may write
        return RecordedConnection(self._file, self._disk, self._settings)


class RecordedLedger(Ledger):
    """A ledger whose writes are recorded.

    Args:
        path: of a file that is migrated.
        settings: what is set otherwise than the ledger sets it.
    """

    def __init__(self, path: Path, **settings: Any) -> None:
        super().__init__(path)
        with contextlib.closing(connect(path)) as real:  # whatever it sets is what is tried
            found = {name: real.execute(f"PRAGMA {name}").fetchone()[0] for name in _SETTINGS}
            assert real.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        self.disk = Disk(path.parent)
        self._engine = _Engine(path, self.disk, found | settings)
        self.steps: list[Step] = []

    async def step(self, done: Callable[[Found], bool], write: Awaitable[T]) -> T:
        """Write something; whether it is `done` can be told from what is found later."""
        step = Step(done=done)
        self.steps.append(step)
        result = await write
        step.confirmed_at = len(self.disk.events)
        return result

    async def commit(self, accepted: Accepted, effects: Effects, **more: Any) -> Committed:
        """Write an outcome and all that follows from it."""
        write = super().commit(accepted, effects, **more)
        return await self.step(lambda found: found.has_outcome(accepted.id, effects), write)


@dataclass(slots=True)
class Step:
    """Something that was to be written, all of it or nothing; after so many events it was said to be on the disk."""

    done: Callable[[Found], bool]
    confirmed_at: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What a ledger holds: states by ids or keys."""

    inbound: Mapping[str, str]
    messages: Mapping[int, str]
    outcomes: Mapping[int, str]
    replies: Mapping[str, str]
    origins: frozenset[int]
    tickets: Mapping[str, str]
    desk: Mapping[str, str]
    entries: frozenset[str]
    conversations: frozenset[str]

    @classmethod
    def at(cls, connection: Connection) -> Found:
        """Read it."""

        def pairs(sql: str) -> dict[Any, Any]:
            return dict(map(tuple, connection.execute(sql)))

        return cls(
            inbound=pairs("SELECT dedupe_key, state FROM inbound"),
            messages=pairs("SELECT id, state FROM inbound"),
            outcomes=pairs("SELECT inbound_id, outcome FROM outcomes"),
            replies=pairs("SELECT key, state FROM outgoing"),
            origins=frozenset(pairs("SELECT inbound_id, 1 FROM outgoing")),
            tickets=pairs("SELECT key, number FROM tickets"),
            desk=pairs("SELECT d.key, d.number FROM desk_tickets d JOIN desk_entries e ON e.ticket_id = d.id"),
            entries=frozenset(pairs("SELECT key, 1 FROM desk_entries")),
            conversations=frozenset(pairs("SELECT key, 1 FROM conversations")),
        )

    def has_messages(self, messages: Sequence[IncomingMessage]) -> bool:
        """Whether a batch was stored: all of it, or nothing."""
        there = {message.dedupe_key in self.inbound for message in messages}
        assert len(there) == 1, "half of a batch was stored"
        return there == {True}

    def has_outcome(self, inbound_id: int, effects: Effects) -> bool:
        """Whether a message was decided: with all that follows, or without a trace."""
        mine = f"in:{inbound_id}:"
        if inbound_id not in self.outcomes:
            assert self.messages.get(inbound_id, "new") == "new"
            assert inbound_id not in self.origins
            assert not any(entry and entry.startswith(mine) for entry in self.entries)
            assert effects.opening is None or effects.opening.draft.key not in {*self.tickets, *self.desk}
            return False
        assert self.outcomes[inbound_id] == effects.outcome
        assert self.messages[inbound_id] == "done"
        announced = effects.opening.announce if effects.opening else ()
        assert {say.key for say in (*effects.says, *announced)} <= self.replies.keys()
        assert {message.key for message in effects.desk} <= self.entries
        if effects.opening:
            key = effects.opening.draft.key
            assert self.tickets[key] == self.desk[key]
            assert effects.opening.conversation_key in self.conversations
        return True

    def has_come_to(self, key: str, *states: str) -> bool:
        """Whether a reply is in one of these states."""
        return self.replies.get(key) in states
