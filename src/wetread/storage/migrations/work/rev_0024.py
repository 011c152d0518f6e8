"""What failed to sign in, by name and address: counted for every server process together, and over a restart."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "failed_sign_ins",
        sa.Column("name_hmac", sa.Text, primary_key=True),
        sa.Column("address", sa.Text, primary_key=True),
        sa.Column("known", sa.Boolean, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("last_at", _TIME, nullable=False),
        sa.Column("before_at", _TIME, nullable=False),
        sa.Column("let_in_at", _TIME),
    )
    op.create_index("ix_failed_sign_ins_known_last_at", "failed_sign_ins", ["known", "last_at"])
