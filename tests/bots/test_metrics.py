"""What is counted comes out in Prometheus's format, and nothing that a person wrote comes out with it."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from bots import metrics

ROOT = Path(__file__).parents[2]


def read(*gauges: metrics.Gauge) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    body, _ = metrics.exposition(gauges)
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
    }


def sample(name: str, **labels: str) -> float:
    return read()[name, frozenset(labels.items())]


def test_a_counter_counts_for_each_set_of_labels() -> None:
    metrics.MESSAGES.add("of-test", "created")
    metrics.MESSAGES.add("of-test", "created")
    metrics.MESSAGES.add("of-test", "edited", by=0)
    assert sample("firstline_messages_total", channel="of-test", kind="created") == 2
    assert sample("firstline_messages_total", channel="of-test", kind="edited") == 0


def test_a_histogram_counts_into_every_bucket_that_the_value_fits() -> None:
    for seconds in (0.5, 1.0, 100, 10**6):
        metrics.FIRST_RESPONSE.observe(seconds, "histogram")

    def below(bound: str) -> float:
        return sample("firstline_first_response_seconds_bucket", channel="histogram", le=bound)

    assert [below(bound) for bound in ("1.0", "60.0", "120.0", "86400.0", "+Inf")] == [2, 2, 3, 3, 4]
    assert sample("firstline_first_response_seconds_count", channel="histogram") == 4
    assert sample("firstline_first_response_seconds_sum", channel="histogram") == 1_000_101.5


def test_the_profiles_of_the_response_time_are_bounds() -> None:
    assert {120, 900, 9000, 28800} <= set(metrics.FIRST_RESPONSE.bounds)


def test_what_has_not_happened_yet_is_zero_and_not_absent() -> None:
    metrics.begin(["new-here"])
    names = {name for (name, labels), value in read().items() if ("channel", "new-here") in labels and value == 0}
    assert {
        "firstline_messages_total",
        "firstline_replies_total",
        "firstline_first_response_seconds_count",
        "firstline_rate_limit_waits_total",
    } <= names
    assert sample("firstline_loop_stalls_total") >= 0


def test_the_process_is_measured_too() -> None:
    assert read()["process_resident_memory_bytes", frozenset()] > 10_000_000


def test_a_gauge_is_what_it_is_now() -> None:
    gauge = metrics.Gauge("firstline_of_test", "For a test.", ("part",), {("channel:x",): 1.0})
    assert read(gauge)["firstline_of_test", frozenset({("part", "channel:x")})] == 1


def test_a_commit_is_counted_with_its_time_and_size() -> None:
    commits, failures = (
        sample("firstline_ledger_commit_seconds_count"),
        sample("firstline_ledger_commit_failures_total"),
    )
    metrics.committed(0.002, 40, failed=False)
    metrics.committed(0.002, 1, failed=True)
    assert sample("firstline_ledger_commit_seconds_count") == commits + 2
    assert sample("firstline_ledger_commit_failures_total") == failures + 1


def test_warnings_are_counted_by_what_they_are_and_not_by_what_they_say() -> None:
    log = logging.getLogger("of.a.test")
    with metrics.problems_counted():
        log.warning("Ann said: %s", "my password is swordfish", extra={"action": "of_test", "channel": "telegram"})
        log.info("all is well", extra={"action": "of_test", "channel": "telegram"})
        log.error("a library's line")
    log.error("nobody counts any more", extra={"action": "of_test", "channel": "telegram"})
    assert sample("firstline_problems_total", level="warning", action="of_test", channel="telegram") == 1
    assert sample("firstline_problems_total", level="error", action="", channel="") >= 1
    assert not any("swordfish" in str(key) for key in read())
    with pytest.raises(KeyError):
        sample("firstline_problems_total", level="error", action="of_test", channel="telegram")


@pytest.mark.parametrize(
    ("key", "inbound"),
    [
        ("in:12:answer", 12),
        ("in:12:answer/2", 12),
        ("in:7:words:files:note", 7),
        ("desk:t1:7", None),
        ("create:in:3:", None),
    ],
)
def test_a_reply_is_known_by_the_message_that_it_answers(key: str, inbound: int | None) -> None:
    assert metrics.inbound_of(key) == inbound


@given(st.text() | st.from_regex(r"in:\d+:.*"))
def test_any_key_has_a_message_or_none(key: str) -> None:
    inbound = metrics.inbound_of(key)
    assert inbound is None or (key.startswith("in:") and key.split(":")[1].lstrip("0") == str(inbound or ""))


def test_nothing_of_prometheus_is_loaded_until_somebody_asks() -> None:
    code = "import sys, bots.supervisor, bots.metrics; print('prometheus_client' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)  # noqa: S603 - ours
    assert told.stdout == "False\n"
