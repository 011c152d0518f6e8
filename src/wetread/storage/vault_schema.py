"""The tables of the vault: who a study key belongs to. The only database that names a patient."""

from sqlalchemy import Column, ForeignKey, Index, MetaData, Table, Text

from wetread.storage.schema import NAMES, OrderedText

__all__ = ["vault", "vault_instances", "vault_studies"]

vault = MetaData(naming_convention=NAMES)


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


vault_studies = Table(
    "studies",
    vault,
    Column("study_key", Text, primary_key=True),
    Column("study_instance_uid", Text, nullable=False, unique=True),
    Column("patient_id", OrderedText, nullable=False),
    _text("issuer_of_patient_id"),
    Column("patient_name", OrderedText, nullable=False),  # normalised for matching; as sent it is in `identity`
    Column("accession_number", OrderedText, nullable=False),
    Column("study_date", OrderedText, nullable=False),
    Column("study_time", OrderedText, nullable=False),
    _text("identity"),
    Index(None, "patient_id", "study_date"),
    Index(None, "patient_name"),
    Index(None, "accession_number"),
    Index(None, "study_date", "study_key"),
)
vault_instances = Table(
    "instances",
    vault,
    Column("instance_key", Text, primary_key=True),
    Column("study_key", Text, ForeignKey("studies.study_key"), nullable=False),
    _text("series_instance_uid"),
    _text("sop_instance_uid"),
    _text("modality"),
    _text("content_sha256"),
    _text("header"),
    Index(None, "study_key", "modality", "series_instance_uid"),
    Index(None, "sop_instance_uid"),
)
