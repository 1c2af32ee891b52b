"""Runs migrations on the connection that `bots.ledger.database` hands over."""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy import Text
from sqlalchemy.ext.compiler import compiles

from bots.ledger.schema import metadata


@compiles(Text, "postgresql")
def _text(*_: Any, **__: Any) -> str:
    return 'TEXT COLLATE "C"'  # compared as SQLite does, byte by byte, whatever the database's language is


connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
