"""The image: hadolint is content, it holds the whole program and nothing else, and it is run by nobody special."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from fnmatch import fnmatch
from itertools import takewhile
from typing import TYPE_CHECKING

from config.settings import LimitSettings
from tests.bots.cli.program import bot, configure
from tests.deploy.linting import ROOT, linted, loaded, program

if TYPE_CHECKING:
    from pathlib import Path

PACKAGES = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
_LINES = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE))
INSTRUCTIONS = [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in _LINES.splitlines() if line]
_STAGES = [number for number, (name, _) in enumerate(INSTRUCTIONS) if name == "FROM"]
RUNNING = INSTRUCTIONS[_STAGES[-1] :]
ENVIRON = dict(re.findall(r"(\w+)=(\S+)", " ".join(rest for name, rest in RUNNING if name == "ENV")))
_SECRET = re.compile(r"token|secret|password|passwd|credential|api_?key|private", re.IGNORECASE)


def of(name: str) -> list[str]:
    """What the instructions of the running stage say."""
    return [rest for each, rest in RUNNING if each == name]


def context(folder: Path) -> None:
    """What `.dockerignore` lets through, copied to `folder`."""
    patterns = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    assert patterns[0] == "*"
    allowed = list(takewhile(lambda pattern: pattern[0] == "!", patterns[1:]))
    refused = [pattern.removeprefix("**/") for pattern in patterns[1 + len(allowed) :]]
    assert not any("!" in pattern or "/" in pattern for pattern in refused), "more than this test understands"
    for pattern in allowed:
        source = ROOT / pattern[1:]
        if source.is_dir():
            shutil.copytree(source, folder / source.name, ignore=shutil.ignore_patterns(*refused))
        else:
            shutil.copy(source, folder)


def test_hadolint_is_content() -> None:
    linted(program("hadolint"), "--failure-threshold", "style", "Dockerfile")


def test_the_base_is_one_version_that_the_program_runs_on() -> None:
    (argument,) = [rest for name, rest in INSTRUCTIONS if name == "ARG"]
    assert re.fullmatch(r"PYTHON=3\.1[1-3]-slim-\w+", argument)  # the versions in pyproject.toml's classifiers
    assert {INSTRUCTIONS[number][1].split()[0] for number in _STAGES} == {"python:${PYTHON}"}
    assert len(_STAGES) == 2


def test_whoever_runs_it_is_nobody_special() -> None:
    (user,) = of("USER")
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user), "a number: kubelet's runAsNonRoot reads no names"
    names = [name for name, _ in RUNNING]
    assert not {"RUN", "COPY", "ADD"} & set(names[names.index("USER") :]), "nothing is the user's to change"
    assert of("COPY") == ["--from=builder /opt/firstline /opt/firstline"]


def test_no_layer_holds_a_secret_and_no_argument_asks_for_one() -> None:
    assert not [said for said in INSTRUCTIONS if said[0] in {"ARG", "ENV"} and _SECRET.search(said[1])]
    assert not [rest for name, rest in INSTRUCTIONS if name == "ADD"]


def test_the_dependencies_are_those_of_the_lock_with_their_hashes() -> None:
    (installs,) = [rest for name, rest in INSTRUCTIONS if name == "RUN" and "requirements.lock" in rest]
    assert "--require-hashes --requirement requirements.lock" in installs
    (itself,) = [rest for name, rest in INSTRUCTIONS if name == "RUN" and "--no-deps" in rest]
    assert "--no-build-isolation" in itself


def test_its_environment_is_a_configuration(tmp_path: Path) -> None:
    ours = {name: value for name, value in ENVIRON.items() if name.startswith("FIRSTLINE_")}
    found = loaded({**ours, "HOME": str(tmp_path)})
    assert (found.web.host, found.web.port, str(found.data_dir)) == ("0.0.0.0", 8080, "/var/lib/firstline")
    assert of("VOLUME") == ['["/var/lib/firstline"]']
    assert of("EXPOSE") == ["8080"]
    assert ENVIRON["PYTHONDONTWRITEBYTECODE"] == "1", "its file system is read-only"


def test_it_is_stopped_as_the_program_wants_to_be() -> None:
    assert of("STOPSIGNAL") == ["SIGTERM"]
    assert json.loads(of("ENTRYPOINT")[0]) == ["firstline"], "no shell between the signal and the program"
    assert json.loads(of("CMD")[0]) == ["run"]
    assert LimitSettings().drain_s <= 10, "Docker's own patience is 10 seconds; compose.yaml has more"


async def test_the_health_check_knows_a_living_bot_from_none(tmp_path: Path) -> None:
    (check,) = of("HEALTHCHECK")
    command = json.loads(check.partition(" CMD ")[2])
    assert command[0] == "python"
    assert "http://127.0.0.1:8080/healthz" in command[2]
    configure(tmp_path)
    async with bot(tmp_path) as running:
        assert "timeout=4)" in command[2]
        there = command[2].replace("http://127.0.0.1:8080", running.url).replace("timeout=4)", "timeout=60)")
        assert subprocess.run([sys.executable, "-c", there], check=False).returncode == 0  # noqa: S603, ASYNC221 - ours
        assert await running.stops() == 0
    gone = subprocess.run([sys.executable, "-c", there], check=False, stderr=subprocess.DEVNULL)  # noqa: S603, ASYNC221
    assert gone.returncode != 0


def test_it_holds_every_file_of_the_program_and_nothing_of_the_operator(tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "out"
    source.mkdir()
    context(source)
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(build, cwd=source, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    (wheel,) = out.iterdir()
    built = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    tracked = subprocess.run(  # noqa: S603 - ours
        ["git", "ls-files", "--", *PACKAGES["only-include"]],  # noqa: S607 - whichever git the machine has
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    assert set(tracked.stdout.splitlines()) <= built
    assert not [name for name in built if fnmatch(name, "*.db*") or name.endswith("firstline.toml")]


def test_only_the_program_is_handed_to_the_builder() -> None:
    patterns = (ROOT / ".dockerignore").read_text().split()
    allowed = {pattern[1:] for pattern in patterns if pattern.startswith("!")}
    assert allowed == {*PACKAGES["only-include"], "pyproject.toml", "requirements.lock", "README.md", "LICENSE"}
