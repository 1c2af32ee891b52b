"""Every desk is found by its name, has a section of its own and runs the whole contract."""

from __future__ import annotations

import importlib
import inspect

import pytest

from config.settings import Section
from tests.ticket_client.contract import DeskContract
from ticket_client import registry


def test_the_desks_are_found() -> None:
    assert registry.kinds() == ("local", "memory")
    with pytest.raises(KeyError):
        registry.desk("base")
    with pytest.raises(KeyError):
        registry.desk("../local")


@pytest.mark.parametrize("kind", registry.kinds())
def test_a_desk_declares_its_section(kind: str) -> None:
    settings = registry.desk(kind).Settings
    assert issubclass(settings, Section)
    assert settings().kind == kind


@pytest.mark.parametrize("kind", registry.kinds())
def test_a_desk_runs_the_whole_contract_and_changes_none_of_it(kind: str) -> None:
    module = importlib.import_module(f"tests.ticket_client.test_{kind}")
    (contract,) = (
        found
        for name, found in inspect.getmembers(module, inspect.isclass)
        if name.startswith("Test") and issubclass(found, DeskContract)
    )
    own = {name for name in vars(contract) if not name.startswith("__")}
    assert own == {"bench"}
    assert len([name for name in dir(contract) if name.startswith("test_")]) == 15
