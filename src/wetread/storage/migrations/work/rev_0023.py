"""Who signs in elsewhere, second components that were proved elsewhere, what is used once, tokens that may do less than their account."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "external_identities",
        sa.Column("issuer", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("actor_id", sa.Text, nullable=False),
    )
    op.create_table(
        "external_sessions",
        _session(primary_key=True),
        sa.Column("issuer", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("session", sa.Text, nullable=False),
        sa.Column("held", sa.Text, nullable=False),
        sa.Column("confirmed_at", _TIME, nullable=False),
        sa.Column("asked_at", _TIME, nullable=False),
    )
    op.create_table(
        "confirmations",
        sa.Column("secret_sha256", sa.Text, primary_key=True),
        _session(),
        sa.Column("act_sha256", sa.Text, nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
    )
    op.create_table(
        "used_once",
        sa.Column("what_sha256", sa.Text, primary_key=True),
        sa.Column("expires_at", _TIME, nullable=False),
    )
    op.create_table("token_limits", _session(primary_key=True), sa.Column("acts", sa.Text, nullable=False))


def _session(*, primary_key: bool = False) -> "sa.Column[str]":
    ends_with = sa.ForeignKey("sessions.token_sha256", ondelete="CASCADE", onupdate="CASCADE")
    return sa.Column("token_sha256", sa.Text, ends_with, primary_key=primary_key, nullable=False)
