"""The model registry: versions, rollouts, what the gates said, what shadows read. Adds tables only; a decision once written never changes."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_TIME = sa.DateTime(timezone=True)
_ORDERED = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, _ORDERED, primary_key=True)


def upgrade() -> None:
    op.create_table(
        "model_versions", _key("model_key"), sa.Column("registered_at", _TIME, nullable=False), _text("body")
    )
    op.create_table(
        "rollouts", _key("model_key"), _key("site"), sa.Column("etag", sa.Integer, nullable=False), _text("body")
    )
    op.create_index("ix_rollouts_site", "rollouts", ["site"])
    op.create_table(
        "rollout_decisions",
        _key("model_key"),
        _key("site"),
        sa.Column("look", sa.Integer, primary_key=True),
        sa.Column("decided_at", _TIME, nullable=False),
        _text("verdict"),
        _text("body"),
    )
    study = sa.ForeignKey("studies.study_key", deferrable=True, initially="DEFERRED")
    op.create_table(
        "shadow_reads",
        sa.Column("study_key", sa.Text, study, primary_key=True),
        sa.Column("revision", sa.Integer, primary_key=True),
        _key("model_key"),
        _text("body"),
    )
    for statement in _POSTGRESQL if op.get_bind().dialect.name == "postgresql" else _SQLITE:
        op.execute(statement)


_SQLITE = [
    f"CREATE TRIGGER rollout_decisions_no_{act.lower()} BEFORE {act} ON rollout_decisions "
    "BEGIN SELECT RAISE(ABORT, 'a decision of a gate never changes'); END"
    for act in ("UPDATE", "DELETE")
]
_POSTGRESQL = [
    "CREATE TRIGGER rollout_decisions_no_change BEFORE UPDATE OR DELETE ON rollout_decisions "
    "FOR EACH ROW EXECUTE FUNCTION wetread_refuse()",
    "CREATE TRIGGER rollout_decisions_no_truncate BEFORE TRUNCATE ON rollout_decisions EXECUTE FUNCTION wetread_refuse()",
]
