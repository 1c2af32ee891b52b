"""The systemd unit: by systemd itself where it is, by its own rules everywhere."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from typing import TYPE_CHECKING

import pytest
import typer.main

from bots.cli.program import app
from config.settings import LimitSettings
from tests.deploy.linting import ROOT, linted, loaded

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = ROOT / "deploy" / "systemd"
UNIT, SECRETS = FOLDER / "firstline.service", FOLDER / "firstline.service.d" / "secrets.conf"
_KNOWN = {
    "Unit": "Description Documentation After Wants StartLimitIntervalSec",
    "Service": "Type User Group ExecStart Environment WorkingDirectory StateDirectory StateDirectoryMode UMask"
    " TimeoutStopSec KillMode Restart RestartSec RestartPreventExitStatus LoadCredential"
    " ProtectSystem ProtectHome PrivateTmp PrivateDevices ProtectClock ProtectControlGroups ProtectHostname"
    " ProtectKernelLogs ProtectKernelModules ProtectKernelTunables ProtectProc ProcSubset NoNewPrivileges"
    " CapabilityBoundingSet AmbientCapabilities LockPersonality MemoryDenyWriteExecute RemoveIPC"
    " RestrictAddressFamilies RestrictNamespaces RestrictRealtime RestrictSUIDSGID SystemCallArchitectures"
    " SystemCallFilter SystemCallErrorNumber",
    "Install": "WantedBy",
}
"""Directives of systemd 250 that were read in its manual: another one is looked up there before it is added here."""
_SEVERAL = {"Environment", "LoadCredential", "SystemCallFilter"}
_MOST_EXPOSED = 20  # tenths, as `systemd-analyze security` counts; below that it says OK


def read(path: Path) -> dict[str, list[str]]:
    """What each directive says, in order. A line that systemd would not understand fails."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            section = line.strip("[]")
            continue
        name, equals, value = line.partition("=")
        assert equals, line
        assert name in _KNOWN[section].split(), f"[{section}] {name}"
        assert " #" not in value, f"systemd knows no comments after a value: {line}"
        found.setdefault(name, []).append(value)
    for name, values in found.items():
        assert len(values) == 1 or name in _SEVERAL, f"{name} is said twice"
    return found


def one(name: str) -> str:
    (value,) = read(UNIT)[name]
    return value


def test_systemd_accepts_it(tmp_path: Path) -> None:
    """Where there is no systemd, `read` has looked at every line all the same."""
    read(UNIT)
    read(SECRETS)
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        return
    unit = tmp_path / UNIT.name  # on this machine, the program is elsewhere
    program = re.escape(shlex.split(one("ExecStart"))[0])
    unit.write_text(re.sub(program, sys.executable, UNIT.read_text(encoding="utf-8")), encoding="utf-8")
    shutil.copytree(SECRETS.parent, tmp_path / SECRETS.parent.name)
    linted(analyze, "verify", "--man=no", unit, silent_about=UNIT.stem)  # a value it ignores is only a warning
    linted(analyze, "security", "--offline=true", f"--threshold={_MOST_EXPOSED}", "--no-pager", unit)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ProtectSystem", "strict"),
        ("ProtectHome", "yes"),
        ("PrivateTmp", "yes"),
        ("PrivateDevices", "yes"),
        ("NoNewPrivileges", "yes"),
        ("CapabilityBoundingSet", ""),
        ("StateDirectoryMode", "0700"),
        ("UMask", "0077"),
        ("User", "firstline"),
    ],
)
def test_nothing_is_allowed_that_it_does_not_need(name: str, value: str) -> None:
    assert one(name) == value


def test_it_starts_the_program_as_it_is() -> None:
    path, command, *options = shlex.split(one("ExecStart"))
    assert path == "/opt/firstline/.venv/bin/firstline"
    known = typer.main.get_command(app).commands[command]  # type: ignore[attr-defined] # a group, as typer makes it
    assert options[::2] == ["--config"]
    assert "--config" in {option for parameter in known.params for option in parameter.opts}


def test_it_is_stopped_in_the_programs_own_time_and_started_again_where_that_helps() -> None:
    assert int(one("TimeoutStopSec")) >= 2 * LimitSettings().drain_s
    assert one("Restart") == "on-failure"
    assert one("RestartPreventExitStatus") == "2", "what bots.cli.program ends with where the configuration is wrong"
    assert "WatchdogSec" not in read(UNIT), "the program does not tell systemd that it lives"


def test_the_data_is_where_systemd_makes_its_folder() -> None:
    (environ,) = read(UNIT)["Environment"]
    name, _, value = environ.partition("=")
    assert str(loaded({name: value, "HOME": "/nowhere"}).data_dir) == f"/var/lib/{one('StateDirectory')}"
    assert one("WorkingDirectory") == value
    user = (FOLDER / "firstline.sysusers").read_text(encoding="utf-8").splitlines()[-1]
    assert shlex.split(user)[:2] == ["u", one("User")]
    assert shlex.split(user)[-1] == value


def test_a_secret_is_handed_over_under_the_name_by_which_the_program_reads_it(tmp_path: Path) -> None:
    drop_in = read(SECRETS)
    names = [each.partition(":")[0] for each in drop_in["LoadCredential"]]
    for name in names:
        (tmp_path / name).write_text("postgresql://firstline:0123456789@db/firstline", encoding="utf-8")
        (tmp_path / name).chmod(0o600)
    environ = dict(each.split("=", 1) for each in drop_in["Environment"])
    assert sorted(environ.values()) == sorted(f"%d/{name}" for name in names)
    found = loaded({name: value.replace("%d", str(tmp_path)) for name, value in environ.items()} | {"HOME": "/nowhere"})
    assert found.ledger.url is not None
    assert set(found.channels) == {"telegram", "webchat"}
