"""Connections to PostgreSQL that find out when the other side is gone."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from typing import TYPE_CHECKING

from psycopg.conninfo import conninfo_to_dict, make_conninfo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import AsyncConnection

_WATCHED = {
    "connect_timeout": 3,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,  # milliseconds; the others are seconds
}


def watched(url: str) -> str:
    """The address with what libpq needs to find out soon that a host is gone; what the address says itself counts."""
    return make_conninfo("", **{**_WATCHED, **conninfo_to_dict(url)})


@contextlib.contextmanager
def answered_within(limit_s: float, connection: AsyncConnection[object]) -> Iterator[None]:
    """Within it, a connection that is silent for too long breaks, which raises `psycopg.OperationalError`.

    A cancellation would first ask the server, over a second connection, to end what runs there, and wait for ten
    seconds where that is not answered either.
    """
    timer = asyncio.get_running_loop().call_later(limit_s, _sever, connection)
    try:
        yield
    finally:
        timer.cancel()


def _sever(connection: AsyncConnection[object]) -> None:
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as same:
        same.shutdown(socket.SHUT_RDWR)
