"""No channel hands over files without keeping the contract of those that do."""

from __future__ import annotations

import importlib
import inspect

import pytest

from adapters import registry
from tests.adapters.files_contract import FilesContract


def has_files(kind: str) -> bool:
    module = importlib.import_module(f"adapters.{kind}.adapter")
    return any(hasattr(one, "fetch") for name, one in inspect.getmembers(module) if name.endswith("Adapter"))


def test_the_live_chat_alone_takes_no_files() -> None:
    assert [kind for kind in registry.kinds() if not has_files(kind)] == ["webchat"]


@pytest.mark.parametrize("kind", [kind for kind in registry.kinds() if has_files(kind)])
def test_a_channel_with_files_keeps_their_contract(kind: str) -> None:
    tests = vars(importlib.import_module(f"tests.adapters.{kind}.test_files")).values()
    classes = [one for one in tests if isinstance(one, type) and issubclass(one, FilesContract)]
    (kept,) = [one for one in classes if one is not FilesContract]
    own = {name for name in vars(kept) if name.startswith("test")}
    assert own == set()
