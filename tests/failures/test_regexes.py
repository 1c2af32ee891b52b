"""No text makes a regular expression of ours explode: every one that a module keeps, on texts made against it."""

from __future__ import annotations

import importlib
import pkgutil
import re
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import TYPE_CHECKING, Any

import pytest

from tests.growth import TOO_STEEP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

ROOT = Path(__file__).parents[2]
FOLDERS = ("adapters", "bots", "config", "faq", "ticket_client")
LONG_CHARS = 10_000
CHEAP_S = 2e-3  # ten times the least that `growth` takes for a measure: whatever costs less cannot be too steep
_ANYWHERE = ("search", "sub", "subn", "findall", "finditer", "split")
_ENDS = ("\0", "\n!")
_USUAL = ("a", "1", " ", "\n", "-", ".", "<", "[", "a ", "a.")


def source_of(module: str) -> str:
    return Path(importlib.import_module(module).__file__ or "").read_text(encoding="utf-8")


@cache
def sources() -> str:
    """All of the program's text."""
    return "\n".join(file.read_text(encoding="utf-8") for folder in FOLDERS for file in (ROOT / folder).rglob("*.py"))


def modules() -> Iterator[Any]:
    for folder in FOLDERS:
        package = importlib.import_module(folder)
        yield package
        for found in pkgutil.walk_packages(package.__path__, f"{folder}."):
            if "migrations" not in found.name:  # Alembic runs those
                yield importlib.import_module(found.name)


def held(value: object, depth: int = 3) -> Iterator[re.Pattern[str]]:
    """The patterns in a module's value, in what it contains, and in the classes it defines."""
    if isinstance(value, re.Pattern):
        if isinstance(value.pattern, str):
            yield value
    elif depth and isinstance(value, dict):
        for each in (*value, *value.values()):
            yield from held(each, depth - 1)
    elif depth and isinstance(value, list | tuple | set | frozenset):
        for each in value:
            yield from held(each, depth - 1)


def patterns() -> dict[str, re.Pattern[str]]:
    """Every pattern of the program by the name of who keeps it first."""
    found: dict[tuple[str, int], str] = {}
    kept: dict[str, re.Pattern[str]] = {}
    for module in modules():
        values = dict(vars(module))
        for name, value in vars(module).items():
            if isinstance(value, type) and value.__module__ == module.__name__:
                values |= {f"{name}.{key}": each for key, each in vars(value).items()}
        for name, value in values.items():
            for number, pattern in enumerate(held(value)):
                where = f"{module.__name__}:{name}" + (f"[{number}]" if number else "")
                if found.setdefault((pattern.pattern, pattern.flags), where) == where:
                    kept[where] = pattern
    return kept


PATTERNS = patterns()
MATCHED = ("adapters.twitter.text:_TAG", "bots.agent_words.html_tags:_TAG", "bots.agent_words.html_tags:_CARELESS_TAG")
"""Looked with by another name, and only at one place of a text."""
LENGTHS = {"bots.shield.private_keys:_LABEL": 64}
"""Texts that are cut before."""


def cpu_s(use: Callable[[str], object], text: str) -> float:
    began = time.process_time()
    use(text)
    return time.process_time() - began


def steepness(use: Callable[[str], object], text: Hostile) -> float:
    """What four times the length costs, the best of a few runs each (see `tests.growth`)."""
    long, short = (min(cpu_s(use, text.of(chars)) for _ in range(3)) for chars in (LONG_CHARS, LONG_CHARS // 4))
    return long / max(short, 2e-4)


# --- texts against a pattern ------------------------------------------------------------------------------------------


def sample(parsed: Iterable[tuple[Any, Any]]) -> str:
    """A short text that a part of a pattern (nearly) matches."""
    parts: list[str] = [_one(kind, value) for kind, value in parsed]
    return "".join(parts)


def _one(kind: Any, value: Any) -> str:  # noqa: PLR0911 - one line a kind of node reads best
    match kind:
        case op.LITERAL:
            return chr(value)
        case op.NOT_LITERAL:
            return "a" if value != ord("a") else "b"
        case op.ANY:
            return "a"
        case op.IN:
            return _of_class(value)
        case op.BRANCH:
            return sample(value[1][0])
        case op.SUBPATTERN:
            return sample(value[3])
        case op.ATOMIC_GROUP:
            return sample(value)
        case op.MAX_REPEAT | op.MIN_REPEAT | op.POSSESSIVE_REPEAT:
            return sample(value[2]) * int(max(1, min(value[0], 60)))
        case _:
            return ""  # an anchor, a look around, a group again


_CATEGORIES = {op.CATEGORY_DIGIT: "1", op.CATEGORY_SPACE: " ", op.CATEGORY_WORD: "a"}
_CATEGORIES |= {op.CATEGORY_NOT_DIGIT: "a", op.CATEGORY_NOT_SPACE: "a", op.CATEGORY_NOT_WORD: " "}


def _of_class(members: list[tuple[Any, Any]]) -> str:
    kind, value = members[0]
    if kind is op.NEGATE:
        return next((char for char in "a1 -\n" if not _in_class(char, members[1:])), "\u0394")
    if kind is op.RANGE:
        return chr(value[0])
    return _CATEGORIES.get(value, "a") if kind is op.CATEGORY else chr(value)


def _in_class(char: str, members: list[tuple[Any, Any]]) -> bool:
    for kind, value in members:
        if kind is op.LITERAL and ord(char) == value:
            return True
        if kind is op.RANGE and value[0] <= ord(char) <= value[1]:
            return True
        if kind is op.CATEGORY and _matches(value, char):
            return True
    return False


def _matches(category: Any, char: str) -> bool:
    letter = {op.CATEGORY_DIGIT: "d", op.CATEGORY_SPACE: "s", op.CATEGORY_WORD: "w"}
    letter |= {op.CATEGORY_NOT_DIGIT: "D", op.CATEGORY_NOT_SPACE: "S", op.CATEGORY_NOT_WORD: "W"}
    return re.match(f"\\{letter[category]}", char) is not None


def pumps(parsed: Any, before: str = "") -> Iterator[tuple[str, str]]:
    """(what leads to a repetition, what is repeated), for every repetition in a pattern."""
    for kind, value in parsed:
        if kind in {op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT}:
            yield before, sample(value[2]) or "a"
            yield from pumps(value[2], before)
        elif kind is op.BRANCH:
            for branch in value[1]:
                yield from pumps(branch, before)
        elif kind is op.SUBPATTERN:
            yield from pumps(value[3], before)
        elif kind is op.ATOMIC_GROUP:
            yield from pumps(value, before)
        elif kind in {op.ASSERT, op.ASSERT_NOT}:
            yield from pumps(value[1], before)
        before += _one(kind, value)


@dataclass(frozen=True, slots=True)
class Hostile:
    """A text of any length: what leads somewhere, what is repeated there, and what it ends with."""

    before: str
    unit: str
    end: str

    def of(self, chars: int) -> str:
        text = self.before + self.unit * (chars // len(self.unit))
        return text[: chars - len(self.end)] + self.end


def hostile(pattern: re.Pattern[str]) -> list[Hostile]:
    """What the pattern repeats, alone, after what leads there, and all of it."""
    parsed = parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG)
    whole = sample(parsed) or "a"
    units = {("", unit) for unit in _USUAL} | {("", whole), ("", whole[:-1] or "a")}
    for before, unit in pumps(parsed):
        units |= {(before, unit), ("", before + unit)}
    return [Hostile(before, unit, end) for before, unit in sorted(units) for end in _ENDS]


def uses(where: str, pattern: re.Pattern[str]) -> list[Callable[[str], object]]:
    """How the program looks with it: at the beginning of a text, in the whole of it, anywhere; in doubt all of them."""
    module, _, name = where.partition(":")
    name = re.split(r"[.\[]", name)[-1 if "." in name else 0]
    text = source_of(module) if name.startswith("_") else sources()
    known: dict[str, Callable[[str], object]] = {"match": pattern.match, "fullmatch": pattern.fullmatch}
    known |= dict.fromkeys(_ANYWHERE, pattern.findall)
    if where in MATCHED:
        return [pattern.match]
    found = {known[used] for used in re.findall(rf"\b{name}\.({'|'.join(known)})\b", text)}
    return list(found or set(known.values()))


@pytest.mark.parametrize("where", sorted(PATTERNS))
def test_no_text_makes_it_explode(where: str) -> None:
    pattern, chars = PATTERNS[where], LENGTHS.get(where, LONG_CHARS)
    for use in uses(where, pattern):
        for text in hostile(pattern):
            if cpu_s(use, text.of(chars)) > CHEAP_S:
                assert steepness(use, text) < TOO_STEEP, f"{where} on {text}"


def test_they_are_found() -> None:
    assert len(PATTERNS) > 150
    assert {where.partition(".")[0] for where in PATTERNS} == set(FOLDERS)


@pytest.mark.parametrize(
    "evil", [r"(a+)+$", r"(?:\w+\s?)*:", r"(x|xx)*y", r"\s+$", r'"[^"]*"(?:,"[^"]*")*\Z', r"<a.*>"]
)
def test_the_texts_are_hostile_enough(evil: str) -> None:
    """What is known to explode is found; for the exponential ones a shorter text is enough to see it."""
    pattern = re.compile(evil)
    chars = 23 if evil[0] == "(" else LONG_CHARS
    assert any(cpu_s(pattern.findall, text.of(chars)) > CHEAP_S for text in hostile(pattern))
