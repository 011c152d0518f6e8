"""Accounts that reach some sites only, where a session was begun, second factors, emergency accesses."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("accounts", sa.Column("sites", sa.Text, nullable=False, server_default="[]"))
    op.add_column("sessions", sa.Column("begun_at", _TIME))
    op.add_column("sessions", sa.Column("address", sa.Text, nullable=False, server_default=""))
    op.add_column("sessions", sa.Column("client", sa.Text, nullable=False, server_default=""))
    op.create_table(
        "second_factors",
        sa.Column("actor_id", sa.Text, primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "emergency_accesses",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("actor_id", sa.Text, nullable=False),
        sa.Column(
            "study_key",
            sa.Text,
            sa.ForeignKey("studies.study_key", deferrable=True, initially="DEFERRED"),
            nullable=False,
        ),
        sa.Column("ends_at", _TIME, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index(
        "ix_emergency_accesses_actor_id_study_key_ends_at",
        "emergency_accesses",
        ["actor_id", "study_key", "ends_at"],
    )
