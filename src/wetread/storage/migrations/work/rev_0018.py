"""Workitems of a worklist manager elsewhere that wetread performs."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

_ORDERED = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "foreign_steps",
        sa.Column("step_key", _ORDERED, primary_key=True),
        sa.Column("hold", sa.Text, nullable=False),
        sa.Column("intended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    not_ended = sa.text("hold IN ('intended', 'claimed')")
    op.create_index(
        "ix_foreign_steps_open",
        "foreign_steps",
        ["intended_at", "step_key"],
        sqlite_where=not_ended,
        postgresql_where=not_ended,
    )
