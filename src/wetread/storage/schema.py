"""The tables of the working database: one description for SQLite and PostgreSQL (`vault_schema`, `snippet_schema`: the others).

Rich values travel as JSON text (`codec`); only what is searched, ordered or guarded has its own column. Triggers that refuse changes to signed
reports and to the audit log are made by the migrations.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TextClause,
    TypeDecorator,
    text,
)

from wetread.storage.audit_address import address_in, has_address
from wetread.storage.codec import aware_utc

__all__ = [
    "CRITICAL_IS_CLOSED",
    "CRITICAL_IS_OPEN",
    "EPOCH",
    "HEADS",
    "IS_DUE_ONCE",
    "NAMES",
    "OrderedText",
    "UtcDateTime",
    "integer_column",
    "metadata_of",
    "of_study",
    "partial_index",
    "text_column",
    "time_column",
    "work",
]

HEADS = {"work": "0029", "vault": "0006", "snippets": "0002"}
"""The newest migration of each database: what this release of the code expects."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC in, aware UTC out, microseconds kept; SQLite has no zones, so it holds the UTC wall clock."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and aware_utc(value)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None] | None:
        """On SQLite in one step, where a long log spent a tenth of its reading."""
        if dialect.name != "sqlite":
            return super().result_processor(dialect, coltype)
        return lambda value: None if value is None else datetime.fromisoformat(f"{value}+00:00")


NAMES = {"ix": "ix_%(table_name)s_%(column_0_N_name)s", "uq": "uq_%(table_name)s_%(column_0_N_name)s"}
_Serial = BigInteger().with_variant(Integer(), "sqlite")  # only INTEGER PRIMARY KEY counts by itself on SQLite
# code point order on both engines (SQLite's default, BINARY, has it): a prefix is a range of the index
OrderedText = Text().with_variant(Text(collation="C"), "postgresql")

work = MetaData(naming_convention=NAMES)


def metadata_of(which: str) -> MetaData:
    """The tables of the "work", the "vault" or the "snippets" database."""
    if which == "snippets":  # its vectors need numpy, which a server that reads no films does without
        from wetread.storage.snippet_schema import snippets_metadata

        return snippets_metadata
    from wetread.storage import (  # noqa: F401 - their tables register themselves in `work`
        access_schema,
        archive_schema,
        audit_export_schema,
        commitment_schema,
        erasure_schema,
        identity_schema,
        reading_schema,
        task_schema,
        workitem_schema,
    )
    from wetread.storage.vault_schema import vault

    return {"work": work, "vault": vault}[which]


def text_column(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def integer_column(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False)


def time_column(name: str) -> Column[datetime]:
    return Column(name, UtcDateTime, nullable=False)


def of_study(*, primary_key: bool = False, nullable: bool = False) -> Column[str]:
    # deferred: within one transaction the study may be saved after what belongs to it
    study = ForeignKey("studies.study_key", deferrable=True, initially="DEFERRED")
    return Column("study_key", Text, study, primary_key=primary_key, nullable=nullable)


def partial_index(
    index: str, *columns: ColumnElement[Any] | str, holds: ColumnElement[bool] | TextClause, unique: bool = False
) -> Index:
    """A partial index: rows that are over cost a look at the others nothing. A query must say `holds`, or imply it, in words: no engine proves it of a parameter."""
    return Index(index, *columns, unique=unique, sqlite_where=holds, postgresql_where=holds)


studies = Table(
    "studies",
    work,
    Column("study_key", Text, primary_key=True),
    text_column("state"),
    integer_column("revision"),
    Column("patient_age_years", Integer),
    text_column("patient_sex"),
    text_column("site"),
    time_column("received_at"),
    text_column("priority"),
    Column("critical", Boolean, nullable=False),
    integer_column("urgency_rank"),
    text_column("reason"),
    Index(None, "state", "urgency_rank", "received_at"),
    Index(None, "received_at"),
)

instances = Table(
    "instances",
    work,
    Column("instance_key", Text, primary_key=True),
    of_study(),
    text_column("content_sha256"),
    Column("size_bytes", BigInteger, nullable=False),
    text_column("traits"),
    time_column("received_at"),
    Index(None, "study_key"),
)

analyses = Table(
    "analyses",
    work,
    of_study(primary_key=True),
    Column("revision", Integer, primary_key=True),
    text_column("body"),
    Column("heat_values", LargeBinary),
)
decisions = Table(
    "decisions", work, of_study(primary_key=True), Column("revision", Integer, primary_key=True), text_column("body")
)
drafts = Table(
    "drafts", work, of_study(primary_key=True), Column("revision", Integer, primary_key=True), text_column("body")
)

reports = Table(
    "reports",
    work,
    of_study(primary_key=True),
    Column("version", Integer, primary_key=True),
    text_column("status"),
    text_column("content"),
    text_column("author_id"),
    integer_column("etag"),
    Column("signature", Text),
    text_column("amendment_reason"),
    Column("addenda", Text),
    Column("judged", Text),
)

IS_DUE_ONCE = text("due_at IS NOT NULL")
jobs = Table(
    "jobs",
    work,
    Column("job_id", _Serial, primary_key=True),
    text_column("kind"),
    of_study(),
    Column("dedupe_key", Text, nullable=False, unique=True),
    integer_column("urgency_rank"),
    text_column("state"),
    integer_column("attempt"),
    Column(
        "due_at", UtcDateTime
    ),  # when it may be claimed: not before, or when the lease runs out; null once it is over
    time_column("lease_until"),
    text_column("detail"),
    text_column("reason"),
    Index(None, "state", "kind"),
    partial_index("ix_jobs_open", "urgency_rank", "job_id", holds=IS_DUE_ONCE),
)

deliveries = Table(
    "deliveries",
    work,
    of_study(primary_key=True),
    Column("report_version", Integer, primary_key=True),
    Column("sink", Text, primary_key=True),
    text_column("state"),
    integer_column("attempts"),
    text_column("receipt"),
    time_column("updated_at"),
)

CRITICAL_IS_OPEN, CRITICAL_IS_CLOSED = text("state <> 'closed'"), text("state = 'closed'")
CRITICAL_CAN_BE_DUE = text("next_due_at IS NOT NULL")
"""As the partial indexes have it: what a query must say to use them."""
critical_results = Table(
    "critical_results",
    work,
    Column("critical_key", OrderedText, primary_key=True),
    of_study(),
    text_column("site"),
    text_column("state"),
    time_column("opened_at"),
    Column("next_due_at", UtcDateTime),
    integer_column("etag"),
    text_column("body"),
    Index(None, "study_key", "opened_at"),
    partial_index("uq_critical_results_open", "study_key", holds=CRITICAL_IS_OPEN, unique=True),
    partial_index("ix_critical_results_open", "opened_at", "critical_key", holds=CRITICAL_IS_OPEN),
    partial_index("ix_critical_results_closed", "opened_at", "critical_key", holds=CRITICAL_IS_CLOSED),
    partial_index("ix_critical_results_due", "next_due_at", "critical_key", holds=CRITICAL_CAN_BE_DUE),
)

pages = Table(
    "pages",
    work,
    Column("page_key", OrderedText, primary_key=True),
    text_column("subject"),
    of_study(nullable=True),
    integer_column("urgency"),
    text_column("state"),
    integer_column("attempt"),
    Column("due_at", UtcDateTime),  # when it may be claimed; null once it is over
    time_column("queued_at"),
    text_column("body"),
    Index(None, "subject", "queued_at"),
    partial_index("ix_pages_queued", "urgency", "due_at", "page_key", holds=IS_DUE_ONCE),
)

identity_holds = Table(
    "identity_holds",
    work,
    Column("hold_key", OrderedText, primary_key=True),
    of_study(),
    time_column("opened_at"),
    Column("resolved_at", UtcDateTime),
    text_column("body"),
    Index(None, "study_key", "opened_at"),
    partial_index("ix_identity_holds_open", "opened_at", "hold_key", holds=text("resolved_at IS NULL")),
)

alarms = Table(
    "alarms",
    work,
    Column("alarm_key", OrderedText, primary_key=True),
    time_column("raised_at"),
    Column("cleared_at", UtcDateTime),
    text_column("body"),
    partial_index("ix_alarms_open", "raised_at", "alarm_key", holds=text("cleared_at IS NULL")),
)

roster_overrides = Table(
    "roster_overrides",
    work,
    Column("override_id", OrderedText, primary_key=True),
    time_column("starts_at"),
    time_column("ends_at"),
    text_column("body"),
    Index(None, "ends_at"),
)

model_versions = Table(
    "model_versions",
    work,
    Column("model_key", OrderedText, primary_key=True),
    time_column("registered_at"),
    text_column("body"),
)
rollouts = Table(
    "rollouts",
    work,
    Column("model_key", OrderedText, primary_key=True),
    Column("site", OrderedText, primary_key=True),
    integer_column("etag"),
    text_column("body"),
    Index(None, "site"),
)
rollout_decisions = Table(  # append-only: the migration's trigger refuses changes
    "rollout_decisions",
    work,
    Column("model_key", OrderedText, primary_key=True),
    Column("site", OrderedText, primary_key=True),
    Column("look", Integer, primary_key=True),
    time_column("decided_at"),
    text_column("verdict"),
    text_column("body"),
)
shadow_reads = Table(
    "shadow_reads",
    work,
    of_study(primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("model_key", OrderedText, primary_key=True),
    text_column("body"),
)
quality = Table("quality", work, Column("name", Text, primary_key=True), text_column("body"))

upkeep = Table("upkeep", work, Column("name", Text, primary_key=True), text_column("body"))
beats = Table("beats", work, Column("name", Text, primary_key=True), time_column("beat_at"))

relabel_rounds = Table(
    "relabel_rounds",
    work,
    Column("round_id", OrderedText, primary_key=True),
    time_column("drawn_at"),
    text_column("body"),
)
relabel_tasks = Table(
    "relabel_tasks",
    work,
    Column("round_id", OrderedText, ForeignKey("relabel_rounds.round_id"), primary_key=True),
    Column(
        "study_key",
        OrderedText,
        ForeignKey("studies.study_key", deferrable=True, initially="DEFERRED"),
        primary_key=True,
    ),
    integer_column("etag"),
    text_column("body"),
)
triage_policies = Table(
    "triage_policies",
    work,
    Column("number", Integer, primary_key=True, autoincrement=False),
    *map(text_column, ("state", "sha256", "body")),
    partial_index("uq_triage_policies_active", "state", holds=text("state = 'active'"), unique=True),
)
seen_incidents = Table(
    "seen_incidents",
    work,
    Column("source", Text, primary_key=True),
    Column("incident_id", Text, primary_key=True),
    time_column("first_seen_at"),
)

audit = Table(
    "audit",
    work,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    time_column("recorded_at"),
    text_column("action"),
    text_column("actor_id"),
    text_column("outcome"),
    Column("study_key", Text),
    text_column("detail"),
    text_column("previous_hash"),
    text_column("hash"),
    Index(None, "actor_id", "sequence"),
    Index(None, "study_key", "sequence"),
)
partial_index("ix_audit_address", address_in(audit.c.detail), audit.c.sequence, holds=has_address(audit.c.detail))
audit_studies = Table(
    "audit_studies",
    work,
    Column("study_key", Text, primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
)
"""Where records that name several studies are found by one of them; made of the log."""
audit_head = Table(
    "audit_head",
    work,
    Column("head", Integer, primary_key=True, autoincrement=False),
    Column("sequence", BigInteger, nullable=False),
    text_column("hash"),
)
