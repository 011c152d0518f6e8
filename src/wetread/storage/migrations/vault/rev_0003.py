"""What the hospital says: orders, merged patients, what messages claim of a person, and which messages were answered. A study keeps the number it came with beside the one it stands under."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_ORDERED = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_TIME = sa.DateTime(timezone=True)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def upgrade() -> None:
    for name in ("received_patient_id", "received_issuer"):
        op.add_column("studies", sa.Column(name, sa.Text, nullable=False, server_default=""))
    op.execute("UPDATE studies SET received_patient_id = patient_id, received_issuer = issuer_of_patient_id")
    op.create_table(
        "orders",
        sa.Column("order_key", sa.Text, primary_key=True),
        sa.Column("accession_number", _ORDERED, nullable=False),
        sa.Column("said_at", _TIME, nullable=False),
        _text("body"),
    )
    op.create_index("ix_orders_accession_number_said_at", "orders", ["accession_number", "said_at"])
    op.create_table("identity_claims", sa.Column("hold_key", sa.Text, primary_key=True), _text("body"))
    op.create_table(
        "merges",
        sa.Column("merge_key", sa.Text, primary_key=True),
        sa.Column("prior_patient_id", _ORDERED, nullable=False),
        _text("prior_issuer"),
        sa.Column("merged_at", _TIME, nullable=False),
        sa.Column("undone_at", _TIME),
        _text("body"),
    )
    op.create_index("ix_merges_prior_patient_id_merged_at", "merges", ["prior_patient_id", "merged_at"])
    op.create_table(
        "answered_messages",
        sa.Column("sender", sa.Text, primary_key=True),
        sa.Column("control_id", sa.Text, primary_key=True),
        _text("digest"),
        _text("code"),
        _text("error"),
        sa.Column("answered_at", _TIME, nullable=False),
    )
