"""Desks over a network: our own references, the desk's words, leases, requests kept as they are sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what the tables of 0001 and 0002 lack."""
    op.add_column("tickets", sa.Column("reference", sa.Text()))
    op.add_column("tickets", sa.Column("raw_status", sa.Text(), nullable=False, server_default=""))
    op.add_column("tickets", sa.Column("version", sa.Text(), nullable=False, server_default=""))
    op.add_column("tickets", sa.Column("follows", sa.Text()))
    op.create_index("tickets_reference", "tickets", ["reference"], unique=False)
    op.add_column("ticket_intents", sa.Column("request", sa.Text()))
    op.add_column("ticket_intents", sa.Column("lease_until", sa.Text()))
    op.add_column("ticket_intents", sa.Column("note_at", sa.Text()))
    op.create_index(
        "ticket_intents_unnoted",
        "ticket_intents",
        ["note_at"],
        unique=False,
        sqlite_where=sa.text("note_at IS NOT NULL"),
        postgresql_where=sa.text("note_at IS NOT NULL"),
    )
