"""Marks on films are kept with the study, by reader and report version."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    study = sa.ForeignKey("studies.study_key", deferrable=True, initially="DEFERRED")
    op.create_table(
        "marks",
        sa.Column("study_key", sa.Text, study, primary_key=True),
        sa.Column("reader_id", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("reader_name", sa.Text, nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("films", sa.Text, nullable=False),
    )
