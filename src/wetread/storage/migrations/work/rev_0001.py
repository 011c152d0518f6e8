"""The working database's first schema, with the triggers that keep signed reports and the audit log as they were written."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _integer(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, primary_key=True)


def _of_study(*, primary_key: bool = False) -> sa.Column[str]:
    study = sa.ForeignKey("studies.study_key", deferrable=True, initially="DEFERRED")
    return sa.Column("study_key", sa.Text, study, primary_key=primary_key, nullable=False)


def upgrade() -> None:
    _studies()
    _results()
    _reports()
    _jobs()
    _audit()
    _accounts()
    for statement in _POSTGRESQL if op.get_bind().dialect.name == "postgresql" else _SQLITE:
        op.execute(statement)


def _studies() -> None:
    op.create_table(
        "studies",
        _key("study_key"),
        _text("state"),
        _integer("revision"),
        sa.Column("patient_age_years", sa.Integer),
        _text("patient_sex"),
        _text("site"),
        sa.Column("received_at", _TIME, nullable=False),
        _text("priority"),
        sa.Column("critical", sa.Boolean, nullable=False),
        _integer("urgency_rank"),
        _text("reason"),
    )
    columns = ["state", "urgency_rank", "received_at"]
    op.create_index("ix_studies_state_urgency_rank_received_at", "studies", columns)
    op.create_table(
        "instances",
        _key("instance_key"),
        _of_study(),
        _text("content_sha256"),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        _text("traits"),
        sa.Column("received_at", _TIME, nullable=False),
    )
    op.create_index("ix_instances_study_key", "instances", ["study_key"])


def _results() -> None:
    heat = {"analyses": [sa.Column("heat_values", sa.LargeBinary)]}
    for table in ("analyses", "decisions", "drafts"):
        revision_column = sa.Column("revision", sa.Integer, primary_key=True)
        op.create_table(table, _of_study(primary_key=True), revision_column, _text("body"), *heat.get(table, []))


def _reports() -> None:
    op.create_table(
        "reports",
        _of_study(primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        _text("status"),
        _text("content"),
        _text("author_id"),
        _integer("etag"),
        sa.Column("signature", sa.Text),
        _text("amendment_reason"),
    )
    op.create_table(
        "deliveries",
        _of_study(primary_key=True),
        sa.Column("report_version", sa.Integer, primary_key=True),
        _key("sink"),
        _text("state"),
        _integer("attempts"),
        _text("receipt"),
        sa.Column("updated_at", _TIME, nullable=False),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("job_id", _BIG, primary_key=True),
        _text("kind"),
        _of_study(),
        _text("dedupe_key"),
        _integer("urgency_rank"),
        _text("state"),
        _integer("attempt"),
        sa.Column("due_at", _TIME),
        sa.Column("lease_until", _TIME, nullable=False),
        _text("detail"),
        _text("reason"),
        sa.UniqueConstraint("dedupe_key", name="uq_jobs_dedupe_key"),
    )
    op.create_index("ix_jobs_state_kind", "jobs", ["state", "kind"])
    is_open = sa.text("due_at IS NOT NULL")
    op.create_index("ix_jobs_open", "jobs", ["urgency_rank", "job_id"], sqlite_where=is_open, postgresql_where=is_open)


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("recorded_at", _TIME, nullable=False),
        _text("action"),
        _text("actor_id"),
        _text("outcome"),
        sa.Column("study_key", sa.Text),
        _text("detail"),
        _text("previous_hash"),
        _text("hash"),
    )
    head = op.create_table(
        "audit_head",
        sa.Column("head", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        _text("hash"),
    )
    op.bulk_insert(head, [{"head": 1, "sequence": 0, "hash": "0" * 64}])


def _accounts() -> None:
    op.create_table(
        "accounts",
        _key("actor_id"),
        _text("role"),
        _text("display_name"),
        _text("password_hash"),
        sa.Column("disabled", sa.Boolean, nullable=False),
    )
    op.create_table(
        "sessions",
        _key("token_sha256"),
        _text("actor_id"),
        sa.Column("expires_at", _TIME, nullable=False),
    )


_SQLITE = [
    f"CREATE TRIGGER {name} BEFORE {act} ON {table} {when} BEGIN SELECT RAISE(ABORT, '{why}'); END"
    for name, act, table, when, why in (
        ("audit_no_update", "UPDATE", "audit", "", "the audit log is append-only"),
        ("audit_no_delete", "DELETE", "audit", "", "the audit log is append-only"),
        ("reports_no_update", "UPDATE", "reports", "WHEN OLD.signature IS NOT NULL", "a signed report never changes"),
        ("reports_no_delete", "DELETE", "reports", "WHEN OLD.signature IS NOT NULL", "a signed report never changes"),
    )
]
_POSTGRESQL = [
    """CREATE FUNCTION wetread_refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION '% refuses %: what was signed or audited never changes', TG_TABLE_NAME, TG_OP; END $$""",
    """CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION wetread_refuse()""",
    """CREATE TRIGGER reports_no_change BEFORE UPDATE OR DELETE ON reports
    FOR EACH ROW WHEN (OLD.signature IS NOT NULL) EXECUTE FUNCTION wetread_refuse()""",
    "CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit EXECUTE FUNCTION wetread_refuse()",
    "CREATE TRIGGER reports_no_truncate BEFORE TRUNCATE ON reports EXECUTE FUNCTION wetread_refuse()",
]
