"""A ledger in pictures, to see what a step changed; and a world outside that counts what really happened in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from adapters.base import Idempotency
from ticket_client.base import TicketRef

if TYPE_CHECKING:
    from adapters.base import Reply
    from bots.ledger.connection import Connection
    from bots.ledger.intents import Intent
    from bots.ledger.outbox import Outgoing

Thing = tuple[str, int | str]
Change = tuple[str, str | None, str | None]
"""What kind of thing went from which state to which; None where it is not there."""

_SQL = {
    "message": "SELECT id, state FROM inbound",
    "outcome": "SELECT inbound_id AS id, outcome AS state FROM outcomes",
    "reply": "SELECT id, state FROM outgoing",
    "intent": "SELECT id, state FROM ticket_intents",
    "ticket": "SELECT key AS id, CASE WHEN number IS NULL THEN 'unnumbered' ELSE 'numbered' END AS state FROM tickets",
    "desk ticket": "SELECT key AS id, 'there' AS state FROM desk_tickets",
    "desk entry": "SELECT key AS id, 'there' AS state FROM desk_entries WHERE key IS NOT NULL",
}


@dataclass(frozen=True, slots=True)
class Picture:
    """The state of each thing in the ledger."""

    states: Mapping[Thing, str]

    def of(self, kind: str, *states: str) -> list[int]:
        """The ids of one kind of thing in these states, in order."""
        return sorted(int(key) for (what, key), state in self.states.items() if what == kind and state in states)

    def changes_to(self, later: Picture) -> dict[Thing, Change]:
        """What is another in a later picture."""
        things = self.states.keys() | later.states.keys()
        pairs = {thing: (thing[0], self.states.get(thing), later.states.get(thing)) for thing in things}
        return {thing: change for thing, change in pairs.items() if change[1] != change[2]}


def picture(connection: Connection) -> Picture:
    """How things stand in the ledger. No key is there twice."""
    states: dict[Thing, str] = {}
    for kind, sql in _SQL.items():
        for row in connection.execute(sql):
            assert (kind, row["id"]) not in states, f"{kind} {row['id']} is there twice"
            states[kind, row["id"]] = row["state"]
    for table, key in (("inbound", "dedupe_key"), ("outgoing", "key"), ("ticket_intents", "key")):
        keys = Counter(row["key"] for row in connection.execute(f"SELECT {key} AS key FROM {table}"))
        assert not (twice := [key for key, count in keys.items() if count > 1]), f"{table} has {twice} twice"
    return Picture(states)


@dataclass(slots=True)
class Platform:
    """A network: what was posted in it, by the replies' keys, and in which order in each place."""

    posts: Counter[str] = field(default_factory=Counter)
    log: list[tuple[str, int]] = field(default_factory=list)

    def post(self, outgoing: Outgoing) -> str:
        """Post a reply; one with a nonce that was posted before is that one."""
        reply = outgoing.reply
        if not (reply.target.idempotency is Idempotency.NONCE and self.posts[reply.key]):
            self.posts[reply.key] += 1
            self.log.append((reply.target.place, outgoing.id))
        return f"posted:{reply.key}"

    def find(self, reply: Reply) -> str | None:
        """What was posted of a reply, where that can be found."""
        return f"posted:{reply.key}" if self.posts[reply.key] else None


@dataclass(slots=True)
class Helpdesk:
    """A desk over the network, without keys of its own: whoever asks twice has two tickets."""

    made: list[str] = field(default_factory=list)
    added: list[tuple[str, int, str]] = field(default_factory=list)

    def find(self, key: str) -> TicketRef | None:
        """The first ticket that was opened with a key."""
        if key not in self.made:
            return None
        number = self.made.index(key) + 1
        return TicketRef(id=f"d{number}", number=f"M-{number}")

    def carry_out(self, intent: Intent) -> None:
        """Open a ticket, or add something to one."""
        if intent.draft is not None:
            self.made.append(intent.ticket_key)
        else:
            assert intent.desk_id is not None
            self.added.append((intent.desk_id, intent.id, intent.key))

    def has(self, intent: Intent) -> bool:
        """Whether that was done."""
        if intent.draft is not None:
            return self.find(intent.ticket_key) is not None
        return any(key == intent.key for _, _, key in self.added)
