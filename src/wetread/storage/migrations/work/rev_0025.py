"""Tokens that only the holder of a certificate may use."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.add_column("token_limits", sa.Column("certificate", sa.Text, nullable=False, server_default=""))
