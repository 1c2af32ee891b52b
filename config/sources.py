"""Reads the two sources of the configuration, a TOML file and the environment, and remembers where each key was."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config.problems import ENVIRONMENT_PREFIX, Origin, Problem, variable_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OTHER_VARIABLES = frozenset({"FIRSTLINE_CONFIG", "FIRSTLINE_CHROMIUM", "FIRSTLINE_DEBUG"})
"""Variables with our prefix that are no key of the configuration."""

_MAY_CLOSE = re.compile(r"[\]}]|\"\"\"|'''")
_AT_LINE = re.compile(r"(?<!\s)\s*\(at line (\d+), column \d+\)")


@dataclass(slots=True)
class Sources:
    """What was read: nested plain values, the origin of each key path, and what is wrong with them."""

    file: Path | None = None
    text: str = ""  # of the file
    values: dict[str, Any] = field(default_factory=dict)
    in_file: frozenset[str] = frozenset()  # the top-level keys of the file
    origins: dict[tuple[str, ...], Origin] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    _has_lines: bool = False

    def origin(self, path: tuple[str, ...]) -> Origin:
        """The origin of the key, or of the nearest table around it."""
        while path and path not in self.origins:
            path = path[:-1]
        return self.origins.get(path, Origin())

    def report(self, path: tuple[str, ...], message: str, cure: str = "", *, at: Origin | None = None) -> None:
        """Note a problem with the key."""
        if not (at or self._has_lines):  # lines are looked for only when somebody has to be told one
            self._has_lines = True
            for key, line in _lines(self.text):
                self.origins.setdefault(key, Origin(self.file, line))
        place = at or self.origin(path)
        self.problems.append(
            Problem(
                file=place.file,
                line=place.line,
                variable=place.variable,
                key=".".join(path).replace(".[", "["),
                message=message,
                cure=cure,
            ),
        )


def read(file: Path | None, environ: Mapping[str, str]) -> Sources:
    """Both sources; the environment goes before the file."""
    sources = Sources(file=file)
    if file is not None:
        _read_file(file, sources)
    _read_environment(environ, sources)
    return sources


def _read_file(file: Path, sources: Sources) -> None:
    sources.origins[()] = Origin(file)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        cure = "create it, or correct --config or FIRSTLINE_CONFIG"
        sources.report((), "there is no such file", cure, at=Origin(file))
        return
    except (OSError, UnicodeDecodeError) as error:
        reason = "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else error.strerror
        sources.report(
            (), f"the file cannot be read: {reason}", "give the path of a readable TOML file", at=Origin(file)
        )
        return
    try:
        sources.values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _AT_LINE.search(str(error))
        line = int(found[1]) if found else max(1, len(text.splitlines()))
        message = _AT_LINE.sub("", str(error)).removesuffix(" (at end of document)")
        sources.report(
            (),
            f"this is not valid TOML: {message[:1].lower()}{message[1:]}",
            'write key = value, with text in "double quotes" and sections as [name]',
            at=Origin(file, line),
        )
        return
    sources.text, sources.in_file = text, frozenset(sources.values)


def _lines(text: str) -> Iterator[tuple[tuple[str, ...], int]]:
    """Every key path of a valid TOML text and the line (from 1) where its statement begins.

    A statement is the fewest lines that are valid TOML by themselves, so tomllib is the only grammar here. Tables of
    one name, ``[[name]]``, are counted from "[0]".
    """
    table: tuple[str, ...] = ()
    counts: Counter[tuple[str, ...]] = Counter()
    statement, start = "", 1
    for number, line in enumerate(text.split("\n"), start=1):
        is_open = bool(statement)
        statement += line + "\n"
        if is_open and not _MAY_CLOSE.search(
            line
        ):  # keeps a list of a thousand lines from being parsed a thousand times
            continue
        try:
            parsed = tomllib.loads(statement)
        except tomllib.TOMLDecodeError:
            continue
        paths = list(_paths(parsed))
        if statement.lstrip().startswith("["):
            table = paths[-1]
            if statement.lstrip().startswith("[["):
                paths.append((*table, f"[{counts[table]}]"))
                counts[table] += 1
                table = paths[-1]
            yield from ((path, start) for path in paths)
        else:
            yield from (((*table, *path), start) for path in paths)
        statement, start = "", number + 1


def _paths(value: Any, prefix: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(value, list) and len(value) == 1:  # [[table]]
        yield from _paths(value[0], prefix)
    if isinstance(value, dict):
        for key, each in value.items():
            yield (*prefix, key)
            yield from _paths(each, (*prefix, key))


def _read_environment(environ: Mapping[str, str], sources: Sources) -> None:
    for variable in sorted(environ):
        if not variable.startswith(ENVIRONMENT_PREFIX) or variable in OTHER_VARIABLES or not environ[variable]:
            continue
        path = tuple(variable.removeprefix(ENVIRONMENT_PREFIX).lower().split("__"))
        if path[0] == "channels" and len(path) > 1:
            path = ("channels", _channel_name(path[1], sources.values.get("channels")), *path[2:])
        table = sources.values
        for length, part in enumerate(path[:-1], start=1):
            if part not in table:
                sources.origins[path[:length]] = Origin(variable=variable)
            table = table.setdefault(part, {})
            if not isinstance(table, dict):  # a value stands where a section belongs: whoever put it there is told so
                break
        else:
            table[path[-1]] = environ[variable]
            sources.origins[path] = Origin(variable=variable)


def _channel_name(name: str, channels: Any) -> str:
    """The section of the file that an environment variable speaks of (`SUPPORT_NL` may be ``support-nl``)."""
    for known in channels if isinstance(channels, dict) else ():
        if variable_name([known]) == variable_name([name]):
            return str(known)
    return name
