"""Triage policies are saved, proposed by one person and brought into use by another."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "triage_policies",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    active = sa.text("state = 'active'")
    op.create_index(
        "uq_triage_policies_active",
        "triage_policies",
        ["state"],
        unique=True,
        sqlite_where=active,
        postgresql_where=active,
    )
