"""Data sets of workitems (UPS-RS), what they are found by, and what filtered subscriptions are to."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_ORDERED = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _version(name: str) -> tuple[sa.Column[str], sa.Column[int]]:
    return (
        sa.Column(name, _ORDERED, primary_key=True),
        sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
    )


def upgrade() -> None:
    op.create_table(
        "workitem_data_sets",
        *_version("workitem_key"),
        sa.Column("workitem_uid", sa.Text, nullable=False),
        sa.Column("scheduled_at", _ORDERED, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "workitem_values",
        *_version("workitem_key"),
        sa.Column("keyword", sa.Text, primary_key=True),
        sa.Column("value", _ORDERED, primary_key=True),
    )
    op.create_index("ix_workitem_values_keyword_value", "workitem_values", ["keyword", "value"])
    op.create_table(
        "workitem_filters",
        sa.Column("subscriber", _ORDERED, primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
    )
