"""The peers' own environment: made once from the lock beside this file, anew when the lock changes."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

_LOCK = Path(__file__).with_name("requirements.lock")
_FOLDER = Path(__file__).parents[2] / ".venv-peers"
PYTHON = _FOLDER / "bin" / "python"


def install() -> str | None:
    """Make it where needed; why it could not be made, or None."""
    stamp, wanted = _FOLDER / ".lock-digest", hashlib.sha256(_LOCK.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return None
    print(f"Making {_FOLDER.name} with the peers in it (once; about a minute)", flush=True)
    shutil.rmtree(_FOLDER, ignore_errors=True)
    options = ("--disable-pip-version-check", "--quiet", "--require-hashes")
    for command in ((sys.executable, "-m", "venv", _FOLDER), (PYTHON, "-m", "pip", "install", *options, "-r", _LOCK)):
        done = subprocess.run(command, check=False, stderr=subprocess.PIPE, text=True)  # noqa: S603 - our own interpreter
        if done.returncode:
            return next((line for line in reversed(done.stderr.splitlines()) if "ERROR" in line), "it cannot be made")
    stamp.write_text(wanted, encoding="utf-8")
    return None
