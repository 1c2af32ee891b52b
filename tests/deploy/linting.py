"""Runs the linters that the development tools bring, and reads our configuration as the program does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from adapters import registry as channels
from config import settings
from ticket_client import registry as desks

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]


def linted(*command: str | Path, silent_about: str | None = None) -> str:
    """What a linter says; it must be content, also in what it says aside about `silent_about`."""
    done = subprocess.run(  # noqa: S603 - a linter of ours
        [*command], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert silent_about is None or silent_about not in done.stderr, done.stderr
    return done.stdout


def program(name: str) -> Path:
    """One that `make setup-dev` installs beside Python."""
    found = Path(sys.executable).with_name(name)
    assert found.exists(), f"{name} is missing: run make setup-dev"
    return found


def loaded(environ: Mapping[str, str]) -> settings.Settings:
    """The settings that the environment gives; what it names must be there."""
    return settings.load(
        None,
        environ=environ,
        channel_section=lambda kind: channels.channel(kind).Settings,
        channel_kinds=channels.kinds(),
        desk_section=lambda kind: desks.desk(kind).Settings,
        desk_kinds=desks.kinds(),
    )
