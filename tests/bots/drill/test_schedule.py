"""The same seed makes the same drill, and a recorded one is read as it was."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bots.drill.faults import NAMES
from bots.drill.run import plan
from bots.drill.schedule import Schedule, ScheduleError, read

if TYPE_CHECKING:
    from pathlib import Path

NETWORKS = ("telegram", "discord", "twitter", "reddit")


def planned(seed: int, minutes: float = 0.5) -> Schedule:
    return plan(seed, multiple=3, minutes=minutes, networks=NETWORKS, desk="zendesk", names=NAMES, processes=2)


def test_the_same_seed_makes_the_same_traffic_and_faults() -> None:
    one, same, other = planned(7), planned(7), planned(8)
    assert one == same
    assert {line.text for line in one.lines}.isdisjoint({line.matter for line in other.lines} - {""})
    assert one.faults != other.faults


def test_traffic_does_not_depend_on_the_faults() -> None:
    quiet = plan(7, multiple=3, minutes=0.5, networks=NETWORKS, desk="zendesk", names=(), processes=1)
    assert quiet.lines == planned(7).lines
    assert quiet.faults == ()


def test_it_has_the_load_that_was_asked_for_and_everything_that_people_do() -> None:
    schedule = planned(1, minutes=2)
    assert sum(schedule.people.values()) == 600
    assert {line.act for line in schedule.lines} == {"say", "edit", "delete", "redirect"}
    assert {line.network for line in schedule.lines} == set(NETWORKS)
    outcomes = {outcome for line in schedule.lines for outcome in line.outcomes}
    assert outcomes == {"answered", "suggested", "ticket_opened", "appended", "acted", "ignored"}
    matters = [line.matter for line in schedule.lines if line.matter]
    assert len(set(matters)) == len(matters), "each matter is somebody's alone"


def test_two_faults_do_not_meet_at_one_target() -> None:
    schedule = planned(3, minutes=5)
    assert {fault.name for fault in schedule.faults} == set(NAMES)
    for one in schedule.faults:
        others = [two for two in schedule.faults if two is not one and two.target == one.target]
        assert not [two for two in others if one.at_s <= two.at_s < one.at_s + one.seconds]


def test_a_schedule_is_read_as_it_was_written_alone_or_in_a_report(tmp_path: Path) -> None:
    schedule = planned(5)
    for given in (schedule.to_json(), {"schedule": schedule.to_json(), "wrong": []}):
        file = tmp_path / "drill.json"
        file.write_text(json.dumps(given), encoding="utf-8")
        assert read(file) == schedule
    assert replace(schedule, seed=6) != schedule


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"lines": 1}', '{"schedule": {"lines": [], "faults": [], "x": 1}}'])
def test_what_is_no_schedule_is_refused_with_its_name(tmp_path: Path, text: str) -> None:
    file = tmp_path / "drill.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ScheduleError, match=r"drill\.json is no schedule"):
        read(file)
