"""Private continuation, claim codes, opt-outs, and replies that wait for a moderator."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what the tables of 0001 lack."""
    op.add_column("tickets", sa.Column("private_to", sa.Text()))
    op.add_column("tickets", sa.Column("private_conversation", sa.Text()))
    op.create_index("outgoing_place", "outgoing", ["channel", "place", "id"], unique=False)
    op.create_table(
        "silences",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Text(), nullable=False),
        sa.Column("since", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "account", "author_id"),
    )
    op.create_table(
        "claims",
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Text(), nullable=False),
        sa.Column("spent_at", sa.Text()),
        sa.PrimaryKeyConstraint("code_hash"),
    )
    op.create_table(
        "claim_tries",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("claim_tries_author", "claim_tries", ["channel", "account", "author_id", "at"], unique=False)
    op.create_table(
        "identity_links",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Text(), nullable=False),
        sa.Column("other_channel", sa.Text(), nullable=False),
        sa.Column("other_account", sa.Text(), nullable=False),
        sa.Column("other_author_id", sa.Text(), nullable=False),
        sa.Column("consented_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "account", "author_id", "other_channel", "other_account", "other_author_id"),
    )
