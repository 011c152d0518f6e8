"""Reports that we owe to who asks for storage commitment."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    ordered = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "owed_reports",
        sa.Column("request_key", ordered, primary_key=True),
        sa.Column("ae_title", ordered, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("ix_owed_reports_ended", "owed_reports", ["ended_at"])
    op.create_index("ix_owed_reports_of", "owed_reports", ["state", "ae_title", "asked_at"])
    due = sa.text("due_at IS NOT NULL")
    op.create_index("ix_owed_reports_due", "owed_reports", ["due_at"], sqlite_where=due, postgresql_where=due)
