"""The installation's upkeep: whose turn it is to look through the stored films, what the last look found, how often the DIMSE door was knocked at."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    op.create_table("upkeep", sa.Column("name", sa.Text, primary_key=True), sa.Column("body", sa.Text, nullable=False))
