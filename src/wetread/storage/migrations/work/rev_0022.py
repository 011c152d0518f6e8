"""How far the audit log was sent to repositories outside."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.create_table(
        "audit_exports",
        sa.Column("repository", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
    )
