"""A replay sees what is decided otherwise, and the clock of a process stands where it is put."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bots.drill.replay import differences

_ROOT = Path(__file__).parents[3]
THEN: dict[str, Any] = {
    "id": 7,
    "dedupe_key": "telegram:1:update:7",
    "outcome": "appended",
    "rule": "follow_up",
    "entry": None,
    "replies": {"answer": "Yes."},
}


def test_what_is_the_same_is_no_difference_nor_what_only_the_desk_knows() -> None:
    assert differences([THEN], [{**THEN, "id": 9}]) == []
    assert differences([THEN], [{**THEN, "rule": "reopened"}]) == []


@pytest.mark.parametrize(
    "now",
    [
        [],
        [{**THEN, "outcome": "acted"}],
        [{**THEN, "rule": "greet"}],
        [{**THEN, "entry": "fees"}],
        [{**THEN, "replies": {"answer": "No."}}],
        [{**THEN, "replies": {}}],
    ],
)
def test_whatever_is_otherwise_is_named(now: list[dict[str, Any]]) -> None:
    found = differences([THEN], now)
    assert found
    assert all(line.startswith("inbound 7 (telegram:1:update:7): ") for line in found)


_SAYS = """
import sys, time
sys.path.insert(0, sys.argv[1])
from bots.drill.clock import Clock
clock = Clock()
clock.install()
from datetime import UTC, datetime
real, passed = datetime.now(UTC), time.monotonic()
clock.ahead_s = 3600.0
assert 3599 < (datetime.now(UTC) - real).total_seconds() < 3610
assert time.monotonic() - passed < 10
clock.at = 1_000_000_000.0
assert datetime.now(UTC).isoformat() == "2001-09-09T01:46:40+00:00"
assert isinstance(datetime.now(UTC) - real, type(real - real))
assert isinstance(datetime.fromisoformat("2026-11-23T12:00:00+00:00"), datetime)
assert not isinstance("2026", datetime)
"""


def test_a_process_sees_the_clock_that_it_is_given() -> None:
    subprocess.run([sys.executable, "-c", _SAYS, str(_ROOT)], check=True)  # noqa: S603 - ours
