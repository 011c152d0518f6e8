"""The reading room: how each person reads each study, what they chose, who has a study open, text that could not be saved. Adds tables only; what was committed never changes."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_TIME = sa.DateTime(timezone=True)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, primary_key=True)


def _study() -> sa.Column[str]:
    study = sa.ForeignKey("studies.study_key", deferrable=True, initially="DEFERRED")
    return sa.Column("study_key", sa.Text, study, primary_key=True)


def _time(name: str) -> sa.Column[object]:
    return sa.Column(name, _TIME, nullable=False)


def upgrade() -> None:
    op.create_table(
        "readings",
        _study(),
        _key("reader_id"),
        _text("mode"),
        _time("begun_at"),
        sa.Column("own", sa.Text),
        sa.Column("revealed_at", _TIME),
    )
    op.create_table("reader_profiles", _key("reader_id"), _text("body"))
    op.create_table(
        "study_locks",
        _study(),
        _text("holder_id"),
        _text("holder_name"),
        _text("screen"),
        _time("taken_at"),
        _time("expires_at"),
    )
    op.create_table(
        "recovery_copies",
        _study(),
        _key("author_id"),
        sa.Column("version", sa.Integer, nullable=False),
        _text("content"),
        _time("saved_at"),
    )
    for statement in _POSTGRESQL if op.get_bind().dialect.name == "postgresql" else _SQLITE:
        op.execute(statement)


_ONCE = "what a reader committed never changes"
_SQLITE = [
    "CREATE TRIGGER readings_no_update BEFORE UPDATE ON readings "
    "WHEN OLD.revealed_at IS NOT NULL OR NEW.mode <> OLD.mode OR NEW.begun_at <> OLD.begun_at "
    f"BEGIN SELECT RAISE(ABORT, '{_ONCE}'); END",
    f"CREATE TRIGGER readings_no_delete BEFORE DELETE ON readings BEGIN SELECT RAISE(ABORT, '{_ONCE}'); END",
]
_POSTGRESQL = [
    "CREATE TRIGGER readings_no_update BEFORE UPDATE ON readings FOR EACH ROW "
    "WHEN (OLD.revealed_at IS NOT NULL OR NEW.mode <> OLD.mode OR NEW.begun_at <> OLD.begun_at) "
    "EXECUTE FUNCTION wetread_refuse()",
    "CREATE TRIGGER readings_no_delete BEFORE DELETE ON readings FOR EACH ROW EXECUTE FUNCTION wetread_refuse()",
    "CREATE TRIGGER readings_no_truncate BEFORE TRUNCATE ON readings EXECUTE FUNCTION wetread_refuse()",
]
