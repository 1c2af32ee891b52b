"""Every desk is found by its name, has a section of its own and runs the whole contract, over a network also the other.

The real roundup that tests bring with them is held to both as well.
"""

from __future__ import annotations

import importlib
import inspect
from typing import TYPE_CHECKING

import pytest

from bots.cli import setting_up
from config.problems import ConfigError
from config.settings import Section
from tests.ticket_client.contract import DeskContract
from tests.ticket_client.exactly_once import ExactlyOnce
from ticket_client import registry
from ticket_client.client import RemoteSection

if TYPE_CHECKING:
    from pathlib import Path

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


@pytest.mark.parametrize(
    ("kind", "cure"),
    [
        ("rt", "did you mean `request_tracker`"),
        ("request-tracker", "did you mean `request_tracker`"),
        ("django-helpdesk", "did you mean `django_helpdesk`"),
        ("Django", "did you mean `django_helpdesk`"),
        ("jira", "the kinds are: "),
        ("", "the kinds are: "),
    ],
)
def test_a_desk_that_is_called_otherwise_is_recognised_and_none_for_tests_is_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, cure: str
) -> None:
    monkeypatch.delenv("FIRSTLINE_DESK__KIND", raising=False)
    file = tmp_path / "firstline.toml"
    file.write_text(f'[desk]\nkind = "{kind}"\n', encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        setting_up.load(file)
    told = str(caught.value)
    assert cure in told
    assert (
        "(of django_helpdesk, freshdesk, local, request" in told or "are: django_helpdesk, freshdesk, local, r" in told
    )
    file.write_text('[desk]\nkind = "memory"\n', encoding="utf-8")
    assert setting_up.load(file).desk.kind == "memory"
