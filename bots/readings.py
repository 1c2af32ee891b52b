"""What ``/metrics`` reads where it lies: how much waits in the ledger, and how the parts are."""

from __future__ import annotations

import logging
from collections import OrderedDict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from bots import metrics
from bots.ledger import codec
from bots.troubles import trouble

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bots.health import Health
    from bots.ledger.ledger import Ledger
    from bots.ledger.outbox import Outgoing

_WAITING: Final = ("pending", "sending", "held")
_LEASES: Final = ("share", "channel", "desk", "sweep")
_DAY: Final = timedelta(days=1)
_ANSWERED: Final = 10_000
_log = logging.getLogger(__name__)


class FirstResponses:
    """Notes, when a reply is posted, how long its message had waited: the first reply to each message."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._answered: OrderedDict[int, None] = OrderedDict()

    def posted(self, outgoing: Outgoing) -> None:
        """Take one posted reply; never raises."""
        inbound = metrics.inbound_of(outgoing.reply.key)
        if inbound is None or inbound in self._answered:
            return
        self._answered[inbound] = None
        if len(self._answered) > _ANSWERED:
            self._answered.popitem(last=False)
        try:
            row = self._ledger.reader.execute("SELECT sent_at FROM inbound WHERE id = ?", (inbound,)).fetchone()
            if row is not None:
                waited = datetime.now(UTC) - codec.read_stamp(row["sent_at"])
                metrics.FIRST_RESPONSE.observe(max(waited.total_seconds(), 0.0), outgoing.reply.target.channel)
        except Exception as error:
            _log.warning("A response's time is unknown (%s)", trouble(error), extra={"action": "time_unknown"})


def gauges(ledger: Ledger, health: Health) -> Iterator[metrics.Gauge]:
    """How much waits, and how the parts are, now."""
    try:
        yield from [*_waiting(ledger)]
    except Exception as error:  # the others are told all the same
        _log.warning("The ledger cannot be counted (%s)", trouble(error), extra={"action": "count_failed"})
    not_ready = {part.name for part in health.why_not_ready()}
    yield _plain("firstline_ready", "Whether the bot is ready: 1, or 0.", float(not not_ready))
    yield metrics.Gauge(
        "firstline_part_ready",
        "Whether a part is as it should be: 1, or 0 where the bot is not ready because of it.",
        ("part",),
        {(part.name,): float(part.name not in not_ready) for part in health.parts()},
    )
    held: dict[tuple[str, ...], float] = dict.fromkeys(((kind,) for kind in _LEASES), 0.0)
    for lease in health.leases:
        kind = (lease.partition(":")[0],)
        held[kind] = held.get(kind, 0.0) + 1
    yield metrics.Gauge("firstline_leases_held", "Leases that this process holds (PostgreSQL).", ("kind",), held)


def _waiting(ledger: Ledger) -> Iterator[metrics.Gauge]:
    reader = ledger.reader
    new = reader.execute("SELECT count(*) AS n, min(id) AS oldest FROM inbound WHERE state = 'new'").fetchone()
    yield _plain("firstline_undecided", "Messages without an outcome.", new["n"])
    yield _plain(
        "firstline_undecided_oldest_seconds",
        "How long the oldest of them has been in the ledger.",
        _age_s(ledger, "SELECT received_at AS at FROM inbound WHERE id = ?", new["oldest"]),
    )
    marks = ", ".join("?" * len(_WAITING))
    rows = reader.execute(
        f"SELECT state, count(*) AS n FROM outgoing WHERE state IN ({marks}) GROUP BY state", _WAITING
    )
    counted: dict[tuple[str, ...], float] = {(state,): 0.0 for state in _WAITING}
    counted |= {(row["state"],): float(row["n"]) for row in rows}
    yield metrics.Gauge("firstline_replies_waiting", "Replies that are not posted yet.", ("state",), counted)
    since = codec.stamp(datetime.now(UTC) - _DAY)
    ambiguous = reader.execute(
        "SELECT count(*) AS n FROM outgoing WHERE state = 'ambiguous' AND changed_at >= ?", (since,)
    ).fetchone()
    yield _plain(
        "firstline_replies_ambiguous",
        "Replies of the last 24 hours that may or may not have been posted.",
        ambiguous["n"],
    )
    intents = reader.execute(
        "SELECT count(*) AS n, min(id) AS oldest FROM ticket_intents WHERE state IN ('new', 'sending')"
    ).fetchone()
    yield _plain("firstline_intents_waiting", "What is to be done at the helpdesk.", intents["n"])
    yield _plain(
        "firstline_intents_oldest_seconds",
        "How long the oldest of that has waited.",
        _age_s(ledger, "SELECT created_at AS at FROM ticket_intents WHERE id = ?", intents["oldest"]),
    )


def _age_s(ledger: Ledger, sql: str, identity: int | None) -> float:
    row = ledger.reader.execute(sql, (identity,)).fetchone() if identity is not None else None
    return max((datetime.now(UTC) - codec.read_stamp(row["at"])).total_seconds(), 0.0) if row else 0.0


def _plain(name: str, text: str, value: float) -> metrics.Gauge:
    return metrics.Gauge(name, text, (), {(): float(value)})
