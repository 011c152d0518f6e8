"""The vault's first schema: studies with their identity, instances with their headers, indexes for QIDO."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_ORDERED = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _ordered(name: str) -> sa.Column[str]:
    return sa.Column(name, _ORDERED, nullable=False)


def upgrade() -> None:
    op.create_table(
        "studies",
        sa.Column("study_key", sa.Text, primary_key=True),
        sa.Column("study_instance_uid", sa.Text, nullable=False),
        _ordered("patient_id"),
        _text("issuer_of_patient_id"),
        _ordered("patient_name"),
        _ordered("accession_number"),
        _ordered("study_date"),
        _ordered("study_time"),
        _text("identity"),
        sa.UniqueConstraint("study_instance_uid", name="uq_studies_study_instance_uid"),
    )
    op.create_index("ix_studies_patient_id_study_date", "studies", ["patient_id", "study_date"])
    op.create_index("ix_studies_patient_name", "studies", ["patient_name"])
    op.create_index("ix_studies_accession_number", "studies", ["accession_number"])
    op.create_index("ix_studies_study_date_study_key", "studies", ["study_date", "study_key"])
    op.create_table(
        "instances",
        sa.Column("instance_key", sa.Text, primary_key=True),
        sa.Column("study_key", sa.Text, sa.ForeignKey("studies.study_key"), nullable=False),
        _text("series_instance_uid"),
        _text("sop_instance_uid"),
        _text("modality"),
        _text("content_sha256"),
        _text("header"),
    )
    columns = ["study_key", "modality", "series_instance_uid"]
    op.create_index("ix_instances_study_key_modality_series_instance_uid", "instances", columns)
    op.create_index("ix_instances_sop_instance_uid", "instances", ["sop_instance_uid"])
