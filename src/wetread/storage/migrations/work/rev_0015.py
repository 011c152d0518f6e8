"""Requests for a read, and the worklist of UPS-RS: its states, who subscribed, what happened."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

_ORDERED = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_TIME = sa.DateTime(timezone=True)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def upgrade() -> None:
    op.create_table(
        "read_requests",
        sa.Column("request_key", _ORDERED, primary_key=True),
        _text("study_key"),
        _text("state"),
        sa.Column("asked_at", _TIME, nullable=False),
        _text("body"),
    )
    op.create_index("ix_read_requests_study_key_asked_at", "read_requests", ["study_key", "asked_at"])
    unanswered = sa.text("state IN ('waiting', 'reading')")
    op.create_index(
        "ix_read_requests_open",
        "read_requests",
        ["asked_at", "request_key"],
        sqlite_where=unanswered,
        postgresql_where=unanswered,
    )
    op.create_table(
        "workitems",
        sa.Column("workitem_key", _ORDERED, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        _text("state"),
        sa.Column("changed_at", _TIME, nullable=False),
        _text("body"),
    )
    op.create_table(
        "workitem_subscriptions",
        sa.Column("subscriber", _ORDERED, primary_key=True),
        sa.Column("scope", _ORDERED, primary_key=True),
        _text("owner_id"),
        sa.Column("deletion_lock", sa.Boolean, nullable=False),
        _text("query"),
    )
    op.create_index("ix_workitem_subscriptions_scope", "workitem_subscriptions", ["scope"])
    op.create_table(
        "workitem_events",
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("workitem_key", _ORDERED, nullable=False),
        sa.Column("happened_at", _TIME, nullable=False),
        _text("body"),
    )
    op.create_index("ix_workitem_events_workitem_key_sequence", "workitem_events", ["workitem_key", "sequence"])
    op.create_index("ix_workitem_events_happened_at", "workitem_events", ["happened_at"])
