"""docs/failures.md tells of every failure that users of bots report, and the tests that it names exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "failures.md"
_ROW = re.compile(r"^\| (\d+) \|", re.MULTILINE)
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
FAILURES = 22


def rows() -> list[str]:
    return [line for line in PAGE.read_text(encoding="utf-8").splitlines() if _ROW.match(line)]


def functions_of(path: str) -> set[str]:
    """The names of the tests that a file defines, in its classes, too."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_failure_has_its_row_and_at_least_one_test() -> None:
    assert [int(_ROW.findall(row)[0]) for row in rows()] == list(range(1, FAILURES + 1))
    assert all(_TEST.search(row) for row in rows())


@pytest.mark.parametrize(("path", "name"), sorted(set(_TEST.findall(PAGE.read_text(encoding="utf-8")))))
def test_the_tests_that_the_page_names_exist(path: str, name: str) -> None:
    assert name.startswith("test_")
    assert name in functions_of(path)


def test_every_test_of_failures_is_named() -> None:
    named = {path for path, _ in _TEST.findall(PAGE.read_text(encoding="utf-8"))}
    written = {str(file.relative_to(ROOT)) for file in (ROOT / "tests" / "failures").glob("test_*.py")}
    assert written <= named
