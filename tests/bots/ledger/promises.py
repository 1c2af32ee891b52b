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

_STATES = (
    "SELECT 'message' AS kind, CAST(id AS TEXT) AS id, state FROM inbound"
    " UNION ALL SELECT 'outcome', CAST(inbound_id AS TEXT), outcome FROM outcomes"
    " UNION ALL SELECT 'reply', CAST(id AS TEXT), state FROM outgoing"
    " UNION ALL SELECT 'intent', CAST(id AS TEXT), state FROM ticket_intents"
    " UNION ALL SELECT 'ticket', key, CASE WHEN number IS NULL THEN 'unnumbered' ELSE 'numbered' END FROM tickets"
    " UNION ALL SELECT 'desk ticket', key, 'there' FROM desk_tickets"
    " UNION ALL SELECT 'desk entry', key, 'there' FROM desk_entries WHERE key IS NOT NULL"
)
_NUMBERED = {"message", "outcome", "reply", "intent"}
_TWICE = " UNION ALL ".join(
    f"SELECT '{table}' AS at, {key} AS key FROM {table} GROUP BY {key} HAVING count(*) > 1"
    for table, key in (("inbound", "dedupe_key"), ("outgoing", "key"), ("ticket_intents", "key"))
)


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
    for row in connection.execute(_STATES):
        thing = (row["kind"], int(row["id"]) if row["kind"] in _NUMBERED else row["id"])
        assert thing not in states, f"{thing} is there twice"
        states[thing] = row["state"]
    assert not (twice := [(row["at"], row["key"]) for row in connection.execute(_TWICE)]), f"twice: {twice}"
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
