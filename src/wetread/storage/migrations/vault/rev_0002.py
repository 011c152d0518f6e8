"""QIDO-RS at every level: series get a table, names their words for fuzzy matching, and each required key a column. What is held is filled in."""

import sqlalchemy as sa
from alembic import op

from wetread.domain.study import InstanceHeader, PatientIdentity
from wetread.storage.codec import decode
from wetread.storage.transaction import Row
from wetread.storage.vault_rows import instance_columns, name_rows, series_row, study_columns

revision = "0002"
down_revision = "0001"

_ORDERED = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_BATCH = 500
_STUDY_COLUMNS = ("patient_birth_date", "referring_physician_name", "study_id")


def _ordered(name: str, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, _ORDERED, nullable=False, server_default=default)


def _key(name: str, kind: sa.types.TypeEngine[str], *constraints: sa.ForeignKey) -> sa.Column[str]:
    return sa.Column(name, kind, *constraints, primary_key=True)


def upgrade() -> None:
    for name in _STUDY_COLUMNS:
        op.add_column("studies", _ordered(name, ""))
        op.create_index(f"ix_studies_{name}", "studies", [name])
    words = op.create_table(
        "name_words",
        _key("keyword", sa.Text()),
        _key("word", _ORDERED),
        _key("study_key", sa.Text(), sa.ForeignKey("studies.study_key")),
    )
    series = op.create_table(
        "series",
        _key("study_key", sa.Text(), sa.ForeignKey("studies.study_key")),
        _key("series_instance_uid", sa.Text()),
        _ordered("modality"),
        sa.Column("series_number", sa.BigInteger),
        *map(_ordered, ("step_start_date", "step_start_time", "requested_procedure_id", "scheduled_step_id")),
    )
    op.create_index("ix_series_series_instance_uid", "series", ["series_instance_uid"])
    op.create_index("ix_series_study_key_modality", "series", ["study_key", "modality"])
    for name in ("step_start_date", "requested_procedure_id", "scheduled_step_id"):
        op.create_index(f"ix_series_{name}", "series", [name])
    op.add_column("instances", sa.Column("sop_class_uid", sa.Text, nullable=False, server_default=""))
    op.add_column("instances", sa.Column("instance_number", sa.BigInteger))
    columns = ["study_key", "series_instance_uid", "sop_instance_uid"]
    op.create_index("ix_instances_study_key_series_instance_uid_sop_instance_uid", "instances", columns)
    connection = op.get_bind()
    _fill_studies(connection, words)
    _fill_instances(connection, series)


def _fill_studies(connection: sa.Connection, words: sa.Table) -> None:
    studies = sa.table("studies", *map(sa.column, ("study_key", "identity", *_STUDY_COLUMNS)))
    for batch in _batches(connection, studies, "study_key"):
        known = [(row.study_key, decode(PatientIdentity, row.identity)) for row in batch]
        _update(connection, studies, "study_key", [(key, study_columns(identity)) for key, identity in known])
        if rows := [row for key, identity in known for row in name_rows(key, identity)]:
            connection.execute(words.insert(), rows)


def _fill_instances(connection: sa.Connection, series: sa.Table) -> None:
    names = ("instance_key", "study_key", "header", "sop_class_uid", "instance_number")
    instances = sa.table("instances", *map(sa.column, names))
    seen: set[tuple[str, str]] = set()
    for batch in _batches(connection, instances, "instance_key"):
        known = [(row, decode(InstanceHeader, row.header)) for row in batch]
        columns = [(row.instance_key, instance_columns(header)) for row, header in known]
        _update(connection, instances, "instance_key", columns)
        rows = {
            (row.study_key, str(header.series_instance_uid)): series_row(row.study_key, header) for row, header in known
        }
        if new := [row for at, row in rows.items() if at not in seen]:
            connection.execute(series.insert(), new)
        seen |= rows.keys()


def _batches(connection: sa.Connection, table: sa.TableClause, key: str):  # type: ignore[no-untyped-def]
    last = ""
    while batch := connection.execute(
        sa.select(table).where(table.c[key] > last).order_by(table.c[key]).limit(_BATCH)
    ).all():
        yield batch
        last = getattr(batch[-1], key)


def _update(connection: sa.Connection, table: sa.TableClause, key: str, rows: list[tuple[str, Row]]) -> None:
    changes: Row = {name: sa.bindparam(f"new_{name}") for name in rows[0][1]}
    statement = table.update().where(table.c[key] == sa.bindparam("of_key")).values(changes)
    given = [{"of_key": at, **{f"new_{name}": value for name, value in new.items()}} for at, new in rows]
    connection.execute(statement, given)
