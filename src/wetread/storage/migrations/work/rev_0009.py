"""The audit log is searched by person and by study."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_index("ix_audit_actor_id_sequence", "audit", ["actor_id", "sequence"])
    op.create_index("ix_audit_study_key_sequence", "audit", ["study_key", "sequence"])
