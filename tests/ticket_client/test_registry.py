"""Every desk is found by its name, has a section of its own and runs the whole contract, over a network also the other.

The real roundup that tests bring with them is held to both as well.
"""

from __future__ import annotations

import importlib
import inspect

import pytest

from config.settings import Section
from tests.ticket_client.contract import DeskContract
from tests.ticket_client.exactly_once import ExactlyOnce
from ticket_client import registry
from ticket_client.client import RemoteSection

REMOTE = ("django_helpdesk", "freshdesk", "request_tracker", "zendesk")


def test_the_desks_are_found() -> None:
    assert registry.kinds() == ("django_helpdesk", "freshdesk", "local", "memory", "request_tracker", "zendesk")
    with pytest.raises(KeyError):
        registry.desk("base")
    with pytest.raises(KeyError):
        registry.desk("../local")


@pytest.mark.parametrize("kind", registry.kinds())
def test_a_desk_declares_its_section(kind: str) -> None:
    settings = registry.desk(kind).Settings
    assert issubclass(settings, Section)
    assert settings.model_fields["kind"].default == kind
    assert issubclass(settings, RemoteSection) == (kind in REMOTE)


@pytest.mark.parametrize("kind", [*registry.kinds(), "roundup"])
def test_a_desk_runs_the_whole_contract_and_changes_none_of_it(kind: str) -> None:
    contract = _tests_of(kind, DeskContract)
    own = {name for name in vars(contract) if not name.startswith("__")}
    assert own <= {"bench"}, "the tests themselves are inherited as they are"
    assert len([name for name in dir(contract) if name.startswith("test_")]) == 15


@pytest.mark.parametrize("kind", [*REMOTE, "roundup"])
def test_a_desk_over_a_network_proves_that_it_opens_once(kind: str) -> None:
    contract = _tests_of(kind, ExactlyOnce)
    overridden = {name for name in vars(contract) if name.startswith("test_")}
    assert overridden == set()


def _tests_of(kind: str, contract: type) -> type:
    """The class in a desk's test module that runs the contract."""
    module = importlib.import_module(f"tests.ticket_client.test_{kind}")
    (found,) = (
        each
        for name, each in inspect.getmembers(module, inspect.isclass)
        if name.startswith("Test") and issubclass(each, contract)
    )
    return found
