"""What the bot counts while it works, for ``/metrics``.

Counting is a few plain additions, so that it costs nothing worth measuring; prometheus-client, which writes them down
in its format, is imported when somebody asks. One process has one set of counters, as it has one log. Labels are names
from the configuration or from our own lists, never anything a person wrote. Each counter is fed by one thread.
"""

from __future__ import annotations

import contextlib
import logging
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Final, Literal

from adapters.base import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prometheus_client.metrics_core import Metric

_ALL: list[Counter | Histogram] = []
_MINUTE, _HOUR = 60, 3600
_INBOUND = re.compile(r"in:([0-9]{1,18}):")


@dataclass(slots=True, eq=False)
class Counter:
    """Only goes up; `name` without the ``_total`` that Prometheus wants."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    values: defaultdict[tuple[str, ...], float] = field(default_factory=lambda: defaultdict(float))

    def __post_init__(self) -> None:
        if not self.labels:
            self.values[()] = 0.0
        _ALL.append(self)

    @property
    def total(self) -> float:
        """Of all labels together."""
        return sum(self.values.values())

    def add(self, *labels: str, by: float = 1) -> None:
        """Count one more, or `by`."""
        self.values[labels] += by


@dataclass(slots=True, eq=False)
class _Spread:
    counts: list[int]
    total: float = 0.0


@dataclass(slots=True, eq=False)
class Histogram:
    """How values are spread over `bounds`, each the top of its bucket."""

    name: str
    help: str
    bounds: Sequence[float]
    labels: tuple[str, ...] = ()
    values: dict[tuple[str, ...], _Spread] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.labels:
            self._spread(())
        _ALL.append(self)

    def _spread(self, labels: tuple[str, ...]) -> _Spread:
        return self.values.setdefault(labels, _Spread([0] * (len(self.bounds) + 1)))

    def observe_none(self, *labels: str) -> None:
        """Have an empty histogram for the labels."""
        self._spread(labels)

    def observe(self, value: float, *labels: str) -> None:
        """Note one value."""
        spread = self.values.get(labels) or self._spread(labels)
        spread.counts[bisect_left(self.bounds, value)] += 1
        spread.total += value


@dataclass(frozen=True, slots=True)
class Gauge:
    """What something is now, read when somebody asks: a value for each set of labels."""

    name: str
    help: str
    labels: tuple[str, ...]
    values: Mapping[tuple[str, ...], float]


MESSAGES: Final = Counter("firstline_messages", "Messages accepted into the ledger.", ("channel", "kind"))
OUTCOMES: Final = Counter("firstline_outcomes", "Messages decided, by what came of them.", ("channel", "outcome"))
FIRST_RESPONSE: Final = Histogram(
    "firstline_first_response_seconds",
    "From the time that the platform gives a message to its first posted reply.",
    (1, 2, 5, 10, 30, _MINUTE, 2 * _MINUTE, 5 * _MINUTE, 15 * _MINUTE, _HOUR, 2.5 * _HOUR, 8 * _HOUR, 24 * _HOUR),
    ("channel",),
)
REPLIES: Final = Counter("firstline_replies", "Replies that reached an end state.", ("channel", "state"))
SEND_ERRORS: Final = Counter(
    "firstline_send_errors", "Attempts to post that failed, by what the channel said.", ("channel", "error")
)
RATE_LIMIT_WAITS: Final = Counter(
    "firstline_rate_limit_waits", "Replies that waited for a limit: our own pacing, or the platform's 429.",
    ("channel", "by"),
)  # fmt: skip
RATE_LIMIT_SECONDS: Final = Counter("firstline_rate_limit_wait_seconds", "How long they waited.", ("channel", "by"))
DESK_CALLS: Final = Histogram(
    "firstline_desk_call_seconds",
    "Calls of the helpdesk, answered or not.",
    (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 60),
    ("call",),
)
DESK_ERRORS: Final = Counter("firstline_desk_errors", "Calls of the helpdesk that failed.", ("call", "error"))
LOOP_LAG: Final = Histogram(
    "firstline_loop_lag_seconds",
    "How long the event loop let a due call wait; measured every two seconds.",
    (0.001, 0.005, 0.02, 0.1, 0.5, 1, 5, 30),
)
LOOP_STALLS: Final = Counter("firstline_loop_stalls", "Times the event loop stood still for seconds.")
LEDGER_COMMITS: Final = Histogram(
    "firstline_ledger_commit_seconds",
    "Durable commits of the ledger.",
    (0.0005, 0.001, 0.002, 0.005, 0.01, 0.03, 0.1, 0.3, 1, 5),
)
LEDGER_BATCHES: Final = Histogram(
    "firstline_ledger_batch_operations", "Operations that shared one commit.", (1, 2, 5, 10, 25, 50, 100, 250, 500)
)
LEDGER_FAILURES: Final = Counter("firstline_ledger_commit_failures", "Commits that could not be written.")
PROBLEMS: Final = Counter(
    "firstline_problems", "Warnings and errors in the log, by their `action=`.", ("level", "action", "channel")
)


def begin(channels: Iterable[str]) -> None:
    """Have counters at zero for the channels of the configuration, so that the first event is seen as an increase."""
    for channel in channels:
        FIRST_RESPONSE.observe_none(channel)
        for kind in Kind:
            MESSAGES.add(channel, kind, by=0)
        for state in ("sent", "ambiguous", "failed"):
            REPLIES.add(channel, state, by=0)
        waited(channel, 0.0, "pacing", times=0)
        waited(channel, 0.0, "platform", times=0)


def inbound_of(key: str) -> int | None:
    """The ledger's id of the message that a reply or an intent of this key comes from; None where there is none."""
    found = _INBOUND.match(key)
    return int(found[1]) if found else None


def committed(seconds: float, operations: int, *, failed: bool) -> None:
    """Note one commit of the ledger; called by its writer's thread."""
    LEDGER_COMMITS.observe(seconds)
    LEDGER_BATCHES.observe(operations)
    if failed:
        LEDGER_FAILURES.add()


def waited(channel: str, seconds: float, by: Literal["pacing", "platform"], *, times: int = 1) -> None:
    """Note that a reply waited for a limit: our own pacing, or the platform's."""
    RATE_LIMIT_WAITS.add(channel, by, by=times)
    RATE_LIMIT_SECONDS.add(channel, by, by=seconds)


class LogCounter(logging.Handler):
    """Counts what is logged as a warning or worse; a handler of the root logger while the bot runs."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)

    def emit(self, record: logging.LogRecord) -> None:
        """Count the record; nothing of what it says is kept."""
        action, channel = getattr(record, "action", ""), getattr(record, "channel", "")
        PROBLEMS.add(record.levelname.lower(), str(action), str(channel))


@contextlib.contextmanager
def problems_counted() -> Iterator[None]:
    """Count what is logged for as long as the ``with`` lasts."""
    counter = LogCounter()
    logging.getLogger().addHandler(counter)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(counter)


# --- writing down -------------------------------------------------------------------------------------------------


def exposition(gauges: Iterable[Gauge]) -> tuple[bytes, str]:
    """Everything in Prometheus's text format, and that format's content type."""
    import prometheus_client as prometheus  # noqa: PLC0415 - only where somebody scrapes

    registry = prometheus.CollectorRegistry()
    prometheus.ProcessCollector(registry=registry)
    registry.register(_Collected(gauges))
    return prometheus.generate_latest(registry), prometheus.CONTENT_TYPE_PLAIN_0_0_4


class _Collected:
    def __init__(self, gauges: Iterable[Gauge]) -> None:
        self._gauges = gauges

    def collect(self) -> Iterable[Metric]:
        """All that was counted, and all that is."""
        from prometheus_client import core  # noqa: PLC0415 - the same

        for one in _ALL:
            if isinstance(one, Counter):
                counter = core.CounterMetricFamily(one.name, one.help, labels=one.labels)
                for labels, value in dict(one.values).items():
                    counter.add_metric(labels, value)
                yield counter
            else:
                histogram = core.HistogramMetricFamily(one.name, one.help, labels=one.labels)
                tops = [*(str(float(bound)) for bound in one.bounds), "+Inf"]
                for labelled, spread in dict(one.values).items():
                    buckets = list(zip(tops, accumulate(spread.counts), strict=True))
                    histogram.add_metric(labelled, buckets, spread.total)
                yield histogram
        for gauge in self._gauges:
            family = core.GaugeMetricFamily(gauge.name, gauge.help, labels=gauge.labels)
            for labels, value in gauge.values.items():
                family.add_metric(labels, value)
            yield family
