"""The tables of the vault: who a study key belongs to. The only database that names a patient."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, MetaData, Table, Text

from wetread.storage.schema import NAMES, OrderedText, UtcDateTime

__all__ = [
    "answered_messages",
    "identity_claims",
    "merges",
    "orders",
    "research_exports",
    "research_studies",
    "vault",
    "vault_instances",
    "vault_name_words",
    "vault_series",
    "vault_studies",
    "workitem_data_sets",
    "workitem_filters",
    "workitem_values",
]

vault = MetaData(naming_convention=NAMES)


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _ordered(name: str, default: str | None = None) -> Column[str]:
    return Column(name, OrderedText, nullable=False, server_default=default)


vault_studies = Table(
    "studies",
    vault,
    Column("study_key", Text, primary_key=True),
    Column("study_instance_uid", Text, nullable=False, unique=True),
    _ordered("patient_id"),
    _text("issuer_of_patient_id"),
    _ordered("patient_name"),  # normalised for matching; as sent it is in `identity`
    _ordered("accession_number"),
    _ordered("study_date"),
    _ordered("study_time"),
    _text("identity"),
    _ordered("patient_birth_date", ""),
    _ordered("referring_physician_name", ""),
    _ordered("study_id", ""),
    _text("received_patient_id"),  # as the films say; the number above may be one that a merge gave
    _text("received_issuer"),
    Index(None, "patient_id", "study_date"),
    Index(None, "patient_name"),
    Index(None, "accession_number"),
    Index(None, "study_date", "study_key"),
    Index(None, "patient_birth_date"),
    Index(None, "referring_physician_name"),
    Index(None, "study_id"),
)
vault_name_words = Table(
    "name_words",  # each folded word of a name, and "~" with its sound, for fuzzy matching
    vault,
    Column("keyword", Text, primary_key=True),
    Column("word", OrderedText, primary_key=True),
    Column("study_key", Text, ForeignKey("studies.study_key"), primary_key=True),
)
vault_series = Table(
    "series",
    vault,
    Column("study_key", Text, ForeignKey("studies.study_key"), primary_key=True),
    Column("series_instance_uid", Text, primary_key=True),
    _ordered("modality"),
    Column("series_number", BigInteger),
    _ordered("step_start_date"),
    _ordered("step_start_time"),
    _ordered("requested_procedure_id"),
    _ordered("scheduled_step_id"),
    Index(None, "series_instance_uid"),
    Index(None, "study_key", "modality"),
    Index(None, "step_start_date"),
    Index(None, "requested_procedure_id"),
    Index(None, "scheduled_step_id"),
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
    Column("sop_class_uid", Text, nullable=False, server_default=""),
    Column("instance_number", BigInteger),
    Index(None, "study_key", "modality", "series_instance_uid"),
    Index(None, "study_key", "series_instance_uid", "sop_instance_uid"),
    Index(None, "sop_instance_uid"),
)
orders = Table(
    "orders",
    vault,
    Column("order_key", Text, primary_key=True),
    Column("accession_number", OrderedText, nullable=False),
    Column("said_at", UtcDateTime, nullable=False),
    _text("body"),
    Index(None, "accession_number", "said_at"),
)
identity_claims = Table("identity_claims", vault, Column("hold_key", Text, primary_key=True), _text("body"))
merges = Table(
    "merges",
    vault,
    Column("merge_key", Text, primary_key=True),
    Column("prior_patient_id", OrderedText, nullable=False),
    _text("prior_issuer"),
    Column("merged_at", UtcDateTime, nullable=False),
    Column("undone_at", UtcDateTime),
    _text("body"),
    Index(None, "prior_patient_id", "merged_at"),
)
answered_messages = Table(
    "answered_messages",
    vault,
    Column("sender", Text, primary_key=True),
    Column("control_id", Text, primary_key=True),
    _text("digest"),
    _text("code"),
    _text("error"),
    Column("answered_at", UtcDateTime, nullable=False),
)
workitem_data_sets = Table(
    "workitem_data_sets",
    vault,
    Column("workitem_key", OrderedText, primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    _text("workitem_uid"),
    _ordered("scheduled_at"),
    _text("body"),
)
workitem_values = Table(
    "workitem_values",  # what a data set is found by; a name also by its words and sounds, under "~" and its keyword
    vault,
    Column("workitem_key", OrderedText, primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("keyword", Text, primary_key=True),
    Column("value", OrderedText, primary_key=True),
    Index(None, "keyword", "value"),
)
workitem_filters = Table("workitem_filters", vault, Column("subscriber", OrderedText, primary_key=True), _text("body"))
commitment_references = Table(
    "commitment_references",
    vault,
    Column("request_key", OrderedText, primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    _text("transaction_uid"),
    _text("sop_class_uid"),
    _text("sop_instance_uid"),
    Column("kept_at", UtcDateTime, nullable=False),
    Index(None, "sop_instance_uid"),
)
research_exports = Table(
    "research_exports",
    vault,
    Column("export_name", Text, primary_key=True),
    _text("key"),  # 64 hex digits
    _text("options"),
)
research_studies = Table(
    "research_studies",  # the crosswalk: which study of ours is which in an export
    vault,
    Column("export_name", Text, primary_key=True),
    Column("study_key", Text, ForeignKey("studies.study_key"), primary_key=True),
    _text("patient"),
    _text("study_uid"),
    Index(None, "study_key"),
)
