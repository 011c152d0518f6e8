"""What receivers were asked to answer for (storage commitment)."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_table(
        "commitments",
        sa.Column("transaction_uid", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), primary_key=True),
        sa.Column("sink", sa.Text, nullable=False),
        sa.Column("sent", sa.Text, nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("ix_commitments_sent", "commitments", ["sink", "sent", "asked_at"])
