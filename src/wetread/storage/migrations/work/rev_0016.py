"""FHIR Tasks that ask for a read, and how far a server's news was read."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_ORDERED = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "asked_tasks",
        sa.Column("task_key", _ORDERED, primary_key=True),
        sa.Column("is_open", sa.Integer, nullable=False),
        sa.Column("asked_at", _TIME, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    is_open = sa.text("is_open = 1")
    op.create_index(
        "ix_asked_tasks_open",
        "asked_tasks",
        ["asked_at", "task_key"],
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_table(
        "news_cursors",
        sa.Column("name", _ORDERED, primary_key=True),
        sa.Column("moment", _TIME, nullable=False),
    )
