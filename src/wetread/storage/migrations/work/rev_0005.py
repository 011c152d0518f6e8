"""Relabelling: rounds, the studies drawn for them, and which incident records of other systems were seen. Adds tables only."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_TIME = sa.DateTime(timezone=True)
_ORDERED = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "relabel_rounds",
        sa.Column("round_id", _ORDERED, primary_key=True),
        sa.Column("drawn_at", _TIME, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    study = sa.ForeignKey("studies.study_key", deferrable=True, initially="DEFERRED")
    op.create_table(
        "relabel_tasks",
        sa.Column("round_id", _ORDERED, sa.ForeignKey("relabel_rounds.round_id"), primary_key=True),
        sa.Column("study_key", _ORDERED, study, primary_key=True),
        sa.Column("etag", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "seen_incidents",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("incident_id", sa.Text, primary_key=True),
        sa.Column("first_seen_at", _TIME, nullable=False),
    )
