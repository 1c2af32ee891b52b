"""What is wrong in a configuration: every problem at once, each with its place and its cure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rapidfuzz import fuzz, process

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ENVIRONMENT_PREFIX = "FIRSTLINE_"
_NEAR_ENOUGH = 65.0  # fuzz.ratio, 0 to 100; "tokn" and "token" have 89, "port" and "path" 50


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from: a line (counted from 1) of a file, or an environment variable."""

    file: Path | None = None
    line: int | None = None
    variable: str | None = None

    def __str__(self) -> str:
        if self.variable is not None:
            return f"environment variable {self.variable}"
        if self.file is None:
            return "configuration"
        return f"{self.file}:{self.line}" if self.line else str(self.file)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong.

    `file` and `line` (from 1) say where, or `variable` for the environment; `key` is the dotted path (""
    where the trouble is with the whole file); `message` and `cure` have no full stop, and never show a secret.
    """

    file: Path | None = None
    line: int | None = None
    variable: str | None = None
    key: str = ""
    message: str
    cure: str = ""

    def __str__(self) -> str:
        place = str(Origin(self.file, self.line, self.variable))
        said = f"{self.key}: {self.message}" if self.key else self.message
        sentence = f"{place}: {said}; {self.cure}" if self.cure else f"{place}: {said}"
        return sentence if sentence.endswith("?") else f"{sentence}."


class ConfigError(Exception):
    """The configuration cannot be used: `problems` lists everything that is wrong, one sentence each."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` was probably meant to be."""
    found = process.extractOne(name, list(known), processor=str.lower, scorer=fuzz.ratio, score_cutoff=_NEAR_ENOUGH)
    return found[0] if found else None


def variable_name(path: Sequence[str]) -> str:
    """The environment variable of a key, for example ``FIRSTLINE_CHANNELS__TELEGRAM__TOKEN``."""
    return ENVIRONMENT_PREFIX + "__".join(path).upper().replace("-", "_")
