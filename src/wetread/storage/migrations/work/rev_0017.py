"""Other archives: how far their feeds came, what was put aside, what they can do; fetched copies of earlier studies; images that came after signing."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

_ORDERED = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    for table in ("archive_feeds", "archive_probes"):
        op.create_table(table, sa.Column("archive", _ORDERED, primary_key=True), _body())
    op.create_table(
        "put_asides",
        sa.Column("archive", _ORDERED, primary_key=True),
        sa.Column("name", _ORDERED, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        _body(),
    )
    op.create_table(
        "fetched_copies",
        _study(),
        sa.Column("fetched_for", sa.Text, nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        _body(),
    )
    op.create_index("ix_fetched_copies_fetched_at_study_key", "fetched_copies", ["fetched_at", "study_key"])
    for table in ("prior_searches", "late_images"):
        op.create_table(table, _study(), _body())


def _study() -> sa.Column[str]:
    study = sa.ForeignKey("studies.study_key", deferrable=True, initially="DEFERRED")
    return sa.Column("study_key", sa.Text, study, primary_key=True, nullable=False)


def _body() -> sa.Column[str]:
    return sa.Column("body", sa.Text, nullable=False)
