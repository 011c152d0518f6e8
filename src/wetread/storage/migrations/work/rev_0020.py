"""Erasures, legal holds, tombstones. What was signed or committed is deleted by nothing but the erasure of its study."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

_TIME = sa.DateTime(timezone=True)
_ORDERED = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_ERASING = "SELECT 1 FROM tombstones WHERE study_key = OLD.study_key AND state = 'erasing'"
_SQLITE = [
    "DROP TRIGGER reports_no_delete",
    "CREATE TRIGGER reports_no_delete BEFORE DELETE ON reports "
    f"WHEN OLD.signature IS NOT NULL AND NOT EXISTS ({_ERASING}) "
    "BEGIN SELECT RAISE(ABORT, 'a signed report never changes'); END",
    "DROP TRIGGER readings_no_delete",
    f"CREATE TRIGGER readings_no_delete BEFORE DELETE ON readings WHEN NOT EXISTS ({_ERASING}) "
    "BEGIN SELECT RAISE(ABORT, 'what a reader committed is written once'); END",
]
_POSTGRESQL = [
    "CREATE FUNCTION wetread_refuse_unless_erasing() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN IF EXISTS ({_ERASING}) THEN RETURN OLD; END IF; "
    "RAISE EXCEPTION '% refuses %: what was signed or committed never changes', TG_TABLE_NAME, TG_OP; END $$",
    "DROP TRIGGER reports_no_change ON reports",
    "CREATE TRIGGER reports_no_update BEFORE UPDATE ON reports "
    "FOR EACH ROW WHEN (OLD.signature IS NOT NULL) EXECUTE FUNCTION wetread_refuse()",
    "CREATE TRIGGER reports_no_delete BEFORE DELETE ON reports "
    "FOR EACH ROW WHEN (OLD.signature IS NOT NULL) EXECUTE FUNCTION wetread_refuse_unless_erasing()",
    "DROP TRIGGER readings_no_delete ON readings",
    "CREATE TRIGGER readings_no_delete BEFORE DELETE ON readings "
    "FOR EACH ROW EXECUTE FUNCTION wetread_refuse_unless_erasing()",
]


def upgrade() -> None:
    op.create_table(
        "erasures",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("is_open", sa.Integer, nullable=False),
        sa.Column("due_at", _TIME),
        sa.Column("body", sa.Text, nullable=False),
    )
    _partial("ix_erasures_due", "erasures", ["due_at", "number"], "due_at IS NOT NULL")
    op.create_table(
        "legal_holds",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("subject", _ORDERED, nullable=False),
        sa.Column("lifted_at", _TIME),
        sa.Column("body", sa.Text, nullable=False),
    )
    _partial("ix_legal_holds_standing", "legal_holds", ["subject", "number"], "lifted_at IS NULL")
    op.create_table(
        "tombstones",
        sa.Column("study_key", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("began_at", _TIME, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    for statement in _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL:
        op.execute(statement)


def _partial(name: str, table: str, columns: list[str], holds: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(holds), postgresql_where=sa.text(holds))
