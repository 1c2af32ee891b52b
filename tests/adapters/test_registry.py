"""Channels are found by name, packages and modules alike, and nothing else is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import adapters
from adapters import registry
from config.settings import Section

if TYPE_CHECKING:
    from pathlib import Path


def test_only_channels_are_kinds() -> None:
    assert registry.kinds() == ("discord", "reddit", "telegram", "twitter", "webchat")


@pytest.mark.parametrize("kind", registry.kinds())
def test_a_channel_offers_its_settings_and_its_adapter(kind: str) -> None:
    module = registry.channel(kind)

    assert issubclass(module.Settings, Section)
    assert module.Settings.model_fields["kind"].default == kind
    assert callable(module.create)


@pytest.mark.parametrize("kind", ["base", "registry", "telegram.adapter", "../telegram", ""])
def test_what_is_no_channel_is_not_imported(kind: str) -> None:
    with pytest.raises(KeyError):
        registry.channel(kind)


def test_a_small_channel_may_be_a_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pigeon.py").write_text('"""A small channel."""\n', encoding="utf-8")
    (tmp_path / "_feathers.py").write_text("", encoding="utf-8")
    monkeypatch.setattr(adapters, "__path__", [*adapters.__path__, str(tmp_path)])

    assert set(registry.kinds()) >= {"pigeon", "telegram", "webchat"}
    assert "_feathers" not in registry.kinds()
