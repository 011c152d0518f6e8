"""A report version keeps what became of the draft's sentences."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("reports", sa.Column("judged", sa.Text))
