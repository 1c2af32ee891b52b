"""Procrastinate's tables, made once by whoever comes first."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from bots.cluster.schema import NotInstalled, install, migrations

_NOTE = "SELECT obj_description(to_regnamespace('procrastinate'), 'pg_namespace')"


async def test_many_processes_install_at_once_and_again(postgres_url: str) -> None:
    await asyncio.gather(*(install(postgres_url) for _ in range(5)))
    await install(postgres_url)
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT count(*) FROM procrastinate.firstline_seekers").fetchone() == (0,)
        assert connection.execute("SELECT to_regclass('public.procrastinate_jobs')").fetchone() == (None,)
        assert migrations()[-1] in str(connection.execute(_NOTE).fetchone())


def _as_guest(postgres_url: str, *statements: str) -> str:
    """The address for a role that may do nothing but log in, and what the database's owner then allows it."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DO $$ BEGIN CREATE ROLE guest LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
        for statement in statements:
            connection.execute(statement)
    return postgres_url.replace("postgres@", "guest@")


async def test_missing_rights_are_told_with_what_to_run(postgres_url: str) -> None:
    guest = _as_guest(postgres_url)
    with pytest.raises(NotInstalled, match=r'CREATE SCHEMA procrastinate AUTHORIZATION "guest";') as refused:
        await install(guest)
    assert "permission denied for database" in str(refused.value)
    _as_guest(postgres_url, str(refused.value).rpartition("run: ")[2])
    await install(guest)


async def test_tables_of_somebody_else_are_told_the_same_way(postgres_url: str) -> None:
    await install(postgres_url)
    with pytest.raises(NotInstalled, match="permission denied"):
        await install(_as_guest(postgres_url, "GRANT USAGE ON SCHEMA procrastinate TO guest"))


@pytest.mark.parametrize(
    ("note", "reason"),
    [
        ("", "did not install"),
        (
            "firstline: Procrastinate up to 03.03.00_01_pre_priority_lock_fetch_job.sql",
            "needs 03.04.00_01_pre",
        ),
        ("firstline: Procrastinate up to 99.00.00_50_post_all_new.sql", "Start the newer release"),
    ],
)
async def test_tables_of_another_release_are_refused(postgres_url: str, note: str, reason: str) -> None:
    await install(postgres_url)
    with psycopg.connect(postgres_url) as connection:
        connection.execute(psycopg.sql.SQL("COMMENT ON SCHEMA procrastinate IS {}").format(psycopg.sql.Literal(note)))
    with pytest.raises(NotInstalled, match=reason) as refused:
        await install(postgres_url)
    if "COMMENT" in str(refused.value):  # what it says to run is all that is missing
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute("COMMENT" + str(refused.value).rpartition("COMMENT")[2])
        await install(postgres_url)


async def test_tables_that_the_next_release_has_prepared_are_good_enough(postgres_url: str) -> None:
    await install(postgres_url)
    with psycopg.connect(postgres_url) as connection:
        connection.execute(
            "COMMENT ON SCHEMA procrastinate IS 'firstline: Procrastinate up to 99.00.00_01_pre_all_new.sql'"
        )
    await install(postgres_url)
