"""Doubts about who a study is of, for a person to look at."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_ORDERED = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    study = sa.ForeignKey("studies.study_key", deferrable=True, initially="DEFERRED")
    op.create_table(
        "identity_holds",
        sa.Column("hold_key", _ORDERED, primary_key=True),
        sa.Column("study_key", sa.Text, study, nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True)),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("ix_identity_holds_study_key_opened_at", "identity_holds", ["study_key", "opened_at"])
    unanswered = sa.text("resolved_at IS NULL")
    op.create_index(
        "ix_identity_holds_open",
        "identity_holds",
        ["opened_at", "hold_key"],
        sqlite_where=unanswered,
        postgresql_where=unanswered,
    )
