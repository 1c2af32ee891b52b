"""Brings a ledger's schema up to date; Alembic is imported only where there is something to do.

Migrations expand, and contract a release later: a firstline of the release before goes on working on the newer schema,
so that the processes on one PostgreSQL are restarted one after the other.
"""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from bots.ledger.database import LedgerError

if TYPE_CHECKING:
    from sqlalchemy import Engine as SqlEngine

    from bots.ledger.connection import Connection

_MIGRATIONS = Path(__file__).parent / "migrations"
_NEWER_BY = 1  # steps of the schema that the release before this one may meet
_log = logging.getLogger(__name__)


def newest() -> str:
    """The newest schema that this firstline knows."""
    return max(entry.name.split("_", 1)[0] for entry in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


def is_current(connection: Connection, errors: tuple[type[Exception], ...], title: str, *, is_shared: bool) -> bool:
    """Whether nothing is to be done. Raises `LedgerError` where a newer firstline was there that we do not understand.

    Args:
        connection: to the database.
        errors: of its driver, which says so where there are no tables yet.
        title: of the database, for people.
        is_shared: whether a newer release may be at work beside us.
    """
    row = None
    with contextlib.suppress(*errors):
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    if row is None or row["version_num"] < newest():
        return False
    found, known = row["version_num"], newest()
    if int(found) > int(known) + (_NEWER_BY if is_shared else 0):
        raise LedgerError(
            f"{title} was written by a newer firstline (schema {found}; this one knows {known}). Update firstline."
        )
    if found > known:
        _log.warning("The ledger was made ready for a newer firstline (schema %s). Update this one soon.", found)
    return True


def upgrade(engine: SqlEngine) -> None:
    """Run what is missing, in one transaction; disposes of `engine`."""
    from alembic import command  # noqa: PLC0415 - half a second that only a new or old ledger costs
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()
