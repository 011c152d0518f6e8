"""Research exports: the key behind each one's pseudonyms, and which study is which in it."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "research_exports",
        sa.Column("export_name", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("options", sa.Text, nullable=False),
    )
    op.create_table(
        "research_studies",
        sa.Column("export_name", sa.Text, primary_key=True),
        sa.Column("study_key", sa.Text, sa.ForeignKey("studies.study_key"), primary_key=True),
        sa.Column("patient", sa.Text, nullable=False),
        sa.Column("study_uid", sa.Text, nullable=False),
    )
    op.create_index("ix_research_studies_study_key", "research_studies", ["study_key"])
