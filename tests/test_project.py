"""The repository keeps its own rules: locks, names, imports, no mocks."""

from __future__ import annotations

import ast
import gc
import re
import tomllib
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = tuple(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"])
SOURCES = sorted(
    path for folder in (*PACKAGES, "tests", "bench") for path in (ROOT / folder).rglob("*.py") if path.is_file()
)
_PINNED = re.compile(r"^([A-Za-z0-9][\w.-]*)==\S+")
_NAMED = re.compile(r"^[A-Za-z0-9][\w.-]*")
_SDKS = {
    "discord": "adapters/discord/*.py",
    "telegram": "adapters/telegram/*.py",
    "tweepy": "adapters/twitter/*.py",
    "praw": "adapters/reddit/*.py",
    "prawcore": "adapters/reddit/*.py",
}
"""A channel's SDK, and the only files that may import it; a new channel adds its own line."""


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _entries(lock: str) -> list[str]:
    """Each pinned package with all its continuation lines."""
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _pinned(lock: str) -> set[str]:
    return {_normal(match[1]) for entry in _entries(lock) if (match := _PINNED.match(entry))}


def _wanted(*groups: str) -> set[str]:
    requirements = list(PROJECT["project"]["dependencies"])
    for group in groups:
        requirements += PROJECT["dependency-groups"][group]
    return {_normal(match[0]) for requirement in requirements if (match := _NAMED.match(requirement))}


@cache
def _imports(path: Path) -> frozenset[str]:
    """The dotted names that a file imports, wherever in it."""
    gc.disable()  # CPython 3.11 may lose count of its own depth where it collects rubbish while it parses
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    finally:
        gc.enable()
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(names)


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_pins_everything_by_hash_and_names_no_address(lock: str) -> None:
    entries = _entries(lock)
    assert len(entries) > 10
    for entry in entries:
        assert _PINNED.match(entry), entry[:80]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry[:80]
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert not re.search(r"://|--(?:extra-)?index-url|--find-links|\s@\s", text)


def test_every_direct_dependency_is_locked() -> None:
    assert _wanted("build") <= _pinned("requirements.lock")
    assert _wanted("build", "dev") <= _pinned("requirements-dev.lock")
    assert _pinned("requirements.lock") <= _pinned("requirements-dev.lock")


def test_nobody_else_claims_our_names() -> None:
    owners = packages_distributions()
    for package in (*PACKAGES, "tests", "bench"):
        assert set(owners.get(package, [])) <= {"firstline"}, f"{package} belongs to {owners[package]}"


def test_every_package_folder_is_a_package() -> None:
    for package in PACKAGES:
        assert (ROOT / package / "__init__.py").is_file()


def test_nothing_is_mocked() -> None:
    assert len(SOURCES) > 100
    mocks = {"unittest.mock", "mock", "pytest_mock"}
    guilty = [str(path.relative_to(ROOT)) for path in SOURCES if mocks & _imports(path)]
    assert not guilty


@pytest.mark.parametrize(("sdk", "files"), _SDKS.items())
def test_only_a_channel_imports_its_sdk(sdk: str, files: str) -> None:
    allowed = {path for pattern in files.split(", ") for path in ROOT.glob(pattern)}
    importers = {
        path
        for path in SOURCES
        if path.relative_to(ROOT).parts[0] in PACKAGES
        and any(name == sdk or name.startswith(f"{sdk}.") for name in _imports(path))
    }
    assert importers, f"nothing imports {sdk}: take the line out"
    assert importers <= allowed


def test_the_gate_is_the_makefiles_own() -> None:
    script = ROOT / ".ci" / "run"
    text = script.read_text(encoding="utf-8")
    assert script.stat().st_mode & 0o111
    assert "make check" in text
    assert not re.search(r"://|(?:^|\s)/(?:home|root|work)/", text)
