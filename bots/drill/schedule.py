"""What happens in a drill and when: messages, what agents do, and faults. As JSON, it can be repeated."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

MODERATOR: Final = -1


class ScheduleError(ValueError):
    """A recorded schedule that cannot be read; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that a person does.

    `person` counts from 0 on each network; `MODERATOR` is Mila. `act` is "say", "edit", "delete" or "redirect" (a
    moderator makes a ticket of somebody's post). `about` is the id of the line that is answered, changed or redirected,
    -1 for none. `outcomes` are those that are right; empty where the bot may also see nothing of it. `matter` are the
    words that the desk must have once, "" where none. `agent`: how many answers the agent gives before solving it, 0
    where nobody works on it.
    """

    id: int
    at_s: float
    network: str
    person: int
    is_private: bool
    act: str
    text: str
    about: int = -1
    outcomes: tuple[str, ...] = ()
    matter: str = ""
    agent: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that goes wrong: `name` of `bots.drill.faults`, where, from when and for how long.

    `by_s`: how far a clock jumps.
    """

    at_s: float
    name: str
    target: str
    seconds: float
    by_s: float = 0.0

    @property
    def name_and_place(self) -> str:
        """For people."""
        return f"{self.name} of {self.target} at {self.at_s:g} s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A whole drill. `people` are those on each network, moderators not counted."""

    seed: int
    networks: tuple[str, ...]
    desk: str
    people: dict[str, int]
    lines: tuple[Line, ...]
    faults: tuple[Fault, ...]

    @property
    def seconds(self) -> float:
        """How long it takes until the last thing happens."""
        return max([0.0, *(line.at_s for line in self.lines), *(fault.at_s + fault.seconds for fault in self.faults)])

    def to_json(self) -> dict[str, Any]:
        """As it is written to a file."""
        return asdict(self)


def read(file: Path) -> Schedule:
    """A schedule from its own file or from a drill's report. Raises `ScheduleError`."""
    try:
        given = json.loads(file.read_text(encoding="utf-8"))
        return from_json(given.get("schedule", given))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ScheduleError(f"{file} is no schedule of a drill: {type(error).__name__}: {error}") from error


def from_json(given: dict[str, Any]) -> Schedule:
    """The schedule that `to_json` gave; unknown fields and missing ones are errors."""
    known = {field.name for field in fields(Schedule)}
    if unknown := given.keys() - known:
        raise ScheduleError(f"it has {', '.join(sorted(unknown))}, which a schedule does not have")
    lines = tuple(Line(**{**line, "outcomes": tuple(line.get("outcomes", ()))}) for line in given["lines"])
    faults = tuple(Fault(**fault) for fault in given["faults"])
    return Schedule(**{**given, "networks": tuple(given["networks"]), "lines": lines, "faults": faults})
