"""What live monitoring keeps between its nights: the last report, and what it is held against."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table("quality", sa.Column("name", sa.Text, primary_key=True), sa.Column("body", sa.Text, nullable=False))
