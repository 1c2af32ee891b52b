"""The tests' PostgreSQL: fresh databases, and a server that survives what tests do to it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import psycopg
import pytest

from tests.postgres import server_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.postgres import PostgresServer


@contextlib.contextmanager
def connected(url: str) -> Iterator[psycopg.Connection]:
    with contextlib.closing(psycopg.connect(url, autocommit=True)) as connection:
        yield connection


@pytest.mark.parametrize("_", [1, 2])
def test_every_test_has_an_empty_database(postgres_url: str, _: int) -> None:
    with connected(postgres_url) as connection:
        connection.execute("CREATE TABLE messages (id integer)")  # the second test would find it


def test_a_database_is_dropped_whoever_is_connected(postgres_server: PostgresServer) -> None:
    with postgres_server.database() as url, connected(url) as connection:
        pass
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url)
    assert connection.closed


def test_what_is_committed_outlives_a_kill_and_a_restart(own_postgres: PostgresServer) -> None:
    url = own_postgres.url_of("postgres")
    with connected(url) as connection:
        connection.execute("CREATE TABLE messages AS SELECT 1 AS id")
        own_postgres.kill()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT * FROM messages")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)
    own_postgres.start()
    own_postgres.restart()
    with connected(url) as connection:
        assert connection.execute("SELECT * FROM messages").fetchall() == [(1,)]


_TESTS = """
import sys, time
from pathlib import Path
from tests.postgres import PostgresServer

with PostgresServer(Path(sys.argv[1]), Path(sys.argv[2])) as server:
    print("started", flush=True)
    time.sleep(60)
"""


def test_no_server_outlives_the_tests(postgres_cluster: Path) -> None:
    with server_folder() as folder:
        command = [sys.executable, "-c", _TESTS, str(postgres_cluster), str(folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as tests:  # noqa: S603 - ours
            assert tests.stdout is not None
            assert tests.stdout.readline() == "started\n"
            pid = int((folder / "data" / "postmaster.pid").read_text().split()[0])
            assert psutil.pid_exists(pid)
            tests.kill()
        give_up = time.monotonic() + 30
        while psutil.pid_exists(pid) or folder.exists():
            assert time.monotonic() < give_up
            time.sleep(0.02)
