"""A real roundup tracker as a process: unique keys (409), conditional writes (412), a limit of calls (429).

    with roundup(folder) as tracker:
        tracker.url, tracker.password("bot")

As a program it makes a tracker in a folder and serves it until it is ended. (`roundup-server` would do, but refuses to
be run by root.) The tracker knows three people more than usual: "bot" and "mia", an agent; and some fields more.
"""

from __future__ import annotations

import configparser
import contextlib
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

if TYPE_CHECKING:
    from collections.abc import Iterator

_FIELDS = """
issue.addprop(external_id=String(), requester=String())
issue.setkey("external_id")
msg.addprop(external_id=String(), private=Boolean())
file.addprop(external_id=String())
"""
_PEOPLE = """
from roundup.password import Password
for name in ("bot", "mia"):
    user.create(username=name, password=Password(name + "'s password", config=db.config), address=name, roles="User")
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracker:
    """Where a tracker is."""

    url: str

    def password(self, name: str) -> str:
        """Of "bot" and of "mia"."""
        return f"{name}'s password"


@contextlib.contextmanager
def roundup(folder: Path, *, calls: int = 0, interval_s: int = 3600) -> Iterator[Tracker]:
    """A tracker of its own; each person may make so many `calls` in an interval (0: as many as they like)."""
    command = (sys.executable, str(Path(__file__)), str(folder / "tracker"), str(calls), str(interval_s))
    with (folder / "roundup.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)  # noqa: S603 - our own program
    with process:
        assert process.stdout is not None
        try:
            yield Tracker(**json.loads(process.stdout.readline()))
        finally:
            process.terminate()


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


def _serve(home: Path, calls: int, interval_s: int) -> None:
    server = WSGIServer(("127.0.0.1", 0), _Quiet)
    url = f"http://127.0.0.1:{server.server_port}/"
    admin = (str(Path(sys.executable).with_name("roundup-admin")), "-i", str(home))
    subprocess.run((*admin, "install", "classic", "sqlite"), check=True, stdout=sys.stderr)  # noqa: S603
    config = configparser.RawConfigParser()
    config.read(home / "config.ini")
    config["main"]["password_pbkdf2_default_rounds"] = "1000"  # every request logs in
    config["tracker"]["web"] = url
    config["mail"].update(domain="desk.example", host="127.0.0.1", debug=str(home / "sent.mbox"))
    config["web"].update({
        "api_calls_per_interval": str(calls),
        "api_interval_in_sec": str(interval_s),
        "csrf_enforce_header_host": "no",  # the proxy has another
    })  # fmt: skip
    with (home / "config.ini").open("w") as file:
        config.write(file)
    for name, more in (("schema.py", _FIELDS), ("initial_data.py", _PEOPLE)):
        with (home / name).open("a") as file:
            file.write(more)
    subprocess.run((*admin, "initialise", "admin's password"), check=True, stdout=sys.stderr)  # noqa: S603

    from roundup.cgi.wsgi_handler import (  # type: ignore[import-untyped]  # noqa: PLC0415 - not for those who only start it
        RequestDispatcher,
    )

    server.set_app(RequestDispatcher(str(home)))
    print(json.dumps({"url": url}), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    _serve(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
