"""Databases with what the ledger has there already."""

from __future__ import annotations

import psycopg
import pytest

from tests.bots.cluster.processes import TABLES
from tests.postgres import PostgresServer, own_postgres, postgres_cluster, postgres_server, postgres_url

__all__ = ["own_postgres", "postgres_cluster", "postgres_server", "postgres_url"]


@pytest.fixture
def url(postgres_url: str) -> str:
    """The address of a database with table ``leases`` and nothing of Procrastinate's."""
    with psycopg.connect(postgres_url) as connection:
        connection.execute(TABLES)
    return postgres_url


@pytest.fixture
def own_url(own_postgres: PostgresServer) -> str:
    """The same on a server that the test may stop."""
    url = own_postgres.url_of("postgres")
    with psycopg.connect(url) as connection:
        connection.execute(TABLES)
    return url
